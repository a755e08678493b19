"""The way back from a graph to the chain of layers that `blocks.build` wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from nasbench_mobile.errors import InvalidNetworkError, UsageError
from nasbench_mobile.networks.blocks import BlockSpec, Layer, MobileSpec, build_layers
from nasbench_mobile.networks.graph import Activation, Conv, Dense, Dropout, Network, Node, Pool

_LAYER = re.compile(r"block(\d+)/layer(\d+)/(.+)")
_Parts: TypeAlias = Mapping[str, Node]


@dataclass(frozen=True, slots=True)
class Chain:
    """A network read back: its frame (stem, head, dropout, activation) and resolved blocks.

    `frame.blocks` is a placeholder; what the blocks are stands in `blocks`.
    """

    frame: MobileSpec
    blocks: tuple[tuple[Layer, ...], ...]


def read_chain(network: Network) -> Chain:
    """The chain a graph was built from; `InvalidNetworkError` where it is no such chain.

    What was read is written again and must give the same graph, so nothing is overlooked.
    """
    parts = {node.name: node for node in network}
    try:
        chain = Chain(_read_frame(parts), _read_blocks(network))
        again = build_layers(
            chain.frame, chain.blocks, network.input_shape[1], network.output_shape[0]
        )
    except (KeyError, AttributeError, UsageError) as error:
        raise InvalidNetworkError(
            f"the network is no chain of mobile blocks (reading it: {error!r}); only what "
            "networks.blocks.build makes can be read back"
        ) from error
    if again != network:
        raise InvalidNetworkError(
            f"the network is no chain of mobile blocks: {_difference(network, again)}; only what "
            "networks.blocks.build makes can be read back"
        )
    return chain


def _difference(seen: Network, wanted: Network) -> str:
    if seen.input_shape != wanted.input_shape:
        return f"its input is {seen.input_shape}, not {wanted.input_shape}"
    for one, other in zip(seen, wanted, strict=False):
        if one != other:
            return f"its layer {one.name!r} should be {other}"
    return f"it has {len(seen.nodes)} layers where {len(wanted.nodes)} belong"


def _operation(node: Node, kind: type[Any]) -> Any:
    if not isinstance(node.operation, kind):
        raise InvalidNetworkError(f"layer {node.name!r} is no {kind.__name__}")
    return node.operation


def _read_frame(parts: _Parts) -> MobileSpec:
    _operation(parts["head/dense"], Dense)
    dropout = parts.get("head/dropout")
    return MobileSpec(
        stem=_operation(parts["stem/conv"], Conv).filters,
        blocks=(BlockSpec("conv", kernel=1, stride=1, filters=1),),
        head=_operation(parts["head/conv"], Conv).filters if "head/conv" in parts else None,
        dropout=_operation(dropout, Dropout).rate if dropout else 0.0,
        activation=_operation(parts["stem/activation"], Activation).kind,
    )


def _read_blocks(network: Network) -> tuple[tuple[Layer, ...], ...]:
    layers: dict[tuple[int, int], dict[str, Node]] = {}
    for node in network:
        if found := _LAYER.fullmatch(node.name):
            place = int(found[1]), int(found[2])
            layers.setdefault(place, {})[found[3]] = node
    blocks: dict[int, list[Layer]] = {}
    for (block, _), parts in sorted(layers.items()):
        blocks.setdefault(block, []).append(_read_layer(parts))
    return tuple(tuple(blocks[number]) for number in sorted(blocks))


def _read_layer(parts: _Parts) -> Layer:
    plain = "conv/conv" in parts
    main = _operation(parts["conv/conv" if plain else "depthwise/conv"], Conv)
    last = main if plain else _operation(parts["project/conv"], Conv)
    squeeze = _operation(parts["se/reduce"], Conv).filters if "se/reduce" in parts else 0
    return Layer(
        op="conv" if plain else _separable_op(parts),
        kernel=main.kernel[0],
        stride=main.strides[0],
        filters=last.filters,
        width=0 if plain else main.filters,
        squeeze=squeeze,
        skip=_read_skip(parts),
    )


def _separable_op(parts: _Parts) -> Any:
    if "expand/conv" in parts:
        return "mbconv"
    return "dsconv" if "project/activation" in parts else "sepconv"


def _read_skip(parts: _Parts) -> Any:
    if "skip/add" not in parts:
        return "none"
    if "skip/pool" not in parts:
        return "identity"
    return "avgpool" if _operation(parts["skip/pool"], Pool).kind == "average" else "maxpool"
