"""A run: ask a strategy, evaluate, tell, in turn or with many proposals in flight.

What it spends, knows and writes stands in its ledger, which the loops of both kinds are given.
Nothing here knows which strategy, space or evaluator it drives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nasbench_mobile.errors import UsageError
from nasbench_mobile.protocols import Strategy
from nasbench_mobile.runs.event_log import EventLog
from nasbench_mobile.runs.events import Event
from nasbench_mobile.runs.run import Run, RunHeader
from nasbench_mobile.search.asynchronous import ArchitecturePool, InFlight
from nasbench_mobile.search.clock import Clock
from nasbench_mobile.search.course import course, evaluated, unlogged_header
from nasbench_mobile.search.ledger import Ledger
from nasbench_mobile.search.player import Player
from nasbench_mobile.search.problem import Problem
from nasbench_mobile.search.progress import OnProgress, Progress
from nasbench_mobile.types import Proposal, Tokens


class Search:
    """One strategy on one problem up to a budget: asked, evaluated and told.

    Without a pool that happens in turn, batch by batch. With one it keeps the pool's workers busy:
    it asks whenever one is free and tells whenever one is done. A strategy may then answer an ask
    with nothing while it waits for results; with nothing in flight that ends the run.

    Args:
        strategy: A strategy that was just built, and has been asked and told nothing.
        problem: What evaluates its proposals.
        budget: How much may be spent, in full trainings. A proposal is charged its fidelity, and a
            repeat is charged too.
        batch: How many proposals are asked for at once; None leaves it to the strategy's own
            `batch_size` (1 where it has none). With a pool there are no batches.
        pool: Workers that evaluate as many proposals at once as there are of them. Each job is an
            architecture with the share of the full training to spend on it, in (0, 1].
        start: Architectures to evaluate first, charged like proposals, for a strategy with the
            ability `WarmStart`.
        log: The event log that all is written into; None keeps the trials in memory alone.
        on_progress: Called with a `Progress` after every tell; it may return True to stop, which
            raises `Interrupted`.
        call_limit_s: How many seconds one call of the strategy may take; None is no limit.
        header: What the run is, where there is no log to say it; left out, it says what is known
            here.

    Raises:
        UsageError: `batch` is below 1, or is given with a pool.
    """

    def __init__(
        self,
        strategy: Strategy,
        problem: Problem,
        budget: int,
        *,
        batch: int | None = None,
        pool: ArchitecturePool | None = None,
        start: Sequence[Tokens] = (),
        log: EventLog | None = None,
        on_progress: OnProgress | None = None,
        call_limit_s: float | None = None,
        header: RunHeader | None = None,
    ) -> None:
        if batch is not None and batch < 1:
            raise UsageError(f"batch is {batch}; it must be at least 1")
        if batch is not None and pool is not None:
            raise UsageError(f"batch is {batch}, but a pool is asked for what its workers can take")
        clock = Clock(None if pool is None else lambda: pool.simulated_s)
        player = Player(strategy, clock, call_limit_s)
        workers = None if pool is None else pool.workers
        said = header or unlogged_header(strategy, problem, budget, batch, start, workers)
        self._ledger = Ledger(
            player, problem.space, budget, clock, header=said, log=log, on_progress=on_progress
        )
        self._problem, self._start = problem, tuple(start)
        self._loop: InTurn | InFlight = (
            InTurn(self._ledger, problem, player, batch)
            if pool is None
            else InFlight(self._ledger, problem, pool)
        )

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
            self._loop.search(pending)


@dataclass(frozen=True)
class InTurn:
    """The loop that asks for a batch, evaluates it and tells it, in turn.

    `batch` None leaves its size to the strategy.
    """

    ledger: Ledger
    problem: Problem
    player: Player
    batch: int | None

    def search(self, pending: tuple[Proposal, ...]) -> None:
        """Evaluate what a replayed log left pending, then ask, evaluate and tell."""
        ledger = self.ledger
        batch = self.player.batch_size if self.batch is None else self.batch
        while pending or ledger.left:
            proposals = pending or ledger.ask(min(batch, ledger.left))
            if not proposals:
                break
            pending = ()
            ledger.tell(evaluated(ledger, self.problem, proposals))
