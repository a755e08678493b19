"""A law that a plugin keeps or breaks, and the verdict over all laws of a kind."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, Literal, TypeVar

from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.plugins.calls import is_plugins, named
from nasbench_mobile.testing.call_timeout import Overdue, Watch, within_limit

Subject = TypeVar("Subject")
Result = Literal["kept", "broken", "not judged"]


class LawBroken(NasbenchError):
    """What was seen that breaks a law: the one named, or the one being judged where none is."""

    def __init__(self, seen: str, law: str = "") -> None:
        super().__init__(seen)
        self.law = law


def described(error: BaseException) -> str:
    """An error with the place in the plugin's own file where it arose."""
    frames = traceback.extract_tb(error.__traceback__)
    own = str(Path(__file__).parent.parent)
    places = [f for f in frames if not f.filename.startswith((own, sys.prefix, sys.base_prefix))]
    place = f" (line {places[-1].lineno} of {Path(places[-1].filename).name})" if places else ""
    return f"{named(error)}{place}"


@contextmanager
def unbroken(what: str, advice: str = "") -> Iterator[None]:
    """Let what a plugin raises break the law with `WHAT raised TYPE: MESSAGE` and advice."""
    try:
        yield
    except BaseException as error:
        if not is_plugins(error):
            raise
        raise LawBroken(f"{what} raised {described(error)}{advice}") from error


class CallHung(LawBroken):
    """A call did not return in time; what it left running may disturb what comes after."""


class NotJudged(NasbenchError):
    """The law asks nothing of this subject; the message says why."""


@dataclass(frozen=True, slots=True)
class Law(Generic[Subject]):
    """`check` says in plain words what it saw, or raises `LawBroken` or `NotJudged`.

    `says` is the law in plain words. A `slow` law takes more than a few seconds.
    """

    name: str
    says: str
    check: Callable[[Subject, Watch], str]
    slow: bool = False


@dataclass(frozen=True, slots=True)
class LawVerdict:
    """How one law stands: `seen` says what was found, in plain words."""

    law: str
    says: str
    result: Result
    seen: str
    seconds: float


def check_law(law: Law[Subject], subject: Subject, limit_s: float) -> str:
    """Check one law, each of the plugin's calls within `limit_s` seconds of wall time.

    `CallHung` where a call does not return in time.
    """
    watch = Watch()
    try:
        return within_limit(lambda: law.check(subject, watch), watch, limit_s)
    except Overdue as error:
        raise CallHung(str(error)) from None
    except (LawBroken, NotJudged):
        raise
    except AttributeError as error:
        if error.name is None:
            raise LawBroken(f"the check stumbled over {described(error)}") from error
        of = error.obj if isinstance(error.obj, type) else type(error.obj)
        raise LawBroken(f"{of.__name__} has no {error.name!r}, which is wanted of it") from error
    except BaseException as error:
        if not is_plugins(error):
            raise
        raise LawBroken(f"the check stumbled over {described(error)}") from error


def judge(
    laws: Sequence[Law[Subject]], subject: Subject, limit_s: float, *, slow: bool = True
) -> list[LawVerdict]:
    """A verdict for each law in turn, slow ones if wanted.

    A check that stumbles over another law says so, and that law is broken; after a call that
    never returned nothing more is tried.
    """
    return _settle(list(_verdicts(laws, subject, limit_s, slow)))


def _verdicts(
    laws: Iterable[Law[Subject]], subject: Subject, limit_s: float, slow: bool
) -> Iterator[tuple[LawVerdict, str]]:
    """Verdicts, each with the name of the law that what was seen breaks, or nothing."""
    hung = False
    for law in laws:
        started, culprit = time.monotonic(), ""
        result: Result = "kept"
        try:
            if hung:
                raise NotJudged("after a call that did not return nothing more is tried")
            if law.slow and not slow:
                raise NotJudged("slow, and only quick laws were wanted")
            seen = check_law(law, subject, limit_s)
        except NotJudged as error:
            result, seen = "not judged", str(error)
        except LawBroken as error:
            result, seen, culprit = "broken", str(error), error.law or law.name
            hung = isinstance(error, CallHung)
        yield LawVerdict(law.name, law.says, result, seen, time.monotonic() - started), culprit


def _settle(verdicts: Sequence[tuple[LawVerdict, str]]) -> list[LawVerdict]:
    """Move what was seen to the law it breaks: each fault is named once, under its own law."""
    first_seen: dict[str, str] = {}
    for verdict, culprit in verdicts:
        if culprit:
            first_seen.setdefault(culprit, verdict.seen)
    settled = []
    for verdict, culprit in verdicts:
        if verdict.law in first_seen:
            seen = verdict.seen if culprit == verdict.law else first_seen[verdict.law]
            settled.append(replace(verdict, result="broken", seen=seen))
        elif culprit:
            seen = f"not reached: {verdict.seen}"
            settled.append(replace(verdict, result="not judged", seen=seen))
        else:
            settled.append(verdict)
    return settled
