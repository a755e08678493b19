"""What the paper prints, table by table: the figures that ours are set beside.

Tan et al., "MnasNet: Platform-Aware Neural Architecture Search for Mobile" (CVPR 2019), and the
README of the authors' released code (tensorflow/tpu, models/official/mnasnet), which prints more of
Fig. 5. Points of Fig. 5 that neither prints were read off the README's picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.cards import Published
from nasbench_mobile.surrogates.published_pixel1 import A1_LATENCY_MS, A1_MULTIPLIERS

Value: TypeAlias = float | str | None
PaperRow: TypeAlias = tuple[Value, ...]

PAPER_TARGET_MS = 75.0
"""The target latency T of the searches on ImageNet (Tan et al. 2019, Fig. 6)."""

HEADINGS = {
    "params_m": "parameters (M)",
    "mult_adds_m": "multiply-adds (M)",
    "madds_m": "multiply-adds (M)",
    "multi_adds_m": "multiply-adds (M)",
    "mult_adds_b": "multiply-adds (B)",
    "top1_pct": "top-1 (%)",
    "top5_pct": "top-5 (%)",
    "latency_ms": "latency (ms)",
    "pixel1_latency_ms": "latency (ms)",
    "map": "mAP",
    "map_s": "mAP, small",
    "map_m": "mAP, medium",
    "map_l": "mAP, large",
    "hard_alpha0_beta-1": "hard",
    "soft_alpha-0.07_beta-0.07": "soft",
}
"""How a printed column is called on pages."""


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """One table or figure: `rows` hold the values of `keys`, which tell rows apart, and then those
    of `columns`, the printed figures; None where the paper prints nothing.
    """

    name: str
    title: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[PaperRow, ...]

    def value(self, *key: Value, column: str) -> float:
        """The figure of a row; KeyError where none is printed."""
        place = len(self.keys) + self.columns.index(column)
        for row in self.rows:
            if row[: len(self.keys)] == key and isinstance(found := row[place], int | float):
                return float(found)
        raise KeyError(f"{self.title} prints no {column} of {key}")


_ORDER = (
    "MobileNetV1", "SqueezeNext", "ShuffleNet (1.5x)", "ShuffleNet (2x)", "ShuffleNetV2 (1.5x)",
    "ShuffleNetV2 (2x)", "CondenseNet (G=C=4)", "CondenseNet (G=C=8)", "MobileNetV2",
    "MobileNetV2 (1.4x)", "NASNet-A", "AmoebaNet-A", "PNASNet", "DARTS", "MnasNet-A1",
)  # fmt: skip
UNRELEASED: dict[str, PaperRow] = {
    "MnasNet-A2": (4.8, 340, 75.6, 92.7, 84),
    "MnasNet-A3": (5.2, 403, 76.7, 93.3, 103),
}
"""Table 1's networks that were never released: parameters, multiply-adds, top-1, top-5, ms."""


def _percent(fraction: float | None) -> float | None:
    return None if fraction is None else round(100 * fraction, 2)


def _printed(row: Published) -> PaperRow:
    counts = row.parameters_m, row.multiply_adds_m
    return (*counts, _percent(row.top1), _percent(row.top5), row.pixel1_latency_ms)


def _table_1() -> tuple[PaperRow, ...]:
    released: dict[str, PaperRow] = {str(row.label): _printed(row) for _, row in zoo.table_1()}
    return tuple((label, *(released | UNRELEASED)[label]) for label in (*_ORDER, *UNRELEASED))


TABLE_1 = PrintedTable(
    "table1_imagenet", "Table 1: ImageNet classification", ("model",),
    ("params_m", "mult_adds_m", "top1_pct", "top5_pct", "pixel1_latency_ms"), _table_1(),
)  # fmt: skip

TABLE_2 = PrintedTable(
    "table2_se", "Table 2: squeeze-and-excitation", ("group", "model"), ("latency_ms", "top1_pct"),
    (
        ("w/o SE", "MobileNetV2", 75, 72.0), ("w/o SE", "NASNet", 183, 74.0),
        ("w/o SE", "MnasNet-B1", 77, 74.5), ("w/ SE", "MnasNet-A1", 78, 75.2),
        ("w/ SE", "MnasNet-A2", 84, 75.6),
    ),
)  # fmt: skip

