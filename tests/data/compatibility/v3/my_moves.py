"""What my_strategy.py imports from beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def with_one_changed(
    tokens: Sequence[int], others: Sequence[int], rng: np.random.Generator
) -> list[int]:
    """Tokens with one of `others` among them."""
    place = int(rng.integers(len(tokens)))
    return [*tokens[:place], others[place], *tokens[place + 1 :]]
