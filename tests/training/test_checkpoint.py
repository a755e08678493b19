import resource
from pathlib import Path

import pytest
import torch

from nasbench_mobile.errors import NasbenchError, UsageError
from nasbench_mobile.training.checkpoint import read_checkpoint, write_checkpoint


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "checkpoint.pt"
    assert read_checkpoint(path, "a") is None
    write_checkpoint(path, {"identity": "a", "weight": torch.arange(3), "history": [{"x": 1.5}]})
    state = read_checkpoint(path, "a")
    assert state is not None
    assert torch.equal(state["weight"], torch.arange(3))
    assert state["history"] == [{"x": 1.5}]
    assert [p.name for p in path.parent.iterdir()] == ["checkpoint.pt"]


def test_another_training_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    write_checkpoint(path, {"identity": "a"})
    with pytest.raises(UsageError, match="of another training"):
        read_checkpoint(path, "b")


def test_damage_and_code_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    write_checkpoint(path, {"identity": "a", "weight": torch.zeros(1000)})
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UsageError, match="is no checkpoint"):
        read_checkpoint(path, "a")
    torch.save({"identity": "a", "call": print}, path)
    with pytest.raises(UsageError, match="is no checkpoint"):
        read_checkpoint(path, "a")


def test_a_full_disk_keeps_the_old_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    write_checkpoint(path, {"identity": "a", "step": 1})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))  # the system stops writing there
    try:
        with pytest.raises(NasbenchError, match="cannot write .*checkpoint.pt"):
            write_checkpoint(path, {"identity": "a", "step": 2, "weight": torch.zeros(9999)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    state = read_checkpoint(path, "a")
    assert state is not None
    assert state["step"] == 1
    assert len(list(tmp_path.iterdir())) == 1