TABLE_3 = PrintedTable(
    "table3_coco", "Table 3: COCO object detection", ("network",),
    ("params_m", "mult_adds_b", "map", "map_s", "map_m", "map_l", "pixel1_latency_ms"),
    (
        ("YOLOv2", 50.7, 17.5, 21.6, 5.0, 22.4, 35.5, None),
        ("SSD300", 36.1, 35.2, 23.2, 5.3, 23.2, 39.6, None),
        ("SSD512", 36.1, 99.5, 26.8, 9.0, 28.9, 41.9, None),
        ("MobileNetV1 + SSDLite", 5.1, 1.3, 22.2, None, None, None, 270),
        ("MobileNetV2 + SSDLite", 4.3, 0.8, 22.1, None, None, None, 200),
        ("MnasNet-A1 + SSDLite", 4.9, 0.8, 23.0, 3.8, 21.7, 42.0, 203),
    ),
)  # fmt: skip

TABLE_4 = PrintedTable(
    "table4_scaling", "Table 4: scaling down against searching at 22 ms", ("model",),
    ("params_m", "madds_m", "latency_ms", "top1_pct"),
    (
        ("MobileNetV2 (0.35x)", 1.66, 59, 21.4, 60.3), ("MnasNet-A1 (0.35x)", 1.7, 63, 22.8, 64.1),
        ("MnasNet-search1", 1.9, 65, 22.0, 64.9), ("MnasNet-search2", 2.0, 68, 23.2, 66.0),
    ),
)  # fmt: skip

TABLE_5 = PrintedTable(
    "table5_space_reward", "Table 5: reward and search space", ("reward", "search_space"),
    ("latency_ms", "top1_pct"),
    (
        ("Single-obj", "Cell-based", 183, 74.0), ("Multi-obj", "Cell-based", 100, 72.0),
        ("Multi-obj", "MnasNet", 78, 75.2),
    ),
)  # fmt: skip

TABLE_6 = PrintedTable(
    "table6_diversity", "Table 6: layer diversity", ("model",), ("top1_pct", "latency_ms"),
    (
        ("MnasNet-A1", 75.2, 78), ("MBConv3 (k3x3) only", 71.8, 63),
        ("MBConv3 (k5x5) only", 72.5, 79), ("MBConv6 (k3x3) only", 74.9, 116),
        ("MBConv6 (k5x5) only", 75.6, 146),
    ),
)  # fmt: skip

FIGURE_2 = PrintedTable(
    "figure2", "Figure 2: accuracy against latency", ("series", "latency_ms"), ("top1_pct",),
    (
        ("MobileNetV1", 113, 70.6), ("MobileNetV2", 75, 72.0), ("MobileNetV2(1.4)", 143, 74.7),
        ("NASNet-A", 183, 74.0), ("AmoebaNet-A", 190, 74.5), ("MnasNet", 78, 75.2),
        ("MnasNet", 84, 75.6), ("MnasNet", 103, 76.7),
    ),
)  # fmt: skip

FIGURE_5A = PrintedTable(
    "figure5a", "Figure 5(a): depth multiplier", ("series", "depth_multiplier"),
    ("top1_pct", "latency_ms"),
    (
        ("MnasNet-A1", 0.35, 64.1, 22), ("MnasNet-A1", 0.5, 68.9, 32),
        ("MnasNet-A1", 0.75, 73.3, 61), ("MnasNet-A1", 1.0, 75.2, 78),
        ("MnasNet-A1", 1.4, 77.2, 135), ("MobileNetV2", 0.35, 60.3, 21.4),
        ("MobileNetV2", 0.5, 65.4, 30.1), ("MobileNetV2", 0.75, 69.8, 57.2),
        ("MobileNetV2", 1.0, 72.0, 75), ("MobileNetV2", 1.4, 74.7, 143),
    ),
)  # fmt: skip

