"""Fit the ImageNet accuracy surrogate to the networks that Accel-NASBench trained."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt
import scipy

from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.text_files import read_text
from nasbench_mobile.surrogates import model_files as fitted_files
from nasbench_mobile.surrogates.accuracy import MODEL, SCHEMA
from nasbench_mobile.surrogates.pairwise import DIGITS, PairwiseModel
from nasbench_mobile.surrogates.pairwise_coding import design, to_one_hot
from nasbench_mobile.surrogates.prediction_quality import quality, rounded

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NAME = "imagenet-anb-ridge"
SPACE = "mnasnet-anb"
SPLITS = ("train", "val", "test")
TARGET = "val_top1"
CHOICES: tuple[tuple[str, tuple[int, ...]], ...] = tuple(
    (f"block{block}_{letter}", values if (block, letter) != (5, "l") else (1, 2, 3, 4))
    for block in range(7)
    for letter, values in (("e", (1, 4, 6)), ("k", (3, 5)), ("l", (1, 2, 3)), ("se", (0, 1)))
)
"""Column and its values per decision, in token order: the space of Accel-NASBench
(arXiv 2404.08005), as its data set names it. The sixth block may have a fourth layer."""

PENALTIES = tuple(float(x) for x in np.round(10.0 ** np.arange(-2.0, 3.01, 0.25), 6))
"""Ridge penalties tried; the one with the best R2 on `val` is taken. Our choice: quarter decades,
wide enough that the best lies inside."""

SOURCE = {
    "data": "Accel-NASBench, https://github.com/afzalxo/Accel-NASBench at commit 42603572, "
    "arXiv 2404.08005",
    "licence": "Apache-2.0",
}
FIDELITY = {"epochs": 16, "data": "imagenet2012"}
"""How its networks were trained (arXiv 2404.08005; progressive input sizes of 160 to 192 pixels,
which is why no single input size is given)."""


@dataclass(frozen=True)
class TrainedNetworks:
    """Tokens, shape (N, 28), and top-1 accuracy (fraction), shape (N,), of one split."""

    tokens: Ints
    accuracy: Floats


class FittedAccuracy(TypedDict):
    """What a fit of the accuracy surrogate tells; `quality` is by split, mae in percent points."""

    quality: dict[str, dict[str, float]]
    """kendall_tau, r2, mae and mape (`prediction_quality.quality`)."""
    penalty: float
    coefficients: int
    training_range: list[float]
    """The least and the largest accuracy fitted to, fractions."""
    files: list[str]
    """Those written."""


def fit_accuracy(data: str | os.PathLike[str], out: str | os.PathLike[str]) -> FittedAccuracy:
    """Fit on split train, choose the penalty on val, report on all; write model and card.

    `data` is the data set as CSV (columns `CHOICES`, `val_top1` in percent, `split`); `out` a
    folder that receives `imagenet-anb-ridge.json` and `.md`. `UsageError` for a file that does not
    fit.
    """
    splits = read_trained_networks(data)
    train, val = splits["train"], splits["val"]
    candidates = {
        penalty: fit_pairwise(train.tokens, train.accuracy, penalty) for penalty in PENALTIES
    }
    penalty = max(
        PENALTIES,
        key=lambda p: quality(candidates[p].tables.predict(val.tokens), val.accuracy)["r2"],
    )
    model = candidates[penalty]
    figures, residual = {}, {}
    for name, split in splits.items():
        predicted = model.tables.predict(split.tokens)
        figures[name] = rounded(quality(100.0 * predicted, 100.0 * split.accuracy))
        rmse = float(np.sqrt(np.mean((predicted - split.accuracy) ** 2)))
        residual[name] = round(rmse, 8)
    training_range = [round(float(f(train.accuracy)), DIGITS) for f in (np.min, np.max)]
    record = {
        "model": MODEL,
        "schema": SCHEMA,
        "space": SPACE,
        "unit": "fraction of top-1",
        "source": SOURCE | fitted_files.data_record(Path(data)),
        "fidelity": FIDELITY,
        "training_range": training_range,
        "penalty": penalty,
        "residual_rmse": residual,
        "quality": figures,
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
        "decisions": [[name, list(values)] for name, values in CHOICES],
        **model.to_record(),
    }
    sizes = {name: len(split.accuracy) for name, split in splits.items()}
    path = fitted_files.write(out, NAME, record, _card(record, sizes, model.coefficients))
    return {
        "quality": figures,
        "penalty": penalty,
        "coefficients": model.coefficients,
        "training_range": training_range,
        "files": [str(path), str(path.with_suffix(".md"))],
    }


def fit_pairwise(tokens: Ints, target: Floats, penalty: float) -> PairwiseModel:
    """Fit least squares of `target`, shape (N,), on tokens, shape (N, 28), and all their pairs.

    In the coding of `design`, with the penalty on the squared products' coefficients alone. So what
    shrinks is the step between neighbouring values of an interaction, not a difference to an
    arbitrary reference value. Our choice, because its R2 on val was the best of six codings tried
    (this, reference, full, centred, effects and polynomial, each with main effects penalised or
    not).
    """
    sizes = tuple(len(values) for _, values in CHOICES)
    columns, free = design(tokens, sizes)
    mean, offset = columns.mean(axis=0), float(target.mean())
    centred = columns - mean
    gram = centred.T @ centred
    gram[np.diag_indices_from(gram)] += np.repeat([0.0, penalty], [free, len(mean) - free])
    weights = np.linalg.solve(gram, centred.T @ (target - offset))
    blocks = tuple(tuple(range(4 * block, 4 * block + 4)) for block in range(7))
    return to_one_hot(sizes, blocks, weights, offset - float(mean @ weights))


def read_trained_networks(data: str | os.PathLike[str]) -> dict[str, TrainedNetworks]:
    """The networks of each split; rows without a split are left out. `UsageError` names a row."""
    rows: dict[str, list[tuple[list[int], float]]] = {split: [] for split in SPLITS}
    path = Path(data)
    text = read_text(path, "data file")
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""))
        wanted = ["split", TARGET, *(name for name, _ in CHOICES)]
        missing = [name for name in wanted if name not in (reader.fieldnames or ())]
        if missing:
            raise UsageError(
                f"{path} lacks the columns {', '.join(missing)}; is it the data set of "
                "Accel-NASBench as CSV?"
            )
        for row in reader:
            if row["split"] in rows:
                rows[row["split"]].append(_trained_network(path, reader.line_num, row))
    except csv.Error as error:
        raise UsageError(f"{path} is not a CSV file: {error}") from error
    few = [split for split, found in rows.items() if len(found) < 2]
    if few:
        raise UsageError(f"{path} has fewer than 2 rows of split {' and '.join(few)}")
    return {
        split: TrainedNetworks(
            np.array([tokens for tokens, _ in found]), np.array([value for _, value in found])
        )
        for split, found in rows.items()
    }


def _trained_network(path: Path, line: int, row: dict[str, str]) -> tuple[list[int], float]:
    tokens = []
    for name, values in CHOICES:
        try:
            tokens.append(values.index(int(row[name])))
        except (ValueError, TypeError):
            raise UsageError(
                f"{path} line {line}: {name} is {row[name]!r}; it must be one of {values}"
            ) from None
    try:
        percent = float(row[TARGET])
    except (ValueError, TypeError):
        percent = float("nan")
    if not 0.0 < percent <= 100.0:  # NaN fails this too
        raise UsageError(
            f"{path} line {line}: {TARGET} is {row[TARGET]!r}; it must be a percentage above 0"
        )
    return tokens, percent / 100.0


def _card(record: dict[str, Any], sizes: dict[str, int], coefficients: int) -> str:
    source, (low, high) = record["source"], record["training_range"]
    counts = ", ".join(f"{split} {size:,}" for split, size in sizes.items())
    return f"""# {NAME}

