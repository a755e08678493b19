"""Figures of runs: fronts, hypervolume, anytime curves and the statistics that compare them."""
