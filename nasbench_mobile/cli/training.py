"""`train`: train one network on images."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench_mobile.cli.shared import training_options as options
from nasbench_mobile.cli.shared.common_options import AsJson
from nasbench_mobile.cli.shared.output import console, print_json
from nasbench_mobile.cli.shared.signals import INTERRUPTED
from nasbench_mobile.shell_words import command

if TYPE_CHECKING:
    from nasbench_mobile.networks.graph import Network
    from nasbench_mobile.training.data import ImageData
    from nasbench_mobile.training.launcher import Launcher
    from nasbench_mobile.training.recipe import Recipe
    from nasbench_mobile.training.record import TrainingRecord
    from nasbench_mobile.training.trainer import TrainingResult, TrainingSetting


def train(
    model: Annotated[
        str, typer.Argument(help="The network: a model's name, tokens, or a block string.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="The folder for the weights, the record of the training and its checkpoint."
        ),
    ],
    data: options.Data = "digits",
    recipe: options.RecipeOption = options.RecipeName.PROXY,
    epochs: options.Epochs = None,
    width: options.Width = 1.0,
    input_size: options.InputSize = None,
    stem_stride: options.StemStride = None,
    seed: Annotated[
        int,
        typer.Option(
            help="The seed of the initial weights, of the order of the images and of their crops.",
            min=0,
        ),
    ] = 0,
    set_: options.RecipeValues = None,
    validation_images: options.ValidationImages = None,
    train_images: options.TrainImages = None,
    split_seed: options.SplitSeed = 0,
    broken: options.Broken = options.BrokenImages.FAIL,
    space: Annotated[
        str | None,
        typer.Option(
            help="The search space that the tokens are of; by default the one with as many tokens."
        ),
    ] = None,
    device: options.Accelerator = "auto",
    precision: options.PrecisionOption = options.PrecisionName.AUTO,
    devices: Annotated[
        int,
        typer.Option(
            "--accelerator-count",
            help="How many accelerators of each machine are used (Lightning Fabric).",
            min=1,
        ),
    ] = 1,
    nodes: Annotated[
        int, typer.Option(help="How many machines are used (Lightning Fabric).", min=1)
    ] = 1,
    loaders: options.Loaders = 0,
    threads: options.Threads = 1,
    time_limit_s: options.TimeLimit = None,
    memory_limit_mb: options.MemoryLimit = None,
    as_json: AsJson = False,
) -> None:
    """Train a network on images. The same command again goes on where it was cut short.

    Validation images are held out of the training set, or are those of a `val` folder where there
    is a `test` folder too; the test set is evaluated once, at the end.

    Example: `nasbench-mobile train mnasnet-a1 --data digits --recipe full --epochs 2 --out out/t`
    """
    from nasbench_mobile.cli.shared.model_argument import parse_subject
    from nasbench_mobile.cli.shared.recorded_model import recorded_as
    from nasbench_mobile.networks.stem import with_stem_stride
    from nasbench_mobile.training.data import default_input_size, load_data, place_of
    from nasbench_mobile.training.hints import small_map_hint, warmup_hint
    from nasbench_mobile.training.limits import Limits
    from nasbench_mobile.training.record import CHECKPOINT
    from nasbench_mobile.training.trainer import TrainingSetting
    from nasbench_mobile.training.trainer import train as train_network

    subject = parse_subject(model, space)
    of_what = recorded_as(subject, space)  # code of a space's file as it was when it was read
    how = options.recipe_of(recipe.value, epochs, set_ or [])
    launcher = _launcher(device, precision.value, devices, nodes)
    split: dict[str, Any] = {
        "validation_images": validation_images, "train_images": train_images,
        "split_seed": split_seed, "broken": broken.value,
    }  # fmt: skip
    images = load_data(data, **split, tested=True)
    if not as_json and launcher.share.rank == 0:
        options.say_read(data, images)
    network = subject.network(width, input_size or default_input_size(images), len(images.classes))
    network = with_stem_stride(network, stem_stride)
    setting = TrainingSetting(
        seed=seed, checkpoint=out / CHECKPOINT, limits=Limits(time_limit_s, memory_limit_mb),
        loaders=loaders, threads=threads,
    )  # fmt: skip
    hints = filter(None, (small_map_hint(network), warmup_hint(how)))
    for hint in () if as_json or launcher.share.rank else hints:
        console(stderr=True).print(hint, soft_wrap=True)
    try:
        result = train_network(
            network, images, how, setting, launcher=launcher, test=True,
            progress=None if as_json else _print_epoch,
        )  # fmt: skip
    except KeyboardInterrupt:
        if launcher.share.rank == 0:
            _print_stopped(setting)
        raise typer.Exit(INTERRUPTED) from None
    if launcher.share.rank:
        return
    record = _kept(out, network, images, how, result, {
        "width": width, "stem_stride": stem_stride, "seed": seed, "precision": launcher.precision,
        "data_place": place_of(data), "split": split, **of_what,
    })  # fmt: skip
    if as_json:
        print_json(record.record())
    else:
        _print_end(out, record)


def _launcher(device: str, precision: Any, devices: int, nodes: int) -> Launcher:
    from nasbench_mobile.training.launcher import ManyDevices, OneDevice

    if devices * nodes == 1:
        return OneDevice(device, precision)
    return ManyDevices(devices, nodes, precision, "auto" if device == "auto" else device)


def _kept(
    out: Path, network: Network, images: ImageData, recipe: Recipe, result: TrainingResult,
    asked: dict[str, Any],
) -> TrainingRecord:  # fmt: skip
    """The weights of a training and its record, written; the record last, as it has their hash."""
    from nasbench_mobile.training import reading
    from nasbench_mobile.training.batches import preparation_of
    from nasbench_mobile.training.checkpoint import write_checkpoint
    from nasbench_mobile.training.record import WEIGHTS, TrainingRecord

    record = TrainingRecord(
        input_size=network.input_shape[1],
        classes=images.classes,
        data=images.identity,
        data_content=images.content,
        images=reading.record(images),
        recipe=recipe.fitted(len(images.train)).record(),
        accuracy=result.accuracy,
        test_accuracy=result.test_accuracy,
        cost_s=result.cost_s,
        history=[asdict(report) for report in result.history],
        skipped_images=images.skipped,
        preparation=preparation_of(recipe, network.input_shape[1], images.validation),
        weights_sha256=write_checkpoint(out / WEIGHTS, result.weights),
        **asked,
    )
    record.write(out)
    return record


def _print_epoch(report: Any) -> None:
    console(stderr=True).print(
        f"epoch {report.epoch:g}: loss {report.loss:.4f}, validation accuracy "
        f"{report.accuracy:.2%}, {report.elapsed_s:.0f} s",
    )


def _print_stopped(setting: TrainingSetting) -> None:
    console(stderr=True).print(
        f"stopped; at most {setting.checkpoint_s:g} s of the training are lost. Go on with the "
        "same command", soft_wrap=True,
    )  # fmt: skip


def _print_end(out: Path, record: TrainingRecord) -> None:
    from nasbench_mobile.training.record import RECORD, WEIGHTS

    test = record.test_accuracy
    on_test = "" if test is None else f", on the test images {test:.2%}"
    console().print(
        f"{record.model}: validation accuracy {record.accuracy:.2%}{on_test}, "
        f"{record.cost_s:.0f} s; weights in {out / WEIGHTS}, all else in {out / RECORD}",
        soft_wrap=True,
    )
    take = command("export", "--from", out, "-o", f"{out}.tflite")
    console().print(f"take it away with: {take}", soft_wrap=True)
