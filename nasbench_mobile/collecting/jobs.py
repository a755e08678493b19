"""The trainings a table is to have, in the order they are done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nasbench_mobile.collecting.references import FULL_SIZE, Reference
from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.json_values import checked_whole_number
from nasbench_mobile.studies.plan import LARGEST_SEED
from nasbench_mobile.tables.row import Origin, TrainingKey
from nasbench_mobile.types import Tokens

MOST_TRAININGS = 1_000_000
"""How many trainings a table may have: our choice, two years of trainings of a minute."""


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """One training to be done: of an architecture's `tokens`, or of a `reference`."""

    origin: Origin
    seed: int
    tokens: Tokens | None = None
    reference: Reference | None = None

    @property
    def key(self) -> TrainingKey:
        """The key of the row that the training will give."""
        model = self.reference
        if model is None:
            return (self.tokens, None, 1.0, FULL_SIZE), self.seed
        return (None, model.name, model.width, model.input_size), self.seed


@dataclass(frozen=True, slots=True)
class Seeds:
    """How many seeds each network is trained with.

    Architectures with `each`, the first `repeated` of them with `more`, and reference models with
    `models`. With another `first` than 0 seeds are counted from there.
    """

    each: int = 1
    repeated: int = 0
    more: int = 3
    models: int = 1
    first: int = 0

    def __post_init__(self) -> None:
        if min(self.each, self.more, self.models) < 1 or min(self.repeated, self.first) < 0:
            raise UsageError(
                f"seeds are {self.each} for each architecture, {self.more} for the first "
                f"{self.repeated} and {self.models} for reference models; give 1 or more"
            )
        most = max(self.each, self.more if self.repeated else 1, self.models)
        checked_whole_number("the last seed", self.first + most - 1, 0, LARGEST_SEED)

    def of(self, place: int) -> range:
        """The seeds, less `first`, of the architecture at a place from 0."""
        return range(max(self.each, self.more) if place < self.repeated else self.each)


def all_jobs(
    samples: Sequence[tuple[Tokens, Origin]], models: Sequence[Reference], seeds: Seeds
) -> list[TrainingJob]:
    """The first seed of every architecture, then of every reference model, then further seeds.

    Breadth first, our choice: a table cut short has most of its networks, if with fewer seeds.
    """
    jobs: list[TrainingJob] = []
    counts = [seeds.of(place).stop for place in range(len(samples))] + [seeds.models] * len(models)
    checked_whole_number("the number of trainings", sum(counts), 0, MOST_TRAININGS)
    for seed in range(max(counts, default=0)):
        jobs += [
            TrainingJob(origin, seeds.first + seed, tokens=tokens)
            for place, (tokens, origin) in enumerate(samples)
            if seed in seeds.of(place)
        ]
        if seed < seeds.models:
            jobs += [
                TrainingJob("reference", seeds.first + seed, reference=model) for model in models
            ]
    return jobs


def shard(jobs: Sequence[TrainingJob], text: str | None) -> list[TrainingJob]:
    """The jobs of one machine: of `1/4` to `4/4` every fourth one, and all without a text."""
    if text is None:
        return list(jobs)
    part, slash, parts = text.partition("/")
    if not (slash and _numbers(part, parts) and 1 <= int(part) <= int(parts)):
        raise UsageError(f"shard is {text!r}; write 1/4 for the first of four")
    return list(jobs[int(part) - 1 :: int(parts)])


def _numbers(*texts: str) -> bool:
    """Whether texts are whole numbers of a size that int() reads: `²` is a digit and no number."""
    return all(text.isdecimal() and len(text) < 10 for text in texts)
