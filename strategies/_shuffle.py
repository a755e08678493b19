"""Every token list once, in uniformly random order, without writing the list down."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence

from nasbench_mobile.types import Tokens


class Shuffle(Iterator[Tokens]):
    """A random permutation of all token lists, drawn as far as it is read.

    Token lists are counted through in mixed radix and shuffled by Fisher and Yates' method
    (Durstenfeld, Communications of the ACM 7(7), 1964) with only the moved numbers kept: exact for
    spaces of any size, one small dictionary entry per token list read. Python's own generator,
    because its whole numbers are exact and uniform beyond 64 bits.
    """

    def __init__(self, cardinalities: Sequence[int], seed: int) -> None:
        self._cardinalities = [int(cardinality) for cardinality in reversed(cardinalities)]
        self._size = math.prod(self._cardinalities)
        self._rng = random.Random(seed)
        self._moved: dict[int, int] = {}
        self._read = 0

    def __next__(self) -> Tokens:
        first = self._read
        if first == self._size:
            raise StopIteration
        drawn = self._rng.randrange(first, self._size)
        instead = self._moved.pop(first, first)
        number = instead if drawn == first else self._moved.get(drawn, drawn)
        if drawn != first:
            self._moved[drawn] = instead
        self._read += 1
        return self._tokens(number)

    def _tokens(self, number: int) -> Tokens:
        tokens = []
        for cardinality in self._cardinalities:
            number, token = divmod(number, cardinality)
            tokens.append(token)
        return tuple(reversed(tokens))
