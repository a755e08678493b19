from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from nasbench_mobile.training.data import BrokenImageWarning
from nasbench_mobile.warned import warnings_in_words


def test_a_warning_of_ours_is_a_line_and_said_once() -> None:
    def said(text: str, category: type[Warning]) -> str:
        return warnings.formatwarning(category(text), category, "code.py", 7, "the = code")

    with warnings_in_words():
        assert said("skipped: a\x1b[0m", BrokenImageWarning) == "warning: skipped: a\\x1b[0m\n"
        assert said("skipped: a\x1b[0m", BrokenImageWarning) == ""
        assert said("skipped: b", BrokenImageWarning) == "warning: skipped: b\n"
        assert said("of a library", UserWarning).startswith("code.py:7: UserWarning: of a library")
    assert said("outside", BrokenImageWarning).startswith("code.py:7: BrokenImageWarning")


def test_a_skipped_image_is_told_without_code_or_advice_already_taken(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for index in range(12):
            pixels = rng.integers(0, 256, (32, 32, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "set" / name / f"{index}.png")
    (tmp_path / "set/a/0.png").write_bytes(b"broken")
    words = ["train", "mnasnet-small", "--data", "set", "--width", "0.1", "--stem-stride", "1"]
    words += ["--epochs", "1", "--broken", "skip", "--out", "t", "--json"]
    ran = subprocess.run(
        [sys.executable, "-m", "nasbench_mobile", *words],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stderr == (
        "warning: skipped: cannot decode the image a/0.png: it is no image of a kind that is known "
        "here\n"
    )
