from __future__ import annotations

from pathlib import Path

import pytest

from nasbench_mobile.devices.reference_latency import nominal_ms
from nasbench_mobile.errors import LogError, UsageError
from nasbench_mobile.files.kept_folder import VARIABLE


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    return tmp_path


def test_it_is_measured_once_and_kept_per_device() -> None:
    measured = iter([7.5, 80.0])
    assert nominal_ms("a host (4 cores) runtime 2.3", lambda: next(measured)) == 7.5
    assert nominal_ms("a host (4 cores) runtime 2.3", lambda: next(measured)) == 7.5
    assert nominal_ms("a phone", lambda: next(measured)) == 80.0


def test_of_processes_that_measure_at_once_the_first_wins() -> None:
    def slower() -> float:
        assert nominal_ms("a host", lambda: 7.0) == 7.0  # another finishes while this one measures
        return 9.0

    assert nominal_ms("a host", slower) == 7.0


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"latency_ms": "fast"}', '{"latency_ms": -1}', '{"latency_ms": NaN}']
)
def test_a_damaged_file_is_named(cache: Path, text: str) -> None:
    nominal_ms("a host", lambda: 7.0)
    [file] = (cache / "nominal-latency").iterdir()
    file.write_text(text)
    with pytest.raises(LogError, match=r"is damaged: .*; remove it, and the reference is measured"):
        nominal_ms("a host", lambda: 7.0)


def test_a_folder_that_cannot_be_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file"))
    with pytest.raises(UsageError, match="--nominal-ms"):
        nominal_ms("a host", lambda: 7.0)
