from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from nasbench_mobile import catalog
from nasbench_mobile.errors import InvalidNetworkError, UsageError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.graph import (
    IMAGE,
    Activation,
    Conv,
    Network,
    NetworkBuilder,
    Node,
    Pool,
)
from nasbench_mobile.networks.pytorch import NetworkModule, module_weights, to_module
from nasbench_mobile.networks.tflite import to_tflite
from nasbench_mobile.networks.tflite_file import ALIGNMENT, read_tflite
from nasbench_mobile.networks.weights import Weights, synthetic_weights
from tests.networks.comparing import loaded, run_tflite

BAR = 1e-4
MULTIPLIERS, SIZES = (0.35, 1.0, 1.4), (96, 160, 224)
SPACES = ("mnasnet", "mnasnet-anb")
PAD_BY_VALUE = "a max pool with PyTorch's padding needs PADV2"
NOT_DELEGATED_WHOLE = {
    **dict.fromkeys(
        ("shufflenet-1.5x", "shufflenet-2x", "shufflenet-v2-1.5x", "shufflenet-v2-2x", "darts"),
        PAD_BY_VALUE,
    ),
    **dict.fromkeys(("condensenet-g4", "condensenet-g8"), "its index layers are GATHERs"),
}
"""Models with operators that XNNPACK does not take, and which."""
Lived = Callable[..., NetworkModule]
Error = Callable[[np.ndarray, np.ndarray], float]


def error_against_double(network: Network, lived: Lived, error: Error, seed: int = 0) -> float:
    module = lived(network, seed)
    content = to_tflite(network, module_weights(module))
    generator = torch.Generator().manual_seed(seed + 1)
    images = torch.rand(2, *network.input_shape, generator=generator)
    with torch.no_grad():
        wanted = module.double()(images.double()).numpy()
    # A network that answers every image alike would hide what goes wrong in it.
    assert error(wanted[0], wanted[1]) > 1e-2
    return error(run_tflite(content, images), wanted)


def delegated(content: bytes) -> bool:
    """Whether one XNNPACK partition does it all, from the network's input to its output.

    LiteRT lists the partitions among the operators. Where any other operator ran beside a single
    partition, it would have to read from it or write to it: besides constants, the partition
    reads the image alone, and it writes the result alone.
    """
    interpreter = loaded(content)
    parts = [op for op in interpreter._get_ops_details() if op["op_name"] == "DELEGATE"]
    written = {t for op in interpreter._get_ops_details() for t in op["outputs"]}
    image = interpreter.get_input_details()[0]["index"]
    result = interpreter.get_output_details()[0]["index"]
    if len(parts) != 1:
        return False
    read = {t for t in parts[0]["inputs"] if t in written or t == image}
    return read == {image} and list(parts[0]["outputs"]) == [result]


def random_networks(space_name: str, count: int, size: int) -> list[Network]:
    space, rng = catalog.build_space(space_name), np.random.default_rng(7)
    return [space.network(space.sample(rng), input_size=size, classes=100) for _ in range(count)]


def test_every_operation(
    operation_network: Network, lived_module: Lived, relative_error: Error
) -> None:
    assert error_against_double(operation_network, lived_module, relative_error) <= BAR


@pytest.mark.no_cover
@pytest.mark.parametrize("name", zoo.MODELS)
def test_small_zoo(name: str, lived_module: Lived, relative_error: Error) -> None:
    network = zoo.network(name, 0.35, 64)
    assert error_against_double(network, lived_module, relative_error) <= BAR
    assert delegated(to_tflite(network)) == (name not in NOT_DELEGATED_WHOLE)


@pytest.mark.no_cover
@pytest.mark.parametrize("name", [name for name in zoo.MODELS if name not in zoo.CHAINS])
def test_zoo_of_other_networks(name: str, lived_module: Lived, relative_error: Error) -> None:
    network = zoo.network(name, 1.0, 96)
    assert error_against_double(network, lived_module, relative_error) <= BAR


def every_scale_once() -> list[tuple[str, float, int]]:
    """Each chain at every multiplier and every size, paired otherwise from chain to chain."""
    return [
        (name, multiplier, SIZES[(place + shift) % len(SIZES)])
        for shift, name in enumerate(zoo.CHAINS)
        for place, multiplier in enumerate(MULTIPLIERS)
    ]


@pytest.mark.no_cover
@pytest.mark.parametrize(("name", "multiplier", "size"), every_scale_once())
def test_zoo(
    name: str, multiplier: float, size: int, lived_module: Lived, relative_error: Error
) -> None:
    network = zoo.network(name, multiplier, size)
    assert error_against_double(network, lived_module, relative_error) <= BAR
    assert delegated(to_tflite(network))


@pytest.mark.parametrize("space", SPACES)
def test_some_random_architectures(space: str, lived_module: Lived, relative_error: Error) -> None:
    for seed, network in enumerate(random_networks(space, 4, 40)):
        assert error_against_double(network, lived_module, relative_error, seed) <= BAR
        assert delegated(to_tflite(network))


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("space", SPACES)
def test_random_architectures(space: str, lived_module: Lived, relative_error: Error) -> None:
    for seed, network in enumerate(random_networks(space, 50, 48)):
        assert error_against_double(network, lived_module, relative_error, seed) <= BAR
        assert delegated(to_tflite(network))