FIGURE_5B = PrintedTable(
    "figure5b", "Figure 5(b): input size", ("series", "input_size"), ("top1_pct", "latency_ms"),
    (
        ("MnasNet-A1", 96, 64.4, 18), ("MnasNet-A1", 128, 69.1, 29), ("MnasNet-A1", 160, 72.0, 41),
        ("MnasNet-A1", 192, 74.0, 57), ("MnasNet-A1", 224, 75.2, 78),
        ("MobileNetV2", 96, 60.3, 18.6), ("MobileNetV2", 128, 65.3, 27.9),
        ("MobileNetV2", 160, 68.8, 40.4), ("MobileNetV2", 192, 70.7, 55.9),
        ("MobileNetV2", 224, 72.0, 75),
    ),
)  # fmt: skip

_README_A1: dict[int, tuple[PaperRow, ...]] = {
    224: ((77.2, 93.5, 6.1, 591.5), (75.2, 92.5, 3.9, 315.2), (73.3, 91.3, 2.9, 226.7),
          (68.9, 88.4, 2.1, 105.2), (64.1, 85.1, 1.7, 63.2)),
    192: ((76.1, 93.0, 6.1, 435.1), (74.0, 91.6, 3.9, 232.0), (72.1, 90.5, 2.9, 166.9),
          (67.2, 87.4, 2.1, 77.6), (62.4, 83.8, 1.7, 46.8)),
    160: ((74.8, 92.1, 6.1, 302.8), (72.0, 90.5, 3.9, 161.6), (70.1, 89.3, 2.9, 116.4),
          (64.9, 85.8, 2.1, 54.4), (59.3, 81.5, 1.7, 32.9)),
    128: ((72.5, 90.6, 6.1, 194.5), (69.3, 88.9, 3.9, 104.1), (67.0, 87.3, 2.9, 75.0),
          (60.8, 83.0, 2.1, 35.3), (54.8, 78.1, 1.7, 21.6)),
    96: ((68.6, 88.1, 6.1, 110.3), (64.4, 85.8, 3.9, 59.3), (62.1, 84.0, 2.9, 42.9),
         (54.7, 78.1, 2.1, 20.5), (49.3, 73.4, 1.7, 12.7)),
}  # fmt: skip
"""Input size: top-1, top-5, parameters, multiply-adds, in the order of `A1_MULTIPLIERS`."""


def _readme() -> tuple[PaperRow, ...]:
    return tuple(
        (size, multiplier, *row, ms)
        for size, rows in _README_A1.items()
        for multiplier, row, ms in zip(A1_MULTIPLIERS, rows, A1_LATENCY_MS[size], strict=True)
    )


README_A1 = PrintedTable(
    "mnasnet_a1_scaling_tpu_readme", "MnasNet-A1 scaled, from the released code's README",
    ("input_size", "depth_multiplier"),
    ("top1_pct", "top5_pct", "params_m", "multi_adds_m", "pixel1_latency_ms"), _readme(),
)  # fmt: skip

_SOFT = (
    0.550953, 0.542414, 0.535535, 0.529787, 0.524858, 0.520549, 0.516724, 0.513288, 0.510171,
    0.50732, 0.504696, 0.502264, 0.5, 0.497883, 0.495895, 0.494021, 0.492251, 0.490572, 0.488977,
    0.487458, 0.486008, 0.484621, 0.483293, 0.482018, 0.480792, 0.479613, 0.478476, 0.477379,
    0.476319,
)  # fmt: skip
_HARD = (
    *(0.5,) * 13, 0.470588, 0.444444, 0.421053, 0.4, 0.380952, 0.363636, 0.347826, 0.333333, 0.32,
    0.307692, 0.296296, 0.285714, 0.275862, 0.266667, 0.258065, 0.25,
)  # fmt: skip
FIGURE_3 = PrintedTable(
    "figure3", "Figure 3: the two rewards", ("latency_ms",),
    ("hard_alpha0_beta-1", "soft_alpha-0.07_beta-0.07"),
    tuple(zip((float(ms) for ms in range(20, 161, 5)), _HARD, _SOFT, strict=True)),
)  # fmt: skip

TABLES = (
    TABLE_1, TABLE_2, TABLE_3, TABLE_4, TABLE_5, TABLE_6, FIGURE_2, FIGURE_3, FIGURE_5A, FIGURE_5B,
    README_A1,
)  # fmt: skip
"""Everything that is printed, and so must stand in the report."""
