"""Choices of the spaces that must stay: logs, tables and noise are kept by canonical tokens."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.spaces.mnasnet_coarse import MnasNetCoarseSpace
from nasbench_mobile.spaces.nasnet import NasNetSpace
from nasbench_mobile.types import Tokens

SPACE = MnasNetSpace()
Blocks = list[tuple[int, ...]]


def tokens_of(blocks: Blocks) -> Tokens:
    return tuple(itertools.chain(*blocks))


def blocks_of(tokens: Tokens) -> Blocks:
    return [tokens[start : start + 6] for start in range(0, len(tokens), 6)]


@pytest.mark.parametrize(
    ("filters", "widths"),
    [
        (0, [12, 18, 24, 48, 72, 120, 240]),
        (1, [16, 24, 32, 64, 96, 160, 320]),
        (2, [20, 30, 40, 80, 112, 192, 400]),  # 120 and 200 floored to multiples of 16
    ],
)
def test_the_seven_blocks_of_figure_4(filters: int, widths: list[int]) -> None:
    for layers, more in enumerate((-1, 0, 1)):
        blocks = SPACE.spec((0, 0, 0, 2, filters, layers) * 7).blocks
        assert [block.filters for block in blocks] == widths
        assert [block.stride for block in blocks] == [1, 2, 2, 2, 1, 2, 1]
        assert [block.layers for block in blocks] == [
            max(1, base + more) for base in (1, 2, 3, 4, 3, 3, 1)
        ]


@pytest.mark.parametrize(
    ("filters", "widths"),
    [(0, [12, 18, 24, 72, 120]), (1, [16, 24, 32, 96, 160]), (2, [20, 30, 40, 112, 192])],
)
def test_the_five_blocks_of_three_layers(filters: int, widths: list[int]) -> None:
    """Figure 4's blocks 1, 2, 3, 5 and 6, one per resolution."""
    space = MnasNetSpace(blocks=5)
    for layers in range(3):
        blocks = space.spec((0, 0, 0, 2, filters, layers) * 5).blocks
        assert [block.filters for block in blocks] == widths
        assert [block.stride for block in blocks] == [1, 2, 2, 2, 2]
        assert [block.layers for block in blocks] == [2 + layers] * 5


def test_the_literal_grid_is_a_quarter_more() -> None:
    blocks = MnasNetSpace(filter_grid="literal").spec((0, 0, 0, 2, 2, 1) * 7).blocks
    assert [block.filters for block in blocks] == [20, 30, 40, 80, 120, 200, 400]


@pytest.mark.parametrize(
    ("op", "kernel", "se", "skip", "wanted"),
    [
        (0, 0, 0, 2, ("conv", 3, 1, 0.0, "none")),
        (1, 1, 0, 1, ("sepconv", 5, 1, 0.0, "identity")),
        (2, 0, 1, 0, ("mbconv", 3, 3, 0.25, "avgpool")),
        (3, 1, 1, 1, ("mbconv", 5, 6, 0.25, "identity")),
        (0, 1, 1, 0, ("conv", 5, 1, 0.25, "avgpool")),
    ],
)
def test_what_a_blocks_tokens_mean(
    op: int, kernel: int, se: int, skip: int, wanted: tuple[Any, ...]
) -> None:
    """In a block of several layers, where every choice shows."""
    block = SPACE.spec((op, kernel, se, skip, 1, 1) * 7).blocks[3]
    assert (block.op, block.kernel, block.expansion, block.se, block.skip) == wanted


@pytest.mark.parametrize(
    ("tokens", "canonical"),
    [
        # -1 layers of one is one: `layers 0`, and in one layer no skip is possible: `none`. Block 2
        # has one layer left of two, so that -1 says something there; from block 3 on there are two.
        (
            (0, 0, 0, 0, 0, 0) * 7,
            [(0, 0, 0, 2, 0, 1), (0, 0, 0, 2, 0, 0), *[(0, 0, 0, 0, 0, 0)] * 4,
             (0, 0, 0, 2, 0, 1)],
        ),
        (
            (3, 1, 1, 1, 2, 1) * 7,
            [(3, 1, 1, 2, 2, 1), *[(3, 1, 1, 1, 2, 1)] * 5, (3, 1, 1, 2, 2, 1)],
        ),
        ((2, 0, 1, 0, 1, 2) * 7, [(2, 0, 1, 0, 1, 2)] * 7),
        (
            (1, 1, 0, 1, 1, 0) * 7,
            [(1, 1, 0, 2, 1, 1), (1, 1, 0, 2, 1, 0), *[(1, 1, 0, 1, 1, 0)] * 4,
             (1, 1, 0, 2, 1, 1)],
        ),
    ],
)  # fmt: skip
def test_canonical_tokens_of_mnasnet(tokens: Tokens, canonical: Blocks) -> None:
    assert blocks_of(SPACE.canonical(tokens)) == canonical


