"""The folder where what took its time once is kept between runs: the user's cache."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "NASBENCH_MOBILE_CACHE"
"""Environment variable that names another folder for what is kept."""


def kept_folder() -> Path:
    """The cache of the user."""
    folder, cache = os.environ.get(VARIABLE), os.environ.get("XDG_CACHE_HOME")
    if folder:
        return Path(folder)
    return (Path(cache) if cache else Path.home() / ".cache") / "nasbench-mobile"
