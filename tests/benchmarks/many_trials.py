"""Makes a study of very many trials without running it, and measures commands on it.

    python tests/benchmarks/many_trials.py FOLDER [TRIALS_A_RUN]

writes ten ended runs (100,000 trials each unless told otherwise) into a new FOLDER, then prints the
CPU seconds and the peak memory of `report` and of `resume`, which has nothing left to do.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.runs.event_log import EventLog
from nasbench_mobile.runs.events import Ask, End, Tell
from nasbench_mobile.runs.run import Timing
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.study import Study
from nasbench_mobile.studies.task import make_header
from nasbench_mobile.types import Measurement, Proposal, StrategySpec, Trial

SPECS = (StrategySpec("random"), StrategySpec("regularized-evolution"))
SEEDS = 5


def make_study(folder: Path, trials: int) -> Study:
    """Ten ended runs, whose readings are drawn instead of evaluated; an ask for each trial."""
    benchmark = load_benchmark("imagenet-pixel1")
    study = Study.create(folder, Plan(benchmark, SPECS, tuple(range(SEEDS)), trials))
    problem = benchmark.build()
    cardinalities = [decision.cardinality for decision in problem.space.decisions]
    for task in study.tasks():
        random = np.random.default_rng([task.seed, len(task.strategy.label)])
        with EventLog.create(task.log, make_header(task, problem)) as log:
            for number in range(trials):
                proposal = Proposal(number, tuple(random.integers(cardinalities).tolist()))
                seen = Measurement(
                    random.uniform(0.5, 0.8), random.uniform(40.0, 120.0), random.uniform(0, 0.01)
                )
                trial = Trial(proposal, seen, benchmark.objective(seen))
                log.write(Ask(1, (proposal,)))
                log.write(Tell((trial,), (seen,), Timing(number / 1e6, number / 1e5, number / 1e5)))
            log.write(End(None, Timing(trials / 1e6, trials / 1e5, trials / 1e5)))
    return study


def measured(*arguments: str) -> tuple[float, float]:
    """CPU seconds and peak memory (MB) of a command and the processes that it started."""
    command = [sys.executable, "-m", "nasbench_mobile", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} ended with status {status}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    folder = Path(sys.argv[1])
    if not folder.exists():
        started = time.monotonic()
        make_study(folder, int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
        print(f"made in {time.monotonic() - started:.0f} s")
    for name in ("report", "resume"):
        seconds, megabytes = measured(name, str(folder))
        print(f"{name}: {seconds:.1f} CPU s, {megabytes:.0f} MB")


if __name__ == "__main__":
    main()
