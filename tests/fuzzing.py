"""How many strange inputs the tests of readers and arguments try, and how they share them."""

from __future__ import annotations

import math
import os

MANY = int(os.environ.get("NASBENCH_MOBILE_FUZZ", "100000"))
"""What all of them together try in the slow environment, at least."""

SHARES = {
    "text": 0.37, "options": 0.05, "files": 0.15, "logs": 0.2, "manifests": 0.2, "arguments": 0.03,
}  # fmt: skip
"""Our choice: most for what is quick, as an argument takes a whole command, some 80 ms."""

LEAST = 2
"""Of every reader and every argument, however few there are in all."""


def share(kind: str, among: int = 1) -> int:
    """The inputs of one of `among` readers, or arguments, of a kind; rounded up."""
    return max(math.ceil(MANY * SHARES[kind] / among), LEAST)
