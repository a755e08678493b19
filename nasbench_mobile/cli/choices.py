"""A wrong word where only some may stand: the error suggests the nearest of them."""

from __future__ import annotations

import difflib
import re
from typing import Any

import typer
from typer.core import TyperGroup

_WRONG = re.compile(r"(?P<wrong>'[^']*') is not one of (?P<known>'.*')\.?$", re.DOTALL)
"""How typer, as click before it, says that a word is none of an enumeration's."""


class SuggestingGroup(TyperGroup):
    """Commands whose errors on choices suggest one, as those on options and commands do."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = with_suggestion(error.message)
            raise


def with_suggestion(message: str) -> str:
    """Typer's message on a wrong choice with the nearest right one; any other as it is."""
    found = _WRONG.search(message)
    if found is None:
        return message
    wrong, known = found["wrong"].strip("'"), re.findall(r"'([^']*)'", found["known"])
    close = difflib.get_close_matches(wrong.lower(), known, n=1, cutoff=0.5)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return f"{found[0].rstrip('.')}.{hint}"
