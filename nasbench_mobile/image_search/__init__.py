"""Searching for architectures by training candidates on one's own images: the whole of it.

The public names are below; each is imported when first used, so that the command line starts
quickly.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasbench_mobile.image_search.events import SearchEvent
    from nasbench_mobile.image_search.results import SearchResults
    from nasbench_mobile.image_search.searching import resume_search, search_on_images

__all__ = ["SearchEvent", "SearchResults", "resume_search", "search_on_images"]

_HOMES = {
    "SearchEvent": "events",
    "SearchResults": "results",
    "resume_search": "searching",
    "search_on_images": "searching",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
