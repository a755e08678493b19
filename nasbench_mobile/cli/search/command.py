"""`search`: train and measure what a strategy proposes, and end with the best architectures."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nasbench_mobile.cli.search.request import (
    TOP,
    created,
    keep_images,
    keep_top,
    kept_top,
    match_content,
    opened,
    read_request,
)
from nasbench_mobile.cli.shared import training_options as options
from nasbench_mobile.cli.shared.common_options import AsJson, Trust
from nasbench_mobile.cli.shared.output import console, print_json, say
from nasbench_mobile.cli.shared.signals import INTERRUPTED
from nasbench_mobile.errors import LogError, NasbenchError
from nasbench_mobile.files.json_files import LARGEST_WHOLE
from nasbench_mobile.shell_words import command

if TYPE_CHECKING:
    from nasbench_mobile.evaluators.training import TrainingAccuracy
    from nasbench_mobile.protocols import SearchSpace
    from nasbench_mobile.studies.study import Study
    from nasbench_mobile.studies.task import RunProgress

TRAININGS, LATENCIES = "trainings", "latencies.json"
"""In the folder of a search, beside what a study has there: checkpoints and ended trainings, and
measured latencies."""

PRESENTATION = ("out", "top", "checkpoint_s", "trust", "as_json")
"""Options that may differ when a search is taken up again."""

Top = Annotated[
    int, typer.Option(help="How many of the best networks get files.", min=1, max=LARGEST_WHOLE)
]
CheckpointSeconds = Annotated[
    float, typer.Option(help="How many seconds of a training a crash may cost.", min=0)
]


def search(
    context: typer.Context,
    space: Annotated[
        str, typer.Option(help="The search space, its options after a colon: `mnasnet:blocks=5`.")
    ] = "mnasnet",
    data: options.Data = "digits",
    latency: Annotated[
        str,
        typer.Option(
            help="Where latency comes from: `pixel1`, `host`, `host-lookup[:FILE]` or "
            "`android:SERIAL`."
        ),
    ] = "pixel1",
    strategy: Annotated[
        str,
        typer.Option(
            help="The strategy, its options after a colon: `ppo:learning_rate=8e-4`; your own is "
            "`file.py:Class`."
        ),
    ] = "ppo",
    objective: Annotated[
        str,
        typer.Option(
            help="The reward: `soft`, `hard` or ALPHA,BETA of Eq. 2-3; your own is `file.py:Name`."
        ),
    ] = "soft",
    target_ms: Annotated[
        float | None,
        typer.Option(
            help="Target latency T in ms; by default 75 on pixel1 and as slow for other devices."
        ),
    ] = None,
    budget: Annotated[
        int,
        typer.Option(
            help="How many full trainings may be spent; repeats are charged, shorter trainings by "
            "their share.",
            min=1,
        ),
    ] = 100,
    batch: Annotated[
        int | None,
        typer.Option(
            help="How many candidates are asked for at once; by default the strategy's own number.",
            min=1,
        ),
    ] = None,
    start_from: Annotated[
        str | None,
        typer.Option(
            help="What to begin with: models' names, or the folder of an earlier search or study."
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="The seed of the strategy and of all trainings.", min=0)
    ] = 0,
    recipe: options.RecipeOption = options.RecipeName.PROXY,
    epochs: options.Epochs = None,
    set_: options.RecipeValues = None,
    width: options.Width = 1.0,
    input_size: options.InputSize = None,
    stem_stride: options.StemStride = None,
    validation_images: options.ValidationImages = None,
    train_images: options.TrainImages = None,
    split_seed: options.SplitSeed = 0,
    broken: options.Broken = options.BrokenImages.FAIL,
    device: options.Device = "auto",
    precision: options.PrecisionOption = options.PrecisionName.AUTO,
    loaders: options.Loaders = 0,
    threads: options.Threads = 1,
    time_limit_s: options.TimeLimit = None,
    memory_limit_mb: options.MemoryLimit = None,
    checkpoint_s: CheckpointSeconds = 60.0,
    top: Top = TOP,
    out: Annotated[
        Path | None, typer.Option(help="The folder of the search; by default out/search-TIME.")
    ] = None,
    trust: Trust = False,
    as_json: AsJson = False,
) -> None:
    """Search for architectures by training candidates on your images.

    Latency is always that of the full network (224 pixels); `--width`, `--input-size` and
    `--stem-stride` shrink what is trained alone. Only trainings in full are results. The same
    command again goes on where it stopped.

    Example: `nasbench-mobile search --data digits --width 0.25 --stem-stride 1 --epochs 4
    --set batch_size=32 --set learning_rate=0.4 --budget 5 --out out/s`
    """
    folder = out or Path("out") / time.strftime("search-%Y%m%d-%H%M%S")
    request = {key: value for key, value in context.params.items() if key not in PRESENTATION}
    if data != "digits":
        request["data"] = str(Path(data).resolve())
    study, accuracy = opened(folder, request), None
    if study is None:
        study, accuracy = created(folder, request)
    else:
        from nasbench_mobile.studies.trust import check_trust

        check_trust(study, say, trust=trust)
    keep_top(folder, top)
    finish(study, accuracy, checkpoint_s=checkpoint_s, as_json=as_json)


def finish(
    study: Study, accuracy: TrainingAccuracy | None = None, *,
    checkpoint_s: float = 60.0, as_json: bool = False,
) -> None:  # fmt: skip
    """Search to the end, from wherever it stands, and show what came out."""
    ended = _searched(study, accuracy, checkpoint_s, as_json)
    if ended.failure is None:
        for checkpoint in (study.folder / TRAININGS).glob("*.pt"):
            checkpoint.unlink()  # of trainings that failed: nobody will go on with them
    elif not any(run.trials for run in study.runs()):
        raise NasbenchError(f"no candidate was evaluated; {ended.failure}")
    show_results(study, as_json=as_json)
    if ended.failure:
        raise NasbenchError(f"the search ended early: {ended.failure}")


def show_results(study: Study, *, as_json: bool = False) -> None:
    """Write the files and the page of a search, finished or not, and print what there is.

    `NasbenchError` where the search has ended without a result.
    """
    from nasbench_mobile.cli.search.files import PAGE, write_results
    from nasbench_mobile.cli.search.printing import print_results

    folder = study.folder
    if not as_json:
        console(stderr=True).print(
            f"writing the report and the best networks' files into {folder}",
            soft_wrap=True,
        )  # fmt: skip
    try:
        found = write_results(study, kept_top(folder))
    except KeyboardInterrupt:
        console(stderr=True).print(
            "stopped while files were written; the search itself is kept. Write them again with: "
            f"{command('report', folder)}", soft_wrap=True,
        )  # fmt: skip
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print_json(found.summary)
    else:
        print_results(found)
        console().print(f"\nAll of it: {folder / PAGE}", soft_wrap=True)
    if found.nothing is None:
        return
    if found.ended:
        raise NasbenchError(found.nothing)
    console(stderr=True).print(found.nothing, soft_wrap=True)


def _searched(
    study: Study, accuracy: TrainingAccuracy | None, checkpoint_s: float, quiet: bool
) -> RunProgress:
    from nasbench_mobile.cli.search.progress import SearchProgress
    from nasbench_mobile.evaluators.recorded_latency import WatchedLatency
    from nasbench_mobile.evaluators.training import TrainingAccuracy
    from nasbench_mobile.search.observed_problem import OneByOne
    from nasbench_mobile.training import reading

    plan, folder = study.plan, study.folder
    problem = plan.benchmark.build(plan.seeds[0])
    trained = accuracy or problem.accuracy
    if not isinstance(trained, TrainingAccuracy):
        raise LogError(f"{folder} is damaged: its benchmark does not train what it is shown")
    trained.checkpoints, trained.checkpoint_s = folder / TRAININGS, checkpoint_s
    note = match_content(folder, trained)
    screen = None if quiet else console(stderr=True)
    keep_images(folder, reading.record(trained.data))
    if screen is not None:
        options.say_read(trained.place, trained.data)
        screen.print(_headline(study, trained, problem.latency.label), soft_wrap=True)
        hints = note, _hint(problem.space, trained), options.warmup_hint(trained.recipe)
        for hint in filter(None, hints):
            screen.print(hint, soft_wrap=True)
    earlier = study.runs()
    try:
        with SearchProgress(
            earlier[0] if earlier else None, plan.budget, trained.recipe.epochs, screen
        ) as progress:
            trained.progress = progress.epoch
            latency = WatchedLatency(problem.latency, progress.latency, folder / LATENCIES)
            watched = OneByOne(
                problem.space, trained, trained, latency, problem.objective, watcher=progress
            )
            return study.run_here(watched, progress.told)
    except KeyboardInterrupt:
        console(stderr=True).print(
            "stopped; nothing that was told is lost, of the training under way at most "
            f"{checkpoint_s:g} s. Go on with the same command, or: {command('resume', folder)}",
            soft_wrap=True,
        )  # fmt: skip
        raise typer.Exit(INTERRUPTED) from None


def _hint(space: SearchSpace, accuracy: TrainingAccuracy) -> str | None:
    """On feature maps of one pixel: told from any one architecture, as sides are a space's own."""
    import numpy as np

    from nasbench_mobile.architecture import Architecture

    one = Architecture(space, space.sample(np.random.default_rng(0)))
    return options.small_map_hint(accuracy.network(one))


def _headline(study: Study, accuracy: TrainingAccuracy, latency: str) -> str:
    plan = study.plan
    benchmark, how = plan.benchmark, accuracy.recipe
    options = read_request(study.folder)["options"]
    target = f"T = {benchmark.objective.target_ms:g} ms"
    if options["target_ms"] is None and options["latency"] == "pixel1":
        target += " (the paper's)"
    elif options["target_ms"] is None:
        target += " (MobileNetV2's latency times what the paper's 75 ms are of it on a Pixel 1)"
    epochs = "1 epoch" if how.epochs == 1 else f"{how.epochs:g} epochs"
    trainings = "1 training" if plan.budget == 1 else f"{plan.budget:,} trainings"
    return (
        f"{plan.strategies[0].label} on {benchmark.space.name}, {trainings} of {epochs} on "
        f"{accuracy.data.identity} at width {accuracy.width:g}, {accuracy.input_size} px; latency: "
        f"{latency}; {benchmark.objective.name} reward, {target}; into {study.folder}"
    )
