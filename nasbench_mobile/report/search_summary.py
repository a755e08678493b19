"""What is said of a search and of its networks: the shape of `best.json` and of `--json`."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from nasbench_mobile.types import Kind


class NetworkRow(TypedDict):
    """A network that a search trained, with the commands that take it away.

    `accuracy` is a fraction; `latency_ms`, its standard deviation, `parameters` and `multiply_adds`
    are those of the full-size network.
    """

    candidate: int
    tokens: list[int]
    block_string: str
    accuracy: float
    latency_ms: float
    latency_sd_ms: float | None
    reward: float | None
    parameters: int
    multiply_adds: int
    train: str
    export: str

    rank: NotRequired[int]
    """From 1 on, best first: of networks that were trained in full."""

    front: NotRequired[bool]
    """Whether no other is both more accurate and faster: of networks that were trained in full."""

    share: NotRequired[float]
    """Of the full training: of networks listed because none was trained in full."""

    record: NotRequired[str]
    tflite: NotRequired[str]
    """Paths of files, of the best ones."""


class FullTraining(TypedDict):
    """What a full training is: of how many epochs, at which width and pixels a side."""

    epochs: float
    width: float
    input_size: int | None


class SearchSettings(TypedDict):
    """What a search was asked for, and how far it has come."""

    folder: str
    benchmark: str
    title: str
    space: str
    strategy: str
    seed: int
    data: str
    images: str | None
    training: FullTraining
    classes: int
    chance: float
    latency: str
    latency_kind: Kind
    target_ms: float
    objective: str
    budget: int
    spent: float
    finished: bool
    ended_early: str | None
    candidates: int
    partial: int
    repeats: int
    notes: list[str]
    failures: dict[str, int]


class SearchSummary(SearchSettings):
    """All of it. `longest` lists what was trained longest where nothing was trained in full."""

    latency_input_size: int
    latency_classes: int
    beware: str | None
    best: list[NetworkRow]
    front: list[NetworkRow]
    longest: list[NetworkRow]