ImageNet top-1 of networks of the space `{SPACE}`: a ridge on one-hot tokens and all their
pairwise products, {coefficients} coefficients, so a sum over the 7 blocks and the 21 pairs of
blocks.

- **Data**: {source["data"]};
  licence {source["licence"]}. Networks trained for 16 epochs on ImageNet2012, one seed each; the
  authors' default split ({counts}).
  File `{source["file"]}`, SHA-256 `{source["sha256"]}`.
- **Made by**: `nasbench-mobile fit accuracy --data {source["file"]} --out DIR`, with numpy
  {record["versions"]["numpy"]}. Fitted on train. The penalty ({record["penalty"]:g}, of
  {len(PENALTIES)} tried) and the coding (of 6) were
  chosen by R2 on val; the codings' figures on test, which are within 0.001 of each other in R2,
  were seen and chose nothing.
- **Unit**: a fraction in [0, 1] in the file; percent points in this card.

{fitted_files.quality_table(record["quality"], "percent points")}

## Limits

- It predicts accuracy after 16 epochs, about 10 points below full training recipes.
- Training accuracies range from {100 * low:.2f} to {100 * high:.2f} %; a prediction outside that
  range is marked extrapolated.
- Each network was trained with one seed, so part of the error on test is the noise of training.
  The model itself has no noise: a benchmark that wants some adds it.
- The data are a sample of 5,138 networks of 10^11. What a search finds is at the edge of it, where
  the model is least sure, and no such network was trained to check.
"""
