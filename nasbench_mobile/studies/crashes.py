"""Architectures whose evaluation ends the whole process: found out, named, and failed.

A segmentation fault in an evaluator, or memory that runs out, leaves no exception, only a log with
proposals that were never told. Beside a log `seed-0000.jsonl` stands `seed-0000.deaths`, a line of
JSON for each death of a worker on that run. From the first on every architecture is evaluated by
itself, the one under way written into `seed-0000.evaluating`. An architecture that was under way at
two deaths, at one of them alone, is not evaluated again: it is a failed trial.

A search evaluates in the process that drives it, whose death nobody sees. There every architecture
is written down from the first, and one that is found under way when the search is taken up was a
death. Whoever is stopped in an orderly way removes it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from operator import index
from pathlib import Path
from typing import Any

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import LogError, NasbenchError
from nasbench_mobile.files.atomic_files import write_whole
from nasbench_mobile.files.json_files import damaged, parsed, read_json, read_own_text
from nasbench_mobile.files.text_files import DAMAGE, DamagedText
from nasbench_mobile.runs.event_log import read_log
from nasbench_mobile.runs.events import Ask, Start, Tell
from nasbench_mobile.search.observed_problem import ObservedProblem, Unwatched
from nasbench_mobile.search.problem import Outcome, Problem
from nasbench_mobile.types import Failure, Tokens

MOST_IN_A_ROW = 2
"""How many deaths with nothing to evaluate end a run, as its strategy is then to blame."""

UNSEEN = "the process of the search was killed or crashed"
"""What is said of a death that nobody saw."""


@dataclass(frozen=True, slots=True)
class Death:
    """A worker's death: how, and the tokens of the architectures that were asked for, not told."""

    how: str
    pending: tuple[Tokens, ...]
    log_bytes: int = sys.maxsize
    """How long the log was; a record that was written before this was noted does not say."""


def note_death(log: Path, death: NasbenchError) -> bool:
    """Write a death down, and return whether the run may be tried again.

    It may not where a worker was told to end, or where deaths leave nothing to suspect.
    """
    if getattr(death, "told_to_end", False):
        return False
    known = deaths(log)
    under_way = _under_way(log)
    if under_way is not None:
        pending: tuple[Tokens, ...] = (under_way.tokens,)
    else:  # once architectures are evaluated one by one, a death at none is the strategy's
        pending = () if any(death.pending for death in known) else _pending(log)
    found = Death(str(death), pending, _size(log))
    _add(log, found)
    if not pending:
        return sum(not each.pending for each in [*known, found]) < MOST_IN_A_ROW
    return True


def _add(log: Path, death: Death) -> None:
    """Write down a death more; what was under way is told by it then."""
    write_whole(_deaths_file(log), "".join(map(_line, [*deaths(log), death])))
    _evaluating(log).unlink(missing_ok=True)


def deaths(log: Path) -> list[Death]:
    """The deaths of a run's workers so far."""
    path = _deaths_file(log)
    if not path.exists():
        return []
    again = "remove it, and the run is tried again without what it says of workers that died"
    found = []
    lines = read_own_text(path, again).removesuffix("\n").split("\n")
    for number, line in enumerate(lines, 1):
        try:
            found.append(_death(parsed(line)))
        except DamagedText as damage:
            raise damaged(path, f"line {number} {damage}", again) from None
        except DAMAGE as error:
            reason = f"line {number} tells of no death ({type(error).__name__}: {error})"
            raise damaged(path, reason, again) from None
    return found


def _line(death: Death) -> str:
    pending = [list(tokens) for tokens in death.pending]
    record = {"how": death.how, "pending": pending, "log_bytes": death.log_bytes}
    return json.dumps(record) + "\n"


def _death(record: dict[str, Any]) -> Death:
    pending = tuple(tuple(map(index, tokens)) for tokens in record["pending"])
    return Death(str(record["how"]), pending, index(record.get("log_bytes", sys.maxsize)))


def ended_by_death(log: Path) -> str | None:
    """How a worker died at the end of a log; None where the run has gone on since, or none has."""
    known: list[Death] = []
    with suppress(LogError, OSError):  # whoever goes on with the run is told
        known = deaths(log)
    if not known or _size(log) > known[-1].log_bytes:
        return None
    return known[-1].how


