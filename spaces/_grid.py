"""What spaces share: a grid of decisions, over which they validate, sample and list neighbours."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from operator import index, lt

import numpy as np

from nasbench_mobile.errors import InvalidTokensError
from nasbench_mobile.types import Decision, Tokens


class GridSpace:
    """Base of spaces in which every token list in range is legal; `name` is said in errors."""

    name: str

    def __init__(self, decisions: Sequence[Decision]) -> None:
        self._decisions = tuple(decisions)
        self._cardinalities = tuple(d.cardinality for d in self._decisions)
        self._highs = np.array(self._cardinalities)
        self._size = math.prod(self._cardinalities)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        return self._decisions

    @property
    def size(self) -> int:
        return self._size

    def validate(self, tokens: Sequence[int]) -> Tokens:
        """The tokens as ints; `InvalidTokensError` names the first that is wrong."""
        try:
            values = tuple(map(index, tokens))
        except TypeError:
            raise InvalidTokensError(
                f"tokens are {tokens!r}; space {self.name!r} needs a sequence of ints"
            ) from None
        if len(values) != len(self._cardinalities):
            raise InvalidTokensError(
                f"got {len(values)} tokens, but space {self.name!r} has "
                f"{len(self._cardinalities)} decisions; was it encoded by another space?"
            )
        if not all(map(lt, values, self._cardinalities)) or min(values) < 0:
            self._explain(values)
        return values

    def sample(self, rng: np.random.Generator) -> Tokens:
        """Draw tokens uniformly over all token lists."""
        return tuple(rng.integers(self._highs).tolist())

    def neighbours(self, tokens: Tokens) -> Iterator[Tokens]:
        """Every token list that differs from `tokens`, once validated, in exactly one token."""
        return self._neighbours(self.validate(tokens))

    def _neighbours(self, tokens: Tokens) -> Iterator[Tokens]:
        for position, count in enumerate(self._cardinalities):
            for value in range(count):
                if value != tokens[position]:
                    yield (*tokens[:position], value, *tokens[position + 1 :])

    def _explain(self, values: Tokens) -> None:
        for position, (value, count) in enumerate(zip(values, self._cardinalities, strict=True)):
            if not 0 <= value < count:
                raise InvalidTokensError(
                    f"token {position} is {value}, but space {self.name!r} allows "
                    f"0..{count - 1} there; was it encoded by another space?"
                )
