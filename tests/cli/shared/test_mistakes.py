from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nasbench_mobile.cli.shared.mistakes import with_suggestion

Command = Callable[..., Any]


@pytest.mark.parametrize(
    ("arguments", "suggested"),
    [
        (("list", "strategy"), "strategies"),
        (("list", "Model"), "models"),
        (("train", "mnasnet-a1", "--out", "OUT", "--recipe", "ful"), "full"),
        (("collect", "--out", "OUT", "--broken", "skipped"), "skip"),
        (("export", "mnasnet-a1", "--out", "OUT", "--format", "tf-lite"), "tflite"),
    ],
)
def test_a_wrong_choice_word_gets_a_suggestion(
    command: Command, arguments: tuple[str, ...], suggested: str
) -> None:
    done = command(*arguments)
    assert done.code == 2
    said = " ".join(done.err.replace("│", " ").split())
    assert f"Did you mean '{suggested}'?" in said
    assert "is not one of" in said


def test_a_word_like_none_of_them_gets_the_list_alone(command: Command) -> None:
    done = command("list", "zebras")
    assert done.code == 2
    assert "'models'" in done.err
    assert "Did you mean" not in done.err


def test_other_messages_stay_as_they_are() -> None:
    assert with_suggestion("0 is not in the range x>=1.") == "0 is not in the range x>=1."
