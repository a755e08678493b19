from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.devices.host.latency import HostLatency
from nasbench_mobile.errors import EvaluationError, InvalidNetworkError, UsageError
from nasbench_mobile.lookup.block_keys import cut, pieces, space_pieces
from nasbench_mobile.lookup.check import check_lookup
from nasbench_mobile.lookup.fill import fill_lookup, summed_ratio
from nasbench_mobile.lookup.latency import LookupLatency
from nasbench_mobile.lookup.table_file import Entry, read_lookup, write_lookup
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.blocks import BlockSpec, MobileSpec, build
from nasbench_mobile.networks.cost import multiply_adds
from nasbench_mobile.networks.graph import IMAGE, Conv, Network, NetworkBuilder
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.types import Decision, Failure, LatencyReading, Tokens

CHAINS = ("mnasnet-a1", "mnasnet-b1", "mnasnet-small", "mobilenet-v1", "mobilenet-v2")


class SmallSpace:
    """Two blocks of 1 to 3 layers with kernel 3 or 5: 36 networks of small images."""

    name = "small"
    options: dict[str, Any] = {}  # noqa: RUF012
    decisions = tuple(
        Decision(f"block{b}/{what}", count)
        for b in (1, 2)
        for what, count in (("kernel", 2), ("layers", 3))
    )
    size = distinct = 36
    segments = (("block1", (0, 1)), ("block2", (2, 3)))

    def validate(self, tokens: Sequence[int]) -> Tokens:
        return tuple(tokens)

    canonical = validate

    def network(
        self,
        tokens: Tokens,
        *,
        width: float = 1.0,
        input_size: int | None = None,
        classes: int = 10,
    ) -> Network:
        blocks = [
            BlockSpec("mbconv", 3 + 2 * kernel, 2, 16 * b, 3, skip="identity", layers=1 + layers)
            for b, (kernel, layers) in enumerate((tokens[:2], tokens[2:]), 1)
        ]
        return build(MobileSpec(8, tuple(blocks), head=64), input_size or 96, classes)

    def encode(self, network: Network) -> Tokens:
        raise UsageError("not needed")

    def describe(self, tokens: Tokens) -> str:
        return str(tokens)

    def sample(self, rng: np.random.Generator) -> Tokens:
        return tuple(rng.integers([2, 3, 2, 3]).tolist())

    def neighbours(self, tokens: Tokens) -> Iterator[Tokens]:
        return iter(())


@dataclass
class WrittenRatios:
    """No device: ratios that are multiply-adds, `surplus` times as much in whole networks."""

    device: str = "on paper"
    runtime: str = "arithmetic"
    runtime_version: str = "1"
    reference: str = "mobilenet-v2"
    passes: int = 2
    surplus: float = 1.25
    asked: int = 0
    break_after: float = math.inf

    def reference_ms(self) -> float:
        return 10.0

    def piece_ratios(self, networks: Sequence[Network]) -> Sequence[float | Failure]:
        self.asked += len(networks)
        if self.asked > self.break_after:
            return [Failure("the device is gone")] * len(networks)
        return [multiply_adds(network) / 3e8 for network in networks]

    def whole_ratio(self, network: Network) -> float | Failure:
        return self.surplus * multiply_adds(network) / 3e8


@pytest.fixture(scope="module")
def space() -> SmallSpace:
    return SmallSpace()


@pytest.fixture
def written(tmp_path: Path, space: SmallSpace) -> LookupLatency:
    fill_lookup(tmp_path / "paper.lut", space, WrittenRatios())
    return LookupLatency.from_file(tmp_path / "paper.lut")


def test_keys_of_mnasnet_a1() -> None:
    found = [piece.key for piece in pieces(zoo.network("mnasnet-a1"))]
    assert len(found) == 18
    assert found[:3] == [
        "stem_o32_r224",
        "sepconv_i32_w32_o16_k3_s1_se0_none_r112",
        "mbconv_i16_w96_o24_k3_s2_se0_none_r112",
    ]
    assert "mbconv_i40_w120_o40_k5_s1_se10_identity_r28" in found
    assert found[-1] == "head_i320_o1280_c1000_r7"


@pytest.mark.parametrize("name", CHAINS)
def test_pieces_cut_out_are_all_of_the_network(name: str) -> None:
    network = zoo.network(name)
    parts = [cut(network, piece.prefix) for piece in pieces(network)]
    assert sum(len(part.nodes) for part in parts) == len(network.nodes)
    assert sum(map(multiply_adds, parts)) == multiply_adds(network)
    for before, after in itertools.pairwise(parts):
        assert before.output_shape == after.input_shape
    assert parts[-1].output_shape == network.output_shape


