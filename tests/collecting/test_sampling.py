from __future__ import annotations

import pytest

from nasbench_mobile.collecting.sampling import draw
from nasbench_mobile.errors import UsageError
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.mnasnet_coarse import MnasNetCoarseSpace

SPACE = MnasNetSpace()
COARSE = MnasNetCoarseSpace()


@pytest.mark.parametrize("space", [SPACE, COARSE])
def test_more_begin_with_the_fewer(space: MnasNetSpace | MnasNetCoarseSpace) -> None:
    few, many = draw(space, 30, 5), draw(space, 60, 5)
    assert many[:30] == few
    assert len({sample.tokens for sample in many}) == 60
    assert draw(space, 30, 6) != few
    assert all(space.canonical(sample.tokens) == sample.tokens for sample in many)


def test_small_spaces_are_drawn_whole() -> None:
    every = draw(COARSE, 1000, 0)
    assert len({sample.tokens for sample in every}) == len(every) == 108
    assert {sample.origin for sample in every} == {"all"}
    first = [sample.tokens for sample in every[:20]]
    assert first != sorted(first)  # cut short, it is still a sample


def test_a_share_is_drawn_around_the_given() -> None:
    centre = draw(SPACE, 1, 99)[0].tokens
    samples = draw(SPACE, 60, 0, [centre], 1 / 3)
    near = [sample for sample in samples if sample.origin == "around"]
    assert len(near) == 20
    assert [s for s in samples if s.origin == "uniform"] == [
        s for s in draw(SPACE, 60, 0) if s in samples
    ]

    def distance(tokens: tuple[int, ...]) -> int:
        return sum(a != b for a, b in zip(tokens, centre, strict=True))

    # A uniform sample differs in some 26 of 42 tokens, a changed one in 3 on average.
    assert max(distance(sample.tokens) for sample in near) < 15
    assert min(distance(s.tokens) for s in samples if s.origin == "uniform") > 15


@pytest.mark.parametrize(("around", "share"), [([], 0.5), ([(0,) * 42], 0.0), ([(0,) * 42], 2.0)])
def test_a_share_needs_networks(around: list[tuple[int, ...]], share: float) -> None:
    with pytest.raises(UsageError, match="give networks and a share"):
        draw(SPACE, 3, 0, around, share)
