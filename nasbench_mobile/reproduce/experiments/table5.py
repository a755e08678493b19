"""Table 5 of MnasNet: single- against multi-objective reward, cells against factorised blocks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np

from nasbench_mobile.benchmark import Benchmark, load_benchmark
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.cost import multiply_adds
from nasbench_mobile.objectives.mnasnet import parse_objective
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.report.plots import save
from nasbench_mobile.report.reproduction_plots import Series, draw_points
from nasbench_mobile.reproduce import our_figures as ours
from nasbench_mobile.reproduce import paper
from nasbench_mobile.reproduce.claims import ClaimVerdict, exactly, on
from nasbench_mobile.reproduce.experiment import (
    Experiment,
    ExperimentOutcome,
    ExperimentSetting,
    Picture,
    ResultTable,
    RunStudy,
    numbers,
    study_runs,
)
from nasbench_mobile.reproduce.our_figures import Found
from nasbench_mobile.reproduce.paired_seeds import gain, picked
from nasbench_mobile.reproduce.paper import PAPER_TARGET_MS, Value
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.nasnet import NasNetSpace
from nasbench_mobile.studies.plan import Plan, seeds_from
from nasbench_mobile.types import Measurement, StrategySpec, Trial

REWARDS = {"single": "0,0", "multi": "soft"}
"""Accuracy alone is Eq. 2 with both exponents 0."""

MUCH = 0.2
"""Share by which latency must fall to be much lower: our choice, where the paper has 0.45."""

BATCHES, BATCH = 5, 20
"""What PPO is asked on each space, to see that it runs there: five of its updates."""

STAND_IN_ACCURACY = 0.5
"""What every network is told to have there: only its multiply-adds tell it from others."""


def run(setting: ExperimentSetting, folder: Path, run_study: RunStudy) -> ExperimentOutcome:
    """PPO with both rewards in MnasNet's kind of space; PPO's machinery on both spaces."""
    seeds = setting.seeds or (3 if setting.quick else 10)
    samples = setting.samples or (300 if setting.quick else 3000)
    benchmark = load_benchmark("imagenet-pixel1")
    runs = {
        name: study_runs(
            folder,
            f"table5/{name}",
            Plan(
                benchmark.with_objective(exponents, PAPER_TARGET_MS),
                (StrategySpec("ppo"),),
                seeds_from(0, seeds),
                samples,
            ),
            run_study,
        )
        for name, exponents in REWARDS.items()
    }
    picks = {name: [picked(run) for run in found] for name, found in runs.items()}
    rows = [_row(name, found) for name, found in picks.items()]
    spaces = [_try(space) for space in (MnasNetSpace(), NasNetSpace())]
    _draw(picks, folder)
    headings = {"reward": "reward", "accuracy": "accuracy picked", "latency_ms": "ms picked"}
    tried = {
        "space": "space", "tokens": "tokens", "proposals": "proposals", "networks": "networks",
        "multiply_adds_m": "multiply-adds (M), median",
    }  # fmt: skip
    return ExperimentOutcome(
        {"samples": samples, "seeds": seeds, "searches": rows, "spaces": spaces},
        [_faster(picks, benchmark), _both(spaces), _order()],
        numbers(paper.TABLE_5, _ours),
        [
            ResultTable("table5", f"PPO on both rewards, {seeds} seeds", headings, rows),
            ResultTable("table5-spaces", "The same PPO on both spaces", tried, spaces),
        ],
        [Picture("table5.png", "What PPO picks with and without latency in its reward")],
        ["no surrogate knows cells, so the accuracy of cell-based networks needs ImageNet"],
    )


def _ours(key: tuple[Value, ...], column: str) -> Found:
    if column == "top1_pct":
        return None, ours.NEEDS_IMAGENET
    if key == ("Multi-obj", "Cell-based"):
        return None, ours.NOT_RELEASED
    return ours.latency(zoo.network("nasnet-a" if key[1] == "Cell-based" else "mnasnet-a1"))


class _Row(TypedDict):
    """What the searches with a reward picked, means over seeds."""

    reward: str
    accuracy: float
    latency_ms: float


def _row(name: str, picks: Sequence[Measurement]) -> _Row:
    return {
        "reward": name,
        "accuracy": float(np.mean([pick.accuracy for pick in picks])),
        "latency_ms": float(np.mean([pick.latency_ms for pick in picks])),
    }


def _faster(picks: dict[str, list[Measurement]], benchmark: Benchmark) -> ClaimVerdict:
    pairs = list(zip(picks["single"], picks["multi"], strict=True))
    latency = gain([multi.latency_ms / single.latency_ms - 1.0 for single, multi in pairs])
    accuracy = gain([multi.accuracy - single.accuracy for single, multi in pairs])
    much = latency.interval is not None and latency.interval[1] < -MUCH
    detail = f"latency {latency.words('+.1%')}, accuracy {accuracy.words('+.2%')}"
    return on(benchmark.identifier, "multi-faster", much and accuracy.below, detail)


class _Tried(TypedDict):
    """How many proposals on a space were networks; the median of their multiply-adds, millions."""

    space: str
    tokens: int
    proposals: int
    networks: int
    multiply_adds_m: float


def _try(space: SearchSpace) -> _Tried:
    """Ask and tell PPO on a space, rewarded by multiply-adds alone, and decode all it proposes."""
    from nasbench_mobile.strategies.ppo import PPO

    strategy = PPO(space.decisions, 0, BATCHES * BATCH)
    reward = parse_objective("soft", PAPER_TARGET_MS)
    counts = []
    proposals = 0
    for _ in range(BATCHES):
        asked = strategy.ask(BATCH)
        trials = []
        for proposal in asked:
            counts.append(multiply_adds(space.network(proposal.tokens)) / 1e6)
            measured = Measurement(STAND_IN_ACCURACY, counts[-1])
            trials.append(Trial(proposal, measured, reward(measured)))
        proposals += len(asked)
        strategy.tell(trials)
    return {
        "space": space.name, "tokens": len(space.decisions), "proposals": proposals,
        "networks": len(counts), "multiply_adds_m": float(np.median(counts)),
    }  # fmt: skip


def _both(spaces: Sequence[_Tried]) -> ClaimVerdict:
    runs = all(row["proposals"] == row["networks"] == BATCHES * BATCH for row in spaces)
    detail = "; ".join(
        f"{row['space']}: {row['networks']} networks of {row['proposals']} proposals, "
        f"{row['tokens']} tokens"
        for row in spaces
    )
    return exactly("same-search-both-spaces", runs, detail)


def _order() -> ClaimVerdict:
    rows = [(float(str(row[2])), float(str(row[3]))) for row in paper.TABLE_5.rows]
    latencies = [ms for ms, _ in rows]
    faster = latencies == sorted(latencies, reverse=True)
    detail = ", ".join(f"{top1:g} % at {ms:g} ms" for ms, top1 in rows)
    return exactly("table5-order", faster and rows[2][1] > rows[1][1], detail)


def _draw(picks: dict[str, list[Measurement]], folder: Path) -> None:
    series = [
        Series(
            {"single": "accuracy alone", "multi": "accuracy and latency (soft)"}[name],
            [(pick.latency_ms, 100 * pick.accuracy) for pick in found],
            marker,
            line=False,
        )
        for (name, found), marker in zip(picks.items(), "os", strict=True)
    ]
    figure = draw_points(
        series, x="Pixel 1 latency (ms, estimate)", y="Top-1 accuracy (%, surrogate)"
    )
    save(figure, folder / "table5.png")


EXPERIMENT = Experiment(
    "table5",
    "Table 5: reward and search space",
    "what latency in the reward does to what is found, and that one search runs on both spaces",
    run,
    frozenset({"seeds", "samples"}),
)
