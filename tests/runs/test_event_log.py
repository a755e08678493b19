from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_mobile.costs import Cost
from nasbench_mobile.errors import LogError, NasbenchError
from nasbench_mobile.runs.event_log import EventLog, read_log, read_run, same_run
from nasbench_mobile.runs.events import Ask, End, Tell, header_from_json, header_to_json
from nasbench_mobile.runs.run import RunHeader, Timing
from nasbench_mobile.types import Fidelity, Measurement, Proposal, StrategySpec, Trial

HEADER = RunHeader(
    benchmark={"name": "b", "version": 1},
    benchmark_hash="abc",
    strategy=StrategySpec("ppo", {"clip": 0.1}),
    seed=3,
    budget=3,
    versions={"python": "3"},
)
FIRST, SECOND, THIRD = Proposal(0, (1, 2)), Proposal(1, (0, 0)), Proposal(2, (1, 2))
SEEN = Measurement(
    0.6123456789012345, 70.1, 0.0026, 0.5, Fidelity(epochs=5, data="x", width=0.35), 12.5, True
)
TRUE = Measurement(
    0.6100000000000001, 70.1, 0.0026, 0.5, Fidelity(epochs=5, data="x", width=0.35), 12.5, True
)
EVENTS = (
    Ask(2, (FIRST, SECOND)),
    Tell(
        (Trial(FIRST, SEEN, 0.61), Trial(SECOND, failure="it was hot")),
        (TRUE, None),
        Timing(0.1, 0.2, 0.3),
    ),
    Ask(1, (THIRD,)),
    Tell((Trial(THIRD, SEEN, 0.61, repeat_of=0),), (TRUE,), Timing(0.2, 0.2, 0.5)),
    End(None, Timing(0.2, 0.2, 0.6)),
)


def write(path: Path, events: tuple[Ask | Tell | End, ...] = EVENTS) -> Path:
    with EventLog.create(path, HEADER) as log:
        for event in events:
            log.write(event)
    return path


def test_what_is_written_reads_back_exactly(tmp_path: Path) -> None:
    contents = read_log(write(tmp_path / "log.jsonl"))
    assert contents.header == HEADER
    assert contents.events == EVENTS
    assert not contents.torn
    run = read_run(tmp_path / "log.jsonl")
    assert run.finished
    assert [trial.repeat_of for trial in run.trials] == [None, None, 0]
    assert run.noise_free == (TRUE, None, TRUE)
    assert run.timing == Timing(0.2, 0.2, 0.6)


def test_a_log_is_not_overwritten(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl")
    with pytest.raises(FileExistsError):
        EventLog.create(path, HEADER)


def test_every_cut_is_a_torn_line_or_a_shorter_log(tmp_path: Path) -> None:
    whole = write(tmp_path / "log.jsonl").read_bytes()
    header_end = whole.index(b"\n") + 1
    cut = tmp_path / "cut.jsonl"
    for size in range(header_end, len(whole)):
        cut.write_bytes(whole[:size])
        contents = read_log(cut)
        assert contents.torn == (whole[size - 1 : size] != b"\n")
        assert contents.events == EVENTS[: len(contents.events)]
        assert not read_run(cut).finished


def test_reopen_cuts_the_torn_line_and_goes_on(tmp_path: Path) -> None:
    whole = write(tmp_path / "log.jsonl").read_bytes()
    path = tmp_path / "cut.jsonl"
    path.write_bytes(whole[: whole.index(b'"event":"end"') - 20])
    contents = read_log(path)
    assert contents.torn
    with EventLog.reopen(path, contents) as log:
        for event in EVENTS[len(contents.events) :]:
            log.write(event)
    assert path.read_bytes() == whole


def test_any_edit_is_an_error_that_names_the_line(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl")
    lines = path.read_text().splitlines(keepends=True)
    edited = tmp_path / "edited.jsonl"
    edited.write_text("".join(lines).replace('"reward":0.61', '"reward":0.99', 1))
    with pytest.raises(LogError, match=r"line 3: the line was changed"):
        read_log(edited)
    edited.write_text("".join(lines[:2] + lines[3:]))
    with pytest.raises(LogError, match=r"line 3: .*missing"):
        read_log(edited)
    edited.write_text("".join(lines[:3]) + "garbage\n" + "".join(lines[3:]))
    with pytest.raises(LogError, match="line 4"):
        read_log(edited)


def test_a_line_after_the_end_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl")
    with EventLog.reopen(path, read_log(path)) as log:
        log.write(EVENTS[0])
    with pytest.raises(LogError, match="after the end"):
        read_log(path)


def test_an_unknown_schema_or_event_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with EventLog.create(path, HEADER) as log:
        log._write({"event": "dance"})
    with pytest.raises(LogError, match="line 2: unknown event 'dance'"):
        read_log(path)
    path.unlink()
    path.write_text("")
    with pytest.raises(LogError, match="no complete header"):
        read_log(path)


def test_times_do_not_make_two_runs_differ(tmp_path: Path) -> None:
    other_times = tuple(
        Tell(event.trials, event.noise_free, Timing(9, 9, 9)) if isinstance(event, Tell) else event
        for event in EVENTS
    )
    first, second = write(tmp_path / "a"), write(tmp_path / "b", other_times)
    assert first.read_bytes() != second.read_bytes()
    assert same_run(first, second)
    assert not same_run(first, write(tmp_path / "c", EVENTS[:2]))


def test_a_full_disk_says_what_is_safe(tmp_path: Path) -> None:
    log = EventLog.create(tmp_path / "log.jsonl", HEADER)

    class Full:
        closed = False

        def write(self, _: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            pass

    log._file = Full()  # type: ignore[assignment]
    with pytest.raises(NasbenchError, match="the disk is full. All trials told before .* safe"):
        log.write(EVENTS[0])
    log.close()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EIO, "Input/output error"), "cannot be written: Input/output error"),
        (OSError("the cable is out"), "cannot be written: the cable is out"),
    ],
)
def test_why_a_log_cannot_be_written_is_said(tmp_path: Path, error: OSError, words: str) -> None:
    log = EventLog.create(tmp_path / "log.jsonl", HEADER)

    class Failing:
        closed = True

        def write(self, _: bytes) -> None:
            raise error

    log._file = Failing()  # type: ignore[assignment]
    with pytest.raises(NasbenchError, match=words):
        log.write(EVENTS[0])


