"""Sphinx: `tox -e docs` builds these pages; every warning is an error."""

from importlib.metadata import version as installed_version

project = "nasbench_mobile"
author = "The nasbench_mobile developers"
copyright = "2026, The nasbench_mobile developers"
release = version = installed_version("nasbench-mobile")

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_heading_anchors = 3
html_theme = "alabaster"
nitpicky = True
