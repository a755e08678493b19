"""Surrogates from tables, all synthetic here: good ones, and those that must not be called good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import UsageError
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.surrogates.accuracy import SurrogateAccuracy
from nasbench_mobile.surrogates.fit_table import fit_ridge, fit_table
from nasbench_mobile.tables.writing import write_table
from nasbench_mobile.types import AccuracyReading

Make = Callable[..., Any]
SPACE = MnasNetSpace()


def fitted(folder: Path, table: Any) -> dict[str, Any]:
    write_table(folder / "table.jsonl", table)
    return fit_table(folder, SPACE, folder / "fit", "mine")


def test_a_table_that_tokens_explain_gives_a_good_surrogate(
    tmp_path: Path, synthetic_table: Make
) -> None:
    result = fitted(tmp_path, synthetic_table(400, repeated=40))
    assert result["good"], result["why_not"]
    assert result["architectures"]["fitted"] + result["architectures"]["held out"] == 400
    assert result["ranks"]["held out, three seeds"]["architectures"] == 40
    for group in result["ranks"].values():
        assert group["kendall_tau"] <= 1
        assert 0 < group["ceiling"] < 1
    card = (tmp_path / "fit" / "mine.md").read_text()
    assert "**Good**" in card
    assert "three seeds" in card
    surrogate = SurrogateAccuracy.from_file(tmp_path / "fit" / "mine.json")
    tokens = SPACE.canonical(SPACE.sample(np.random.default_rng(9)))
    [reading] = surrogate.accuracy([Architecture(SPACE, tokens)])
    assert isinstance(reading, AccuracyReading)
    assert reading.accuracy == pytest.approx(surrogate.tables.predict([tokens])[0])
    assert (surrogate.fidelity.epochs, surrogate.fidelity.width) == (1.0, 0.35)


def test_what_multiply_adds_rank_better_is_not_called_good(
    tmp_path: Path, synthetic_table: Make
) -> None:
    # Accuracy by a hash of the tokens, which no model of tokens can learn, and which is written
    # into the multiply-adds.
    def hashed(tokens: tuple[int, ...]) -> float:
        return 0.3 + 0.1 * float(np.random.default_rng(tokens).random())

    table = synthetic_table(
        320, accuracy=hashed, multiply_adds=lambda tokens: 1e9 * hashed(tokens), noise=0.001
    )
    result = fitted(tmp_path, table)
    assert not result["good"]
    assert "multiply-adds alone" in result["why_not"]
    assert "**Not good**" in (tmp_path / "fit" / "mine.md").read_text()


def test_too_few_architectures_are_refused_with_what_to_do(
    tmp_path: Path, synthetic_table: Make
) -> None:
    with pytest.raises(UsageError, match="299 trained .* needs 300; go on with .*--count 300"):
        fitted(tmp_path, synthetic_table(299))


def test_without_repeated_seeds_there_is_no_noise_to_judge_by(
    tmp_path: Path, synthetic_table: Make
) -> None:
    with pytest.raises(UsageError, match="--repeat-first"):
        fitted(tmp_path, synthetic_table(300, repeated=0))


def test_another_space_is_refused(tmp_path: Path, synthetic_table: Make) -> None:
    write_table(tmp_path / "table.jsonl", synthetic_table(4))
    with pytest.raises(UsageError, match="not of 'mnasnet-anb'"):
        fit_table(tmp_path, MnasNetAnbSpace(), tmp_path, "mine")


def test_what_was_held_out_stays_so_when_the_table_grows(
    tmp_path: Path, synthetic_table: Make
) -> None:
    from nasbench_mobile.surrogates.fit_table import _held_out

    tokens = list(synthetic_table(400).architectures())
    few = _held_out(tokens[:200], np.ones(200))
    many = _held_out(tokens, np.ones(400))
    assert (few == many[:200]).all()
    assert 0.15 < many.mean() < 0.35


def test_the_dual_solution_is_ridge_regression() -> None:
    """Against the normal equations, written out for a small space."""
    from nasbench_mobile.surrogates.pairwise_coding import design

    rng = np.random.default_rng(1)
    sizes = (3, 2, 4)
    tokens = np.stack([rng.integers(size, size=30) for size in sizes], axis=1)
    labels = rng.normal(0.5, 0.1, 30)
    penalty, weight = 2.0, 0.25
    columns, free = design(tokens, sizes)
    centred = columns - columns.mean(axis=0)
    ridge = penalty * np.repeat([1.0, 1 / weight], [free, columns.shape[1] - free])
    weights = np.linalg.solve(
        centred.T @ centred + np.diag(ridge), centred.T @ (labels - labels.mean())
    )
    model = fit_ridge(tokens, labels, sizes, penalty, weight)
    np.testing.assert_allclose(
        model.tables.predict(tokens), labels.mean() + centred @ weights, atol=1e-10
    )
