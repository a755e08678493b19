"""What a search was asked for: kept in its folder, so that only the same is taken up again."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_mobile.cli.shared import training_options as options
from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.json_files import checked, damaged, read_json_map
from nasbench_mobile.files.schemas import schema_of
from nasbench_mobile.shell_words import command

if TYPE_CHECKING:
    from nasbench_mobile.cli.search.benchmark_file import Subject
    from nasbench_mobile.evaluators.training import TrainingAccuracy
    from nasbench_mobile.studies.study import Study
    from nasbench_mobile.types import StrategySpec

REQUEST = "search.json"
"""File in the folder of a search that holds its options."""

SCHEMA = 1
"""Of that file; one that says none has 1."""

TOP = 3
"""Networks that get files where a search does not say how many (our choice)."""


def is_search(folder: Path) -> bool:
    """Whether a study's folder is that of a search."""
    return (folder / REQUEST).is_file()


def match_content(folder: Path, accuracy: TrainingAccuracy) -> str | None:
    """What to say of a search whose benchmark knows the names of its images alone; None of others.

    Such a one keeps what is in them from now on, and is refused where that changes.
    """
    from nasbench_mobile.training.matching import check_content

    if accuracy.note is None:
        return None
    record = read_request(folder)
    there = checked(folder / REQUEST, record, "data_content", "text", none=True)
    check_content(there, accuracy.data, f"the search in {folder}")
    if there is not None:
        return None
    _write_request(folder, {**record, "data_content": accuracy.data.content})
    return accuracy.note


def keep_images(folder: Path, images: Mapping[str, Any]) -> None:
    """Keep what a search read of its images, for its page and for whoever wonders afterwards."""
    record = read_request(folder)
    if record.get("images") != images:
        _write_request(folder, {**record, "images": images})


def kept_images(folder: Path) -> str | None:
    """What a search read of its images, in a line; None where it was begun before that was kept."""
    images = read_request(folder).get("images")
    return None if images is None else str(images["line"])


def keep_top(folder: Path, top: int) -> None:
    """Keep how many networks of a search get files, for whoever writes them later."""
    record = read_request(folder)
    if record.get("top") != top:
        _write_request(folder, {**record, "top": top})


def kept_top(folder: Path) -> int:
    """How many networks of a search get files."""
    return int(read_request(folder).get("top") or TOP)


def _write_request(folder: Path, record: dict[str, Any]) -> None:
    from nasbench_mobile.cli.shared.output_files import write_file

    write_file(folder / REQUEST, json.dumps(record, indent=2) + "\n")


def opened(folder: Path, request: dict[str, Any]) -> Study | None:
    """The search in a folder, where one was begun; `UsageError` where it is another."""
    from nasbench_mobile.studies.study import MANIFEST, Study

    if not is_search(folder) or not (folder / MANIFEST).is_file():
        return None
    there, here = read_request(folder)["options"], json.loads(json.dumps(request))
    differing = [key for key in here if _differ(there, key, here[key])]
    if differing:
        said = "; ".join(
            f"--{key.strip('_').replace('_', '-')} {_word(here[key])}, there "
            f"{_word(there.get(key))}"
            for key in differing
        )
        raise UsageError(
            f"{folder} holds a search with other options: {said}; give another --out, or go on "
            f"with that one: {command('resume', folder)}"
        )
    return Study.open(folder)


def _differ(there: Mapping[str, Any], key: str, here: Any) -> bool:
    """Whether an option is another; one that came after the record was left alone there."""
    return bool(there[key] != here) if key in there else here not in (None, False)


def _word(value: Any) -> str:
    if value is None:
        return "(default)"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def created(folder: Path, request: dict[str, Any]) -> tuple[Study, TrainingAccuracy]:
    """A new search in a folder, and its evaluator; `UsageError` where it cannot be begun."""
    from nasbench_mobile.cli.search.benchmark_file import FILE, as_file, search_benchmark
    from nasbench_mobile.cli.shared.start_from_option import starting_points
    from nasbench_mobile.files.atomic_files import unfinished, write_whole
    from nasbench_mobile.studies.plan import Plan
    from nasbench_mobile.studies.study import Study

    beside = (FILE, REQUEST)
    if folder.is_dir() and any(
        path.name not in beside and not unfinished(path) for path in folder.iterdir()
    ):
        raise UsageError(f"{folder} is not empty and holds no search; give another --out")
    subject, strategy = _subject(request), _one(request["strategy"], "strategy")
    accuracy = subject.accuracy()
    benchmark = search_benchmark(subject, accuracy, request["latency"], request["target_ms"])
    benchmark, text = as_file(benchmark, folder)
    benchmark = benchmark.with_objective(request["objective"])
    start = request["start_from"]
    plan = Plan(
        benchmark, (strategy,), (request["seed"],), request["budget"], request["batch"],
        starting_points(start, benchmark) if start else (),
    )  # fmt: skip
    record = {
        "schema": SCHEMA,
        "command": command(*sys.argv[1:]),
        "options": request,
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / FILE, text)
    _write_request(folder, record)
    return Study.create(folder, plan, beside), accuracy


def _subject(request: dict[str, Any]) -> Subject:
    from nasbench_mobile.cli.search.benchmark_file import Subject
    from nasbench_mobile.training.recipe import recipe_named

    changes = options.recipe_values(request["epochs"], request["set_"] or [])
    how = recipe_named(request["recipe"].value).changed(**changes)
    values = {key: value for key, value in how.record().items() if key != "name"}
    for key, value in changes.items():
        if value is None:
            raise UsageError(f"--set {key}=null cannot be kept in a benchmark's file; give a value")
    same = (
        "data", "width", "input_size", "stem_stride", "seed", "validation_images", "train_images",
        "split_seed", "device", "loaders", "threads", "time_limit_s", "memory_limit_mb",
    )  # fmt: skip
    return Subject(
        _one(request["space"], "space"),
        {key: request[key] for key in same}
        | {key: request[key].value for key in ("recipe", "broken", "precision")}
        | {"options": {key: value for key, value in values.items() if value is not None}},
    )


def _one(text: str, kind: str) -> StrategySpec:
    """A name with its options."""
    from nasbench_mobile.catalog import parse_strategies

    specs = parse_strategies(text)
    if len(specs) != 1:
        raise UsageError(f"--{kind} is {text!r}; name one {kind} (compare takes several)")
    return specs[0]


def read_request(folder: Path) -> dict[str, Any]:
    path = folder / REQUEST
    record = read_json_map(path)
    try:
        schema_of(str(path), record, SCHEMA)
    except TypeError as error:
        raise damaged(path, f"its {error}") from None
    checked(path, record, "command", "text")
    top = checked(path, record, "top", "a whole number", none=True)
    if top is not None and top < 1:
        raise damaged(path, f"key 'top' is {top}; it is at least 1")
    images = checked(path, record, "images", "a map", none=True)
    if images is not None:
        checked(path, images, "line", "text")
    options_there = checked(path, record, "options", "a map")
    if options_there.get("target_ms") is not None:
        checked(path, options_there, "target_ms", "a number")
    return record
