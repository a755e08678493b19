"""What a command is told to look at: a model's name, tokens of a space, or a block string."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from nasbench_mobile.errors import UsageError
from nasbench_mobile.networks.blocks import MobileSpec, build, scale
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.types import Tokens


@dataclass(frozen=True)
class Subject:
    """A network to describe. `space` and `tokens` are None where it was not given by tokens."""

    name: str
    spec: MobileSpec
    head_grows: bool = False
    space: SearchSpace | None = None
    tokens: Tokens | None = None

    def scaled(self, depth_multiplier: float) -> MobileSpec:
        return scale(self.spec, depth_multiplier, head_grows=self.head_grows)

    def network(self, depth_multiplier: float, input_size: int, classes: int) -> Network:
        return build(self.scaled(depth_multiplier), input_size, classes)


def parse_subject(text: str, space_name: str | None) -> Subject:
    """A reference model's name, tokens (`0,1,2` or `[0, 1, 2]`) or a block string."""
    if re.fullmatch(r"[\[(]?\s*\d+([\s,]+\d+)*\s*[\])]?", text.strip()):
        tokens = tuple(int(number) for number in re.findall(r"\d+", text))
        return _from_tokens(tokens, space_name)
    if text.strip().startswith("stem"):
        from nasbench_mobile.networks.blockstring import parse_spec

        return Subject("(block string)", parse_spec(text))
    from nasbench_mobile.networks.zoo import model

    card = model(text)
    return Subject(card.name, card.spec, card.head_grows)


def _from_tokens(tokens: Tokens, space_name: str | None) -> Subject:
    space: Any = _space_for(tokens, space_name)
    tokens = space.validate(tokens)
    return Subject(f"{space.name}{list(tokens)}", space.spec(tokens), space=space, tokens=tokens)


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
