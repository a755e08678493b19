"""Templates of pages: one environment, in which all text is escaped and made fit to be shown."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from nasbench_mobile.printable import page_value


def page_template(name: str, filters: dict[str, Callable[..., Any]]) -> Template:
    """The template of a file in this room, with these filters beside jinja's own."""
    environment = Environment(
        autoescape=True,
        finalize=page_value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters
    return environment.from_string(room_text(name))


def room_text(name: str) -> str:
    """The text of a file in this room."""
    return resources.files("nasbench_mobile.report").joinpath(name).read_text(encoding="utf-8")
