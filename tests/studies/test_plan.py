"""What a plan takes and refuses, and the command that makes it again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.errors import UsageError
from nasbench_mobile.studies.command import study_command
from nasbench_mobile.studies.plan import Plan, seeds_from
from nasbench_mobile.studies.study import MANIFEST, Study
from nasbench_mobile.types import StrategySpec

TOKENS = (0,) * 28


def plan(**changes: Any) -> Plan:
    whole: dict[str, Any] = {
        "benchmark": load_benchmark("imagenet-pixel1"),
        "strategies": (StrategySpec("random"),),
        "seeds": (0, 1),
        "budget": 40,
    }
    return Plan(**(whole | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeds": (-1,)}, "a seed is -1; it must be at least 0"),
        ({"seeds": (1.5,)}, "a seed is 1.5; it must be a whole number"),
        ({"seeds": (True,)}, "a seed is True; it must be a whole number"),
        ({"seeds": ("3",)}, "a seed is '3'; it must be a whole number"),
        ({"seeds": (2**32,)}, "a seed is 4294967296; it must be at most"),
        ({"budget": 2**63}, "budget is 9223372036854775808; it must be at most"),
        ({"budget": 10**5000}, "budget is a number of thousands of digits; it must be at most"),
        ({"batch": 2**63}, "batch is 9223372036854775808; it must be at most"),
        ({"workers": 2**63}, "workers is 9223372036854775808; it must be at most"),
        ({"seeds": (3, 4, 3)}, "seed 3 is listed twice"),
        ({"seeds": (np.float64(2),)}, "it must be a whole number"),
        ({"budget": 10.0}, "budget is 10.0; it must be a whole number"),
        ({"budget": True}, "budget is True"),
        ({"batch": 2.0}, "batch is 2.0"),
        ({"workers": "4"}, "workers is '4'"),
        ({"workers": 0}, "workers is 0; it must be at least 1"),
        ({"start": ((0.5,),)}, "a token of start is 0.5"),
        ({"strategies": ()}, "no strategies given"),
        ({"strategies": (StrategySpec("random"),) * 2}, "'random' is listed twice"),
    ],
)
def test_values_that_are_none_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plan(**changes)


def test_numbers_of_numpy_are_kept_as_ints(tmp_path: Path) -> None:
    given = plan(
        strategies=(StrategySpec("local-search"),),
        seeds=np.arange(3, 5),
        budget=np.int64(7),
        batch=np.int32(2),
        start=(np.zeros(28, dtype=int),),
    )
    assert given == plan(
        strategies=(StrategySpec("local-search"),),
        seeds=(3, 4), budget=7, batch=2, start=(TOKENS,),
    )  # fmt: skip
    Study.create(tmp_path / "s", given)
    assert Study.open(tmp_path / "s").plan == given


def test_a_start_that_is_not_of_the_space_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    wrong = plan(strategies=(StrategySpec("local-search"),), start=((9,) * 28,))
    with pytest.raises(UsageError, match="token 0 is 9"):
        Study.create(tmp_path / "s", wrong)
    assert not (tmp_path / "s").exists()


REWARD = """
def reward(measurement, *, weights=(1.0,), name=""):
    return measurement.accuracy * weights[0]
"""


def test_an_objective_whose_options_no_words_mean_is_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(REWARD)
    text = Path(__file__).parents[2].joinpath("nasbench_mobile/benchmarks/imagenet-pixel1.toml")
    head, _, tail = text.read_text().partition("[objective]")
    own = '[objective]\nname = "mine.py:reward"\ntarget_ms = 75.0\nweights = [2, 3]\n\n'
    file = tmp_path / "mine.toml"
    file.write_text(head + own + tail[tail.index("[reference_point]") :])
    given = plan(benchmark=load_benchmark(str(file)))
    Study.create(tmp_path / "s", given)
    assert Study.open(tmp_path / "s").plan == given
    record = json.loads((tmp_path / "s" / MANIFEST).read_text())
    assert record["objective"]["options"] == {"weights": [2, 3]}


COMMANDS: list[tuple[dict[str, Any], str]] = [
    ({}, "--strategies random --seeds 2 --budget 40 --objective soft --target-ms 75"),
    (
        {"strategies": (StrategySpec("random"), StrategySpec("a b/x.py:S", alias="it's mine"),
                        StrategySpec("ppo"))},
        "--strategies random --strategy 'it'\"'\"'s mine=a b/x.py:S' --strategy ppo=ppo "
        "--seeds 2 --budget 40 --objective soft --target-ms 75",
    ),
    (
        {"strategies": (StrategySpec("ppo", {"clip": 0.1}), StrategySpec("x.py:S", {"a": "1"}))},
        "--strategies ppo:clip=0.1 --strategy \"x.py:S:a 1=x.py:S:a='1'\" "
        "--seeds 2 --budget 40 --objective soft --target-ms 75",
    ),
    (
        {"seeds": (3, 4), "workers": 8},
        "--strategies random --seeds 2 --first-seed 3 --budget 40 --objective soft --target-ms 75 "
        "--in-flight 8",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "words"), COMMANDS)
def test_the_command_that_makes_a_study_again(changes: dict[str, Any], words: str) -> None:
    command = study_command(plan(**changes), Path("out/my study"))
    wanted = f"nasbench-mobile compare --benchmark imagenet-pixel1 {words} --out 'out/my study'"
    assert shlex.split(command) == shlex.split(wanted)


def test_the_command_says_exponents_and_targets_to_the_last_digit() -> None:
    benchmark = load_benchmark("imagenet-pixel1").with_objective("-0.0712345678,-0.2", 75.12345678)
    words = shlex.split(study_command(plan(benchmark=benchmark), Path("out/x")))
    assert "--objective=-0.0712345678,-0.2" in words
    assert words[words.index("--target-ms") + 1] == "75.12345678"


def test_the_command_says_what_no_option_can() -> None:
    command = study_command(plan(seeds=(2, 9), start=(TOKENS,)), Path("out/x"))
    assert command.endswith("# with seeds 2, 9 and --start-from the 1 architectures in study.json")


@pytest.mark.parametrize(("changes", "_"), COMMANDS[:2])
def test_the_command_is_taken_by_the_command_line(
    changes: dict[str, Any], _: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given again, it takes up the very same study."""
    from nasbench_mobile.cli import comparing, main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b").mkdir()
    example = Path(__file__).parents[2] / "docs/examples/my_strategy.py"
    (tmp_path / "a b/x.py").write_text(example.read_text().replace("MyStrategy", "S"))
    study = Study.create(tmp_path / "s", plan(**changes))
    seen: list[Plan] = []
    taken: Callable[..., None] = lambda found, *_: seen.append(found.plan)  # noqa: E731
    monkeypatch.setattr(comparing, "_run_and_report", taken)
    monkeypatch.setattr("sys.argv", shlex.split(study.command))
    try:
        main()
    except SystemExit as ended:
        assert not ended.code  # noqa: PT017
    assert seen == [replace(study.plan)]


@pytest.mark.parametrize("count", [0, 100_001, 10**15, 10**400])
def test_seeds_that_no_study_has_are_refused_before_they_are_counted_up(count: int) -> None:
    with pytest.raises(UsageError, match="seeds is .*; it must be at"):
        seeds_from(0, count)


def test_seeds_count_from_the_first() -> None:
    assert seeds_from(3, 2) == (3, 4)
