"""The network that a command works on: one that its options say, or one that was trained."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_mobile.cli.shared.model_argument import NamedModel, parse_subject
from nasbench_mobile.cli.shared.network_options import CLASSES, INPUT_SIZE, WIDTH
from nasbench_mobile.cli.shared.output import console
from nasbench_mobile.cli.shared.recorded_model import recorded_subject, same_space
from nasbench_mobile.errors import NasbenchError, UsageError
from nasbench_mobile.files.json_files import read_json_map
from nasbench_mobile.files.text_files import is_file
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.stem import stem_stride, with_stem_stride
from nasbench_mobile.shell_words import command
from nasbench_mobile.training.record import (
    CHECKPOINT,
    RECORD,
    REMEDY,
    WEIGHTS,
    TrainingRecord,
    read_record,
)

if TYPE_CHECKING:  # torch is imported where weights are read
    from nasbench_mobile.networks.pytorch import NetworkModule


@dataclass(frozen=True)
class Asked:
    """What a command line says of a network; None where an option was not given."""

    model: str | None = None
    trained: Path | None = None
    space: str | None = None
    width: float | None = None
    input_size: int | None = None
    stem_stride: int | None = None
    classes: int | None = None
    weights: Path | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Source:
    """A network, and where it was trained its record, that record's place and its weights.

    `stem_stride` None is the network's own. `notes` are sentences for the user.
    """

    subject: NamedModel
    width: float
    input_size: int
    classes: int
    stem_stride: int | None = None
    weights: Path | None = None
    record: TrainingRecord | None = None
    place: Path | None = None
    notes: tuple[str, ...] = ()

    def network(self) -> Network:
        """The layer graph, its stem as it was trained."""
        network = self.subject.network(self.width, self.input_size, self.classes)
        return with_stem_stride(network, self.stem_stride)

    def module(self, seed: int = 0) -> NetworkModule:
        """The network at inference, with its trained weights, or untrained ones of a seed.

        Weights that are not those of the record, or cannot be used, are an error.
        """
        from nasbench_mobile.networks.pytorch import load_weights, to_module

        module = to_module(self.network(), seed=seed)
        if self.weights is not None:
            if self.record is not None and not self.weights.exists():
                raise UsageError(
                    f"there are no weights at {self.weights}; the same `nasbench-mobile train` "
                    "command writes them anew"
                )
            recorded = None if self.record is None else self.record.weights_sha256
            load_weights(module, self.weights, recorded)
        return module.eval()

    @property
    def label(self) -> str:
        """The network's name with all that is not as by default."""
        words = [self.subject.name]
        words += [f"x{self.width:g}"] if self.width != WIDTH else []
        words += [f"at {self.input_size}"] if self.input_size != INPUT_SIZE else []
        words += [f"stem stride {self.stem_stride}"] if self.stem_stride is not None else []
        return " ".join(words)

    def facts(self) -> dict[str, Any]:
        """What `--json` says of the network's frame, its classes and its training."""
        record = self.record
        return {
            "width": self.width,
            "depth_multiplier": self.width,  # its old name, until version 0.3
            "input_size": self.input_size,
            "stem_stride": stem_stride(self.network()),
            "classes": self.classes,
            "class_names": None if record is None else list(record.classes),
            "preparation": record and record.preparation and record.preparation.record(),
            "record": None if self.place is None else str(self.place),
            "notes": list(self.notes),
        }

    def noting(self, *notes: str) -> Source:
        """The same source with more notes."""
        return replace(self, notes=(*self.notes, *notes))

    def with_notes(self) -> Source:
        """The source with a note on weights without a record, which fit at any stride and size."""
        if self.weights is None:
            return self
        return self.noting(
            f"no {RECORD} says what {self.weights} was trained at: {self.input_size} px and stem "
            f"stride {stem_stride(self.network())} are taken as given, and the weights' shapes "
            "cannot tell"
        )

    def say_notes(self) -> None:
        """Print the notes on standard error."""
        for note in self.notes:
            console(stderr=True).print(f"note: {note}", soft_wrap=True)


