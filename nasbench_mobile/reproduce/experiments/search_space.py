"""Section 4.1: how large the factorised space is, what is in it, and what a layer costs."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.blocks import BlockSpec, MobileSpec, build
from nasbench_mobile.networks.cost import node_multiply_adds
from nasbench_mobile.networks.graph import Conv
from nasbench_mobile.reproduce.claims import ClaimVerdict, exactly
from nasbench_mobile.reproduce.experiment import (
    Experiment,
    ExperimentOutcome,
    ExperimentSetting,
    ResultTable,
    RunStudy,
)
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.spaces.nasnet import NasNetSpace

LAYERS = 3
"""N of the typical case: layers per block."""


def run(setting: ExperimentSetting, folder: Path, run_study: RunStudy) -> ExperimentOutcome:
    """The counts of token lists and of distinct networks, exact integers as strings in `result`."""
    five = MnasNetSpace(blocks=5)
    flat = MnasNetSpace(blocks=5, sharing="layer")
    seven = MnasNetSpace()
    spaces: dict[str, Any] = {
        "5 blocks": five, "5 blocks, every layer by itself": flat, "7 blocks (Fig. 4)": seven,
        "Accel-NASBench's part of it": MnasNetAnbSpace(), "NASNet's cells": NasNetSpace(),
    }  # fmt: skip
    rows = [
        {
            "space": name,
            "tokens": len(space.decisions),
            "lists": f"{space.size:.4g}",
            "distinct": f"{space.distinct:.4g}",
        }
        for name, space in spaces.items()
    ]
    block = math.prod(d.cardinality for d in seven.decisions if d.name.startswith("block1/"))
    result = {
        "block": block,
        "sizes": {
            name: {"lists": str(space.size), "distinct": str(space.distinct)}
            for name, space in spaces.items()
        },
    }
    verdicts = [
        exactly("space-block", block == 432, f"4 x 2 x 2 x 3 x 3 x 3 = {block}"),
        exactly("space-size", _power(five.size) == 13, f"432^5 = {five.size:,}"),
        exactly("space-flat", math.floor(math.log10(flat.size)) == 39, f"{flat.size:.2e}"),
        exactly("space-fig4", _power(seven.size) == 13, f"432^7 = {seven.size:.2e}"),
        exactly(
            "space-factorises",
            flat.size == five.size**LAYERS,
            f"{flat.size:.3g} = ({five.size:.3g})^{LAYERS}",
        ),
        _inside(),
        _floored(),
        _separable(),
    ]
    headings = {
        "space": "space", "tokens": "tokens", "lists": "token lists",
        "distinct": "distinct networks",
    }  # fmt: skip
    return ExperimentOutcome(
        result,
        verdicts,
        tables=[ResultTable("search-space", "Sizes of search spaces", headings, rows)],
        said=["sizes are exact integers in the JSON; the table rounds them"],
    )


def _power(size: int) -> int:
    return round(math.log10(size))


def _inside() -> ClaimVerdict:
    """A1 in the space with its filters as the text has them."""
    try:
        MnasNetSpace(filter_grid="literal").encode(zoo.network("mnasnet-a1"))
    except InvalidNetworkError as error:
        said = re.sub(r"first Layer\(.*filters=(\d+).*?\)", r"of \1 filters", str(error))
        return exactly("space-a1-inside", False, said.partition("(options")[0].strip())
    return exactly("space-a1-inside", True, "it encodes")


def _floored() -> ClaimVerdict:
    space = MnasNetSpace()
    names = ("mnasnet-a1", "mnasnet-b1")
    same = [space.network(space.encode(net)) == net for net in map(zoo.network, names)]
    detail = f"{sum(same)} of {len(names)} encode and decode to the same graph"
    return exactly("space-a1-floored", all(same), detail)


def _separable() -> ClaimVerdict:
    """A depthwise and a pointwise convolution against H W M (K K + N), for several K, M and N."""
    checked, agrees = 0, True
    for kernel in (3, 5):
        for stem, filters in ((32, 16), (32, 64), (48, 24)):
            block = BlockSpec("sepconv", kernel=kernel, stride=1, filters=filters)
            network = build(MobileSpec(stem, (block,)))
            layers = [
                node
                for node in network
                if node.name.startswith("block1/") and isinstance(node.operation, Conv)
            ]
            height, width = layers[0].shape[1:]
            counted = sum(map(node_multiply_adds, layers))
            agrees &= counted == height * width * stem * (kernel**2 + filters)
            checked += 1
    return exactly("separable-cost", agrees, f"{checked} layers of K in (3, 5) counted")


EXPERIMENT = Experiment(
    "search-space",
    "Section 4.1: the size of the search space",
    "how many networks there are, with a block's layers alike and without, and that A1 is one",
    run,
)
