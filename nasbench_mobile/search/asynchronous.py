"""The loop with many proposals in flight, each told as it finishes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.executors.pools import WorkerPool
from nasbench_mobile.search.ledger import Ledger, ProposalKey
from nasbench_mobile.search.problem import Outcome, Problem
from nasbench_mobile.types import Failure, Proposal

EvaluationJob: TypeAlias = tuple[Architecture, float]
"""The job of a worker: an architecture at a fidelity."""

ArchitecturePool: TypeAlias = WorkerPool[EvaluationJob, Outcome | Failure]


class InFlight:
    """The loop that asks whenever a worker is free and tells whenever one is done.

    Known architectures are told at once and cost no worker; an architecture that is proposed again
    while it is being evaluated waits for that result. The log keeps the order of asks and tells, so
    a run replays whatever the timing was; what was in flight when it was stopped is evaluated
    again.
    """

    def __init__(self, ledger: Ledger, problem: Problem, pool: ArchitecturePool) -> None:
        self._ledger, self._problem, self._pool = ledger, problem, pool
        self._waiting: dict[ProposalKey, list[Proposal]] = {}

    def search(self, pending: tuple[Proposal, ...]) -> None:
        """Evaluate what a replayed log left pending, and go on until nothing is in flight."""
        self._begin(pending)
        while True:
            self._fill()
            if not self._waiting:
                return
            for key, outcome in self._pool.completed():
                self._finish(key, self._waiting.pop(key), outcome)

    def _fill(self) -> None:
        """Ask until every worker has something to do, or nothing more comes."""
        ledger, workers = self._ledger, self._pool.workers
        while ledger.left and len(self._waiting) < workers:
            proposals = ledger.ask(min(workers - len(self._waiting), ledger.left))
            if not proposals:
                return
            self._begin(proposals)

    def _begin(self, proposals: Sequence[Proposal]) -> None:
        space = self._problem.space
        for proposal in proposals:
            key = self._ledger.key(proposal)
            known = self._ledger.known(key)
            if known is not None:
                self._finish(key, [proposal], known)
            elif key in self._waiting:
                self._waiting[key].append(proposal)
            else:
                self._waiting[key] = [proposal]
                job = Architecture(space, proposal.tokens), proposal.fidelity
                self._pool.submit(key, job)

    def _finish(
        self, key: ProposalKey, proposals: list[Proposal], outcome: Outcome | Failure
    ) -> None:
        self._ledger.tell([self._ledger.trial(key, proposal, outcome) for proposal in proposals])