def test_a_log_of_a_newer_version_is_refused_with_that_version(tmp_path: Path) -> None:
    header = header_to_json(replace(HEADER, versions={"nasbench-mobile": "7.8.9"}))
    with pytest.raises(NasbenchError, match=r"7\.8\.9"):
        header_from_json({**header, "schema": 99})
    with pytest.raises(NasbenchError, match="newer|schema 99"):
        header_from_json({**header, "schema": 99, "versions": "none"})


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_really_full_device_fails_once_and_clearly(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "log.jsonl", Path("/dev/full").open("wb"))  # noqa: SIM115
    with pytest.raises(NasbenchError, match="the disk is full"), log:
        log.write(EVENTS[0])


def test_lines_are_json(tmp_path: Path) -> None:
    for line in write(tmp_path / "log.jsonl").read_text().splitlines():
        assert "event" in json.loads(line)


COSTLY = replace(SEEN, other_costs=(("energy", Cost(3.25, "mJ", 0.5)), ("memory", Cost(7.0, "MB"))))
TOLD = (Ask(1, (FIRST,)), Tell((Trial(FIRST, COSTLY, 0.6),), (COSTLY,)))


def test_costs_stand_by_name_with_value_and_unit(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in write(tmp_path / "a", TOLD).read_text().splitlines()]
    assert lines[0]["schema"] == 3
    assert lines[2]["trials"][0]["costs"] == {
        "latency": [70.1, "ms", 0.5], "energy": [3.25, "mJ", 0.5], "memory": [7.0, "MB"],
    }  # fmt: skip
    assert "latency_ms" not in lines[2]["trials"][0]
    lines = [json.loads(line) for line in write(tmp_path / "b").read_text().splitlines()]
    assert lines[2]["trials"][0]["costs"] == {"latency": [70.1, "ms", 0.5]}


def test_costs_that_this_version_does_not_know_are_kept_and_written_on(tmp_path: Path) -> None:
    path = write(tmp_path / "log", TOLD)
    contents = read_log(path)
    assert contents.events == TOLD
    [trial] = read_run(path).trials
    assert trial.measurement == COSTLY
    assert read_run(path).noise_free[0] == COSTLY
    again = write(tmp_path / "again", contents.events)
    assert again.read_bytes() == path.read_bytes()


def test_an_old_log_goes_on_in_its_own_schema(tmp_path: Path) -> None:
    """Which has no place for other costs, and says so instead of losing them."""
    header = {**header_to_json(HEADER), "schema": 2}
    path = tmp_path / "log"
    with EventLog(path, path.open("xb"), schema=2) as log:
        log._write(header)
        log.write(EVENTS[0])
    with EventLog.reopen(path, read_log(path)) as log:
        for event in EVENTS[1:]:
            log.write(event)
        with pytest.raises(NasbenchError, match="schema 2, which has no costs but latency, and .*"):
            log.write(TOLD[1])
    assert read_log(path).events == EVENTS
    told = json.loads(path.read_text().splitlines()[2])["trials"][0]
    assert (told["latency_ms"], told["latency_sd_ms"], "costs" in told) == (70.1, 0.5, False)
