"""Spaces that break their laws are named; the built-in ones keep them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from nasbench_mobile import catalog
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
from nasbench_mobile.spaces.mnasnet_coarse import MnasNetCoarseSpace
from nasbench_mobile.spaces.nasnet import NasNetSpace
from nasbench_mobile.testing import SpaceContract
from nasbench_mobile.testing.law import Law, check_law, judge
from nasbench_mobile.testing.space_laws import SPACE_LAWS, SpaceSubject
from nasbench_mobile.types import Tokens


class TestMnasNetAnb(SpaceContract):
    space = MnasNetAnbSpace


# On the other spaces the kit is measured, which makes it twice as long.
@pytest.mark.no_cover
class TestMnasNet(SpaceContract):
    space = MnasNetSpace


@pytest.mark.no_cover
class TestMnasNetVariant(SpaceContract):
    space = MnasNetSpace
    options = {"blocks": 5, "sharing": "layer"}  # noqa: RUF012


class TestMnasNetCoarse(SpaceContract):
    space = MnasNetCoarseSpace


@pytest.mark.no_cover
class TestNasNet(SpaceContract):
    space = NasNetSpace
    options = {"repeats": 1}  # noqa: RUF012  (as its networks are, but smaller)


@pytest.mark.no_cover
class TestNasNetVariant(SpaceContract):
    space = NasNetSpace
    options = {"outputs": "unread", "repeats": 1, "bottleneck": True}  # noqa: RUF012


def test_every_built_in_is_examined() -> None:
    examined = {
        TestMnasNetAnb.space,
        TestMnasNet.space,
        TestMnasNetCoarse.space,
        TestNasNet.space,
    }
    assert {catalog.load("space", name) for name in catalog.BUILT_IN["space"]} == examined


class Miscounts(MnasNetAnbSpace):
    @property
    def size(self) -> int:
        return 36**7


class ForgetsOptions(MnasNetAnbSpace):
    def __init__(self, size: int = 3) -> None:
        super().__init__()

    @property
    def options(self) -> dict[str, Any]:
        return {"tokens": np.int64(3)}


class AcceptsAnything(MnasNetAnbSpace):
    def validate(self, tokens: Sequence[int]) -> Tokens:
        return tuple(int(token) for token in tokens)


class PrefersZero(MnasNetAnbSpace):
    def sample(self, rng: np.random.Generator) -> Tokens:
        return (0, *super().sample(rng)[1:])


class GlobalSamples(MnasNetAnbSpace):
    def sample(self, rng: np.random.Generator) -> Tokens:
        np.random.random()  # noqa: NPY002
        return super().sample(rng)


class FewNeighbours(MnasNetAnbSpace):
    def neighbours(self, tokens: Tokens) -> Iterator[Tokens]:
        return iter(list(super().neighbours(tokens))[1:])


class OneForAll(MnasNetAnbSpace):
    """Takes networks that differ in the first token for one."""

    def canonical(self, tokens: Tokens) -> Tokens:
        return (0, *super().canonical(tokens)[1:])


class EncodesToZero(MnasNetAnbSpace):
    def encode(self, network: Network) -> Tokens:
        return (0,) * 28


class OneSize(MnasNetAnbSpace):
    def network(self, tokens: Tokens, **_: Any) -> Network:
        return super().network(tokens)


class MixedSegments(MnasNetAnbSpace):
    @property
    def segments(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        (first, one), (second, two), *rest = super().segments
        return ((first, two), (second, one), *rest)


class Fails(MnasNetAnbSpace):
    def describe(self, tokens: Tokens) -> str:
        raise KeyError("kernel")


@pytest.mark.parametrize(
    ("space", "law", "words"),
    [
        (Miscounts, "decisions_add_up", "size is 78364164096, but cardinalities give 104485552128"),
        (ForgetsOptions, "options_build_it_again", "not JSON values"),
        (AcceptsAnything, "tokens_are_validated", "validate accepted ["),
        (PrefersZero, "samples_are_uniform", "values of 'block1/expansion' came [2000, 0, 0]"),
        (GlobalSamples, "samples_are_uniform", "sampling changed a global random state"),
        (FewNeighbours, "neighbours_differ_once", "42 neighbours; there are 43"),
        (OneForAll, "canonical_is_the_network", "and its canonical tokens are different networks"),
        (EncodesToZero, "encode_is_the_way_back", "encodes to [0, 0"),
        (OneSize, "networks_fit", "asked for 64 pixels, its input is (3, 224, 224)"),
        (MixedSegments, "segments_decide", "layers of segment 'block1' depend on other tokens"),
        (Fails, "every_call_returns", "describe raised KeyError: 'kernel' (line"),
    ],
)
def test_a_broken_space_is_named(space: type[Any], law: str, words: str) -> None:
    laws: list[Law[SpaceSubject]] = [each for each in SPACE_LAWS if each.name == law]
    [verdict] = judge(laws, SpaceSubject(space), limit_s=30.0)
    assert verdict.result == "broken"
    assert words in verdict.seen


def test_a_space_without_segments_is_not_asked_for_them() -> None:
    class Whole(MnasNetAnbSpace):
        segments = None  # type: ignore[assignment]

        def __getattribute__(self, name: str) -> Any:
            if name == "segments":
                raise AttributeError(name)
            return super().__getattribute__(name)

    [law] = [law for law in SPACE_LAWS if law.name == "decisions_add_up"]
    assert "28 decisions" in check_law(law, SpaceSubject(Whole), 30.0)
