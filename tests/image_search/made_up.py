"""Trainings that are made up, so that a search takes a second, and what searches are asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nasbench_mobile.networks.cost import parameters
from nasbench_mobile.networks.graph import Network

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


class MadeUp:
    """Trainings that take no time. `before` is called with the number of each."""

    def __init__(self) -> None:
        self.count = 0
        self.before: Callable[[int], None] = lambda number: None

    def train(self, network: Network, epochs: float) -> dict[str, Any]:
        self.count += 1
        self.before(self.count)
        accuracy = 0.3 + parameters(network) % 997 / 3323 + 0.3 * (1 - epochs / EPOCHS)
        return {"accuracy": accuracy, "cost_s": 0.0, "history": []}


def the_log(folder: Path) -> Path:
    [log] = folder.glob("runs/*/*.jsonl")
    return log
