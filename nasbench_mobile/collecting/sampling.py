"""Which architectures of a space a table gets: the same ones for the same seed, more for more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nasbench_mobile.collecting.members import ENUMERABLE, every_architecture
from nasbench_mobile.errors import UsageError
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.tables.row import Origin
from nasbench_mobile.types import Tokens

CHANGED = 3.0
"""The mean number of tokens drawn anew around a network: our choice, about half a block's."""

ATTEMPTS = 1000
"""How many draws are made before no new network is looked for around the given ones."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The canonical tokens and how they came about."""

    tokens: Tokens
    origin: Origin


def draw(
    space: SearchSpace, count: int, seed: int, around: Sequence[Tokens] = (), share: float = 0.0
) -> list[Sample]:
    """`count` networks of a space, no two the same; the first of them are those of a lower count.

    `share` of them are made from one of `around`, some tokens of it drawn anew; the others are
    uniform over token lists. The i-th depends on the seed and on i, but for those drawn before it,
    which it is not to repeat. Of a space with no more networks than that, all. A space of up to
    `ENUMERABLE` token lists is listed whole, in an order drawn by the seed: near its end drawing at
    random would find known networks again and again.
    """
    if not 0.0 <= share <= 1.0 or (share > 0) != bool(around):
        raise UsageError(
            f"the share drawn around given networks is {share} with {len(around)} networks given; "
            "give networks and a share in (0, 1], or neither"
        )
    if space.size <= ENUMERABLE and not around:
        return _enumerated(space, count, seed)
    found: dict[Tokens, Sample] = {}
    for index in range(min(count, space.distinct)):
        near = math.floor((index + 1) * share) > math.floor(index * share)
        rng = np.random.default_rng([seed, index])
        sample = _fresh(space, rng, list(around) if near else [], found)
        found[sample.tokens] = sample
    return list(found.values())


def _enumerated(space: SearchSpace, count: int, seed: int) -> list[Sample]:
    distinct = [architecture.tokens for architecture in every_architecture(space)]
    order = np.random.default_rng(seed).permutation(len(distinct))
    return [Sample(distinct[place], "all") for place in order[:count].tolist()]


def _fresh(
    space: SearchSpace, rng: np.random.Generator, around: list[Tokens], known: dict[Tokens, Sample]
) -> Sample:
    for _ in range(ATTEMPTS):
        tokens = _mutated(space, rng, around) if around else space.sample(rng)
        tokens = space.canonical(tokens)
        if tokens not in known:
            return Sample(tokens, "around" if around else "uniform")
    raise UsageError(
        f"{ATTEMPTS} draws found no network that is not among the {len(known)} drawn before it; "
        "ask for fewer, or give more networks to draw around"
    )


def _mutated(space: SearchSpace, rng: np.random.Generator, around: list[Tokens]) -> Tokens:
    tokens = list(around[rng.integers(len(around))])
    changed = rng.random(len(tokens)) < CHANGED / len(tokens)
    changed[rng.integers(len(tokens))] = True
    for place in np.flatnonzero(changed):
        tokens[place] = int(rng.integers(space.decisions[place].cardinality))
    return tuple(tokens)
