from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.errors import LogError, NasbenchError, UsageError
from nasbench_mobile.training.preparation import Preparation
from nasbench_mobile.training.record import SCHEMA, TrainingRecord, read_record

FIRST = Path(__file__).parents[1] / "data/compatibility/v1/training"


SPLIT = {"validation_images": None, "train_images": 20, "split_seed": 0, "broken": "fail"}


def made() -> TrainingRecord:
    return TrainingRecord(
        model="mine[0, 2]", width=0.35, input_size=48, stem_stride=1, classes=("a", "ü"), seed=3,
        data="20+10 images of 2 classes, abc", recipe={"name": "proxy", "flip": False},
        accuracy=0.5, test_accuracy=None, cost_s=1.5, history=({"epoch": 1.0, "loss": 2.0},),
        skipped_images=("x.png",), tokens=(0, 2), space="/home/me/mine.py:Mine",
        space_code="sha256:12", block_string="stem8", preparation=Preparation(48, 0.5, "side"),
        precision="bf16", weights_sha256="00ff", data_place="/home/me/set",
        data_content="3 bytes, ab", images={"line": "20 images", "folders": {"train": "t"}},
        split=SPLIT,
    )  # fmt: skip


def changed(tmp_path: Path, change: dict[str, Any]) -> Path:
    record = {**made().record(), **change}
    record = {key: value for key, value in record.items() if value is not ...}
    path = tmp_path / "training.json"
    path.write_text(json.dumps(record))
    return path


def test_a_record_comes_back_whole(tmp_path: Path) -> None:
    made().write(tmp_path / "new")
    read = read_record(tmp_path / "new" / "training.json")
    assert read.record() == made().record()
    assert read.lacks == []
    assert (read.schema, read.classes, read.tokens) == (SCHEMA, ("a", "ü"), (0, 2))
    assert read.preparation == Preparation(48, 0.5, "side")


def test_keys_of_nobody_are_passed_over(tmp_path: Path) -> None:
    assert read_record(changed(tmp_path, {"mood": "good"})).record() == made().record()


@pytest.mark.parametrize("name", ["small", "chain", "tokens"])
def test_records_of_the_first_schema_are_read(name: str) -> None:
    """They had no number; what they have not is said, and nothing is made up."""
    there = json.loads((FIRST / name / "training.json").read_text())
    read = read_record(FIRST / name / "training.json")
    for key, value in there.items():
        assert json.loads(json.dumps(read.record()[key])) == value
    assert read.lacks == [
        "the hash of its weights", "how images were prepared", "the network's block string",
    ]  # fmt: skip
    assert (read.schema, read.weights_sha256, read.preparation) == (1, None, None)
    assert read.written_by is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"width": 0}, "key 'width' is 0; it is above 0"),
        ({"split": {"train_images": 3}}, "key 'split' has ['train_images']; it has ['broken', "),
        ({"split": {**SPLIT, "split_seed": None}}, "key 'split' has None as split_seed"),
        ({"split": {**SPLIT, "broken": "mend"}}, "key 'split' has 'mend' as broken"),
        ({"width": "1"}, "key 'width' is '1'; it is a number"),
        ({"input_size": 32.5}, "key 'input_size' is 32.5; it is a whole number"),
        ({"stem_stride": 0}, "key 'stem_stride' is 0"),
        ({"classes": ["a", 2]}, "key 'classes' has 2, which is no text"),
        ({"classes": []}, "key 'classes' is empty"),
        ({"classes": "ab"}, "key 'classes' is 'ab'; it is a list"),
        ({"tokens": [1, -1]}, "key 'tokens' has -1, which is no token"),
        ({"tokens": [True]}, "key 'tokens' has True"),
        ({"seed": ...}, "key 'seed' is missing"),
        ({"recipe": []}, "key 'recipe' is []; it is a map"),
        ({"weights_sha256": 3}, "key 'weights_sha256' is 3; it is text"),
        ({"preparation": {"size": 3}}, "no record of a preparation"),
        ({"schema": "two"}, "its schema is 'two'"),
    ],
)
def test_damage_is_told_by_its_key(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(LogError, match="training.json is damaged: ") as refused:
        read_record(changed(tmp_path, change))
    assert said in str(refused.value)
    assert "the same `nasbench-mobile train` command writes it anew" in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"model": NaN}', b"\xff\xfe{\0}\0", b"{"])
def test_what_is_no_record_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "training.json").write_bytes(content)
    with pytest.raises(NasbenchError, match=r"training\.json is damaged: it (is|holds)"):
        read_record(tmp_path / "training.json")


def test_a_newer_record_is_refused_with_what_wrote_it(tmp_path: Path) -> None:
    path = changed(tmp_path, {"schema": SCHEMA + 1, "written_by": "9.9"})
    with pytest.raises(UsageError, match="use version 9.9, which wrote it"):
        read_record(path)
