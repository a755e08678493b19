"""A small, enumerable part of the paper's space: five decisions that each act on several blocks."""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import Any

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks.blocks import MobileSpec
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.spaces._factorized import FIELDS
from nasbench_mobile.spaces._grid import GridSpace
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.types import Decision, Tokens

_FRAME: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("sepconv", "3", "0", "none", "x1", "0"),
    ("mbconv6", "3", "0", "identity", "x1", "0"),
    ("mbconv3", "5", "0.25", "identity", "x1.25", "0"),
    ("mbconv6", "3", "0", "identity", "x1.25", "0"),
    ("mbconv6", "3", "0.25", "identity", "x1.25", "-1"),
    ("mbconv6", "5", "0.25", "identity", "x1", "0"),
    ("mbconv6", "3", "0", "identity", "x1", "0"),
)
"""MnasNet-A1, block by block, in the labels of `mnasnet`: what no decision speaks of stays so."""

_EARLY, _LATE = (1, 2), (3, 4, 5, 6)
_SEARCHED = (*_EARLY, *_LATE)
_OPS = ("conv", "sepconv", "mbconv6")
_FACTORS: tuple[tuple[str, str, tuple[int, ...], bool, tuple[str, ...]], ...] = (
    ("early/op", "op", _EARLY, False, _OPS),
    ("late/op", "op", _LATE, False, _OPS),
    ("kernel", "kernel", _SEARCHED, True, ("3", "5")),
    ("skip", "skip", _SEARCHED, False, ("none", "identity")),
    ("layers", "layers", _SEARCHED, True, ("-1", "0", "+1")),
)
"""Decision, the field it sets, in which blocks (from 0), whether ordered, and its values."""


class MnasNetCoarseSpace(GridSpace):
    """Five decisions over many blocks at once: 3 * 3 * 2 * 2 * 3 = 108 networks of `mnasnet`.

    The op of blocks 2-3 and that of blocks 4-7 {conv, sepconv, MBConv6}, and for blocks 2-7 kernel
    {3, 5}, skip {none, identity} and layers {-1, 0, +1}; all else, and block 1, is MnasNet-A1's.
    Our choice: few enough to train every one, so that an optimum is known, and decisions whose
    effect on a short training is larger than another seed's (results/mnasnet-cifar10-noise).

    `parent` is the space these networks are of, `embed` gives a network's tokens there.

    >>> space = MnasNetCoarseSpace()
    >>> space.size, space.distinct, len(space.parent.decisions)
    (108, 108, 42)
    """

    name = "mnasnet-coarse"

    def __init__(self) -> None:
        self.parent = MnasNetSpace()
        super().__init__(
            [
                Decision(name, len(values), ordered, values)
                for name, _, _, ordered, values in _FACTORS
            ],
        )

    @property
    def options(self) -> dict[str, Any]:
        """The options of the space, which has none."""
        return {}

    @property
    def distinct(self) -> int:
        """The number of token lists: every choice shows in block 4, which has at least 3 layers."""
        return self.size

    @property
    def segments(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Blocks 2-7 are segments, each with the decisions that act on it; all else is fixed."""
        return tuple(
            (
                f"block{block + 1}",
                tuple(i for i, factor in enumerate(_FACTORS) if block in factor[2]),
            )
            for block in _SEARCHED
        )

    def embed(self, tokens: Tokens) -> Tokens:
        """Give the canonical tokens that the same network has in `parent`.

        Args:
            tokens: Whole numbers, one for each of this space's `decisions`, in their order.

        Returns:
            One whole number for each of the `decisions` of `parent`, in their order.

        Raises:
            InvalidTokensError: A token is out of range, or there are too many or too few.
        """
        blocks = [dict(zip(FIELDS, block, strict=True)) for block in _FRAME]
        for (_, field, places, _, values), token in zip(
            _FACTORS, self.validate(tokens), strict=True
        ):
            for place in places:
                blocks[place][field] = values[token]
        return self.parent.canonical(
            tuple(
                FIELDS[field][1].index(label) for block in blocks for field, label in block.items()
            )
        )

    def canonical(self, tokens: Tokens) -> Tokens:
        """Give the tokens themselves, as no two lists mean the same network."""
        return self.validate(tokens)

    def spec(self, tokens: Tokens) -> MobileSpec:
        """Give the chain of blocks that the tokens mean, at full size.

        Args:
            tokens: Whole numbers, one for each of the space's `decisions`, in their order.

        Returns:
            The stem's filters, one block for each of the network's blocks, and the head's filters.

        Raises:
            InvalidTokensError: A token is out of range, or there are too many or too few.
        """
        return self.parent.spec(self.embed(tokens))

    def network(
        self,
        tokens: Tokens,
        *,
        width: float = 1.0,
        input_size: int | None = None,
        classes: int = 1000,
    ) -> Network:
        return self.parent.network(
            self.embed(tokens), width=width, input_size=input_size, classes=classes
        )

    def describe(self, tokens: Tokens) -> str:
        return self.parent.describe(self.embed(tokens))

    def encode(self, network: Network) -> Tokens:
        """Give the tokens of a full-size network; `InvalidNetworkError` if it is not of the 108."""
        found = self._embedded.get(self.parent.encode(network))
        if found is None:
            raise InvalidNetworkError(
                f"the network is of space {self.parent.name!r}, but none of the {self.size} of "
                f"{self.name!r}, which vary MnasNet-A1 by five decisions"
            )
        return found

    @cached_property
    def _embedded(self) -> dict[Tokens, Tokens]:
        every = itertools.product(*(range(d.cardinality) for d in self.decisions))
        return {self.embed(tokens): tokens for tokens in every}
