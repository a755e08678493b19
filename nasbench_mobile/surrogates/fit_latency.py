"""Fit the Pixel 1 latency model to networks that TuNAS's cost models priced."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt
import scipy
from scipy.optimize import nnls

from nasbench_mobile.errors import UsageError
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.surrogates import model_files as fitted_files
from nasbench_mobile.surrogates.layer_features import FEATURES
from nasbench_mobile.surrogates.pixel1 import MODEL, SCHEMA
from nasbench_mobile.surrogates.prediction_quality import quality, rounded
from nasbench_mobile.surrogates.published_pixel1 import A1_SOURCE, published_checks
from nasbench_mobile.surrogates.tunas_networks import network_counts, read_priced_networks

Floats = npt.NDArray[np.float64]

NAME = "pixel1-tunas"
HELD_OUT = 0.2
"""The share of the networks that is held out for the figures (our choice)."""
LEAST_ROWS = 100
"""Fewer networks than this are refused: there are 17 coefficients (our choice)."""
COEFFICIENT_DIGITS = 9
"""How many digits of the nanoseconds per count are kept: below any effect on a network."""

SOURCE = {
    "data": "random networks, priced by the two large Pixel 1 cost models of TuNAS",
    "url": "https://github.com/google-research/google-research/tree/master/tunas",
    "licence": "Apache-2.0",
}
MULTIPLY_ADDS = tuple(name for name in FEATURES if "_macs" in name)


class CheckedFit(TypedDict):
    """How good coefficients are; errors in milliseconds."""

    quality: dict[str, dict[str, float]]
    """By split: kendall_tau, r2, mae and mape (`prediction_quality.quality`)."""
    checks: dict[str, Any]
    """`published_checks`: published latencies, never fitted to."""


class FittedLatency(CheckedFit):
    """What a fit of the latency model tells."""

    baselines: dict[str, CheckedFit]
    """By model of multiply-adds."""
    coefficients_ns: dict[str, float]
    files: list[str]
    """Those written."""


def fit_latency(
    data: str | os.PathLike[str],
    out: str | os.PathLike[str],
    check: str | os.PathLike[str] | None = None,
    *,
    seed: int = 0,
) -> FittedLatency:
    """Fit non-negative coefficients by relative least squares; write the model and its card.

    `data` is a file of JSON lines under xz, one priced network a line; `out` a folder that receives
    `pixel1-tunas.json` and `.md`; `check` a CSV of further published rows to compare with (see
    `published_checks`); `seed` splits the rows into train and held_out. `UsageError` for a file
    that does not fit.
    """
    counts, latency_ms = read_priced_networks(data)
    if len(latency_ms) < LEAST_ROWS:
        raise UsageError(f"{data} has {len(latency_ms)} networks; a fit needs {LEAST_ROWS}")
    order = np.random.default_rng(seed).permutation(len(latency_ms))
    cut = round(HELD_OUT * len(order))
    splits = {"train": np.sort(order[cut:]), "held_out": np.sort(order[:cut])}
    fits = {
        name: _fit_and_check(basis, counts, latency_ms, splits, check)
        for name, basis in _bases().items()
    }
    coefficients, results = fits.pop("all")
    baselines = {name: baseline for name, (_, baseline) in fits.items()}
    named = dict(zip(FEATURES, coefficients.tolist(), strict=True))
    record = {
        "model": MODEL,
        "schema": SCHEMA,
        "device": "pixel1",
        "kind": "estimate",
        "source": SOURCE | fitted_files.data_record(Path(data)),
        "split": {"seed": seed, **{name: len(rows) for name, rows in splits.items()}},
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
        "quality": results["quality"],
        "coefficients_ns": named,
    }
    path = fitted_files.write(out, NAME, record, _card(record, results, baselines))
    files = [str(path), str(path.with_suffix(".md"))]
    return {**results, "baselines": baselines, "coefficients_ns": named, "files": files}


def _bases() -> dict[str, Floats]:
    """Which sums of counts each model may weigh: shape (len(FEATURES), its coefficients)."""
    total = np.isin(list(FEATURES), MULTIPLY_ADDS).astype(float)[:, None]
    constant = np.isin(list(FEATURES), ["networks"]).astype(float)[:, None]
    return {
        "all": np.eye(len(FEATURES)),
        "multiply_adds": total,
        "multiply_adds_and_constant": np.hstack([total, constant]),
    }


def _fit_and_check(
    basis: Floats,
    counts: Floats,
    latency_ms: Floats,
    splits: dict[str, npt.NDArray[np.intp]],
    check: str | os.PathLike[str] | None,
) -> tuple[Floats, CheckedFit]:
    """Coefficients (ns per count, shape (len(FEATURES),)) within `basis`, and how good they are."""
    train = splits["train"]
    coefficients = basis @ fit_relative(counts[train] @ basis, 1e6 * latency_ms[train])
    coefficients = np.round(coefficients, COEFFICIENT_DIGITS)

    def network_ms(network: Network) -> float:
        return 1e-6 * float(network_counts(network.nodes) @ coefficients)

    figures = {
        name: rounded(quality(1e-6 * (counts[rows] @ coefficients), latency_ms[rows]))
        for name, rows in splits.items()
    }
    return coefficients, {"quality": figures, "checks": published_checks(network_ms, check)}


def fit_relative(counts: Floats, latency: Floats) -> Floats:
    """Non-negative w, shape (F,), that minimises the sum of ((counts @ w - latency) / latency)^2.

    Relative, because networks of 25 and of 160 ms are to be predicted equally well, and
    non-negative, because no layer gives time back.
    """
    scale = np.maximum(counts.mean(axis=0), 1e-12)  # columns of one size, for the solver
    weights, _ = nnls(counts / scale / latency[:, None], np.ones(len(latency)))
    return np.asarray(weights / scale, dtype=np.float64)


def _card(record: dict[str, Any], results: CheckedFit, baselines: dict[str, CheckedFit]) -> str:
    source, split = record["source"], record["split"]
    a1_rows = results["checks"]["mnasnet-a1"]["rows"]
    models = {"**this model**": results} | {
        name.replace("_", " ").replace("multiply adds", "multiply-adds"): baseline
        for name, baseline in baselines.items()
    }
    coefficients = "\n".join(
        f"| {name} | {FEATURES[name]} | {value:.4g} |"
        for name, value in record["coefficients_ns"].items()
    )
    return f"""# {NAME}

