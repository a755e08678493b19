"""The networks of the round trip: the zoo's, random ones of each space, small ones by layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nasbench_mobile import catalog
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.blocks import build
from nasbench_mobile.networks.blockstring import parse_spec
from nasbench_mobile.networks.cells import parse_cells
from nasbench_mobile.networks.condensenet import CondenseNet
from nasbench_mobile.networks.graph import IMAGE, ChannelSelect, Concat, Network, Pool
from nasbench_mobile.networks.layers import TORCH_3X3, LayerWriter, start
from nasbench_mobile.networks.nasnet import CellFrame, build_cells
from nasbench_mobile.networks.stem import with_stem_stride

EDGES = (32, 33, 224, 225)
"""Sizes that every group has: the least, ImageNet's, and both with one pixel more."""
WIDTHS = (0.35, 0.5, 0.75, 1.0)
CLASSES = (2, 10, 1000)
STRIDE_1_UP_TO = 64
"""Pixels up to which half of the networks get a stem of stride 1, which is for small images."""
RANDOM = 20
SPACES: Mapping[str, dict[str, Any]] = {
    "mnasnet": {}, "mnasnet-anb": {}, "mnasnet-coarse": {}, "nasnet": {"repeats": 1},
}  # fmt: skip
"""The built-in spaces and their options; NASNet's with one normal cell a stack, as an export of
four takes half a minute. The cells are drawn alike, and the zoo's NASNet-A has all of them."""


@dataclass(frozen=True)
class Case:
    """One network at one size. `name` is a model's, a small network's, or tokens with commas."""

    group: str
    name: str
    width: float
    input_size: int
    stem_stride: int | None
    classes: int
    seed: int

    @property
    def record(self) -> dict[str, Any]:
        """JSON form; `stem_stride` None is the network's own."""
        return asdict(self)

    def network(self) -> Network:
        network = self._plain()
        return network if self.stem_stride is None else with_stem_stride(network, self.stem_stride)

    def _plain(self) -> Network:
        if self.group == "zoo":
            return zoo.network(self.name, self.width, self.input_size, self.classes)
        if self.group == "small":
            return SMALL[self.name](self.input_size, self.classes)
        tokens = tuple(map(int, self.name.split(",")))
        return catalog.build_space(self.group, SPACES[self.group]).network(
            tokens, width=self.width, input_size=self.input_size, classes=self.classes
        )


def cases(seed: int = 0) -> list[Case]:
    """All of them; one seed draws the same ones everywhere."""
    rng = np.random.default_rng(seed)
    drawn = _drawn("zoo", list(zoo.MODELS), rng)
    for name, options in SPACES.items():
        space = catalog.build_space(name, options)
        tokens = [space.sample(rng) for _ in range(RANDOM)]
        again = np.random.default_rng((seed, 1))
        for place in range(RANDOM):  # small spaces give some twice
            while tokens[place] in tokens[:place]:
                tokens[place] = space.sample(again)
        drawn += _drawn(name, [",".join(map(str, one)) for one in tokens], rng)
    return drawn + small_cases()


def in_turn(some: Sequence[Case]) -> list[Case]:
    """The first of every group, then the second: a run that is stopped has looked at all groups."""
    count: Counter[str] = Counter()
    places = []
    for case in some:
        places.append(count[case.group])
        count[case.group] += 1
    return [case for _, case in sorted(zip(places, some, strict=True), key=lambda pair: pair[0])]


def small_cases() -> list[Case]:
    """Six small networks, each for layers of its own; their sizes are chosen, not drawn."""
    sizes = {"squeeze": 33, "cells": 45, "shuffle": 32, "condensed": 39, "stride": 32, "pools": 37}
    return [
        Case("small", name, 1.0, size, 1 if name == "stride" else None, 10, number)
        for number, (name, size) in enumerate(sizes.items())
    ]


