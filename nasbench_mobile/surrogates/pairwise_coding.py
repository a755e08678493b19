"""The coding in which pairwise models are fitted, and the way back to one-hot coefficients."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nasbench_mobile.surrogates.pairwise import DIGITS, PairwiseModel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def design(tokens: Ints, sizes: Sequence[int]) -> tuple[Floats, int]:
    """The columns for tokens of shape (N, decisions), and how many of them are main effects.

    The basis is "value at least k" of each decision, as -1/2 or +1/2, and the products of two
    decisions' members. It spans what one-hot indicators and their products span, with as many
    columns.
    """
    steps = [_steps(size) for size in sizes]
    main = [table[tokens[:, i]] for i, table in enumerate(steps)]
    products = [
        (main[i][:, :, None] * main[j][:, None, :]).reshape(len(tokens), -1)
        for i, j in itertools.combinations(range(len(sizes)), 2)
    ]
    return np.hstack(main + products), sum(column.shape[1] for column in main)


def to_one_hot(
    sizes: Sequence[int], blocks: tuple[tuple[int, ...], ...], weights: Floats, intercept: float
) -> PairwiseModel:
    """The function of `design`'s weights with value 0 as reference, rounded to `DIGITS`."""
    steps = [_steps(size) for size in sizes]
    pairs = list(itertools.combinations(range(len(sizes)), 2))
    ends = np.cumsum([s - 1 for s in sizes] + [(sizes[i] - 1) * (sizes[j] - 1) for i, j in pairs])
    parts = np.split(weights, ends[:-1])
    effects = [table @ part for table, part in zip(steps, parts, strict=False)]
    interactions = {}
    for (i, j), part in zip(pairs, parts[len(sizes) :], strict=True):
        full = steps[i] @ part.reshape(sizes[i] - 1, sizes[j] - 1) @ steps[j].T
        effects[i] = effects[i] + full[:, 0]
        effects[j] = effects[j] + full[0] - full[0, 0]
        interactions[i, j] = np.round(full - full[:, :1] - full[:1] + full[0, 0], DIGITS)[1:, 1:]
    return PairwiseModel(
        cardinalities=tuple(sizes),
        blocks=blocks,
        intercept=round(intercept + float(sum(effect[0] for effect in effects)), DIGITS),
        main=tuple(np.round(effect - effect[0], DIGITS)[1:] for effect in effects),
        pair=interactions,
    )


def _steps(size: int) -> Floats:
    """Shape (size, size - 1): entry [v, k] is +1/2 where value v is above k, else -1/2."""
    above = np.arange(size)[:, None] > np.arange(size - 1)[None, :]
    return np.where(above, 0.5, -0.5)
