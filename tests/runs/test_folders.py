"""Folders of runs: one for each label, on every disk, old studies' included."""

from __future__ import annotations

import hashlib

import pytest

from nasbench_mobile import catalog
from nasbench_mobile.errors import UsageError
from nasbench_mobile.runs.folders import first_folders, run_folder, run_folders

LONG = "my.py:S:" + ",".join(f"option_{number}=0.{number}" for number in range(30))


def test_plain_labels_are_their_folders() -> None:
    plain = [*catalog.names("strategy"), "mine", "a_b-2.0+x"]
    assert [run_folder(label) for label in plain] == plain


@pytest.mark.parametrize(
    "labels",
    [("a/b.py:S", "a_b.py:S"), ("é", "ü"), ("X", "x"), ("é", "e"), (LONG, LONG + "1"),
     ("con", "nul"), ("mine.", "mine"), ("名", "字"), ("..", ".")],
)  # fmt: skip
def test_labels_that_look_alike_have_folders_of_their_own(labels: tuple[str, str]) -> None:
    folders = run_folders(labels)
    assert len({folder.casefold() for folder in folders}) == 2
    for folder in folders:
        assert folder.isascii()
        assert len(folder) <= 60
        assert not set(folder) & set('/\\:*?"<>| ')
        assert folder.strip(".") == folder
        assert folder not in ("con", "nul")


def test_a_long_label_keeps_its_beginning_and_gets_a_hash() -> None:
    assert len(LONG) > 400
    digest = hashlib.sha256(LONG.encode()).hexdigest()[:8]
    assert run_folder(LONG) == f"my.py_S_option_0=0.0_option_1=0.1_option-{digest}"


def test_two_labels_that_a_disk_takes_for_one_are_refused() -> None:
    taken = run_folder("X").lower()
    with pytest.raises(UsageError, match="would write into one folder"):
        run_folders(["X", taken])


def test_old_studies_keep_their_folders() -> None:
    labels = ["regularized-evolution:population_size=5", "my_strategy.py:MyStrategy", "X"]
    old = ["regularized-evolution_population_size=5", "my_strategy.py_MyStrategy", "X"]
    assert first_folders(labels) == old
    twins = ["a/b.py:S", "a_b.py:S"]
    assert first_folders(twins) == ["a_b.py_S", run_folder("a_b.py:S")]
