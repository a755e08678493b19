"""`collect`: train many architectures and keep what comes out in a table."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench_mobile.cli.collect import tables
from nasbench_mobile.cli.collect.picks_option import Picks, picks_of
from nasbench_mobile.cli.latency.latency_option import latency_evaluators
from nasbench_mobile.cli.shared import training_options as options
from nasbench_mobile.cli.shared.common_options import AsJson
from nasbench_mobile.cli.shared.output import console, print_json
from nasbench_mobile.cli.shared.signals import INTERRUPTED
from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.json_values import checked_whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nasbench_mobile.collecting.collector import Collector
    from nasbench_mobile.collecting.jobs import TrainingJob
    from nasbench_mobile.evaluators.training import TrainingAccuracy
    from nasbench_mobile.protocols import LatencyEvaluator, SearchSpace
    from nasbench_mobile.tables.row import Origin
    from nasbench_mobile.tables.table import Table
    from nasbench_mobile.types import Tokens

app = typer.Typer(rich_markup_mode="markdown")
app.command()(tables.merge)
app.command()(tables.price)
app.command()(tables.noise)
app.command()(tables.card)
app.command()(tables.retrained)

TRAININGS = "trainings"
"""Folder beside the table for the checkpoints of trainings under way."""


@app.callback(invoke_without_command=True)
def collect(
    context: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="The folder of the table. One that is there already is gone on with.",
        ),
    ] = None,
    data: options.Data = "digits",
    space: Annotated[
        str, typer.Option(help="The space from which architectures are drawn.")
    ] = "mnasnet",
    count: Annotated[
        int,
        typer.Option(
            help="How many architectures are drawn in all. A larger number later adds more.", min=0
        ),
    ] = 0,
    sample_seed: Annotated[
        int, typer.Option(help="The seed that draws the architectures.", min=0)
    ] = 0,
    around: Annotated[
        list[str] | None,
        typer.Option(
            help="A model's name or tokens near to which architectures are drawn. It may be given "
            "several times."
        ),
    ] = None,
    around_share: Annotated[
        float,
        typer.Option(
            help="The share of --count that is drawn near to those of --around.", min=0, max=1
        ),
    ] = 0.5,
    architecture: Annotated[
        list[str] | None,
        typer.Option(help="A model's name or tokens to train. It may be given several times."),
    ] = None,
    picks: Picks = None,
    references: Annotated[
        bool, typer.Option("--references", help="Train the paper's reference models as well.")
    ] = False,
    reference_seeds: Annotated[
        int, typer.Option(help="How often each reference model is trained.", min=1)
    ] = 1,
    seeds: Annotated[
        int, typer.Option(help="How often each architecture is trained, with a seed each.", min=1)
    ] = 1,
    repeat_first: Annotated[
        int,
        typer.Option(
            help="How many of the first architectures are trained --repeat-seeds times.", min=0
        ),
    ] = 0,
    repeat_seeds: Annotated[
        int,
        typer.Option(help="How often each of --repeat-first is trained, with a seed each.", min=1),
    ] = 3,
    first_seed: Annotated[
        int, typer.Option(help="The first seed of each architecture; the others follow it.", min=0)
    ] = 0,
    latency: Annotated[
        list[str] | None,
        typer.Option(
            help="Where latency comes from: `pixel1`, `host`, `host-lookup[:FILE]` or "
            "`android:SERIAL`. It may be given several times."
        ),
    ] = None,
    recipe: options.RecipeOption = options.RecipeName.PROXY,
    epochs: options.Epochs = None,
    width: options.Width = 0.35,
    input_size: options.InputSize = None,
    stem_stride: options.StemStride = None,
    set_: options.RecipeValues = None,
    validation_images: options.ValidationImages = None,
    train_images: options.TrainImages = None,
    split_seed: options.SplitSeed = 0,
    broken: options.Broken = options.BrokenImages.FAIL,
    workers: Annotated[
        int,
        typer.Option(
            "--jobs",
            "-j",
            help="How many trainings run at a time, each in its process.",
            min=1,
        ),
    ] = 1,
    shard: Annotated[
        str | None,
        typer.Option(
            help="Which share of the trainings this machine takes: 2/4 is the second of four."
        ),
    ] = None,
    retry_failed: Annotated[
        bool,
        typer.Option("--retry-failed", help="Train the architectures again whose training failed."),
    ] = False,
    device: options.Accelerator = "auto",
    precision: options.PrecisionOption = options.PrecisionName.AUTO,
    loaders: options.Loaders = 0,
    time_limit_s: options.TimeLimit = None,
    memory_limit_mb: options.MemoryLimit = None,
    as_json: AsJson = False,
) -> None:
    """Train many architectures and append every training to a table.

    The same command goes on where it was stopped; a larger --count goes on from there. Latency is
    that of the full network, whatever is trained.

    Example: `nasbench-mobile collect --data digits --count 10 --epochs 1 --out out/table`
    """
    if context.invoked_subcommand is not None:
        return
    from nasbench_mobile import catalog
    from nasbench_mobile.architecture import home_space
    from nasbench_mobile.collecting.jobs import Seeds
    from nasbench_mobile.evaluators.training import TrainingAccuracy

    if out is None:
        raise UsageError("nothing says where the table goes; give --out FOLDER")
    if not (count or references or architecture or picks):
        raise UsageError(
            "nothing is to be trained; give --count, --architecture, --picks or --references"
        )
    place = catalog.build_space(space)
    accuracy = TrainingAccuracy(
        data=data, recipe=recipe.value, options=options.recipe_values(epochs, set_ or []),
        width=width, input_size=input_size, stem_stride=stem_stride,
        validation_images=validation_images, train_images=train_images, split_seed=split_seed,
        broken=broken.value, loaders=loaders, time_limit_s=time_limit_s,
        checkpoints=str(out / TRAININGS), memory_limit_mb=memory_limit_mb, device=device,
        precision=precision.value,
    )  # fmt: skip
    given = [_tokens(place, text) for text in architecture or []]
    jobs = _jobs(
        place, count, sample_seed, given, picks, around or [], around_share, references,
        Seeds(seeds, repeat_first, repeat_seeds, reference_seeds, first_seed), shard,
    )  # fmt: skip
    named = latency_evaluators(latency or ["pixel1"], home_space(place), alone=workers == 1)
    accuracy = _matched(out, accuracy)
    accuracy.check(place)
    wanted = {
        key: _without_folders(value)
        for key, value in context.params.items()
        if key not in ("out", "as_json")
    }
    try:
        summary = _collect(
            out, place, accuracy, named, jobs, workers, retry_failed, wanted, as_json
        )
    except KeyboardInterrupt:
        console(stderr=True).print(
            f"stopped; what was trained is in {out}, and the same command goes on", soft_wrap=True,
        )  # fmt: skip
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print_json(summary)
    else:
        console().print(_words(out, summary), soft_wrap=True)


def _matched(out: Path, accuracy: TrainingAccuracy) -> TrainingAccuracy:
    """The evaluator for a table that goes on, where one does.

    `UsageError` where that was begun on other images under the same names.
    """
    from nasbench_mobile.tables.writing import begun_table
    from nasbench_mobile.training.matching import check_content

    table = begun_table(out)
    if table is None:
        return accuracy
    earlier = table.header.training.get("data")
    accuracy = accuracy.going_on(earlier)
    if accuracy.data.identity == earlier:  # else more is told of when it is opened
        check_content(table.data_content, accuracy.data, f"the table in {out}")
    return accuracy


def _without_folders(value: Any) -> Any:
    """An option's value for the record, files by name: where they lay means nothing elsewhere."""
    if isinstance(value, list | tuple):
        return [_without_folders(item) for item in value]
    if isinstance(value, Path):
        return value.name
    if isinstance(value, str) and "/" in value and Path(value.partition(":")[2] or value).exists():
        return Path(value).name
    return value


