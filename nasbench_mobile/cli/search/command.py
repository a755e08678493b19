"""`search`: train and measure what a strategy proposes, and end with the best architectures."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nasbench_mobile.cli.search.finishing import show, shown
from nasbench_mobile.cli.shared import training_options as options
from nasbench_mobile.cli.shared.common_options import AsJson, Trust
from nasbench_mobile.files.json_files import LARGEST_WHOLE
from nasbench_mobile.image_search.request_file import CHECKPOINT_S, TOP

if TYPE_CHECKING:
    pass

PRESENTATION = ("out", "top", "checkpoint_s", "trust", "as_json")
"""Options that decide nothing of what is found: they may differ when a search is taken up again."""

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
            help="How many full trainings may be spent. Proposals that repeat one are counted "
            "too, and shorter trainings by their share.",
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
    accelerator: options.Accelerator = "auto",
    precision: options.PrecisionOption = options.PrecisionName.AUTO,
    loaders: options.Loaders = 0,
    threads: options.Threads = 1,
    time_limit_s: options.TimeLimit = None,
    memory_limit_mb: options.MemoryLimit = None,
    checkpoint_s: CheckpointSeconds = CHECKPOINT_S,
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
    from nasbench_mobile.image_search import search_on_images

    given = {
        key: value.value if isinstance(value, Enum) else value
        for key, value in context.params.items()
        if key not in PRESENTATION
    }
    given["options"] = options.recipe_values(None, given.pop("set_") or [])
    with shown(as_json, checkpoint_s) as screen:
        found = search_on_images(
            **given, out=out, top=top, checkpoint_s=checkpoint_s, trust=trust,
            on_progress=screen.heard,
        )  # fmt: skip
    show(found, as_json=as_json)
