"""The accuracy surrogate: tables against the formula, batches against singles, refusals."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import UsageError
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.surrogates.accuracy import SurrogateAccuracy
from nasbench_mobile.surrogates.fit_accuracy import CHOICES
from nasbench_mobile.surrogates.pairwise import PairwiseModel
from nasbench_mobile.types import AccuracyReading, Fidelity, Tokens


def small_model(intercept: float = 0.5) -> PairwiseModel:
    """Three decisions of 3, 2 and 2 values in blocks (0, 2) and (1,), of random coefficients."""
    rng = np.random.default_rng(7)
    sizes = (3, 2, 2)
    return PairwiseModel(
        cardinalities=sizes,
        blocks=((2, 0), (1,)),
        intercept=intercept,
        main=tuple(rng.normal(0, 0.01, size - 1).round(12) for size in sizes),
        pair={
            (i, j): rng.normal(0, 0.01, (sizes[i] - 1, sizes[j] - 1)).round(12)
            for i, j in itertools.combinations(range(3), 2)
        },
    )


def by_hand(model: PairwiseModel, tokens: Sequence[int]) -> float:
    """The formula, term by term."""
    total = model.intercept
    total += sum(float(c[t - 1]) for c, t in zip(model.main, tokens, strict=True) if t)
    for (i, j), matrix in model.pair.items():
        if tokens[i] and tokens[j]:
            total += float(matrix[tokens[i] - 1, tokens[j] - 1])
    return total


def evaluator(model: PairwiseModel) -> SurrogateAccuracy:
    return SurrogateAccuracy(model, "small", (0.4, 0.6), Fidelity(epochs=1))


@pytest.mark.parametrize("tokens", list(itertools.product(range(3), range(2), range(2))))
def test_tables_equal_the_formula(tokens: Tokens) -> None:
    model = small_model()
    assert model.tables.predict([tokens])[0] == pytest.approx(by_hand(model, tokens), abs=1e-11)
    assert evaluator(model).predict_one(tokens) == model.tables.predict([tokens])[0]


def test_committed_tables_equal_the_formula(surrogate: SurrogateAccuracy) -> None:
    rng = np.random.default_rng(0)
    space = MnasNetAnbSpace()
    tokens = [space.sample(rng) for _ in range(50)]
    expected = [by_hand(surrogate.model, one) for one in tokens]
    np.testing.assert_allclose(surrogate.tables.predict(tokens), expected, atol=1e-10, rtol=0)


def test_a_batch_is_bit_equal_to_singles_and_to_arrays(surrogate: SurrogateAccuracy) -> None:
    rng = np.random.default_rng(1)
    space = MnasNetAnbSpace()
    batch = [Architecture(space, space.sample(rng)) for _ in range(100)]
    together = surrogate.accuracy(batch)
    assert together == [surrogate.accuracy([one])[0] for one in batch]
    values = surrogate.tables.predict([one.tokens for one in batch])
    assert values.tolist() == [surrogate.predict_one(one.tokens) for one in batch]


def test_coefficients_are_the_reference_coded_pairs(surrogate: SurrogateAccuracy) -> None:
    # 43 one-hot columns and their 887 products across decisions, and the intercept
    assert surrogate.model.coefficients == 931
    assert len(surrogate.tables.unary) == 7
    assert len(surrogate.tables.pair) == 21


def test_tokens_mean_in_the_space_what_they_mean_in_the_data() -> None:
    labels = [
        tuple(float(label) for label in decision.labels) for decision in MnasNetAnbSpace().decisions
    ]
    columns = [
        tuple(0.25 * value for value in values) if name.endswith("_se") else values
        for name, values in CHOICES
    ]
    assert labels == columns


def test_outside_the_training_range_is_extrapolated(surrogate: SurrogateAccuracy) -> None:
    space = MnasNetAnbSpace()
    smallest = surrogate.accuracy([Architecture(space, (0,) * 28)])[0]
    middle = surrogate.accuracy([Architecture(space, (1, 0, 1, 0) * 7)])[0]
    assert isinstance(smallest, AccuracyReading)
    assert isinstance(middle, AccuracyReading)
    assert (smallest.extrapolated, middle.extrapolated) == (True, False)
    assert smallest.accuracy < surrogate.training_range[0]
    assert smallest.fidelity == Fidelity(epochs=16, data="imagenet2012")


@pytest.mark.parametrize(("intercept", "clipped"), [(2.0, 1.0), (-1.0, 0.0)])
def test_readings_are_clipped_and_tables_are_not(intercept: float, clipped: float) -> None:
    model = small_model(intercept)
    surrogate = SurrogateAccuracy(model, "small", (0.4, 0.6), Fidelity())

    class Small(MnasNetAnbSpace):
        name = "small"
        decisions = MnasNetAnbSpace().decisions[:2] + MnasNetAnbSpace().decisions[3:4]

        def canonical(self, tokens: Tokens) -> Tokens:
            return tokens

    reading = surrogate.accuracy([Architecture(Small(), (0, 0, 0))])[0]
    assert reading == AccuracyReading(clipped, extrapolated=True, fidelity=Fidelity())
    assert surrogate.tables.predict([(0, 0, 0)])[0] == intercept


def test_another_space_is_refused(surrogate: SurrogateAccuracy) -> None:
    space = MnasNetSpace()
    with pytest.raises(UsageError, match=r"space 'mnasnet-anb' with 28 decisions.*'mnasnet'"):
        surrogate.accuracy([Architecture(space, space.sample(np.random.default_rng(0)))])


def test_a_space_restricted_by_an_option_reads_the_same(surrogate: SurrogateAccuracy) -> None:
    whole, part = MnasNetAnbSpace(), MnasNetAnbSpace(se="off")
    tokens = part.sample(np.random.default_rng(1))
    readings = surrogate.accuracy([Architecture(whole, tokens), Architecture(part, tokens)])
    assert readings[0] == readings[1]


def test_json_reads_back(surrogate: SurrogateAccuracy, tmp_path: Path) -> None:
    path = tmp_path / "copy.json"
    path.write_text(surrogate.to_json())
    again = SurrogateAccuracy.from_file(path)
    tokens = (2, 1, 2, 1) * 7
    assert again.predict_one(tokens) == surrogate.predict_one(tokens)
    assert again.to_json() == surrogate.to_json()
    assert again.label == "surrogate copy"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda record: record.update(schema=99), "schema"),
        (lambda record: record.pop("intercept"), "intercept"),
        (lambda record: record["pair"].pop("3,7"), "3,7"),
        (lambda record: record.update(training_range=[0.4]), "training_range|unpack"),
        (lambda record: record.update(blocks=[[0, 1]]), "blocks"),
        (lambda record: record["main"][0].append(0.5), "main effects"),
    ],
)
def test_a_damaged_file_is_refused(models: Path, tmp_path: Path, spoil: object, said: str) -> None:
    record = json.loads((models / "imagenet-anb-ridge.json").read_text())
    assert callable(spoil)
    spoil(record)
    path = tmp_path / "damaged.json"
    path.write_text(json.dumps(record))
    with pytest.raises(UsageError, match=said):
        SurrogateAccuracy.from_file(path)


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read model file"):
        SurrogateAccuracy.from_file(tmp_path / "absent.json")
    (tmp_path / "text.json").write_text("not JSON")
    with pytest.raises(UsageError, match="is not JSON"):
        SurrogateAccuracy.from_file(tmp_path / "text.json")
