"""The contracts between the parts of this package. Each law stands in a docstring and is tested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from nasbench_mobile.types import (
    AccuracyReading,
    Decision,
    Failure,
    Fidelity,
    Kind,
    LatencyReading,
    Measurement,
    Proposal,
    Tokens,
    Trial,
)

if TYPE_CHECKING:
    import numpy as np

    from nasbench_mobile.architecture import Architecture
    from nasbench_mobile.networks.graph import Network


class Strategy(Protocol):
    """Proposes tokens and learns from trials; it maximises the reward.

    Laws: built from `(decisions, seed, budget, **options)`, the same arguments give the same
    proposals; no global random state is read or set; it never sees a space, a network or an
    evaluator.
    """

    def ask(self, count: int) -> Sequence[Proposal]:
        """Give at least one and at most `count` proposals, with ids from 0 up, unique within a run.

        An empty answer means "wait" while proposals are in flight: the strategy is asked again
        after the next trial is told. With nothing in flight, as always in a synchronous run, it
        means that there is nothing more to propose, and ends the run; what is then unspent of the
        budget is reported.
        """

    def tell(self, trials: Sequence[Trial]) -> None:
        """Learn from trials that finished or failed.

        In a synchronous run they come in the order of the asks, else in any order.
        """


@runtime_checkable
class Batched(Protocol):
    """Optional ability: how many proposals the strategy likes to be asked for at once."""

    @property
    def batch_size(self) -> int:
        """The number: whole and at least 1. Anything else ends the run as a broken contract."""


@runtime_checkable
class PartialTrainings(Protocol):
    """Optional ability: to propose trainings of less than the full length.

    A strategy whose proposals have a fidelity below 1 says so with `partial_trainings = True`: a
    class attribute, so that it is known before a run that the benchmark has to offer them.
    """

    @property
    def partial_trainings(self) -> bool: ...


@runtime_checkable
class WarmStart(Protocol):
    """Optional ability: to learn from architectures that the strategy did not propose."""

    def start(self, trials: Sequence[Trial]) -> None:
        """Learn from finished or failed trials with negative ids, once, before the first ask."""


class StrategyFactory(Protocol):
    """What the catalogue holds for a strategy: its class, usually."""

    def __call__(
        self, decisions: Sequence[Decision], seed: int, budget: int, **options: Any
    ) -> Strategy: ...


class SearchSpace(Protocol):
    """A search space: its decisions, and which network the tokens for them mean."""

    @property
    def name(self) -> str: ...

    @property
    def options(self) -> dict[str, Any]:
        """The explicit options it was built with, as JSON values; they enter a benchmark's hash."""

    @property
    def decisions(self) -> tuple[Decision, ...]: ...

    @property
    def size(self) -> int:
        """The number of token lists."""

    @property
    def distinct(self) -> int:
        """The number of distinct networks, which is that of canonical token lists."""

    def validate(self, tokens: Sequence[int]) -> Tokens:
        """The tokens as a tuple of ints; `InvalidTokensError` names the first that is wrong."""

    def network(
        self,
        tokens: Tokens,
        *,
        width: float = 1.0,
        input_size: int | None = None,
        classes: int = 1000,
    ) -> Network:
        """The network that tokens mean; `input_size` (pixels) None means the space's own (224)."""

    def encode(self, network: Network) -> Tokens:
        """The canonical tokens of a full-size network; `InvalidNetworkError` if there are none."""

    def canonical(self, tokens: Tokens) -> Tokens:
        """The one token list that stands for all which mean the same network."""

    def describe(self, tokens: Tokens) -> str:
        """The block string of the network."""

    def sample(self, rng: np.random.Generator) -> Tokens:
        """Draw tokens uniformly over all token lists."""

    def neighbours(self, tokens: Tokens) -> Iterator[Tokens]:
        """Every token list that differs from this one in exactly one token."""


@runtime_checkable
class Segmented(Protocol):
    """Optional ability of a space: its network is a chain of segments, each decided by few tokens.

    Layers of segment `s` are those whose name starts with `segments[s][0] + "/"`, and what they
    are (shapes included) depends only on tokens at the positions `segments[s][1]`. Layers outside
    every named segment are the same for all tokens. Additive models compile per-segment tables
    from this.
    """

    @property
    def segments(self) -> tuple[tuple[str, tuple[int, ...]], ...]: ...


@runtime_checkable
class Embedded(Protocol):
    """Optional ability of a space: its networks are some of those of a larger space."""

    @property
    def parent(self) -> SearchSpace: ...

    def embed(self, tokens: Tokens) -> Tokens:
        """The canonical tokens of the same network in `parent`."""


class AccuracyEvaluator(Protocol):
    """Accuracy for a batch of architectures: one reading or failure each, in order."""

    @property
    def label(self) -> str:
        """What the evaluator is and in which version, for logs and captions."""

    @property
    def fidelity(self) -> Fidelity | None: ...

    def accuracy(
        self, architectures: Sequence[Architecture]
    ) -> Sequence[AccuracyReading | Failure]: ...


@runtime_checkable
class Scalable(Protocol):
    """Optional ability of an accuracy evaluator: to train for a share of the full training."""

    def accuracy_at(
        self, architectures: Sequence[Architecture], fidelities: Sequence[float]
    ) -> Sequence[AccuracyReading | Failure]:
        """The accuracies after shares of the full training in (0, 1], one for each architecture.

        A share of 1 gives what `accuracy` gives.
        """


class LatencyEvaluator(Protocol):
    """Latency (ms) of the full-size network for a batch of architectures, in order."""

    @property
    def label(self) -> str: ...

    @property
    def device(self) -> str:
        """The device whose latency it is, such as `pixel1` or the name of a processor."""

    @property
    def kind(self) -> Kind: ...

    def latency(
        self, architectures: Sequence[Architecture]
    ) -> Sequence[LatencyReading | Failure]: ...

    def network_latency(self, network: Network) -> LatencyReading:
        """The latency of any network, for reference models, which have no tokens."""


class Objective(Protocol):
    """An objective turns a measurement into a reward; higher is better."""

    def __call__(self, measurement: Measurement) -> float: ...


class BenchmarkObjective(Objective, Protocol):
    """An objective that stands in a benchmark and its reports."""

    @property
    def name(self) -> str: ...

    @property
    def target_ms(self) -> float:
        """The target latency T in ms; reports count the networks that are within it."""

    def record(self) -> dict[str, Any]:
        """Everything that decides a reward, as JSON values, `name` and `target_ms` among them."""
