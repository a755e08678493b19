"""The laws of `SearchSpace` and `Segmented`, on every space."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_mobile.errors import InvalidTokensError
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.protocols import SearchSpace, Segmented
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace

Space = MnasNetSpace | MnasNetAnbSpace
SPACES: list[Space] = [
    MnasNetAnbSpace(),
    MnasNetAnbSpace(se="off"),
    MnasNetSpace(),
    MnasNetSpace(width=0.35, order="layers,filters,op,skip,se,kernel"),
    MnasNetSpace(blocks=5, sharing="layer"),
]
seeds = st.integers(0, 2**32)
spaces = pytest.mark.parametrize("space", SPACES)


def layers_of(network: Network, segment: str) -> list[tuple[Any, ...]]:
    return [
        (node.name, node.operation, node.input_shapes, node.shape)
        for node in network
        if node.name.startswith(f"{segment}/")
    ]


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(SPACES), seeds, st.data())
def test_a_segment_is_decided_by_its_tokens(space: Space, seed: int, data: st.DataObject) -> None:
    rng = np.random.default_rng(seed)
    one, other = space.sample(rng), space.sample(rng)
    segment, positions = data.draw(st.sampled_from(space.segments))
    mixed = tuple(one[i] if i in positions else other[i] for i in range(len(one)))
    networks = [space.network(tokens, input_size=64) for tokens in (one, mixed)]
    assert layers_of(networks[0], segment) == layers_of(networks[1], segment) != []


@spaces
def test_layers_outside_every_segment_are_the_same_for_all_tokens(space: Space) -> None:
    rng = np.random.default_rng(0)
    named = {segment for segment, _ in space.segments}
    found = []
    for _ in range(5):
        network = space.network(space.sample(rng))
        rest = sorted({node.name.split("/")[0] for node in network} - named)
        found.append([layers_of(network, segment) for segment in rest])
    assert found[0]
    assert all(layers == found[0] for layers in found)


@spaces
def test_protocols(space: Space) -> None:
    as_space: SearchSpace = space
    assert isinstance(space, Segmented)
    assert as_space.size == np.prod([d.cardinality for d in space.decisions], dtype=object)
    assert as_space.options == type(space)(**as_space.options).options
    assert 0 < as_space.distinct <= as_space.size
    names = [decision.name for decision in space.decisions]
    assert len(set(names)) == len(names)
    assert all(decision.labels for decision in space.decisions)


@spaces
def test_neighbours_are_all_that_differ_once(space: Space) -> None:
    tokens = space.sample(np.random.default_rng(1))
    neighbours = list(space.neighbours(tokens))
    assert len(set(neighbours)) == len(neighbours)
    assert len(neighbours) == sum(d.cardinality - 1 for d in space.decisions)
    for other in neighbours:
        assert space.validate(other) == other
        assert sum(a != b for a, b in zip(tokens, other, strict=True)) == 1


@spaces
def test_samples_are_uniform_and_repeat_with_their_seed(space: Space) -> None:
    rng, again = np.random.default_rng(2), np.random.default_rng(2)
    samples = [space.sample(rng) for _ in range(3000)]
    assert samples[:20] == [space.sample(again) for _ in range(20)]
    for decision, column in zip(space.decisions, zip(*samples, strict=True), strict=True):
        shares = np.bincount(column, minlength=decision.cardinality) / len(samples)
        # 6 standard deviations of a share: one fails by chance about once in 10^7 tests.
        assert np.abs(shares - 1 / decision.cardinality).max() < 6 * np.sqrt(0.25 / len(samples))


@spaces
@pytest.mark.parametrize("kind", [list, np.array, tuple])
def test_any_sequence_of_ints_validates_to_a_tuple(space: Space, kind: Any) -> None:
    tokens = space.sample(np.random.default_rng(3))
    valid = space.validate(kind(tokens))
    assert valid == tokens
    assert all(type(token) is int for token in valid)


@spaces
@pytest.mark.parametrize(
    ("position", "value", "message"),
    [
        (None, None, "decisions; was it encoded by another space"),
        (5, -1, "token 5 is -1, but space .* allows 0..1 there"),
        (0, 99, "token 0 is 99, but space .* allows 0.."),
        (0, 0.5, "needs a sequence of ints"),
        (0, "0", "needs a sequence of ints"),
    ],
)
def test_bad_tokens_are_named(space: Space, position: int | None, value: Any, message: str) -> None:
    tokens: list[Any] = [0] * len(space.decisions)
    if position is None:
        tokens.pop()
    else:
        tokens[position] = value
    if value == -1:
        message = message.replace("0..1", rf"0..{space.decisions[5].cardinality - 1}")
    for method in (space.validate, space.canonical, space.network, space.describe):
        with pytest.raises(InvalidTokensError, match=message):
            method(tokens)  # type: ignore[arg-type]
