"""How far a run is, counted trial by trial."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from nasbench_mobile.types import Trial


@dataclass(slots=True)
class Progress:
    """How far a run is: trials told, the best reward of a full training, repeats, failures.

    `charged` is what the told trials have spent of the budget, in full trainings: less than
    `trials` where a strategy trains architectures for a part of the full training.
    """

    trials: int = 0
    best_reward: float = -math.inf
    repeats: int = 0
    failed: int = 0
    charged: float = 0.0

    def count(self, trials: Sequence[Trial]) -> None:
        """Count trials that were told.

        Args:
            trials: Those of one tell, each of which is counted once.
        """
        for trial in trials:
            self.trials += 1
            self.charged += trial.proposal.fidelity
            self.repeats += trial.repeat_of is not None
            if trial.reward is None:
                self.failed += 1
            elif trial.counts:
                self.best_reward = max(self.best_reward, trial.reward)


OnProgress: TypeAlias = Callable[[Progress], bool]
"""Is called after every tell, and may return True to stop the run."""
