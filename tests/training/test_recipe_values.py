"""The recipes value by value, and the edges of what they compute."""

from __future__ import annotations

import math
from typing import Any

import pytest

from nasbench_mobile.errors import UsageError
from nasbench_mobile.training.recipe import FULL, PROXY, REVISION, Recipe, recipe_named

COMMON: dict[str, Any] = {
    "learning_rate": 0.016, "momentum": 0.9, "rms_decay": 0.9, "rms_epsilon": 0.001,
    "weight_decay": 1e-5, "label_smoothing": 0.1, "smallest_area": 0.08, "flip": True,
    "evaluation_crop": 0.875,
}  # fmt: skip


def test_the_proxy_recipe_is_the_papers_five_epochs_as_vertex_ai_trains_them() -> None:
    assert recipe_named("proxy").record() == {
        **COMMON, "name": "proxy", "epochs": 5, "batch_size": 512, "optimizer": "sgd",
        "schedule": "drop", "warmup_epochs": None, "warmup_share": 0.1, "dropout": None,
        "average_decay": None, "batch_norm_momentum": 0.9,
    }  # fmt: skip


def test_the_full_recipe_is_the_papers() -> None:
    assert recipe_named("full").record() == {
        **COMMON, "name": "full", "epochs": 350, "batch_size": 4096, "optimizer": "rmsprop",
        "schedule": "staircase", "warmup_epochs": 5, "warmup_share": 0.0, "dropout": 0.2,
        "average_decay": 0.9999, "batch_norm_momentum": 0.99,
    }  # fmt: skip


def test_names_that_tables_and_logs_hold_stay() -> None:
    """Another digest or revision would make every table that was collected another training's."""
    assert (PROXY.digest, FULL.digest, REVISION) == ("48159395", "264bc780", 1)
    unlike = PROXY.changed(momentum=0.8, weight_decay=0.0)
    assert unlike.digest != PROXY.digest != FULL.digest
    assert len(PROXY.digest) == 8


@pytest.mark.parametrize(
    ("recipe", "images", "per_epoch", "steps"),
    [
        (PROXY.changed(batch_size=10, epochs=2.5), 39, 3, 8),  # 7.5 steps, rounded to even
        (PROXY.changed(batch_size=10, epochs=0.55), 100, 10, 6),  # 5.5, likewise
        (PROXY.changed(batch_size=10, epochs=0.01), 100, 10, 1),
        (PROXY.changed(batch_size=10, epochs=3), 9, 1, 3),
        (PROXY.changed(batch_size=10, epochs=1.7), 40, 4, 7),  # 6.8
    ],
)
def test_steps_are_whole_batches(recipe: Recipe, images: int, per_epoch: int, steps: int) -> None:
    assert recipe.steps_per_epoch(images) == per_epoch
    assert recipe.steps(images) == steps


@pytest.mark.parametrize(
    ("images", "batch"), [(5119, 256), (5120, 512), (640, 64), (79, 4), (80, 8), (9, 1)]
)
def test_a_batch_has_at_most_a_tenth_of_the_images(images: int, batch: int) -> None:
    assert PROXY.fitted(images).batch_size == batch


def test_a_batch_that_fits_is_left_alone() -> None:
    odd = PROXY.changed(batch_size=3)
    assert odd.fitted(40) is odd
    assert PROXY.fitted(5120) is PROXY


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("staircase", {0: 1.0, 23: 1.0, 24: 0.97, 48: 0.9409}),  # 2.4 epochs of 10 steps each
        ("drop", {0: 1.0, 79: 1.0, 80: 0.1}),
        ("cosine", {0: 1.0, 50: 0.5, 90: (1 - math.sqrt(5 / 8 + math.sqrt(5) / 8)) / 2}),
    ],
)
def test_schedules(schedule: Any, rates: dict[int, float]) -> None:
    """Rates by step, ten steps an epoch; the cosine of 0.9 pi is -sqrt((5 + sqrt(5)) / 8)."""
    recipe = PROXY.changed(
        schedule=schedule, warmup_share=0.0, batch_size=256, epochs=10, learning_rate=1.0
    )
    found = {step: recipe.learning_rate_at(step, 2560) for step in rates}
    assert found == pytest.approx(rates)


def test_warm_up_in_epochs_and_in_shares() -> None:
    options: dict[str, Any] = {"batch_size": 128, "epochs": 10, "learning_rate": 1.0}
    shares = PROXY.changed(warmup_share=0.25, **options)  # of 200 steps
    epochs = PROXY.changed(warmup_epochs=2.5, warmup_share=0.9, **options)
    for recipe in (shares, epochs):
        rates = [recipe.learning_rate_at(step, 2560) for step in (0, 10, 49, 50)]
        assert rates == pytest.approx([0.0, 0.1, 0.49, 0.5])


@pytest.mark.parametrize(
    "options",
    [{"momentum": 1.0}, {"momentum": 0.0}, {"dropout": 0.0}, {"dropout": 1.0},
     {"average_decay": 1.0}, {"smallest_area": 1.0, "evaluation_crop": 1.0},
     {"weight_decay": 0.0}, {"warmup_epochs": 0.0}, {"label_smoothing": 0.0}],
)  # fmt: skip
def test_limits_themselves_are_allowed(options: dict[str, float]) -> None:
    changed = PROXY.changed(**options).record()
    assert {key: changed[key] for key in options} == options


@pytest.mark.parametrize(
    "options",
    [{"warmup_share": 1.1}, {"rms_decay": -0.1}, {"label_smoothing": 2.0},
     {"batch_norm_momentum": 1.01}, {"average_decay": 1.5}, {"rms_epsilon": 0.0},
     {"evaluation_crop": 1.01}, {"evaluation_crop": 0.0}, {"warmup_epochs": -1.0},
     {"epochs": float("inf")}],
)  # fmt: skip
def test_values_beyond_them_are_named(options: dict[str, float]) -> None:
    [name] = options
    with pytest.raises(UsageError, match=f"{name} (is )?{options[name]}"):
        PROXY.changed(**options)
