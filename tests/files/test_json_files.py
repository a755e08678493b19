"""Every file that is read as text or JSON: whatever is in it, a sentence that names the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.benchmark import read_benchmark
from nasbench_mobile.devices.reference_latency import nominal_ms
from nasbench_mobile.errors import LogError, NasbenchError, UsageError
from nasbench_mobile.evaluators.recorded_latency import read_latencies
from nasbench_mobile.files.json_files import RESTORE, parse_json, parsed, read_json, read_json_map
from nasbench_mobile.files.kept_folder import VARIABLE
from nasbench_mobile.files.text_files import DamagedText, decoded, read_text, text_of
from nasbench_mobile.image_search.request_file import REQUEST, read_request
from nasbench_mobile.lookup.table_file import read_lookup
from nasbench_mobile.reproduce.session import read_record
from nasbench_mobile.studies.crashes import deaths
from nasbench_mobile.studies.manifest import MANIFEST, read_manifest
from nasbench_mobile.surrogates.accuracy import SurrogateAccuracy
from nasbench_mobile.surrogates.model_files import fitted_to
from nasbench_mobile.surrogates.pixel1 import Pixel1Latency
from nasbench_mobile.surrogates.published_pixel1 import read_a1_rows
from nasbench_mobile.tables.table import read_table

DAMAGES: dict[str, bytes | None] = {
    "empty": b"",
    "folder": None,
    "UTF-16": '{"a": "für"}\n'.encode("utf-16"),
    "UTF-16 without a mark": '{"a": 1}\n'.encode("utf-16-le"),
    "UTF-32": '{"a": 1}\n'.encode("utf-32"),
    "Latin-1": '{\n"a": "für"}\n'.encode("latin-1"),
    "nested": b"[" * 100_000 + b"\n",
    "digits": b'{"a": ' + b"9" * 5000 + b"}\n",
    "NaN": b'{"latency_ms": NaN, "budget": NaN, "schema": NaN}\n',
    "a list": b"[1]\n",
    "null": b"null\n",
    "wrong keys": b'{"schema": "x", "model": [], "tokens": 3}\n',
    "a mark alone": b"\xef\xbb\xbf",
}

OURS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "a study": (MANIFEST, lambda path: read_manifest(path.parent)),
    "a search": (REQUEST, lambda path: read_request(path.parent)),
    "a record": ("figure6.json", read_record),
    "deaths": ("seed-0000.deaths", lambda path: deaths(path.with_suffix(".jsonl"))),
    "measured latencies": ("latencies.json", read_latencies),
    "a nominal latency": (
        "nominal-latency/host.json", lambda path: nominal_ms("host", lambda: 1.0),
    ),
}  # fmt: skip

USERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "a benchmark": ("own.toml", read_benchmark),
    "an accuracy model": ("own.json", SurrogateAccuracy.from_file),
    "a latency model": ("own.json", Pixel1Latency.from_file),
    "a look-up table": ("own.json", read_lookup),
    "a table": ("table.jsonl", read_table),
    "rows of a scaling": ("rows.csv", read_a1_rows),
}


def put(folder: Path, name: str, content: bytes | None) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    return path


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("reader", OURS | USERS)
def test_damage_is_a_sentence_that_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str, damage: str
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    name, read = (OURS | USERS)[reader]
    path = put(tmp_path, name, DAMAGES[damage])
    with pytest.raises(NasbenchError) as raised:
        read(path)
    said = str(raised.value)
    assert isinstance(raised.value, LogError if reader in OURS else UsageError) or (
        reader in OURS and damage == "folder" and "holds no study" in said
    )
    assert str(path) in said or (damage == "folder" and str(path.parent) in said)
    assert "\n" not in said
    if damage.startswith("UTF-"):
        assert damage.split()[0] in said
    if damage == "Latin-1":
        assert "line 2 has the byte 0xfc" in said


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_no_model_of_ours(tmp_path: Path, damage: str) -> None:
    data = put(tmp_path, "data.csv", b"a\n")
    assert not fitted_to(put(tmp_path, "model.json", DAMAGES[damage]), data)


def test_one_text_for_all_readers(tmp_path: Path) -> None:
    path = put(tmp_path, "a.json", '\ufeff{"a": "für"}'.encode())
    assert read_json(path) == read_json_map(path) == {"a": "für"}
    assert parse_json(path.read_bytes(), "a") == {"a": "für"}
    assert read_text(path) == decoded(path.read_bytes()) == '{"a": "für"}'
    path.write_text("[1]")
    assert read_json(path) == [1]
    with pytest.raises(LogError, match=r"it holds \[1\], not a map; restore the file from a copy"):
        read_json_map(path)
    with pytest.raises(LogError, match="not a map; remove it$"):
        read_json_map(path, "remove it")


def test_a_users_file_is_a_usage_error_and_ours_is_not(tmp_path: Path) -> None:
    path = put(tmp_path, "a.json", "für".encode("latin-1"))
    with pytest.raises(UsageError, match=r"^data a is not UTF-8: line 1 .*; save it as UTF-8$"):
        text_of(path.read_bytes(), "data a")
    with pytest.raises(LogError, match=f"is damaged: it is not UTF-8: line 1 .*; {RESTORE}$"):
        read_json(path)
    path.unlink()
    with pytest.raises(UsageError, match=r"^cannot read data .*a\.json: No such file"):
        read_text(path, "data")
    with pytest.raises(LogError, match=f"cannot be read: No such file.*; {RESTORE}$"):
        read_json(path)


def test_numbers_that_are_none_are_taken_where_it_is_said() -> None:
    assert parsed("[Infinity]", nan=True) == [float("inf")]
    assert parse_json(b'{"r2": NaN}', "a model", nan=True)["r2"] != 0
    for word in ("NaN", "Infinity", "-Infinity"):
        with pytest.raises(DamagedText, match=f"is not JSON: {word} is no number"):
            parsed(json.dumps({"a": 1})[:-2] + f"{word}}}")
