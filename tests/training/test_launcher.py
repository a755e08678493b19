"""Two processes by Lightning Fabric train what one does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nasbench_mobile.errors import UsageError
from nasbench_mobile.training.launcher import ManyDevices

PROGRAM = """
import json, sys
from nasbench_mobile.networks.graph import (
    IMAGE, Activation, Conv, Dense, GlobalPool, NetworkBuilder
)
from nasbench_mobile.training.data import load_data
from nasbench_mobile.training.launcher import ManyDevices, OneDevice
from nasbench_mobile.training.recipe import FULL
from nasbench_mobile.training.trainer import TrainingSetting, train
from pathlib import Path

builder = NetworkBuilder((3, 8, 8))  # no batch norm: its statistics are each process's own
x = builder.add("conv", Conv(8, (3, 3), bias=True), IMAGE)
x = builder.add("act", Activation("relu"), x)
x = builder.add("pool", GlobalPool(), x)
builder.add("dense", Dense(10), x)
out = Path(sys.argv[2])
launcher = ManyDevices(2, accelerator="cpu") if sys.argv[1] == "2" else OneDevice("cpu")
recipe = FULL.changed(batch_size=64, epochs=2, learning_rate=0.05, warmup_epochs=0.0)
result = train(builder.build(), load_data("digits", train_images=320), recipe,
               TrainingSetting(checkpoint=out.with_suffix(".pt")), launcher=launcher)
if launcher.share.rank == 0:
    weight = result.weights["dense.bias"].tolist()
    losses = [report.loss for report in result.history]
    out.write_text(json.dumps([losses, result.accuracy, weight, launcher.share.world]))
"""


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path: Path) -> None:
    pytest.importorskip("lightning_fabric")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    results = []
    for count in ("1", "2"):
        out = tmp_path / f"{count}.json"
        done = subprocess.run(
            [sys.executable, program, count, out], capture_output=True, text=True, timeout=300,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        results.append(json.loads(out.read_text()))
    (losses, accuracy, weight, world), (losses2, accuracy2, weight2, world2) = results
    assert (world, world2) == (1, 2)
    assert losses2 == pytest.approx(losses, rel=1e-4)
    assert weight2 == pytest.approx(weight, rel=1e-3, abs=1e-5)
    assert accuracy2 == pytest.approx(accuracy, abs=0.02)  # an image may tip over by rounding


def test_counts_are_checked_before_anything_is_started() -> None:
    pytest.importorskip("lightning_fabric")
    with pytest.raises(UsageError, match="accelerator count is 0"):
        ManyDevices(0)


@pytest.mark.parametrize(("devices", "nodes"), [(10**12, 1), (1, 10**12), (1, 0), (2000, 2)])
def test_more_devices_or_machines_than_there_are_anywhere_are_refused(
    devices: int, nodes: int
) -> None:
    pytest.importorskip("lightning_fabric")
    with pytest.raises(UsageError, match=f"accelerator count is {devices} and nodes {nodes}"):
        ManyDevices(devices, nodes)
