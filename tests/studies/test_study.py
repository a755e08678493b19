from __future__ import annotations

import json
import multiprocessing
import random
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.errors import LogError, UnknownNameError, UsageError
from nasbench_mobile.runs.event_log import same_run
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.study import MANIFEST, Study
from nasbench_mobile.studies.task import RunProgress, Task, perform
from nasbench_mobile.types import StrategySpec

SPECS = (StrategySpec("random"), StrategySpec("regularized-evolution", {"population_size": 10}))


def plan(budget: int = 40, strategies: tuple[StrategySpec, ...] = SPECS) -> Plan:
    return Plan(load_benchmark("imagenet-pixel1"), strategies, (0, 1), budget)


def logs(study: Study) -> list[Path]:
    return [task.log for task in study.tasks()]


def test_results_do_not_depend_on_jobs_nor_on_the_process(tmp_path: Path) -> None:
    here = Study.create(tmp_path / "here", plan())
    for task in here.tasks():
        assert perform(task).charged == 40
    for jobs in (1, 3):
        study = Study.create(tmp_path / f"jobs{jobs}", plan())
        messages: list[RunProgress] = []
        study.run(jobs, messages.append)
        assert sum(message.ended for message in messages) == 4
        assert all(same_run(a, b) for a, b in zip(logs(here), logs(study), strict=True))


def test_a_finished_study_is_left_alone_and_read_back(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "s", plan())
    for task in study.tasks():
        perform(task)
    before = [path.read_bytes() for path in logs(study)]
    again = Study.open(tmp_path / "s")
    ended = [perform(task) for task in again.tasks()]
    assert [path.read_bytes() for path in logs(again)] == before
    assert [message.charged for message in ended] == [40] * 4
    runs = again.runs()
    assert [run.header.seed for run in runs] == [0, 0, 1, 1]
    assert all(run.finished and len(run.trials) == 40 for run in runs)
    assert runs[0].header.benchmark["latency"]["kind"] == "estimate"


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"budget": 0}, "budget is 0"), ({"seeds": ()}, "seeds is 0"), ({"batch": 0}, "batch is 0")],
)
def test_a_plan_checks_itself(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        replace(plan(), **changes)  # type: ignore[arg-type]


def test_a_folder_with_another_study_is_refused(tmp_path: Path) -> None:
    Study.create(tmp_path / "s", plan())
    Study.create(tmp_path / "s", plan())
    assert Study.open(str(tmp_path / "s")).plan == plan()
    with pytest.raises(UsageError, match="holds another study \\(what differs: budget\\)"):
        Study.create(tmp_path / "s", plan(budget=50))
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "thesis.tex").write_text("precious")
    with pytest.raises(UsageError, match="not empty and holds no study"):
        Study.create(tmp_path / "t", plan())
    with pytest.raises(UsageError, match="holds no study"):
        Study.open(tmp_path / "t")
    with pytest.raises(UnknownNameError, match="did you mean 'random'"):
        Study.create(tmp_path / "u", plan(strategies=(StrategySpec("randon"),)))
    assert not (tmp_path / "u").exists()


def test_another_benchmark_version_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    study = Study.create(folder, plan())
    perform(next(iter(study.tasks())))
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {"benchmark_hash": "0" * 64}))
    with pytest.raises(LogError, match="hash 000000000000.*never mixed"):
        Study.open(folder)
    (folder / MANIFEST).write_text("{")
    with pytest.raises(LogError, match="damaged"):
        Study.open(folder)


def test_a_log_of_another_study_is_refused(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "s", plan())
    other = Study.create(tmp_path / "t", plan(budget=50))
    first, foreign = next(iter(study.tasks())), next(iter(other.tasks()))
    perform(foreign)
    first.log.parent.mkdir(parents=True)
    first.log.write_bytes(foreign.log.read_bytes())
    with pytest.raises(LogError, match="header has budget 50, but the study has 40"):
        perform(first)
    with pytest.raises(LogError, match="header has budget"):
        study.runs()


