from nasbench_mobile_annealing import Annealing

from nasbench_mobile.testing import StrategyContract


class TestAnnealing(StrategyContract):
    strategy = Annealing
