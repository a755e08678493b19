"""What a mistyped command line is told: one sentence, with what may have been meant."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterable
from typing import Any

import typer

from nasbench_mobile.printable import printable
from nasbench_mobile.studies.renamed_options import OLD_OPTIONS

CommandLineError: type[Exception] = typer.BadParameter.__mro__[2]
"""What every error on a command line is to the library that reads it; it has no public name."""

LONGEST = 300
"""How long a word in a message may be: our choice, nobody types longer names."""

_WRONG = re.compile(r"(?P<wrong>'[^']*') is not one of (?P<known>'.*')\.?$", re.DOTALL)
"""How typer, as click before it, says that a word is none of an enumeration's."""


def sentence(error: Any) -> str:
    """What was wrong, what may have been meant, and which command says more; '' after help."""
    said = with_suggestion(str(error.format_message())).replace(": Value error, ", ": ").strip()
    if not said:  # a command without arguments has printed its help
        return ""
    context = getattr(error, "ctx", None)
    said = re.sub(r" \(Possible options: [^)]*\)$", "", said).rstrip(".")
    if "Did you mean" not in said and (near := _near(error, context, said)):
        said += f". Did you mean {near}"
    said += "?" if "Did you mean" in said and not said.endswith("?") else "."
    said = said.replace("??", "?").replace("?.", "?")
    return f"{said} See {context.command_path} --help" if context else said


def with_suggestion(message: str) -> str:
    """Typer's message on a wrong choice with the nearest right one; any other as it is."""
    found = _WRONG.search(message)
    if found is None:
        return message
    wrong, known = found["wrong"].strip("'"), re.findall(r"'([^']*)'", found["known"])
    close = difflib.get_close_matches(wrong.lower(), known, n=1, cutoff=0.5)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return f"{message.rstrip('.')}.{hint}"


def shortened(text: str) -> str:
    """A message whose longest words lose their middle, and which is one line."""
    half = LONGEST // 2
    words = re.sub(rf"\S{{{LONGEST + 1},}}", lambda w: f"{w[0][:half]}...{w[0][-half:]}", text)
    words = words.replace("\n", "\\n") if "\r" in words else words
    return printable(words)


def _near(error: Any, context: Any, said: str) -> str:
    """The options or commands that a wrong word is like."""
    if context is None:
        return ""
    if said.startswith("No such command"):
        known = context.command.list_commands(context)
        return " or ".join(f"'{name}'" for name in _close(said.split("'")[1], known))
    options = [name for one in context.command.params for name in one.opts if name[:2] == "--"]
    if once := [f"-{one}" for one in sys.argv[1:] if f"-{one}" in options]:
        return " or ".join(once)  # `-json` is read as `-j son`
    wrong = getattr(error, "option_name", None)
    if wrong is not None:  # of `-seeds` the first letter alone is said to be unknown
        typed = [one for one in sys.argv[1:] if one.startswith(wrong)]
        words = [f"--{one.lstrip('-').partition('=')[0]}" for one in (*typed, wrong)]
    elif "unexpected extra argument" in said:
        words = [f"--{one}" for one in re.findall(r"[\w-]+", said.rpartition("(")[2])]
    else:
        return ""
    old = OLD_OPTIONS.get(context.info_name, {})
    near = [found for word in words for found in _close(word, [*options, *old])]
    return " or ".join(dict.fromkeys(old.get(found, found) for found in near))


def _close(word: str, known: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(word, list(known), n=2, cutoff=0.75)
