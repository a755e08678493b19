import math
import sys

import pytest
import torch

from nasbench_mobile.errors import UsageError
from nasbench_mobile.training.limits import Limits, TrainingFailure, torch_threads


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's limit is Linux's")
def test_too_much_memory_is_a_failure_and_the_process_lives() -> None:
    with (
        pytest.raises(TrainingFailure, match=r"out of memory \(limit 64 MB\)"),
        Limits(memory_mb=64).memory(),
    ):
        torch.empty(2**31)  # 8 GB: more than earlier tests can have left free in this process
    assert torch.ones(100 * 2**18).sum() == 100 * 2**18
    with Limits(memory_mb=512).memory():
        assert torch.ones(10 * 2**18).sum() == 10 * 2**18


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="size"), Limits().memory():
        torch.ones(2) + torch.ones(3)


def test_time() -> None:
    Limits(time_s=2).check_time(1.9)
    Limits().check_time(1e9)
    with pytest.raises(TrainingFailure, match="limit of 2 s"):
        Limits(time_s=2).check_time(2.1)


@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_limits_are_above_0(value: float) -> None:
    with pytest.raises(UsageError, match="time_s"):
        Limits(time_s=value)
    with pytest.raises(UsageError, match="memory_mb"):
        Limits(memory_mb=value)


def test_threads_are_put_back() -> None:
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("limit", [math.inf, math.nan, 0.0, -1.0])
@pytest.mark.parametrize("name", ["time_s", "memory_mb"])
def test_a_limit_is_finite_and_above_0(name: str, limit: float) -> None:
    with pytest.raises(UsageError, match=f"limit {name} is .*finite and above 0"):
        Limits(**{name: limit})


def test_a_limit_above_all_memory_is_none() -> None:
    with Limits(memory_mb=1e300).memory():
        assert torch.ones(3).sum() == 3
