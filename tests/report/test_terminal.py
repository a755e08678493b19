import io
from collections.abc import Callable

import pytest
from rich.console import Console

from nasbench_mobile.report.tables import summary
from nasbench_mobile.report.terminal import StudyProgress, print_summary
from nasbench_mobile.runs import Run


def printed(runs: list[Run], width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_summary(summary(runs), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 100])
def test_leaderboard_fits_and_hides_no_figure(study: list[Run], width: int) -> None:
    text = printed(study, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert "\x1b" not in text  # no colour codes where there is no terminal
    for row in summary(study)["strategies"]:
        assert row["label"] in text
        assert f"{row['best_reward']['median']:.4f}" in text
    assert ("HV" in text.splitlines()[2]) == (width == 100)


def test_incomplete_runs_stand_under_the_leaderboard(
    study: list[Run], run_maker: Callable[..., Run]
) -> None:
    failed = run_maker("ppo", 8, trials=20, budget=60, failure="out of [red] paint")
    text = printed([*study, failed], 100)
    assert "incomplete: ppo seed 8, 20 of 60 evaluations: out of [red] paint" in text
    assert "8/9" in text
    assert max(map(len, text.splitlines())) <= 100


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_without_a_terminal_progress_is_a_line_now_and_then() -> None:
    console, clock = Console(file=io.StringIO(), width=100), Clock()
    assert isinstance(console.file, io.StringIO)
    with StudyProgress(["random", "ppo"], [0, 1], 1000, console, clock) as progress:
        progress.update("random", 0, 0)
        clock.now = 4.0
        progress.update("random", 0, 400, 0.75)
        assert console.file.getvalue() == ""
        clock.now = 10.0
        progress.update("random", 0, 1000, 0.74)  # the best so far stays 0.75
        progress.finished("random", 0)
        assert console.file.getvalue().count("\n") == 1
        line = console.file.getvalue()
        assert line.startswith("[0:10] 0 of 4 runs, 1,000 of 4,000 proposals, 100/s, 0:30 left")
        assert "best reward 0.7500 (random)" in line
        clock.now = 15.0
    assert "[0:15] 1 of 4 runs" in console.file.getvalue()


def test_resumed_evaluations_do_not_count_as_speed() -> None:
    console, clock = Console(file=io.StringIO(), width=100), Clock()
    assert isinstance(console.file, io.StringIO)
    with StudyProgress(["ppo"], [0], 1000, console, clock) as progress:
        progress.update("ppo", 0, 900, 0.7)
        clock.now = 20.0
        progress.update("ppo", 0, 940, 0.7)
    assert " 2/s, 0:30 left" in console.file.getvalue()


def test_on_a_terminal_a_table_is_drawn() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    assert isinstance(console.file, io.StringIO)
    with StudyProgress(["random"], [0], 50, console) as progress:
        progress.update("random", 0, 50, 0.7123)
        progress.finished("random", 0)
    assert "0.7123" in console.file.getvalue()
    assert "1/1" in console.file.getvalue()


def test_partial_trainings_count_with_their_share_in_whole_proposals() -> None:
    console, clock = Console(file=io.StringIO(), width=100), Clock()
    assert isinstance(console.file, io.StringIO)
    with StudyProgress(["halving"], [0, 1], 450, console, clock) as progress:
        progress.update("halving", 0, 0.0)
        clock.now = 20.0
        progress.update("halving", 0, 340.9375, 0.7)  # 1,273 trials, say
        progress.update("halving", 1, 8.999999999999)  # nine, but for rounding
    assert "349 of 900 proposals, 17/s, 0:32 left" in console.file.getvalue()
