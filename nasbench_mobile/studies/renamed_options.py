"""Old names of options: what commands called them before, in words that were recorded."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from nasbench_mobile.catalog import OLD_SPACE_OPTIONS

_WIDTH = {"--depth-multiplier": "--width"}
_ACCELERATOR = {"--device": "--accelerator"}

OLD_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "compare": {"--workers": "--in-flight"},
    "describe": _WIDTH,
    "export": _WIDTH,
    "measure": _WIDTH,
    "search": _ACCELERATOR,
    "train": {**_ACCELERATOR, "--devices": "--accelerator-count"},
    "collect": {**_ACCELERATOR, "--workers": "--jobs"},
}
"""Command -> {old option: new option}."""


def current_words(words: Sequence[str]) -> list[str]:
    """A command and its arguments, `["compare", "--workers", "4"]`, by the names of today."""
    if not words:
        return []
    return [words[0], *renamed(words[0], words[1:])[0]]


def current_command(line: str) -> str:
    """A command that was recorded, `nasbench-mobile compare --workers 4`, by the names of today."""
    program, *words = shlex.split(line)
    return shlex.join([program, *current_words(words)])


def current_space(text: str) -> str:
    """A space and its options, as `--space` takes them, by the names of today."""
    return _renamed_space(text)[0]


def renamed(command: str, words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The arguments by the names of today, and the old names among them with the new."""
    options, notes = OLD_OPTIONS.get(command, {}), dict[str, str]()
    current, ended = [], False
    for word in words:
        name, equals, value = word.partition("=")
        ended = ended or word == "--"
        if name in options and not ended:
            notes[name] = options[name]
            word = f"{options[name]}{equals}{value}"
        word, found = _renamed_space(word)
        notes |= found
        current.append(word)
    return current, notes


def _renamed_space(word: str) -> tuple[str, dict[str, str]]:
    """`mnasnet:depth_multiplier=0.5`, also behind `--space=`, by the names of today."""
    notes: dict[str, str] = {}
    for space, options in OLD_SPACE_OPTIONS.items():
        if not word.removeprefix("--space=").startswith(f"{space}:"):
            continue
        for old, new in options.items():
            word, count = re.subn(rf"(?<=[:,]){re.escape(old)}(?==)", new, word)
            notes |= {f"{space}:{old}": f"{space}:{new}"} if count else {}
    return word, notes
