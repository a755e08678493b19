"""Reference networks trained on our own data: means, errors, and what the table holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import variance
from typing import Any

import pytest

from nasbench_mobile.reproduce import our_trainings as own_table
from nasbench_mobile.reproduce.our_trainings import NAME, Trained
from nasbench_mobile.tables.row import Row

A1, V2 = ("mnasnet-a1", 1.0, 224), ("mobilenet-v2", 1.0, 224)


def test_an_accuracy_is_the_mean_over_seeds() -> None:
    trained = Trained({A1: (0.6, 0.61, 0.65), ("mnasnet-a1", 0.5, 224): (0.4,)})
    assert trained.accuracy("mnasnet-a1", 1.0, 224) == pytest.approx(0.62)
    assert trained.accuracy("mnasnet-a1", 0.5, 224) == 0.4
    assert trained.accuracy("mnasnet-a1", 1.0, 192) is None
    assert Trained({A1: ()}).accuracy(*A1) is None


def test_a_difference_has_the_error_of_both_means() -> None:
    trained = Trained({A1: (0.6, 0.62, 0.61, 0.61), V2: (0.5,)}, seed_sd=0.02)
    # 0.0004 / 4 + 0.0004
    assert trained.difference(A1, V2) == pytest.approx((0.11, 0.0005**0.5))
    # 3 x 0.61 less 2 x 0.5, 9 x 0.0001 + 4 x 0.0004
    assert trained.difference(A1, V2, (3.0, 2.0)) == pytest.approx((0.83, 0.0025**0.5))
    assert trained.difference(V2, A1, (3.0, 2.0)) == pytest.approx((0.28, 0.004**0.5))


def test_what_there_is_is_said() -> None:
    assert Trained().said() == (
        f"no table of {NAME} is here yet: its half of the claims needs ImageNet"
    )
    words = f"2 reference networks are trained in the table of {NAME}"
    assert Trained({A1: (0.6,), V2: (0.5,)}).said() == f"{words}, nothing of it with two seeds"
    assert Trained({A1: (0.6,), V2: (0.5,)}, 0.0123).said() == (
        f"{words}; two seeds of one network differ by 1.23% (standard deviation)"
    )


def test_what_decides_is_a_verdict_and_what_does_not_a_sentence() -> None:
    [holds], said = own_table.decided("diversity-trained", True, "2 of 3")
    assert (holds.status, holds.benchmark, said) == ("holds on our benchmark", NAME, [])
    [fails], said = own_table.decided("diversity-trained", False, "2 of 3")
    assert (fails.status, said) == ("does not hold", [])
    assert own_table.decided("diversity-trained", None, "2 of 3") == (
        [], [f"2 of 3: {NAME} does not decide it"],
    )  # fmt: skip


def trained(name: str | None, seed: int, accuracy: float | None, multiplier: float = 1.0) -> Row:
    """A training of a reference network, or of an architecture where there is no name."""
    return Row(
        None if name else (1,) * 42, seed, "reference" if name else "given", name=name,
        width=multiplier, accuracy=accuracy,
        failure=None if accuracy is not None else "diverged",
    )  # fmt: skip


def test_references_are_told_by_name_and_scale_and_seeds_pooled_over_everything(
    monkeypatch: pytest.MonkeyPatch, synthetic_table: Callable[..., Any]
) -> None:
    groups = {A1: (0.60, 0.62), ("mnasnet-a1", 0.5, 224): (0.4,), (None, 1.0, 224): (0.3, 0.36)}
    rows = [
        trained(name, seed, accuracy, multiplier)
        for (name, multiplier, _), values in groups.items()
        for seed, accuracy in enumerate(values)
    ]
    rows.append(trained("mnasnet-a1", 7, None))
    table = replace(synthetic_table(2), rows=tuple(rows))
    monkeypatch.setattr(own_table, "table_place", lambda: Path("table.jsonl"))
    monkeypatch.setattr(own_table, "read_table", lambda place: table)
    found = own_table.trained_references()
    assert found.accuracies == {A1: (0.60, 0.62), ("mnasnet-a1", 0.5, 224): (0.4,)}
    # an architecture's seeds count for the spread too: two variances of one degree each
    pooled = (variance((0.60, 0.62)) + variance((0.3, 0.36))) / 2
    assert found.seed_sd == pytest.approx(pooled**0.5)


def test_the_published_table_has_all_references(monkeypatch: pytest.MonkeyPatch) -> None:
    found = own_table.trained_references()
    assert len(found.accuracies) == 26
    place = own_table.table_place()
    assert place is not None
    rows = [json.loads(line) for line in place.read_text().splitlines()]
    a1 = [
        row["accuracy"]
        for row in rows
        if row.get("name") == "mnasnet-a1" and not row.keys() & {"depth_multiplier", "input_size"}
    ]
    assert sorted(found.accuracies[A1]) == sorted(a1)
    monkeypatch.setattr(own_table, "built_in_names", lambda: ["imagenet-pixel1"])
    assert own_table.table_place() is None
    assert own_table.trained_references() == Trained()
