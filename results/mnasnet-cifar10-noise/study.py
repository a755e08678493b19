"""Which short training ranks networks of a part of `mnasnet`, and not their seeds?

Each setting trains the same architectures with two seeds. A table to rank with needs a seed
standard deviation of at most a third of the standard deviation between architectures.

    OMP_NUM_THREADS=1 python results/mnasnet-cifar10-noise/study.py CIFAR10_FOLDER SETTING ...
    python results/mnasnet-cifar10-noise/study.py

The first appends to SETTING.jsonl beside this file, and skips what is there; the second prints the
table of the README from these files.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.evaluators.training import TrainingAccuracy
from nasbench_mobile.networks.cost import multiply_adds
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.tables.noise_study import noise_study
from nasbench_mobile.types import AccuracyReading

HERE = Path(__file__).parent
SEEDS = (0, 1)

ARCHITECTURES = (
    "100211 210111 210121 210121 210121 210111 210211",
    "100211 301111 301121 201121 201121 201111 201211",
    "100211 101210 101120 301120 301120 301110 301211",
    "100211 101112 101122 101122 101122 101112 101112",
    "100211 111111 111121 311121 311121 311111 311211",
    "100211 100111 100121 200121 200121 200111 200211",
    "100211 301210 301120 301120 301120 301110 301211",
    "100211 301112 301122 201122 201122 201112 201112",
)
"""Tokens of `mnasnet`, block by block. Written out, because the space they were drawn from is gone:
the first eight of numpy's `default_rng(0).permutation(108)` over commit 6dc683e's `mnasnet-coarse`.
"""

RECIPE: dict[str, Any] = {
    "batch_size": 32, "optimizer": "rmsprop", "learning_rate": 0.008, "schedule": "cosine",
    "smallest_area": 0.5, "label_smoothing": 0.0, "dropout": 0.0, "evaluation_crop": 1.0,
}  # fmt: skip
STEADY: dict[str, Any] = {**RECIPE, "batch_norm_momentum": 0.98, "smallest_area": 1.0}
COMMON: dict[str, Any] = {"train_images": 6000, "validation_images": 2000, "width": 0.35}

SETTINGS: dict[str, dict[str, Any]] = {
    "stem1-3": {**COMMON, "options": RECIPE, "epochs": 3, "stem_stride": 1},
    "stem1-5": {**COMMON, "options": RECIPE, "epochs": 5, "stem_stride": 1},
    "stem2-10": {
        **COMMON, "options": {**RECIPE, "smallest_area": 0.8}, "epochs": 10, "stem_stride": 2,
    },
    "stem1-4-steady": {
        **COMMON, "options": STEADY, "epochs": 4, "stem_stride": 1, "validation_images": 4000,
    },
    "stem1-3-more-images": {
        **COMMON, "options": STEADY, "epochs": 3, "stem_stride": 1, "validation_images": 4000,
        "train_images": 12000,
    },
}  # fmt: skip


def main(data: str, names: list[str]) -> None:
    sample = architectures()
    for name in names:
        path = HERE / f"{name}.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        done = {(row["architecture"], row["seed"]) for row in map(json.loads, lines)}
        for seed in SEEDS:
            trainer = TrainingAccuracy(
                data=data, input_size=32, seed=seed, device="cpu", **SETTINGS[name]
            )
            for number, architecture in enumerate(sample):
                if (number, seed) in done:
                    continue
                start = time.process_time()
                (reading,) = trainer.accuracy([architecture])
                row: dict[str, Any] = {
                    "architecture": number, "seed": seed,
                    "cpu_s": round(time.process_time() - start, 1),
                    "multiply_adds_m": round(multiply_adds(trainer.network(architecture)) / 1e6, 3),
                }  # fmt: skip
                if isinstance(reading, AccuracyReading):
                    row["accuracy"] = reading.accuracy
                else:
                    row["failure"] = reading.reason
                with path.open("a") as out:
                    out.write(json.dumps(row) + "\n")
                print(name, row, flush=True)


def architectures() -> list[Architecture]:
    space = MnasNetSpace()
    return [
        Architecture(space, space.validate([int(token) for token in digits.replace(" ", "")]))
        for digits in ARCHITECTURES
    ]


def table() -> str:
    """Markdown: a row per setting of which two architectures or more have two seeds."""
    lines = [
        "| setting | architectures (repeated) | CPU s | accuracy | seed sd | spread sd | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in SETTINGS:
        path = HERE / f"{name}.jsonl"
        if not path.exists():
            continue
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        groups: dict[int, list[float]] = {}
        for row in rows:
            if "accuracy" in row:
                groups.setdefault(row["architecture"], []).append(row["accuracy"])
        cpu_s = float(np.mean([row["cpu_s"] or row["wall_s"] for row in rows]))
        mean = float(np.mean([group[0] for group in groups.values()]))
        if sum(len(group) > 1 for group in groups.values()) < 2:
            lines.append(f"| {name} | {len(groups)} (0) | {cpu_s:.0f} | {mean:.3f} | - | - | - |")
            continue
        study = noise_study(list(groups.values()))
        lines.append(
            f"| {name} | {study.architectures} ({study.repeated}) | {cpu_s:.0f} | {mean:.3f} | "
            f"{_with(study.seed_sd, study.seed_sd_interval)} | "
            f"{_with(study.spread_sd, study.spread_sd_interval)} | "
            f"{_with(study.ratio, study.ratio_interval)} |"
        )
    return "\n".join(lines)


def _with(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1], sys.argv[2:])
    else:
        print(table())
