"""Logs and manifests that are damaged in any way: an error in words, and no other exception."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.errors import LogError, NasbenchError
from nasbench_mobile.runs.event_log import (
    EventLog,
    has_ended,
    read_header,
    read_log,
    read_run,
    same_run,
)
from nasbench_mobile.runs.events import Ask, End, Start, Tell
from nasbench_mobile.runs.run import RunHeader
from nasbench_mobile.studies.manifest import MANIFEST, read_manifest
from nasbench_mobile.studies.plan import Plan
from nasbench_mobile.studies.study import Study
from nasbench_mobile.types import Fidelity, Measurement, Proposal, StrategySpec, Trial
from tests.fuzzing import share

SEEN = Measurement(0.61, 70.1, 0.002, 0.5, Fidelity(epochs=5, data="x", width=0.35), 12.5, True)
PROPOSALS = (Proposal(0, (1, 2)), Proposal(1, (0, 0), 0.5), Proposal(2, (1, 2)))


def write(path: Path) -> Path:
    header = RunHeader(
        {"name": "b", "version": 1}, "abc", StrategySpec("ppo", {"clip": 0.1}), 3, 4,
        start=((3, 3),), versions={"python": "3"}, code="built-in", defaults={"rate": 0.1},
    )  # fmt: skip
    first = Proposal(-1, (3, 3))
    with EventLog.create(path, header) as log:
        log.write(Start((first,)))
        log.write(Tell((Trial(first, Measurement(0.5, 9.0), 0.5),), (Measurement(0.4, 9.0),)))
        log.write(Ask(2, PROPOSALS[:2]))
        trials = (Trial(PROPOSALS[0], SEEN, 0.61), Trial(PROPOSALS[1], failure="hot"))
        log.write(Tell(trials, (SEEN, None)))
        log.write(Ask(1, PROPOSALS[2:]))
        log.write(Tell((Trial(PROPOSALS[2], SEEN, 0.61, repeat_of=0),), (SEEN,)))
        log.write(End(None))
    return path


def records_of(path: Path) -> list[Any]:
    records = [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
    return [{key: value for key, value in one.items() if key != "sum"} for one in records]


def write_records(path: Path, records: list[Any]) -> None:
    """With checksums that are right, so that what a line says is all that can be wrong."""
    checksum, lines = 0, []
    for record in records:
        body = json.dumps(record, separators=(",", ":")).encode()[:-1]
        checksum = zlib.crc32(body, checksum)
        lines.append(body + b',"sum":"%08x"}\n' % checksum)
    path.write_bytes(b"".join(lines))


COSTS = (4, "trials", 0, "costs")
"""Where the costs of the first told trial stand."""

Change = Callable[[list[Any]], None]


def put(value: Any, *place: Any) -> Change:
    def change(records: list[Any]) -> None:
        inside = records
        for key in place[:-1]:
            inside = inside[key]
        inside[place[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (put(float("nan"), 4, "trials", 0, "reward"), 5, "NaN is no number"),
        (put(float("inf"), 4, "trials", 0, "cost_s"), 5, "Infinity is no number"),
        (put(-1.0, 4, "trials", 0, "cost_s"), 5, r"cost_s is -1.0; it is not below 0"),
        (put("0.6", 4, "trials", 0, "reward"), 5, "reward is '0.6'; it is a number"),
        (put(1.5, 4, "trials", 0, "accuracy"), 5, "accuracy is 1.5"),
        (put(True, 4, "trials", 0, "accuracy"), 5, "accuracy is True; it is a number"),
        (put(0, 4, "trials", 1, "id"), 5, "trial 0 is told twice"),
        (put(7, 4, "trials", 1, "id"), 5, "trial 7 was never proposed"),
        (put(7, 6, "trials", 0, "repeat_of"), 7, "trial 2 repeats 7, which was never proposed"),
        (put([70.1, "s"], *COSTS, "latency"), 5, "the cost latency is in 's'; it must be in ms"),
        (
            put([-1.0, "ms"], *COSTS, "latency"),
            5,
            "latency_ms is -1.0; it must be finite",
        ),
        (put([0.0, "ms"], *COSTS, "latency"), 5, "latency_ms is 0.0; it must be finite"),
        (put([70.1, 3], *COSTS, "latency"), 5, "the unit of the cost latency is 3; it is text"),
        (put([70.1], *COSTS, "latency"), 5, r"the cost latency is \[70.1\]; it is \[value, unit"),
        (put([1.0, ""], *COSTS, "energy"), 5, "the unit of a cost is ''; give it a word"),
        (put(["1", "mJ"], *COSTS, "energy"), 5, "the cost energy is '1'; it is a number"),
        (put([1.0, "mJ", -1], *COSTS, "energy"), 5, "the sd of the cost energy is -1"),
        (put([1.0, "mJ"], *COSTS, "an energy"), 5, "a cost is named 'an energy'"),
        (put({"energy": [1.0, "mJ"]}, *COSTS), 5, "costs are .*without latency"),
        (put(70.1, *COSTS), 5, "costs is 70.1; it is a map"),
        (put(4, 4, "trials", 1, "failure"), 5, "failure is 4; it is text"),
        (put([["1"], [2]], 3, "proposals", 0, 1), 4, r"tokens are \[\['1'\], \[2\]\]"),
        (put("12", 3, "proposals", 0, 1), 4, "tokens are '12'"),
        (put([1, -2], 3, "proposals", 0, 1), 4, r"tokens are \[1, -2\]"),
        (put([1, 10**30], 3, "proposals", 0, 1), 4, "whole numbers from 0"),
        (put([1, 2, 3], 3, "proposals", 1, 1), 4, "proposal 1 has 3 tokens, and those before it 2"),
        (put(-1, 3, "proposals", 1, 0), 4, "proposal -1 is there twice"),
        (put(-0.5, 3, "proposals", 1, 2), 4, r"proposal 1 has fidelity -0.5; it is in \(0, 1\]"),
        (put(2.0, 4, "elapsed", "wall"), 5, "wall"),
        (put("dance", 3, "event"), 4, "unknown event 'dance'"),
        (put(["x"], 3), 4, "line 4"),
        (put("many", 0, "budget"), 1, "budget is 'many'; it is a whole number"),
        (put({"name": 3, "options": {}}, 0, "strategy"), 1, "the name of a strategy is 3"),
        (put(3, 0, "versions", "python"), 1, "the version of python is 3; it is text"),
    ],
)
def test_what_a_line_cannot_say_is_an_error_with_file_and_line(
    tmp_path: Path, change: Change, line: int, said: str
) -> None:
    path = write(tmp_path / "log.jsonl")
    records = records_of(path)
    change(records)
    write_records(path, records)
    for read in (read_log, read_run):
        with pytest.raises(LogError, match=said) as raised:
            read(path)
        assert str(raised.value).startswith(f"{path}, line {line}: ")


def test_checksums_that_are_made_again_are_those_of_the_log(tmp_path: Path) -> None:
    """Or the tests here would see a wrong checksum and nothing else."""
    path = write(tmp_path / "log.jsonl")
    whole = path.read_bytes()
    write_records(path, records_of(path))
    assert path.read_bytes() == whole


def test_a_nest_too_deep_is_damage(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl")
    header = path.read_bytes().split(b"\n")[0] + b"\n"
    body = b'{"event":' + b"[" * 100_000 + b"]" * 100_000
    before = int(header[-11:-3], 16)
    path.write_bytes(header + body + b',"sum":"%08x"}\n' % zlib.crc32(body, before))
    with pytest.raises(LogError, match="line 2: it is not JSON: it is nested too deeply"):
        read_log(path)


@pytest.mark.parametrize("byte", [b"\r", b"\x0b", b"\x0c", b"\x85", b"\x00"])
def test_a_stray_byte_is_damage_and_no_torn_end(tmp_path: Path, byte: bytes) -> None:
    """Only a newline ends a line: what follows another byte is not cut off."""
    path = write(tmp_path / "log.jsonl")
    whole = path.read_bytes()
    for place in (len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:place] + byte + whole[place:])
        with pytest.raises(LogError, match="was changed after it was written"):
            read_log(path)


def test_how_much_is_torn_is_known(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl")
    assert has_ended(path)
    path.write_bytes(path.read_bytes()[:-7])
    assert not has_ended(path)
    last = path.read_bytes().rpartition(b"\n")[2]
    assert read_log(path).torn_bytes == len(last) > 0


def test_logs_of_different_length_are_not_the_same_run(tmp_path: Path) -> None:
    whole, short = write(tmp_path / "whole"), tmp_path / "short"
    short.write_bytes(b"".join(whole.read_bytes().splitlines(keepends=True)[:-1]))
    assert same_run(whole, whole)
    assert not same_run(whole, short)
    assert not same_run(short, whole)


NUMBERS = st.integers() | st.floats() | st.sampled_from([0, 1, -1, 2, 0.5, 10**400, 2**63])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)


@st.composite
def changes(draw: st.DrawFn) -> list[tuple[str, list[float], Any]]:
    """What is done, where (each number picks one of what is there), and with what value."""
    kinds = st.sampled_from(["put", "remove", "copy", "swap", "cut"])
    picks = st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=5)
    return draw(st.lists(st.tuples(kinds, picks, JSON), min_size=1, max_size=2))


def changed(data: Any, what: str, picks: list[float], value: Any) -> Any:
    """The data with one value in it replaced, removed, or exchanged with another."""
    if not picks or not isinstance(data, dict | list) or not data:
        return value
    keys = list(data) if isinstance(data, dict) else list(range(len(data)))
    key = keys[int(picks[0] * len(keys))]
    if len(picks) > 1:
        data[key] = changed(data[key], what, picks[1:], value)
    elif what == "remove":
        del data[key]
    elif what == "copy" and isinstance(data, list):
        data.insert(key, data[-1])
    elif what == "swap":
        data[key], data[keys[0]] = data[keys[0]], data[key]
    else:
        data[key] = value
    return data


def outcome(read: Callable[[Path], Any], path: Path) -> str | None:
    try:
        read(path)
    except NasbenchError as error:
        return str(error)
    return None


def check_log(path: Path, how: list[tuple[str, list[float], Any]]) -> None:
    path.unlink(missing_ok=True)
    records: Any = records_of(write(path))
    for what, picks, value in how:
        records = changed(records, what, picks, value)
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        records = [one if isinstance(one, dict) else {"event": one} for one in [records]]
    write_records(path, records)
    assert outcome(read_log, path) == outcome(read_run, path)
    outcome(read_header, path)
    has_ended(path)


def check_manifest(folder: Path, how: list[tuple[str, list[float], Any]]) -> None:
    data = json.loads((folder / "whole.json").read_text())
    for what, picks, value in how:
        data = changed(data, what, picks, value)
    (folder / MANIFEST).write_text(json.dumps(data))
    outcome(read_manifest, folder)


@pytest.fixture(scope="module")
def manifest_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("manifest") / "s"
    specs = (StrategySpec("random"), StrategySpec("random", {}, "again"))
    start = ((0,) * 28,)
    Study.create(folder, Plan(load_benchmark("imagenet-pixel1"), specs, (0, 1), 9, 2, start[:0]))
    (folder / MANIFEST).rename(folder / "whole.json")
    return folder


few = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@few
@given(how=changes())
def test_any_change_of_a_log_is_read_or_an_error_of_ours(
    tmp_path: Path, how: list[tuple[str, list[float], Any]]
) -> None:
    check_log(tmp_path / "log.jsonl", how)


@few
@given(how=changes())
def test_any_change_of_a_manifest_is_read_or_an_error_of_ours(
    manifest_folder: Path, how: list[tuple[str, list[float], Any]]
) -> None:
    check_manifest(manifest_folder, how)


@pytest.mark.slow
@settings(few, max_examples=share("logs"))
@given(how=changes())
def test_many_changes_of_a_log(tmp_path: Path, how: list[tuple[str, list[float], Any]]) -> None:
    check_log(tmp_path / "log.jsonl", how)


@pytest.mark.slow
@settings(few, max_examples=share("manifests"))
@given(how=changes())
def test_many_changes_of_a_manifest(
    manifest_folder: Path, how: list[tuple[str, list[float], Any]]
) -> None:
    check_manifest(manifest_folder, how)


WRONG: dict[str, tuple[Any, str]] = {
    "schema": (99, "has schema 99"),
    "benchmark": (3, "key 'benchmark' is 3; it is text"),
    "benchmark_hash": (None, "key 'benchmark_hash' is None; it is text"),
    "objective": ([], r"key 'objective' is \[\]"),
    "target_ms": ("75", "key 'target_ms' is '75'; it is a number"),
    "strategies": ({"a": 1}, "key 'strategies' is .*; it is a list"),
    "seeds": ([0, "1"], "key 'seeds' is '1'; it is a whole number"),
    "budget": (-3, "key 'budget' is -3; it is at least 1"),
    "batch": (2.5, "key 'batch' is 2.5; it is a whole number"),
    "start": ([[1, "x"]], "key 'start' is 'x'; it is a whole number"),
    "workers": ("two", "key 'workers' is 'two'"),
    "latency": ("host", "key 'latency' is 'host'; it is a map"),
}


@pytest.mark.parametrize("key", WRONG)
def test_a_wrong_type_in_a_manifest_names_file_and_key(manifest_folder: Path, key: str) -> None:
    data = json.loads((manifest_folder / "whole.json").read_text())
    (manifest_folder / MANIFEST).write_text(json.dumps(data | {key: WRONG[key][0]}))
    with pytest.raises(NasbenchError, match=WRONG[key][1]) as raised:
        read_manifest(manifest_folder)
    assert str(manifest_folder / MANIFEST) in str(raised.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is not JSON"),
        (b"null", "it holds None, not a map"),
        (b"[]", r"it holds \[\], not a map"),
        (b'{"benchmark":\n "caf\xe9"}', "it is not UTF-8: line 2 has the byte 0xe9"),
        (b"\xff\xfe{\x00", "it is UTF-16 text"),
        (b'{"a":' * 100_000, "it is not JSON: it is nested too deeply"),
        (b'{"target_ms": NaN}', "NaN is no number"),
        (b'{"budget": ' + b"9" * 5000 + b"}", "it has a number of thousands of digits"),
        (b"{}", "key 'benchmark' is missing"),
    ],
)
def test_a_manifest_that_is_none_is_a_sentence(
    manifest_folder: Path, content: bytes, said: str
) -> None:
    (manifest_folder / MANIFEST).write_bytes(content)
    with pytest.raises(LogError, match=said) as raised:
        read_manifest(manifest_folder)
    assert str(raised.value).startswith(f"{manifest_folder / MANIFEST} is damaged: ")
    assert "\n" not in str(raised.value)


def test_a_byte_order_mark_is_read_over(manifest_folder: Path) -> None:
    whole = (manifest_folder / "whole.json").read_bytes()
    (manifest_folder / MANIFEST).write_bytes(b"\xef\xbb\xbf" + whole)
    assert read_manifest(manifest_folder).plan.budget == 9
