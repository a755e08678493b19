"""Trainings that are made up, so that a search takes a second, and what searches are asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.evaluators.training import TrainingAccuracy
from nasbench_mobile.networks.cost import parameters
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.runs.run import Run
from nasbench_mobile.studies.study import Study

EPOCHS = 4.0
SMALL: dict[str, Any] = {
    "width": 0.1, "epochs": EPOCHS, "train_images": 60, "validation_images": 20,
    "options": {"batch_size": 6}, "top": 1,
}  # fmt: skip
"""A small search's training, for `search_on_images`."""

WORDS = (
    "search", "--data", "digits", "--width", 0.1, "--epochs", EPOCHS, "--train-images", 60,
    "--validation-images", 20, "--set", "batch_size=6", "--top", 1,
)  # fmt: skip
"""The same for the command."""


def full_accuracy(network: Network) -> float:
    """In [0.3, 0.6), another for every network."""
    return 0.3 + parameters(network) % 997 / 3323


class MadeUp:
    """Trainings that take no time. `before` is called with the number of each and its network.

    The shorter they are, the higher the accuracy, which no ranking may fall for.
    """

    def __init__(self) -> None:
        self.count = 0
        self.before: Callable[[int, Network], None] = lambda number, network: None

    def train(self, network: Network, epochs: float) -> dict[str, Any]:
        self.count += 1
        self.before(self.count, network)
        accuracy = full_accuracy(network) + 0.3 * (1 - epochs / EPOCHS)
        return {"accuracy": accuracy, "cost_s": 0.0, "history": []}


def made_up_trainings(monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    """Those that every `TrainingAccuracy` has from now on."""
    made_up = MadeUp()

    def train(_: Any, place: int, network: Network, recipe: Any, name: str) -> dict[str, Any]:
        return made_up.train(network, recipe.epochs)

    monkeypatch.setattr(TrainingAccuracy, "_train", train)
    return made_up


def the_run(folder: Path) -> Run:
    """The one run of a search."""
    [run] = Study.open(folder).runs()
    return run


def the_log(folder: Path) -> Path:
    """The log of that run."""
    [log] = folder.glob("runs/*/*.jsonl")
    return log
