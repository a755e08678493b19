from __future__ import annotations

import itertools

import numpy as np
import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import InvalidNetworkError, InvalidTokensError
from nasbench_mobile.networks.blocks import expand_block
from nasbench_mobile.networks.zoo import model, network
from nasbench_mobile.protocols import Embedded, SearchSpace
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.mnasnet_coarse import MnasNetCoarseSpace

SPACE = MnasNetCoarseSpace()
EVERY = list(itertools.product(*(range(d.cardinality) for d in SPACE.decisions)))


def test_all_networks_are_distinct_ones_of_the_parent() -> None:
    space: SearchSpace = SPACE
    assert isinstance(space, Embedded)
    assert space.size == space.distinct == len(EVERY) == 108
    embedded = {SPACE.embed(tokens) for tokens in EVERY}
    assert len(embedded) == 108
    assert all(SPACE.parent.canonical(tokens) == tokens for tokens in embedded)


@pytest.mark.parametrize("tokens", EVERY[::17])
def test_networks_are_the_parents(tokens: tuple[int, ...]) -> None:
    found = SPACE.network(tokens, width=0.35, input_size=64, classes=10)
    parent = SPACE.parent.network(SPACE.embed(tokens), width=0.35, input_size=64, classes=10)
    assert found == parent
    assert SPACE.encode(SPACE.network(tokens)) == tokens
    assert SPACE.describe(tokens) == SPACE.parent.describe(SPACE.embed(tokens))


def test_only_five_decisions_differ_from_mnasnet_a1() -> None:
    a1 = model("mnasnet-a1").spec
    assert a1 is not None
    spec = SPACE.spec((2, 2, 0, 1, 1))  # MBConv6, 3x3, with skips, A1's layers
    assert spec.blocks[0] == a1.blocks[0]
    assert [b.filters for b in spec.blocks] == [b.filters for b in a1.blocks]
    assert [b.layers for b in spec.blocks] == [1, 2, 3, 4, 3, 3, 1]  # A1's fifth has 2
    assert {(b.expansion, b.kernel) for b in spec.blocks[1:]} == {(6, 3)}
    assert [b.se for b in spec.blocks] == [b.se for b in a1.blocks]
    assert SPACE.spec((0, 1, 0, 0, 1)).blocks[1].op == "conv"
    first = expand_block(spec.blocks[1], 16)
    assert first == expand_block(a1.blocks[1], 16)


def test_a_network_that_is_not_one_of_them_is_refused() -> None:
    with pytest.raises(InvalidNetworkError, match="none of the 108"):
        SPACE.encode(network("mnasnet-a1"))
    with pytest.raises(InvalidTokensError, match="token 2 is 2"):
        SPACE.embed((0, 0, 2, 0, 0))


def test_the_home_of_an_architecture() -> None:
    tokens = SPACE.sample(np.random.default_rng(0))
    home = Architecture(SPACE, tokens).home
    assert (home.space, home.tokens) == (SPACE.parent, SPACE.embed(tokens))
    assert home.network() == SPACE.network(tokens)
    space = MnasNetSpace()
    other = space.sample(np.random.default_rng(0))
    assert Architecture(space, other).home == Architecture(space, space.canonical(other))