def source_of(asked: Asked) -> Source:
    """The network that a command line asks for.

    A record, of `--from` or beside `--weights`, says all that is not given; `UsageError` where
    what is given says something else.
    """
    if (asked.model is None) == (asked.trained is None):
        seen = "both were given" if asked.model else "neither was given"
        raise UsageError(f"name a MODEL, or a training with --from FOLDER: {seen}")
    if asked.trained is not None:
        return _trained(asked, _record_in(asked.trained))
    if asked.weights is not None and (place := _beside(asked.weights)) is not None:
        return _trained(asked, place)
    return Source(
        parse_subject(asked.model or "", asked.space),
        WIDTH if asked.width is None else asked.width,
        INPUT_SIZE if asked.input_size is None else asked.input_size,
        CLASSES if asked.classes is None else asked.classes,
        asked.stem_stride, asked.weights,
    ).with_notes()  # fmt: skip


def _record_in(place: Path) -> Path:
    """The `training.json` of a training's folder; `UsageError` says what else lies there."""
    if place.suffix == ".json" and is_file(place):
        _refuse_untrained(place)
        return place
    if is_file(place / RECORD):
        return place / RECORD
    if is_file(place / CHECKPOINT):
        raise UsageError(
            f"the training in {place} has not ended, so it has no {RECORD}; the same "
            "`nasbench-mobile train` command goes on with it"
        )
    if is_file(place / "search.json"):
        raise UsageError(
            f"{place} is a search, whose networks are untrained; train one with the command that "
            f"`{command('report', place)}` names, then give that one's --out"
        )
    if not os.path.exists(place):
        raise UsageError(f"there is no training at {place}; --from is the --out of a `train`")
    raise UsageError(f"{place} holds no {RECORD}; --from is the folder that `train --out` wrote")


def _refuse_untrained(place: Path) -> None:
    """`UsageError` where a record is of a network that a search found: how it is trained."""
    record = read_json_map(place, REMEDY)
    train, export = record.get("train"), record.get("export")
    if type(train) is str and type(export) is str:
        raise UsageError(
            f"{place} is of a search's network, which is untrained; train it with `{train}`, then "
            f"take it away with `{export}`"
        )


def _beside(weights: Path) -> Path | None:
    """The record that is of a file of weights; None where there is none."""
    place = weights.parent / RECORD
    if not is_file(weights) or not is_file(place):
        return None
    if weights.name == WEIGHTS:
        return place
    try:
        recorded = read_record(place).weights_sha256
    except NasbenchError:  # of something else: these weights have another name
        return None
    same = hashlib.sha256(weights.read_bytes()).hexdigest() == recorded
    return place if same else None


def _trained(asked: Asked, place: Path) -> Source:
    record = read_record(place)
    if asked.space is not None and not same_space(asked.space, record):
        raise _contradiction("--space", asked.space, record.space, place)
    subject, notes = recorded_subject(record, place, asked.model, asked.space)
    base = subject.network(record.width, record.input_size, len(record.classes))
    for option, given, recorded in _beside_each_other(asked, record, base, place):
        if given is not None and given != recorded:
            raise _contradiction(option, given, recorded, place)
    weights = place.with_name(WEIGHTS) if asked.weights is None else asked.weights
    return Source(
        subject, record.width, record.input_size, len(record.classes), record.stem_stride,
        weights, record, place, (*notes, *_lacking(record, place)),
    )  # fmt: skip


def _beside_each_other(
    asked: Asked, record: TrainingRecord, base: Network, place: Path
) -> Iterator[tuple[str, Any, Any]]:
    """Each option with what was given and what the training recorded."""
    stride = stem_stride(base) if record.stem_stride is None else record.stem_stride
    yield "--width", asked.width, record.width
    yield "--input-size", asked.input_size, record.input_size
    yield "--stem-stride", asked.stem_stride, stride
    yield "--classes", asked.classes, len(record.classes)
    yield "--seed", asked.seed, record.seed
    if asked.trained is not None and asked.weights is not None:
        yield "--weights", asked.weights.resolve(), place.with_name(WEIGHTS).resolve()


def _contradiction(option: str, given: Any, recorded: Any, place: Path) -> UsageError:
    return UsageError(
        f"{option} is {given}, but the training was of {recorded}, as {place} says; leave {option} "
        "out"
    )


def _lacking(record: TrainingRecord, place: Path) -> list[str]:
    if not record.lacks:
        return []
    return [
        f"{place} was written by an older version and does not say {', '.join(record.lacks)}: "
        "what lies beside it is taken for the training's"
    ]
