from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

OVERSPENDER = '''
from nasbench_mobile import Proposal

class Bad:
    """Gives one proposal too many."""

    def __init__(self, decisions, seed, budget, *, extra: int = 1):
        self.tokens, self.extra, self.asked = (0,) * len(decisions), extra, 0

    def ask(self, count):
        self.asked += count + self.extra
        return [Proposal(self.asked - i, self.tokens) for i in range(count + self.extra)]

    def tell(self, trials):
        pass
'''


def test_a_strategy_that_keeps_its_laws(command: Callable[..., Any]) -> None:
    result = command("check", "strategy", "random", "--quick")
    assert result.code == 0
    text = " ".join(result.out.split())
    assert (
        "kept It never proposes more than is asked for 360 proposals asked for 1, 7 and 64" in text
    )
    assert text.endswith("strategy random keeps its laws: 16 kept, 1 not judged")


def test_one_that_breaks_them_exits_with_1(command: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "bad.py"
    file.write_text(OVERSPENDER)
    result = command("check", "strategy", f"{file}:Bad:extra=2", "--quick")
    assert result.code == 1
    text = " ".join(result.out.split())
    assert "broken It never proposes more than is asked for ask(1) gave 3 proposals" in text
    assert "breaks its laws" in text
    assert result.out.count("    broken") == 1


def test_the_verdict_as_json(command: Callable[..., Any], tmp_path: Path) -> None:
    verdict = command("check", "space", "mnasnet-anb", "--json").json
    assert (verdict["kind"], verdict["name"], verdict["result"]) == (
        "space",
        "mnasnet-anb",
        "kept",
    )
    for law in verdict["laws"]:
        assert set(law) == {"law", "says", "result", "seen", "seconds"}
        assert law["result"] in ("kept", "broken", "not judged")


def test_an_evaluator_from_its_model(command: Callable[..., Any]) -> None:
    model = Path(__file__).parents[2] / "nasbench_mobile/benchmarks/pixel1-tunas.json"
    arguments = ("check", "evaluator", "latency", "pixel1", "--model", model)
    assert "keeps its laws" in command(*arguments, "--space", "mnasnet").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["strategy", "randon"], "did you mean 'random'"),
        (["strategy", "random,ppo"], "check one at a time"),
        (["strategy", "random:size=3"], "no option 'size'"),
        (["space", "mnasnets"], "did you mean 'mnasnet'"),
        (["evaluator", "accuracy", "nothing.py:Mine"], "there is no file"),
    ],
)
def test_mistakes_exit_with_2(
    command: Callable[..., Any], arguments: list[str], message: str
) -> None:
    result = command("check", *arguments)
    assert result.code == 2
    assert message in result.err


@pytest.mark.parametrize("name", ["check strategy", "check space", "check evaluator",
                                  "new strategy"])  # fmt: skip
def test_help_has_an_example(command: Callable[..., Any], name: str) -> None:
    result = command(*name.split(), "--help")
    assert result.code == 0
    assert f"Example: nasbench-mobile {name}" in " ".join(result.out.replace("│", " ").split())
