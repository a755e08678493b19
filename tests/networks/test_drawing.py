from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

from nasbench_mobile.networks.blocks import BlockSpec, MobileSpec
from nasbench_mobile.networks.drawing import architecture_svg
from nasbench_mobile.spaces import MnasNetSpace, NasNetSpace
from nasbench_mobile.studies.descriptions import drawer

SPACE = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SPACE}text")]


def test_a_drawing_says_types_repeats_and_shapes() -> None:
    spec = MobileSpec(
        32,
        (
            BlockSpec("sepconv", 3, 1, 16),
            BlockSpec("mbconv", 5, 2, 40, expansion=3, se=0.25, skip="identity", layers=3),
            BlockSpec("conv", 3, 1, 40, skip="avgpool"),
        ),
    )
    said = texts(architecture_svg(spec))
    assert {"Conv (k3x3)", "SepConv (k3x3)", "MBConv3 (k5x5), SE", "Conv (k1x1)"} <= set(said)
    assert "×3" in said
    assert "stride 2, identity skip on 2 of 3" in said
    assert "average-pool skip" in said
    shapes = [text for text in said if "×" in text and text != "×3"]
    assert shapes == [
        "image 224×224×3", "112×112×32", "112×112×16", "56×56×40", "56×56×40", "56×56×1280",
    ]  # fmt: skip
    assert "1000" in said


def test_odd_sizes_round_up_as_same_padding_does() -> None:
    spec = MobileSpec(8, (BlockSpec("conv", 3, 2, 16),), head=None)
    said = texts(architecture_svg(spec, input_size=97, classes=10))
    assert {"49×49×8", "25×25×16", "10"} <= set(said)
    assert "stride 2" in said


def test_another_stride_of_the_stem_is_drawn() -> None:
    spec = MobileSpec(8, (BlockSpec("conv", 3, 2, 16),), head=None)
    said = texts(architecture_svg(spec, input_size=32, classes=10, stem_stride=1))
    assert {"32×32×8", "16×16×16"} <= set(said)
    assert {"stride 3", "11×11×8", "6×6×16"} <= set(texts(
        architecture_svg(spec, input_size=32, classes=10, stem_stride=3)
    ))  # fmt: skip


def test_nothing_is_drawn_outside_the_picture() -> None:
    blocks = tuple(BlockSpec("mbconv", 3, 1, 320, expansion=6, layers=9) for _ in range(12))
    root = ET.fromstring(architecture_svg(MobileSpec(32, blocks)))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for box in root.iter(f"{SPACE}rect"):
        assert float(box.attrib["x"]) + float(box.attrib["width"]) < width
        assert float(box.attrib["y"]) + float(box.attrib["height"]) < height


def test_a_network_of_cells_is_said_not_drawn() -> None:
    # All that a drawer reads of a benchmark is its space.
    cells: Any = SimpleNamespace(build_space=NasNetSpace)
    assert drawer(cells)((0,) * 50).startswith("<p>normal id(0)+id(0)")
    blocks: Any = SimpleNamespace(build_space=MnasNetSpace)
    assert drawer(blocks)((0,) * 42).startswith("<svg")
