"""The kit for authors of strategies, spaces and evaluators: inherit a contract, name your class.

    from nasbench_mobile.testing import StrategyContract

    class TestMine(StrategyContract):
        strategy = Mine

pytest then checks every law as a test of its own. `nasbench-mobile check strategy FILE.py:Mine`
checks the same laws without pytest.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasbench_mobile.testing.contracts import (
        EvaluatorContract,
        SpaceContract,
        StrategyContract,
    )

__all__ = ["EvaluatorContract", "SpaceContract", "StrategyContract"]


def __getattr__(name: str) -> Any:
    """The contracts need pytest, which whoever only checks laws need not have."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.contracts"), name)
