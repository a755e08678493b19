"""Errors: one base and few children; what a user did wrong exits with 2, what went wrong with 1."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class NasbenchError(Exception):
    """Base of every error this package raises on purpose.

    The message says what was wrong, what was seen and what to do. The command line prints it
    without a traceback and exits with `exit_code`.
    """

    exit_code = 1

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the error whole, whatever its class is built from.

        By itself an exception is built again from its message alone.
        """
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[NasbenchError], arguments: tuple[Any, ...], state: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error


class UsageError(NasbenchError):
    """The caller asked for something that cannot be: a wrong option, name, value or file."""

    exit_code = 2


LISTED_BY = {
    "space": "list spaces",
    "strategy": "list strategies",
    "benchmark": "list benchmarks",
    "model": "list models",
    "experiment": "reproduce list",
}
"""Which command lists all names of a kind."""

FEW = 6
"""How many names a message lists: our choice, as these fit two lines of a terminal."""


class UnknownNameError(UsageError):
    """A name that nothing in the catalogue has; the message suggests at most three near ones.

    Where there are few names, or no command lists them, it lists all.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(repr(c) for c in close)}? " if close else ""
        known_are = f"known are {', '.join(names)}"
        if len(names) > FEW and kind in LISTED_BY:
            known_are = f"all {len(names)} are listed by `nasbench-mobile {LISTED_BY[kind]}`"
        super().__init__(f"unknown {kind} {name!r}: {hint}{known_are}")


class InvalidTokensError(UsageError):
    """Tokens have a wrong length or range for their search space."""


class InvalidCostError(UsageError):
    """A cost of using a network is none: its number, its unit or its name."""


class InvalidNetworkError(UsageError):
    """A network description that does not fit together, or a word in it that is unknown."""


class MissingExtraError(UsageError):
    """An optional dependency is not installed; the message gives the pip command."""


class LogError(NasbenchError):
    """An event log that cannot be trusted: damaged, edited, or of another benchmark version."""


class ReplayError(LogError):
    """A strategy, rebuilt from its seed, did not repeat the proposals in the log."""


class StrategyError(NasbenchError):
    """A strategy broke its contract: too many proposals, malformed tokens, an exception."""


class OutsideError(NasbenchError):
    """A failure that is no proposal's fault, such as a full disk; the run can be resumed."""


class EvaluationError(NasbenchError):
    """Too many trials failed; the message has the first reason."""
