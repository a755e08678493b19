"""Files of weights that nobody should export: each is refused in words."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from nasbench_mobile.errors import LogError, UsageError
from nasbench_mobile.networks.blocks import build
from nasbench_mobile.networks.blockstring import parse_spec
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.pytorch import NetworkModule, load_weights, to_module

CHAIN = "stem8 sepconv_r1_k3_s2_e1_o8_noskip head16 dropout0.0 relu"
VARIANCES, KERNEL = "head/bn.running_var", "stem/conv.weight"
State = dict[str, Tensor]


def network(classes: int = 3) -> Network:
    return build(parse_spec(CHAIN), 32, classes)


@pytest.fixture
def module() -> NetworkModule:
    return to_module(network())


def state(classes: int = 3) -> State:
    made = to_module(network(classes), seed=1, channels_last=False)
    return dict(made.state_dict())


class Code:
    """Runs a command where it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.place}",)


def test_weights_come_back_whatever_floats_they_are_kept_as(
    module: NetworkModule, tmp_path: Path
) -> None:
    path = tmp_path / "w.pt"
    for kind in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
        kept = {n: v.to(kind) if v.is_floating_point() else v for n, v in state().items()}
        torch.save(kept, path)
        load_weights(module, path, hashlib.sha256(path.read_bytes()).hexdigest())
        for name, value in module.state_dict().items():
            assert torch.equal(value, kept[name].to(value.dtype))


def test_counters_of_training_may_lack(module: NetworkModule, tmp_path: Path) -> None:
    kept = {n: v for n, v in state().items() if not n.endswith("num_batches_tracked")}
    torch.save(kept, tmp_path / "w.pt")
    load_weights(module, tmp_path / "w.pt")
    assert torch.equal(module.state_dict()[KERNEL], kept[KERNEL])


def test_loading_leaves_a_module_in_its_mode(module: NetworkModule, tmp_path: Path) -> None:
    torch.save(state(), tmp_path / "w.pt")
    for training in (True, False):
        load_weights(module.train(training), tmp_path / "w.pt")
        assert module.training is training


def changed(name: str, value: float) -> Callable[[State], None]:
    def change(weights: State) -> None:
        weights[name] = weights[name].clone()
        weights[name].view(-1)[1] = value

    return change


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (KERNEL, float("nan"), "1 of 216 values in 'stem/conv.weight' are NaN or infinite"),
        (KERNEL, float("-inf"), "1 of 216 values in 'stem/conv.weight' are NaN or infinite"),
        (VARIANCES, float("inf"), "1 of 16 values in 'head/bn.running_var' are NaN"),
        (VARIANCES, -0.25, "'head/bn.running_var', the variances of a batch norm, has -0.25"),
        ("head/dense.bias", 3.3e38, "the network answers inf with them"),
    ],
)
def test_values_that_no_network_answers_with_are_refused(
    module: NetworkModule, tmp_path: Path, name: str, value: float, said: str
) -> None:
    weights = state()
    changed(name, value)(weights)
    if name == "head/dense.bias":  # each finite, their sums are not
        weights["head/dense.weight"].fill_(3e38)
    torch.save(weights, tmp_path / "w.pt")
    with pytest.raises(UsageError, match=r"w\.pt cannot be used: .*train again") as refused:
        load_weights(module, tmp_path / "w.pt")
    assert said in str(refused.value)


def test_a_variance_of_zero_is_one(module: NetworkModule, tmp_path: Path) -> None:
    weights = state()
    changed(VARIANCES, 0.0)(weights)
    torch.save(weights, tmp_path / "w.pt")
    load_weights(module, tmp_path / "w.pt")
    assert module.state_dict()[VARIANCES][1] == 0