Milliseconds on a Pixel 1 (one thread, one big core), estimated from the layer graph:
{len(FEATURES)} non-negative coefficients, each a time per multiply-add, element, layer or network.

**An estimate of an estimate.** The model was not fitted to measurements. It was fitted to the
Pixel 1 estimates of another model (TuNAS's, itself fitted by its authors to measurements).

- **Data**: {source["data"]},
  {source["url"]} (cost_model_data.py);
  licence {source["licence"]}. File `{source["file"]}`,
  SHA-256 `{source["sha256"]}`.
- **Made by**: `nasbench-mobile fit latency --data {source["file"]} --out DIR`, with scipy
  {record["versions"]["scipy"]}: non-negative least squares on relative errors. The rows were split
  by seed {split["seed"]} into {split["train"]:,} to fit and {split["held_out"]:,} held out.
- **Unit**: milliseconds; nanoseconds per count for the coefficients.

{fitted_files.quality_table(results["quality"], "ms")}

## Against multiply-adds alone

Fitted the same way to the same rows. Figures are of the held-out rows, and of published latencies
that no model was fitted to: {a1_rows} of MnasNet-A1 by input size and width multiplier
({A1_SOURCE}), and four networks of Tables 1 and 2 of
Tan et al. 2019. Which counts the model has was settled with both in view, so neither is quite
untouched.

{_comparison(models)}

A ratio is predicted / published.

## Coefficients

| count | what | ns |
|---|---|---|
{coefficients}

## Limits

- Published latencies are of the paper's networks, priced networks have other widths, kernels up to
  7 and some swish activations, which are taken for ReLU here.
- All priced networks have inputs of 224 pixels: at other sizes the classes by resolution are a
  guess, which MnasNet-A1's rows check.
- Poolings other than global, concatenations and channel selections are in no priced network: they
  take the coefficients of depthwise convolutions and additions.
"""


def _comparison(models: dict[str, CheckedFit]) -> str:
    networks = list(next(iter(models.values()))["checks"]["models"])
    head = ["model", "Kendall tau", "mean relative error (%)", "on MnasNet-A1 (%)"]
    rows = [[*head, *(f"ratio on {name}" for name in networks)]]
    rows.append(["---"] * len(rows[0]))
    for name, model in models.items():
        held_out, checks = model["quality"]["held_out"], model["checks"]
        figures = [held_out["kendall_tau"], held_out["mape"], checks["mnasnet-a1"]["mape"]]
        ratios = [checks["models"][network]["ratio"] for network in networks]
        rows.append([name, f"{figures[0]:.3f}", *(f"{figure:.1f}" for figure in figures[1:])])
        rows[-1] += [f"{ratio:.2f}" for ratio in ratios]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
