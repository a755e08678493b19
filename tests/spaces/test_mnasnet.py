"""The paper's space: its sizes, its reference models, and which token lists are one network."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_mobile.catalog import default_options, recorded_options
from nasbench_mobile.errors import InvalidNetworkError, InvalidTokensError, UsageError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.blocks import build
from nasbench_mobile.networks.blockstring import parse_spec
from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.networks.graph import Pool
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.types import Tokens

SPACE = MnasNetSpace()
OPTIONS: list[dict[str, Any]] = [
    {},
    {"blocks": 5},
    {"filter_grid": "literal", "skip_pooling": "max"},
    {"width": 0.35},
    {"sharing": "layer", "blocks": 5},
    {"order": "filters,layers,op,skip,se,kernel", "conv_se": False},
]
VARIANTS = [MnasNetSpace(**options) for options in OPTIONS]
seeds = st.integers(0, 2**32)


def tokens_of(space: MnasNetSpace, seed: int) -> Tokens:
    return space.sample(np.random.default_rng(seed))


def written(*blocks: str) -> Tokens:
    """Tokens from `op kernel se skip filters layers` as labels."""
    labels = itertools.chain(*(block.split() for block in blocks))
    pairs = zip(SPACE.decisions, labels, strict=True)
    return tuple(decision.labels.index(label) for decision, label in pairs)


A1 = written(
    "sepconv 3 0 none x1 0", "mbconv6 3 0 identity x1 0", "mbconv3 5 0.25 identity x1.25 0",
    "mbconv6 3 0 identity x1.25 0", "mbconv6 3 0.25 identity x1.25 -1",
    "mbconv6 5 0.25 identity x1 0", "mbconv6 3 0 identity x1 0",
)  # fmt: skip
B1 = written(
    "sepconv 3 0 none x1 0", "mbconv3 3 0 identity x1 +1", "mbconv3 5 0 identity x1.25 0",
    "mbconv6 5 0 identity x1.25 -1", "mbconv6 3 0 identity x1 -1",
    "mbconv6 5 0 identity x1.25 +1", "mbconv6 3 0 none x1 0",
)  # fmt: skip
V2 = written("sepconv 3 0 identity x1 0", *["mbconv6 3 0 identity x1 0"] * 6)


def test_sizes() -> None:
    assert len(SPACE.decisions) == 42
    assert SPACE.size == 432**7
    assert SPACE.distinct == 431_396_604_088_418_304 == 192**2 * 336 * 432**4
    assert MnasNetSpace(blocks=5).size == 15_045_919_506_432
    assert MnasNetSpace(blocks=5, sharing="layer").size == 432**15
    assert MnasNetSpace(sharing="layer").size == 432**17


@pytest.mark.parametrize(
    ("name", "tokens", "counts"),
    [
        ("mnasnet-a1", A1, (3_887_038, 311_579_072)),
        ("mnasnet-b1", B1, (4_383_312, 314_415_872)),
        ("mobilenet-v2", V2, (3_504_872, 300_774_272)),
    ],
)
def test_reference_models(name: str, tokens: Tokens, counts: tuple[int, int]) -> None:
    decoded = SPACE.network(tokens)
    assert (parameters(decoded), multiply_adds(decoded)) == counts
    assert SPACE.encode(zoo.network(name)) == SPACE.canonical(tokens)
    spec = zoo.model(name).spec
    assert spec is not None
    assert SPACE.encode_spec(spec) == SPACE.canonical(tokens)
    if name != "mobilenet-v2":  # which has ReLU6
        assert decoded == zoo.network(name)


def test_scaled_skeleton_holds_the_scaled_reference_model() -> None:
    half = MnasNetSpace(width=0.5)
    tokens = half.encode(zoo.network("mnasnet-a1", 0.5))
    assert half.network(tokens) == zoo.network("mnasnet-a1", 0.5)
    assert SPACE.network(A1, width=0.5) == zoo.network("mnasnet-a1", 0.5)


@pytest.mark.parametrize(
    ("space", "model", "multiplier", "message"),
    [
        (MnasNetSpace(filter_grid="literal"), "mnasnet-a1", 1.0, "block 5 has 2 layers"),
        (SPACE, "mnasnet-a1", 0.5, "has stem 16"),
        (SPACE, "mnasnet-small", 1.0, "has stem 8"),
        (SPACE, "mobilenet-v1", 1.0, "5 blocks and head None"),
    ],
)
def test_what_the_space_cannot_make(
    space: MnasNetSpace, model: str, multiplier: float, message: str
) -> None:
    with pytest.raises(InvalidNetworkError, match=message):
        space.encode(zoo.network(model, multiplier))


# Coverage makes these twice as long, and what they run is measured in the other tests.
@pytest.mark.no_cover
@pytest.mark.parametrize("block", range(7))
def test_canonical_tokens_are_equal_exactly_where_graphs_are(block: int) -> None:
    """All 432 lists of one block, between fixed neighbours."""
    assert_canonical_means_graph(SPACE, A1, block)


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("options", "block"),
    [
        # Filters round together (all of 12, 16, 20 to 8), and with 24 before it block 5 can skip.
        ({"width": 0.35}, 0),
        ({"width": 0.35}, 4),
        ({"conv_se": False}, 2),
        # Stride 1 after a layer of the same choices: single layers that can skip.
        ({"sharing": "layer", "blocks": 5}, 1),
    ],
)
def test_canonical_tokens_where_blocks_meet(options: dict[str, Any], block: int) -> None:
    space = MnasNetSpace(**options)
    for filters in range(3):
        around = [1, 0, 0, 2, filters, 1] * (len(space.decisions) // 6)
        assert_canonical_means_graph(space, tuple(around), block)


def assert_canonical_means_graph(space: MnasNetSpace, around: Tokens, block: int) -> None:
    graphs, canonical = defaultdict(set), defaultdict(set)
    for own in itertools.product(*(range(d.cardinality) for d in space.decisions[:6])):
        tokens = (*around[: 6 * block], *own, *around[6 * (block + 1) :])
        key = space.canonical(tokens)
        graph = space.network(tokens, input_size=32, classes=1)
        graphs[key].add(graph)
        canonical[graph].add(key)
    assert {len(found) for found in graphs.values()} == {1}
    assert {len(found) for found in canonical.values()} == {1}


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(VARIANTS), seeds)
def test_lists_that_are_one_architecture_are_one_network_at_every_width(
    space: MnasNetSpace, seed: int
) -> None:
    tokens = tokens_of(space, seed)
    canonical = space.canonical(tokens)
    assert space.canonical(canonical) == canonical
    for width in (1.0, 0.35):
        one, other = (space.network(t, width=width, input_size=64) for t in (tokens, canonical))
        assert one == other


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(VARIANTS), seeds, seeds)
def test_neighbours_are_one_network_exactly_where_canonical_tokens_are_equal(
    space: MnasNetSpace, seed: int, pick: int
) -> None:
    tokens = tokens_of(space, seed)
    neighbours = list(space.neighbours(tokens))
    other = neighbours[pick % len(neighbours)]
    same = space.network(tokens, input_size=32) == space.network(other, input_size=32)
    assert same == (space.canonical(tokens) == space.canonical(other))


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(VARIANTS), seeds)
def test_encode_is_the_way_back(space: MnasNetSpace, seed: int) -> None:
    tokens = tokens_of(space, seed)
    canonical = space.canonical(tokens)
    assert space.encode(space.network(tokens, input_size=64, classes=10)) == canonical
    assert space.encode_spec(space.spec(tokens)) == canonical


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(VARIANTS), seeds)
def test_block_string_reads_back_to_the_same_network(space: MnasNetSpace, seed: int) -> None:
    tokens = tokens_of(space, seed)
    spec = parse_spec(space.describe(tokens))
    assert spec == space.spec(tokens)
    assert build(spec, 64, 10) == space.network(tokens, input_size=64, classes=10)


def test_distinct_counts_blocks_in_every_combination() -> None:
    """By the counting of lists that are their own canonical form, on a sample."""
    space = MnasNetSpace(width=0.35)
    rng, count = np.random.default_rng(0), 4000
    found = sum(space.canonical(t) == t for t in (space.sample(rng) for _ in range(count)))
    expected = space.distinct / space.size
    assert abs(found / count - expected) < 4 * np.sqrt(expected / count)


def test_options() -> None:
    assert SPACE.options == {}
    for options, space in zip(OPTIONS, VARIANTS, strict=True):
        recorded = json.loads(json.dumps(space.options))
        assert recorded == recorded_options("mnasnet", options)
        assert MnasNetSpace(**recorded).options == space.options


def test_the_old_name_of_the_width_is_taken() -> None:
    assert MnasNetSpace(depth_multiplier=0.5).spec(A1) == MnasNetSpace(width=0.5).spec(A1)
    assert "depth_multiplier" not in (default_options(MnasNetSpace) or {})
    with pytest.raises(UsageError, match="depth_multiplier, its old name; give width"):
        MnasNetSpace(width=0.5, depth_multiplier=0.5)


def test_order_moves_tokens_and_nothing_else() -> None:
    turned = MnasNetSpace(order="layers,filters,skip,se,kernel,op")
    tokens = tuple(itertools.chain(*(A1[i : i + 6][::-1] for i in range(0, 42, 6))))
    assert turned.network(tokens) == SPACE.network(A1)
    assert turned.distinct == SPACE.distinct
    assert turned.decisions[0].name == "block1/layers"


def test_skip_pooling_is_the_pool_in_the_graph() -> None:
    tokens = written(*["conv 3 0 pooling x1 +1"] * 7)
    for option in ("average", "max"):
        network = MnasNetSpace(skip_pooling=option).network(tokens)
        assert {n.operation.kind for n in network if isinstance(n.operation, Pool)} == {option}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"blocks": 6}, "blocks is 6"),
        ({"filter_grid": "fine"}, "filter_grid is 'fine'"),
        ({"sharing": "cell"}, "sharing is 'cell'"),
        ({"skip_pooling": "sum"}, "skip_pooling is 'sum'"),
        ({"order": "op,kernel"}, "order is 'op,kernel'"),
        ({"width": 0}, "width multiplier is 0"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        MnasNetSpace(**options)


def test_bad_tokens() -> None:
    message = "token 3 is 7, but space 'mnasnet' allows 0..2 there; was it encoded by another space"
    with pytest.raises(InvalidTokensError, match=message):
        SPACE.network((*A1[:3], 7, *A1[4:]))


def test_decisions_say_what_is_ordered() -> None:
    ordered = {d.name.split("/")[1] for d in SPACE.decisions if d.ordered}
    assert ordered == {"kernel", "se", "filters", "layers"}
    assert SPACE.decisions[0].labels == ("conv", "sepconv", "mbconv3", "mbconv6")
    assert SPACE.decisions[41].name == "block7/layers"
