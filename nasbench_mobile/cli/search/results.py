"""What a search has found: its networks, best first, and what else there is to say of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nasbench_mobile.benchmark import Benchmark
from nasbench_mobile.cli.search.advice import beware
from nasbench_mobile.cli.search.benchmark_file import classes
from nasbench_mobile.cli.search.request import kept_images
from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.metrics.pareto import front
from nasbench_mobile.networks.cost import counts
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.report.search_wording import share_words, spent_of
from nasbench_mobile.runs.run import Run, ranked_results
from nasbench_mobile.shell_words import command
from nasbench_mobile.studies.study import Study
from nasbench_mobile.types import Tokens, Trial


@dataclass(frozen=True)
class SearchResults:
    """A search's run, a row for each network it trained in full (best first), and its summary."""

    run: Run
    space: SearchSpace
    rows: Sequence[Mapping[str, Any]]
    summary: Mapping[str, Any]

    @property
    def ended(self) -> bool:
        """Whether the search came to its end, good or bad; else it can be gone on with."""
        return self.run.finished or self.run.failure is not None

    @property
    def nothing(self) -> str | None:
        """Why there is no result, and what to do; None where there is one."""
        summary = self.summary
        if self.rows:
            return None
        if not any(trial.ok for trial in self.run.trials):
            text = f"no candidate got a reward; {self._reason}"
        else:
            longest = share_words(summary["longest"][0]["share"])
            text = (
                "no candidate was trained in full, so there is no result: "
                f"{spent_of(summary['spent'], summary['budget'])}, and the longest that succeeded "
                f"was {longest} of a training"
            )
            whole = (trial.failure for trial in self.run.trials if trial.proposal.fidelity == 1.0)
            if self.run.failure is not None:
                text += f"; the search ended early: {self.run.failure}"
            elif (reason := next(filter(None, whole), None)) is not None:
                text += f"; every training in full failed: {reason}"
            elif self.ended:
                text += (
                    ". Such a strategy trains in full only after many shorter trainings: give a "
                    "larger --budget, and another --out"
                )
        if not self.ended:
            text += f". The search is not at its end: {self.resume}"
        return text

    @property
    def resume(self) -> str:
        """The command that goes on with the search."""
        return command("resume", self.summary["folder"])

    @property
    def _reason(self) -> str:
        return self.run.failure or next(iter(self.summary["failures"]))


def search_results(study: Study, top: int) -> SearchResults:
    """What there is so far; `NasbenchError` where no candidate has been told.

    Results are trainings in full, of each network the first. Parameters and multiply-adds are those
    of the full-size network for the data's classes.
    """
    from nasbench_mobile import catalog

    runs = study.runs()
    if not any(run.trials for run in runs):
        raise NasbenchError(f"{study.folder} has no trials yet; nasbench-mobile resume runs it")
    [run], benchmark = runs, study.plan.benchmark
    space = catalog.build_space(benchmark.space.name, benchmark.space.options)
    rows = _rows(run, ranked_results(run.trials), space, benchmark)
    on_front = front([row["accuracy"] for row in rows], [row["latency_ms"] for row in rows])
    for position, row in enumerate(rows):
        row["rank"], row["front"] = position + 1, position in on_front
        row |= _commands(row, study, space, f"full-{row['rank']}")
    full = space.network(run.trials[0].tokens)
    summary = {
        **_said(study, run),
        "latency_input_size": full.input_shape[1],
        "latency_classes": full.output_shape[0],
        "beware": _beware(rows, space, benchmark, _training(run, benchmark)["input_size"]),
        "best": rows[:top],
        "front": [rows[position] for position in on_front.tolist()],
        "longest": [] if rows else _longest(study, run, space, top),
    }
    return SearchResults(run, space, rows, summary)


def _said(study: Study, run: Run) -> dict[str, Any]:
    """Everything of a summary but networks."""
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


def _training(run: Run, benchmark: Benchmark) -> dict[str, Any]:
    """What a full training is: the recipe's epochs, and of which network."""
    how = benchmark.accuracy.options
    known = (trial.measurement.fidelity for trial in run.trials if trial.measurement)
    fidelity = next((one for one in known if one is not None), None)
    return {
        "epochs": how["options"]["epochs"],
        "width": how.get("width", 1.0),
        "input_size": how.get("input_size") if fidelity is None else fidelity.input_size,
    }


def _rows(
    run: Run, positions: Sequence[int], space: SearchSpace, benchmark: Benchmark
) -> list[dict[str, Any]]:
    """A row for the network of each of these trials, of repeats the first."""
    rows: dict[Tokens, dict[str, Any]] = {}
    for position in positions:
        trial = run.trials[position]
        identity = space.canonical(trial.tokens)
        if identity not in rows:
            rows[identity] = _row(trial, position + 1, space, classes(benchmark))
    return list(rows.values())


def _row(trial: Trial, candidate: int, space: SearchSpace, classes: int) -> dict[str, Any]:
    measured = trial.measurement
    if measured is None:
        raise ValueError(f"candidate {candidate} has no measurement: {trial.failure}")
    return {
        "candidate": candidate,
        "tokens": list(trial.tokens),
        "block_string": space.describe(trial.tokens),
        "accuracy": measured.accuracy,
        "latency_ms": measured.latency_ms,
        "latency_sd_ms": measured.latency_sd_ms,
        "reward": trial.reward,
        **counts(space.network(trial.tokens, classes=classes)),
    }


def _longest(study: Study, run: Run, space: SearchSpace, top: int) -> list[dict[str, Any]]:
    """Where nothing was trained in full: what was trained longest, by reward."""
    shares = [trial.proposal.fidelity if trial.ok else 0.0 for trial in run.trials]
    rewards = [trial.reward or 0.0 for trial in run.trials]
    ordered = sorted(range(len(shares)), key=lambda place: (-shares[place], -rewards[place]))
    rows = _rows(run, [p for p in ordered if shares[p]], space, study.plan.benchmark)[:top]
    for number, row in enumerate(rows, start=1):
        row["share"] = shares[row["candidate"] - 1]
        row |= _commands(row, study, space, f"full-longest-{number}")
    return rows


def _beware(
    rows: Sequence[Mapping[str, Any]], space: SearchSpace, benchmark: Benchmark,
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


def _commands(
    row: Mapping[str, Any], study: Study, space: SearchSpace, name: str
) -> dict[str, str]:
    """The paper's full training at the full size, that of the latency; and its network as a file.

    The second says nothing of the network: the record that the first writes does.
    """
    part, how = study.plan.benchmark.space, study.plan.benchmark.accuracy.options
    # Tokens mean the space as it comes; with options its words say the network.
    tokens = [",".join(map(str, row["tokens"])), "--space", part.name]
    size = space.network(tuple(row["tokens"])).input_shape[1]
    out = str(study.folder / name)
    train = [
        "train", *([row["block_string"]] if part.options else tokens),
        "--data", how["data"], "--recipe", "full", "--input-size", str(size),
        *(["--broken", how["broken"]] if how.get("broken", "fail") != "fail" else []),
        "--out", out,
    ]  # fmt: skip
    export = command("export", "--from", out, "-o", f"{out}.tflite")
    return {"train": command(*train), "export": export}
