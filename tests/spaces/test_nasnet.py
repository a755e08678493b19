"""NASNet's cell space: its sizes, NASNet-A in it, and which token lists are one network."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_mobile.errors import InvalidNetworkError, UsageError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.cells import parse_cell, parse_cells
from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.networks.released import NASNET_A
from nasbench_mobile.spaces import _cell_code
from nasbench_mobile.spaces._cell_code import CellCode
from nasbench_mobile.spaces.nasnet import NasNetSpace
from nasbench_mobile.types import Tokens

SPACE = NasNetSpace()
SMALL = NasNetSpace(repeats=1)
UNREAD = NasNetSpace(repeats=1, outputs="unread")
seeds = st.integers(0, 2**32)
A: Tokens = (
    0, 1, 11, 10, 0, 1, 1, 10, 11, 0, 0, 1, 4, 0, 0, 1, 1, 4, 4, 0, 0, 0, 0, 10, 0,
    0, 1, 11, 12, 0, 0, 1, 5, 12, 0, 0, 1, 4, 11, 0, 2, 3, 4, 0, 0, 0, 2, 5, 10, 0,
)  # fmt: skip


def sampled(seed: int) -> Tokens:
    return SMALL.sample(np.random.default_rng(seed))


def changed(tokens: Tokens, **values: int) -> Tokens:
    names = [decision.name for decision in SMALL.decisions]
    found = list(tokens)
    for name, value in values.items():
        found[names.index(name.replace("__", "/"))] = value
    return tuple(found)


def test_sizes() -> None:
    assert len(SPACE.decisions) == 50
    # Facts: input choices 2, 3, 4, 5, 6 wide, 13 ops, 2 combinations; about 10^36.7 for both.
    assert SPACE.size == ((2 * 3 * 4 * 5 * 6) ** 2 * 13**10 * 2**5) ** 2
    assert round(np.log10(float(SPACE.size)), 1) == 36.7
    assert SPACE.distinct == 130_479_097_895_070_883_141_382_491_387_920_396


def test_nasnet_a_is_in_the_space() -> None:
    assert SPACE.encode_cells(*NASNET_A) == A == SPACE.encode(zoo.network("nasnet-a"))
    network = SPACE.network(A)
    assert network == zoo.network("nasnet-a")
    assert (parameters(network), multiply_adds(network)) == (5_289_978, 563_638_816)
    assert parse_cells(SPACE.describe(A)) == NASNET_A


def test_other_released_cells_are_not() -> None:
    cells = zoo.model("amoebanet-a").cells
    assert cells is not None
    normal, reduction = parse_cells(cells)
    with pytest.raises(InvalidNetworkError, match=r"reduction cell joins .*\(2, 3, 4, 5, 6\)"):
        SPACE.encode_cells(normal, reduction)
    # AmoebaNet-A's normal cell joins the cell before the last as NASNet-A's does.
    assert len(SPACE.encode_cells(normal, NASNET_A[1])) == 50
    for name in ("amoebanet-a", "pnasnet", "darts", "mnasnet-a1"):
        with pytest.raises(InvalidNetworkError, match="none of space 'nasnet'"):
            SPACE.encode(zoo.network(name))
    with pytest.raises(InvalidNetworkError, match="cells here have 5 blocks"):
        SPACE.encode_cells(parse_cell("sep3(0)+sep3(1) join(2)"), NASNET_A[1])


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_describing_and_encoding_lead_back(seed: int) -> None:
    tokens = sampled(seed)
    canonical = SMALL.canonical(tokens)
    assert SMALL.encode_cells(*parse_cells(SMALL.describe(tokens))) == canonical
    assert SMALL.encode(SMALL.network(tokens, input_size=32, classes=3)) == canonical


@settings(deadline=None, max_examples=25)
@given(seeds, st.integers(0, 9))
def test_the_terms_of_a_sum_may_change_places_those_of_a_concatenation_not(
    seed: int, block: int
) -> None:
    at = 5 * block
    for combination in (0, 1):
        one = (*sampled(seed)[: at + 4], combination, *sampled(seed)[at + 5 :])
        swapped = list(one)
        swapped[at : at + 4] = [one[at + 1], one[at], one[at + 3], one[at + 2]]
        other = tuple(swapped)
        alike = SMALL.network(one, input_size=32) == SMALL.network(other, input_size=32)
        assert alike == (SMALL.canonical(one) == SMALL.canonical(other))
        # Identity is a 1x1 convolution where the shapes ask for one, as the operation of that name.
        first, second = (
            SMALL.network((*one[:at], a, a, op, op, *one[at + 4 :]), input_size=32)
            for a, op in ((one[at], one[at + 2]), (one[at + 1], one[at + 3]))
        )
        assert alike == (combination == 0 or first == second)


@pytest.mark.parametrize(
    ("values", "alike"),
    [
        # In the reduction cell an identity on an input must stride; on a block it need not.
        ({"reduction__block1__left__input": 1, "reduction__block1__left__op": 0}, True),
        ({"normal__block1__left__input": 1, "normal__block1__left__op": 0}, False),
        ({"normal__block2__left__input": 2, "normal__block2__left__op": 0}, False),
        # What reads a concatenation must fit its channels.
        (
            {
                "normal__block1__combination": 1,
                "normal__block2__left__input": 2,
                "normal__block2__left__op": 0,
            },
            True,
        ),
    ],
)
def test_identity_and_1x1_convolution(values: dict[str, int], alike: bool) -> None:
    identity = changed(sampled(1), **values)
    name = next(name for name in values if name.endswith("op"))
    convolution = changed(identity, **{name: 8})
    assert (SMALL.canonical(identity) == SMALL.canonical(convolution)) == alike
    networks = [SMALL.network(tokens, input_size=32) for tokens in (identity, convolution)]
    assert (networks[0] == networks[1]) == alike


@pytest.mark.parametrize("reduces", [False, True])
def test_distinct_counts_canonical_lists(reduces: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    # The count's recursion, checked by listing every cell of 2 blocks and 3 operations.
    monkeypatch.setattr(_cell_code, "OPS", ("id", "conv1", "sep3"))
    monkeypatch.setattr(_cell_code, "_CONV1", 1)
    monkeypatch.setattr(_cell_code, "BLOCKS", 2)
    code = CellCode("cell", reduces)
    ranges = [range(decision.cardinality) for decision in code.decisions()]
    assert len({code.canonical(t) for t in itertools.product(*ranges)}) == code.distinct


def test_outputs_join_what_nothing_reads() -> None:
    normal, reduction = UNREAD.cells(A)
    assert (normal.joined, reduction.joined) == ((2, 3, 4, 5, 6), (4, 5, 6))
    # Every block reads state 1 alone: then state 0 is joined, and no cell of the chain is lost.
    lonely = tuple(
        min(1, decision.cardinality - 1) if decision.name.endswith("input") else 0
        for decision in UNREAD.decisions
    )
    assert UNREAD.cells(lonely)[0].joined == (0, 2, 3, 4, 5, 6)
    network = UNREAD.network(lonely, input_size=64)
    read = {position for node in network for position in node.inputs}
    assert set(range(len(network.nodes) - 1)) <= read


@settings(deadline=None, max_examples=20)
@given(seeds, st.sampled_from([SMALL, UNREAD, NasNetSpace(repeats=2, bottleneck=True)]))
def test_every_layer_is_read(seed: int, space: NasNetSpace) -> None:
    network = space.network(space.sample(np.random.default_rng(seed)), input_size=33, classes=5)
    read = {position for node in network for position in node.inputs}
    assert set(range(len(network.nodes) - 1)) <= read
    assert network.output_shape == (5, 1, 1)


@pytest.mark.parametrize("width", [0.2, 0.5, 1.4])
def test_widths(width: float) -> None:
    network = SMALL.network(A, width=width, input_size=64)
    assert network.output_shape == (1000, 1, 1)
    assert (parameters(network) > parameters(SMALL.network(A, input_size=64))) == (width > 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outputs": "all"}, "outputs is 'all'"),
        ({"filters": 4}, "has 4 filters"),
        ({"repeats": 0}, "0 cells a stack"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        NasNetSpace(**options)


def test_options_are_those_that_differ() -> None:
    assert SPACE.options == {}
    assert UNREAD.options == {"repeats": 1, "outputs": "unread"}
