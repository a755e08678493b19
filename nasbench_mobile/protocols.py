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

        Args:
            count: The most proposals that may be given, at least 1.

        Returns:
            A list or tuple of proposals. Each has one token for each decision, a whole number from
            0 up to below the decision's cardinality, and a fidelity in (0, 1]: the share of the
            full training that it asks for and is charged. Token lists may repeat. Proposals that
            the budget does not pay for any more are neither evaluated nor told.

        Raises:
            Exception: Any error ends the run, and so does an answer that is not as said above. An
                error that is not one of this package is reported as a `StrategyError` that quotes
                it.
        """

    def tell(self, trials: Sequence[Trial]) -> None:
        """Learn from trials that finished or failed.

        In a synchronous run they come in the order of the asks, else in any order.

        Args:
            trials: One or more trials, each of a proposal that this strategy gave and was not told
                of before. A trial has a `reward` (higher is better) and a `measurement`, with its
                accuracy as a fraction and its latency in ms; or it has a `failure`, the reason in
                words, and neither of the two. Where the architecture was known, `repeat_of` is the
                id of the first proposal that meant it.

        Raises:
            Exception: Any error ends the run. One that is not of this package is reported as a
                `StrategyError` that quotes it.
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
    def partial_trainings(self) -> bool:
        """Whether the strategy proposes trainings of less than the full length."""


@runtime_checkable
class WarmStart(Protocol):
    """Optional ability: to learn from architectures that the strategy did not propose."""

    def start(self, trials: Sequence[Trial]) -> None:
        """Learn from finished or failed trials with negative ids, once, before the first ask.

        Args:
            trials: The trials of the architectures to start from, with ids -1, -2, ... in the order
                in which they were given. Like those of `tell`, each has a reward and a measurement,
                or a failure. They are charged to the budget, so that the strategy
                may propose that many fewer.

        Raises:
            Exception: Any error ends the run. One that is not of this package is reported as a
                `StrategyError` that quotes it.
        """


class StrategyFactory(Protocol):
    """What the catalogue holds for a strategy: its class, usually."""

    def __call__(
        self, decisions: Sequence[Decision], seed: int, budget: int, **options: Any
    ) -> Strategy:
        """Build the strategy of one run.

        Args:
            decisions: What there is to choose, at least one decision; a token list has one token
                for each of them, in order.
            seed: A whole number of at least 0, the one source of chance.
            budget: How many full trainings the run may spend, at least 1.
            options: The strategy's own options by name, as users give them; those with a default
                may be left out.

        Returns:
            The strategy, which has been asked and told nothing.

        Raises:
            UsageError: An option is wrong; the message says which, what was seen and what to give.
        """


