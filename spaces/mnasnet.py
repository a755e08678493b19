"""The paper's factorized hierarchical search space (Tan et al. 2019, section 3.1 and Fig. 4)."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from nasbench_mobile.errors import InvalidNetworkError, UsageError
from nasbench_mobile.networks.blocks import (
    Layer,
    MobileSpec,
    Skip,
    build,
    expand_block,
    round_filters,
    scale,
)
from nasbench_mobile.networks.blockstring import format_spec
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.reading import read_chain
from nasbench_mobile.spaces._factorized import (
    FIELDS,
    BlockCode,
    BlockTable,
    block_table,
    make_slots,
)
from nasbench_mobile.spaces._grid import GridSpace
from nasbench_mobile.types import Tokens

_STEM, _HEAD = 32, 1280
_PER_BLOCK = len(FIELDS)


class MnasNetSpace(GridSpace):
    """Blocks x (op, kernel, SE ratio, skip, filters, layers) between a fixed stem and head.

    Each block chooses among {conv, sepconv, MBConv3, MBConv6}, kernel {3, 5}, SE {0, 0.25}, skip
    {pooling, identity, none}, filters x{0.75, 1, 1.25} and layers {-1, 0, +1} (never below 1), both
    relative to MobileNetV2: 432 choices a block. Tokens count values in ascending order where they
    have one. By default 432^7 token lists and 431,396,604,088,418,304 distinct networks: where a
    block has one layer, to which no skip can be added, the three skips mean one network, and -1
    layers of 1 is 1. Canonical tokens have layers 0 rather than -1, and skip `none`, there. Blocks
    are part of a network (layers are named after them): where neighbouring blocks can have like
    layers, which needs another option than the defaults, 1 + 2 of them differ from 2 + 1.

    Options (what the paper leaves open is our choice, said so):

    - blocks: 7 (Fig. 4) or 5 (section 3.1's typical B = 5 with N = 3 layers each; which five the
      paper does not say: ours are Fig. 4's blocks 1, 2, 3, 5 and 6, one per resolution).
    - filter_grid: `floor16` floors the 1.25x choice to a multiple of 16 from 96 filters up (our
      choice, because only then are MnasNet-A1's 112 and B1's 192 in the space); `literal` does not.
    - width: the width multiplier of the whole skeleton, stem and blocks; the head stays 1280. Its
      old name is `depth_multiplier`.
    - sharing: `block`, or `layer` for the flat space that section 3.1 compares with: every layer of
      the skeleton is a block of its own with base 1 layer and its own 432 choices (our choice,
      because it gives the paper's 432^15 with blocks=5).
    - order: a block's tokens, comma-separated; the paper does not give its order.
    - skip_pooling: `average` or `max`, 3x3 SAME at stride 1; the paper does not say which.
    - conv_se: whether the SE choice applies to the plain conv (after conv-BN-ReLU) or is ignored
      there; the paper does not say.

    `network(width=...)` is multiplied with the option `width`. It builds the network of the
    canonical list, so that lists which are one architecture at full size are one at every width.

    >>> space = MnasNetSpace()
    >>> len(space.decisions), space.distinct
    (42, 431396604088418304)
    """

    name = "mnasnet"
    old_options = ("depth_multiplier",)
    """Old names of options, which records have: they are taken, but listed nowhere."""

    def __init__(
        self,
        *,
        blocks: int = 7,
        filter_grid: Literal["floor16", "literal"] = "floor16",
        width: float = 1.0,
        sharing: Literal["block", "layer"] = "block",
        order: str = ",".join(FIELDS),
        skip_pooling: Literal["average", "max"] = "average",
        conv_se: bool = True,
        depth_multiplier: float | None = None,
    ) -> None:
        if depth_multiplier is not None:
            if width != 1.0:
                raise UsageError("width is given, and depth_multiplier, its old name; give width")
            width = depth_multiplier

        self._options = _explicit(
            blocks=(blocks, 7, (5, 7)),
            filter_grid=(filter_grid, "floor16", ("floor16", "literal")),
            depth_multiplier=(width, 1.0, None),
            sharing=(sharing, "block", ("block", "layer")),
            order=(order, ",".join(FIELDS), None),
            skip_pooling=(skip_pooling, "average", ("average", "max")),
            conv_se=(conv_se, True, (False, True)),
        )
        if sorted(order.split(",")) != sorted(FIELDS):
            raise UsageError(f"order is {order!r}; it must name each of {','.join(FIELDS)} once")
        self._stem = round_filters(_STEM, width)
        self._slots = make_slots(
            blocks, literal=filter_grid == "literal", per_layer=sharing == "layer"
        )
        pooling: Skip = "avgpool" if skip_pooling == "average" else "maxpool"
        self._code = BlockCode(tuple(order.split(",")), pooling, conv_se, width)
        self._filters_at = self._code.order.index("filters")
        self._widths = [
            [round_filters(filters, width) for filters in slot.filters] for slot in self._slots
        ]
        decisions = [self._code.decisions(f"block{b + 1}") for b in range(len(self._slots))]
        super().__init__(list(itertools.chain(*decisions)))
        self._tables: dict[tuple[int, int], BlockTable] = {}

    @property
    def options(self) -> dict[str, Any]:
        """The options that differ from the defaults, as records name them.

        There `width` is called `depth_multiplier`, so that old tables and studies still match; both
        names are taken.
        """
        return dict(self._options)

    @property
    def distinct(self) -> int:
        """The number of distinct networks, counted block by block over the filters between them."""
        ways = Counter({self._stem: 1})
        for b in range(len(self._slots)):
            following: Counter[int] = Counter()
            for filters, count in ways.items():
                for block in self._table(b, filters).encoding.values():
                    following[self._filters(b, block)] += count
            ways = following
        return ways.total()

    @property
    def segments(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """A block depends on its own tokens and on the filters before it; the head on the last."""
        found = []
        for b in range(len(self._slots)):
            own = tuple(range(_PER_BLOCK * b, _PER_BLOCK * (b + 1)))
            before = (_PER_BLOCK * (b - 1) + self._filters_at,) if b else ()
            found.append((f"block{b + 1}", before + own))
        last = _PER_BLOCK * (len(self._slots) - 1) + self._filters_at
        return (*found, ("head", (last,)))

    def canonical(self, tokens: Tokens) -> Tokens:
        tokens = self.validate(tokens)
        found: list[int] = []
        filters = self._stem
        for b in range(len(self._slots)):
            block = tokens[_PER_BLOCK * b : _PER_BLOCK * (b + 1)]
            found += self._table(b, filters).canonical[block]
            filters = self._filters(b, block)
        return tuple(found)

    def spec(self, tokens: Tokens, width: float = 1.0) -> MobileSpec:
        """Give the chain of blocks that the tokens mean.

        Args:
            tokens: Whole numbers, one for each of the space's `decisions`, in their order.
            width: A width multiplier, by which the space's own is multiplied.

        Returns:
            The stem's filters, one block for each of the space's blocks, and the head's filters.

        Raises:
            InvalidTokensError: A token is out of range, or there are too many or too few.
            UsageError: The width multiplier is not finite and above 0.
        """
        tokens = self.canonical(tokens)
        blocks = tuple(
            self._code.spec(slot, tokens[_PER_BLOCK * b : _PER_BLOCK * (b + 1)])
            for b, slot in enumerate(self._slots)
        )
        return scale(MobileSpec(_STEM, blocks, _HEAD), self._code.multiplier * width)

    def network(
        self,
        tokens: Tokens,
        *,
        width: float = 1.0,
        input_size: int | None = None,
        classes: int = 1000,
    ) -> Network:
        return build(self.spec(tokens, width), 224 if input_size is None else input_size, classes)

    def describe(self, tokens: Tokens) -> str:
        return format_spec(self.spec(tokens))

    def encode(self, network: Network) -> Tokens:
        """Give the canonical tokens of a full-size network, whatever its activation and dropout.

        So MobileNetV2, which has ReLU6, encodes. `InvalidNetworkError` names the first block that
        the space cannot make.
        """
        chain = read_chain(network)
        return self._encode(chain.frame, chain.blocks)

    def encode_spec(self, spec: MobileSpec) -> Tokens:
        """Give the canonical tokens of a chain of blocks, as `encode` does for its graph.

        Args:
            spec: The blocks of a full-size network between their stem and head.

        Returns:
            One whole number for each of the space's `decisions`, in their order.

        Raises:
            InvalidNetworkError: The space cannot make the network; the message names the first
                block that it cannot make, or the stem and head.
        """
        before = (spec.stem, *(block.filters for block in spec.blocks))
        blocks = [expand_block(block, n) for block, n in zip(spec.blocks, before, strict=False)]
        return self._encode(spec, blocks)

    def _encode(self, frame: MobileSpec, blocks: Sequence[tuple[Layer, ...]]) -> Tokens:
        if (frame.stem, len(blocks), frame.head) != (self._stem, len(self._slots), _HEAD):
            raise InvalidNetworkError(
                f"network has stem {frame.stem}, {len(blocks)} blocks and head {frame.head}; space"
                f" {self.name!r} (options {self.options}) has {self._stem}, {len(self._slots)} and "
                f"{_HEAD}"
            )
        tokens: Tokens = ()
        filters = self._stem
        for b, layers in enumerate(blocks):
            block = self._table(b, filters).encoding.get(layers)
            if block is None:
                raise InvalidNetworkError(
                    f"block {b + 1} has {len(layers)} layers, first {layers[0]}; no tokens of "
                    f"space {self.name!r} (options {self.options}) make that there"
                )
            tokens += block
            filters = self._filters(b, block)
        return tokens

    def _filters(self, b: int, block: Tokens) -> int:
        return self._widths[b][block[self._filters_at]]

    def _table(self, b: int, input_filters: int) -> BlockTable:
        table = self._tables.get((b, input_filters))
        if table is None:
            table = block_table(self._code, self._slots[b], input_filters)
            self._tables[b, input_filters] = table
        return table


def _explicit(**options: tuple[Any, Any, tuple[Any, ...] | None]) -> dict[str, Any]:
    """Options as (value, default, what is allowed) checked; those that differ from the default."""
    for name, (value, _, allowed) in options.items():
        if allowed is not None and value not in allowed:
            raise UsageError(f"{name} is {value!r}; space 'mnasnet' has {allowed} for it")
    return {name: value for name, (value, default, _) in options.items() if value != default}
