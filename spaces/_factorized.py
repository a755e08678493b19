"""The blocks of the factorized space: where they stand, and what a block's six tokens mean."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import lru_cache

from nasbench_mobile.networks.blocks import (
    BlockSpec,
    Layer,
    Op,
    Skip,
    expand_block,
    round_filters,
)
from nasbench_mobile.types import Decision, Tokens

OPS: tuple[tuple[str, Op, int], ...] = (
    ("conv", "conv", 1), ("sepconv", "sepconv", 1), ("mbconv3", "mbconv", 3),
    ("mbconv6", "mbconv", 6),
)  # fmt: skip
"""Each choice of operation: label, op and expansion (Tan et al. 2019, section 3.1)."""
KERNELS = (3, 5)
SE = (0.0, 0.25)
SKIPS = ("pooling", "identity", "none")
WIDENING = (0.75, 1.0, 1.25)
DEEPENING = (-1, 0, 1)
FIELDS: dict[str, tuple[bool, tuple[str, ...]]] = {
    "op": (False, tuple(label for label, _, _ in OPS)),
    "kernel": (True, tuple(str(kernel) for kernel in KERNELS)),
    "se": (True, tuple(f"{ratio:g}" for ratio in SE)),
    "skip": (False, SKIPS),
    "filters": (True, tuple(f"x{factor:g}" for factor in WIDENING)),
    "layers": (True, tuple(f"{more:+d}" if more else "0" for more in DEEPENING)),
}
"""A block's decisions in the order of section 3.1: whether values are ordered, and labels."""

SKELETONS: dict[int, tuple[tuple[int, int, int], ...]] = {
    7: ((1, 16, 1), (2, 24, 2), (2, 32, 3), (2, 64, 4), (1, 96, 3), (2, 160, 3), (1, 320, 1)),
    5: ((1, 16, 3), (2, 24, 3), (2, 32, 3), (2, 96, 3), (2, 160, 3)),
}
"""The (stride, filters, layers) of each block, by the number of blocks: 7 is Fig. 4 with
MobileNetV2's filters and layers, 5 is our choice for section 3.1's typical B = 5, N = 3."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One place for a block: its stride, its three choices of filters, its base of layers."""

    stride: int
    filters: tuple[int, ...]
    layers: int


def make_slots(blocks: int, *, literal: bool, per_layer: bool) -> tuple[Slot, ...]:
    """The places of a skeleton; `per_layer` makes every layer of it a place of its own."""
    slots = []
    for stride, base, layers in SKELETONS[blocks]:
        filters = tuple(_widened(base, factor, literal) for factor in WIDENING)
        slot = Slot(stride, filters, layers)
        if per_layer:
            after = Slot(1, filters, 1)
            slots += [replace(slot, layers=1), *[after] * (layers - 1)]
        else:
            slots.append(slot)
    return tuple(slots)


def _widened(base: int, factor: float, literal: bool) -> int:
    filters = int(base * factor)  # exact: every base is a multiple of 4
    if not literal and factor > 1 and filters >= 96:
        return filters // 16 * 16
    return filters


@dataclass(frozen=True, slots=True)
class BlockTable:
    """All token lists of a block for one number of input filters.

    `canonical` maps each list to the one that stands for its layers, `encoding` layers to it.
    """

    canonical: dict[Tokens, Tokens]
    encoding: dict[tuple[Layer, ...], Tokens]


@dataclass(frozen=True, slots=True)
class BlockCode:
    """What a block's tokens, in `order`, mean in a slot, and which lists mean the same."""

    order: tuple[str, ...]
    pooling: Skip
    conv_se: bool
    multiplier: float

    def decisions(self, block: str) -> list[Decision]:
        return [Decision(f"{block}/{f}", len(FIELDS[f][1]), *FIELDS[f]) for f in self.order]

    def filters(self, slot: Slot, tokens: Tokens) -> int:
        """The number of output filters, after the width multiplier."""
        chosen = slot.filters[tokens[self.order.index("filters")]]
        return round_filters(chosen, self.multiplier)

    def spec(self, slot: Slot, tokens: Tokens) -> BlockSpec:
        """The block that the tokens mean, before the width multiplier."""
        chosen = dict(zip(self.order, tokens, strict=True))
        _, op, expansion = OPS[chosen["op"]]
        skips: tuple[Skip, ...] = (self.pooling, "identity", "none")
        return BlockSpec(
            op,
            kernel=KERNELS[chosen["kernel"]],
            stride=slot.stride,
            filters=slot.filters[chosen["filters"]],
            expansion=expansion,
            se=SE[chosen["se"]] if op != "conv" or self.conv_se else 0.0,
            skip=skips[chosen["skip"]],
            layers=max(1, slot.layers + DEEPENING[chosen["layers"]]),
        )

    def plainness(self, tokens: Tokens) -> tuple[object, ...]:
        """A key that sorts first the list which says its block most plainly: layers 0, no skip."""
        chosen = dict(zip(self.order, tokens, strict=True))
        return abs(DEEPENING[chosen["layers"]]), SKIPS[chosen["skip"]] != "none", tokens


@lru_cache(maxsize=512)
def block_table(code: BlockCode, slot: Slot, input_filters: int) -> BlockTable:
    """The table of a block in a slot; spaces of equal options share it, as it takes a while."""
    meant: dict[Tokens, tuple[Layer, ...]] = {}
    for tokens in itertools.product(*(range(len(FIELDS[f][1])) for f in code.order)):
        scaled = replace(code.spec(slot, tokens), filters=code.filters(slot, tokens))
        meant[tokens] = expand_block(scaled, input_filters)
    encoding: dict[tuple[Layer, ...], Tokens] = {}
    for tokens in sorted(meant, key=code.plainness):
        encoding.setdefault(meant[tokens], tokens)
    return BlockTable({t: encoding[layers] for t, layers in meant.items()}, encoding)
