"""The functions that begin a search on one's own images, or take one up again, and end it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_mobile.errors import UsageError
from nasbench_mobile.image_search.beginning import created, opened
from nasbench_mobile.image_search.events import Listener, Said, unheard
from nasbench_mobile.image_search.request import Request, finite
from nasbench_mobile.image_search.request_file import CHECKPOINT_S, TOP, is_search, keep_top
from nasbench_mobile.image_search.running import finished

if TYPE_CHECKING:
    from nasbench_mobile.image_search.results import SearchResults
    from nasbench_mobile.studies.study import Study


def search_on_images(
    data: str | os.PathLike[str],
    *,
    space: str = "mnasnet",
    latency: str = "pixel1",
    strategy: str = "ppo",
    objective: str = "soft",
    target_ms: float | None = None,
    budget: int = 100,
    batch: int | None = None,
    start_from: str | os.PathLike[str] | None = None,
    seed: int = 0,
    recipe: str = "proxy",
    epochs: float | None = None,
    options: Mapping[str, Any] | None = None,
    width: float = 1.0,
    input_size: int | None = None,
    stem_stride: int | None = None,
    validation_images: int | None = None,
    train_images: int | None = None,
    split_seed: int = 0,
    broken: str = "fail",
    accelerator: str = "auto",
    precision: str = "auto",
    loaders: int = 0,
    threads: int = 1,
    time_limit_s: float | None = None,
    memory_limit_mb: float | None = None,
    checkpoint_s: float = CHECKPOINT_S,
    top: int = TOP,
    out: str | os.PathLike[str] | None = None,
    trust: bool = False,
    on_progress: Listener | None = None,
) -> SearchResults:
    """Search for architectures by training candidates on images, as `nasbench-mobile search` does.

    The same call with the same `out` goes on where that search stood, and so does the command:
    which of the two began it makes no difference. Ctrl-C goes up as KeyboardInterrupt. After it, or
    after an error of `on_progress`, the search can be gone on with, and has lost at most
    `checkpoint_s` seconds of training.

    Args:
        data: Where the images are: a folder, a .tar or .zip file, or `digits` (built in).
        space: The search space, its options after a colon, as in `mnasnet:blocks=5`.
        latency: Where latency comes from: `pixel1`, `host`, `host-lookup[:FILE]` or
            `android:SERIAL`.
        strategy: The strategy, its options after a colon; your own is `file.py:Class`.
        objective: The reward: `soft`, `hard` or `ALPHA,BETA`; your own is `file.py:Name`.
        target_ms: The target latency T in ms; None means 75 ms, scaled for devices other than a
            Pixel 1 by how fast MobileNetV2 is on them.
        budget: How many full trainings may be spent; shorter ones are counted by their share.
        batch: How many candidates are asked for at once; None leaves it to the strategy.
        start_from: What to begin with: names of models, or the folder of an earlier search or
            study.
        seed: The seed of the strategy and of all trainings.
        recipe: How networks are trained: `proxy` for 5 epochs, `full` as the paper trains.
        epochs: For how many epochs networks are trained; None keeps the recipe's number.
        options: Other values of the recipe by their names, as in `{"batch_size": 64}`.
        width: The width multiplier of the networks that are trained.
        input_size: Height and width in pixels of the images that are trained on, at least 32; None
            means 224, and 32 for small images.
        stem_stride: The stride of the first convolution in trainings; None keeps the network's own.
        validation_images: How many training images are held out for validation; None holds out a
            tenth of them, at most 50,000.
        train_images: How many of the remaining images are trained on; None takes all.
        split_seed: The seed that chooses which images are held out.
        broken: What to do about a broken image: `fail` ends the search, `skip` leaves it out.
        accelerator: The processor that trains: `cpu`, `cuda`, `cuda:1`, `mps` or `auto`.
        precision: The numbers to compute with: `32`, `bf16`, or `auto` for bf16 on a GPU alone.
        loaders: How many processes decode images; with 0 the training does it.
        threads: How many threads PyTorch uses on a CPU.
        time_limit_s: How many seconds a training may take before it fails; None sets no limit.
        memory_limit_mb: How many MB of memory a training may take; None means all that is free.
        checkpoint_s: How many seconds of a training a crash may cost.
        top: How many of the best networks get files.
        out: The folder of the search; None means out/search-TIME.
        trust: Whether code may be run that lies in the folder of the search, or that has changed
            since the search began.
        on_progress: Called with a `SearchEvent` for each thing that happens; an error that it
            raises ends the search and goes up.

    Returns:
        What was found, with the files that were written. Where no network was trained in full,
        `best` is empty and `nothing` says why; where something ended the search early, `failure`
        says what. Accuracies are fractions, latencies are in ms and of the full-size networks.

    Raises:
        UsageError: An argument is wrong, or the folder holds something else.
        LogError: The search that is in the folder already is damaged.
        NasbenchError: Not one candidate could be evaluated.
    """
    from nasbench_mobile.files.json_files import LARGEST_WHOLE
    from nasbench_mobile.files.json_values import checked_whole_number

    request = Request(
        data=_path(data, "data"), space=space, latency=latency, strategy=strategy,
        objective=objective, target_ms=target_ms, budget=budget, batch=batch,
        start_from=None if start_from is None else _path(start_from, "start_from"), seed=seed,
        recipe=recipe, epochs=epochs, options={} if options is None else options, width=width,
        input_size=input_size, stem_stride=stem_stride, validation_images=validation_images,
        train_images=train_images, split_seed=split_seed, broken=broken, accelerator=accelerator,
        precision=precision, loaders=loaders, threads=threads, time_limit_s=time_limit_s,
        memory_limit_mb=memory_limit_mb,
    )  # fmt: skip
    top = checked_whole_number("top", top, 1, LARGEST_WHOLE)
    every_s = _checked_seconds(checkpoint_s)
    default = time.strftime("out/search-%Y%m%d-%H%M%S")
    folder, listen = Path(_path(default if out is None else out, "out")), _listener(on_progress)
    study, accuracy = opened(folder, request), None
    if study is None:
        study, accuracy = created(folder, request, top, listen)
    else:
        _check_trust(study, trust, listen)
    keep_top(folder, top)
    return finished(study, accuracy, every_s, listen)


def resume_search(
    folder: str | os.PathLike[str],
    *,
    checkpoint_s: float = CHECKPOINT_S,
    trust: bool = False,
    on_progress: Listener | None = None,
) -> SearchResults:
    """Go on with the search in a folder, with the arguments it was begun with.

    Args:
        folder: The folder of the search: the `out` of `search_on_images` or of the command.
        checkpoint_s: How many seconds of a training a crash may cost.
        trust: Whether code may be run that lies in the folder of the search, or that has changed
            since the search began.
        on_progress: Called with a `SearchEvent` for each thing that happens; an error that it
            raises ends the search and goes up.

    Returns:
        What the whole search has found, as `search_on_images` returns it.

    Raises:
        UsageError: The folder holds no search, or an argument is wrong.
        LogError: The search is damaged.
        NasbenchError: Not one candidate could be evaluated.
    """
    from nasbench_mobile.studies.study import Study

    place, listen = Path(_path(folder, "folder")), _listener(on_progress)
    if not is_search(place):
        raise UsageError(f"{place} holds no search; name the `out` of search_on_images or search")
    study = Study.open(place)
    _check_trust(study, trust, listen)
    return finished(study, None, _checked_seconds(checkpoint_s), listen)


def _check_trust(study: Study, trust: bool, listen: Listener) -> None:
    from nasbench_mobile.studies.trust import check_trust

    def said(text: str) -> None:
        listen(Said(text))

    check_trust(study, said, trust=trust)


def _listener(value: Listener | None) -> Listener:
    if value is not None and not callable(value):
        raise UsageError(f"on_progress is {value!r}; give a function of one argument, the event")
    return value or unheard


def _path(value: object, name: str) -> str:
    if isinstance(value, str | os.PathLike):
        text = os.fspath(value)
        if isinstance(text, str) and text.strip() and "\0" not in text:
            return text
    raise UsageError(f"{name} is {value!r}; it must be the path of a file or folder")


def _checked_seconds(value: object) -> float:
    seconds = finite("checkpoint_s", value)
    if seconds < 0:
        raise UsageError(f"checkpoint_s is {seconds:g}; it must be 0 s or more")
    return seconds
