"""What spaces share: a grid of decisions, which validates, samples and lists neighbours."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from operator import index, lt
from typing import SupportsIndex

import numpy as np

from nasbench_mobile.errors import InvalidTokensError
from nasbench_mobile.types import Decision, Tokens


class DecisionGrid:
    """The decisions of one space, named in its errors; every token list in range is legal."""

    def __init__(self, space: str, decisions: Sequence[Decision]) -> None:
        self.decisions = tuple(decisions)
        self._space = space
        self._cardinalities = tuple(d.cardinality for d in self.decisions)
        self._highs = np.array(self._cardinalities)
        self.size = math.prod(self._cardinalities)

    def validate(self, tokens: Sequence[SupportsIndex]) -> Tokens:
        """The tokens as ints; `InvalidTokensError` names the first that is wrong."""
        try:
            values = tuple(map(index, tokens))
        except TypeError:
            raise InvalidTokensError(
                f"tokens are {tokens!r}; space {self._space!r} needs a sequence of ints"
            ) from None
        if len(values) != len(self._cardinalities):
            raise InvalidTokensError(
                f"got {len(values)} tokens, but space {self._space!r} has "
                f"{len(self._cardinalities)} decisions; was it encoded by another space?"
            )
        if not all(map(lt, values, self._cardinalities)) or min(values) < 0:
            self._explain(values)
        return values

    def _explain(self, values: Tokens) -> None:
        for position, (value, count) in enumerate(zip(values, self._cardinalities, strict=True)):
            if not 0 <= value < count:
                raise InvalidTokensError(
                    f"token {position} is {value}, but space {self._space!r} allows "
                    f"0..{count - 1} there; was it encoded by another space?"
                )

    def sample(self, rng: np.random.Generator) -> Tokens:
        """Uniform over token lists."""
        return tuple(rng.integers(self._highs).tolist())

    def neighbours(self, tokens: Tokens) -> Iterator[Tokens]:
        """Every token list that differs from `tokens` in exactly one token."""
        for position, count in enumerate(self._cardinalities):
            for value in range(count):
                if value != tokens[position]:
                    yield (*tokens[:position], value, *tokens[position + 1 :])
