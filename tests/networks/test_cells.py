"""Cells: their notation, and how NASNet's and DARTS' networks are written from them."""

from __future__ import annotations

import pytest

from nasbench_mobile.errors import InvalidNetworkError, UsageError
from nasbench_mobile.networks.cells import Cell, format_cells, parse_cell, parse_cells
from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.networks.darts import build_darts
from nasbench_mobile.networks.graph import Add, Conv, Network, Node
from nasbench_mobile.networks.nasnet import CellFrame, build_cells
from nasbench_mobile.networks.released import NASNET_A, NASNET_MOBILE

SMALL = CellFrame(filters=8, repeats=1, stem=8)


def built(normal: str, reduction: str = "sep3(0)+max3(1) join(2)", **frame: bool) -> Network:
    cells = parse_cell(normal), parse_cell(reduction)
    return build_cells(CellFrame(8, 1, 8, **frame), *cells, 64, 10)


def node(network: Network, name: str) -> Node:
    return next(node for node in network if node.name == name)


@pytest.mark.parametrize("cell", NASNET_A)
def test_a_cell_reads_back(cell: Cell) -> None:
    assert parse_cell(str(cell)) == cell
    assert parse_cells(format_cells(*NASNET_A)) == NASNET_A


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' stands where a cell says what it joins"),
        ("sep5(0)+sep3(1)", "'sep5\\(0\\)\\+sep3\\(1\\)' stands where a cell says what it joins"),
        ("sep5(0)-sep3(1) join(2)", "'sep5\\(0\\)-sep3\\(1\\)' is no block"),
        ("sep9(0)+sep3(1) join(2)", "unknown cell operation 'sep9'"),
        ("sep5(0)+sep3(2) join(2)", "block 1 of a cell reads state 2"),
        ("sep5(0)+sep3(1) join(3)", "joins states \\(3,\\)"),
        ("sep5(0)+sep3(1) join(2,1)", "joins states \\(2, 1\\)"),
    ],
)
def test_a_wrong_cell_is_named(text: str, message: str) -> None:
    with pytest.raises(InvalidNetworkError, match=message):
        parse_cell(text)


def test_both_cells_are_needed() -> None:
    with pytest.raises(InvalidNetworkError, match="is not 'normal"):
        parse_cells("normal sep5(0)+sep3(1) join(2)")


def test_the_frame_of_nasnet_a() -> None:
    network = build_cells(NASNET_MOBILE, *NASNET_A)
    segments = list(dict.fromkeys(node.name.split("/")[0] for node in network))
    normal = [f"cell{number}" for number in range(1, 13)]
    assert segments == [
        "stem", "stemcell1", "stemcell2", *normal[:4], "reduction1", *normal[4:8], "reduction2",
        *normal[8:], "head",
    ]  # fmt: skip
    shapes = {name: node(network, f"{name}/output").shape for name in segments[1:-1]}
    # Normal cells join 6 states, reduction cells 4 (research/slim/nets/nasnet).
    assert shapes["stemcell1"] == (44, 56, 56)
    assert shapes["stemcell2"] == (88, 28, 28)
    assert shapes["cell1"] == shapes["cell4"] == (264, 28, 28)
    assert shapes["reduction1"] == (352, 14, 14)
    assert shapes["cell12"] == (1056, 7, 7)


def test_stride_2_is_for_the_first_two_states() -> None:
    network = built("sep3(0)+id(1) join(2)", "sep5(0)+conv3(1) avg3(2)+id(0) join(3)")
    strides = {
        name: node(network, f"reduction1/{name}").operation.stride  # type: ignore[union-attr]
        for name in (
            "block1/left/sep5/1/depthwise", "block1/left/sep5/2/depthwise",
            "block1/right/conv3/conv", "block2/left/avg3/pool", "block2/right/conv1/conv",
        )
    }  # fmt: skip
    assert list(strides.values()) == [2, 1, 2, 1, 2]


def test_an_identity_that_fits_adds_nothing() -> None:
    network = built("id(0)+id(0) id(1)+conv1(2) join(2,3)")
    places = {node.name: place for place, node in enumerate(network)}
    both = network.nodes[places["cell1/block1/add"]]
    assert both.inputs == (places["cell1/input/bn"],) * 2
    assert isinstance(both.operation, Add)


