"""Strange text into every reader: what comes out is a value or an error of the project's own.

A few hundred examples run by default. In the slow environment these tests, those of damaged logs
(`test_log_reading.py`) and those of commands' arguments (`cli/test_fuzz_arguments.py`) try
`NASBENCH_MOBILE_FUZZ` inputs together, at least two of each kind. `SHARES` in `fuzzing.py` says how
they are shared among text, files, options, logs, manifests and arguments.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nasbench_mobile.benchmark import load_benchmark, parse_benchmark
from nasbench_mobile.catalog import (
    build_space,
    build_strategy,
    default_options,
    load,
    names,
    parse_strategies,
)
from nasbench_mobile.cli.shared.model_argument import parse_subject
from nasbench_mobile.cli.shared.training_options import recipe_of
from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.evaluators.recorded_latency import read_latencies
from nasbench_mobile.evaluators.training import read_ended
from nasbench_mobile.image_search.request_file import REQUEST, kept_top
from nasbench_mobile.lookup.latency import LookupLatency
from nasbench_mobile.networks.blockstring import parse_spec
from nasbench_mobile.networks.cells import parse_cells
from nasbench_mobile.objectives.mnasnet import parse_objective
from nasbench_mobile.plugins.strategy_words import parse_labelled
from nasbench_mobile.reproduce.session import SCHEMA, read_record
from nasbench_mobile.studies.crashes import deaths
from nasbench_mobile.surrogates.accuracy import SurrogateAccuracy
from nasbench_mobile.surrogates.pixel1 import Pixel1Latency
from nasbench_mobile.tables.table import read_table
from nasbench_mobile.types import StrategySpec
from tests.fuzzing import share

FEW = 40

ODD = st.sampled_from(
    [
        "", "[", "[[[0", "]", "{", "9" * 5000, "1e999", "-1", "nan", "null", "true", "[/red]",
        "\0", "\ud800", "²", "٣", "'", '"', "{[]:1}", "'\\d'", "=", ",", ":", "_", "-",
        "1" + "0" * 400,
    ]
)  # fmt: skip
TEXT = st.text(max_size=40) | ODD
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from([10**400, -(10**400), 1e308]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)  # fmt: skip


def damaged(text: str) -> st.SearchStrategy[str]:
    """A sound text, of which one piece is another."""
    place = st.integers(0, len(text))
    return st.builds(
        lambda at, cut, new: text[:at] + new + text[at + cut :], place, st.integers(0, 12), TEXT
    )


@st.composite
def damaged_record(draw: st.DrawFn, record: Any) -> Any:
    """A sound JSON value, of which one part is another or missing."""
    if not isinstance(record, dict | list) or not record or draw(st.integers(0, 4)) == 0:
        return draw(VALUES)
    key = draw(st.sampled_from(list(record) if isinstance(record, dict) else range(len(record))))
    changed = record.copy()
    if draw(st.integers(0, 5)) == 0:
        del changed[key]
    else:
        changed[key] = draw(damaged_record(record[key]))
    return changed


BENCHMARK = """\
name = "mine"
version = 2
[space]
name = "mnasnet-anb"
[accuracy]
evaluator = "surrogate"
model = "imagenet-anb-ridge.json"
noise_seed = 1
[latency]
evaluator = "pixel1"
model = "pixel1-tunas.json"
[objective]
form = "hard"
target_ms = 60.0
[reference_point]
accuracy = 0.4
latency_ms = 200.0
"""
BLOCKS = (
    "stem32 mbconv_r2_k3_s2_e6_o24_se0.25_identity conv_r1_k1_s1_e1_o9_noskip head9 dropout0.2 relu"
)
CELLS = "normal id(0)+id(1) join(2) reduction conv1(0)+conv1(1) join(2)"


def _set(change: str) -> None:
    recipe_of("proxy", None, [change])


READERS: dict[str, tuple[Callable[[str], Any], list[str]]] = {
    "benchmark": (lambda text: parse_benchmark(Path("mine.toml"), text).hash, [BENCHMARK]),
    "strategies": (parse_strategies, ["random,ppo:clip=0.1,epochs=2,my.py:Mine"]),
    "strategy": (parse_labelled, ["small=ppo:batch_size=5,clip=[1, 'a,b']"]),
    "objective": (lambda text: parse_objective(text, 75.0), ["-0.07,-0.2", "soft"]),
    "block string": (parse_spec, [BLOCKS]),
    "cells": (parse_cells, [CELLS]),
    "subject": (lambda text: parse_subject(text, None), ["0,1,2,0,1", BLOCKS, CELLS, "[1, 2"]),
    "--set": (_set, ["learning_rate=0.1", "optimizer=sgd", "epochs=3", "nesterov=true"]),
}


def reads(reader: Callable[..., Any], *given: Any) -> None:
    """Whatever is wrong is said by an error of the project's own, in one piece of text."""
    said = "read"
    try:
        reader(*given)
    except NasbenchError as error:
        said = str(error)
    assert said.strip()


