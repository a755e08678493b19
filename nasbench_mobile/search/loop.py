"""The loop: ask a strategy, evaluate, tell; log everything; replay a log and go on.

The loop owns the budget and the ending. Every proposal is charged, repeats too; the evaluation of
a repeat is reused. Nothing here knows which strategy, space or evaluator it drives.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import (
    EvaluationError,
    NasbenchError,
    ReplayError,
    StrategyError,
    UsageError,
)
from nasbench_mobile.plugins.answers import taken_proposals, whole_number
from nasbench_mobile.plugins.calls import plugin_call
from nasbench_mobile.protocols import Batched, Strategy, WarmStart
from nasbench_mobile.runs.budget import Budget
from nasbench_mobile.runs.event_log import EventLog
from nasbench_mobile.runs.events import Ask, End, Event, Start, Tell
from nasbench_mobile.runs.run import Timing
from nasbench_mobile.search.problem import Outcome, Problem
from nasbench_mobile.types import Failure, Measurement, Proposal, Tokens, Trial

FAILURES_IN_A_ROW = 50
"""So many failed evaluations with no success between them end the run: our choice, a device that
is gone fails every time while a sick architecture fails alone."""


class Interrupted(NasbenchError):
    """The run was asked to stop before its budget was spent; its log can be resumed."""


@dataclass(slots=True)
class Progress:
    """How far a run is: trials told, the best reward of a full training, repeats, failures.

    `charged` is what the told trials have spent of the budget, in full trainings: less than
    `trials` where a strategy trains architectures for a part of the full training.
    """

    trials: int = 0
    best_reward: float = -math.inf
    repeats: int = 0
    failed: int = 0
    charged: float = 0.0


Key: TypeAlias = tuple[Tokens, float]

OnProgress: TypeAlias = Callable[[Progress], bool]


class Search:
    """One strategy on one problem up to a budget (in proposals).

    `batch` is how many proposals are asked for at once; None leaves it to the strategy's own
    `batch_size` (1 where it has none). `start` holds architectures to evaluate first, charged like
    proposals, for a strategy with the ability `WarmStart`. `call_limit_s` is how many seconds one
    call of the strategy may take, None without end. `on_progress` is called after every tell and
    may return True to stop, which raises `Interrupted`.
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
    ) -> None:
        if batch is not None and batch < 1:
            raise UsageError(f"batch is {batch}; it must be at least 1")
        self.progress = Progress()
        self._strategy = strategy
        self._problem = problem
        self._budget = Budget(budget)
        self._batch = batch
        self._start_tokens = tuple(start)
        self._log = log
        self._on_progress = on_progress
        self._call_limit_s = call_limit_s
        self._ids: set[int] = set()
        self._first_id: dict[Key, int] = {}
        self._known: dict[Key, Outcome] = {}
        self._clock = _Clock()
        self._failed_in_a_row = 0
        self._first_failure = ""

    def run(self, history: Iterable[Event] = ()) -> None:
        """Replay `history`, then search until the budget is spent.

        Raises `ReplayError` where the strategy does not repeat the logged proposals,
        `StrategyError` where it breaks its contract, `EvaluationError` where too many evaluations
        failed; each but `ReplayError` and `Interrupted` is written into the log as the end.
        """
        pending = self._replay(history)
        try:
            self._warm_up(pending)
            self._search(tuple(p for p in pending if p.id >= 0))
        except (StrategyError, EvaluationError) as error:
            self._write(End(str(error), self._timing()))
            raise
        self._write(End(None, self._timing()))

    def _timing(self) -> Timing:
        return self._clock.timing()

    def _search(self, pending: tuple[Proposal, ...]) -> None:
        """Evaluate what a replayed log left pending, then ask, evaluate and tell in turn."""
        batch = batch_size(self._strategy) if self._batch is None else self._batch
        while pending or self._budget.left:
            proposals = pending or self._ask(min(batch, self._budget.left))
            if not proposals:
                break
            pending = ()
            self._tell(self._evaluate(proposals))

    def _warm_up(self, pending: tuple[Proposal, ...]) -> None:
        """Evaluate the start, or what a replayed log left of it, and give it to the strategy."""
        proposals = tuple(proposal for proposal in pending if proposal.id < 0)
        if self._start_tokens and not self._budget.spent:
            given = enumerate(self._start_tokens[: self._budget.total], start=1)
            proposals = self._admit(tuple(Proposal(-number, tokens) for number, tokens in given))
            self._write(Start(proposals))
        if proposals:
            self._tell(self._evaluate(proposals))

    def _admit(self, proposals: tuple[Proposal, ...]) -> tuple[Proposal, ...]:
        """Charge those proposals that the budget still pays for."""
        for proposal in proposals:
            if proposal.id in self._ids:
                raise StrategyError(f"proposal id {proposal.id} was used twice; count them up")
            self._ids.add(proposal.id)
        return proposals[: self._budget.admit(proposal.fidelity for proposal in proposals)]

    def _ask(self, count: int) -> tuple[Proposal, ...]:
        proposals = self._propose(count)
        self._write(Ask(count, proposals))
        return proposals

    def _propose(self, count: int) -> tuple[Proposal, ...]:
        with (
            self._clock.strategy(),
            plugin_call(f"ask({count})", StrategyError, self._call_limit_s),
        ):
            answer = self._strategy.ask(count)
        return self._admit(taken_proposals(answer, count, self._problem.space.validate))

    def _key(self, proposal: Proposal) -> Key:
        """Under which a measurement is reused: the architecture's identity and the fidelity."""
        return self._problem.space.canonical(proposal.tokens), proposal.fidelity

    def _evaluate(self, proposals: Sequence[Proposal]) -> Tell:
        """Evaluate what is new, once each; reuse what is known."""
        space = self._problem.space
        with self._clock.evaluation():
            keys = [self._key(proposal) for proposal in proposals]
            new: dict[Key, Proposal] = {}
            for key, proposal in zip(keys, proposals, strict=True):
                if key not in self._known:
                    new.setdefault(key, proposal)
            architectures = [Architecture(space, proposal.tokens) for proposal in new.values()]
            fidelities = [proposal.fidelity for proposal in new.values()]
            outcomes = self._problem.evaluate(architectures, fidelities) if new else []
            found = dict(zip(new, outcomes, strict=True))
            trials, noise_free = [], []
            for key, proposal in zip(keys, proposals, strict=True):
                trial, true = self._trial(key, proposal, self._known.get(key) or found[key])
                trials.append(trial)
                noise_free.append(true)
        return Tell(tuple(trials), tuple(noise_free))

    def _trial(
        self, key: Key, proposal: Proposal, outcome: Outcome | Failure
    ) -> tuple[Trial, Measurement | None]:
        repeat_of = self._first_id.setdefault(key, proposal.id)
        repeat = None if repeat_of == proposal.id else repeat_of
        if isinstance(outcome, Failure):
            return Trial(proposal, failure=outcome.reason, repeat_of=repeat), None
        self._known[key] = outcome
        trial = Trial(proposal, outcome.measurement, outcome.reward, repeat_of=repeat)
        return trial, outcome.noise_free

    def _tell(self, told: Tell) -> None:
        self._tell_strategy(told.trials)
        self._write(Tell(told.trials, told.noise_free, self._timing()))
        self._count(told.trials)
        if self._failed_in_a_row >= FAILURES_IN_A_ROW:
            raise EvaluationError(
                f"{self._failed_in_a_row} evaluations in a row failed; the first said: "
                f"{self._first_failure}"
            )
        if self._on_progress is not None and self._on_progress(self.progress):
            raise Interrupted(
                f"stopped after {self.progress.charged:.10g} of {self._budget.total} proposals"
            )

    def _tell_strategy(self, trials: Sequence[Trial]) -> None:
        starting = bool(trials) and trials[0].proposal.id < 0
        call = "start" if starting else "tell"
        with self._clock.strategy(), plugin_call(call, StrategyError, self._call_limit_s):
            if starting:
                self._start(trials)
            else:
                self._strategy.tell(trials)

    def _start(self, trials: Sequence[Trial]) -> None:
        if not isinstance(self._strategy, WarmStart):
            raise StrategyError(
                f"{type(self._strategy).__name__} cannot be started from known architectures: it "
                "has no method `start`; leave it out or start it cold"
            )
        self._strategy.start(trials)

    def _count(self, trials: Sequence[Trial]) -> None:
        progress = self.progress
        for trial in trials:
            progress.trials += 1
            progress.charged += trial.proposal.fidelity
            progress.repeats += trial.repeat_of is not None
            if trial.reward is None:
                progress.failed += 1
                if not self._failed_in_a_row:
                    self._first_failure = trial.failure or ""
                self._failed_in_a_row += 1
            else:
                self._failed_in_a_row = 0
                if trial.counts:
                    progress.best_reward = max(progress.best_reward, trial.reward)

    def _replay(self, history: Iterable[Event]) -> tuple[Proposal, ...]:
        """Take the strategy through a log; what was asked but not told is left to evaluate."""
        pending: dict[int, Proposal] = {}
        for event in history:
            match event:
                case Start():
                    self._admit(event.proposals)  # all were paid for, or would not be logged
                    pending.update((proposal.id, proposal) for proposal in event.proposals)
                case Ask():
                    proposals = self._propose(event.count)
                    _check_replay(proposals, event.proposals)
                    pending.update((proposal.id, proposal) for proposal in proposals)
                case Tell():
                    self._remember(event)
                    self._tell_strategy(event.trials)
                    self._count(event.trials)
                    self._clock.restore(event.timing)
                    for trial in event.trials:
                        del pending[trial.proposal.id]
                case End():
                    raise ReplayError("the run had ended; there is nothing to resume")
        return tuple(pending.values())

    def _remember(self, told: Tell) -> None:
        for trial, noise_free in zip(told.trials, told.noise_free, strict=True):
            key = self._key(trial.proposal)
            self._first_id.setdefault(key, trial.proposal.id)
            if trial.measurement and trial.reward is not None and noise_free:
                self._known[key] = Outcome(trial.measurement, trial.reward, noise_free)

    def _write(self, event: Event) -> None:
        if self._log is not None:
            self._log.write(event)