@dataclass(frozen=True)
class Cautious(ObservedProblem):
    """A problem whose evaluation may end the process: architectures are evaluated one by one.

    Architectures in `quarantined`, by tokens, fail without being evaluated, for the reason given.
    """

    log: Path
    quarantined: dict[Tokens, str]

    def evaluated(self, architecture: Architecture, share: float) -> Outcome | Failure:
        """Evaluate as the other problem does, with a note on disk of what is under way."""
        if (how := self.quarantined.get(architecture.tokens)) is not None:
            return Failure(f"not evaluated again: twice while it was evaluated, {how}")
        marker = _evaluating(self.log)
        marker.write_text(json.dumps({"tokens": list(architecture.tokens), "boot": _boot()}))
        try:
            return super().evaluated(architecture, share)
        finally:
            marker.unlink(missing_ok=True)


def cautious(problem: Problem, log: Path, *, unseen: bool = False) -> Problem:
    """The problem itself where no worker has died on a run, else one that is careful.

    `unseen` is for a process whose death nobody sees: it is careful from the first, and what it
    finds under way from before was a death.
    """
    if unseen:
        _note_unseen_death(log)
    _evaluating(log).unlink(missing_ok=True)
    known = deaths(log)
    if not unseen and not any(death.pending for death in known):
        return problem
    parts: dict[str, Any] = {one.name: getattr(problem, one.name) for one in fields(Problem)}
    watcher = problem.watcher if isinstance(problem, ObservedProblem) else Unwatched()
    return Cautious(**parts, watcher=watcher, log=log, quarantined=_quarantined(known))


def _quarantined(known: Sequence[Death]) -> dict[Tokens, str]:
    """Tokens that were under way at two deaths, at one of them alone, and how the last was."""
    suspects = frozenset(tokens for death in known for tokens in death.pending)
    return {
        tokens: seen[-1].how
        for tokens in suspects
        if len(seen := [death for death in known if tokens in death.pending]) > 1
        and any(death.pending == (tokens,) for death in seen)
    }


def _note_unseen_death(log: Path) -> None:
    """Write down, and say, that an earlier process died while it evaluated; of a power cut nothing.

    After a restart of the machine nobody can tell whether the architecture was to blame.
    """
    under_way = _under_way(log)
    if under_way is None or under_way.boot != _boot():
        return
    _add(log, Death(UNSEEN, (under_way.tokens,), _size(log)))
    again = (
        "it has failed and is not evaluated again"
        if under_way.tokens in _quarantined(deaths(log))
        else "it is tried once more, and if that happens again it has failed"
    )
    print(
        f"{UNSEEN} while it evaluated a candidate, as in a crash of a library or when memory runs "
        f"out; {again}",
        file=sys.stderr, flush=True,
    )  # fmt: skip


def companions(log: Path) -> list[Path]:
    """The files beside a log that say of which deaths it tells."""
    return [path for path in (_deaths_file(log), _evaluating(log)) if path.exists()]


def _pending(log: Path) -> tuple[Tokens, ...]:
    """Tokens that a log has asked for and not told."""
    asked: dict[int, Tokens] = {}
    with suppress(NasbenchError, OSError):
        for event in read_log(log).events:
            if isinstance(event, Ask | Start):
                asked.update((proposal.id, proposal.tokens) for proposal in event.proposals)
            elif isinstance(event, Tell):
                for trial in event.trials:
                    asked.pop(trial.proposal.id, None)
    return tuple(dict.fromkeys(asked.values()))


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """The architecture that a process was evaluating, and which start of the machine that was."""

    tokens: Tokens
    boot: str


def _under_way(log: Path) -> _UnderWay | None:
    try:
        record = read_json(_evaluating(log))
        return _UnderWay(tuple(map(index, record["tokens"])), str(record["boot"]))
    except (LogError, *DAMAGE):  # written half, as its process died, or not at all
        return None


def _boot() -> str:
    """What tells one start of the machine from the next; nothing where the system does not say."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def _deaths_file(log: Path) -> Path:
    return log.with_suffix(".deaths")


def _evaluating(log: Path) -> Path:
    return log.with_suffix(".evaluating")
