"""What a run owns whatever its loop: its budget, what is known, its log and its clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from nasbench_mobile.errors import EvaluationError, NasbenchError, ReplayError, StrategyError
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.runs.budget import Budget
from nasbench_mobile.runs.event_log import EventLog, read_run
from nasbench_mobile.runs.events import Ask, End, Event, Start, Tell
from nasbench_mobile.runs.run import Run, RunHeader
from nasbench_mobile.search.clock import Clock
from nasbench_mobile.search.player import Player
from nasbench_mobile.search.problem import Outcome, trial_of
from nasbench_mobile.search.progress import OnProgress, Progress
from nasbench_mobile.types import Failure, Measurement, Proposal, Tokens, Trial

FAILURES_IN_A_ROW = 50
"""How many failed trials in a row end the run: our choice, as a device that is gone fails every
time while a sick architecture fails alone."""

ProposalKey: TypeAlias = tuple[Tokens, float]
"""Under which a measurement is reused: the architecture's identity and the fidelity."""

Pair: TypeAlias = tuple[Trial, Measurement | None]
"""A trial with its noise-free measurement, None where it failed."""


class Interrupted(NasbenchError):
    """The run was asked to stop before its budget was spent; its log can be resumed."""


class Ledger:
    """The book of one run, which its loop asks through and tells through.

    Every proposal is charged, repeats too; the measurement of a repeat is reused. What is asked and
    told goes into the log, where there is one; without one the trials are kept here for `run`,
    whose header is then `header`. `on_progress` is called after every tell and may return True to
    stop, which raises `Interrupted`.
    """

    def __init__(
        self,
        player: Player,
        space: SearchSpace,
        budget: int,
        clock: Clock,
        *,
        header: RunHeader,
        log: EventLog | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        self.clock = clock
        self.progress = Progress()
        self._player = player
        self._space = space
        self._header = header
        self._budget = Budget(budget)
        self._log = log
        self._kept: list[Tell | End] = []
        self._on_progress = on_progress
        self._ids: set[int] = set()
        self._first_id: dict[ProposalKey, int] = {}
        self._known: dict[ProposalKey, Outcome] = {}
        self._failed_in_a_row = 0
        self._first_failure = ""

    @property
    def left(self) -> int:
        """How many full trainings may still be asked for."""
        return self._budget.left

    def key(self, proposal: Proposal) -> ProposalKey:
        """The key of what a proposal means."""
        return self._space.canonical(proposal.tokens), proposal.fidelity

    def known(self, key: ProposalKey) -> Outcome | None:
        """What was measured under a key before."""
        return self._known.get(key)

    def ask(self, count: int) -> tuple[Proposal, ...]:
        """Ask the strategy; what it proposes and the budget pays for."""
        proposals = self._propose(count)
        self._write(Ask(count, proposals))
        return proposals

    def start(self, tokens: Sequence[Tokens]) -> tuple[Proposal, ...]:
        """Proposals of architectures to start from, as far as the budget pays for them.

        There are none where the run has begun, or where there is nothing to start from.
        """
        if not tokens or self._budget.spent:
            return ()
        given = enumerate(tokens[: self._budget.total], start=1)
        proposals = self._admit(tuple(Proposal(-number, one) for number, one in given))
        self._write(Start(proposals))
        return proposals

    def trial(self, key: ProposalKey, proposal: Proposal, outcome: Outcome | Failure) -> Pair:
        """The trial that a proposal came to; its outcome is known from now on."""
        repeat_of = self._first_id.setdefault(key, proposal.id)
        repeat = None if repeat_of == proposal.id else repeat_of
        trial = trial_of(proposal, outcome, repeat)
        if isinstance(outcome, Failure):
            return trial, None
        self._known[key] = outcome
        return trial, outcome.noise_free

    def tell(self, pairs: Sequence[Pair]) -> None:
        """Tell the strategy, write it down and count it.

        `EvaluationError` where too many evaluations in a row have failed.
        """
        trials, noise_free = tuple([t for t, _ in pairs]), tuple([n for _, n in pairs])
        self._player.tell(trials)
        self._write(Tell(trials, noise_free, self.clock.timing()))
        self._count(trials)
        if self._failed_in_a_row >= FAILURES_IN_A_ROW:
            raise EvaluationError(
                f"{self._failed_in_a_row} trials in a row failed; the first said: "
                f"{self._first_failure}"
            )
        if self._on_progress is not None and self._on_progress(self.progress):
            raise Interrupted(
                f"stopped after {self.progress.charged:.10g} of {self._budget.total} proposals"
            )

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Write down how the run within ended; not where it was interrupted."""
        try:
            yield
        except (StrategyError, EvaluationError) as error:
            self._write(End(str(error), self.clock.timing()))
            raise
        self._write(End(None, self.clock.timing()))

    def replay(self, history: Iterable[Event]) -> tuple[Proposal, ...]:
        """Take the strategy through a log; what was asked but not told is left to evaluate.

        `ReplayError` where the strategy does not repeat the logged proposals.
        """
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
                    self._player.tell(event.trials)
                    self._count(event.trials)
                    self.clock.restore(event.timing)
                    for trial in event.trials:
                        del pending[trial.proposal.id]
                case End():
                    raise ReplayError("the run had ended; there is nothing to resume")
        return tuple(pending.values())

    def run(self) -> Run:
        """The run so far: as its log tells it or, without one, of the trials kept here."""
        if self._log is not None:
            return read_run(self._log.path)
        told = [event for event in self._kept if isinstance(event, Tell)]
        end = next((event for event in self._kept if isinstance(event, End)), None)
        return Run(
            self._header,
            tuple(trial for event in told for trial in event.trials),
            tuple(measurement for event in told for measurement in event.noise_free),
            finished=end is not None and end.failure is None,
            failure=None if end is None else end.failure,
            timing=self.clock.timing() if end is None else end.timing,
        )

    def _propose(self, count: int) -> tuple[Proposal, ...]:
        return self._admit(self._player.ask(count, self._space.validate))

    def _admit(self, proposals: tuple[Proposal, ...]) -> tuple[Proposal, ...]:
        """Charge those proposals that the budget still pays for."""
        for proposal in proposals:
            if proposal.id in self._ids:
                raise StrategyError(f"proposal id {proposal.id} was used twice; count them up")
            self._ids.add(proposal.id)
        return proposals[: self._budget.admit(proposal.fidelity for proposal in proposals)]

    def _count(self, trials: Sequence[Trial]) -> None:
        self.progress.count(trials)
        for trial in trials:
            if trial.reward is not None:
                self._failed_in_a_row = 0
                continue
            if not self._failed_in_a_row:
                self._first_failure = trial.failure or ""
            self._failed_in_a_row += 1

    def _remember(self, told: Tell) -> None:
        self._keep(told)
        for trial, noise_free in zip(told.trials, told.noise_free, strict=True):
            key = self.key(trial.proposal)
            self._first_id.setdefault(key, trial.proposal.id)
            if trial.measurement and trial.reward is not None and noise_free:
                self._known[key] = Outcome(trial.measurement, trial.reward, noise_free)

    def _write(self, event: Event) -> None:
        if self._log is not None:
            self._log.write(event)
        self._keep(event)

    def _keep(self, event: Event) -> None:
        if self._log is None and isinstance(event, Tell | End):
            self._kept.append(event)


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