class SearchSpace(Protocol):
    """A search space: its decisions, and which network the tokens for them mean."""

    @property
    def name(self) -> str:
        """The name that records, tables and messages call it by."""

    @property
    def options(self) -> dict[str, Any]:
        """The explicit options it was built with, as JSON values; they enter a benchmark's hash."""

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What there is to choose, at least one decision; a token list has one token for each."""

    @property
    def size(self) -> int:
        """The number of token lists, which is the product of the decisions' cardinalities."""

    @property
    def distinct(self) -> int:
        """The number of distinct networks, which is that of canonical token lists."""

    def validate(self, tokens: Sequence[int]) -> Tokens:
        """The tokens as a tuple of plain ints, once they are known to be sound.

        Args:
            tokens: A list, tuple or array with one whole number for each decision, of shape
                `(decisions,)`.

        Returns:
            The same tokens, `0 <= tokens[i] < decisions[i].cardinality`.

        Raises:
            InvalidTokensError: There are too many or too few, or one is no whole number or out of
                range; the message names the first that is wrong.
        """

    def network(
        self,
        tokens: Tokens,
        *,
        width: float = 1.0,
        input_size: int | None = None,
        classes: int = 1000,
    ) -> Network:
        """The network that tokens mean, as a graph of layers.

        Of full size, token lists with equal canonical tokens give equal networks, and others give
        different ones.

        Args:
            tokens: Valid tokens, one for each decision.
            width: The factor that the numbers of filters are multiplied by, above 0; 1 is the full
                size.
            input_size: The height and width of the images, in pixels; None means the space's own
                (224).
            classes: How many classes the network tells apart, at least 1.

        Returns:
            The network, for images of shape `(3, input_size, input_size)`, with an output of shape
            `(classes,)`.

        Raises:
            InvalidTokensError: The tokens are no token list of this space.
            InvalidNetworkError: There is no network of this width, input size or number of classes.
        """

    def encode(self, network: Network) -> Tokens:
        """The canonical tokens of a full-size network: the way back from `network`.

        Args:
            network: A network of width 1, from wherever it comes; its input size and its number of
                classes do not matter.

        Returns:
            The tokens, one for each decision: `encode(network(tokens))` is `canonical(tokens)`.

        Raises:
            InvalidNetworkError: No tokens of this space mean the network; the message says what in
                it the space cannot make.
        """

    def canonical(self, tokens: Tokens) -> Tokens:
        """The one token list that stands for all which mean the same network.

        Args:
            tokens: Valid tokens, one for each decision.

        Returns:
            Tokens that are equal for two token lists exactly where their networks are;
            `canonical(canonical(tokens))` is `canonical(tokens)`.

        Raises:
            InvalidTokensError: The tokens are no token list of this space.
        """

    def describe(self, tokens: Tokens) -> str:
        """The network in words, which for a chain of mobile blocks are its block string.

        Args:
            tokens: Valid tokens, one for each decision.

        Returns:
            One line of text, the same for all token lists that mean the same network. Pages and
            notebooks draw the network where the text is a block string of mobile blocks.

        Raises:
            InvalidTokensError: The tokens are no token list of this space.
        """

    def sample(self, rng: np.random.Generator) -> Tokens:
        """Draw tokens uniformly over all token lists.

        Args:
            rng: The generator to draw from, the one source of chance: in the same state it gives
                the same tokens.

        Returns:
            Valid tokens, one for each decision.
        """

    def neighbours(self, tokens: Tokens) -> Iterator[Tokens]:
        """Every token list that differs from this one in exactly one token.

        Args:
            tokens: Valid tokens, one for each decision.

        Returns:
            The token lists, each once: for every decision one less than its cardinality. None is
            left out because it means the same network.

        Raises:
            InvalidTokensError: The tokens are no token list of this space.
        """


