import io
from collections.abc import Callable

import pytest
from rich.console import Console

from nasbench_mobile.report.tables import summary
from nasbench_mobile.report.terminal import StudyProgress, print_summary
from nasbench_mobile.runs.run import Run


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


@pytest.mark.parametrize("width", [30, 50])
def test_a_very_narrow_terminal_loses_no_word(study: list[Run], width: int) -> None:
    """Its lines may be longer than the terminal, which then wraps them."""
    text = " ".join(printed(study, width).split())
    for said in ("Wilcoxon against random search, Holm", "≤T: share of trials within T"):
        assert said in text
    for row in summary(study)["strategies"]:
        assert f"{row['best_reward']['median']:.4f}" in text


def test_incomplete_runs_stand_under_the_leaderboard(
    study: list[Run], run_maker: Callable[..., Run]
) -> None:
    failed = run_maker("ppo", 8, trials=20, budget=60, failure="out of [red] paint")
    text = printed([*study, failed], 100)
    assert "incomplete: ppo seed 8, 20 of 60 proposals: out of [red] paint" in text
    assert "8/9" in text
    assert max(map(len, text.splitlines())) <= 100


def test_below_five_seeds_no_interval_is_printed(study: list[Run]) -> None:
    few = [run for run in study if run.header.seed < 4]
    text = printed(few, 100)
    assert "[" not in text
    assert "(no interval below 5 seeds)" in " ".join(text.split())
    enough = printed([run for run in study if run.header.seed < 5], 100)
    assert enough.count(" [.") == 3
    assert "no interval" not in enough


def test_a_p_value_on_the_worse_side_is_marked(runs_of: Callable[..., list[Run]]) -> None:
    """Two strategies and eight seeds: p = 2 / 2**8, times 2."""
    base = [0.60, 0.61, 0.62, 0.63, 0.64, 0.65, 0.66, 0.67]
    apart = [0.001 * seed for seed in range(1, 9)]
    better = [one + by for one, by in zip(base, apart, strict=True)]
    worse = [one - by for one, by in zip(base, apart, strict=True)]
    text = printed(runs_of({"random": base, "better": better, "worse": worse}), 100)
    rows = dict(line.split(maxsplit=1) for line in text.splitlines()[4:7])
    assert " p=0.016  " in rows["better"]
    assert " p=0.016 ↓  " in rows["worse"]
    assert "baseline" in rows["random"]
    assert "↓: worse than random search" in text
    assert "↓" not in printed(runs_of({"random": base, "better": better}), 100)


def test_better_on_most_seeds_is_not_marked_as_worse(runs_of: Callable[..., list[Run]]) -> None:
    """Better on 9 of 10 seeds, worse by the eighth difference: 47 of 55 ranks are for it."""
    base = [0.10, 0.20, 0.60, 0.61, 0.62, 0.66, 0.67, 0.68, 0.69, 0.70]
    better = [0.40, 0.40, 0.601, 0.612, 0.623, 0.55, 0.674, 0.685, 0.696, 0.707]
    text = printed(runs_of({"random": base, "better": better}), 100)
    assert " p=0.049  " in text
    assert "↓" not in text


def test_a_narrow_terminal_keeps_labels_whole(study: list[Run]) -> None:
    words = [line.split() for line in printed(study, 66).splitlines()]
    first = [line[0] for line in words if len(line) > 3 and line[1].startswith("0.")]
    assert set(first) == {"regularized-evolution", "ppo", "random"}


def test_what_sets_a_row_apart_is_marked_and_told(exact_run: Callable[..., Run]) -> None:
    slow, fast = [(0.7, 0.7, 90.0)] * 4, [(0.6, 0.6, 70.0)] * 4
    runs = [
        *(exact_run("lazy", seed, fast if seed else slow, budget=9) for seed in range(3)),
        *(exact_run("local-search", seed, [*fast, *fast, fast[0]], starts=9) for seed in (0, 1)),
        exact_run("broken", 0, [None] * 9),
        exact_run("cut", 0, slow, budget=9, finished=False),
    ]
    text = printed(runs, 100)
    lines, rows = text.splitlines(), " ".join(text.split())
    assert "lazy (stopped early)" in rows
    [place] = [n for n, line in enumerate(lines) if line.startswith(" local-search:starts=9 ")]
    assert "throughout)" in lines[place + 1]  # the label's column folds
    assert "broken (unranked)" in rows
    assert "cut (so far)" in rows
    assert "lazy stopped after 4 of 9 proposals on all 3 seeds." in rows
    assert (
        "local-search:starts=9 was random search throughout: starts 9 is not below the "
        "budget of 9." in rows
    )
    assert "broken found no network that could be evaluated." in rows
    assert "cut has no finished run: its figures are of what there is so far." in rows
    assert "incomplete: cut seed 0, 4 of 9 proposals: interrupted" in rows
    assert (
        "lazy found networks within T in 2 of 3 runs: its accuracy there is of those alone." in rows
    )
    assert "cut found no network within T." in rows


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


def test_rewards_of_zero_and_below_are_rewards() -> None:
    console, clock = Console(file=io.StringIO(), width=100), Clock()
    assert isinstance(console.file, io.StringIO)
    with StudyProgress(["random", "ppo"], [0], 50, console, clock) as progress:
        progress.update("ppo", 0, 1, float("-inf"))  # nothing was evaluated yet
        progress.update("ppo", 0, 2, 0.0)
        progress.update("ppo", 0, 3, -0.5)
        progress.update("random", 0, 3, -0.25)
        clock.now = 10.0
    assert "best reward 0.0000 (ppo)" in console.file.getvalue()


def test_speed_and_time_left_are_of_what_is_fresh() -> None:
    """40 proposals in 4 seconds; 50 of this run and 100 of the next are left, 15 seconds' worth."""
    console, clock = Console(file=io.StringIO(), width=100, force_terminal=True), Clock()
    assert isinstance(console.file, io.StringIO)
    with StudyProgress(["random"], [0, 1], 100, console, clock) as progress:
        progress.update("random", 0, 10, 0.7)
        clock.now = 4.0
        progress.update("random", 0, 50, 0.7)
        clock.now = 6.0  # nobody reported since
    rows = [line.split() for line in console.file.getvalue().splitlines() if " 0/2 " in line]
    row = rows[-1]
    assert row == ["random", "0/2", "50", "10", "0.7000", "0:15"]


def test_nothing_is_left_of_a_study_that_is_done() -> None:
    console, clock = Console(file=io.StringIO(), width=100), Clock()
    assert isinstance(console.file, io.StringIO)
    with StudyProgress(["random"], [0], 100, console, clock) as progress:
        progress.update("random", 0, 0)
        clock.now = 20.0
        progress.update("random", 0, 100, 0.7)
        progress.finished("random", 0)
        clock.now = 21.0
    last = console.file.getvalue().splitlines()[-1]
    assert last == "[0:21] 1 of 1 runs, 100 of 100 proposals, best reward 0.7000 (random)"


def test_two_reports_at_one_time_have_no_speed_yet() -> None:
    console, clock = Console(file=io.StringIO(), width=100, force_terminal=True), Clock()
    assert isinstance(console.file, io.StringIO)
    with StudyProgress(["random"], [0], 100, console, clock) as progress:
        progress.update("random", 0, 10, 0.7)
        progress.update("random", 0, 50, 0.7)
    rows = [line.split() for line in console.file.getvalue().splitlines() if " 0/1 " in line]
    assert rows[-1] == ["random", "0/1", "50", "–", "0.7000", "–"]
