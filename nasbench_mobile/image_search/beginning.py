"""A search begins in a folder of its own, or goes on where the same search stood."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_mobile.errors import UsageError
from nasbench_mobile.image_search.events import Said, TableFills
from nasbench_mobile.image_search.request_file import (
    REQUEST,
    SCHEMA,
    is_search,
    read_request,
    write_request,
)
from nasbench_mobile.shell_words import command
from nasbench_mobile.studies.renamed_options import OLD_OPTIONS, current_space
from nasbench_mobile.training.recipe_words import read_values

if TYPE_CHECKING:
    from nasbench_mobile.evaluators.training import TrainingAccuracy
    from nasbench_mobile.image_search.events import Listener
    from nasbench_mobile.image_search.request import Request
    from nasbench_mobile.image_search.task import CandidateTraining
    from nasbench_mobile.studies.study import Study
    from nasbench_mobile.types import StrategySpec


def opened(folder: Path, request: Request) -> Study | None:
    """Open the search in a folder, where one was begun; `UsageError` says that it is another."""
    from nasbench_mobile.studies.study import MANIFEST, Study

    if not is_search(folder) or not (folder / MANIFEST).is_file():
        return None
    there = dict(read_request(folder)["options"])
    here = json.loads(json.dumps(request.record()))
    if isinstance(there.get("space"), str):
        there["space"] = current_space(there["space"])
    differing = [key for key in here if _differ(there, key, here[key])]
    if differing:
        said = "; ".join(
            f"{_option(key)} {_word(here[key])}, there {_word(there.get(key))}" for key in differing
        )
        raise UsageError(
            f"{folder} holds a search with other options: {said}; give another --out, or go on "
            f"with that one: {command('resume', folder)}"
        )
    return Study.open(folder)


def _option(key: str) -> str:
    """Give the name that the command line has for an option of the record."""
    named = f"--{key.strip('_').replace('_', '-')}"
    return OLD_OPTIONS["search"].get(named, named)


def _differ(there: Mapping[str, Any], key: str, here: Any) -> bool:
    """Whether an option differs; a record that is older than the option left it at its default."""
    if key not in there:
        return here not in (None, False)
    if key == "set_":
        return bool(_values(there[key]) != _values(here))
    return bool(there[key] != here)


def _values(words: Any) -> Any:
    """Give the values of a recipe, whichever way they are written."""
    written = isinstance(words, list) and all(isinstance(word, str) for word in words)
    return read_values(words) if written else words


def _word(value: Any) -> str:
    if value is None:
        return "(default)"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def created(
    folder: Path, request: Request, top: int, listen: Listener
) -> tuple[Study, TrainingAccuracy]:
    """Begin a search in a folder, and give its evaluator too; `UsageError` says why it cannot."""
    from nasbench_mobile.files.atomic_files import unfinished, write_whole
    from nasbench_mobile.image_search.task import FILE, as_file, search_benchmark
    from nasbench_mobile.studies.plan import Plan
    from nasbench_mobile.studies.starting_points import starting_points
    from nasbench_mobile.studies.study import Study

    beside = (FILE, REQUEST)
    if folder.is_dir() and any(
        path.name not in beside and not unfinished(path) for path in folder.iterdir()
    ):
        raise UsageError(f"{folder} is not empty and holds no search; give another --out")
    subject, strategy = _subject(request), _one(request.strategy, "strategy")
    accuracy = subject.accuracy()
    benchmark = search_benchmark(
        subject, accuracy, request.latency, request.target_ms, _filling(listen)
    )
    benchmark, text = as_file(benchmark, folder)
    benchmark = benchmark.with_objective(request.objective)
    start = request.start_from
    plan = Plan(
        benchmark, (strategy,), (request.seed,), request.budget, request.batch,
        starting_points(start, benchmark, _left_out(listen)) if start else (),
    )  # fmt: skip
    record = {
        "schema": SCHEMA,
        "command": request.command(folder, top),
        "options": request.record(),
        "top": top,
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / FILE, text)
    write_request(folder, record)
    return Study.create(folder, plan, beside), accuracy


def _filling(listen: Listener) -> Callable[[str], Any]:
    @contextmanager
    def filling(what: str) -> Iterator[Callable[[int, int], None]]:
        def heard(done: int, total: int) -> None:
            listen(TableFills(what, done, total))

        yield heard

    return filling


def _left_out(listen: Listener) -> Callable[[Sequence[str]], None]:
    from nasbench_mobile.studies.starting_points import NOTHING_TAKEN

    def heard(damages: Sequence[str]) -> None:
        for damage in damages:
            listen(Said(f"left out, {NOTHING_TAKEN}: {damage}"))

    return heard


def _subject(request: Request) -> CandidateTraining:
    from nasbench_mobile.image_search.task import CandidateTraining
    from nasbench_mobile.training.recipe import recipe_named

    epochs = {} if request.epochs is None else {"epochs": request.epochs}
    changes = {**epochs, **request.options}
    how = recipe_named(request.recipe).changed(**changes)
    values = {key: value for key, value in how.record().items() if key != "name"}
    for key, value in changes.items():
        if value is None:
            raise UsageError(f"--set {key}=null cannot be kept in a benchmark's file; give a value")
    same = (
        "data", "width", "input_size", "stem_stride", "seed", "validation_images", "train_images",
        "split_seed", "loaders", "threads", "time_limit_s", "memory_limit_mb", "recipe",
        "broken", "precision",
    )  # fmt: skip
    return CandidateTraining(
        _one(request.space, "space"),
        {key: getattr(request, key) for key in same}
        | {"device": request.accelerator}
        | {"options": {key: value for key, value in values.items() if value is not None}},
    )


def _one(text: str, kind: str) -> StrategySpec:
    """Read a name with its options."""
    from nasbench_mobile.catalog import parse_strategies

    specs = parse_strategies(text)
    if len(specs) != 1:
        raise UsageError(f"--{kind} is {text!r}; name one {kind} (compare takes several)")
    return specs[0]
