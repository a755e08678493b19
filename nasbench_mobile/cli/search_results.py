"""What a search ends with: its best architectures, their files and how to train them fully."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench_mobile.cli.describing import counts
from nasbench_mobile.cli.exporting import write_file
from nasbench_mobile.cli.output import console, print_table
from nasbench_mobile.metrics.pareto import front
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.runs import Run
from nasbench_mobile.study import Study
from nasbench_mobile.types import Tokens

BEST, RECORD = "best", "best.json"
"""Folder of the best architectures' files, and the record of all of them."""

TELLING = 1.5
"""Times chance from which accuracies are taken to mean something (our choice)."""


def results(study: Study, top: int) -> dict[str, Any]:
    """The best `top` by reward and the front of accuracy and latency, written into the folder.

    Each of the best gets a record and a .tflite file of the full network, whose weights are
    untrained. Repeats are left out.
    """
    from nasbench_mobile import catalog

    [run] = study.runs()
    part = study.plan.benchmark.space
    space = catalog.build_space(part.name, part.options)
    rows = [{"rank": rank, **row} for rank, row in enumerate(_by_reward(run, space), start=1)]
    on_front = front([row["accuracy"] for row in rows], [row["latency_ms"] for row in rows])
    for position, row in enumerate(rows):
        row["front"] = position in on_front
        row["train"] = _train_command(row, study, space)
    best = [_with_files(row, space, study.folder) for row in rows[:top]]
    reasons = Counter(trial.failure for trial in run.trials if trial.failure)
    summary = {
        "folder": str(study.folder),
        "benchmark": study.plan.benchmark.identifier,
        "data": study.plan.benchmark.accuracy.options["data"],
        "latency": run.header.benchmark["latency"]["label"],
        "target_ms": study.plan.benchmark.objective.target_ms,
        "objective": study.plan.benchmark.objective.name,
        "candidates": len(run.trials),
        "chance": study.plan.benchmark.reference_point.accuracy,
        "repeats": sum(trial.repeat_of is not None for trial in run.trials),
        "failures": dict(reasons.most_common()),
        "best": best,
        "front": [rows[position] for position in on_front.tolist()],
    }
    write_file(study.folder / RECORD, _json(summary))
    return summary


def print_results(summary: Mapping[str, Any]) -> None:
    """The table, then for each of the best its file and the command that trains it fully."""
    ranks = {row["rank"]: row for row in [*summary["best"], *summary["front"]]}
    columns = {
        "rank": "rank", "candidate": "candidate", "accuracy": "accuracy", "latency_ms": "ms",
        "reward": "reward", "front": "front", "parameters": "parameters",
        "multiply_adds": "multiply-adds",
    }  # fmt: skip
    screen = console()
    screen.print(
        f"\n{summary['candidates']:,} candidates, {summary['repeats']:,} of them repeats, "
        f"{sum(summary['failures'].values()):,} failed; {summary['objective']} reward, "
        f"T = {summary['target_ms']:g} ms, latency: {summary['latency']}",
        markup=False, soft_wrap=True,
    )  # fmt: skip
    for reason, count in summary["failures"].items():
        screen.print(f"failed {count:,} times: {reason}", markup=False, soft_wrap=True)
    print_table(columns, [_cells(ranks[rank]) for rank in sorted(ranks)])
    screen.print("front: none was both more accurate and faster")
    best, chance = max(row["accuracy"] for row in summary["front"]), summary["chance"]
    if best < TELLING * chance:
        screen.print(
            f"beware: the most accurate has {best:.2%}, guessing {chance:.2%}, so these trainings "
            "told little apart; give more --epochs, or smaller batches (--set batch_size=32)",
            style="yellow", markup=False,
        )  # fmt: skip
    for row in summary["best"]:
        screen.print(f"\n{row['rank']}. {row['block_string']}", markup=False, soft_wrap=True)
        screen.print(f"   {row['tflite']}", markup=False, soft_wrap=True)
        screen.print(f"   {row['train']}", markup=False, soft_wrap=True)


def _cells(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "accuracy": f"{row['accuracy']:.2%}", "front": "yes" if row["front"] else ""}


def _by_reward(run: Run, space: SearchSpace) -> list[dict[str, Any]]:
    """A row for every architecture with a reward, best first; of repeats the first trial."""
    rows: dict[Tokens, dict[str, Any]] = {}
    for number, trial in enumerate(run.trials, start=1):
        identity, measured = space.canonical(trial.tokens), trial.measurement
        if measured is None or identity in rows:
            continue
        rows[identity] = {
            "candidate": number,
            "tokens": list(trial.tokens),
            "block_string": space.describe(trial.tokens),
            "accuracy": measured.accuracy,
            "latency_ms": measured.latency_ms,
            "latency_sd_ms": measured.latency_sd_ms,
            "reward": trial.reward,
            **counts(space.network(trial.tokens)),
        }
    return sorted(rows.values(), key=lambda row: -float(row["reward"]))


def _train_command(row: Mapping[str, Any], study: Study, space: SearchSpace) -> str:
    """The paper's full training at the full size, that of the latency."""
    part, how = study.plan.benchmark.space, study.plan.benchmark.accuracy.options
    # Tokens mean the space as it comes; with options its words say the network.
    tokens = [",".join(map(str, row["tokens"])), "--space", part.name]
    words = [
        "nasbench-mobile", "train", *([row["block_string"]] if part.options else tokens),
        "--data", how["data"], "--recipe", "full", "--input-size", "224",
        *(["--broken", how["broken"]] if how.get("broken", "fail") != "fail" else []),
        "--out", str(study.folder / f"full-{row['rank']}"),
    ]  # fmt: skip
    return shlex.join(words)


def _with_files(row: dict[str, Any], space: SearchSpace, folder: Path) -> dict[str, Any]:
    from nasbench_mobile.networks.tflite import to_tflite

    place = folder / BEST / f"{row['rank']}"
    row = {**row, "record": f"{place}.json", "tflite": f"{place}.tflite"}
    write_file(Path(row["tflite"]), to_tflite(space.network(tuple(row["tokens"]))))
    write_file(Path(row["record"]), _json(row))
    return row


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
