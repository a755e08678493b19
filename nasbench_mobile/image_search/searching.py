"""The library's door: a search on one's own images is begun, taken up again, and ended."""

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

    `data` is `digits`, or a folder, .tar or .zip of images. `space`, `latency`, `strategy`,
    `objective` and `start_from` are what the command takes: names with options after a colon, a
    file's class or function, a model or an earlier search's folder. `options` are values of the
    recipe, the command's `--set`. `out` is the folder; by default out/search-TIME. The same call
    with the same `out` goes on where that search stood, and so does the command: which of the two
    began it makes no difference. `trust` runs code that lies in that very folder.

    `on_progress` is called with each thing that happens, a `SearchEvent`; what it raises ends the
    search and goes up. Ctrl-C goes up as KeyboardInterrupt. After either the search can be gone on
    with, and costs at most `checkpoint_s` seconds of training.

    The files are written whatever came out: where no network was trained in full, `best` is empty
    and `nothing` says why; where something ended the search early, `failure` says what.
    `UsageError` where an argument is wrong or the folder holds something else, `NasbenchError`
    where not one candidate could be evaluated.
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
    top, every_s = (
        checked_whole_number("top", top, 1, LARGEST_WHOLE),
        _checked_seconds(checkpoint_s),
    )
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
    """Go on with the search in a folder, as it was begun; what it gives is as `search_on_images`.

    `UsageError` where the folder holds no search.
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
