"""Small spaces gone through whole: members, the optimum, and ranks of what is trained anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.collecting import members as members_module
from nasbench_mobile.collecting import retrained
from nasbench_mobile.collecting.members import every_architecture, members, optimum
from nasbench_mobile.collecting.retrained import retrained_ranks
from nasbench_mobile.errors import UsageError
from nasbench_mobile.objectives.mnasnet import LatencyObjective
from nasbench_mobile.search.problem import Problem
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.mnasnet_coarse import MnasNetCoarseSpace
from nasbench_mobile.tables.table import Table
from nasbench_mobile.types import AccuracyReading, Failure, LatencyReading, Tokens

COARSE = MnasNetCoarseSpace()
Make = Callable[..., Table]
TARGET_MS = 50.0


def place(tokens: Tokens) -> int:
    """0 to 107, in mixed radix."""
    a, b, c, d, e = tokens
    return (((a * 3 + b) * 2 + c) * 2 + d) * 3 + e


@dataclass
class ByPlace:
    """Accuracy 0.1 + place / 1000, or what `special` has for a place; some places fail."""

    special: dict[int, float]
    failing: tuple[int, ...] = ()
    label: str = "by place"
    fidelity: Any = None

    def accuracy(self, architectures: Sequence[Architecture]) -> list[AccuracyReading | Failure]:
        found = [place(architecture.tokens) for architecture in architectures]
        return [
            Failure("lost")
            if k in self.failing
            else AccuracyReading(self.special.get(k, 0.1 + k / 1000))
            for k in found
        ]


@dataclass
class Constant:
    """60 ms for all, but for those of `special`."""

    special: dict[int, float]
    label: str = "constant"
    device: str = "none"
    kind: Any = "synthetic"

    def latency(self, architectures: Sequence[Architecture]) -> list[LatencyReading]:
        return [LatencyReading(self.special.get(place(one.tokens), 60.0)) for one in architectures]

    def network_latency(self, network: Any) -> LatencyReading:
        return LatencyReading(60.0)


def problem(noisy: dict[int, float], true: dict[int, float], **options: Any) -> Problem:
    failing = options.get("failing", ())
    return Problem(
        space=COARSE,
        accuracy=ByPlace(noisy, failing),
        noise_free=ByPlace(true, failing),
        latency=Constant(options.get("latency", {})),
        objective=LatencyObjective(alpha=0.0, beta=-1.0, target_ms=TARGET_MS),
    )


def tokens_at(wanted: int) -> Tokens:
    return next(a.tokens for a in every_architecture(COARSE) if place(a.tokens) == wanted)


def test_the_optimum_is_by_noise_free_reward() -> None:
    """Place 3 looks best with noise, 50 is in truth; 90 is more accurate, and too slow."""
    best = optimum(
        problem(
            {3: 0.99, 50: 0.2, 90: 0.9}, {50: 0.8, 90: 0.9}, latency={90: 100.0}, failing=(7, 8, 9)
        )
    )
    assert best == {
        "tokens": list(tokens_at(50)),
        "reward": pytest.approx(0.8 * 50 / 60),
        "accuracy": 0.8,
        "latency_ms": 60.0,
        "architectures": 108,
        "failed": 3,
    }


def test_of_equal_optima_the_first_is_told() -> None:
    assert optimum(problem({}, {20: 0.7, 21: 0.7}))["tokens"] == list(tokens_at(20))


def test_a_space_without_any_result_is_said() -> None:
    with pytest.raises(UsageError, match="none of the 108 architectures"):
        optimum(problem({}, {}, failing=tuple(range(108))))


def test_architectures_come_in_their_order_and_canonical() -> None:
    found = [architecture.tokens for architecture in every_architecture(COARSE)]
    assert found == sorted(found)
    assert [place(tokens) for tokens in found] == list(range(108))

    class Halved(MnasNetCoarseSpace):
        def canonical(self, tokens: Tokens) -> Tokens:
            return (0, *self.validate(tokens)[1:])

    halved = [one.tokens for one in every_architecture(Halved())]
    assert halved == [tokens for tokens in found if tokens[0] == 0]


def test_members_are_canonical_tokens_of_the_tables_space() -> None:
    parent = MnasNetSpace()
    found = members(COARSE)
    assert len(found) == 108
    assert COARSE.embed((2, 1, 0, 1, 2)) in found
    assert all(parent.canonical(tokens) == tokens for tokens in found)


def test_a_space_too_large_to_list_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="up to 100,000 can be gone through"):
        members(MnasNetSpace())
    monkeypatch.setattr(members_module, "ENUMERABLE", 107)
    with pytest.raises(UsageError, match="has 108 token lists; up to 107"):
        members(COARSE)
    monkeypatch.setattr(members_module, "ENUMERABLE", 108)
    assert len(members(COARSE)) == 108


def test_what_is_trained_anew_is_ranked_by_its_new_mean(synthetic_table: Make) -> None:
    """Rewards in the table are 0.1 + place / 1000 at 60 ms: 50 / 60 of the accuracy."""
    embedded = {k: COARSE.embed(tokens_at(k)) for k in range(108)}
    known = synthetic_table(tokens=[embedded[0]], repeated=0)
    new = {10: (0.1505, 0.1525), 40: (0.1975,), 0: (0.1961, 0.1962, 0.1963), 1: (0.05,)}
    rows = [
        replace(known.rows[0], tokens=embedded[k], seed=7 + seed, accuracy=accuracy)
        for k, accuracies in new.items()
        for seed, accuracy in enumerate(accuracies)
    ]
    # Place 100 is above all in the noisy reading alone, and counts with what was told of it.
    task = problem({100: 0.9}, {})
    found = retrained_ranks(task, known, replace(known, rows=tuple(rows)))
    by_place = {place(tokens_at(k)): row for k, row in zip(new, found, strict=True)}
    assert [tuple(row["tokens"]) for row in found] == [embedded[k] for k in new]
    assert [row["seeds"] for row in found] == [2, 1, 3, 1]
    assert by_place[10]["accuracy"] == pytest.approx(0.1515)
    assert by_place[10]["reward"] == pytest.approx(0.1515 * 50 / 60)
    assert by_place[10]["table_reward"] == pytest.approx(0.110 * 50 / 60)
    assert by_place[10]["latency_ms"] == 60.0
    # Above 0.1515 lie places 52 to 107; above 0.1975 98 to 107; above 0.1962 97 to 107.
    assert by_place[10]["better_share"] == pytest.approx(56 / 108)
    assert by_place[40]["better_share"] == pytest.approx(10 / 108)
    assert by_place[0]["better_share"] == pytest.approx(11 / 108)
    assert by_place[1]["better_share"] == 1.0
    assert [row["in_top"] for row in found] == [False, True, False, False]


def test_an_equal_reward_is_not_better_and_the_tops_end_is_outside(
    synthetic_table: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trained anew to the accuracy of place 97 or 96, it has 10 or 11 of 108 above it."""
    tokens = COARSE.embed(tokens_at(0))
    known = synthetic_table(tokens=[tokens], repeated=0)
    monkeypatch.setattr(retrained, "TOP", 11 / 108)
    for at, better, in_top in ((97, 10, True), (96, 11, False)):
        row = replace(known.rows[0], seed=9, accuracy=0.1 + at / 1000)
        [found] = retrained_ranks(problem({}, {}), known, replace(known, rows=(row,)))
        assert (found["better_share"], found["in_top"]) == (better / 108, in_top)


def test_what_is_not_of_the_space_or_known_already_is_named(synthetic_table: Make) -> None:
    known = synthetic_table(tokens=[COARSE.embed(tokens_at(0))], repeated=0)
    [row] = known.rows
    task = problem({}, {}, failing=(5,))
    foreign = replace(row, tokens=(0,) * 42, seed=9)
    for one in (foreign, replace(row, tokens=COARSE.embed(tokens_at(5)), seed=9)):
        with pytest.raises(UsageError, match="is not of the benchmark's space"):
            retrained_ranks(task, known, replace(known, rows=(one,)))
    with pytest.raises(UsageError, match="seed 0 is in the table already"):
        retrained_ranks(task, known, known)
    header = replace(known.header, training={**known.header.training, "width": 0.5})
    with pytest.raises(UsageError, match="training.width is 0.35 in the table and 0.5 in the new"):
        retrained_ranks(task, known, replace(known, header=header))
