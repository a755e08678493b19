"""Architecture: tokens of a search space, and the network they mean, made on demand."""

from __future__ import annotations

from dataclasses import dataclass

from nasbench_mobile.networks.graph import Network
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.types import Tokens


@dataclass(frozen=True, slots=True)
class Architecture:
    """Valid tokens of a space. Two architectures are one where their `identity` is equal."""

    space: SearchSpace
    tokens: Tokens

    @property
    def identity(self) -> tuple[str, Tokens]:
        """`(space name, canonical tokens)`."""
        return self.space.name, self.space.canonical(self.tokens)

    def network(
        self, width: float = 1.0, input_size: int | None = None, classes: int = 1000
    ) -> Network:
        """The layer graph; `width` is a depth multiplier, `input_size` in pixels."""
        return self.space.network(self.tokens, width=width, input_size=input_size, classes=classes)
