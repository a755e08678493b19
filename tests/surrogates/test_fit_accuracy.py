"""The fit of the accuracy surrogate: its bars on outside data, its files on made-up data."""

from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench_mobile.errors import UsageError
from nasbench_mobile.surrogates.accuracy import SurrogateAccuracy
from nasbench_mobile.surrogates.fit_accuracy import (
    CHOICES,
    fit_accuracy,
    fit_pairwise,
    read_trained_networks,
)

DATA = Path("data/accel-nasbench/anb_dataset.csv")
SIZES = [len(values) for _, values in CHOICES]


@pytest.fixture(scope="module")
def fitted(
    shared_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """The folder of a fit to all the data, and its result."""
    folder = tmp_path_factory.mktemp("fitted")
    return folder, {**fit_accuracy(shared_folder / DATA, folder)}


@pytest.fixture
def made_up(tmp_path: Path) -> Path:
    """A data file of 300 networks with made-up accuracies."""
    rng = np.random.default_rng(0)
    path = tmp_path / "made_up.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["split", "val_top1", *(name for name, _ in CHOICES)])
        for number in range(300):
            tokens = rng.integers(SIZES)
            values = [values[t] for (_, values), t in zip(CHOICES, tokens, strict=True)]
            split = ("train", "train", "val", "test")[number % 4]
            writer.writerow([split, 50 + 0.3 * tokens.sum() + rng.normal(0, 0.1), *values])
    return path


def edited(path: Path, old: str, new: str) -> Path:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


def test_it_meets_the_bars_on_the_test_split(fitted: tuple[Path, dict[str, Any]]) -> None:
    _, result = fitted
    assert set(result["quality"]) == {"train", "val", "test"}
    assert result["quality"]["test"]["kendall_tau"] >= 0.917
    assert result["quality"]["test"]["r2"] >= 0.982
    assert result["coefficients"] == 931


def test_the_committed_model_is_what_the_data_give(
    shared_folder: Path, fitted: tuple[Path, dict[str, Any]], surrogate: SurrogateAccuracy
) -> None:
    folder, _ = fitted
    again = SurrogateAccuracy.from_file(folder / "imagenet-anb-ridge.json")
    tokens = read_trained_networks(shared_folder / DATA)["test"].tokens
    np.testing.assert_allclose(
        again.tables.predict(tokens), surrogate.tables.predict(tokens), atol=1e-9, rtol=0
    )


def test_the_same_data_give_the_same_bytes(made_up: Path, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        fit_accuracy(made_up, tmp_path / folder)
    for name in ("imagenet-anb-ridge.json", "imagenet-anb-ridge.md"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_result_is_json_and_names_files_that_are_there(made_up: Path, tmp_path: Path) -> None:
    result = fit_accuracy(made_up, tmp_path / "out")
    assert json.loads(json.dumps(result)) == result
    model, card = (Path(name) for name in result["files"])
    assert SurrogateAccuracy.from_file(model).space_name == "mnasnet-anb"
    text = card.read_text()
    assert "Apache-2.0" in text
    assert "nasbench-mobile fit accuracy" in text
    assert f"{result['quality']['test']['kendall_tau']:.4f}" in text


def test_a_pairwise_function_is_found_exactly() -> None:
    rng = np.random.default_rng(0)
    tokens = rng.integers(SIZES, size=(3000, len(SIZES)))
    steps = [rng.normal(size=size) for size in SIZES]
    pairs = {
        (i, j): rng.normal(size=(SIZES[i], SIZES[j]))
        for i, j in itertools.combinations(range(len(SIZES)), 2)
    }

    def function(tokens: np.ndarray) -> np.ndarray:
        total = np.zeros(len(tokens))
        for i, step in enumerate(steps):
            total += step[tokens[:, i]]
        for (i, j), m in pairs.items():
            total += m[tokens[:, i], tokens[:, j]]
        return total

    model = fit_pairwise(tokens, function(tokens), penalty=1e-9)
    unseen = rng.integers(SIZES, size=(100, len(SIZES)))
    np.testing.assert_allclose(model.tables.predict(unseen), function(unseen), atol=1e-6)


def test_a_missing_column_is_named(made_up: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="lacks the columns block3_k"):
        fit_accuracy(edited(made_up, "block3_k", "other"), tmp_path / "out")


def test_a_wrong_value_is_named_with_its_line(made_up: Path, tmp_path: Path) -> None:
    lines = made_up.read_text().splitlines()
    cells = lines[4].split(",")
    for column, value, said in ((1, "nan", "val_top1 is 'nan'"), (3, "4", r"one of \(3, 5\)")):
        spoilt = [*cells[:column], value, *cells[column + 1 :]]
        path = tmp_path / "spoilt.csv"
        path.write_text("\n".join([*lines[:4], ",".join(spoilt), *lines[5:]]))
        with pytest.raises(UsageError, match=f"line 5: .*{said}"):
            fit_accuracy(path, tmp_path / "out")


def test_files_that_are_no_data_are_refused(made_up: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read data file"):
        fit_accuracy(tmp_path / "absent.csv", tmp_path)
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(UsageError, match="lacks the columns"):
        fit_accuracy(tmp_path / "empty.csv", tmp_path)
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(UsageError, match="is UTF-16 text; save it as UTF-8"):
        fit_accuracy(tmp_path / "binary.csv", tmp_path)
    (tmp_path / "long.csv").write_text("a" * (csv.field_size_limit() + 1))
    with pytest.raises(UsageError, match="is not a CSV file"):
        fit_accuracy(tmp_path / "long.csv", tmp_path)
    (tmp_path / "head.csv").write_text(made_up.read_text().splitlines()[0])
    with pytest.raises(UsageError, match="fewer than 2 rows of split train and val and test"):
        fit_accuracy(tmp_path / "head.csv", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        fit_accuracy(made_up, tmp_path / "file")
