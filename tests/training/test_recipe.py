import math
from typing import Any

import pytest

from nasbench_mobile.errors import NasbenchError, UsageError
from nasbench_mobile.training.recipe import FULL, PROXY, Recipe, recipe_named

IMAGENET = 1_281_167


def test_full_recipe_warms_up_linearly_to_0_256_and_falls_by_stairs() -> None:
    per_epoch = IMAGENET // 4096
    rate = [FULL.learning_rate_at(step, IMAGENET) for step in range(10 * per_epoch)]
    assert rate[0] == 0
    assert rate[per_epoch] == pytest.approx(0.256 / 5)
    # Stairs are counted from step 0: after 5 epochs of warm-up two of them have passed.
    assert rate[5 * per_epoch] == pytest.approx(0.256 * 0.97**2)
    third = math.ceil(7.2 * per_epoch)
    assert rate[third - 1] == pytest.approx(0.256 * 0.97**2)
    assert rate[third] == pytest.approx(0.256 * 0.97**3)


def test_proxy_recipe_drops_to_a_tenth_at_epoch_4() -> None:
    images = IMAGENET - 50_000
    per_epoch, steps = images // 512, PROXY.steps(images)
    assert steps == 5 * per_epoch
    assert PROXY.learning_rate_at(int(0.1 * steps), images) == pytest.approx(0.032)
    assert PROXY.learning_rate_at(int(0.05 * steps), images) == pytest.approx(0.016, rel=1e-2)
    assert PROXY.learning_rate_at(4 * per_epoch - 1, images) == pytest.approx(0.032)
    assert PROXY.learning_rate_at(4 * per_epoch, images) == pytest.approx(0.0032)


def test_cosine_falls_to_nothing() -> None:
    recipe = PROXY.changed(schedule="cosine", warmup_share=0.0, batch_size=256, epochs=10)
    rates = [recipe.learning_rate_at(step, 2560) for step in range(100)]
    assert rates[0] == 0.016
    assert rates[50] == pytest.approx(0.008)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 1e-4


def test_a_small_set_gets_a_small_batch_and_its_learning_rate() -> None:
    fitted = FULL.fitted(1300)
    assert fitted.batch_size == 128
    late = FULL.changed(warmup_epochs=0.0).fitted(1300)
    assert late.learning_rate_at(0, 1300) == pytest.approx(0.016 / 2)
    assert FULL.fitted(IMAGENET) is FULL
    assert FULL.fitted(3).batch_size == 1


def _rates(recipe: Recipe, images: int) -> list[float]:
    recipe = recipe.fitted(images)
    return [recipe.learning_rate_at(step, images) for step in range(recipe.steps(images))]


@pytest.mark.parametrize("epochs", [0.01, 0.5, 1, 2, 5])
@pytest.mark.parametrize("images", [3, 80, 1300, IMAGENET])
def test_few_epochs_have_a_short_warmup_and_come_to_the_peak(epochs: float, images: int) -> None:
    short = FULL.changed(epochs=epochs)
    assert not short.all_warmup
    assert short.warmup_epochs == pytest.approx(epochs / 10)
    rates = _rates(short, images)
    peak = short.learning_rate * short.fitted(images).batch_size / 256
    # A step of an epoch or more comes when the stairs have begun.
    steps = short.fitted(images).steps_per_epoch(images)
    assert peak * 0.97 ** (epochs // 2.4 + 1) <= max(rates) <= peak
    assert sum(rate == 0 for rate in rates) == (1 if int(steps * epochs / 10) else 0)


def test_a_warmup_that_fits_or_is_given_stays() -> None:
    assert FULL.changed(epochs=5.5).warmup_epochs == 5
    assert FULL.changed(epochs=350) == FULL
    given = FULL.changed(epochs=2, warmup_epochs=5)
    assert given.warmup_epochs == 5
    assert given.all_warmup
    # As a search that was begun with it trains shares of it, and goes on with it.
    assert given.changed(epochs=1).warmup_epochs == 5
    assert given.changed(learning_rate=0.1).warmup_epochs == 5
    assert PROXY.changed(epochs=0.1).warmup_epochs is None
    assert PROXY.changed(warmup_share=1.0).all_warmup


@pytest.mark.parametrize("recipe", [PROXY, FULL, FULL.changed(epochs=27), FULL.changed(epochs=2)])
@pytest.mark.parametrize("share", [1 / 27, 1 / 9, 1 / 3, 1])
def test_shares_of_a_training_learn_too(recipe: Recipe, share: float) -> None:
    rates = _rates(recipe.changed(epochs=recipe.epochs * share), 1300)
    peak = recipe.learning_rate * recipe.fitted(1300).batch_size / 256
    assert max(rates) >= peak * 0.4 * 0.97 ** (recipe.epochs / 2.4)
    assert sum(rate > 0 for rate in rates) >= len(rates) - 1


def test_digest_tells_recipes_apart() -> None:
    assert PROXY.digest != PROXY.changed(epochs=4).digest
    assert PROXY.digest == PROXY.changed(name="mine").digest


@pytest.mark.parametrize(
    "options",
    [{"epochs": 0}, {"batch_size": 0}, {"momentum": 1.5}, {"smallest_area": 2.0},
     {"optimizer": "adam"}, {"schedule": "steps"}, {"weight_decay": -1.0},
     {"learning_rate": math.nan}, {"dropout": -0.1}],
)  # fmt: skip
def test_wrong_values_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        PROXY.changed(**options)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(NasbenchError, match="label_smoothing"):
        PROXY.changed(label_smooting=0.2)
    with pytest.raises(NasbenchError, match="proxy"):
        recipe_named("prox")
