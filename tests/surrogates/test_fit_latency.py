"""The fit of the latency model: its bars on outside data, its files on made-up data."""

from __future__ import annotations

import csv
import json
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench_mobile.errors import UsageError
from nasbench_mobile.surrogates.fit_latency import fit_latency, fit_relative
from nasbench_mobile.surrogates.layer_features import FEATURES
from nasbench_mobile.surrogates.pixel1 import Pixel1Latency
from nasbench_mobile.surrogates.published_pixel1 import A1_LATENCY_MS, A1_MULTIPLIERS, read_a1_rows
from nasbench_mobile.surrogates.tunas_networks import read_priced_networks, row_counts

DATA = Path("data/pixel1/priced_networks.jsonl.xz")
CHECK = Path("mnasnet_a1_scaling_tpu_readme.csv")


@pytest.fixture(scope="session")
def fitted(
    shared_folder: Path, paper_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The fit to the outside data."""
    out = tmp_path_factory.mktemp("fit")
    return {**fit_latency(shared_folder / DATA, out, paper_folder / CHECK)}


def made_up_row(rng: np.random.Generator) -> dict[str, Any]:
    """A network of two blocks, priced at 1 ns a multiply-add and 2 ms for being one."""
    filters = [int(f) for f in rng.integers(8, 64, 3)]
    block = {"op": "mbconv", "expansion": int(rng.integers(1, 7)), "kernel": 5, "stride": 2}
    row: dict[str, Any] = {
        "resolution": 64,
        "stem": {"filters": filters[0], "kernel": 3},
        "blocks": [
            block | {"input_filters": filters[0], "filters": filters[1], "se": True},
            block | {"input_filters": filters[1], "filters": filters[2], "se": False},
        ],
        "head": [
            {"input_filters": filters[2], "filters": 128, "after_pooling": bool(rng.integers(2))}
        ],
        "classes": 10,
    }
    named = dict(zip(FEATURES, row_counts(row), strict=True))
    macs = sum(amount for name, amount in named.items() if "_macs" in name)
    return row | {"latency_ms": 2.0 + 1e-6 * float(macs)}


def write(path: Path, lines: list[str]) -> Path:
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))
    return path


@pytest.fixture
def made_up(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    return write(tmp_path / "made_up.xz", [json.dumps(made_up_row(rng)) for _ in range(150)])


def test_it_meets_the_bars_on_networks_held_out(fitted: dict[str, Any]) -> None:
    assert fitted["quality"]["held_out"]["mape"] <= 3.0
    assert fitted["quality"]["held_out"]["kendall_tau"] >= 0.94
    assert min(fitted["coefficients_ns"].values()) >= 0.0
    assert 10 <= len(fitted["coefficients_ns"]) <= 20  # a handful


def test_it_meets_the_bars_on_published_networks(fitted: dict[str, Any]) -> None:
    checks = fitted["checks"]
    assert checks["mnasnet-a1"]["rows"] == 25
    assert checks["mnasnet-a1"]["mape"] <= 9.0
    assert checks[CHECK.name] == checks["mnasnet-a1"]
    assert len(checks["models"]) == 4
    assert {m["published_ms"] for m in checks["models"].values()} == {113, 75, 143, 77}
    for model in checks["models"].values():
        assert 0.8 <= model["ratio"] <= 1.2


@pytest.mark.parametrize("name", ["multiply_adds", "multiply_adds_and_constant"])
def test_multiply_adds_alone_lose(fitted: dict[str, Any], name: str) -> None:
    baseline, quality = fitted["baselines"][name], fitted["quality"]["held_out"]
    assert baseline["quality"]["held_out"]["mape"] > quality["mape"]
    assert baseline["quality"]["held_out"]["kendall_tau"] < quality["kendall_tau"]
    ours = fitted["checks"]["mnasnet-a1"]["mape"]
    assert baseline["checks"]["mnasnet-a1"]["mape"] > ours


def test_the_committed_model_is_what_the_data_give(
    fitted: dict[str, Any], pixel1: Pixel1Latency
) -> None:
    assert fitted["coefficients_ns"] == pytest.approx(pixel1.coefficients_ns, rel=1e-5)


def test_the_published_rows_are_those_of_the_readme(paper_folder: Path) -> None:
    rows = {(size, m): ms for size, m, ms in read_a1_rows(paper_folder / CHECK)}
    ours = {
        (size, multiplier): ms
        for size, row in A1_LATENCY_MS.items()
        for multiplier, ms in zip(A1_MULTIPLIERS, row, strict=True)
    }
    assert ours == rows


def test_the_same_data_give_the_same_bytes(made_up: Path, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        fit_latency(made_up, tmp_path / folder)
    for name in ("pixel1-tunas.json", "pixel1-tunas.md"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_result_is_json_and_a_linear_price_is_found(made_up: Path, tmp_path: Path) -> None:
    result = fit_latency(made_up, tmp_path / "out")
    assert json.loads(json.dumps(result)) == result
    assert result["quality"]["held_out"]["mape"] < 1e-3
    assert result["baselines"]["multiply_adds_and_constant"]["quality"]["held_out"]["mape"] < 1e-3
    model, card = (Path(name) for name in result["files"])
    assert Pixel1Latency.from_file(model).device == "pixel1"
    text = card.read_text()
    assert "estimate of an estimate" in text
    assert "Apache-2.0" in text


def test_another_seed_holds_out_other_rows(made_up: Path, tmp_path: Path) -> None:
    one, two = (fit_latency(made_up, tmp_path, seed=seed)["baselines"] for seed in (0, 1))
    assert one["multiply_adds"]["quality"] != two["multiply_adds"]["quality"]


def test_priced_networks_keep_their_own_conventions() -> None:
    row = {
        "resolution": 32,
        "stem": {"filters": 16, "kernel": 3},
        "blocks": [
            {"op": "mbconv", "input_filters": 16, "filters": 16, "expansion": 1, "kernel": 3,
             "stride": 1, "se": True},
            {"op": "sepconv", "input_filters": 16, "filters": 8, "expansion": 1, "kernel": 7,
             "stride": 2, "se": False},
        ],
        "head": [
            {"input_filters": 8, "filters": 32, "after_pooling": False},
            {"input_filters": 32, "filters": 64, "after_pooling": True},
        ],
        "classes": 10,
    }  # fmt: skip
    counts = {name: n for name, n in zip(FEATURES, row_counts(row), strict=True) if n}
    assert counts == {
        "full_conv_macs": 27 * 16 * 256,
        "full_conv_elements": 16 * 256,
        # expand and project of the first block at 16 x 16: an expansion of 1 keeps its 1x1
        "pointwise_macs_14": 2 * 16 * 16 * 256,
        "depthwise_macs_3": 9 * 16 * 256,
        "depthwise_macs_7": 49 * 16 * 64,
        "depthwise_elements": 2 * 16 * 256,
        # squeeze width max(8, 16 / 4) = 8, and the head's second layer, after pooling
        "pointwise_macs_1": 2 * 16 * 8 + 32 * 64,
        "gate_elements": 2 * 16 * 256 + 32 * 64,
        "gate_layers": 1,
        "add_elements": 16 * 256,
        "pointwise_macs_7": (16 * 8 + 8 * 32) * 64,
        "dense_macs": 640,
        "networks": 1,
    }


def test_relative_least_squares_are_non_negative() -> None:
    rng = np.random.default_rng(0)
    counts = rng.uniform(1, 100, (500, 3))
    weights = fit_relative(counts, counts @ [2.0, 0.5, 0.0])
    np.testing.assert_allclose(weights, [2.0, 0.5, 0.0], atol=1e-9)
    assert fit_relative(counts, counts @ [2.0, 1.0, -0.1]).min() == 0.0


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda row: row.pop("stem"), "KeyError: 'stem'"),
        (lambda row: row["blocks"][1].update(op="conv"), "op is 'conv'"),
        (lambda row: row["blocks"][1].update(filters=0), "filters"),
        (lambda row: row.update(latency_ms=-1), "latency_ms is -1"),
        (lambda row: row.update(latency_ms="much"), "much"),
        (lambda row: row.update(head=[]), "IndexError"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, spoil: Any, said: str) -> None:
    rng = np.random.default_rng(0)
    rows = [made_up_row(rng) for _ in range(3)]
    spoil(rows[1])
    path = write(tmp_path / "spoilt.xz", [json.dumps(row) for row in rows])
    with pytest.raises(UsageError, match=f"row 2.*{said}"):
        fit_latency(path, tmp_path / "out")


def test_a_row_ends_at_a_newline_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [{**made_up_row(rng), "note": "a\x0b\x85\u2028b"} for _ in range(3)]
    lines = [json.dumps(row, ensure_ascii=False).replace(", ", ",\r ", 1) for row in rows]
    counts, latencies = read_priced_networks(write(tmp_path / "odd.xz", lines))
    assert len(counts) == 3
    assert latencies.tolist() == [row["latency_ms"] for row in rows]


def test_files_that_are_no_data_are_refused(made_up: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read data file"):
        fit_latency(tmp_path / "absent.xz", tmp_path)
    (tmp_path / "plain.xz").write_text("{}")
    with pytest.raises(UsageError, match="not a whole xz file"):
        fit_latency(tmp_path / "plain.xz", tmp_path)
    (tmp_path / "torn.xz").write_bytes(made_up.read_bytes()[:-50])
    with pytest.raises(UsageError, match="not a whole xz file"):
        fit_latency(tmp_path / "torn.xz", tmp_path)
    with pytest.raises(UsageError, match="is empty"):
        fit_latency(write(tmp_path / "empty.xz", []), tmp_path)
    with pytest.raises(UsageError, match="row 1 is not a priced network"):
        fit_latency(write(tmp_path / "text.xz", ["hello"]), tmp_path)
    few = [json.dumps(made_up_row(np.random.default_rng(0)))] * 3
    with pytest.raises(UsageError, match="has 3 networks; a fit needs 100"):
        fit_latency(write(tmp_path / "few.xz", few), tmp_path)


def test_check_files_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read check file"):
        read_a1_rows(tmp_path / "absent.csv")
    path = tmp_path / "check.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["input_size", "ms"], [224, 78]])
    with pytest.raises(UsageError, match="has no rows of input_size"):
        read_a1_rows(path)
    path.write_text("input_size,depth_multiplier,pixel1_latency_ms\n224,1.0,78\n")
    with pytest.raises(UsageError, match="needs 2 or more"):
        read_a1_rows(path)
