"""Architectures whose evaluation ends the whole process: found out, named, and failed.

A segmentation fault in an evaluator, or memory that runs out, leaves no exception, only a log with
proposals that were never told. Beside a log `seed-0000.jsonl` stands `seed-0000.deaths`, a line of
JSON for each death of a worker on that run. From the first on every architecture is evaluated by
itself, the one under way written into `seed-0000.evaluating`. An architecture that was under way at
two deaths, at one of them alone, is not evaluated again: it is a failed trial.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import LogError, NasbenchError
from nasbench_mobile.events import Ask, Start, Tell
from nasbench_mobile.problem import Outcome, Problem
from nasbench_mobile.store import read_log
from nasbench_mobile.types import Failure, Tokens
from nasbench_mobile.writing import write_whole

MOST_IN_A_ROW = 2
"""Deaths with nothing to evaluate after which a run is given up: its strategy is to blame."""


@dataclass(frozen=True, slots=True)
class Death:
    """A worker's death: how, and the tokens of the architectures that were asked for, not told."""

    how: str
    pending: tuple[Tokens, ...]
    log_bytes: int = sys.maxsize
    """How long the log was; those written before that was noted say nothing of it."""


def note_death(log: Path, death: NasbenchError) -> bool:
    """Write a death down; whether the run may be tried again.

    Not where a worker was told to end, and not where deaths leave nothing to suspect.
    """
    if getattr(death, "told_to_end", False):
        return False
    known = deaths(log)
    under_way = _under_way(log)
    if under_way is not None:
        pending: tuple[Tokens, ...] = (under_way,)
    else:  # once architectures are evaluated one by one, a death at none is the strategy's
        pending = () if any(death.pending for death in known) else _pending(log)
    _evaluating(log).unlink(missing_ok=True)
    found = Death(str(death), pending, log.stat().st_size if log.exists() else 0)
    record = {
        "how": found.how,
        "pending": [list(tokens) for tokens in found.pending],
        "log_bytes": found.log_bytes,
    }
    before = _deaths_file(log).read_text("utf-8") if known else ""
    write_whole(_deaths_file(log), before + json.dumps(record) + "\n")
    if not pending:
        return sum(not each.pending for each in [*known, found]) < MOST_IN_A_ROW
    return True


def deaths(log: Path) -> list[Death]:
    """The deaths of a run's workers so far."""
    path = _deaths_file(log)
    if not path.is_file():
        return []
    try:
        records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        return [
            Death(
                str(one["how"]),
                tuple(tuple(map(int, tokens)) for tokens in one["pending"]),
                int(one.get("log_bytes", sys.maxsize)),
            )
            for one in records
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise LogError(
            f"{path} is damaged ({type(error).__name__}: {error}); remove it, and the run is tried "
            "again without what it says of workers that died"
        ) from None


def ended_by_death(log: Path) -> str | None:
    """How a worker died at the end of a log; None where the run has gone on since, or none has."""
    known: list[Death] = []
    with suppress(LogError, OSError):  # whoever goes on with the run is told
        known = deaths(log)
    if not known or log.stat().st_size > known[-1].log_bytes:
        return None
    return known[-1].how


@dataclass(frozen=True)
class Cautious(Problem):
    """A problem whose evaluation may end the process: architectures are evaluated one by one.

    Those of `quarantined`, by tokens, are failed without being evaluated, for the reason given.
    """

    log: Path
    quarantined: dict[Tokens, str]

    def evaluate(
        self, architectures: Sequence[Architecture], fidelities: Sequence[float] | None = None
    ) -> list[Outcome | Failure]:
        """As `Problem.evaluate`."""
        shares = [1.0] * len(architectures) if fidelities is None else fidelities
        return [self._carefully(*pair) for pair in zip(architectures, shares, strict=True)]

    def _carefully(self, architecture: Architecture, share: float) -> Outcome | Failure:
        if (how := self.quarantined.get(architecture.tokens)) is not None:
            return Failure(f"not evaluated again: twice while it was evaluated, {how}")
        marker = _evaluating(self.log)
        marker.write_text(json.dumps(list(architecture.tokens)))
        [outcome] = super().evaluate([architecture], [share])
        marker.unlink(missing_ok=True)
        return outcome


def cautious(problem: Problem, log: Path) -> Problem:
    """The problem itself where no worker has died on a run, else one that is careful."""
    known = deaths(log)
    if not any(death.pending for death in known):
        return problem
    suspects = frozenset(tokens for death in known for tokens in death.pending)
    quarantined = {
        tokens: seen[-1].how
        for tokens in suspects
        if len(seen := [death for death in known if tokens in death.pending]) > 1
        and any(death.pending == (tokens,) for death in seen)
    }
    parts: dict[str, Any] = {one.name: getattr(problem, one.name) for one in fields(Problem)}
    return Cautious(**parts, log=log, quarantined=quarantined)


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


def _under_way(log: Path) -> Tokens | None:
    try:
        return tuple(map(int, json.loads(_evaluating(log).read_text())))
    except (OSError, ValueError, TypeError):
        return None


def _deaths_file(log: Path) -> Path:
    return log.with_suffix(".deaths")


def _evaluating(log: Path) -> Path:
    return log.with_suffix(".evaluating")