def batch_size(strategy: Strategy) -> int:
    """How many proposals a strategy likes to be asked for: 1 where it does not say.

    `StrategyError` where it says what is no whole number from 1: asked for that many it would
    propose nothing, and a run without proposals looks like one that has ended.
    """
    with plugin_call("batch_size", StrategyError):
        given: object = strategy.batch_size if isinstance(strategy, Batched) else 1
    size = whole_number(given)
    if size is None or size < 1:
        raise StrategyError(
            f"batch_size is {given!r}; it is the number of proposals that the strategy likes to be "
            "asked for at once, a whole number of at least 1"
        )
    return size


def _check_replay(proposals: Sequence[Proposal], logged: Sequence[Proposal]) -> None:
    if len(proposals) != len(logged):
        raise ReplayError(
            f"the log has {len(logged)} proposals where the strategy now makes {len(proposals)}; "
            "was the log made by other versions (its header names them)?"
        )
    for now, then in zip(proposals, logged, strict=True):
        if now != then:
            raise ReplayError(
                f"proposal {then.id} is {list(then.tokens)} in the log, but the strategy now "
                f"proposes {list(now.tokens)} as {now.id}; was the log edited, or made by other "
                "versions (its header names them)?"
            )


class _Clock:
    """Process CPU seconds by what they were spent on, and wall seconds, over resumes."""

    def __init__(self) -> None:
        self._before = Timing()
        self._seconds = {"strategy": 0.0, "evaluation": 0.0}
        self._started = time.monotonic()

    def strategy(self) -> _Span:
        return _Span(self._seconds, "strategy")

    def evaluation(self) -> _Span:
        return _Span(self._seconds, "evaluation")

    def restore(self, timing: Timing) -> None:
        """Count on from a logged reading: what a replay costs is not the run's own time."""
        self._before = timing
        self._seconds.update(strategy=0.0, evaluation=0.0)
        self._started = time.monotonic()

    def timing(self) -> Timing:
        return Timing(
            ask_tell_s=self._before.ask_tell_s + self._seconds["strategy"],
            evaluate_s=self._before.evaluate_s + self._seconds["evaluation"],
            wall_s=self._before.wall_s + time.monotonic() - self._started,
        )


class _Span:
    __slots__ = ("_key", "_seconds", "_start")

    def __init__(self, seconds: dict[str, float], key: str) -> None:
        self._seconds, self._key = seconds, key

    def __enter__(self) -> None:
        self._start = time.process_time()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._key] += time.process_time() - self._start
