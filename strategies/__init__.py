"""Search strategies, one file each; names with an underscore first are what several share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasbench_mobile.lazy_names import lazily

if TYPE_CHECKING:
    from nasbench_mobile.strategies.local_search import LocalSearch
    from nasbench_mobile.strategies.nevergrad_strategies import (
        NevergradCMA,
        NevergradDE,
        NevergradDiscrete,
        NevergradNGOpt,
        NevergradPSO,
    )
    from nasbench_mobile.strategies.optuna_gp import OptunaGP
    from nasbench_mobile.strategies.optuna_motpe import OptunaMOTPE
    from nasbench_mobile.strategies.optuna_nsga2 import OptunaNSGA2
    from nasbench_mobile.strategies.optuna_tpe import OptunaTPE
    from nasbench_mobile.strategies.ppo import PPO
    from nasbench_mobile.strategies.predictor_evolution import PredictorEvolution
    from nasbench_mobile.strategies.random import RandomSearch
    from nasbench_mobile.strategies.random_without_repeats import RandomWithoutRepeats
    from nasbench_mobile.strategies.regularized_evolution import RegularizedEvolution
    from nasbench_mobile.strategies.reinforce import Reinforce
    from nasbench_mobile.strategies.successive_halving import SuccessiveHalving

__all__ = [
    "PPO",
    "LocalSearch",
    "NevergradCMA",
    "NevergradDE",
    "NevergradDiscrete",
    "NevergradNGOpt",
    "NevergradPSO",
    "OptunaGP",
    "OptunaMOTPE",
    "OptunaNSGA2",
    "OptunaTPE",
    "PredictorEvolution",
    "RandomSearch",
    "RandomWithoutRepeats",
    "RegularizedEvolution",
    "Reinforce",
    "SuccessiveHalving",
]

__getattr__ = lazily(
    __name__,
    {
        "LocalSearch": "local_search",
        "NevergradCMA": "nevergrad_strategies",
        "NevergradDE": "nevergrad_strategies",
        "NevergradDiscrete": "nevergrad_strategies",
        "NevergradNGOpt": "nevergrad_strategies",
        "NevergradPSO": "nevergrad_strategies",
        "OptunaGP": "optuna_gp",
        "OptunaMOTPE": "optuna_motpe",
        "OptunaNSGA2": "optuna_nsga2",
        "OptunaTPE": "optuna_tpe",
        "PPO": "ppo",
        "PredictorEvolution": "predictor_evolution",
        "RandomSearch": "random",
        "RandomWithoutRepeats": "random_without_repeats",
        "RegularizedEvolution": "regularized_evolution",
        "Reinforce": "reinforce",
        "SuccessiveHalving": "successive_halving",
    },
)
