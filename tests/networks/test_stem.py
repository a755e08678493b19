import pytest

from nasbench_mobile.errors import InvalidNetworkError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.graph import IMAGE, Conv, Dense, GlobalPool, NetworkBuilder
from nasbench_mobile.networks.stem import final_side, stem_stride, with_stem_stride


def test_stem_stride_alone_changes() -> None:
    network = zoo.network("mnasnet-a1", input_size=32, classes=10)
    other = with_stem_stride(network, 1)
    assert with_stem_stride(other, 2) == network
    assert [node.name for node in other] == [node.name for node in network]
    changed = [a.name for a, b in zip(network, other, strict=True) if a.operation != b.operation]
    assert changed == [network.nodes[0].name]
    before_pool = other.nodes[-4].input_shapes[0]
    assert before_pool[1:] == (2, 2)  # 32 pixels, halved four times by the blocks
    assert other.output_shape == (10, 1, 1)


def test_nonsense_is_refused() -> None:
    for stride in (0, 225, 2_200_000_000):
        with pytest.raises(InvalidNetworkError, match=f"stride is {stride}; .* from 1 to 224"):
            with_stem_stride(zoo.network("mnasnet-a1"), stride)
    coarsest = with_stem_stride(zoo.network("mnasnet-a1"), 224)
    assert coarsest.nodes[0].shape[1:] == (1, 1)
    builder = NetworkBuilder((3, 8, 8))
    builder.add("pool", GlobalPool(), IMAGE)
    with pytest.raises(InvalidNetworkError, match="no convolution"):
        with_stem_stride(builder.build(), 1)


@pytest.mark.parametrize(("name", "size", "side"), [("mnasnet-a1", 32, 1), ("mnasnet-a1", 224, 7)])
def test_side_of_the_last_feature_map(name: str, size: int, side: int) -> None:
    network = zoo.network(name, input_size=size)
    assert final_side(network) == side
    assert final_side(with_stem_stride(network, 1)) == 2 * side


def test_no_side_without_a_pooling() -> None:
    builder = NetworkBuilder((3, 8, 8))
    builder.add("dense", Dense(2), IMAGE)
    assert final_side(builder.build()) is None


def test_the_stems_stride_is_read_from_the_network() -> None:
    network = zoo.network("mnasnet-a1")
    assert [stem_stride(with_stem_stride(network, stride)) for stride in (1, 2, 3)] == [1, 2, 3]
    assert stem_stride(network) == 2
    builder = NetworkBuilder((3, 8, 8))
    one = builder.add("one", Conv(4, stride=(1, 2)), IMAGE)
    builder.add("dense", Dense(2), one)
    assert stem_stride(builder.build()) is None