def test_a_concatenation_has_twice_the_filters_and_is_fitted_where_it_is_read() -> None:
    network = built("sep3(0)|max3(1) id(2)+avg3(2) join(2,3)")
    assert node(network, "cell1/block1/concat").shape[0] == 16
    assert node(network, "cell1/block2/left/conv1/conv").shape[0] == 8
    assert node(network, "cell1/block2/right/avg3/conv").input_shapes[0][0] == 16
    assert node(network, "cell1/output").shape[0] == 24


def test_pairs_of_convolutions_stride_along_their_length() -> None:
    network = built("id(0)+id(1) join(2)", "conv1x7(0)+conv1x3(1) join(2)")
    pairs = [
        (conv.kernel, conv.stride)
        for n in network
        if n.name.startswith("reduction1/block1") and isinstance(conv := n.operation, Conv)
    ]
    assert pairs == [((1, 7), (1, 2)), ((7, 1), (2, 1)), ((1, 3), (1, 2)), ((3, 1), (2, 1))]
    assert node(network, "reduction1/block1/left/conv1x7/1/conv").shape == (16, 8, 4)
    assert node(network, "reduction1/block1/add").shape == (16, 4, 4)


def test_bottlenecks_are_around_wide_convolutions_alone() -> None:
    plain = built("conv3(0)+conv1(1) join(2)", "conv1x3(0)+dil3(1) join(2)")
    narrow = built("conv3(0)+conv1(1) join(2)", "conv1x3(0)+dil3(1) join(2)", bottleneck=True)
    assert parameters(narrow) < parameters(plain)
    assert node(narrow, "reduction1/block1/left/conv1x3/pre/conv").shape[0] == 6  # 3/8 of 16
    assert node(narrow, "reduction1/block1/right/dil3/conv").shape[0] == 4
    assert node(narrow, "cell1/block1/left/conv3/post/conv").shape[0] == 8
    assert not [n for n in narrow if n.name.startswith("cell1/block1/right/conv3")]


def test_an_input_of_another_size_is_halved_into_the_output() -> None:
    network = built("sep3(0)+id(1) join(2)", "sep3(0)+sep3(0) join(1,2)")
    halves = [node(network, f"reduction1/output/1/{half}") for half in ("even", "odd")]
    assert [half.shape for half in halves] == [(8, 4, 4), (8, 4, 4)]
    assert node(network, "reduction1/output").shape == (32, 4, 4)
    assert not [n for n in network if n.name.startswith("cell1/output/")]


def test_an_odd_number_of_filters_is_halved_too() -> None:
    frame = CellFrame(filters=10, repeats=1, stem=8)  # stem cells of 2 and 5 filters
    network = build_cells(frame, *NASNET_A, 64, 10)
    halves = [node(network, f"stemcell2/before/{half}").shape[0] for half in ("even", "odd")]
    assert halves == [2, 3]


def test_what_cannot_be_built_is_refused() -> None:
    with pytest.raises(InvalidNetworkError, match="'dilsep3' is none of NASNet's"):
        built("dilsep3(0)+id(1) join(2)")
    with pytest.raises(InvalidNetworkError, match="at least 8, 1 and one normal cell"):
        CellFrame(filters=4, repeats=1)
    with pytest.raises(UsageError, match="width multiplier is -1"):
        SMALL.widened(-1.0)
    cell = parse_cell("conv3(0)+id(1) join(2)")
    with pytest.raises(InvalidNetworkError, match="'conv3' is none of DARTS'"):
        build_darts(cell, cell, input_size=64)
    cell = parse_cell("sep3(0)|id(1) join(2)")
    with pytest.raises(InvalidNetworkError, match="DARTS' blocks only add"):
        build_darts(cell, cell, input_size=64)


def test_darts_first_order_genotype() -> None:
    # The numbers in the finding on the zoo's card (quark0/darts, DARTS_V1; its state 0 is our 1).
    normal = parse_cell("sep3(0)+sep3(1) id(1)+sep3(0) id(1)+sep3(0) sep3(1)+id(2) join(2,3,4,5)")
    reduction = parse_cell(
        "max3(1)+max3(0) id(2)+max3(1) max3(1)+id(2) id(2)+avg3(1) join(2,3,4,5)"
    )
    network = build_darts(normal, reduction)
    assert (parameters(network), multiply_adds(network)) == (4_510_432, 505_864_704)
