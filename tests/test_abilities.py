"""Every optional ability joined with every other, through run, resume, report and display.

What is optional: partial fidelities, a warm start, batches, many proposals in flight, failures,
noise, and strategies that read several objectives. None, each, every pair that can be had
together, and as many as can be are run, stopped and resumed, compared, put into words, a page, a
table and a file.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pytest
from rich.console import Console

from nasbench_mobile.benchmark import Benchmark, load_benchmark
from nasbench_mobile.report.comparison import compare_runs
from nasbench_mobile.report.html import page
from nasbench_mobile.report.study import write_report
from nasbench_mobile.report.summary import Summary
from nasbench_mobile.report.tables import summarise
from nasbench_mobile.report.terminal import StudyProgress, print_summary
from nasbench_mobile.report.trials import write_trials
from nasbench_mobile.report.verdict import verdict
from nasbench_mobile.runs.event_log import same_run
from nasbench_mobile.runs.run import Run, ranked_results
from nasbench_mobile.search.progress import Progress
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.study import Study
from nasbench_mobile.studies.task import perform
from nasbench_mobile.types import StrategySpec, Tokens

PARTS = Path(__file__).parent / "data" / "abilities" / "parts.py"
BUDGET = 12
ABILITIES = ("fidelity", "start", "batches", "workers", "failures", "noise", "objectives")
SETS = [
    frozenset(chosen)
    for size in (0, 1, 2, len(ABILITIES) - 1)
    for chosen in combinations(ABILITIES, size)
    if not {"batches", "workers"} <= set(chosen)  # workers ask as they become free
]
START: tuple[Tokens, ...] = ((0,) * 28, (1, 0) * 14)


def name(abilities: frozenset[str]) -> str:
    return "+".join(sorted(abilities)) or "none"


def benchmark(folder: Path, abilities: frozenset[str]) -> Benchmark:
    path = folder / "benchmark.toml"
    noise = "noise_sd = 0.03\n" if "noise" in abilities else ""
    failing = "failing = 4\n" if "failures" in abilities else ""
    path.write_text(
        'name = "abilities"\nversion = 1\n[space]\nname = "mnasnet-anb"\n'
        f'[accuracy]\nevaluator = "{PARTS}:Accuracy"\n{failing}{noise}'
        f'[latency]\nevaluator = "{PARTS}:Latency"\n'
        '[objective]\nform = "soft"\ntarget_ms = 40.0\n'
        "[reference_point]\naccuracy = 0.2\nlatency_ms = 120.0\n"
    )
    return load_benchmark(str(path))


def plan(folder: Path, abilities: frozenset[str]) -> Plan:
    able = "AbleInBatches" if "batches" in abilities else "Able"
    options = {"partial": "fidelity" in abilities, "several": "objectives" in abilities}
    warm = "start" in abilities
    baseline = StrategySpec(f"{PARTS}:Able") if warm else StrategySpec("random")
    return Plan(
        benchmark=benchmark(folder, abilities),
        strategies=(baseline, StrategySpec(f"{PARTS}:{able}", options)),
        seeds=(0, 1),
        budget=BUDGET,
        start=START if warm else (),
        workers=3 if "workers" in abilities else None,
    )


def performed(folder: Path, abilities: frozenset[str]) -> Study:
    folder.mkdir()
    study = Study.create(folder / "study", plan(folder, abilities))
    for task in study.tasks():
        ended = perform(task)
        assert ended.failure is None
        assert BUDGET - 1 < ended.charged <= BUDGET
    return study


def stopped(folder: Path, abilities: frozenset[str]) -> Study:
    """The same study, every run stopped once it is half way, its log then torn, and resumed."""

    def half_way(progress: Progress) -> bool:
        return progress.charged > BUDGET / 2

    folder.mkdir()
    study = Study.create(folder / "study", plan(folder, abilities))
    for task in study.tasks():
        assert (perform(task, on_progress=half_way).failure or "").startswith("stopped after")
        task.log.write_bytes(task.log.read_bytes()[:-3])
    again = Study.open(folder / "study")
    for task in again.tasks():
        assert perform(task).failure is None
    return again


def picked(run: Run) -> float:
    """The noise-free reward of the full training whose own reward was best, worked anew."""
    best = None
    for trial, true in zip(run.trials, run.noise_free, strict=True):
        if trial.reward is None or trial.proposal.fidelity < 1.0 or true is None:
            continue
        if best is None or trial.reward > best[0]:
            best = trial.reward, true.accuracy * (true.latency_ms / 40.0) ** -0.07
    return 0.0 if best is None else best[1]


@pytest.fixture(scope="module", params=SETS, ids=name)
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[frozenset[str], Study]:
    abilities: frozenset[str] = request.param
    return abilities, performed(tmp_path_factory.mktemp("abilities") / "whole", abilities)


def test_run_and_resume(case: tuple[frozenset[str], Study], tmp_path: Path) -> None:
    abilities, whole = case
    for one, other in zip(
        whole.tasks(), stopped(tmp_path / "stopped", abilities).tasks(), strict=True
    ):
        assert same_run(one.log, other.log)
    runs = whole.runs()
    able = [run for run in runs if run.header.strategy.options]
    seen = [trial for run in able for trial in run.trials]
    assert any(trial.proposal.fidelity < 1.0 for trial in seen) == ("fidelity" in abilities)
    assert any(not trial.ok for trial in seen) == ("failures" in abilities)
    assert any(trial.proposal.id < 0 for trial in seen) == ("start" in abilities)
    assert (able[0].timing.simulated_s > 0) == ("workers" in abilities)
    pairs = [pair for run in able for pair in zip(run.trials, run.noise_free, strict=True)]
    differ = any(
        trial.measurement and true and trial.measurement.accuracy != true.accuracy
        for trial, true in pairs
    )
    assert differ == ("noise" in abilities)


def test_report_and_display(case: tuple[frozenset[str], Study]) -> None:
    _, study = case
    runs = study.runs()
    summary = figures_of(runs)
    for row in summary["strategies"]:
        of_row = [run for run in runs if run.header.strategy.label == row["label"]]
        assert row["best_reward"]["values"] == pytest.approx([picked(run) for run in of_row])
        assert row["failed"] == sum(not trial.ok for run in of_row for trial in run.trials)
        assert not row["incomplete"]
    best = summary["best_architectures"][0]
    assert best["reward"] <= max(
        trial_reward(run, position) for run in runs for position in ranked_results(run.trials)
    ) + 1e-12  # fmt: skip
    for text in in_words(summary, runs):
        assert "nan" not in text.lower().split()
        assert "inf" not in text.lower().split()


def trial_reward(run: Run, position: int) -> float:
    true = run.noise_free[position]
    assert true is not None
    return float(true.accuracy * (true.latency_ms / 40.0) ** -0.07)


def figures_of(runs: Sequence[Run]) -> Summary:
    return summarise(compare_runs(runs))


def in_words(summary: Summary, runs: Sequence[Run]) -> list[str]:
    """Everything a report says: JSON that is JSON, the table, verdict, page and file of trials."""
    screen, file = io.StringIO(), io.StringIO()
    print_summary(summary, Console(file=screen, width=100))
    write_trials(file, runs)
    progress = io.StringIO()
    labels = [row["label"] for row in summary["strategies"]]
    with StudyProgress(labels, [0, 1], BUDGET, Console(file=progress, width=100)) as shown:
        for run in runs:
            shown.update(run.header.strategy.label, run.header.seed, run.charged)
    return [
        json.dumps(summary, allow_nan=False),
        screen.getvalue(),
        verdict(summary),
        page(compare_runs(runs), summary, []),
        file.getvalue(),
        progress.getvalue(),
    ]


@pytest.mark.parametrize(
    "abilities",
    [
        frozenset({"fidelity"}),
        frozenset(ABILITIES) - {"workers"},
        frozenset(ABILITIES) - {"batches"},
    ],
    ids=name,
)
def test_the_whole_report_with_its_plots(tmp_path: Path, abilities: frozenset[str]) -> None:
    study = performed(tmp_path / "s", abilities)
    summary = write_report(tmp_path / "report", study.runs())
    assert {path.name for path in (tmp_path / "report" / "plots").iterdir()} == {
        "anytime.png", "final.png", "pareto.png", "latency.png",
    }  # fmt: skip
    read = json.loads((tmp_path / "report" / "summary.json").read_text())
    assert read["strategies"][0]["best_reward"] == summary["strategies"][0]["best_reward"]
