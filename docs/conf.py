"""Sphinx: `tox -e docs` builds these pages; every warning is an error."""

import sys
import tomllib
from pathlib import Path

root = Path(__file__).parents[1]
sys.path[:0] = [str(root), str(root / "docs")]

project = "nasbench_mobile"
author = "The nasbench_mobile developers"
copyright = "2026, The nasbench_mobile developers"
pyproject = (root / "pyproject.toml").read_text("utf-8")
release = version = tomllib.loads(pyproject)["project"]["version"]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "api_reference",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "examples"]
myst_heading_anchors = 4
html_theme = "alabaster"
nitpicky = True
# Annotations name numpy and modules that are not public: those are no links.
nitpick_ignore_regex = [("py:.*", ".*")]
suppress_warnings = ["ref.python"]

# Docstrings write code between single backticks.
default_role = "code"
autosummary_generate = False  # tables alone: no page of its own for each name
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_display_short_literal_types = True
python_maximum_signature_line_length = 88
# Whatever the package imports but for numpy is stood in for, installed or not: the pages need
# signatures and docstrings alone, and come out the same wherever they are built.
autodoc_mock_imports = [
    "adbutils",
    "ai_edge_litert",
    "ai_edge_quantizer",
    "filelock",
    "flatbuffers",
    "jinja2",
    "lightning_fabric",
    "matplotlib",
    "moocore",
    "nevergrad",
    "optuna",
    "PIL",
    "pytest",
    "rich",
    "scipy",
    "simplejpeg",
    "sklearn",
    "torch",
    "typer",
]
