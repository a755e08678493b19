"""Noise: a function of the architecture and the seed, and of nothing else."""

from __future__ import annotations

import pickle
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import UsageError
from nasbench_mobile.evaluators.noise import NoisyAccuracy
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.surrogates.accuracy import SurrogateAccuracy
from nasbench_mobile.types import AccuracyReading, Failure, Fidelity

SD = 0.0026
FIRST_NOISE = [-1.015067222668, -0.615603456487, 0.038319348999]
"""Of three architectures with seed 0: logs of noisy benchmarks rest on these never changing."""


class Constant:
    """An evaluator that gives one reading for everything, or one failure."""

    label = "constant"

    def __init__(self, reading: AccuracyReading | Failure) -> None:
        self.fidelity = reading.fidelity if isinstance(reading, AccuracyReading) else None
        self._reading = reading

    def accuracy(
        self, architectures: Sequence[Architecture]
    ) -> Sequence[AccuracyReading | Failure]:
        return [self._reading] * len(architectures)


def architectures(count: int, seed: int = 0) -> list[Architecture]:
    space, rng = MnasNetAnbSpace(), np.random.default_rng(seed)
    return [Architecture(space, space.sample(rng)) for _ in range(count)]


def test_order_batch_and_process_do_not_matter(surrogate: SurrogateAccuracy) -> None:
    batch = architectures(50)
    readings = NoisyAccuracy(surrogate, SD, 5).accuracy(batch)
    other = pickle.loads(pickle.dumps(NoisyAccuracy(surrogate, SD, 5)))
    assert [other.accuracy([one])[0] for one in reversed(batch)] == list(reversed(readings))


def test_the_noise_of_some_architectures_is_what_it_always_was() -> None:
    noisy = NoisyAccuracy(Constant(AccuracyReading(0.5)), SD, 0)
    space = MnasNetAnbSpace()
    found = [noisy.standard_noise(Architecture(space, (k,) + (0,) * 27)) for k in range(3)]
    assert found == FIRST_NOISE


def test_it_is_normal_with_the_sd_and_differs_between_seeds() -> None:
    base = Constant(AccuracyReading(0.5))
    batch = architectures(4000)
    draws = [
        np.array([r.accuracy - 0.5 for r in NoisyAccuracy(base, SD, seed).accuracy(batch)])  # type: ignore[union-attr]
        for seed in (0, 1)
    ]
    for draw in draws:
        assert stats.kstest(draw / SD, "norm").pvalue > 0.01
        assert draw.std() == pytest.approx(SD, rel=0.05)
    assert abs(np.corrcoef(draws)[0, 1]) < 0.06  # about 4 standard errors


def test_token_lists_of_one_network_have_one_noise() -> None:
    space = MnasNetSpace()
    rng = np.random.default_rng(0)
    samples = [space.sample(rng) for _ in range(300)]
    unlike = next(tokens for tokens in samples if space.canonical(tokens) != tokens)
    noisy = NoisyAccuracy(Constant(AccuracyReading(0.5)), SD, 0)
    first, second = noisy.accuracy(
        [Architecture(space, unlike), Architecture(space, space.canonical(unlike))]
    )
    assert first == second


def test_what_the_reading_says_is_kept() -> None:
    base = AccuracyReading(0.5, sd=0.0, cost_s=3.0, extrapolated=True, fidelity=Fidelity(epochs=5))
    noisy = NoisyAccuracy(Constant(base), SD, 9)
    [reading] = noisy.accuracy(architectures(1))
    assert isinstance(reading, AccuracyReading)
    assert (reading.cost_s, reading.extrapolated, reading.sd) == (3.0, True, SD)
    assert reading.fidelity == Fidelity(epochs=5, seed=9) == noisy.fidelity
    assert noisy.noise_free.accuracy(architectures(1)) == [base]
    assert "seed 9" in noisy.label


@pytest.mark.parametrize("accuracy", [0.0, 1.0])
def test_it_stays_a_fraction(accuracy: float) -> None:
    noisy = NoisyAccuracy(Constant(AccuracyReading(accuracy)), 0.1, 0)
    values = [r.accuracy for r in noisy.accuracy(architectures(50))]  # type: ignore[union-attr]
    assert 0.0 <= min(values) < max(values) <= 1.0
    assert accuracy in values  # clipped about half of the time


def test_a_failure_stays_one() -> None:
    failure = Failure("diverged")
    assert NoisyAccuracy(Constant(failure), SD, 0).accuracy(architectures(2)) == [failure] * 2


@pytest.mark.parametrize("sd", [-0.1, float("nan"), float("inf")])
def test_an_sd_that_cannot_be_is_refused(sd: float) -> None:
    with pytest.raises(UsageError, match="noise sd"):
        NoisyAccuracy(Constant(AccuracyReading(0.5)), sd, 0)
