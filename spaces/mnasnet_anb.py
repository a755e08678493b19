"""Accel-NASBench's space: MnasNet's blocks with expansion, kernel, layers and SE to choose."""

from __future__ import annotations

from typing import Any, Literal

from nasbench_mobile.errors import InvalidNetworkError, UsageError
from nasbench_mobile.networks.blocks import (
    BlockSpec,
    Layer,
    MobileSpec,
    build,
    expand_block,
    scale,
)
from nasbench_mobile.networks.blockstring import format_spec
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.reading import read_chain
from nasbench_mobile.spaces._grid import GridSpace
from nasbench_mobile.types import Decision, Tokens

_EXPANSIONS = (1, 4, 6)
_KERNELS = (3, 5)
_SE = (0.0, 0.25)
_STEM = 32
_FILTERS = (16, 24, 40, 80, 112, 192, 320)
_STRIDES = (1, 2, 2, 2, 1, 2, 1)
_LAYERS = ((1, 2, 3),) * 5 + ((1, 2, 3, 4), (1, 2, 3))
_PER_BLOCK = 4


class MnasNetAnbSpace(GridSpace):
    """Accel-NASBench's MnasNet-like space (arXiv 2404.08005; github.com/afzalxo/Accel-NASBench).

    7 blocks x (expansion {1, 4, 6}, kernel {3, 5}, layers {1, 2, 3}, SE {0, 1}), block by block in
    that order; the sixth block also has 4 layers: 36^6 * 48 = 104,485,552,128 token lists. Stem
    32, widths, strides and the head of 1280 are fixed. Expansion 1 has no expand conv; identity
    skips are added wherever stride is 1 and input filters equal output filters; SE squeezes to a
    quarter of the layer's input filters. No two token lists mean one network: every choice shows
    in the layers, and skips are not chosen.

    `network(width=...)` scales stem and blocks by a width multiplier, as MnasNet does.

    Option se: `free`, or `off` for the part of the space without squeeze-and-excitation. Its tokens
    keep their places and meanings; those of SE have one value there.

    >>> space = MnasNetAnbSpace()
    >>> space.describe((0, 0, 0, 0) * 7).split()[1]
    'sepconv_r1_k3_s1_e1_o16_identity'
    """

    name = "mnasnet-anb"

    def __init__(self, *, se: Literal["free", "off"] = "free") -> None:
        if se not in ("free", "off"):
            raise UsageError(f"se is {se!r}; space 'mnasnet-anb' has free and off for it")
        self._se = se
        super().__init__(_decisions(_SE if se == "free" else _SE[:1]))

    @property
    def options(self) -> dict[str, Any]:
        """The options that differ from the defaults."""
        return {} if self._se == "free" else {"se": self._se}

    @property
    def distinct(self) -> int:
        return self.size

    @property
    def segments(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Every block is decided by its own four tokens; stem and head are fixed."""
        return tuple(
            (f"block{b + 1}", tuple(range(_PER_BLOCK * b, _PER_BLOCK * (b + 1))))
            for b in range(len(_FILTERS))
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
        tokens = self.validate(tokens)
        blocks = tuple(
            _block(b, tokens[_PER_BLOCK * b : _PER_BLOCK * (b + 1)]) for b in range(len(_FILTERS))
        )
        return MobileSpec(_STEM, blocks)

    def network(
        self,
        tokens: Tokens,
        *,
        width: float = 1.0,
        input_size: int | None = None,
        classes: int = 1000,
    ) -> Network:
        spec = scale(self.spec(tokens), width)
        return build(spec, 224 if input_size is None else input_size, classes)

    def describe(self, tokens: Tokens) -> str:
        return format_spec(self.spec(tokens))

    def encode(self, network: Network) -> Tokens:
        """Give the tokens of a full-size network, whatever its activation and dropout.

        `InvalidNetworkError` names the first part that the space cannot make.
        """
        chain = read_chain(network)
        frame, filters = chain.frame, (_STEM, *_FILTERS)
        if (frame.stem, frame.head, len(chain.blocks)) != (_STEM, 1280, len(_FILTERS)):
            raise InvalidNetworkError(
                f"network has stem {frame.stem}, {len(chain.blocks)} blocks and head {frame.head};"
                f" space {self.name!r} has {_STEM}, {len(_FILTERS)} and 1280"
            )
        tokens: Tokens = ()
        for b, layers in enumerate(chain.blocks):
            tokens += self._encode_block(b, filters[b], layers)
        return tokens

    def _encode_block(self, b: int, input_filters: int, layers: tuple[Layer, ...]) -> Tokens:
        first = layers[0]
        try:
            tokens = (
                _EXPANSIONS.index(first.width // input_filters),
                _KERNELS.index(first.kernel),
                _LAYERS[b].index(len(layers)),
                int(first.squeeze > 0),
            )
        except ValueError:
            tokens = (0, 0, 0, 0)
        denied = tokens[-1] > 0 and self._se == "off"
        if denied or expand_block(_block(b, tokens), input_filters) != layers:
            raise InvalidNetworkError(
                f"block {b + 1} has {len(layers)} layers, first {layers[0]}; no tokens of space "
                f"{self.name!r} (options {self.options}) make that there"
            )
        return tokens


def _decisions(se: tuple[float, ...]) -> list[Decision]:
    decisions = []
    for b, layers in enumerate(_LAYERS, 1):
        choices: dict[str, tuple[float, ...]] = {
            "expansion": _EXPANSIONS, "kernel": _KERNELS, "layers": layers, "se": se,
        }  # fmt: skip
        for what, values in choices.items():
            labels = tuple(f"{value:g}" for value in values)
            decisions.append(Decision(f"block{b}/{what}", len(values), True, labels))
    return decisions


def _block(b: int, tokens: Tokens) -> BlockSpec:
    expansion = _EXPANSIONS[tokens[0]]
    return BlockSpec(
        "sepconv" if expansion == 1 else "mbconv",
        kernel=_KERNELS[tokens[1]],
        stride=_STRIDES[b],
        filters=_FILTERS[b],
        expansion=expansion,
        se=_SE[tokens[3]],
        skip="identity",
        layers=_LAYERS[b][tokens[2]],
    )
