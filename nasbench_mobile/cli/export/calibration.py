"""Which images `export --quantize int8` is shown, and whether they are those of the training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nasbench_mobile.errors import NasbenchError, UsageError

if TYPE_CHECKING:
    from nasbench_mobile.cli.shared.network_source import Source
    from nasbench_mobile.training.record import TrainingRecord


def calibrating_data(source: Source, given: Path | None) -> tuple[str, list[str]]:
    """The place of the images, the training's own if none is given, and what to say of them."""
    if given is not None:
        return str(given), []
    if source.record is None:
        raise UsageError(
            "--quantize int8 needs --calibration DIR, a folder of some 100 images like those of "
            "the training; with --from FOLDER they are the training's own"
        )
    from nasbench_mobile.training.data import DIGITS, is_of_digits

    place = DIGITS if is_of_digits(source.record.data) else source.record.data_place
    if place is None:
        raise UsageError(
            f"{source.place} does not say where the images of the training lie; give them, or some "
            "100 like them, with --calibration DIR"
        )
    if place != DIGITS and not Path(place).exists():
        raise UsageError(
            f"the images of the training are not at {place} any more; give them, or some 100 like "
            "them, with --calibration DIR"
        )
    return place, _replaced(source.record, place)


def _replaced(record: TrainingRecord, place: str) -> list[str]:
    """What to say where the images are not those that were trained on; they calibrate even so."""
    from nasbench_mobile.training.data import load_data

    if record.split is None or record.data_content is None:
        return []
    try:
        now = load_data(place, **record.split)
    except NasbenchError as error:
        seen = str(error)
    else:
        if (now.identity, now.content) == (record.data, record.data_content):
            return []
        seen = f"{record.data}, {record.data_content} then; {now.identity}, {now.content} now"
    return [
        f"the images at {place} are not those that the network was trained on ({seen}); it is "
        "calibrated with those that lie there now"
    ]
