"""A strategy as a run calls it: timed, limited, and its answers taken in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nasbench_mobile.errors import StrategyError
from nasbench_mobile.plugins.answers import taken_proposals, whole_number
from nasbench_mobile.plugins.calls import plugin_call
from nasbench_mobile.protocols import Batched, Strategy, WarmStart
from nasbench_mobile.search.clock import Clock
from nasbench_mobile.types import Proposal, Tokens, Trial


class Player:
    """Calls a strategy; what it spends is put on `clock`.

    `limit_s` is how many seconds one call may take, None without end. Whatever the strategy raises,
    or answers wrongly, is a `StrategyError`.
    """

    def __init__(self, strategy: Strategy, clock: Clock, limit_s: float | None) -> None:
        self._strategy, self._clock, self._limit_s = strategy, clock, limit_s

    @property
    def name(self) -> str:
        """The name of the strategy's class."""
        return type(self._strategy).__name__

    @property
    def batch_size(self) -> int:
        """How many proposals it likes to be asked for at once."""
        return batch_size(self._strategy)

    def ask(self, count: int, validate: Callable[[Tokens], Tokens]) -> tuple[Proposal, ...]:
        """Its proposals, `count` at most; `validate` is the search space's."""
        with self._clock.strategy(), plugin_call(f"ask({count})", StrategyError, self._limit_s):
            answer = self._strategy.ask(count)
        return taken_proposals(answer, count, validate)

    def tell(self, trials: Sequence[Trial]) -> None:
        """Tell it trials, or start it from them where they are those of a warm start."""
        starting = bool(trials) and trials[0].proposal.id < 0
        call = "start" if starting else "tell"
        with self._clock.strategy(), plugin_call(call, StrategyError, self._limit_s):
            if starting:
                self._start(trials)
            else:
                self._strategy.tell(trials)

    def _start(self, trials: Sequence[Trial]) -> None:
        if not isinstance(self._strategy, WarmStart):
            raise StrategyError(
                f"{self.name} cannot be started from known architectures: it "
                "has no method `start`; leave it out or start it cold"
            )
        self._strategy.start(trials)


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
