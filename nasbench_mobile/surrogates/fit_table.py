"""Fit an accuracy surrogate to a table of trained architectures, and say whether it is any good."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from nasbench_mobile.errors import UsageError
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.surrogates import model_files as fitted_files
from nasbench_mobile.surrogates.accuracy import MODEL, SCHEMA
from nasbench_mobile.surrogates.pairwise import DIGITS, PairwiseModel
from nasbench_mobile.surrogates.pairwise_coding import design, to_one_hot
from nasbench_mobile.surrogates.prediction_quality import quality, rounded
from nasbench_mobile.surrogates.rank_quality import HeldOut, rank_quality, verdict
from nasbench_mobile.tables.noise_study import NoiseStudy, noise_study
from nasbench_mobile.tables.row import Row
from nasbench_mobile.tables.table import Table, read_table, space_record, table_file
from nasbench_mobile.types import Tokens

Floats = npt.NDArray[np.float64]

LEAST = 300
"""The fewest architectures to fit to: our choice; a held-out quarter of fewer is too small to tell
a model from counting multiply-adds."""

HELD_OUT, FOLDS = 0.25, 5
"""The share held out, and the folds of the rest by which penalties are chosen (our choice)."""

PENALTIES = tuple(float(x) for x in 10.0 ** np.arange(-1.0, 3.01, 0.5))
PAIR_WEIGHTS = (0.0, 0.01, 0.1, 1.0)
"""The ridge penalties tried, and how much products weigh beside main effects (0: nothing). Our
choice: half decades, wide enough that the best lies inside."""

STATES = 64
"""The most states of a block of the model's tables: our choice, quick to look up."""


def fit_table(
    place: str | os.PathLike[str], space: SearchSpace, out: str | os.PathLike[str], name: str
) -> dict[str, Any]:
    """Fit to three quarters of a table's architectures, judge on the rest; write model and card.

    Held out are the architectures with three seeds or more, whose labels are best, where they are
    at most a quarter; and of the others a share drawn by a hash of their tokens, so that what was
    held out stays so when the table grows. `UsageError` for fewer than 300 architectures, or none
    with several seeds. Returns JSON values with `quality`, `ranks`, `noise`, `good`, and why not.
    """
    path = table_file(Path(place))
    table = read_table(path)
    rows = table.architectures()
    _check(rows, table, space)
    study = noise_study([[r.accuracy for r in g if r.accuracy is not None] for g in rows.values()])
    data = _Data.of(rows)
    sizes = tuple(decision.cardinality for decision in space.decisions)
    held = _held_out(list(rows), data.seeds)
    penalty, weight = _chosen(data.tokens[~held], data.labels[~held], sizes)
    model = fit_ridge(data.tokens[~held], data.labels[~held], sizes, penalty, weight)
    record = _record(table, path, space, data, held, model, study)
    record["penalty"], record["pair_weight"] = penalty, weight
    written = fitted_files.write(out, name, {**record, **model.to_record()}, _card(name, record))
    return {**record, "files": [str(written), str(written.with_suffix(".md"))]}


class _Data:
    """Tokens (N, decisions), labels (means over seeds), seeds and multiply-adds (N,), seconds."""

    def __init__(self, tokens: list[Tokens], groups: list[list[Row]]) -> None:
        self.tokens = np.array(tokens, np.int64)
        accuracies = [[r.accuracy for r in g if r.accuracy is not None] for g in groups]
        self.labels = np.array([float(np.mean(values)) for values in accuracies])
        self.seeds = np.array([float(len(values)) for values in accuracies])
        self.multiply_adds = np.array([float(group[0].multiply_adds) for group in groups])
        self.cost_s = float(sum(row.cost_s for group in groups for row in group))

    @classmethod
    def of(cls, rows: dict[Tokens, list[Row]]) -> _Data:
        return cls(list(rows), list(rows.values()))


def fit_ridge(
    tokens: npt.NDArray[np.int64], labels: Floats, sizes: tuple[int, ...], penalty: float,
    pair_weight: float,
) -> PairwiseModel:  # fmt: skip
    """Ridge of labels, shape (N,), on tokens and their pairs in the coding of `design`.

    `penalty` is on all squared coefficients, 1 / `pair_weight` times as much on products'. Solved
    in the dual, because there are fewer architectures than products.
    """
    columns, free = design(tokens, sizes)
    scale = np.repeat([1.0, pair_weight], [free, columns.shape[1] - free])
    mean, offset = columns.mean(axis=0), float(labels.mean())
    centred = columns - mean
    kernel = (centred * scale) @ centred.T
    kernel[np.diag_indices_from(kernel)] += penalty
    weights = scale * (centred.T @ np.linalg.solve(kernel, labels - offset))
    return to_one_hot(sizes, _blocks(sizes), weights, offset - float(mean @ weights))


def _check(rows: dict[Tokens, list[Row]], table: Table, space: SearchSpace) -> None:
    if space_record(space) != table.header.space:
        raise UsageError(f"the table is of space {table.header.space}, not of {space.name!r}")
    if len(rows) < LEAST:
        raise UsageError(
            f"the table has {len(rows)} trained architectures and a surrogate needs {LEAST}; go "
            "on with `nasbench-mobile collect`, the same command with --space "
            f"{space.name} --count {LEAST}, or use the table itself (evaluator `tabular`)"
        )


