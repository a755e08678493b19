"""The reference models that the paper's tables and figures compare with."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nasbench_mobile.networks.blocks import BlockSpec, MobileSpec, build, scale
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.stem import with_stem_stride
from nasbench_mobile.networks.zoo import model

MULTIPLIERS = (0.35, 0.5, 0.75, 1.0, 1.4)
INPUT_SIZES = (96, 128, 160, 192, 224)
"""Width multipliers and input sizes (pixels) of Tan et al. 2019, Fig. 5."""

FULL_SIZE = 224
LEAST = 32
"""The least input size (pixels) that a network with a stem of stride 2 is built for."""

SINGLE_TYPES = (("mbconv3", 3), ("mbconv3", 5), ("mbconv6", 3), ("mbconv6", 5))
"""Table 6's networks of one type of block: expansion and kernel."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A network without tokens: a chain of blocks at a width multiplier and an input size."""

    name: str
    spec: MobileSpec
    head_grows: bool = False
    width: float = 1.0
    input_size: int = FULL_SIZE

    def full(self) -> Network:
        """The full-size network, whose latency counts."""
        return build(self._scaled(), self.input_size)

    def proxy(
        self, width: float, input_size: int, classes: int, stem_stride: int | None
    ) -> Network:
        """What is trained in its place.

        Treated as any architecture: the network that the width multiplier makes has its filters
        multiplied by `width` again (rounded twice, the head left alone, as a proxy leaves it), and
        images shrink in proportion, `input_size` pixels standing for 224.
        """
        spec = scale(self._scaled(), width)
        side = proxy_side(self.input_size, input_size)
        network = build(spec, max(side, LEAST), classes)
        if stem_stride is None and side >= LEAST:
            return network
        return with_stem_stride(network, 2 if stem_stride is None else stem_stride, side)

    def _scaled(self) -> MobileSpec:
        return scale(self.spec, self.width, head_grows=self.head_grows)


def proxy_side(input_size: int, proxy_size: int) -> int:
    """The side in pixels of a proxy's images where `proxy_size` stands for 224.

    >>> [proxy_side(size, 32) for size in INPUT_SIZES]
    [14, 18, 23, 27, 32]
    """
    return round(proxy_size * input_size / FULL_SIZE)


def references() -> list[Reference]:
    """All reference models, each network once.

    MnasNet-A1 and MobileNetV2 at the width multipliers and input sizes of Fig. 5 (Table 4 is among
    them), MnasNet-B1 (Table 2), MnasNet-small (Table 4's MnasNet-search2), the four networks of
    Table 6 with one type of block, and A1 without and MobileNetV2 with squeeze-and-excitation.
    """
    a1, v2 = _reference("mnasnet-a1"), _reference("mobilenet-v2")
    found = []
    for base in (a1, v2):
        found += [replace(base, width=multiplier) for multiplier in MULTIPLIERS]
        found += [replace(base, input_size=size) for size in INPUT_SIZES if size != FULL_SIZE]
    found += [_reference("mnasnet-b1"), _reference("mnasnet-small")]
    found += [_single_type(a1, op, kernel) for op, kernel in SINGLE_TYPES]
    found.append(Reference("mnasnet-a1-without-se", _with_se(a1.spec, 0.0)))
    found.append(Reference("mobilenet-v2-with-se", _with_se(v2.spec, 0.25), v2.head_grows))
    return found


def _reference(name: str) -> Reference:
    card = model(name)
    if card.spec is None:
        raise ValueError(f"{name} is no chain of blocks")
    return Reference(name, card.spec, card.head_grows)


def _single_type(a1: Reference, op: str, kernel: int) -> Reference:
    """A1's filters and layers with one type of block, the first block's too, without SE.

    Table 6 does not say more; so built, they have 245, 280, 458 and 528M multiply-adds.
    """

    def changed(block: BlockSpec) -> BlockSpec:
        return replace(block, op="mbconv", expansion=int(op[-1]), kernel=kernel, se=0.0)

    blocks = tuple(changed(block) for block in a1.spec.blocks)
    return Reference(f"{op}-k{kernel}-only", replace(a1.spec, blocks=blocks))


def _with_se(spec: MobileSpec, ratio: float) -> MobileSpec:
    return replace(spec, blocks=tuple(replace(block, se=ratio) for block in spec.blocks))
