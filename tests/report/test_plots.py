from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure

from nasbench_mobile.metrics.anytime import anytime_best
from nasbench_mobile.metrics.statistics import bootstrap_interval
from nasbench_mobile.report.comparison import compare_runs
from nasbench_mobile.report.comparison_plots import (
    draw_anytime,
    draw_final,
    draw_fronts,
    draw_latencies,
)
from nasbench_mobile.report.labels import latency_label, looks
from nasbench_mobile.report.reproduction_plots import AblationPanel, draw_ablation, draw_figure3
from nasbench_mobile.report.tables import summarise
from nasbench_mobile.runs.run import Run


def test_anytime_draws_the_median_of_noise_free_curves(study: list[Run]) -> None:
    comparison = compare_runs([run for run in study if run.header.strategy.name == "ppo"])
    (axes,) = draw_anytime(comparison).axes
    curves = [anytime_best(s.columns, comparison.objective) for s in comparison.strategies[0].runs]
    drawn = np.asarray(axes.lines[0].get_ydata(), float)
    assert drawn == pytest.approx(np.median(curves, axis=0))
    assert axes.get_xscale() == "log"
    assert axes.get_ylabel() == "Best reward so far (noise-free)"


def test_a_failed_run_keeps_its_last_value(run_maker: Callable[..., Run]) -> None:
    comparison = compare_runs([run_maker("ppo", trials=10, budget=50, failure="stopped")])
    (axes,) = draw_anytime(comparison, log=False).axes
    drawn = np.asarray(axes.lines[0].get_ydata(), float)
    assert drawn.size == 50
    assert set(drawn[10:]) == {drawn[9]}


def test_every_latency_axis_says_estimate(study: list[Run]) -> None:
    comparison = compare_runs(study)
    assert draw_fronts(comparison).axes[0].get_xlabel() == "Pixel 1 latency (ms, estimate)"
    last = draw_latencies(comparison).axes[-1]
    assert last.get_xlabel().startswith("Pixel 1 latency (ms, estimate)")


def test_latency_rows_are_shares_of_all_samples(study: list[Run]) -> None:
    axes = draw_latencies(compare_runs(study)).axes
    assert len(axes) == 3
    for row in axes:
        heights = sum(patch.get_height() for patch in row.patches if hasattr(patch, "get_height"))
        assert 98 < heights <= 100.0001


def test_the_target_line_leaves_the_captions_free(study: list[Run]) -> None:
    figure = draw_latencies(compare_runs(study))
    figure.canvas.draw()
    for row in figure.axes:
        line = row.lines[-1].get_window_extent()
        caption = row._left_title.get_window_extent()  # type: ignore[attr-defined]
        assert caption.width > 0
        assert line.y1 + 2 < caption.y0


def test_latency_label_says_how_it_came_about() -> None:
    assert latency_label({"latency": {"device": "my phone", "kind": "measured"}}) == (
        "My phone latency (ms)"
    )
    assert latency_label({}) == "Latency (ms)"


def test_looks_do_not_depend_on_the_ranking_and_differ() -> None:
    names = ["ppo", "random", *(f"s{i}" for i in range(11))]
    given = looks(names)
    assert given == looks(list(reversed(names)))
    assert len(set(given.values())) == len(given)


def test_ablation_has_the_papers_panels() -> None:
    rng = np.random.default_rng(0)
    panels = [
        AblationPanel(title, rng.uniform(0.7, 0.75, 300), rng.uniform(50, 110, 300), 75.0)
        for title in ("hard", "soft")
    ]
    figure = draw_ablation(panels)
    assert [axes.get_title() for axes in figure.axes] == ["hard", "soft", "", ""]
    assert {50, 75, 100} <= set(figure.axes[2].get_xticks())
    curve = np.asarray(figure.axes[0].lines[0].get_ydata(), float)
    assert (np.diff(curve) > 0).all()  # a front: slower is more accurate
    assert curve[-1] == pytest.approx(100 * np.max(panels[0].accuracy))


