from __future__ import annotations

import json
from typing import Any

import pytest

from nasbench_mobile.errors import UsageError
from nasbench_mobile.training.preparation import Preparation


def test_a_record_gives_the_preparation_back() -> None:
    made = Preparation(96, 0.75, "side", "float32", (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    read = json.loads(json.dumps(made.record()))
    assert read["resampling"] == "bilinear"
    assert Preparation.from_record(read) == made


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"share": 0}, "share is 0.0; it is above 0"),
        ({"share": 1.1}, "share is 1.1"),
        ({"size": 0}, "size is 0; it must be at least 1"),
        ({"size": "32"}, "size is '32'; it must be a whole number"),
        ({"rounded": "corner"}, "rounds 'corner'"),
        ({"depth": "int4"}, "keeps 'int4'"),
        ({"resampling": "bicubic"}, "resampling 'bicubic' is not known here, only 'bilinear'"),
        ({"mean": [0.5]}, "another type"),
        ({"mean": [0.5, 0.5, float("nan")]}, "mean is .*three numbers"),
        ({"deviation": [0.5, 0.5, 0]}, "deviation is .*above 0"),
        ({"deviation": 4}, "another type"),
        ({"orientation": 1}, "no record of a preparation.*orientation"),
    ],
)
def test_records_that_are_none_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Preparation.from_record({**Preparation(32).record(), **change})
    with pytest.raises(UsageError, match="no record of a preparation"):
        Preparation.from_record([])


@pytest.mark.parametrize(
    ("share", "size", "side", "edges"),
    [
        # 0.875 of 8 is 7: cut from 0 (the half is rounded down) or between 0.5 and 7.5, to even.
        (0.875, (8, 8), (0, 0, 7, 7), (0, 0, 8, 8)),
        (0.5, (100, 60), (35, 15, 65, 45), (35, 15, 65, 45)),
        (0.5, (60, 101), (15, 35, 45, 65), (15, 36, 45, 66)),  # 35.5 and 65.5
        (0.3, (16, 21), (5, 8, 10, 13), (6, 8, 10, 13)),  # 4.8 pixels: from 5.6, 8.1
        (0.01, (7, 3), (3, 1, 4, 2), (3, 1, 4, 2)),
    ],
)
def test_a_box_is_whole_pixels_in_the_middle(
    share: float, size: tuple[int, int], side: tuple[int, ...], edges: tuple[int, ...]
) -> None:
    assert Preparation(32, share, "side").box(*size) == side
    assert Preparation(32, share, "edges").box(*size) == edges
