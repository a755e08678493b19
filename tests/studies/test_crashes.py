"""Whatever a plugin does to its process, the other runs of its study go on."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.errors import LogError, UsageError
from nasbench_mobile.executors.processes import WorkerDied
from nasbench_mobile.runs.event_log import read_run, same_run
from nasbench_mobile.studies.crashes import Death, cautious, deaths, note_death
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.study import Study
from nasbench_mobile.studies.task import RunProgress
from nasbench_mobile.types import StrategySpec

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals to kill with")

BROKEN = Path(__file__).parents[1] / "data" / "broken"
STRATEGIES, EVALUATORS = BROKEN / "strategies.py", BROKEN / "evaluators.py"


def benchmark_file(folder: Path, evaluator: str, more: str = "") -> str:
    path = folder / "benchmark.toml"
    path.write_text(
        'name = "broken"\nversion = 1\n[space]\nname = "mnasnet-anb"\n'
        f'[accuracy]\nevaluator = "{EVALUATORS}:{evaluator}"\n{more}\n'
        '[latency]\nevaluator = "pixel1"\nmodel = "pixel1-tunas.json"\n'
        '[objective]\nform = "soft"\ntarget_ms = 75.0\n'
        "[reference_point]\naccuracy = 0.2\nlatency_ms = 298.0\n"
    )
    return str(path)


def study_on(
    folder: Path, benchmark: str, strategies: list[str], budget: int, workers: int | None = None
) -> Study:
    plan = Plan(
        load_benchmark(benchmark), tuple(map(StrategySpec, strategies)), (0,), budget,
        workers=workers,
    )  # fmt: skip
    return Study.create(folder / "study", plan)


def ended(study: Study, jobs: int = 2, call_limit_s: float | None = None) -> dict[str, str | None]:
    said: list[RunProgress] = []
    study.run(jobs, said.append, call_limit_s=call_limit_s)
    return {message.label: message.failure for message in said if message.ended}


@pytest.mark.parametrize("workers", [None, 4])
def test_an_architecture_that_ends_the_process_twice_is_a_failed_trial(
    tmp_path: Path, workers: int | None
) -> None:
    benchmark = benchmark_file(tmp_path, "Deadly")
    study = study_on(tmp_path, benchmark, ["random", "regularized-evolution"], 30, workers)
    assert ended(study) == {"random": None, "regularized-evolution": None}
    for run in study.runs():
        assert run.finished
        assert len(run.trials) == 30
        failed = [trial for trial in run.trials if not trial.ok]
        assert {sum(trial.tokens) % 9 for trial in failed} == {0}
        assert all(sum(trial.tokens) % 9 for trial in run.trials if trial.ok)
        assert {trial.failure for trial in failed} == {
            "not evaluated again: twice while it was evaluated, its worker process was killed by "
            "signal SIGSEGV"
        }
    before = [task.log.read_bytes() for task in study.tasks()]
    assert ended(Study.open(tmp_path / "study")) == {"random": None, "regularized-evolution": None}
    assert [task.log.read_bytes() for task in study.tasks()] == before


@pytest.mark.slow
def test_a_batch_is_searched_for_the_one_that_ends_the_process(tmp_path: Path) -> None:
    study = study_on(tmp_path, benchmark_file(tmp_path, "Deadly", "one_in = 17"), ["ppo"], 20)
    assert ended(study) == {"ppo": None}
    [run] = study.runs()
    failed = [trial for trial in run.trials if not trial.ok]
    assert failed
    assert {sum(trial.tokens) % 17 for trial in failed} == {0}
    assert len(run.trials) == 20


@pytest.mark.slow
def test_every_broken_plugin_is_a_sentence_and_the_others_finish(tmp_path: Path) -> None:
    broken = {
        "RaisesAtBirth": "building the strategy raised ValueError: no licence",
        "ExitsAtBirth": "building the strategy raised SystemExit: 0",
        "ExitsInTell": "tell raised SystemExit: 0",
        "InterruptsInAsk": "ask(1) raised KeyboardInterrupt: ",
        "GivesNothing": "ask(1) gave None; it must give a list of proposals",
        "GivesWords": "proposal 0 has tokens '000",
        "GivesAGenerator": "ask(1) gave a generator; it must give a list of proposals",
        "TooMany": "ask(1) gave 2 proposals: more than it was asked for",
        "HangsInTell": "tell: it had not returned after 1 s; --call-limit-s gives it more",
        "SticksInTell": "its worker process was ended, because a call had not returned within its "
        "limit of 1 s and could not be interrupted; what it has logged is safe",
        "DiesInTell": "its worker process was killed by signal SIGSEGV",
    }
    healthy = ["random", "regularized-evolution", f"{STRATEGIES}:NumpyNumbers"]
    names = [*(f"{STRATEGIES}:{name}" for name in broken), *healthy]
    out = tmp_path / "out"
    command = [
        sys.executable, "-m", "nasbench_mobile", "compare", "--strategies", ",".join(names),
        "--seeds", "1", "--budget", "20", "--call-limit-s", "1", "--out", str(out), "--json",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    rows = {row["label"]: row for row in json.loads(done.stdout)["strategies"]}  # JSON alone
    for name in healthy:
        assert not rows[name]["incomplete"]
        assert rows[name]["best_reward"]["median"] > 0.5
    lines = [line for line in done.stderr.splitlines() if line.startswith("failed: ")]
    assert len(lines) == len(broken)
    for name, words in broken.items():
        [line] = [line for line in lines if f":{name} seed 0: " in line]
        assert words in line
    for name in ("DiesInTell", "SticksInTell"):
        [run] = rows[f"{STRATEGIES}:{name}"]["incomplete"]
        how, _, _ = broken[name].partition(";")
        assert run["reason"] == f"{how}: `nasbench-mobile resume` goes on with it"
    assert "this must not stand in a result" in done.stderr


def test_a_run_that_went_on_after_a_death_is_interrupted(tmp_path: Path) -> None:
    study = study_on(tmp_path, benchmark_file(tmp_path, "Deadly", "one_in = 1000"), ["random"], 9)
    assert ended(study) == {"random": None}
    [task] = study.tasks()
    whole = task.log.read_bytes().splitlines(keepends=True)
    task.log.write_bytes(b"".join(whole[:2]))
    assert [run.stopped for run in study.runs()] == [None]
    assert note_death(task.log, WorkerDied(-signal.SIGSEGV))
    assert [run.stopped for run in study.runs()] == [
        "its worker process was killed by signal SIGSEGV"
    ]
    task.log.write_bytes(b"".join(whole[:-1]))
    assert [run.stopped for run in study.runs()] == [None]
    task.log.write_bytes(b"".join(whole))
    task.log.with_suffix(".deaths").write_text("{not json")
    assert [(run.finished, run.stopped) for run in study.runs()] == [(True, None)]


def test_an_evaluation_that_hangs_fails_its_architecture_alone(tmp_path: Path) -> None:
    study = study_on(tmp_path, benchmark_file(tmp_path, "Slow", "one_in = 4"), ["random"], 12)
    assert ended(study, call_limit_s=0.3) == {"random": None}
    [run] = study.runs()
    failed = {trial.failure for trial in run.trials if not trial.ok}
    assert failed == {"slow: it had not returned after 0.3 s"}
    assert all((sum(trial.tokens) % 4 == 0) != trial.ok for trial in run.trials)


def test_runs_that_are_done_again_know_of_no_deaths(tmp_path: Path) -> None:
    study = study_on(tmp_path, benchmark_file(tmp_path, "Deadly", "one_in = 1000"), ["random"], 9)
    assert ended(study) == {"random": None}
    [task] = study.tasks()
    note_death(task.log, WorkerDied(-signal.SIGSEGV))
    study.rerun(["random"])
    assert deaths(task.log) == []
    [kept] = study.folder.glob("replaced/*/*/*.deaths")
    assert len(deaths(kept.with_suffix(".jsonl"))) == 1


@pytest.mark.parametrize("evaluator", ["Stuck", "Deaf"])
def test_an_evaluation_that_cannot_be_interrupted_is_a_failed_trial(
    tmp_path: Path, evaluator: str
) -> None:
    study = study_on(tmp_path, benchmark_file(tmp_path, evaluator, "one_in = 12"), ["random"], 5)
    assert ended(study, call_limit_s=0.3) == {"random": None}
    [run] = study.runs()
    failed = {trial.failure for trial in run.trials if not trial.ok}
    assert failed == {
        "not evaluated again: twice while it was evaluated, its worker process was ended, because "
        "a call had not returned within its limit of 0.3 s and could not be interrupted"
    }
    assert all((sum(trial.tokens) % 12 == 0) != trial.ok for trial in run.trials)
    assert len(run.trials) == 5


@pytest.mark.parametrize(
    ("evaluator", "words"),
    [
        ("Unlabelled", "has no 'label'; an accuracy evaluator has label, fidelity, accuracy"),
        ("RaisesAtBirth", "raised OSError: no licence server"),
    ],
)
def test_an_evaluator_that_is_none_is_said_before_the_first_trial(
    tmp_path: Path, evaluator: str, words: str
) -> None:
    study = study_on(tmp_path, benchmark_file(tmp_path, evaluator), ["random"], 12)
    with pytest.raises(UsageError) as caught:
        study.run(1)
    assert words in str(caught.value)


def test_what_is_written_of_deaths_that_is_damaged_is_an_error(tmp_path: Path) -> None:
    log = tmp_path / "seed-0000.jsonl"
    place = log.with_suffix(".deaths")
    for damage, said in (
        ("{not json", "line 1 is not JSON"),
        ('{"how": "x", "pending": []}\n[]\n', "line 2 tells of no death"),
        ('{"how": "x", "pending": [[0.5]]}\n', "line 1 tells of no death"),
        ('{"how": "x", "pending": 3}\n', "line 1 tells of no death"),
    ):
        place.write_text(damage)
        with pytest.raises(LogError, match=rf"seed-0000\.deaths is damaged: {said}.*; remove it"):
            deaths(log)
    place.unlink()
    place.mkdir()
    with pytest.raises(LogError, match=r"seed-0000\.deaths cannot be read: .*; remove it"):
        deaths(log)


ODD_BREAKS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
"""What `str.splitlines` ends lines at, and JSON does not; 0x0D can only stand between values."""


def test_a_death_is_a_line_whatever_it_says(tmp_path: Path) -> None:
    log = tmp_path / "seed-0000.jsonl"
    how = f"its worker said {ODD_BREAKS[5:]} and ended"
    line = json.dumps({"how": how, "pending": [[1, 2]]}, ensure_ascii=False)
    assert len(line.splitlines()) > 1
    text = line + "\n" + line.replace(", ", ",\r ", 1) + "\n"
    log.with_suffix(".deaths").write_bytes(text.encode())
    assert deaths(log) == [Death(how, ((1, 2),))] * 2
    assert note_death(log, WorkerDied(-signal.SIGSEGV))  # keeps what was written before
    assert [death.how for death in deaths(log)[:2]] == [how, how]
    assert len(deaths(log)) == 3


def test_without_deaths_a_problem_is_what_it_was(tmp_path: Path) -> None:
    problem = load_benchmark("imagenet-pixel1").build()
    assert cautious(problem, tmp_path / "log.jsonl") is problem


def test_a_worker_told_to_end_is_not_tried_again(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    assert not note_death(log, WorkerDied(-signal.SIGTERM))
    assert not deaths(log)
    assert note_death(log, WorkerDied(-signal.SIGSEGV))
    assert not note_death(log, WorkerDied(-signal.SIGSEGV))  # twice with nothing under way


ARGUMENTS = ("--strategies", "random,regularized-evolution,ppo", "--seeds", "2", "--budget", "600")


def driver(*arguments: str) -> subprocess.Popen[bytes]:
    measured = [name for name in os.environ if name.startswith("COVERAGE_")]
    return subprocess.Popen(
        [sys.executable, "-m", "nasbench_mobile", *arguments],
        env={name: value for name, value in os.environ.items() if name not in measured},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def of_session(session: int) -> list[int]:
    """Processes of a session that are not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, own = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(own) == session and state != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked for in /proc")