def test_ablation_cuts_no_sample_off() -> None:
    rng = np.random.default_rng(1)
    accuracy, latency_ms = rng.uniform(0.7, 0.75, 2000), rng.uniform(60, 90, 2000)
    accuracy[0], latency_ms[1], latency_ms[2] = 0.41, 22.0, 260.0
    figure = draw_ablation([AblationPanel("hard", accuracy, latency_ms, 75.0)])
    top, bottom = figure.axes
    (left, right), (floor, ceiling) = top.get_xlim(), top.get_ylim()
    assert left < 22.0 < 260.0 < right
    assert floor < 41.0 < 100 * accuracy.max() < ceiling
    counted = sum(p.get_height() for p in bottom.patches if hasattr(p, "get_height"))
    assert counted == 2000


def test_figure3_has_the_papers_axes() -> None:
    latency_ms = np.arange(20.0, 161.0, 5.0)
    hard = np.where(latency_ms <= 80, 0.5, 0.5 * 80 / latency_ms)
    soft = 0.5 * (latency_ms / 80) ** -0.07
    (axes,) = draw_figure3(latency_ms, hard, soft).axes
    assert axes.get_xticks().tolist() == list(range(20, 161, 20))
    assert axes.get_yticks().tolist() == [0.2, 0.4, 0.6]
    assert np.asarray(axes.lines[0].get_ydata()).tolist() == hard.tolist()


def test_final_rewards_have_a_bar_from_five_seeds_on(
    runs_of: Callable[..., list[Run]],
) -> None:
    """Dots are rewards, the stroke is the mean of the middle three, the bar its interval."""
    values = [0.60, 0.61, 0.64, 0.66, 0.70]
    (axes,) = draw_final(compare_runs(runs_of({"ppo": values}))).axes
    dots, bar, stroke = (np.asarray(line.get_xdata(), float) for line in axes.lines)
    assert dots.tolist() == values
    assert stroke.tolist() == pytest.approx([(0.61 + 0.64 + 0.66) / 3])
    assert bar.tolist() == pytest.approx(bootstrap_interval([values]))
    assert axes.get_title(loc="left") == (
        "Bar: IQM with 95 % bootstrap interval; one mark per seed"
    )
    (axes,) = draw_final(compare_runs(runs_of({"ppo": values[:4]}))).axes
    dots, stroke = (np.asarray(line.get_xdata(), float) for line in axes.lines)
    assert dots.tolist() == values[:4]
    assert stroke.tolist() == pytest.approx([(0.61 + 0.64) / 2])
    assert axes.get_title(loc="left") == "Stroke: IQM; one mark per seed"


def test_captions_are_of_the_seeds_there_are(runs_of: Callable[..., list[Run]]) -> None:
    one = compare_runs(runs_of({"ppo": [0.6], "tpe": [0.7]}))
    more = compare_runs(runs_of({"ppo": [0.6], "tpe": [0.7, 0.6]}))

    def caption(figure: Figure) -> str:
        return figure.axes[0].get_title(loc="left")

    assert caption(draw_anytime(one)) == "One seed of each strategy"
    assert caption(draw_anytime(more)) == "Median over seeds; band: quartiles"
    assert caption(draw_fronts(one)).startswith("Front of each strategy's seed")
    assert caption(draw_fronts(more)).startswith("Front attained by half of the seeds")


def test_latency_rows_say_the_share_within_the_target(exact_run: Callable[..., Run]) -> None:
    fast, slow = (0.6, 0.6, 75.0), (0.6, 0.6, 90.0)
    runs = [
        exact_run("ppo", 0, [fast, slow, None, slow]),
        exact_run("ppo", 1, [fast, fast], budget=4, failure="cut"),
    ]
    comparison = compare_runs(runs)
    caption = draw_latencies(comparison).axes[0].get_title(loc="left")
    assert caption == "ppo: 50 % of trials within target"  # 3 of 6, of which one failed
    [row] = summarise(comparison)["strategies"]
    assert row["within_target"] == pytest.approx(3 / 6)  # what the leaderboard says


def test_random_search_takes_no_colour_from_the_others() -> None:
    assert looks(["random", "tpe"])["tpe"] == looks(["tpe"])["tpe"]
    assert looks(["tpe"])["random"].colour == "#000000"