def _jobs(
    space: SearchSpace, count: int, seed: int, given: Sequence[Tokens], study: Path | None,
    around: Sequence[str], share: float, with_references: bool, seeds: Any, part: str | None,
) -> list[TrainingJob]:  # fmt: skip
    from nasbench_mobile.architecture import Architecture
    from nasbench_mobile.collecting.jobs import MOST_TRAININGS, all_jobs, shard
    from nasbench_mobile.collecting.references import references
    from nasbench_mobile.collecting.sampling import draw

    checked_whole_number("--count", count, 0, MOST_TRAININGS)
    near = [_tokens(space, text) for text in around]
    drawn = draw(space, count, seed, near, share if near else 0.0)
    picked = [] if study is None else picks_of(study, space)
    origins: dict[Tokens, Origin] = {Architecture(space, one).home.tokens: "given" for one in given}
    origins |= {pick.tokens: "given" for pick in picked}
    for one in drawn:
        origins.setdefault(Architecture(space, one.tokens).home.tokens, one.origin)
    samples = list(origins.items())
    return shard(all_jobs(samples, references() if with_references else [], seeds), part)


def _tokens(space: SearchSpace, text: str) -> Tokens:
    """Tokens in the space of a model's name or of tokens."""
    from nasbench_mobile.cli.shared.model_argument import parse_subject

    subject = parse_subject(text, space.name)
    if subject.tokens is not None:
        return space.canonical(subject.tokens)
    return space.encode(subject.network(1.0, 224, 1000))


