from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import UsageError
from nasbench_mobile.evaluators.tabular import TabularAccuracy
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.spaces.mnasnet_coarse import MnasNetCoarseSpace
from nasbench_mobile.tables.writing import write_table
from nasbench_mobile.types import AccuracyReading, Failure

Make = Callable[..., Any]
SPACE, COARSE = MnasNetSpace(), MnasNetCoarseSpace()


def test_an_accuracy_is_the_mean_over_its_seeds(tmp_path: Path, synthetic_table: Make) -> None:
    table = synthetic_table(3, repeated=1)
    write_table(tmp_path / "mine.jsonl", table)
    evaluator = TabularAccuracy.from_file(tmp_path / "mine.jsonl")
    (first, rows), (second, [row]), _ = table.architectures().items()
    both = evaluator.accuracy([Architecture(SPACE, first), Architecture(SPACE, second)])
    assert all(isinstance(reading, AccuracyReading) for reading in both)
    values = [row.accuracy for row in rows]
    assert both[0].accuracy == pytest.approx(sum(values) / 3)  # type: ignore[union-attr]
    assert both[0].sd > 0  # type: ignore[union-attr, operator]
    assert (both[1].accuracy, both[1].sd) == (row.accuracy, None)  # type: ignore[union-attr]
    assert both[1].cost_s == 10.0  # type: ignore[union-attr]
    assert evaluator.fidelity.epochs == 1.0
    assert both[1].fidelity == evaluator.fidelity  # type: ignore[union-attr]
    assert evaluator.label == "mine: 3 trained architectures"


def test_what_is_not_there_is_a_failure(synthetic_table: Make) -> None:
    table = synthetic_table(2, repeated=0)
    failed = replace(table.rows[0], accuracy=None, failure="it diverged")
    evaluator = TabularAccuracy(replace(table, rows=(failed, table.rows[1])))
    known, unknown = table.rows[0].tokens, (0,) * 42
    [one, other] = evaluator.accuracy([Architecture(SPACE, t) for t in (known, unknown)])
    assert one == Failure("its training failed: it diverged")
    assert isinstance(other, Failure)
    assert "not among the 1 architectures" in other.reason


def test_a_part_of_the_space_is_served(synthetic_table: Make) -> None:
    tokens = [(a, 0, 0, 0, 0) for a in range(3)]
    table = synthetic_table(tokens=[COARSE.embed(one) for one in tokens], repeated=0)
    evaluator = TabularAccuracy(table)
    found = evaluator.accuracy([Architecture(COARSE, one) for one in tokens])
    assert [reading.accuracy for reading in found] == [  # type: ignore[union-attr]
        row.accuracy for row in table.rows
    ]


def test_another_space_is_refused(synthetic_table: Make) -> None:
    evaluator = TabularAccuracy(synthetic_table(2))
    for space in (MnasNetAnbSpace(), MnasNetSpace(width=0.5)):
        tokens = (0,) * len(space.decisions)
        with pytest.raises(UsageError, match="use that space"):
            evaluator.accuracy([Architecture(space, tokens)])


def test_an_empty_table_is_refused(synthetic_table: Make) -> None:
    with pytest.raises(UsageError, match="collect some first"):
        TabularAccuracy(replace(synthetic_table(1), rows=()))
