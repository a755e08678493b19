"""The warning about accuracies near guessing, and that its advice is never what is so already."""

from __future__ import annotations

from typing import Any

import pytest

from nasbench_mobile.image_search.advice import beware, next_steps
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.stem import final_side, with_stem_stride
from nasbench_mobile.networks.zoo import network


@pytest.fixture(scope="module")
def trained() -> Network:
    """A network on 64 pixels, whose last feature map is of 2."""
    return with_stem_stride(network("mnasnet-small"), 2, input_size=64)


def test_only_near_guessing_is_warned_of(trained: Network) -> None:
    training = {"recipe": "proxy"}
    assert beware(0.375, 0.25, training, trained) is None
    said = beware(0.374, 0.25, training, trained)
    assert said is not None
    assert "the most accurate network has 37.40% and guessing has 25.00%" in said


@pytest.mark.parametrize(
    ("training", "first", "epochs"),
    [
        ({}, "--set batch_size=128 (now 512)", "--epochs 10 (now 5)"),
        ({"batch_size": 64, "epochs": 2}, "--set batch_size=32 (now 64)", "--epochs 4 (now 2)"),
        ({"batch_size": 32}, "--set learning_rate=0.4 (now 0.016", "--epochs 10 (now 5)"),
        ({"batch_size": 32, "learning_rate": 0.4}, None, "--epochs 10 (now 5)"),
        ({"batch_size": 32, "optimizer": "rmsprop"}, None, "--epochs 10 (now 5)"),
    ],
)
def test_the_advice_is_the_next_step_from_the_recipe_in_force(
    trained: Network, training: dict[str, Any], first: str | None, epochs: str
) -> None:
    steps = next_steps({"recipe": "proxy", "options": training}, trained)
    assert epochs in steps[-1]
    if first is None:
        assert len(steps) == 1
    else:
        assert first in steps[0]


def test_following_the_advice_never_leads_to_the_same_advice(trained: Network) -> None:
    options: dict[str, Any] = {"batch_size": 512, "epochs": 1}
    seen = []
    for _ in range(6):
        first, *others = next_steps({"recipe": "proxy", "options": dict(options)}, trained)
        assert first not in seen
        seen.append(first)
        if not others:
            break
        name, value = first.partition("--set ")[2].split(" ")[0].split("=")
        assert options.get(name) != float(value)
        options[name] = int(value) if name == "batch_size" else float(value)
    assert options == {"batch_size": 32, "epochs": 1, "learning_rate": 0.4}


def test_a_feature_map_of_one_pixel_comes_first() -> None:
    small = with_stem_stride(network("mnasnet-small"), 2, input_size=32)
    assert final_side(small) == 1
    assert next_steps({"recipe": "proxy"}, small)[0].startswith("--stem-stride 1")
    given = next_steps({"recipe": "proxy", "stem_stride": 1}, small)
    assert not any("--stem-stride" in step for step in given)


def test_more_images_are_advised_where_fewer_were_asked_for(trained: Network) -> None:
    options = {"batch_size": 32, "learning_rate": 0.4}
    steps = next_steps({"recipe": "proxy", "options": options, "train_images": 60}, trained)
    assert steps[0] == "more --train-images (now 60)"
