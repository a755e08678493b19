"""Worker processes: results, messages, stops, deaths of one of them, and of their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.errors import NasbenchError, UnknownNameError
from nasbench_mobile.executors.processes import ProcessExecutor, WorkerDied, workers
from nasbench_mobile.executors.worker import channel

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals to kill with")


def square(number: int) -> int:
    return number * number


def environment(name: str) -> str | None:
    return os.environ.get(name)


def die(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(60)


def print_and_die(line: str) -> None:
    print(line)
    os.kill(os.getpid(), signal.SIGKILL)


def die_behind_a_child(pid_file: str) -> None:
    """The child keeps every pipe of this process open."""
    if (child := os.fork()) == 0:
        time.sleep(600)
    Path(pid_file).write_text(str(child))
    os.kill(os.getpid(), signal.SIGKILL)


def leave(code: int) -> None:
    os._exit(code)


def tell(count: int) -> int:
    parent = channel()
    assert parent is not None
    for number in range(count):
        parent.send(number)
    return count


def until_stopped(started: str) -> str:
    Path(started).touch()
    parent = channel()
    assert parent is not None
    while not parent.stopped:
        time.sleep(0.005)
    return "stopped"


def hang(started: str) -> None:
    Path(started).touch()
    time.sleep(600)


class Odd(Exception):
    """Cannot be pickled by its arguments, nor shown."""

    def __init__(self, one: object, two: object) -> None:
        super().__init__()

    def __str__(self) -> str:
        raise ValueError


def fail(how: str) -> Any:
    match how:
        case "ours":
            raise UnknownNameError("space", "mnasnit", ["mnasnet", "nasnet"])
        case "odd":
            raise Odd(1, 2)
        case "exit":
            raise SystemExit(0)
        case "interrupt":
            raise KeyboardInterrupt
    return lambda: None  # which no pipe can carry


def wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.005)


def test_results_come_back_in_processes_of_their_own() -> None:
    with workers(2) as pool:
        futures = [pool.submit(square, number) for number in range(7)]
        pids = {pool.submit(os.getpid).result() for _ in range(4)}
        threads = pool.submit(environment, "OMP_NUM_THREADS").result()
    assert [future.result() for future in futures] == [0, 1, 4, 9, 16, 25, 36]
    assert len(pids) <= 2
    assert os.getpid() not in pids
    assert threads == "1"


def test_messages_come_out_in_order() -> None:
    seen: list[int] = []
    with workers(1) as pool:
        assert pool.submit(tell, 50).result() == 50
        pool.drain(seen.append)
    assert seen == list(range(50))


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("ours", "unknown space 'mnasnit': did you mean 'mnasnet'"),
        ("odd", "Odd (whose message cannot be shown)"),
        ("exit", "SystemExit: 0"),
        ("interrupt", "KeyboardInterrupt: "),
        ("a result that is none", "Can't pickle"),
    ],
)
def test_whatever_a_job_raises_comes_back_and_the_worker_goes_on(how: str, words: str) -> None:
    with workers(1) as pool:
        with pytest.raises(NasbenchError) as caught:
            pool.submit(fail, how).result()
        assert pool.submit(square, 3).result() == 9
    assert words in str(caught.value) or "pickle" in str(caught.value)
    assert isinstance(caught.value, UnknownNameError) == (how == "ours")


def test_a_death_is_noticed_where_a_child_keeps_the_pipe(tmp_path: Path) -> None:
    child = tmp_path / "child"
    try:
        with workers(1) as pool:
            lost = pool.submit(die_behind_a_child, str(child))
            with pytest.raises(WorkerDied, match="SIGKILL"):
                lost.result(timeout=60)
            assert pool.submit(square, 3).result(timeout=60) == 9
    finally:
        os.kill(int(child.read_text()), signal.SIGKILL)


@pytest.mark.parametrize(
    ("end", "argument", "words"),
    [
        (die, signal.SIGSEGV, "was killed by signal SIGSEGV"),
        (die, signal.SIGKILL, "was killed by signal SIGKILL, as when memory runs out"),
        (leave, 3, "ended with exit code 3"),
        (leave, 0, "ended with exit code 0"),
    ],
)
def test_a_worker_that_dies_takes_its_own_job_alone(end: Any, argument: int, words: str) -> None:
    with workers(2) as pool:
        futures = [pool.submit(square, number) for number in range(4)]
        lost = pool.submit(end, argument)
        more = [pool.submit(square, number) for number in range(4, 8)]
        with pytest.raises(WorkerDied, match=words):
            lost.result(timeout=60)
        assert [future.result(timeout=60) for future in [*futures, *more]] == [
            number * number for number in range(8)
        ]


def test_what_a_job_printed_is_not_lost_with_its_process(capfd: pytest.CaptureFixture[str]) -> None:
    with workers(1) as pool, pytest.raises(WorkerDied):
        pool.submit(print_and_die, "the last words").result(timeout=60)
    assert capfd.readouterr() == ("", "the last words\n")


def test_a_worker_that_was_told_to_end_is_no_jobs_fault() -> None:
    assert WorkerDied(-signal.SIGTERM).told_to_end
    assert not WorkerDied(-signal.SIGKILL).told_to_end


def left_by(
    error: BaseException, on_stop: Callable[[], None], job: Callable[[str], Any], started: Path
) -> tuple[Future[Any], Future[Any]]:
    """A job that was running and one that was waiting when the pool was left by an error."""
    futures: list[Future[Any]] = []

    def leave_it() -> None:
        with workers(1, on_stop) as pool:
            futures.extend([pool.submit(job, str(started)), pool.submit(square, 2)])
            wait_for(started)
            raise error

    with pytest.raises(type(error)):
        leave_it()
    return futures[0], futures[1]


def test_leaving_on_an_error_stops_running_jobs_and_begins_no_more(tmp_path: Path) -> None:
    said: list[str] = []
    running, waiting = left_by(
        ZeroDivisionError(), lambda: said.append("stopping"), until_stopped, tmp_path / "started"
    )
    assert running.result() == "stopped"
    assert waiting.cancelled()
    assert said == ["stopping"]


def test_a_second_ctrl_c_ends_what_hangs(tmp_path: Path) -> None:
    def again() -> None:
        raise KeyboardInterrupt  # while the workers are waited for

    hanging, _ = left_by(KeyboardInterrupt(), again, hang, tmp_path / "started")
    with pytest.raises(WorkerDied, match="SIGKILL"):
        hanging.result()


def test_after_sigterm_what_hangs_is_ended_when_the_grace_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminated(KeyboardInterrupt):
        """As SIGTERM arrives."""

    monkeypatch.setattr("nasbench_mobile.executors.processes.GRACE_S", 0.2)
    hanging, _ = left_by(Terminated(), lambda: None, hang, tmp_path / "started")
    with pytest.raises(WorkerDied, match="SIGKILL"):
        hanging.result()


def test_no_thread_or_process_is_left() -> None:
    with workers(2) as pool:
        pid = pool.submit(os.getpid).result()
    assert not [thread for thread in threading.enumerate() if thread.name == "workers"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_nothing_is_taken_after_the_end() -> None:
    executor = ProcessExecutor(1)
    executor.shutdown()
    with pytest.raises(RuntimeError, match="stopped"):
        executor.submit(square, 2)


PARENT = """
import signal, sys
from pathlib import Path
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup would have it ignored
from tests.executors.test_processes import hang, wait_for, workers
if __name__ == "__main__":
    with workers(2) as pool:
        for name in "ab":
            pool.submit(hang, str(Path(sys.argv[1]) / name))
        for name in "ab":
            wait_for(Path(sys.argv[1]) / name)
        print(*[worker.process.pid for worker in pool._workers], flush=True)
        import time
        time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path, number: signal.Signals) -> None:
    root = Path(__file__).parents[2]
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(root)}, cwd=root,
    ) as parent:  # fmt: skip
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        parent.send_signal(number)
        parent.wait()
    assert len(pids) == 2
    ends = time.monotonic() + 5.0
    while left := [pid for pid in pids if alive(pid)]:
        assert time.monotonic() < ends, f"{left} live on"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize("noticed", [True, False])
def test_idle_workers_that_die_are_replaced(noticed: bool) -> None:
    with workers(1) as pool:
        pid = pool.submit(os.getpid).result()
        os.kill(pid, signal.SIGKILL if noticed else signal.SIGSTOP)
        while noticed and alive(pid):
            time.sleep(0.005)
        futures = [pool.submit(square, number) for number in range(3)]
        if not noticed:  # it still seems alive as it is given the job, and dies without beginning
            wait(futures, timeout=0.5)
            os.kill(pid, signal.SIGKILL)
        done, _ = wait(futures, timeout=60)
    results = [future.result() for future in futures]
    assert len(done) == 3
    assert results == [0, 1, 4]