def test_what_a_key_says_is_all_that_a_piece_is() -> None:
    """Two pieces of one key are one graph, but for the names and the activation."""
    space = MnasNetSpace()
    rng = np.random.default_rng(0)
    graphs: dict[str, list[Any]] = {}
    for _ in range(60):
        network = space.network(space.sample(rng))
        for piece in pieces(network):
            part = cut(network, piece.prefix)
            graph = [(node.operation, node.inputs, node.input_shapes) for node in part]
            assert graphs.setdefault(piece.key, graph) == graph
    assert len({str(graph) for graph in graphs.values()}) == len(graphs)


def test_what_is_no_chain_has_no_keys() -> None:
    builder = NetworkBuilder((3, 32, 32))
    builder.add("conv", Conv(4), IMAGE)
    with pytest.raises(InvalidNetworkError, match="no chain"):
        pieces(builder.build())
    with pytest.raises(InvalidNetworkError, match="cannot be cut out"):
        cut(builder.build(), "block1")


@pytest.mark.parametrize(("space", "keys"), [(MnasNetSpace(), 1924), (MnasNetAnbSpace(), 170)])
def test_keys_of_a_space_are_those_of_its_networks(space: SearchSpace, keys: int) -> None:
    found = space_pieces(space)
    assert len(found) == keys
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert {piece.key for piece in pieces(space.network(space.sample(rng)))} <= found.keys()


def test_an_additive_device_is_predicted_exactly(written: LookupLatency, space: SmallSpace) -> None:
    device = WrittenRatios()
    rng = np.random.default_rng(5)
    tokens = [space.sample(rng) for _ in range(10)]
    found = written.latency([Architecture(space, one) for one in tokens])
    for one, reading in zip(tokens, found, strict=True):
        network = space.network(one)
        assert isinstance(reading, LatencyReading)
        true_ms = 10.0 * float(device.whole_ratio(network))  # type: ignore[arg-type]
        assert reading.latency_ms == pytest.approx(true_ms, rel=1e-4)  # six digits are kept
        assert written.network_latency(network).latency_ms == pytest.approx(reading.latency_ms)
        parts = written.segment_latency_ms(network)
        assert list(parts) == ["stem", "block1", "block2", "head"]
        assert math.fsum(parts.values()) == pytest.approx(reading.latency_ms)


def test_the_tables_say_what_the_sums_say(written: LookupLatency, space: SmallSpace) -> None:
    fixed, (first, second) = written.segment_tables(space)
    assert (len(first), len(second)) == (6, 6)
    total = fixed + first[1, 2] + second[0, 1]
    network = space.network((1, 2, 0, 1))
    assert total == pytest.approx(written.network_latency(network).latency_ms)


def test_what_the_table_says_of_itself(written: LookupLatency) -> None:
    table = written.table
    assert table.scale == pytest.approx(1.25, rel=1e-4)
    assert table.keys == len(table.entries) == 10
    assert table.passes == 2
    assert table.date[:2] == "20"
    assert written.kind == "estimate"
    assert (written.device, written.label[:27]) == ("on paper", "look-up table, arithmetic 1")


def test_a_key_that_is_missing_is_named(written: LookupLatency, space: SmallSpace) -> None:
    with pytest.raises(UsageError, match=r"no key 'stem_o32_r224' \(stem\).*space 'small'"):
        written.network_latency(zoo.network("mnasnet-a1"))
    anb = MnasNetAnbSpace()
    [found] = written.latency([Architecture(anb, anb.sample(np.random.default_rng(0)))])
    assert isinstance(found, Failure)
    assert "stem_o32_r224" in found.reason


def test_a_stopped_table_goes_on_where_it_was(tmp_path: Path, space: SmallSpace) -> None:
    path = tmp_path / "host.lut"
    broken = WrittenRatios(break_after=10)
    with pytest.raises(EvaluationError, match=r"could not be measured: the device is gone"):
        fill_lookup(path, space, broken)
    partial = read_lookup(path)
    assert partial.scale is None
    assert len(partial.entries) == 10
    with pytest.raises(UsageError, match=r"partial.*lookup build"):
        LookupLatency.from_file(path)
    heard = []
    rest = WrittenRatios()
    fill_lookup(path, space, rest, listen=lambda done, total: heard.append((done, total)))
    assert rest.asked == 10  # of 20 looks, the second pass alone
    assert heard[-1] == (20, 20)
    whole = tmp_path / "whole.lut"
    fill_lookup(whole, space, WrittenRatios())
    assert read_lookup(path) == read_lookup(whole)
    done = WrittenRatios()
    fill_lookup(path, space, done)
    assert done.asked == 0


@pytest.mark.parametrize(
    ("other", "said"),
    [({"device": "a phone"}, "device 'on paper'"), ({"runtime_version": "2"}, "runtime_version")],
)
def test_tables_of_two_devices_or_runtimes_are_not_mixed(
    tmp_path: Path, space: SmallSpace, other: dict[str, str], said: str
) -> None:
    fill_lookup(tmp_path / "t.lut", space, WrittenRatios())
    with pytest.raises(UsageError, match=f"{said}.*never mixed"):
        fill_lookup(tmp_path / "t.lut", space, WrittenRatios(**other))  # type: ignore[arg-type]


