from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from nasbench_mobile.extras import install_command


def test_without_adb_there_is_an_empty_list_and_advice(
    command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "adbutils", None)  # as if the extra was not installed
    result = command("devices", "--json")
    assert result.json == []
    assert "there is no adb here: run " in result.err
    assert install_command("android") in result.err
    assert command("devices").out == ""


def test_adbutils_without_a_program_to_start(
    command: Callable[..., Any], fake_adb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", "9")  # the discard port: no server there
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("adbutils._utils._is_valid_exe", lambda _: False)
    result = command("devices", "--json")
    assert result.json == []
    assert "there is no adb here" in result.err


def test_no_phone(command: Callable[..., Any], fake_adb: Any) -> None:
    result = command("devices", "--json")
    assert result.json == []
    assert "plug one in" in result.err


def test_what_is_wrong_with_each(command: Callable[..., Any], fake_adb: Any) -> None:
    fake_adb.add("good", screen="ON")
    fake_adb.add("locked", state="unauthorized")
    fake_adb.add("gone", state="offline")
    fake_adb.add("closed", state="no permissions (missing udev rules?); see")
    fake_adb.add("empty", binary=False)
    fake_adb.add("low-hot", battery=7, tenths_c=480)
    rows = {row["serial"]: row for row in command("devices", "--json").json}
    assert rows["good"]["ready"] is True
    assert rows["good"]["problems"] == []
    assert "screen is on" in rows["good"]["remarks"][0]
    assert rows["good"]["details"]["big_core_mask"] == "c"
    assert rows["good"]["model"] == "Pixel"
    assert "allow USB debugging" in rows["locked"]["problems"][0]
    assert "plug the phone in again" in rows["gone"]["problems"][0]
    assert "udev" in rows["closed"]["problems"][0]
    assert "adb -s empty push benchmark_model" in rows["empty"]["problems"][0]
    assert ["battery at 7 %" in p or "hot" in p for p in rows["low-hot"]["problems"]] == [True] * 2
    assert [serial for serial, row in rows.items() if row["ready"]] == ["good"]


def test_the_table(command: Callable[..., Any], fake_adb: Any) -> None:
    fake_adb.add("S1", tenths_c=480)
    text = command("devices").out
    assert "S1: hot: battery at 48 °C, above 40 °C: let it cool" in text
    assert "schedutil" in text


def test_the_cores_and_what_tells_them_apart(command: Callable[..., Any], fake_adb: Any) -> None:
    """Two clusters with one highest frequency, as on an OPPO R15 (MT6771)."""
    clusters = "".join(f"{n} related_cpus={'0 1' if n < 2 else '2 3'}\n" for n in range(4))
    same = f"@@cpus\n{''.join(f'{n} interactive 1989000' + chr(10) for n in range(4))}"
    kinds = "".join(
        f"processor\t: {n}\nCPU implementer\t: 0x41\nCPU part\t: 0x{part}\n"
        for n, part in enumerate(("d03", "d03", "d09", "d09"))
    )
    fake_adb.add("unknown", extra=f"{same}@@cores\n{clusters}")
    fake_adb.add("known", extra=f"{same}@@cores\n{clusters}@@parts\n{kinds}")
    rows = {row["serial"]: row for row in command("devices", "--json").json}
    assert rows["unknown"]["ready"] is False
    assert "cores 0-1 and 2-3 all reach 1989 MHz" in rows["unknown"]["problems"][0]
    assert rows["known"]["ready"] is True
    assert rows["known"]["details"]["big_core_mask"] == "c"
    assert "CPU part" in command("devices").out


def test_measure_on_a_phone(command: Callable[..., Any], fake_adb: Any) -> None:
    phone = fake_adb.add("S1")
    arguments = ("measure", "mnasnet-a1", "--device", "android:S1", "--nominal-ms", "75")
    record = command(*arguments, "--json").json
    assert record["latency_ms"] == pytest.approx(75 * record["ratio_to_reference"])
    assert (record["device"], record["serial"], record["runs"]) == ("Pixel", "S1", 8)
    assert "mnasnet-a1 on Pixel" in command(*arguments).out
    assert phone.files == {}
    phone.state = "offline"
    failed = command(*arguments)
    assert (failed.code, failed.out) == (1, "")
    assert "phone S1 is offline" in failed.err
