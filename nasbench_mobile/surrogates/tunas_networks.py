"""Networks priced by TuNAS's Pixel 1 cost models, as graphs with TuNAS's conventions."""

from __future__ import annotations

import json
import lzma
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nasbench_mobile.errors import InvalidNetworkError, UsageError
from nasbench_mobile.files.text_files import DAMAGE
from nasbench_mobile.networks.graph import (
    IMAGE,
    Activation,
    Add,
    Conv,
    Dense,
    GlobalPool,
    Multiply,
    NetworkBuilder,
    Node,
)
from nasbench_mobile.surrogates.layer_features import FEATURES, node_counts

Floats = npt.NDArray[np.float64]

_INDEX = {name: position for position, name in enumerate(FEATURES)}


@dataclass(frozen=True, slots=True)
class PricedBlock:
    """One layer of TuNAS's spaces (google-research/tunas, mobile_search_space_v3.py).

    Unlike MnasNet's: SE squeezes to max(8, expanded filters / 4), and an `mbconv` of expansion 1
    keeps its 1x1 convolution; a `sepconv` has none. The input is added where shapes match.
    """

    op: str
    input_filters: int
    filters: int
    expansion: int
    kernel: int
    stride: int
    se: bool

    def __post_init__(self) -> None:
        if self.op not in ("mbconv", "sepconv"):
            raise UsageError(f"op is {self.op!r}; it must be mbconv or sepconv")

    def add_to(self, builder: NetworkBuilder, source: int) -> int:
        """Add the block's layers; the position of the last. Batch norms take no time: left out."""
        width, x = self.input_filters * self.expansion, source
        if self.op == "mbconv":
            x = builder.add("expand", Conv(width), x)
        window = (self.kernel, self.kernel)
        x = builder.add("depthwise", Conv(width, window, stride=self.stride, groups=width), x)
        if self.se:
            gate = builder.add("se/pool", GlobalPool(), x)
            gate = builder.add("se/reduce", Conv(max(8, width // 4), bias=True), gate)
            gate = builder.add("se/expand", Conv(width, bias=True), gate)
            gate = builder.add("se/gate", Activation("sigmoid"), gate)
            x = builder.add("se/scale", Multiply(), x, gate)
        x = builder.add("project", Conv(self.filters), x)
        same = self.stride == 1 and self.input_filters == self.filters
        return builder.add("add", Add(), source, x) if same else x


@cache
def _block_counts(block: PricedBlock, size: int) -> tuple[Floats, int]:
    """The counts of a block on a square input of `size`, and its output's size.

    Kept, because 12,000 networks are made of a few thousand different blocks.
    """
    builder = NetworkBuilder((block.input_filters, size, size))
    last = block.add_to(builder, IMAGE)
    return _counts(builder.build().nodes), builder.shape(last)[1]


def _counts(nodes: Iterable[Node]) -> Floats:
    counts = np.zeros(len(FEATURES))
    for node in nodes:
        for name, amount in node_counts(node):
            counts[_INDEX[name]] += amount
    return counts


def network_counts(nodes: Iterable[Node]) -> Floats:
    """The counts of all `FEATURES` of a whole network's layers, shape (len(FEATURES),)."""
    counts = _counts(nodes)
    counts[_INDEX["networks"]] = 1.0
    return counts


def _frame_counts(row: Mapping[str, Any], block_size: int) -> Floats:
    """The counts of the head on maps of `block_size`; layers after pooling are 1x1 on 1x1."""
    builder = NetworkBuilder((int(row["head"][0]["input_filters"]), block_size, block_size))
    x, pooled = IMAGE, False
    for position, layer in enumerate(row["head"]):
        if layer["after_pooling"] and not pooled:
            x, pooled = builder.add("head/pool", GlobalPool(), x), True
        x = builder.add(f"head/conv{position}", Conv(int(layer["filters"])), x)
    if not pooled:
        x = builder.add("head/pool", GlobalPool(), x)
    builder.add("head/dense", Dense(int(row["classes"])), x)
    return network_counts(builder.build().nodes)


def row_counts(row: Mapping[str, Any]) -> Floats:
    """The counts of one row of the data file."""
    builder = NetworkBuilder((3, int(row["resolution"]), int(row["resolution"])))
    kernel = int(row["stem"]["kernel"])
    stem = Conv(int(row["stem"]["filters"]), (kernel, kernel), stride=2)
    size = builder.shape(builder.add("stem/conv", stem, IMAGE))[1]
    total = _counts(builder.build().nodes)
    for block in row["blocks"]:
        counts, size = _block_counts(PricedBlock(**block), size)
        total = total + counts
    return total + _frame_counts(row, size)


def read_priced_networks(data: str | os.PathLike[str]) -> tuple[Floats, Floats]:
    """The counts, shape (N, len(FEATURES)), and latencies in ms, shape (N,), of an .jsonl.xz file.

    `UsageError` names the file, and the row where one is wrong.
    """
    path, counts, latencies = Path(data), [], []
    try:
        # A newline alone ends a row: a stray 0x0D or U+2028 within one does not.
        with lzma.open(path, "rt", encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, 1):
                try:
                    row = json.loads(line)
                    latency_ms = float(row["latency_ms"])
                    counts.append(row_counts(row))
                except DAMAGE as error:
                    raise _bad_row(path, number, error) from error
                except (InvalidNetworkError, UsageError) as error:
                    raise _bad_row(path, number, error) from error
                if not (latency_ms > 0.0 and math.isfinite(latency_ms)):
                    raise UsageError(
                        f"{path} row {number}: latency_ms is {latency_ms}; it must be finite and "
                        "above 0 milliseconds"
                    )
                latencies.append(latency_ms)
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not text under its xz compression: {error}") from error
    except (lzma.LZMAError, EOFError) as error:
        raise UsageError(f"{path} is not a whole xz file: {error}") from error
    except OSError as error:
        raise UsageError(f"cannot read data file {path}: {error.strerror}") from error
    if not latencies:
        raise UsageError(f"{path} is empty; it needs one priced network a line")
    return np.array(counts), np.array(latencies)


def _bad_row(path: Path, number: int, error: Exception) -> UsageError:
    return UsageError(
        f"{path} row {number} is not a priced network ({type(error).__name__}: {error}); it needs "
        "latency_ms, resolution, stem, blocks, head and classes"
    )