def _collect(
    out: Path, space: SearchSpace, accuracy: TrainingAccuracy,
    latencies: dict[str, LatencyEvaluator], jobs: list[TrainingJob], workers: int,
    retry_failed: bool, wanted: dict[str, Any], quiet: bool,
) -> dict[str, Any]:  # fmt: skip
    from nasbench_mobile.architecture import home_space
    from nasbench_mobile.collecting.collector import Collector, Trainer, table_header
    from nasbench_mobile.studies.provenance import environment, versions
    from nasbench_mobile.tables.writing import open_table
    from nasbench_mobile.training import reading

    home = home_space(space)
    header = table_header(home, accuracy, latencies)
    with open_table(out, header) as (table, writer), _watching(quiet) as watch:
        collector = Collector(Trainer(home, accuracy), latencies, workers, retry_failed, watch)
        missing = collector.missing(jobs, table)
        watch.says(reading.placed_line(accuracy.place, accuracy.data))
        if missing:
            _announce(collector, missing, len(jobs), out, table)
            writer.session(
                {
                    "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                    "options": wanted,
                    "images": reading.record(accuracy.data),
                    "versions": versions(),
                    "environment": environment(),
                    "data_content": accuracy.data.content,
                }
            )
        rows = collector.collect(missing, writer)
    return {
        "table": str(out),
        "asked": len(jobs),
        "trained": len(rows),
        "known": len(jobs) - len(missing),
        "failed": sum(row.failure is not None for row in rows),
        "cost_s": round(sum(row.cost_s for row in rows), 1),
        "rows": len(table.rows) + len(rows),
    }


def _announce(
    collector: Collector, missing: Sequence[TrainingJob], asked: int, out: Path, table: Table
) -> None:
    """Say what will be trained, before minutes go by without a word."""
    from nasbench_mobile.training.hints import small_map_hint, warmup_hint
    from nasbench_mobile.training.matching import matched_by_names

    trainer, workers = collector.trainer, collector.workers
    accuracy = trainer.accuracy
    epochs = f"{accuracy.recipe.epochs:g} epoch{'' if accuracy.recipe.epochs == 1 else 's'}"
    known = f" ({asked - len(missing):,} of {asked:,} known before)" if len(missing) < asked else ""
    count = f"{len(missing):,} training{'' if len(missing) == 1 else 's'}"
    collector.watch.says(
        f"{count}{known} of {epochs} on {accuracy.data.identity} at width {accuracy.width:g}, "
        f"{accuracy.input_size} px, {workers} at a time; into {out}"
    )
    if table.data_content is None:
        collector.watch.says(matched_by_names(accuracy.data, "the table was begun"))
    network, recipe = trainer.proxy(missing[0]), accuracy.recipe
    for hint in filter(None, (small_map_hint(network), warmup_hint(recipe))):
        collector.watch.says(hint)


def _watching(quiet: bool) -> Any:
    from contextlib import nullcontext

    from nasbench_mobile.cli.collect.progress import watching
    from nasbench_mobile.collecting.collector import CollectingListener

    nothing: CollectingListener = CollectingListener()
    return nullcontext(nothing) if quiet else watching()


def _words(out: Path, summary: dict[str, Any]) -> str:
    failed = f", {summary['failed']} of them failed" if summary["failed"] else ""
    return (
        f"{out}: {summary['trained']} trainings done in {summary['cost_s']:,.0f} s{failed}, "
        f"{summary['known']} known before; {summary['rows']} rows in all"
    )
