"""The networks that a search has trained: a row for each, with the commands that take it away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nasbench_mobile.benchmark import Benchmark
from nasbench_mobile.image_search.task import classes
from nasbench_mobile.metrics.pareto import front
from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.report.search_summary import NetworkRow
from nasbench_mobile.runs.run import Run, ranked_results
from nasbench_mobile.shell_words import command
from nasbench_mobile.studies.study import Study
from nasbench_mobile.types import Measurement, Tokens


@dataclass(frozen=True)
class NetworkRows:
    """The rows of a search's run; the first of all candidates that mean one network has its row."""

    study: Study
    run: Run
    space: SearchSpace

    def in_full(self) -> list[NetworkRow]:
        """Give what was trained in full, best first, with rank and front."""
        positions = self._distinct(ranked_results(self.run.trials))
        found = [self._measured(position) for position in positions]
        accuracies = [measured.accuracy for measured in found]
        on_front = set(front(accuracies, [measured.latency_ms for measured in found]).tolist())
        rows = [self._row(p, f"full-{rank}") for rank, p in enumerate(positions, start=1)]
        for place, row in enumerate(rows):
            row["rank"], row["front"] = place + 1, place in on_front
        return rows

    def longest(self, top: int) -> list[NetworkRow]:
        """Give what was trained longest, then by reward, for a search without full trainings."""
        trials = self.run.trials
        shares = [trial.proposal.fidelity if trial.ok else 0.0 for trial in trials]
        rewards = [trial.reward or 0.0 for trial in trials]
        ordered = sorted(range(len(shares)), key=lambda place: (-shares[place], -rewards[place]))
        positions = self._distinct([place for place in ordered if shares[place]])[:top]
        rows = [self._row(p, f"full-longest-{rank}") for rank, p in enumerate(positions, start=1)]
        for position, row in zip(positions, rows, strict=True):
            row["share"] = shares[position]
        return rows

    def _distinct(self, positions: Sequence[int]) -> list[int]:
        """Keep only the first of all trials that mean the same network."""
        first: dict[Tokens, int] = {}
        for position in positions:
            first.setdefault(self.space.canonical(self.run.trials[position].tokens), position)
        return list(first.values())

    def _measured(self, position: int) -> Measurement:
        trial = self.run.trials[position]
        if trial.measurement is None:
            raise ValueError(f"candidate {position + 1} has no measurement: {trial.failure}")
        return trial.measurement

    def _row(self, position: int, name: str) -> NetworkRow:
        trial, measured = self.run.trials[position], self._measured(position)
        benchmark = self.study.plan.benchmark
        network = self.space.network(trial.tokens, classes=classes(benchmark))
        words = self.space.describe(trial.tokens)
        out = str(self.study.folder / name)
        return {
            "candidate": position + 1,
            "tokens": list(trial.tokens),
            "block_string": words,
            "accuracy": measured.accuracy,
            "latency_ms": measured.latency_ms,
            "latency_sd_ms": measured.latency_sd_ms,
            "reward": trial.reward,
            "parameters": parameters(network),
            "multiply_adds": multiply_adds(network),
            "train": _train(benchmark, self.space, trial.tokens, words, out),
            "export": command("export", "--from", out, "-o", f"{out}.tflite"),
        }


def _train(benchmark: Benchmark, space: SearchSpace, tokens: Tokens, words: str, out: str) -> str:
    """Give the command of the paper's full training, at the size that the latency is of."""
    part, how = benchmark.space, benchmark.accuracy.options
    # Tokens mean the space as it comes; with options its words say the network.
    named = [",".join(map(str, tokens)), "--space", part.name]
    size = space.network(tokens).input_shape[1]
    return command(
        "train", *([words] if part.options else named),
        "--data", how["data"], "--recipe", "full", "--input-size", str(size),
        *(["--broken", how["broken"]] if how.get("broken", "fail") != "fail" else []),
        "--out", out,
    )  # fmt: skip
