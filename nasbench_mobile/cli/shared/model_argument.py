"""What a command is told to look at: a model's name, tokens of a space, or a block string."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nasbench_mobile.errors import UsageError
from nasbench_mobile.networks.blocks import MobileSpec, build, scale
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.types import Tokens

if TYPE_CHECKING:
    from nasbench_mobile.networks.released import Build


@dataclass(frozen=True)
class NamedModel:
    """A network to describe.

    `spec` is None where it is no chain of mobile blocks; then there is a `builder` or a space.
    `cells` is the line that says a network of cells. `space` and `tokens` are None where the
    network was not given by tokens.
    """

    name: str
    spec: MobileSpec | None = None
    head_grows: bool = False
    builder: Build | None = None
    cells: str | None = None
    space: SearchSpace | None = None
    tokens: Tokens | None = None

    def scaled(self, width: float) -> MobileSpec | None:
        """The chain at a width multiplier; None for other networks."""
        if self.spec is None:
            return None
        return scale(self.spec, width, head_grows=self.head_grows)

    def network(self, width: float, input_size: int, classes: int) -> Network:
        if self.builder is not None:
            return self.builder(width, input_size, classes)
        if (spec := self.scaled(width)) is not None:
            return build(spec, input_size, classes)
        if self.space is None or self.tokens is None:
            raise UsageError(f"{self.name} is a name alone; nothing says what network it is")
        return self.space.network(self.tokens, width=width, input_size=input_size, classes=classes)


def parse_subject(text: str, space_name: str | None) -> NamedModel:
    """A reference model's name, tokens (`0,1,2` or `[0, 1, 2]`), a block string or cells.

    Cells (`normal ... reduction ...`) stand in NASNet-A's frame.
    """
    if re.fullmatch(r"[\[(]?\s*\d+([\s,]+\d+)*\s*[\])]?", text.strip()):
        words = re.findall(r"\d+", text)
        if long := [word for word in words if len(word) > 9]:
            raise UsageError(
                f"{long[0]!r} is no token; tokens are small whole numbers, as in 0,1,2"
            )
        tokens = tuple(int(word) for word in words)
        return _from_tokens(tokens, space_name)
    if "," in text and text.split(",")[0].strip(" [(").isdigit():
        wrong = next((p for p in text.split(",") if not p.strip(" []()").isdigit()), text)
        raise UsageError(f"{wrong.strip()!r} is no token; tokens are whole numbers, as in 0,1,2")
    if text.strip().startswith("stem"):
        from nasbench_mobile.networks.blockstring import parse_spec

        return NamedModel("(block string)", parse_spec(text))
    if text.strip().startswith("normal "):
        from nasbench_mobile.networks.cells import format_cells, parse_cells
        from nasbench_mobile.networks.released import NASNET_MOBILE, cell_network

        cells = parse_cells(text)
        return NamedModel(
            "(cells)", builder=cell_network(NASNET_MOBILE, cells), cells=format_cells(*cells)
        )
    from nasbench_mobile.networks.zoo import model

    card = model(text)
    return NamedModel(card.name, card.spec, card.head_grows, card.builder, card.cells)


def _from_tokens(tokens: Tokens, space_name: str | None) -> NamedModel:
    space: Any = _space_for(tokens, space_name)
    tokens, name = space.validate(tokens), f"{space.name}{list(tokens)}"
    if hasattr(space, "spec"):  # a space of chains
        return NamedModel(name, space.spec(tokens), space=space, tokens=tokens)
    return NamedModel(name, cells=space.describe(tokens), space=space, tokens=tokens)


def _space_for(tokens: Tokens, space_name: str | None) -> SearchSpace:
    from nasbench_mobile import catalog

    if space_name is not None:
        return catalog.build_space(space_name)
    spaces = [catalog.build_space(name) for name in catalog.names("space")]
    for space in spaces:
        if len(space.decisions) == len(tokens):
            return space
    known = ", ".join(f"{space.name} {len(space.decisions)}" for space in spaces)
    raise UsageError(
        f"{len(tokens)} tokens fit no search space as it comes (tokens: {known}); check their "
        "number, or name the space with --space"
    )