def test_canonical_tokens_where_filters_round_together() -> None:
    """At 0.35 the first block's 12, 16 and 20 filters all are 8: the first choice stands for all.

    The last block's 240, 320 and 400 stay 84, 112 and 140 made 88, 112 and 144.
    """
    space = MnasNetSpace(width=0.35)
    for filters in range(3):
        found = blocks_of(space.canonical((3, 0, 0, 2, filters, 1) * 7))
        assert found[0] == (3, 0, 0, 2, 0, 1)
        assert found[6] == (3, 0, 0, 2, filters, 1)


def test_canonical_tokens_in_another_order() -> None:
    space = MnasNetSpace(order="layers,filters,skip,se,kernel,op", conv_se=False)
    found = blocks_of(space.canonical((0, 1, 1, 1, 1, 0) * 7))
    # Without SE on a plain conv, its two choices are one: the first.
    assert found == [(1, 1, 2, 0, 1, 0), (0, 1, 2, 0, 1, 0), *[(0, 1, 1, 0, 1, 0)] * 4,
                     (1, 1, 2, 0, 1, 0)]  # fmt: skip


def test_the_coarse_space_in_mnasnets_tokens() -> None:
    space = MnasNetCoarseSpace()
    assert blocks_of(space.embed((0, 0, 0, 0, 0))) == [
        (1, 0, 0, 2, 1, 1), (0, 0, 0, 2, 1, 0), (0, 0, 1, 2, 2, 0), (0, 0, 0, 2, 2, 0),
        (0, 0, 1, 2, 2, 0), (0, 0, 1, 2, 1, 0), (0, 0, 0, 2, 1, 1),
    ]  # fmt: skip
    assert blocks_of(space.embed((1, 2, 1, 1, 2))) == [
        (1, 0, 0, 2, 1, 1), (1, 1, 0, 1, 1, 2), (1, 1, 1, 1, 2, 2), (3, 1, 0, 1, 2, 2),
        (3, 1, 1, 1, 2, 2), (3, 1, 1, 1, 1, 2), (3, 1, 0, 1, 1, 2),
    ]  # fmt: skip
    assert space.canonical((2, 1, 0, 1, 2)) == (2, 1, 0, 1, 2)
    assert [name for name, _ in space.segments] == [f"block{b}" for b in range(2, 8)]
    assert [places for _, places in space.segments] == [(0, 2, 3, 4)] * 2 + [(1, 2, 3, 4)] * 4


def test_accel_nasbenchs_blocks() -> None:
    space = MnasNetAnbSpace()
    spec = space.spec((0, 0, 0, 0, 1, 1, 1, 1, 2, 0, 2, 0, 0, 1, 0, 1, 1, 0, 1, 0, 2, 1, 3, 1,
                       2, 1, 2, 0))  # fmt: skip
    assert [b.filters for b in spec.blocks] == [16, 24, 40, 80, 112, 192, 320]
    assert [b.stride for b in spec.blocks] == [1, 2, 2, 2, 1, 2, 1]
    assert [b.expansion for b in spec.blocks] == [1, 4, 6, 1, 4, 6, 6]
    assert [b.op for b in spec.blocks] == [
        "sepconv" if e == 1 else "mbconv" for e in (1, 4, 6, 1, 4, 6, 6)
    ]
    assert [b.kernel for b in spec.blocks] == [3, 5, 3, 5, 3, 5, 5]
    assert [b.layers for b in spec.blocks] == [1, 2, 3, 1, 2, 4, 3]
    assert [b.se for b in spec.blocks] == [0.0, 0.25, 0.0, 0.25, 0.0, 0.25, 0.0]
    assert (spec.stem, spec.head) == (32, 1280)
    tokens = tuple(d.cardinality - 1 for d in space.decisions)
    assert space.canonical(tokens) == tokens


def test_canonical_cells_of_nasnet() -> None:
    """A sum's branches ascend; an identity that must stride or fit is the 1x1 convolution (8)."""
    space = NasNetSpace()
    add, concat = (space.decisions[4].labels.index(word) for word in ("add", "concat"))
    rest = (0, 0, 2, 3, add)
    normal = ((1, 0, 10, 4, add), (2, 1, 0, 0, concat), (3, 2, 0, 7, add), rest, rest)
    reduction = ((1, 0, 0, 10, add), (2, 0, 0, 5, concat), (3, 1, 0, 0, add), rest, rest)
    found = blocks_of_five(space.canonical(tuple(itertools.chain(*normal, *reduction))))
    assert found[:5] == [(0, 1, 4, 10, add), (2, 1, 0, 0, concat), (2, 3, 7, 8, add), rest, rest]
    assert found[5:] == [
        (0, 1, 10, 8, add), (2, 0, 0, 5, concat), (1, 3, 8, 8, add), rest, rest,
    ]  # fmt: skip


def blocks_of_five(tokens: Tokens) -> Blocks:
    return [tokens[start : start + 5] for start in range(0, len(tokens), 5)]