def without(name: str) -> Callable[[State], Any]:
    return lambda weights: {n: v for n, v in weights.items() if n != name}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without(KERNEL), "it lacks 'stem/conv.weight'"),
        (lambda w: {**w, "more": w[KERNEL]}, "it has 'more', which the network has not"),
        (
            lambda w: {f"module.{name}": value for name, value in w.items()},
            "it lacks 'stem/conv.weight' and 21 more and has 'module.stem/conv.weight' and",
        ),
        (lambda _: state(4), "'head/dense.weight' has shape (4, 16), the network needs (3, 16)"),
        (lambda w: {**w, KERNEL: w[KERNEL].to(torch.int8)}, "is of type torch.int8"),
        (lambda w: {**w, KERNEL: w[KERNEL].to(torch.complex64)}, "is of type torch.complex64"),
        (lambda w: {**w, KERNEL: w[KERNEL].to("meta")}, "'stem/conv.weight' is no plain array"),
        (lambda w: {**w, KERNEL: w[KERNEL].to_sparse()}, "'stem/conv.weight' is no plain array"),
        (lambda _: [1, 2], "it holds a list, and a state_dict holds arrays by name"),
        (lambda w: {"state_dict": w, "epoch": 3}, "it holds a map of epoch, state_dict"),
        (
            lambda w: {"identity": "a", "module": w, "optimizer": {}, "step": 3},
            "it holds the checkpoint of a training",
        ),
    ],
)
def test_weights_of_something_else_are_refused(
    module: NetworkModule, tmp_path: Path, change: Callable[[State], Any], said: str
) -> None:
    torch.save(change(state()), tmp_path / "w.pt")
    with pytest.raises(UsageError, match=r"the weights in .*w\.pt do not fit this") as refused:
        load_weights(module, tmp_path / "w.pt")
    assert said in str(refused.value)


def test_files_that_hold_code_are_not_run(module: NetworkModule, tmp_path: Path) -> None:
    path, ran = tmp_path / "w.pt", tmp_path / "ran"
    whole = {**state(), KERNEL: Code(ran)}
    for content in (whole, module):
        torch.save(content, path)
        with pytest.raises(UsageError, match="whose reading could run code"):
            load_weights(module, path)
    path.write_bytes(pickle.dumps(whole))
    with pytest.raises(UsageError, match="is no file of weights"):
        load_weights(module, path)
    assert not ran.exists()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda _: b"", "is no file of weights, it is empty"),
        (lambda content: content[:-100], "is no file of weights: it is damaged, cut short, or"),
        (lambda content: content[:50], "is no file of weights: it is damaged, cut short, or"),
        (lambda _: b"no weights", "is no file of weights: it is damaged, cut short, or"),
        (lambda content: flipped(content, state()[KERNEL]), "the checksum of its part archive/"),
    ],
    ids=["empty", "cut", "begun", "text", "flipped"],
)
def test_damaged_files_are_refused(
    module: NetworkModule, tmp_path: Path, damage: Callable[[bytes], bytes], said: str
) -> None:
    path = tmp_path / "w.pt"
    torch.save(state(), tmp_path / "archive.pt")
    content = (tmp_path / "archive.pt").read_bytes()
    path.write_bytes(damage(content))
    with pytest.raises(UsageError) as refused:
        load_weights(module, path)
    assert said in str(refused.value)
    path.write_bytes(content)
    load_weights(module, path)


def flipped(content: bytes, array: Tensor) -> bytes:
    """With one bit of an array's first value another, which stays finite."""
    place = content.index(array.numpy().tobytes())
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def test_a_file_of_another_hash_is_refused(module: NetworkModule, tmp_path: Path) -> None:
    torch.save(state(), tmp_path / "w.pt")
    with pytest.raises(LogError, match=r"w\.pt is not the file that its training wrote: its SHA"):
        load_weights(module, tmp_path / "w.pt", "0" * 64)


def test_a_missing_file_is_named(module: NetworkModule, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read weights from .*none.pt: No such file"):
        load_weights(module, tmp_path / "none.pt")
