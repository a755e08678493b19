"""The loop: ask a strategy, evaluate, tell.

What it spends, knows and writes stands in its ledger. Nothing here knows which strategy, space or
evaluator it drives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nasbench_mobile.errors import UsageError
from nasbench_mobile.protocols import Strategy
from nasbench_mobile.runs.event_log import EventLog
from nasbench_mobile.runs.events import Event
from nasbench_mobile.runs.run import Run, RunHeader
from nasbench_mobile.search.clock import Clock
from nasbench_mobile.search.course import course, evaluated, unlogged_header
from nasbench_mobile.search.ledger import Ledger
from nasbench_mobile.search.player import Player
from nasbench_mobile.search.problem import Problem
from nasbench_mobile.search.progress import OnProgress, Progress
from nasbench_mobile.types import Proposal, Tokens


class Search:
    """One strategy on one problem up to a budget: asked, evaluated and told in turn.

    Args:
        strategy: A strategy that was just built, and has been asked and told nothing.
        problem: What evaluates its proposals.
        budget: How much may be spent, in full trainings. A proposal is charged its fidelity, and a
            repeat is charged too.
        batch: How many proposals are asked for at once; None leaves it to the strategy's own
            `batch_size` (1 where it has none).
        start: Architectures to evaluate first, charged like proposals, for a strategy with the
            ability `WarmStart`.
        log: The event log that all is written into; None keeps the trials in memory alone.
        on_progress: Called with a `Progress` after every tell; it may return True to stop, which
            raises `Interrupted`.
        call_limit_s: How many seconds one call of the strategy may take; None is no limit.
        header: What the run is, where there is no log to say it; left out, it says what is known
            here.

    Raises:
        UsageError: `batch` is below 1.
    """

    def __init__(
        self,
        strategy: Strategy,
        problem: Problem,
        budget: int,
        *,
        batch: int | None = None,
        start: Sequence[Tokens] = (),
        log: EventLog | None = None,
        on_progress: OnProgress | None = None,
        call_limit_s: float | None = None,
        header: RunHeader | None = None,
    ) -> None:
        if batch is not None and batch < 1:
            raise UsageError(f"batch is {batch}; it must be at least 1")
        clock = Clock()
        self._player = Player(strategy, clock, call_limit_s)
        self._problem = problem
        self._batch = batch
        self._start = tuple(start)
        said = header or unlogged_header(strategy, problem, budget, batch, start, None)
        self._ledger = Ledger(
            self._player, problem.space, budget, clock,
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
            self._search(pending)

    def _search(self, pending: tuple[Proposal, ...]) -> None:
        """Evaluate what a replayed log left pending, then ask, evaluate and tell in turn."""
        ledger = self._ledger
        batch = self._player.batch_size if self._batch is None else self._batch
        while pending or ledger.left:
            proposals = pending or ledger.ask(min(batch, ledger.left))
            if not proposals:
                break
            pending = ()
            ledger.tell(evaluated(ledger, self._problem, proposals))
