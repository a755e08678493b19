"""A network's file with what it says of itself, for `export`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from nasbench_mobile.cli.shared.network_source import Source
    from nasbench_mobile.networks.pytorch import NetworkModule
    from nasbench_mobile.training.file_facts import FileFacts
    from nasbench_mobile.training.preparation import Preparation
    from nasbench_mobile.training.preparing_code import Axes
    from nasbench_mobile.training.record import TrainingRecord

Form: TypeAlias = Literal["tflite", "torch", "onnx"]


@dataclass(frozen=True, slots=True)
class Exported:
    """The file's bytes; in words, which images an int8 one was calibrated with."""

    content: bytes
    calibration: str | None = None


def file_facts(source: Source) -> FileFacts:
    """What a file of this network says of itself."""
    from nasbench_mobile.training.file_facts import DEFAULT, FileFacts
    from nasbench_mobile.training.preparation import Preparation

    record = source.record
    if record is None:
        preparation, said = Preparation(source.input_size), DEFAULT
    else:
        preparation, said = _trained_preparation(record)
    return FileFacts(
        source.subject.name, source.input_size, source.classes,
        None if record is None else record.classes, preparation, said,
        None if record is None else record.record(),
    )  # fmt: skip


def _trained_preparation(record: TrainingRecord) -> tuple[Preparation, str]:
    """How a training's evaluation prepared images; what old records lack follows from the rest."""
    from nasbench_mobile.training.data import is_of_digits
    from nasbench_mobile.training.file_facts import EVALUATED, UNRECORDED
    from nasbench_mobile.training.preparation import SHARE, Preparation

    if record.preparation is not None:
        return record.preparation, EVALUATED
    recorded = record.recipe.get("evaluation_crop")
    share = recorded if isinstance(recorded, float) else SHARE
    if is_of_digits(record.data):  # they are always cached
        return Preparation(record.input_size, share, "side", "float32"), EVALUATED
    return Preparation(record.input_size, share), UNRECORDED


def exported(
    module: NetworkModule, facts: FileFacts, form: Form, calibration: str | None = None
) -> Exported:
    """The module as a file that holds the facts; int8 where there is data to calibrate with."""
    texts = facts.metadata(axes_of(form), int8=calibration is not None)
    if form != "tflite":
        from nasbench_mobile.networks.torch_export import to_onnx, to_pt2

        return Exported((to_onnx if form == "onnx" else to_pt2)(module, texts))
    from nasbench_mobile.networks.pytorch import module_weights
    from nasbench_mobile.networks.tflite import to_tflite

    content = to_tflite(module.network, module_weights(module), metadata=texts)
    if calibration is None:
        return Exported(content)
    from nasbench_mobile.networks.quantization import quantize_int8
    from nasbench_mobile.training.calibration import calibration_images

    shown = calibration_images(calibration, facts.preparation)
    return Exported(quantize_int8(content, shown.images), shown.said)


def axes_of(form: Form) -> Axes:
    """The order of axes in which a file of this format takes images."""
    return "channels last" if form == "tflite" else "channels first"
