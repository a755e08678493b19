"""Small files that commands keep for themselves: each damage is a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.catalog import build_space, build_strategy
from nasbench_mobile.errors import NasbenchError, UsageError
from nasbench_mobile.evaluators.training import read_ended
from nasbench_mobile.image_search.request_file import REQUEST, TOP, kept_top
from nasbench_mobile.reproduce.session import read_record
from nasbench_mobile.studies.crashes import deaths
from nasbench_mobile.surrogates.model_files import fitted_to, read
from nasbench_mobile.types import StrategySpec

DEEP = "[" * 100_000
ENDED: dict[str, Any] = {"accuracy": 0.5, "cost_s": 3.0, "history": [{"accuracy": 0.25}]}
RECORD: dict[str, Any] = {
    "experiment": "beta", "title": "t", "shows": "s", "claims": [], "numbers": [], "tables": [],
    "pictures": [],
    "said": [], "made_with": {"schema": 1, "setting": {}, "code": "x"},
    "cost": {"wall_s": 1.0, "cpu_s": 1.0},
}  # fmt: skip


def test_an_ended_training_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ended.json"
    assert read_ended(path) is None
    path.write_text(json.dumps(ENDED))
    assert read_ended(path) == ENDED


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (DEEP, "nested too deeply"),
        ("[]", r"it holds \[\]"),
        (json.dumps(ENDED | {"history": 3}), "key 'history' is 3; it is a list"),
        (json.dumps(ENDED | {"history": [3]}), "its history has 3, which is no map"),
        (json.dumps(ENDED | {"accuracy": "0.5"}), "key 'accuracy' is '0.5'; it is a number"),
        (json.dumps(ENDED | {"accuracy": float("nan")}), "it is not JSON: NaN"),
        (json.dumps(ENDED | {"accuracy": 1.5}), "an accuracy in it is 1.5"),
        (json.dumps(ENDED | {"cost_s": 10**400}), "key 'cost_s' is 1000"),
        (json.dumps(ENDED | {"cost_s": -1}), "its cost_s is -1"),
    ],
)
def test_an_ended_training_that_is_damaged_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "ended.json"
    path.write_text(text)
    with pytest.raises(
        NasbenchError, match=f"{said}.*; remove it, and its network is trained again"
    ):
        read_ended(path)


def test_a_folder_in_place_of_an_ended_training_is_said(tmp_path: Path) -> None:
    with pytest.raises(NasbenchError, match="remove it, and its network is trained again"):
        read_ended(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (DEEP, "nested too deep"),
        ("[]", "not a map"),
        (json.dumps(RECORD | {"made_with": [1]}), "key 'made_with'"),
        (
            json.dumps(RECORD | {"made_with": {"schema": 1, "code": "x"}}),
            "key 'setting' is missing",
        ),
        (json.dumps(RECORD | {"numbers": None}), "key 'numbers' is None; it is a list"),
        (json.dumps(RECORD | {"cost": {"wall_s": 1.0}}), "key 'cpu_s' is missing"),
    ],
)
def test_a_damaged_record_of_an_experiment_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "beta.json"
    path.write_text(text)
    with pytest.raises(NasbenchError, match=f"{said}.*; remove it, and the experiment is run"):
        read_record(path)
    path.write_text(json.dumps(RECORD))
    assert read_record(path) == RECORD


@pytest.mark.parametrize("text", [DEEP, '{"how": "x", "pending": [[1e999]]}', "3"])
def test_damaged_deaths_are_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.deaths").write_text(text + "\n")
    with pytest.raises(NasbenchError, match="is damaged: line 1 .*remove it"):
        deaths(tmp_path / "a.jsonl")


@pytest.mark.parametrize("text", [DEEP, '{"source": []}', "[]"])
def test_what_is_no_model_was_fitted_to_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "model.json").write_text(text)
    assert not fitted_to(tmp_path / "model.json", tmp_path / "model.json")


@pytest.mark.parametrize("schema", [False, True, 0, -1, 1.0, "1", None, 10**400])
def test_a_model_of_a_schema_that_is_none_is_refused(tmp_path: Path, schema: Any) -> None:
    (tmp_path / "model.json").write_text(json.dumps({"model": "m", "schema": schema}))
    with pytest.raises(NasbenchError, match="model.json h(olds|as)"):
        read(tmp_path / "model.json", "m", 1)


def test_how_many_networks_get_files_is_a_number_or_left_out(tmp_path: Path) -> None:
    request = {"schema": 1, "command": "nasbench-mobile search", "options": {}}
    for top, kept in ((None, TOP), (1, 1), (7, 7)):
        (tmp_path / REQUEST).write_text(json.dumps({**request, "top": top}))
        assert kept_top(tmp_path) == kept
    for wrong in (0, -1, "3", 2**63):
        (tmp_path / REQUEST).write_text(json.dumps({**request, "top": wrong}))
        with pytest.raises(NasbenchError, match="key 'top' is"):
            kept_top(tmp_path)


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("successive-halving", "reduction"),
        ("successive-halving", "min_fidelity"),
        ("regularized-evolution", "population_size"),
        ("nsga2", "mutation_prob"),
    ],
)
@pytest.mark.parametrize("value", [10**400, -(10**400)])
def test_an_option_of_hundreds_of_digits_is_refused(name: str, option: str, value: int) -> None:
    decisions = build_space("mnasnet-anb").decisions
    with pytest.raises(UsageError, match=option):
        build_strategy(StrategySpec(name, {option: value}), decisions, 0, 20)
