"""Published Pixel 1 latencies of whole networks: a check of latency models, never fitted to."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.text_files import read_text
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.surrogates.prediction_quality import quality, rounded

A1_SOURCE = "tensorflow/tpu, models/official/mnasnet/README.md"
A1_MULTIPLIERS = (1.4, 1.0, 0.75, 0.5, 0.35)
A1_LATENCY_MS: Mapping[int, tuple[float, ...]] = {
    224: (135.0, 78.0, 61.0, 32.0, 22.0),
    192: (99.0, 57.0, 45.0, 24.0, 17.0),
    160: (72.0, 41.0, 33.0, 18.0, 13.0),
    128: (49.0, 29.0, 23.0, 12.0, 8.5),
    96: (32.0, 18.0, 17.0, 7.4, 5.4),
}
"""Milliseconds of MnasNet-A1 by input size (pixels) and, in order, `A1_MULTIPLIERS`: the released
code's README (`A1_SOURCE`). Its 17 ms at 96 pixels and 0.75 is out of line with its neighbours, and
stays as printed."""

TABLE_1 = (("mobilenet-v1", 1.0), ("mobilenet-v2", 1.0), ("mobilenet-v2", 1.4), ("mnasnet-b1", 1.0))
"""(model, width multiplier) of the other networks checked: 113, 75 and 143 ms in Table 1 of Tan et
al. 2019, 77 ms in its Table 2; the figures are the zoo's."""


Rows = list[tuple[int, float, float]]
"""(input size in pixels, width multiplier, published milliseconds) of MnasNet-A1."""


def published_checks(
    latency_ms: Callable[[Network], float], check: str | os.PathLike[str] | None = None
) -> dict[str, Any]:
    """What a latency model says of networks with published figures, as JSON values.

    `mnasnet-a1`: {rows, kendall_tau, r2, mae (ms), mape (%), mean_ratio, sd_ratio} over the
    README's 25 rows, ratios being predicted / published. `models`: per network of `TABLE_1` its
    {latency_ms, published_ms, ratio}. `check` is a CSV of more rows of MnasNet-A1 (columns
    input_size, depth_multiplier, pixel1_latency_ms), reported under its file name.
    """
    readme = [
        (size, multiplier, published)
        for size, row in A1_LATENCY_MS.items()
        for multiplier, published in zip(A1_MULTIPLIERS, row, strict=True)
    ]
    models = {
        f"{name} {multiplier:g}": _model_check(name, multiplier, latency_ms)
        for name, multiplier in TABLE_1
    }
    checks: dict[str, Any] = {"mnasnet-a1": _a1_check(readme, latency_ms), "models": models}
    if check is not None:
        checks[Path(check).name] = _a1_check(read_a1_rows(check), latency_ms)
    return checks


def read_a1_rows(path: str | os.PathLike[str]) -> Rows:
    """Published rows of MnasNet-A1 from a CSV; `UsageError` names the file and what is wrong."""
    names = ("input_size", "depth_multiplier", "pixel1_latency_ms")
    text = read_text(Path(path), "check file")
    try:
        rows = [
            (int(row[names[0]]), float(row[names[1]]), float(row[names[2]]))
            for row in csv.DictReader(io.StringIO(text, newline=""))
        ]
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise UsageError(
            f"{path} has no rows of {', '.join(names)}: {type(error).__name__} {error}"
        ) from error
    if len(rows) < 2 or min(min(row) for row in rows) <= 0:
        raise UsageError(f"{path} has {len(rows)} rows; it needs 2 or more, all above 0")
    return rows


def _a1_check(rows: Rows, latency_ms: Callable[[Network], float]) -> dict[str, float]:
    actual = np.array([published for _, _, published in rows])
    predicted = np.array(
        [latency_ms(zoo.network("mnasnet-a1", multiplier, size)) for size, multiplier, _ in rows]
    )
    ratios = predicted / actual
    spread = {"mean_ratio": float(ratios.mean()), "sd_ratio": float(ratios.std(ddof=1))}
    return {"rows": len(rows)} | rounded(quality(predicted, actual) | spread)


def _model_check(
    name: str, multiplier: float, latency_ms: Callable[[Network], float]
) -> dict[str, float]:
    published = next(
        figure.pixel1_latency_ms
        for figure in zoo.model(name).published
        if figure.width == multiplier and figure.pixel1_latency_ms
    )
    predicted = latency_ms(zoo.network(name, multiplier))
    return rounded(
        {"latency_ms": predicted, "published_ms": published, "ratio": predicted / published}
    )