def sizes(count: int, rng: np.random.Generator) -> list[int]:
    """`EDGES`, and one size from each of as many equal parts of what lies between, in any order."""
    bounds = np.linspace(EDGES[1] + 1, EDGES[2], count - len(EDGES) + 1)
    inner = [int(rng.integers(np.ceil(low), np.ceil(high))) for low, high in _pairs(bounds)]
    return [int(size) for size in rng.permutation([*EDGES, *inner])]


def _pairs(bounds: np.ndarray) -> list[tuple[float, float]]:
    return list(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))


def _drawn(group: str, names: list[str], rng: np.random.Generator) -> list[Case]:
    return [
        Case(
            group, name, float(rng.choice(WIDTHS)), size,
            1 if size <= STRIDE_1_UP_TO and rng.random() < 0.5 else None,
            int(rng.choice(CLASSES)), int(rng.integers(1 << 31)),
        )
        for name, size in zip(names, sizes(len(names), rng), strict=True)
    ]  # fmt: skip


def _chain(text: str) -> Callable[[int, int], Network]:
    return lambda size, classes: build(parse_spec(text), size, classes)


def _cells(size: int, classes: int) -> Network:
    """Each stack one cell; layers that only cells have: 1x7, dilation, shifted convolutions."""
    cells = parse_cells("normal conv1x7(0)|dil3(1) join(2) reduction max3(0)+avg3(1) join(2)")
    return build_cells(CellFrame(filters=8, repeats=1, stem=8), *cells, size, classes)


def _shuffle(size: int, classes: int) -> Network:
    """Halves that part, are convolved in groups, joined and shuffled."""
    write = LayerWriter(start(size, classes))
    add = write.builder.add
    x = write.conv_bn("stem", 24, (3, 3), IMAGE, stride=2, padding=TORCH_3X3, activate=True)
    for unit in ("first", "second"):
        kept = add(f"{unit}/kept", ChannelSelect(tuple(range(12))), x)
        taken = add(f"{unit}/taken", ChannelSelect(tuple(range(12, 24))), x)
        taken = write.conv_bn(f"{unit}/grouped", 12, (1, 1), taken, groups=3, activate=True)
        taken = write.shuffle(f"{unit}/inner", 3, taken)
        taken = write.bn(unit, write.depthwise(f"{unit}/depthwise", 3, taken))
        x = write.shuffle(f"{unit}/shuffle", 2, add(f"{unit}/concat", Concat(), kept, taken))
    write.classifier(x, classes, bias=False)
    return write.builder.build()


def _condensed(size: int, classes: int) -> Network:
    return CondenseNet(((2, 8), (2, 8)), groups=4).build(1.0, size, classes)


def _pools(size: int, classes: int) -> Network:
    """Pools whose padding is uneven, PyTorch's or a crop, and a shifted convolution."""
    write = LayerWriter(start(size, classes))
    add = write.builder.add
    x = write.conv_bn("stem", 12, (3, 3), IMAGE, stride=2, padding=TORCH_3X3, activate=True)
    x = add("max", Pool("max", (3, 3), 2, TORCH_3X3), x)
    x = write.conv_bn("between", 12, (3, 3), x, activate=True)
    x = add("average", Pool("average", (3, 4), 1, ((2, 0), (1, 3))), x)
    x = write.factorized_reduction("reduced", 13, x)
    x = add("cut", Pool("average", (3, 3), 1, ((-1, 2), (1, -1))), x)
    x = add("last", Pool("max", (2, 2), 1, ((0, 1), (-1, 1))), x)
    write.classifier(x, classes)
    return write.builder.build()


SMALL: Mapping[str, Callable[[int, int], Network]] = {
    "squeeze": _chain(
        "stem16 sepconv_r1_k3_s2_e1_o16_noskip mbconv_r2_k5_s2_e3_o24_se0.25_identity head64 "
        "dropout0.2 relu"
    ),
    "cells": _cells,
    "shuffle": _shuffle,
    "condensed": _condensed,
    "stride": _chain(
        "stem8 dsconv_r2_k3_s2_e1_o16_identity conv_r1_k3_s2_e1_o24_noskip nohead dropout0.0 relu6"
    ),
    "pools": _pools,
}
"""Builders of the small networks, by name: (input size, classes) to a network."""