def test_the_driver_alone_is_killed_at_random_moments_and_nothing_is_lost(tmp_path: Path) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert driver("compare", *ARGUMENTS, "--out", str(whole)).wait() == 0
    rng = random.Random(20261128)
    kills = 0
    for attempt in range(40):
        words = ("resume", str(out)) if (out / "study.json").is_file() else (
            "compare", *ARGUMENTS, "--out", str(out),
        )  # fmt: skip
        process = driver(*words)
        if kills == 10:
            assert process.wait() == 0
            break
        logs = len(list(out.glob("runs/*/*.jsonl")))
        bytes_before = sum(log.stat().st_size for log in out.glob("runs/*/*.jsonl"))
        more = rng.randrange(200, 40_000)  # so many bytes of log later it is killed
        while process.poll() is None and (
            sum(log.stat().st_size for log in out.glob("runs/*/*.jsonl")) < bytes_before + more
        ):
            time.sleep(0.002)
        if process.poll() is not None:
            assert logs, f"attempt {attempt} ended before it could be killed"
            break
        process.kill()
        process.wait()
        kills += 1
        ends = time.monotonic() + 5.0
        while left := of_session(process.pid):
            assert time.monotonic() < ends, f"{left} live on"
            time.sleep(0.01)
    assert kills == 10
    pairs = list(zip(Study.open(whole).tasks(), Study.open(out).tasks(), strict=True))
    assert all(read_run(other.log).finished for _, other in pairs)
    assert all(same_run(one.log, other.log) for one, other in pairs)
