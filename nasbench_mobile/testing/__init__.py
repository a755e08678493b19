"""The kit for authors of strategies, spaces and evaluators: inherit a contract, name your class.

    from nasbench_mobile.testing import StrategyContract

    class TestMine(StrategyContract):
        strategy = Mine

pytest then checks every law as a test of its own. `nasbench-mobile check strategy FILE.py:Mine`
checks the same laws without pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasbench_mobile.lazy_names import lazily

if TYPE_CHECKING:
    from nasbench_mobile.testing.contracts import (
        EvaluatorContract,
        SpaceContract,
        StrategyContract,
    )

__all__ = ["EvaluatorContract", "SpaceContract", "StrategyContract"]


# The contracts need pytest, which whoever only checks laws need not have.
__getattr__ = lazily(__name__, dict.fromkeys(__all__, "contracts"))
