"""Block strings: one readable line per chain network, which reads back to an equal spec.

    stem32 sepconv_r1_k3_s1_e1_o16_noskip mbconv_r2_k3_s2_e6_o24_se0.25_identity
    ... head1280 dropout0.2 relu

Stem and head (`nohead` for none) with their filters, dropout's rate, activation. A block: op, then
r layers, k kernel, s stride of its first layer, e expansion, o output filters, se ratio to input
filters (left out for none), skip (noskip, identity, avgpool, maxpool).
"""

from __future__ import annotations

import re
from typing import Any

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks.blocks import BlockSpec, MobileSpec

_SKIPS = {"none": "noskip", "identity": "identity", "avgpool": "avgpool", "maxpool": "maxpool"}
_NUMBER = r"(\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?)"
_BLOCK = re.compile(
    r"(conv|sepconv|mbconv|dsconv)_r(\d{1,9})_k(\d{1,9})_s(\d{1,9})_e(\d{1,9})_o(\d{1,9})"
    rf"(?:_se{_NUMBER})?_(noskip|identity|avgpool|maxpool)"
)
_FRAME = {
    "stem": re.compile(r"stem(\d{1,9})"),
    "head": re.compile(r"(?:head(\d{1,9})|nohead)"),
    "dropout": re.compile(rf"dropout{_NUMBER}"),
    "activation": re.compile(r"(relu6?)"),
}


def format_block(block: BlockSpec) -> str:
    """One block as a word."""
    se = f"_se{float(block.se)!r}" if block.se else ""
    return (
        f"{block.op}_r{block.layers}_k{block.kernel}_s{block.stride}_e{block.expansion}"
        f"_o{block.filters}{se}_{_SKIPS[block.skip]}"
    )


def format_spec(spec: MobileSpec) -> str:
    """The block string of a network."""
    head = "nohead" if spec.head is None else f"head{spec.head}"
    blocks = [format_block(block) for block in spec.blocks]
    return " ".join(
        [f"stem{spec.stem}", *blocks, head, f"dropout{float(spec.dropout)!r}", spec.activation]
    )


def parse_block(word: str) -> BlockSpec:
    """The block a word means; `InvalidNetworkError` names a word that means none."""
    found = _BLOCK.fullmatch(word)
    if found is None:
        raise InvalidNetworkError(
            f"word {word!r} is no block; one looks like 'mbconv_r2_k3_s2_e6_o24_se0.25_identity'"
            f" ({_first_wrong_part(word)})"
        )
    layers, kernel, stride, expansion, filters = (int(found[i]) for i in range(2, 7))
    values: dict[str, Any] = {
        "op": found[1],
        "skip": next(skip for skip, written in _SKIPS.items() if written == found[8]),
    }
    try:
        return BlockSpec(
            kernel=kernel, stride=stride, filters=filters, expansion=expansion, layers=layers,
            se=float(found[7] or 0.0), **values,
        )  # fmt: skip
    except InvalidNetworkError as error:
        raise InvalidNetworkError(f"word {word!r}: {error}") from None


def _first_wrong_part(word: str) -> str:
    shapes = [r"conv|sepconv|mbconv|dsconv", *(rf"{letter}\d{{1,9}}" for letter in "rkseo")]
    parts = word.split("_")
    for part, shape in zip(parts, shapes, strict=False):
        if not re.fullmatch(shape, part):
            return f"{part!r} does not belong there"
    if len(parts) < len(shapes) + 1:
        return "it is too short"
    rest = parts[len(shapes) :]
    wrong = rest[1:] if re.fullmatch(rf"se{_NUMBER}", rest[0]) else rest
    wrong = wrong[1:] if wrong and wrong[0] in _SKIPS.values() else wrong
    return f"{wrong[0]!r} does not belong there" if wrong else "its skip is missing"


def parse_spec(text: str) -> MobileSpec:
    """The spec a block string means, equal to the one it was formatted from."""
    words = text.split()
    if len(words) < 5:
        raise InvalidNetworkError(
            f"block string {text!r} has {len(words)} words; it needs stem, blocks, head, dropout "
            "and activation"
        )
    stem, *blocks, head, dropout, activation = words
    head_filters = _frame_value("head", head)
    values: dict[str, Any] = {"activation": _frame_value("activation", activation)}
    return MobileSpec(
        stem=int(_frame_value("stem", stem) or 0),
        blocks=tuple(parse_block(word) for word in blocks),
        head=None if head_filters is None else int(head_filters),
        dropout=float(_frame_value("dropout", dropout) or 0.0),
        **values,
    )


def _frame_value(part: str, word: str) -> str | None:
    found = _FRAME[part].fullmatch(word)
    if found is None:
        raise InvalidNetworkError(
            f"word {word!r} stands where a block string has its {part}; words there look like "
            f"{_FRAME[part].pattern!r}"
        )
    return found[1]
