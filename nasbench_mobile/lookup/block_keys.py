"""The pieces that a chain network's latency is added up from: stem, every layer, head.

A piece's key says all that its latency depends on, in words like a block string's:
`mbconv_i24_w144_o40_k5_s2_se6_identity_r56` is a layer of 24 input and 40 output filters, 144 in
its depthwise 5 x 5 convolution of stride 2, 6 in its squeeze-and-excitation (0 for none), with an
identity skip that takes effect (`none` where it would add nothing), on an input of 56 x 56 pixels.
`stem_o32_r224` is the stem, `head_i320_o1280_c1000_r7` the head (o0 for no convolution) with its
classifier. Whether activations are ReLU or ReLU6 is not in a key: no difference was measured.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nasbench_mobile.errors import InvalidNetworkError, UsageError
from nasbench_mobile.networks.blocks import Layer
from nasbench_mobile.networks.graph import IMAGE, Network
from nasbench_mobile.networks.reading import read_chain
from nasbench_mobile.protocols import SearchSpace, Segmented
from nasbench_mobile.types import Tokens


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a network: its key, and the first part(s) of its layers' names."""

    key: str
    prefix: str

    @property
    def segment(self) -> str:
        return self.prefix.split("/", 1)[0]


def pieces(network: Network) -> list[Piece]:
    """A chain network's pieces in order; `InvalidNetworkError` where it is no such chain."""
    chain = read_chain(network)
    size, filters = -(-network.input_shape[1] // 2), chain.frame.stem
    found = [Piece(f"stem_o{filters}_r{network.input_shape[1]}", "stem")]
    for number, layers in enumerate(chain.blocks, 1):
        for position, layer in enumerate(layers, 1):
            found.append(Piece(_layer_key(layer, filters, size), f"block{number}/layer{position}"))
            size, filters = -(-size // layer.stride), layer.filters
    head, classes = chain.frame.head or 0, network.output_shape[0]
    found.append(Piece(f"head_i{filters}_o{head}_c{classes}_r{size}", "head"))
    return found


def _layer_key(layer: Layer, filters: int, size: int) -> str:
    return (
        f"{layer.op}_i{filters}_w{layer.width}_o{layer.filters}_k{layer.kernel}_s{layer.stride}"
        f"_se{layer.squeeze}_{layer.skip}_r{size}"
    )


def cut(network: Network, prefix: str) -> Network:
    """The layers whose names start with `prefix + "/"` as a network of their own.

    Their one input from outside becomes the image. `InvalidNetworkError` where there is more.
    """
    places = [i for i, node in enumerate(network) if node.name.startswith(prefix + "/")]
    new = {place: index for index, place in enumerate(places)}
    outside = {p for place in places for p in network.nodes[place].inputs if p not in new}
    if len(outside) != 1:
        raise InvalidNetworkError(
            f"layers {prefix!r} read {len(outside)} layers outside; they cannot be cut out"
        )
    source = outside.pop()
    nodes = [network.nodes[place] for place in places]
    return Network(
        network.input_shape if source == IMAGE else network.nodes[source].shape,
        tuple(replace(n, inputs=tuple(new.get(p, IMAGE) for p in n.inputs)) for n in nodes),
    )


def space_pieces(space: SearchSpace) -> dict[str, Network]:
    """Every key that a network of a `Segmented` space can have, with a network of it alone.

    In order of first appearance; `UsageError` for a space without segments.
    """
    if not isinstance(space, Segmented) or not space.segments:
        raise UsageError(
            f"space {space.name!r} has no segments, so its blocks cannot be listed; measure its "
            "networks whole"
        )
    found: dict[str, Network] = {}
    for tokens in _covering(space.segments, [d.cardinality for d in space.decisions]):
        network = space.network(tokens)
        for piece in pieces(network):
            if piece.key not in found:
                found[piece.key] = cut(network, piece.prefix)
    return found


def _covering(
    segments: Sequence[tuple[str, tuple[int, ...]]], cardinalities: Sequence[int]
) -> Iterator[Tokens]:
    """Token lists in which every state of every segment appears, as many new ones in each as fit.

    Segments may share positions: a state is taken where it agrees with those taken before it.
    """
    left = [
        (positions, dict.fromkeys(itertools.product(*(range(cardinalities[p]) for p in positions))))
        for _, positions in segments
    ]
    while any(states for _, states in left):
        tokens = dict.fromkeys(range(len(cardinalities)), -1)
        for positions, states in left:
            taken = [tokens[p] for p in positions]
            state = next((s for s in states if all(map(_agrees, s, taken))), None)
            if state is not None:
                tokens.update(zip(positions, state, strict=True))
        full = tuple(max(value, 0) for value in tokens.values())
        for positions, states in left:
            states.pop(tuple(full[p] for p in positions), None)
        yield full


def _agrees(value: int, taken: int) -> bool:
    return taken in (-1, value)
