"""Architecture: tokens of a search space, and the network they mean, made on demand."""

from __future__ import annotations

from dataclasses import dataclass

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.protocols import Embedded, SearchSpace
from nasbench_mobile.types import Tokens


def home_space(space: SearchSpace) -> SearchSpace:
    """The space that a space is a part of, else the space itself; tables are kept in it."""
    return space.parent if isinstance(space, Embedded) else space


@dataclass(frozen=True, slots=True)
class Architecture:
    """Valid tokens of a space. Two architectures are one where their `identity` is equal."""

    space: SearchSpace
    tokens: Tokens

    @property
    def identity(self) -> tuple[str, Tokens]:
        """`(space name, canonical tokens)`."""
        return self.space.name, self.space.canonical(self.tokens)

    @property
    def home(self) -> Architecture:
        """The same network in its `home_space`, with canonical tokens."""
        space = self.space
        if isinstance(space, Embedded):
            return Architecture(space.parent, space.embed(self.tokens))
        return Architecture(space, space.canonical(self.tokens))

    def network(
        self, width: float = 1.0, input_size: int | None = None, classes: int = 1000
    ) -> Network:
        """Make the layer graph of the network.

        Args:
            width: The width multiplier, by which the numbers of filters are scaled.
            input_size: The height and width of the images in pixels; None means the space's own.
            classes: The number of classes that the network tells apart.

        Returns:
            The graph, for images of the shape `(3, input_size, input_size)`, with one output for
            each class.

        Raises:
            UsageError: No network can be made with this width, input size or number of classes.
        """
        return self.space.network(self.tokens, width=width, input_size=input_size, classes=classes)

    def _repr_svg_(self) -> str | None:
        """Give the drawing that a notebook shows, or None where it is no chain of mobile blocks."""
        return drawing(self)


def drawing(architecture: Architecture) -> str | None:
    """Draw an architecture as one `<svg>` element; None where it is no chain of mobile blocks."""
    from nasbench_mobile.networks.blockstring import parse_spec
    from nasbench_mobile.networks.drawing import architecture_svg

    try:
        spec = parse_spec(architecture.space.describe(architecture.tokens))
    except InvalidNetworkError:
        return None
    return architecture_svg(spec)