def test_a_failing_strategy_ends_its_run_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "bad.py"
    file.write_text(
        "class Bad:\n"
        "    def __init__(self, decisions, seed, budget): pass\n"
        "    def ask(self, count): raise ValueError('no idea')\n"
        "    def tell(self, trials): pass\n"
    )
    study = Study.create(
        tmp_path / "s", plan(strategies=(StrategySpec("random"), StrategySpec(f"{file}:Bad")))
    )
    ended = {message.label: message for message in map(perform, study.tasks())}
    assert ended["random"].failure is None
    assert "ask(1) raised ValueError: no idea" in (ended[f"{file}:Bad"].failure or "")
    runs = study.runs()
    assert [run.finished for run in runs] == [True, False, True, False]
    assert runs[1].failure == ended[f"{file}:Bad"].failure


QUICK = ("regularized-evolution", "optuna-tpe")
SLOW = ("random", "ppo", "nevergrad-discrete", "nevergrad-de")


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "strategy", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]
)
def test_killed_at_random_bytes_it_resumes_to_the_same_log(tmp_path: Path, strategy: str) -> None:
    """Killed as it writes any of 20 bytes, each time resumed, it ends in the uninterrupted log."""
    budget = {"random": 1500, "ppo": 100}.get(strategy, 150)
    one = replace(plan(budget, (StrategySpec(strategy),)), seeds=(3,))
    whole = Study.create(tmp_path / "whole", one)
    killed = Study.create(tmp_path / "killed", one)
    for task in whole.tasks():
        perform(task)
    (log,) = logs(killed)
    rng = random.Random(strategy)
    size = logs(whole)[0].stat().st_size
    # Not near its end: seconds in a log may have fewer digits, and the log fewer bytes.
    for cut in sorted(rng.randrange(0, int(0.95 * size)) for _ in range(20)):
        # Forked, so that the libraries need not be imported 20 times.
        process = multiprocessing.get_context("fork").Process(
            target=_die_writing, args=(next(iter(killed.tasks())), cut)
        )
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGXFSZ
        assert log.stat().st_size == cut
    for task in killed.tasks():
        perform(task)
    assert same_run(logs(whole)[0], log)


def _die_writing(task: Task, size: int) -> None:
    """Do the task; the system kills the process as it writes beyond that many bytes of a file."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    perform(task)


MEASURE = """
import sys
from pathlib import Path
from nasbench_mobile.studies.study import Study
from nasbench_mobile.studies.task import perform
for task in Study.open(Path(sys.argv[1])).tasks():
    assert perform(task).failure is None
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(status["VmHWM"].split()[0])
"""  # not getrusage's ru_maxrss, which begins at that of the process that started this one


@pytest.mark.slow
def test_a_worker_that_runs_every_strategy_stays_below_800_mb(tmp_path: Path) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux tells a process its own peak of memory")
    every = plan(300, tuple(StrategySpec(name) for name in (*QUICK, *SLOW)))
    Study.create(tmp_path / "s", replace(every, seeds=(0,)))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path / "s")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(done.stdout) * 1024 < 800e6


def test_two_drivers_do_not_share_a_study(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "s", plan())
    with study._alone(), pytest.raises(UsageError, match="another process is running the study"):
        Study.open(tmp_path / "s").run(jobs=1)
    study.run(jobs=1)
    assert all(run.finished for run in study.runs())


def test_simulated_workers_are_part_of_the_study(tmp_path: Path) -> None:
    simulated = replace(plan(60), workers=8)
    study = Study.create(tmp_path / "s", simulated)
    for task in study.tasks():
        perform(task)
    assert Study.open(tmp_path / "s").plan == simulated
    run = study.runs()[0]
    assert run.header.workers == 8
    one = Study.create(tmp_path / "one", replace(simulated, workers=1))
    for task in one.tasks():
        perform(task)
    # random search: the same 60 trainings, shared out among eight
    assert one.runs()[0].timing.simulated_s > 6 * run.timing.simulated_s
    with pytest.raises(UsageError, match="batch and workers are both given"):
        replace(simulated, batch=4)


def test_partial_trainings_are_refused_where_there_are_none(tmp_path: Path) -> None:
    def of(benchmark: str) -> Plan:
        strategies = (StrategySpec("random"), StrategySpec("successive-halving"))
        return Plan(load_benchmark(benchmark), strategies, (0,), 10)

    with pytest.raises(UsageError, match="which imagenet-pixel1 does not offer; leave it out"):
        Study.create(tmp_path / "s", of("imagenet-pixel1"))
    assert not (tmp_path / "s").exists()
    Study.create(tmp_path / "s", of("imagenet-pixel1-curves"))
