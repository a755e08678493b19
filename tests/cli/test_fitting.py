from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nasbench_mobile.tables.writing import write_table


def test_fit_accuracy(command: Callable[..., Any], shared_folder: Path, tmp_path: Path) -> None:
    """On every twentieth network; `tests/surrogates/test_fit_accuracy.py` has the bars for all."""
    head, *rows = (shared_folder / "data/accel-nasbench/anb_dataset.csv").read_text().splitlines()
    data, out = tmp_path / "some.csv", tmp_path / "fit"
    data.write_text("\n".join([head, *rows[::20]]))
    result = command("fit", "accuracy", "--data", data, "--out", out, "--json").json
    assert 0.5 < result["quality"]["test"]["kendall_tau"] < 1
    shown = command("fit", "accuracy", "--data", data, "--out", out).out
    assert {"train", "val", "test"} <= set(shown.split())


def test_a_missing_or_foreign_file_is_a_usage_error(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    foreign = tmp_path / "a.csv"
    foreign.write_text("a,b\n1,2\n")
    for what in ("accuracy", "latency"):
        for data in (tmp_path / "none", foreign):
            result = command("fit", what, "--data", data, "--out", tmp_path / "fit")
            assert result.code == 2, result.err
            assert str(data) in result.err.replace("\n", "")
            assert not (tmp_path / "fit").exists()


def test_a_model_of_other_data_is_kept_unless_forced(
    command: Callable[..., Any], tmp_path: Path, synthetic_table: Callable[..., Any]
) -> None:
    table, model = tmp_path / "t.jsonl", tmp_path / "fit" / "mine.json"
    fit = ("fit", "table", table, "--out", model.parent, "--name", "mine", "--json")
    write_table(table, synthetic_table(300, noise=0.001))
    first, made = command(*fit).json, model.read_bytes()
    assert command(*fit).json == first
    assert model.read_bytes() == made
    write_table(table, synthetic_table(301, noise=0.001))
    refused = command(*fit)
    assert refused.code == 2
    assert f"{model} is there already" in refused.err
    assert "--force" in refused.err
    assert model.read_bytes() == made
    assert command(*fit, "--force").json["source"] != first["source"]
    model.unlink()
    assert f"{model.with_suffix('.md')} is there already" in command(*fit).err


def test_a_surrogate_that_is_not_good_ends_with_1_and_its_card_says_so(
    command: Callable[..., Any], tmp_path: Path, synthetic_table: Callable[..., Any]
) -> None:
    """On a synthetic table without anything to learn."""
    write_table(tmp_path / "t.jsonl", synthetic_table(300, accuracy=lambda _: 0.5))
    done = command("fit", "table", tmp_path / "t.jsonl", "--out", tmp_path / "fit", "--name", "bad")
    assert done.code == 1
    assert "is not a good surrogate: held out" in done.err
    assert "held out, top quarter" in done.out
    assert "**Not good**" in (tmp_path / "fit" / "bad.md").read_text()
