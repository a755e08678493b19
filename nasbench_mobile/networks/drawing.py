"""A network as a drawing, in the manner of MnasNet's Fig. 7: a column of boxes, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from nasbench_mobile.networks.blocks import BlockSpec, MobileSpec, expand_block

WIDTH = 380
"""The width of a drawing in units (pixels at 100 %): our choice, as it fits a phone."""

_BOX_X, _BOX_WIDTH, _BOX_HEIGHT, _GAP, _STACK = 14, 218, 40, 22, 3

_PILE = 4  # a box with more repeats looks like one with four

_COLOURS = {
    "conv": "#BBBBBB", "sepconv": "#F0E442", "dsconv": "#CC79A7", "mbconv3": "#56B4E9",
    "mbconv4": "#009E73", "mbconv6": "#E69F00", "mbconv": "#D55E00", "end": "#DDDDDD",
}  # fmt: skip
"""The colour of each type of layer: Okabe and Ito's (2008), light enough for black text."""

_NAMES = {"conv": "Conv", "sepconv": "SepConv", "dsconv": "Depthwise + 1x1 conv"}
_SKIPS = {"identity": "identity skip", "avgpool": "average-pool skip", "maxpool": "max-pool skip"}


@dataclass(frozen=True, slots=True)
class _Box:
    """One box: what it says, its kind (a colour), its output shape (h, w, c) and repeats."""

    text: str
    note: str
    kind: str
    shape: tuple[int, ...]
    repeats: int = 1


def architecture_svg(
    spec: MobileSpec, *, input_size: int = 224, classes: int = 1000, stem_stride: int = 2
) -> str:
    """The network as one `<svg>` element that needs nothing else.

    Boxes run from the image (top) to the classes, one per block, `xN` where a block has N layers;
    beside each its output shape (height x width x channels). Text takes the colour of the page.
    """
    boxes = _boxes(spec, input_size, classes, stem_stride)
    legend = _legend(boxes)
    top = 40
    legend_y = top + len(boxes) * (_BOX_HEIGHT + _GAP) + 4
    height = legend_y + 20 * ((len(legend) + 1) // 2) + 6
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" '
        'font-family="system-ui, -apple-system, Segoe UI, Roboto, sans-serif" font-size="12" '
        'fill="currentColor">',
        f"<title>{escape('; '.join(_said(box) for box in boxes))}</title>",
        _text(_BOX_X + _BOX_WIDTH / 2, 15, f"image {input_size}×{input_size}×3", "middle"),
    ]
    pile = 0
    for row, box in enumerate(boxes):
        y = top + row * (_BOX_HEIGHT + _GAP)
        parts += [_arrow(y - _GAP + pile + 2, y), *_draw(box, y)]
        pile = _STACK * (min(box.repeats, _PILE) - 1)
    parts += _draw_legend(legend, legend_y)
    return "\n".join([*parts, "</svg>"])


def _boxes(spec: MobileSpec, input_size: int, classes: int, stride: int) -> list[_Box]:
    size, filters = -(-input_size // stride), spec.stem
    said = f"stride {stride}" if stride > 1 else ""
    boxes = [_Box("Conv (k3x3)", said, "conv", (size, size, filters))]
    for block in spec.blocks:
        size = -(-size // block.stride)  # SAME padding
        boxes.append(_block_box(block, filters, size))
        filters = block.filters
    if spec.head is not None:
        boxes.append(_Box("Conv (k1x1)", "", "conv", (size, size, spec.head)))
    boxes.append(_Box("Pooling, fully connected", "", "end", (classes,)))
    return boxes


def _block_box(block: BlockSpec, filters: int, size: int) -> _Box:
    name = _NAMES.get(block.op, f"MBConv{block.expansion}")
    kind: str = block.op
    if block.op == "mbconv":
        kind = f"mbconv{block.expansion}" if block.expansion in (3, 4, 6) else "mbconv"
    text = f"{name} (k{block.kernel}x{block.kernel})" + (", SE" if block.se else "")
    layers = expand_block(block, filters)
    skipping = sum(layer.skip != "none" for layer in layers)
    notes = [f"stride {block.stride}"] if block.stride > 1 else []
    if skipping:  # only where shapes match: say on how many of the layers
        where = "" if skipping == len(layers) else f" on {skipping} of {len(layers)}"
        notes.append(_SKIPS[block.skip] + where)
    return _Box(text, ", ".join(notes), kind, (size, size, block.filters), block.layers)


def _said(box: _Box) -> str:
    times = f" x{box.repeats}" if box.repeats > 1 else ""
    return f"{box.text}{times}, {'×'.join(map(str, box.shape))}"


def _arrow(start: int, end: int) -> str:
    middle = _BOX_X + _BOX_WIDTH / 2
    path = f"M{middle} {start} V{end - 3} m-3.5 -4 l3.5 4 l3.5 -4"
    return f'<path d="{path}" fill="none" stroke="currentColor"/>'


def _draw(box: _Box, y: int) -> list[str]:
    colour = _COLOURS[box.kind]
    middle = _BOX_X + _BOX_WIDTH / 2
    parts = []
    for behind in range(min(box.repeats, _PILE) - 1, -1, -1):
        x, above = _BOX_X + behind * _STACK, y + behind * _STACK
        parts.append(
            f'<rect x="{x}" y="{above}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="5" '
            f'fill="{colour}" stroke="#333333"/>'
        )
    line = y + (17 if box.note else 24)
    parts.append(_text(middle, line, box.text, "middle", 'font-weight="600" fill="#111111"'))
    if box.note:
        parts.append(_text(middle, y + 32, box.note, "middle", 'font-size="10.5" fill="#111111"'))
    right = _BOX_X + _BOX_WIDTH + _PILE * _STACK + 6
    if box.repeats > 1:
        parts.append(_text(right, y + 26, f"×{box.repeats}", "start", 'font-weight="600"'))
    parts.append(_text(WIDTH - 6, y + 26, "×".join(map(str, box.shape)), "end"))
    return parts


def _legend(boxes: Sequence[_Box]) -> list[tuple[str, str]]:
    """(kind, name) of the types that are there, in order of appearance."""
    names = {"conv": "convolution", "mbconv": "MBConv, other", "end": ""} | {
        "sepconv": "SepConv", "dsconv": "depthwise + 1x1", "mbconv3": "MBConv3",
        "mbconv4": "MBConv4", "mbconv6": "MBConv6",
    }  # fmt: skip
    kinds = dict.fromkeys(box.kind for box in boxes)
    return [(kind, names[kind]) for kind in kinds if names[kind]]


def _draw_legend(legend: Sequence[tuple[str, str]], y: int) -> list[str]:
    parts = []
    for position, (kind, name) in enumerate(legend):
        x, line = _BOX_X + 150 * (position % 2), y + 20 * (position // 2)
        parts.append(
            f'<rect x="{x}" y="{line}" width="14" height="12" rx="2" fill="{_COLOURS[kind]}" '
            'stroke="#333333"/>'
        )
        parts.append(_text(x + 20, line + 10.5, name, "start"))
    return parts


def _text(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" {more}>{escape(text)}</text>'
