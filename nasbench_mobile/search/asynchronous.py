"""Search with many proposals in flight, each told as it finishes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.executors.pools import WorkerPool
from nasbench_mobile.protocols import Strategy
from nasbench_mobile.runs.event_log import EventLog
from nasbench_mobile.runs.events import Event
from nasbench_mobile.runs.run import Run, RunHeader
from nasbench_mobile.search.clock import Clock
from nasbench_mobile.search.course import course, unlogged_header
from nasbench_mobile.search.ledger import Ledger, ProposalKey
from nasbench_mobile.search.player import Player
from nasbench_mobile.search.problem import Outcome, Problem
from nasbench_mobile.search.progress import OnProgress, Progress
from nasbench_mobile.types import Failure, Proposal, Tokens

EvaluationJob: TypeAlias = tuple[Architecture, float]
"""The job of a worker: an architecture at a fidelity."""

ArchitecturePool: TypeAlias = WorkerPool[EvaluationJob, Outcome | Failure]


class AsynchronousSearch:
    """Keeps a pool's workers busy: asks whenever one is free, tells whenever one is done.

    Known architectures are told at once and cost no worker; an architecture that is proposed again
    while it is being evaluated waits for that result. A strategy may answer an ask with nothing
    while it waits for results; with nothing in flight that ends the run. The log keeps the order
    of asks and tells, so a run replays whatever the timing was; what was in flight when it was
    stopped is evaluated again. Arguments are those of `Search`.
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
        header: RunHeader | None = None,
    ) -> None:
        clock = Clock(lambda: pool.simulated_s)
        self._problem = problem
        self._start = tuple(start)
        self._pool = pool
        self._waiting: dict[ProposalKey, list[Proposal]] = {}
        said = header or unlogged_header(strategy, problem, budget, None, start, pool.workers)
        self._ledger = Ledger(
            Player(strategy, clock, call_limit_s), problem.space, budget, clock,
            header=said, log=log, on_progress=on_progress,
        )  # fmt: skip

    @property
    def progress(self) -> Progress:
        """How far the run is."""
        return self._ledger.progress

    def run(self, history: Iterable[Event] = ()) -> Run:
        """As `Search.run`."""
        self.drive(history)
        return self._ledger.run()

    def so_far(self) -> Run:
        """The run as far as it has come, after an error too."""
        return self._ledger.run()

    def drive(self, history: Iterable[Event] = ()) -> None:
        """As `Search.drive`."""
        with course(self._ledger, self._problem, self._start, history) as pending:
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
