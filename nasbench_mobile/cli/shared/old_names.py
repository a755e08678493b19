"""Commands take the old names of their options until a later version, and say the new ones."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand, TyperGroup

from nasbench_mobile.studies.renamed_options import renamed

GONE_IN = "0.3"
"""The version that takes the old names no more."""


class Command(TyperCommand):
    """A command that takes the old names of its options too."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _taken(ctx.info_name, args))


class Group(TyperGroup):
    """A command with commands below it that takes the old names of its own options too."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _taken(ctx.info_name, args))


def _taken(command: str | None, words: Sequence[str]) -> list[str]:
    """The arguments by the names of today; every old name gives one line on standard error."""
    current, notes = renamed(command or "", words)
    if os.environ.get("LOCAL_RANK", "0") != "0":  # the first of a training's processes says it
        return current
    for old, new in notes.items():
        print(f"note: {old} is now {new}; the old name goes in version {GONE_IN}", file=sys.stderr)
    return current
