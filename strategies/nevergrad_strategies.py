"""Nevergrad's strategies: each is a family of its optimizers with defaults of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from nasbench_mobile.strategies._nevergrad import NevergradSearch
from nasbench_mobile.types import Decision, StrategyCard


class NevergradDiscrete(NevergradSearch):
    """Nevergrad's `PortfolioDiscreteOnePlusOne`: mutates the best so far, a random number of tokens
    at a time.

    Source: Nevergrad (https://facebookresearch.github.io/nevergrad), whose documentation names it
    for discrete variables (pages "machinelearning" and "optimization"); the mutation is that of
    Dang and Lehre (arXiv 1606.05551).

    Args:
        decisions: what to choose, one token each.
        seed: any whole number from 0.
        budget: proposals the run will make; given to Nevergrad.
        optimizer: one of `OPTIMIZERS`, by its name in Nevergrad.
        encoding: "ordinal" is one real number per decision, cut at normal quantiles; "categorical"
            is a weight per value. The default is ordinal: the mutation draws a number anew, so
            that the order of values does not count, and it costs a fifth (0.3 against 1.6 ms per
            proposal of 28 tokens). Neither searched better on made-up rewards with interactions
            (10 seeds, best after 1,000 proposals 22.6 against 22.2, after 4,000 23.7 and 23.9,
            random search 14.3 and 15.8).
        num_workers: evaluations in flight at once that Nevergrad is told of (its default: 1).

    Failed trials are told with the worst finite loss so far; those before the first loss wait for
    it. Until a first loss is known proposals are uniform. Trials of a warm start are suggested to
    Nevergrad and told.

    >>> from nasbench_mobile.types import Decision, Measurement, Trial
    >>> decisions = [Decision(f"d{i}", 3) for i in range(5)]
    >>> search = NevergradDiscrete(decisions, seed=0, budget=200)
    >>> best = 0.0
    >>> for _ in range(200):
    ...     [proposal] = search.ask(1)
    ...     reward = sum(proposal.tokens) / 10
    ...     search.tell([Trial(proposal, Measurement(reward, latency_ms=1.0), reward)])
    ...     best = max(best, reward)
    >>> best
    1.0
    """

    card: ClassVar = StrategyCard(
        family="evolution",
        library="Nevergrad",
        source="Dang and Lehre, PPSN 2016, https://arxiv.org/abs/1606.05551; "
        "https://facebookresearch.github.io/nevergrad",
        shines="As a first choice for discrete tokens of any budget: it mutates the best so "
        "far, by one token or many, costs little and has nothing to tune.",
    )
    OPTIMIZERS: ClassVar = (
        "PortfolioDiscreteOnePlusOne",
        "DiscreteOnePlusOne",
        "DoubleFastGADiscreteOnePlusOne",
        "DiscreteLenglerOnePlusOne",
        "AdaptiveDiscreteOnePlusOne",
        "DiscreteBSOOnePlusOne",
        "RLSOnePlusOne",
    )
    """The optimizers that draw from their own random state (the lognormal ones do not)."""
    UNIFORM_START: ClassVar = True

    def __init__(
        self, decisions: Sequence[Decision], seed: int, budget: int, *,
        optimizer: str = "PortfolioDiscreteOnePlusOne",
        encoding: str = "ordinal", num_workers: int = 1,
    ) -> None:  # fmt: skip
        super().__init__(decisions, seed, budget, optimizer, encoding, num_workers)


class NevergradDE(NevergradSearch):
    """Nevergrad's `TwoPointsDE`: differential evolution (Storn and Price 1997), curr-to-best, with
    two-point crossover, population `max(30, num_workers)`, initially uniform over tokens.

    Source: Nevergrad (https://facebookresearch.github.io/nevergrad), whose documentation calls it
    excellent in many cases (page "optimization") and pairs it with `Choice` for discrete variables
    (page "machinelearning").

    Args:
        decisions: what to choose, one token each.
        seed: any whole number from 0.
        budget: proposals the run will make; given to Nevergrad.
        optimizer: one of `OPTIMIZERS`, by its name in Nevergrad.
        encoding: "categorical" is a weight per value, "ordinal" one real number per decision, cut
            at normal quantiles, so that values count as ordered. The default is categorical, as
            the documentation pairs them, and because it searched better on made-up rewards with
            interactions (10 seeds, best after 1,000 proposals 21.4 against 19.2, after 4,000 23.2
            against 22.4, random search 14.3 and 15.8), at 1.6 against 0.3 ms per proposal of 28
            tokens.
        num_workers: evaluations in flight at once that Nevergrad is told of (its default: 1); a
            population is never smaller.

    Failed trials are told with the worst finite loss so far; those before the first loss wait for
    it. Trials of a warm start are suggested to Nevergrad and told.

    >>> from nasbench_mobile.types import Decision, Measurement, Trial
    >>> decisions = [Decision(f"d{i}", 3) for i in range(5)]
    >>> search = NevergradDE(decisions, seed=0, budget=400)
    >>> best = 0.0
    >>> for _ in range(400):
    ...     [proposal] = search.ask(1)
    ...     reward = sum(proposal.tokens) / 10
    ...     search.tell([Trial(proposal, Measurement(reward, latency_ms=1.0), reward)])
    ...     best = max(best, reward)
    >>> best
    1.0
    """

    card: ClassVar = StrategyCard(
        family="evolution",
        library="Nevergrad",
        source="Storn and Price, Journal of Global Optimization 11, 1997; "
        "https://facebookresearch.github.io/nevergrad (TwoPointsDE)",
        shines="With budgets of thousands: a population that keeps recombining when (1+1) "
        "strategies sit in a local optimum; slow to start.",
    )
    OPTIMIZERS: ClassVar = ("TwoPointsDE", "DE", "RotatedTwoPointsDE", "DiscreteDE", "LPSDE")

    def __init__(
        self, decisions: Sequence[Decision], seed: int, budget: int, *,
        optimizer: str = "TwoPointsDE",
        encoding: str = "categorical", num_workers: int = 1,
    ) -> None:  # fmt: skip
        super().__init__(decisions, seed, budget, optimizer, encoding, num_workers)


class NevergradCMA(NevergradSearch):
    """Nevergrad's `CMA`: covariance matrix adaptation (Hansen and Ostermeier, Evolutionary
    Computation 9(2), 2001, in the package cma), with a form that Nevergrad chooses by dimension
    and budget.

    Source: Nevergrad (https://facebookresearch.github.io/nevergrad).

    Args:
        decisions: what to choose, one token each.
        seed: any whole number from 0.
        budget: proposals the run will make; given to Nevergrad.
        optimizer: one of `OPTIMIZERS`, by its name in Nevergrad.
        encoding: "ordinal" is one real number per decision, cut at normal quantiles: made for real
            numbers, it can follow ordered decisions there; "categorical" is a weight per value,
            with about three times the variables. The default is ordinal: it searched no worse
            (benchmark imagenet-pixel1, 6 seeds, mean best reward of 1,000 proposals 0.654 against
            0.652), at a seventh of the cost. There it starts around the middle values of
            each decision, with a spread that Nevergrad chooses by dimension and budget.
        num_workers: evaluations in flight at once that Nevergrad is told of (its default: 1).

    Failed trials are told with the worst finite loss so far; those before the first loss wait for
    it. Trials of a warm start are suggested to Nevergrad and told.

    >>> from nasbench_mobile.types import Decision, Measurement, Trial
    >>> decisions = [Decision(f"d{i}", 3) for i in range(5)]
    >>> search = NevergradCMA(decisions, seed=0, budget=600)
    >>> best = 0.0
    >>> for _ in range(600):
    ...     [proposal] = search.ask(1)
    ...     reward = sum(proposal.tokens) / 10
    ...     search.tell([Trial(proposal, Measurement(reward, latency_ms=1.0), reward)])
    ...     best = max(best, reward)
    >>> best
    1.0
    """

    card: ClassVar = StrategyCard(
        family="evolution",
        library="Nevergrad",
        source="Hansen and Ostermeier, Evolutionary Computation 9(2), 2001; "
        "https://facebookresearch.github.io/nevergrad (CMA)",
        shines="Where most decisions are ordered and act together, as widths and depths do: it "
        "learns which of them to move at once. Unordered ones are against its grain.",
    )
    OPTIMIZERS: ClassVar = ("CMA", "DiagonalCMA", "CMAstd", "CMAtuning", "CMAsmall")

    def __init__(
        self, decisions: Sequence[Decision], seed: int, budget: int, *,
        optimizer: str = "CMA",
        encoding: str = "ordinal", num_workers: int = 1,
    ) -> None:  # fmt: skip
        super().__init__(decisions, seed, budget, optimizer, encoding, num_workers)


class NevergradNGOpt(NevergradSearch):
    """Nevergrad's `NGOpt` (Meunier et al., "Black-Box Optimization Revisited", IEEE Transactions
    on Evolutionary Computation 26(3), 2022, arXiv 2010.04542): chooses among Nevergrad's
    optimizers by the kind and number of variables, the budget and the workers.

    Source: Nevergrad (https://facebookresearch.github.io/nevergrad), whose documentation names it
    for those who do not want to choose (page "optimization").

    Args:
        decisions: what to choose, one token each.
        seed: any whole number from 0.
        budget: proposals the run will make; given to Nevergrad.
        optimizer: one of `OPTIMIZERS`, by its name in Nevergrad.
        encoding: what it chooses hangs on it. "ordinal", one real number per decision, looks
            continuous to it: Nevergrad 1.0.12 chooses CMA, mostly with a quadratic model. With
            "categorical", a weight per value, it knows that the variables are discrete, and
            chooses `DiscreteLenglerOnePlusOne` whatever the size and budget. The default is
            ordinal: it searched as well (benchmark imagenet-pixel1, 6 seeds, mean best reward of
            1,000 proposals 0.658 both) at a third of the cost, and `nevergrad-lengler` is the
            other one.
        num_workers: evaluations in flight at once that Nevergrad is told of; from 2 up, because
            for one it may choose an optimizer that waits in a thread of its own for each result
            and hangs where more are in flight.

    Failed trials are told with the worst finite loss so far; those before the first loss wait for
    it. Until a first loss is known proposals are uniform. Trials of a warm start are
    suggested to Nevergrad and told.

    >>> from nasbench_mobile.types import Decision, Measurement, Trial
    >>> decisions = [Decision(f"d{i}", 3) for i in range(5)]
    >>> search = NevergradNGOpt(decisions, seed=0, budget=300)
    >>> best = 0.0
    >>> for _ in range(300):
    ...     [proposal] = search.ask(1)
    ...     reward = sum(proposal.tokens) / 10
    ...     search.tell([Trial(proposal, Measurement(reward, latency_ms=1.0), reward)])
    ...     best = max(best, reward)
    >>> best
    1.0
    """

    card: ClassVar = StrategyCard(
        family="evolution",
        library="Nevergrad",
        source="Meunier et al., IEEE TEC 26(3), 2022, https://arxiv.org/abs/2010.04542; "
        "https://facebookresearch.github.io/nevergrad (NGOpt)",
        shines="When nothing is known of the problem and one strategy must do: a sound choice "
        "for any budget, seldom the best one.",
    )
    OPTIMIZERS: ClassVar = ("NGOpt", "NGOpt39", "NGOpt16")
    """Wizards that ask and tell in the caller's thread (NgIohTuned may wait for one of its own)."""
    FEWEST_WORKERS: ClassVar = 2
    UNIFORM_START: ClassVar = True

    def __init__(
        self, decisions: Sequence[Decision], seed: int, budget: int, *,
        optimizer: str = "NGOpt",
        encoding: str = "ordinal", num_workers: int = 2,
    ) -> None:  # fmt: skip
        super().__init__(decisions, seed, budget, optimizer, encoding, num_workers)


class NevergradPSO(NevergradSearch):
    """Nevergrad's `PSO`: particle swarm optimisation (Zambrano-Bigiarini et al., "Standard
    Particle Swarm Optimisation 2011", IEEE CEC 2013), 40 particles, initially uniform over tokens.

    Source: Nevergrad (https://facebookresearch.github.io/nevergrad), whose documentation calls it
    robust, with many workers too (page "optimization").

    Args:
        decisions: what to choose, one token each.
        seed: any whole number from 0.
        budget: proposals the run will make; given to Nevergrad.
        optimizer: one of `OPTIMIZERS`, by its name in Nevergrad.
        encoding: "ordinal" is one real number per decision, cut at normal quantiles, where a
            particle passes neighbouring values on its way; "categorical" is a
            weight per value. The default is ordinal: it searched better (benchmark imagenet-pixel1,
            6 seeds, mean best reward of 1,000 proposals 0.652 against 0.650), at a tenth of the
            cost.
        num_workers: evaluations in flight at once that Nevergrad is told of (its default: 1).

    Failed trials are told with the worst finite loss so far; those before the first loss wait for
    it. Trials of a warm start are suggested to Nevergrad and told.

    >>> from nasbench_mobile.types import Decision, Measurement, Trial
    >>> decisions = [Decision(f"d{i}", 3) for i in range(5)]
    >>> search = NevergradPSO(decisions, seed=0, budget=800)
    >>> best = 0.0
    >>> for _ in range(800):
    ...     [proposal] = search.ask(1)
    ...     reward = sum(proposal.tokens) / 10
    ...     search.tell([Trial(proposal, Measurement(reward, latency_ms=1.0), reward)])
    ...     best = max(best, reward)
    >>> best
    1.0
    """

    card: ClassVar = StrategyCard(
        family="evolution",
        library="Nevergrad",
        source="Zambrano-Bigiarini et al., IEEE CEC 2013; "
        "https://facebookresearch.github.io/nevergrad (PSO)",
        shines="With many evaluations in flight, as its particles move each for itself, and on "
        "rugged rewards that mislead (1+1) strategies; it needs thousands of trials.",
    )
    OPTIMIZERS: ClassVar = ("PSO", "RealSpacePSO", "QOPSO", "SQOPSO")

    def __init__(
        self, decisions: Sequence[Decision], seed: int, budget: int, *,
        optimizer: str = "PSO",
        encoding: str = "ordinal", num_workers: int = 1,
    ) -> None:  # fmt: skip
        super().__init__(decisions, seed, budget, optimizer, encoding, num_workers)
