"""Token lists of a user's, evaluated: in order, repeats reused, mistakes named."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.errors import UsageError


def test_trials_come_in_order_and_equal_those_of_a_run() -> None:
    benchmark = load_benchmark("imagenet-pixel1")
    space = benchmark.build_space()
    lists = [space.sample(np.random.default_rng(seed)) for seed in (1, 2, 1)]
    trials = benchmark.evaluate(np.array(lists))
    assert [trial.tokens for trial in trials] == lists
    assert [trial.repeat_of for trial in trials] == [None, None, 0]
    assert trials[0].measurement == trials[2].measurement
    assert benchmark.evaluate([lists[1]])[0].reward == trials[1].reward
    assert benchmark.evaluate([]) == []


def test_noise_is_that_of_the_seed() -> None:
    benchmark = load_benchmark("imagenet-pixel1-noisy")
    tokens = [[0] * len(benchmark.decisions)]
    rewards = [benchmark.evaluate(tokens, seed)[0].reward for seed in (0, 0, 1)]
    assert rewards[0] == rewards[1] != rewards[2]


def test_a_failure_is_a_value() -> None:
    """The table of this benchmark does not know every architecture."""
    benchmark = load_benchmark("mnasnet-cifar10-host")
    [trial] = benchmark.evaluate([[0] * len(benchmark.decisions)])
    assert trial.ok or trial.failure


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ([1, 2], "token list 1 is malformed: got 2 tokens"),
        (3, "token list 1 is 3; give a list of 28 whole numbers"),
        ([0.5] * 28, "token list 1 is "),
        ([99] * 28, "token list 1 is malformed: .*99"),
        ("abc", "token list 1 is 'abc'"),
    ],
)
def test_malformed_tokens_are_errors_in_words(wrong: object, words: str) -> None:
    benchmark = load_benchmark("imagenet-pixel1")
    with pytest.raises(UsageError, match=words):
        benchmark.evaluate([[0] * 28, wrong])  # type: ignore[list-item]
