from __future__ import annotations

from typing import Any

import pytest

from nasbench_mobile.evaluators.training import TrainingAccuracy
from nasbench_mobile.networks.graph import Network
from tests.image_search.made_up import MadeUp


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    made_up = MadeUp()

    def train(_: Any, place: int, network: Network, recipe: Any, name: str) -> dict[str, Any]:
        return made_up.train(network, recipe.epochs)

    monkeypatch.setattr(TrainingAccuracy, "_train", train)
    return made_up