def test_a_look_that_was_disturbed_is_left_aside() -> None:
    assert Entry((1.0, 1.2, 1.1, 9.0, 1.1, 1.1, 1.1, 0.1)).ratio == pytest.approx(1.1)
    assert Entry((1.0,)).ratio == 1.0


@pytest.mark.parametrize(
    "damage",
    ['"scale": -1', '"scale": "large"', '"entries": {"stem_o8_r96": []}', '"entries": {"a": [0]}',
     '"entries": 3', '"whole": [[[0, 0, 0, 0], 0]]'],
)  # fmt: skip
def test_a_damaged_table_is_refused(tmp_path: Path, written: LookupLatency, damage: str) -> None:
    path = tmp_path / "paper.lut"
    text = path.read_text().rstrip().removesuffix("}")
    path.write_text(f"{text}, {damage}}}")  # of two values of one key JSON takes the last
    with pytest.raises(UsageError, match="damaged look-up table"):
        read_lookup(path)


def test_a_file_that_is_no_table_is_refused(tmp_path: Path, models: Path) -> None:
    with pytest.raises(UsageError, match="latency-lookup"):
        read_lookup(models / "pixel1-tunas.json")
    with pytest.raises(UsageError, match="cannot read"):
        read_lookup(tmp_path / "none.lut")


def test_a_table_survives_being_written(tmp_path: Path, written: LookupLatency) -> None:
    write_lookup(tmp_path / "again.lut", written.table)
    assert read_lookup(tmp_path / "again.lut") == written.table
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.lut", "paper.lut"]


def test_a_table_that_cannot_be_written_is_said(tmp_path: Path, written: LookupLatency) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        write_lookup(tmp_path / "file" / "t.lut", written.table)


def test_a_check_finds_an_additive_device_predicted(
    written: LookupLatency, space: SmallSpace
) -> None:
    # A small space: let the check draw what the scale was fitted to as well.
    model = LookupLatency(replace(written.table, whole=()))
    found = check_lookup(model, space, WrittenRatios(), networks=5)
    assert found.random.mape == pytest.approx(0, abs=0.01)
    assert found.random.kendall_tau == pytest.approx(1)
    assert found.near.networks == 5
    assert found.random.measuring == pytest.approx(0, abs=1e-9)
    assert found.near.slowest_ms <= 1.1 * found.near_ms * 1.001
    assert found.near.fastest_ms >= 0.9 * found.near_ms * 0.999
    record = found.record()
    assert [row["group"] for row in record["rows"]] == ["random"] * 5 + ["near"] * 5
    assert len({tuple(row["tokens"]) for row in record["rows"]}) == 10


def test_a_check_sees_a_bias(written: LookupLatency, space: SmallSpace) -> None:
    model = LookupLatency(replace(written.table, whole=()))
    found = check_lookup(model, space, WrittenRatios(surplus=2.5), networks=3)
    assert found.random.bias == pytest.approx(-50, abs=0.1)
    assert found.random.mape == pytest.approx(50, abs=0.1)


def test_a_check_keeps_away_from_what_the_scale_was_fitted_to(
    written: LookupLatency, space: SmallSpace
) -> None:
    first = check_lookup(LookupLatency(replace(written.table, whole=())), space, WrittenRatios(), 3)
    taken = tuple(tuple(row["tokens"]) for row in first.rows)
    model = LookupLatency(replace(written.table, whole=tuple((tokens, 1.0) for tokens in taken)))
    again = check_lookup(model, space, WrittenRatios(), 3)
    assert not {tuple(row["tokens"]) for row in again.rows} & set(taken)


@pytest.mark.parametrize(
    ("device", "networks", "said"),
    [(WrittenRatios(), 2, "at least 3"), (WrittenRatios(device="x"), 3, "where it was filled"),
     (WrittenRatios(), 60, "too few networks")],
)  # fmt: skip
def test_a_check_that_cannot_be_is_refused(
    written: LookupLatency, space: SmallSpace, device: WrittenRatios, networks: int, said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("nasbench_mobile.lookup.check.LONGEST_DRAW", 500)
    with pytest.raises(UsageError, match=said):
        check_lookup(written, space, device, networks=networks)


def test_a_table_filled_by_litert_predicts_this_machine(tmp_path: Path, space: SmallSpace) -> None:
    host = HostLatency(pairs=10, interval=10.0, nominal_ms=8.0)
    table = fill_lookup(tmp_path / "host.lut", space, host)
    host.close()
    assert table.device == host.device
    assert table.runtime == "ai-edge-litert"
    assert {len(entry.looks) for entry in table.entries.values()} == {host.passes}
    assert table.scale is not None
    assert table.scale > 0
    small, large = space.network((0, 0, 0, 0)), space.network((1, 2, 1, 2))
    assert summed_ratio(table, small) < summed_ratio(table, large)
    model = LookupLatency(table)
    assert model.network_latency(small).latency_ms < model.network_latency(large).latency_ms
