from __future__ import annotations

import pytest

from tests.image_search.made_up import MadeUp, made_up_trainings


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    return made_up_trainings(monkeypatch)
