"""Block strings read back, and say which word is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.blocks import BlockSpec, MobileSpec
from nasbench_mobile.networks.blockstring import format_block, format_spec, parse_block, parse_spec

ops = st.one_of(
    st.tuples(st.sampled_from(["conv", "sepconv", "dsconv"]), st.just(1)),
    st.tuples(st.just("mbconv"), st.integers(2, 9)),
)
ratios = st.one_of(st.just(0.0), st.floats(0, 1e20).map(abs))
blocks = st.builds(
    lambda op, **rest: BlockSpec(op[0], expansion=op[1], **rest),
    op=ops, kernel=st.integers(1, 11), stride=st.integers(1, 3), filters=st.integers(1, 2000),
    se=ratios, skip=st.sampled_from(["none", "identity", "avgpool", "maxpool"]),
    layers=st.integers(1, 9),
)  # fmt: skip
specs = st.builds(
    MobileSpec,
    stem=st.integers(1, 99),
    blocks=st.lists(blocks, min_size=1, max_size=8).map(tuple),
    head=st.one_of(st.none(), st.integers(1, 3000)),
    dropout=st.floats(0, 1, exclude_max=True).map(abs),
    activation=st.sampled_from(["relu", "relu6"]),
)


@settings(deadline=None)
@given(specs)
def test_every_spec_reads_back(spec: MobileSpec) -> None:
    assert parse_spec(format_spec(spec)) == spec


@pytest.mark.parametrize("name", zoo.CHAINS)
def test_reference_models_read_back(name: str) -> None:
    spec = zoo.model(name).scaled(0.75)
    assert parse_spec(format_spec(spec)) == spec


def test_a_block_as_people_read_it() -> None:
    block = BlockSpec("mbconv", 5, 2, 40, expansion=3, se=0.25, skip="identity", layers=3)
    assert format_block(block) == "mbconv_r3_k5_s2_e3_o40_se0.25_identity"


@pytest.mark.parametrize(
    "word",
    [
        "mbconw_r3_k5_s2_e3_o40_identity",
        "mbconv_r3_k5_s2_e3_o40_se0.25_identity_x2",
        "mbconv_r3_k5_s2_e3_o40_se0.25_idskip",
        "mbconv_r3_k5_s2_e3_o40",
        "mbconv_r3_k5_s2_e3_o40_se0.25",
        "mbconv_k5_r3_s2_e3_o40_identity",
        "mbconv_r3_k5_s2_e3_o40_se-1_identity",
        "mbconv_r0_k5_s2_e3_o40_identity",
        "mbconv_r3_k5_s2_e1_o40_identity",
        "mbconv_r3_k5_s22_e3_o40_swish_identity",
        "",
    ],
)
def test_a_word_that_is_no_block_is_named(word: str) -> None:
    with pytest.raises(InvalidNetworkError) as raised:
        parse_block(word)
    assert repr(word) in str(raised.value)


def test_the_wrong_part_of_a_word_is_named() -> None:
    with pytest.raises(InvalidNetworkError, match="'swish' does not belong there"):
        parse_block("mbconv_r3_k5_s2_e3_o40_swish_identity")
    with pytest.raises(InvalidNetworkError, match="its skip is missing"):
        parse_block("mbconv_r3_k5_s2_e3_o40_se0.25")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stem32 head1280", "has 2 words"),
        ("32 conv_r1_k3_s1_e1_o8_noskip head8 dropout0 relu", "'32' stands where .* its stem"),
        ("stem32 conv_r1_k3_s1_e1_o8_noskip head dropout0 relu", "'head' stands"),
        ("stem32 conv_r1_k3_s1_e1_o8_noskip head8 dropout relu", "'dropout' stands"),
        ("stem32 conv_r1_k3_s1_e1_o8_noskip head8 dropout0 swish", "'swish' stands"),
        ("stem32 conv_r1_k3_s1_e1_o8_noskip what head8 dropout0 relu", "'what' is no block"),
    ],
)
def test_the_wrong_word_of_a_string_is_named(text: str, message: str) -> None:
    with pytest.raises(InvalidNetworkError, match=message):
        parse_spec(text)
