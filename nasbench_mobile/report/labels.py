"""Words and looks that tables and plots share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nasbench_mobile.report.comparison import BASELINE

_DEVICES = {"pixel1": "Pixel 1"}


def latency_label(benchmark: Mapping[str, Any]) -> str:
    """`Pixel 1 latency (ms, estimate)`: with its kind wherever it was not measured."""
    record = benchmark.get("latency", {})
    device = str(record.get("device", ""))
    kind = str(record.get("kind", "measured"))
    name = f"{_DEVICES.get(device, device)} latency".strip()
    name = name[0].upper() + name[1:]
    return f"{name} (ms)" if kind == "measured" else f"{name} (ms, {kind})"


@dataclass(frozen=True, slots=True)
class Look:
    """How a strategy is drawn: colour, line style and marker, each of which alone tells it."""

    colour: str
    line: str | tuple[int, tuple[float, ...]]
    marker: str


# Okabe and Ito, "Color Universal Design" (2008), without its yellow, which is too pale on white;
# black is the baseline's.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_LINES: tuple[str | tuple[int, tuple[float, ...]], ...] = (
    "-", "--", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (7, 2)), (0, (3, 1)),
)  # fmt: skip
_MARKERS = ("o", "s", "^", "D", "v", "P")
_BASELINE_LOOK = Look("#000000", ":", "X")


def looks(labels: Sequence[str]) -> dict[str, Look]:
    """A look for each strategy, which depends on the set of labels and not on their order.

    From the seventh on, colours come again with other line styles and markers.
    """
    others = sorted(label for label in set(labels) if label != BASELINE)
    given = {}
    for position, label in enumerate(others):
        turn = position // len(_COLOURS)
        given[label] = Look(
            _COLOURS[position % len(_COLOURS)],
            _LINES[(position + turn) % len(_LINES)],
            _MARKERS[(position + turn) % len(_MARKERS)],
        )
    return given | {BASELINE: _BASELINE_LOOK}
