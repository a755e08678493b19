"""Training networks for real: images, recipes, and a trainer. Needs torch; images need pillow."""
