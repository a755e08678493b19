"""Sphinx: `tox -e docs` builds these pages; every warning is an error."""

import tomllib
from pathlib import Path

pyproject = Path(__file__).parents[1] / "pyproject.toml"

project = "nasbench_mobile"
author = "The nasbench_mobile developers"
copyright = "2026, The nasbench_mobile developers"
release = version = tomllib.loads(pyproject.read_text("utf-8"))["project"]["version"]

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "examples"]
myst_heading_anchors = 3
html_theme = "alabaster"
nitpicky = True
