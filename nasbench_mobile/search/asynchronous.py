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
    stopped is evaluated again.

    Args:
        strategy: A strategy that was just built, and has been asked and told nothing.
        problem: What the pool's workers evaluate proposals with.
        budget: How much may be spent, in full trainings. A proposal is charged its fidelity, and a
            repeat is charged too.
        pool: The workers; as many proposals are evaluated at once as it has workers. Each job is an
            architecture with the share of the full training to spend on it, in (0, 1].
        start: Architectures to evaluate first, charged like proposals, for a strategy with the
            ability `WarmStart`.
        log: The event log that all is written into; None keeps the trials in memory alone.
        on_progress: Called with a `Progress` after every tell; it may return True to stop, which
            raises `Interrupted`.
        call_limit_s: How many seconds one call of the strategy may take; None is no limit.
        header: What the run is, where there is no log to say it; left out, it says what is known
            here.
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
        """Replay `history`, search until the budget is spent, and give the finished run.

        A `StrategyError` or an `EvaluationError` is written into the log as the end of the run;
        after any other error but a `ReplayError` a run with a log can be resumed.

        Args:
            history: The events of the run's log so far, in order; there are none for a new run. The
                strategy is asked and told again as it was then, and what it proposes is compared
                with the log; nothing of it is evaluated again but what was in flight.

        Returns:
            The finished run: its trials in the order in which they were told, the measurement of
            each without noise, and the seconds spent. A run with a log is read back from it.

        Raises:
            ReplayError: The strategy does not repeat the proposals in the log, or the run in it had
                already ended.
            StrategyError: The strategy broke its contract.
            EvaluationError: Too many evaluations in a row failed.
            Interrupted: `on_progress` asked to stop.
            UsageError: The problem does not fit together; no architecture would fare better.
            OutsideError: Something that is no proposal's fault went wrong, such as a full disk.
        """
        self.drive(history)
        return self._ledger.run()

    def so_far(self) -> Run:
        """The run as far as it has come, after an error too."""
        return self._ledger.run()

    def drive(self, history: Iterable[Event] = ()) -> None:
        """As `run`, for those who have no use for the trials: nothing is read back of the log.

        Args:
            history: The events of the run's log so far, in order; there are none for a new run. The
                strategy is asked and told again as it was then, and what it proposes is compared
                with the log; nothing of it is evaluated again but what was in flight.

        Raises:
            ReplayError: The strategy does not repeat the proposals in the log, or the run in it had
                already ended.
            StrategyError: The strategy broke its contract.
            EvaluationError: Too many evaluations in a row failed.
            Interrupted: `on_progress` asked to stop.
            UsageError: The problem does not fit together; no architecture would fare better.
            OutsideError: Something that is no proposal's fault went wrong, such as a full disk.
        """
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