def run_examples(count: int, inputs: st.SearchStrategy[Any], check: Callable[[Any], None]) -> None:
    @settings(
        max_examples=count, deadline=None, database=None, derandomize=count == FEW,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(inputs)
    def examples(one: Any) -> None:
        check(one)

    examples()


def fuzz_text(name: str, count: int) -> None:
    reader, sound = READERS[name]
    run_examples(
        count, TEXT | st.one_of([damaged(one) for one in sound]), lambda one: reads(reader, one)
    )


@pytest.mark.parametrize("name", READERS)
def test_text_is_read_or_refused_in_words(name: str) -> None:
    fuzz_text(name, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_much_text_is_read_or_refused_in_words(name: str) -> None:
    fuzz_text(name, share("text", len(READERS)))


ENDED = {"accuracy": 0.5, "cost_s": 3.0, "history": [{"accuracy": 0.5, "loss": 1.0}]}
SEARCH = {"schema": 1, "command": "nasbench-mobile search", "top": 3, "options": {"target_ms": 7}}
DEATH = {"how": "signal 11", "pending": [[0, 1], [2, 3]]}
EXPERIMENT = {
    "experiment": "beta", "title": "t", "claims": [], "numbers": [], "tables": [], "pictures": [],
    "said": [], "made_with": {"schema": SCHEMA, "setting": {"seeds": 1}, "code": "x"},
    "cost": {"wall_s": 1.0, "cpu_s": 1.0},
}  # fmt: skip
NAMES = {"request of a search": REQUEST, "deaths": "file.deaths"}
"""Of the files that must be called something."""


def _models() -> dict[str, tuple[Callable[[Path], Any], list[Any]]]:
    """Name to reader, and the lines of a sound file."""
    built_in = load_benchmark("imagenet-pixel1")
    host = load_benchmark("mnasnet-cifar10-host")
    parts = (built_in.accuracy, built_in.latency, host.latency)
    files = [json.loads(part.model.read_bytes()) for part in parts if part.model is not None]
    header = {
        "table": "trained-architectures", "schema": 1,
        "space": {"name": "mnasnet", "options": {}}, "training": {}, "latency": {},
    }  # fmt: skip
    row = {
        "tokens": [0, 1], "seed": 0, "origin": "uniform", "accuracy": 0.5, "history": [0.1],
        "cost_s": 1.0, "latency_ms": {"host": 3.0}, "parameters": 3, "multiply_adds": 5,
    }  # fmt: skip
    columns = {"host": {"cost": "latency", "unit": "ms"}, "e": {"cost": "energy", "unit": "mJ"}}
    head = {**header, "schema": 2, "costs": columns}
    costly = {**row, "costs": {"host": 3.0, "e": 1.5}}
    del head["latency"], costly["latency_ms"]
    return {
        "surrogate": (SurrogateAccuracy.from_file, [files[0]]),
        "pixel1": (Pixel1Latency.from_file, [files[1]]),
        "look-up": (LookupLatency.from_file, [files[2]]),
        "table of schema 1": (lambda path: read_table(path).by_key, [header, {"session": {}}, row]),
        "table": (lambda path: read_table(path).by_key, [head, {"session": {}}, costly]),
        "ended training": (read_ended, [ENDED]),
        "latencies": (read_latencies, [[{"tokens": [0, 1], "latency_ms": 3.0}]]),
        "request of a search": (lambda path: kept_top(path.parent), [SEARCH]),
        "record of an experiment": (read_record, [EXPERIMENT]),
        "deaths": (lambda path: deaths(path.with_suffix(".jsonl")), [DEATH]),
    }


FILES = (
    "surrogate", "pixel1", "look-up", "table", "ended training", "latencies",
    "request of a search", "record of an experiment", "deaths",
)  # fmt: skip


def fuzz_file(name: str, count: int, folder: Path) -> None:
    reader, lines = _models()[name]
    path = folder / NAMES.get(name, "file.json")

    def check(content: Any) -> None:
        if isinstance(content, list):
            path.write_text("".join(json.dumps(line) + "\n" for line in content))
        else:
            path.write_bytes(content.encode("utf-8", "surrogatepass"))
        reads(reader, path)

    record = st.integers(0, len(lines) - 1).flatmap(
        lambda at: damaged_record(lines[at]).map(lambda new: [*lines[:at], new, *lines[at + 1 :]])
    )
    text = "".join(json.dumps(line) + "\n" for line in lines)[:2000]
    run_examples(count, record | damaged(text), check)


@pytest.mark.parametrize("name", FILES)
def test_files_are_read_or_refused_in_words(name: str, tmp_path: Path) -> None:
    fuzz_file(name, FEW, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_many_files_are_read_or_refused_in_words(name: str, tmp_path: Path) -> None:
    fuzz_file(name, share("files", len(FILES)), tmp_path)


LARGE = ("ppo", "ppo-retuned", "reinforce", "predictor-evolution")
"""Whose options are sizes of networks: what a machine's memory holds is nobody's to refuse."""

OPTIONS = [
    (name, option)
    for name in names("strategy")
    if name not in LARGE
    for option in default_options(load("strategy", name)) or ()
]


def fuzz_options(count: int) -> None:
    decisions = build_space("mnasnet-anb").decisions

    def check(one: tuple[tuple[str, str], Any]) -> None:
        (name, option), value = one
        reads(lambda: build_strategy(StrategySpec(name, {option: value}), decisions, 0, 20))

    run_examples(count, st.tuples(st.sampled_from(OPTIONS), VALUES), check)


def test_options_of_strategies_are_taken_or_refused_in_words() -> None:
    fuzz_options(FEW)


@pytest.mark.slow
def test_many_options_of_strategies_are_taken_or_refused_in_words() -> None:
    fuzz_options(share("options"))