def _held_out(tokens: list[Tokens], seeds: Floats) -> npt.NDArray[np.bool_]:
    drawn = np.array([_share(one) < HELD_OUT for one in tokens])
    repeated = seeds >= 3
    if repeated.sum() > HELD_OUT * len(tokens):
        return drawn
    # Of the others so many that about a quarter is held out in all.
    left = (HELD_OUT * len(tokens) - repeated.sum()) / max(1, (~repeated).sum())
    return np.array([_share(one) < left for one in tokens]) | repeated


def _share(tokens: Tokens) -> float:
    """A number in [0, 1) that is the tokens' own."""
    digest = hashlib.sha256(repr(tokens).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _chosen(
    tokens: npt.NDArray[np.int64], labels: Floats, sizes: tuple[int, ...]
) -> tuple[float, float]:
    """The penalty and weight of products with the least squared error in cross-validation."""
    columns, free = design(tokens, sizes)
    fold = np.arange(len(labels)) % FOLDS
    best, chosen = np.inf, (PENALTIES[0], PAIR_WEIGHTS[0])
    for weight in PAIR_WEIGHTS:
        scaled = columns * np.sqrt(np.repeat([1.0, weight], [free, columns.shape[1] - free]))
        scaled = scaled - scaled.mean(axis=0)
        kernel = scaled @ scaled.T
        for penalty in PENALTIES:
            error = sum(_error(kernel, labels, fold == k, penalty) for k in range(FOLDS))
            if error < best:
                best, chosen = error, (penalty, weight)
    return chosen


def _error(kernel: Floats, labels: Floats, out: npt.NDArray[np.bool_], penalty: float) -> float:
    inner = kernel[np.ix_(~out, ~out)] + penalty * np.eye(int((~out).sum()))
    offset = float(labels[~out].mean())
    predicted = offset + kernel[np.ix_(out, ~out)] @ np.linalg.solve(inner, labels[~out] - offset)
    return float(((predicted - labels[out]) ** 2).sum())


def _blocks(sizes: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Consecutive decisions in blocks of up to `STATES` states."""
    blocks: list[list[int]] = []
    states = STATES + 1
    for position, size in enumerate(sizes):
        if states * size > STATES:
            blocks.append([])
            states = 1
        blocks[-1].append(position)
        states *= size
    return tuple(map(tuple, blocks))


def _record(
    table: Table, path: Path, space: SearchSpace, data: _Data, held: npt.NDArray[np.bool_],
    model: PairwiseModel, study: NoiseStudy,
) -> dict[str, Any]:  # fmt: skip
    predicted = model.tables.predict(data.tokens)
    parts = {"fitted": ~held, "held out": held}
    ranks = rank_quality(
        HeldOut(predicted[held], data.labels[held], data.seeds[held], data.multiply_adds[held]),
        study,
    )
    why = verdict(ranks)
    training = table.header.training
    fitted = data.labels[~held]
    return {
        "model": MODEL,
        "schema": SCHEMA,
        "space": space.name,
        "unit": "fraction of validation images",
        "source": fitted_files.data_record(path),
        "fidelity": {key: training[key] for key in ("epochs", "data", "width", "input_size")},
        "training_range": [round(float(f(fitted)), DIGITS) for f in (np.min, np.max)],
        "good": why is None,
        "why_not": why,
        "quality": {
            name: rounded(quality(100 * predicted[part], 100 * data.labels[part]))
            for name, part in parts.items()
        },
        "ranks": ranks,
        "noise": study.record(),
        "architectures": {name: int(part.sum()) for name, part in parts.items()},
        "training_cost_s": round(data.cost_s, 1),
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
    }


def _card(name: str, record: dict[str, Any]) -> str:
    source, counts, noise = record["source"], record["architectures"], record["noise"]
    low, high = ("infinity" if x is None else f"{x:.2f}" for x in noise["ratio_interval"])
    said = "**Good**" if record["good"] else f"**Not good**: {record['why_not']}"
    rows = [
        f"| {group} | {q['architectures']} | {q['kendall_tau']:.3f} | {q['ceiling']:.3f} | "
        f"{q['multiply_adds_tau']:.3f} |"
        for group, q in record["ranks"].items()
    ]
    return "\n".join(
        [
            f"# {name}",
            "",
            f"Accuracy of networks of the space `{record['space']}` after a short training: a",
            f"ridge on tokens and their pairs, fitted to {counts['fitted']} trained architectures.",
            "",
            f"{said}. A good surrogate ranks held-out architectures, and the top quarter of them,",
            "better than multiply-adds do, with 70 % of the Kendall tau that the noise allows.",
            "",
            f"- **Data**: `{source['file']}`, SHA-256 `{source['sha256']}`;",
            f"  {record['fidelity']['data']}, {record['fidelity']['epochs']:g} epochs at depth",
            f"  multiplier {record['fidelity']['width']:g}.",
            f"- **Made by**: `nasbench-mobile fit table {source['file']} --name {name} --out DIR`,",
            f"  with numpy {record['versions']['numpy']}. Penalty {record['penalty']:g}, weight of",
            f"  pairs {record['pair_weight']:g}, by {FOLDS}-fold cross-validation on what it is",
            "  fitted to.",
            f"- **Cost** of the trainings: {record['training_cost_s'] / 3600:.1f} hours.",
            f"- **Noise**: seeds' standard deviation {100 * noise['seed_sd']:.2f} points, that",
            f"  between architectures {100 * noise['spread_sd']:.2f}; ratio 95 % interval",
            f"  {low} to {high}.",
            "",
            "| group | architectures | Kendall tau | ceiling by noise | multiply-adds' tau |",
            "|---|---|---|---|---|",
            *rows,
            "",
            fitted_files.quality_table(record["quality"], "percent points"),
            "",
        ]
    )