@runtime_checkable
class Segmented(Protocol):
    """Optional ability of a space: its network is a chain of segments, each decided by few tokens.

    Layers of segment `s` are those whose name starts with `segments[s][0] + "/"`, and what they
    are (shapes included) depends only on tokens at the positions `segments[s][1]`. Layers outside
    every named segment are the same for all tokens. Additive models compile per-segment tables
    from this.
    """

    @property
    def segments(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Each segment's name, with the positions of the tokens that decide it, counted from 0."""


@runtime_checkable
class Embedded(Protocol):
    """Optional ability of a space: its networks are some of those of a larger space."""

    @property
    def parent(self) -> SearchSpace:
        """The larger space."""

    def embed(self, tokens: Tokens) -> Tokens:
        """The canonical tokens of the same network in `parent`.

        Args:
            tokens: Valid tokens of this space, one for each of its decisions.

        Returns:
            Canonical tokens of the parent, one for each of the parent's decisions.

        Raises:
            InvalidTokensError: The tokens are no token list of this space.
        """


class AccuracyEvaluator(Protocol):
    """Accuracy for a batch of architectures: one reading or failure each, in order.

    Law: a reading does not depend on the rest of the batch, on its order or on earlier calls; that
    of an evaluator which measures may differ each time. No global random state is read or set.
    """

    @property
    def label(self) -> str:
        """What the evaluator is and in which version, for logs and captions."""

    @property
    def fidelity(self) -> Fidelity | None:
        """How much its full training is, and on which size of network; None where nobody says."""

    def accuracy(
        self, architectures: Sequence[Architecture]
    ) -> Sequence[AccuracyReading | Failure]:
        """The accuracies after the full training.

        Args:
            architectures: One or more architectures with valid tokens of the benchmark's space.

        Returns:
            One reading or failure for each architecture, in order. An accuracy is a fraction in
            [0, 1], not percent, its standard deviation `sd` is in the same unit, and `cost_s` is in
            seconds. A `Failure` gives the reason in words.

        Raises:
            UsageError: The evaluator does not fit the benchmark, such as its space, and no
                architecture would fare better; this stops the run.
            OutsideError: Something that is no architecture's fault went wrong, such as a full disk;
                the run stops and can be resumed.
            Exception: Any other error, `InvalidNetworkError` and `InvalidCostError` among them,
                fails the architectures alone on which it is raised: after a batch each is tried by
                itself.
        """


@runtime_checkable
class Scalable(Protocol):
    """Optional ability of an accuracy evaluator: to train for a share of the full training."""

    def accuracy_at(
        self, architectures: Sequence[Architecture], fidelities: Sequence[float]
    ) -> Sequence[AccuracyReading | Failure]:
        """The accuracies after shares of the full training.

        A share of 1 gives what `accuracy` gives.

        Args:
            architectures: One or more architectures with valid tokens of the benchmark's space.
            fidelities: The share of the full training for each architecture, in (0, 1].

        Returns:
            One reading or failure for each architecture, in order, as `accuracy` gives them;
            `cost_s` is the seconds of the partial training.

        Raises:
            UsageError: The evaluator does not fit the benchmark; this stops the run.
            OutsideError: Something that is no architecture's fault went wrong; the run stops and
                can be resumed.
            Exception: Any other error fails the architecture alone that was being evaluated.
        """


class LatencyEvaluator(Protocol):
    """Latency (ms) of the full-size network for a batch of architectures, in order.

    The law of `AccuracyEvaluator` holds here too.
    """

    @property
    def label(self) -> str:
        """What the evaluator is and in which version, for logs and captions."""

    @property
    def device(self) -> str:
        """The device whose latency it is, such as `pixel1` or the name of a processor."""

    @property
    def kind(self) -> Kind:
        """How its figures come about, which captions say: `estimate`, `measured` or `synthetic`."""

    def latency(self, architectures: Sequence[Architecture]) -> Sequence[LatencyReading | Failure]:
        """The latencies of the full-size networks, whatever size the accuracies are trained at.

        Args:
            architectures: One or more architectures with valid tokens of the benchmark's space.

        Returns:
            One reading or failure for each architecture, in order. A latency is finite and above 0
            ms, its spread `sd_ms` is in ms, and `cost_s` is in seconds; each of the `other_costs`
            says its own unit. A `Failure` gives the reason in words, and such an architecture is
            not trained.

        Raises:
            UsageError: The evaluator does not fit the benchmark, such as its space, and no
                architecture would fare better; this stops the run.
            OutsideError: Something that is no architecture's fault went wrong, such as a full disk;
                the run stops and can be resumed.
            Exception: Any other error, `InvalidNetworkError` and `InvalidCostError` among them,
                fails the architectures alone on which it is raised: after a batch each is tried by
                itself.
        """

    def network_latency(self, network: Network) -> LatencyReading:
        """The latency of any network, for reference models, which have no tokens.

        Args:
            network: A graph of layers with its input size and number of classes.

        Returns:
            The latency in ms, finite and above 0.

        Raises:
            UsageError: The evaluator has no latency for such a network; the message says why.
        """


class Objective(Protocol):
    """An objective turns a measurement into a reward; higher is better."""

    def __call__(self, measurement: Measurement) -> float:
        """The reward of a measurement.

        Args:
            measurement: Its accuracy is a fraction in [0, 1], its latency is in ms and above 0. An
                objective of a benchmark goes by these two alone, so that the reward can be told
                again from a log.

        Returns:
            The reward, finite and at least 0: 0 is what a run that finds nothing scores.

        Raises:
            UsageError: There is no reward for it; the trial fails, and the message is its reason.
        """


class BenchmarkObjective(Objective, Protocol):
    """An objective that stands in a benchmark and its reports."""

    @property
    def name(self) -> str:
        """The name that reports and captions call it by."""

    @property
    def target_ms(self) -> float:
        """The target latency T in ms; reports count the networks that are within it."""

    def record(self) -> dict[str, Any]:
        """Everything that decides a reward, as JSON values, `name` and `target_ms` among them."""
