"""The summary of a search, with its networks, best first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from nasbench_mobile.benchmark import Benchmark
from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.image_search.advice import beware
from nasbench_mobile.image_search.network_rows import NetworkRows
from nasbench_mobile.image_search.request_file import kept_images
from nasbench_mobile.image_search.results import SearchResults
from nasbench_mobile.image_search.task import classes
from nasbench_mobile.metrics.pareto import front
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.report.search_summary import (
    FullTraining,
    NetworkRow,
    SearchSettings,
    SearchSummary,
)
from nasbench_mobile.runs.run import Run
from nasbench_mobile.studies.study import Study


def search_results(study: Study, top: int) -> SearchResults:
    """Give what a search has found so far; `NasbenchError` says that no candidate has been told.

    Results are trainings in full, and only the first of each network. Parameters and multiply-adds
    are those of the full-size network for the data's classes.
    """
    from nasbench_mobile import catalog

    runs = study.runs()
    if not any(run.trials for run in runs):
        raise NasbenchError(f"{study.folder} has no trials yet; nasbench-mobile resume runs it")
    [run], benchmark = runs, study.plan.benchmark
    space = catalog.build_space(benchmark.space.name, benchmark.space.options)
    networks = NetworkRows(study, run, space)
    rows = networks.in_full()
    on_front = front([row["accuracy"] for row in rows], [row["latency_ms"] for row in rows])
    full = space.network(run.trials[0].tokens)
    summary: SearchSummary = {
        **_said(study, run),
        "latency_input_size": full.input_shape[1],
        "latency_classes": full.output_shape[0],
        "beware": _beware(rows, space, benchmark, _training(run, benchmark)["input_size"]),
        "best": rows[:top],
        "front": [rows[position] for position in on_front.tolist()],
        "longest": [] if rows else networks.longest(top),
    }
    return SearchResults(run, space, rows, summary)


def _said(study: Study, run: Run) -> SearchSettings:
    """Give everything of a summary but its networks."""
    plan, latency = study.plan, run.header.benchmark["latency"]
    benchmark, trials = plan.benchmark, run.trials
    return {
        "folder": str(study.folder),
        "benchmark": benchmark.identifier,
        "title": benchmark.title,
        "space": benchmark.space.name,
        "strategy": plan.strategies[0].label,
        "seed": plan.seeds[0],
        "data": benchmark.accuracy.options["data"],
        "images": kept_images(study.folder),
        "training": _training(run, benchmark),
        "classes": classes(benchmark),
        "chance": benchmark.reference_point.accuracy,
        "latency": latency["label"],
        "latency_kind": latency["kind"],
        "target_ms": benchmark.objective.target_ms,
        "objective": benchmark.objective.name,
        "budget": plan.budget,
        "spent": round(run.charged, 6),
        "finished": run.finished,
        "ended_early": run.failure,
        "candidates": len(trials),
        "partial": sum(trial.proposal.fidelity < 1.0 for trial in trials),
        "repeats": sum(trial.repeat_of is not None for trial in trials),
        "notes": study.notes(),
        "failures": dict(Counter(t.failure for t in trials if t.failure).most_common()),
    }


def _training(run: Run, benchmark: Benchmark) -> FullTraining:
    """Say how many epochs a full training has, and of which width and input size."""
    how = benchmark.accuracy.options
    known = (trial.measurement.fidelity for trial in run.trials if trial.measurement)
    fidelity = next((one for one in known if one is not None), None)
    return {
        "epochs": how["options"]["epochs"],
        "width": how.get("width", 1.0),
        "input_size": how.get("input_size") if fidelity is None else fidelity.input_size,
    }


def _beware(
    rows: Sequence[NetworkRow], space: SearchSpace, benchmark: Benchmark,
    input_size: int | None,
) -> str | None:  # fmt: skip
    from nasbench_mobile.networks.stem import with_stem_stride

    if not rows:
        return None
    training, chance = benchmark.accuracy.options, benchmark.reference_point.accuracy
    trained = space.network(
        tuple(rows[0]["tokens"]), width=training.get("width", 1.0), input_size=input_size,
        classes=classes(benchmark),
    )  # fmt: skip
    trained = with_stem_stride(trained, training.get("stem_stride"))
    return beware(max(row["accuracy"] for row in rows), chance, training, trained)
