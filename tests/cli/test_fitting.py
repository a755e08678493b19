from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_fit_accuracy(command: Callable[..., Any], shared_folder: Path, tmp_path: Path) -> None:
    data = shared_folder / "data/accel-nasbench/anb_dataset.csv"
    result = command("fit", "accuracy", "--data", data, "--out", tmp_path, "--json").json
    assert result["quality"]["test"]["kendall_tau"] >= 0.917
    assert result["quality"]["test"]["r2"] >= 0.982
    assert "test" in command("fit", "accuracy", "--data", data, "--out", tmp_path).out


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