def test_synthetic_weights_are_finite_and_repeat() -> None:
    network = zoo.network("mobilenet-v2", 1.0, 64)
    content = to_tflite(network, seed=3)
    assert content == to_tflite(network, seed=3)
    assert content != to_tflite(network, seed=4)
    output = run_tflite(content, torch.rand(1, 3, 64, 64))
    assert np.isfinite(output).all()
    assert output.std() > 0


def test_output_of_a_classifier_is_two_dimensional() -> None:
    model = read_tflite(to_tflite(zoo.network("mnasnet-small", 0.35, 48, classes=7)))
    assert (model.input_shape, model.output_shape) == ((1, 48, 48, 3), (1, 7))
    assert (model.input_type, model.output_type) == ("float32", "float32")
    assert model.operators > 30


def test_constants_are_aligned() -> None:
    content = to_tflite(zoo.network("mnasnet-a1", 0.35, 32))
    start = np.frombuffer(content, np.uint8).ctypes.data
    model = schema.Model.GetRootAs(content)
    constants = [model.Buffers(i).DataAsNumpy() for i in range(1, model.BuffersLength())]
    assert {(c.ctypes.data - start) % ALIGNMENT for c in constants} == {0}


def metadata_of(content: bytes) -> dict[str, str]:
    model = schema.Model.GetRootAs(content)
    entries = [model.Metadata(index) for index in range(model.MetadataLength())]
    return {
        entry.Name().decode(): model.Buffers(entry.Buffer()).DataAsNumpy().tobytes().decode()
        for entry in entries
    }


def test_texts_travel_beside_the_network() -> None:
    network = zoo.network("mnasnet-small", 0.35, 32, classes=10)
    texts = {"facts.json": '{"name": "\u00e9t\u00e9 \u732b"}' * 40, "b": "two"}
    plain, beside = to_tflite(network), to_tflite(network, metadata=texts)
    assert metadata_of(beside) == texts
    assert metadata_of(plain) == {}
    image = np.random.default_rng(0).random((1, 32, 32, 3), np.float32)
    with_texts, without = (
        Interpreter(model_content=content).get_signature_runner()(image=image)["output"]
        for content in (beside, plain)
    )
    assert np.array_equal(with_texts, without)
    assert read_tflite(beside).operators == read_tflite(plain).operators


def test_an_operation_tflite_lacks_is_named() -> None:
    class Swirl:
        pass

    whole = NetworkBuilder((3, 8, 8))
    whole.add("conv", Conv(4), IMAGE)
    odd = Node("odd/swirl", Swirl(), (0,), ((4, 8, 8),), (4, 8, 8))  # type: ignore[arg-type]
    with pytest.raises(InvalidNetworkError, match="'odd/swirl' is a Swirl.*TFLite back end lacks"):
        to_tflite(Network((3, 8, 8), (*whole.build().nodes, odd)))


def test_a_window_of_padding_alone_is_refused() -> None:
    builder = NetworkBuilder((3, 8, 8))
    builder.add("pool", Pool("max", (2, 2), 1, ((2, 0), (0, 0))), IMAGE)
    with pytest.raises(InvalidNetworkError, match="'pool': its padding .* without any pixel"):
        to_tflite(builder.build())


def test_names_must_differ() -> None:
    builder = NetworkBuilder((3, 8, 8))
    builder.add("same", Conv(4), builder.add("same", Activation(), IMAGE))
    with pytest.raises(InvalidNetworkError, match="'same' is empty, used twice"):
        to_tflite(builder.build())


def test_weights_of_another_network_are_refused() -> None:
    network = zoo.network("mnasnet-b1", 0.5, 32)
    with pytest.raises(UsageError, match="have shape .* but this network needs"):
        to_tflite(network, module_weights(to_module(zoo.network("mnasnet-b1", 1.0, 32))))
    arrays = dict(synthetic_weights(network).arrays)
    del arrays["stem/bn.bias"]
    with pytest.raises(UsageError, match="no 'stem/bn.bias'"):
        to_tflite(network, Weights(arrays))


@pytest.fixture(scope="module")
def small() -> bytes:
    return to_tflite(zoo.network("mnasnet-small", 0.35, 32, classes=10))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no TFLite file"),
        (b"PK\x03\x04 something else", "is no TFLite file"),
        (b"\x1c\x00\x00\x00TFL3", "is damaged"),
    ],
)
def test_foreign_files_are_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "some.tflite"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=f"some.tflite {reason}"):
        read_tflite(path)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_a_cut_file_is_refused(small: bytes, share: float) -> None:
    with pytest.raises(UsageError, match="is damaged"):
        read_tflite(small[: int(share * len(small))])


def test_a_damaged_file_is_refused(small: bytes) -> None:
    damaged = bytearray(small)
    damaged[-20_000:] = np.random.default_rng(0).bytes(20_000)
    with pytest.raises(UsageError, match="is damaged"):
        read_tflite(bytes(damaged))


def test_an_absent_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*gone.tflite: No such file"):
        read_tflite(tmp_path / "gone.tflite")
