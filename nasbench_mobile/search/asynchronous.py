"""Search with many proposals in flight, each told as it finishes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.executors.pools import Pool
from nasbench_mobile.protocols import Strategy
from nasbench_mobile.runs.event_log import EventLog
from nasbench_mobile.runs.events import Tell
from nasbench_mobile.runs.run import Timing
from nasbench_mobile.search.loop import Key, OnProgress, Search
from nasbench_mobile.search.problem import Outcome, Problem
from nasbench_mobile.types import Failure, Proposal, Tokens

Job: TypeAlias = tuple[Architecture, float]
"""What a worker does: an architecture at a fidelity."""

ArchitecturePool: TypeAlias = Pool[Job, Outcome | Failure]


class AsynchronousSearch(Search):
    """Keeps a pool's workers busy: asks whenever one is free, tells whenever one is done.

    Known architectures are told at once and cost no worker; an architecture that is proposed again
    while it is being evaluated waits for that result. A strategy may answer an ask with nothing
    while it waits for results; with nothing in flight that ends the run. The log keeps the order
    of asks and tells, so a run replays whatever the timing was; what was in flight when it was
    stopped is evaluated again.
    """

    def __init__(
        self,
        strategy: Strategy,
        problem: Problem,
        budget: int,
        pool: ArchitecturePool,
        *,
        start: Sequence[Tokens] = (),
        log: EventLog | None = None,
        on_progress: OnProgress | None = None,
        call_limit_s: float | None = None,
    ) -> None:
        super().__init__(
            strategy, problem, budget,
            start=start, log=log, on_progress=on_progress, call_limit_s=call_limit_s,
        )  # fmt: skip
        self._pool = pool
        self._waiting: dict[Key, list[Proposal]] = {}

    def _timing(self) -> Timing:
        return replace(super()._timing(), simulated_s=self._pool.simulated_s)

    def _search(self, pending: tuple[Proposal, ...]) -> None:
        self._begin(pending)
        while True:
            self._fill()
            if not self._waiting:
                return
            for key, outcome in self._pool.completed():
                self._finish(key, self._waiting.pop(key), outcome)

    def _fill(self) -> None:
        """Ask until every worker has something to do, or nothing more comes."""
        while self._budget.left and len(self._waiting) < self._pool.workers:
            free = self._pool.workers - len(self._waiting)
            proposals = self._ask(min(free, self._budget.left))
            if not proposals:
                return
            self._begin(proposals)

    def _begin(self, proposals: Sequence[Proposal]) -> None:
        space = self._problem.space
        for proposal in proposals:
            key = self._key(proposal)
            known = self._known.get(key)
            if known is not None:
                self._finish(key, [proposal], known)
            elif key in self._waiting:
                self._waiting[key].append(proposal)
            else:
                self._waiting[key] = [proposal]
                job = Architecture(space, proposal.tokens), proposal.fidelity
                self._pool.submit(key, job)

    def _finish(self, key: Key, proposals: list[Proposal], outcome: Outcome | Failure) -> None:
        pairs = [self._trial(key, proposal, outcome) for proposal in proposals]
        self._tell(Tell(tuple(t for t, _ in pairs), tuple(n for _, n in pairs)))
