"""Phones' own words for their state (written out from the formats), and a machine that has none."""

from __future__ import annotations

import subprocess

import pytest

from nasbench_mobile.devices.android.settings import AndroidSettings, blocking, remarks
from nasbench_mobile.devices.android.state import DeviceState, parse_state, state_command
from nasbench_mobile.errors import UsageError

PIXEL_2 = """\
@@model
Pixel 2
@@android
10
@@battery
Current Battery Service state:
  AC powered: false
  USB powered: true
  Wireless powered: false
  status: 2
  level: 84
  scale: 100
  voltage: 4123
  temperature: 314
@@thermal
IsStatusOverride: false
ThermalEventListeners:
Thermal Status: 2
Cached temperatures:
@@power
  mWakefulness=Awake
Display Power: state=ON
@@cpus
0 schedutil 1900800
1 schedutil 1900800
10 schedutil 1900800
4 performance 2457600
5 performance 2457600
@@space
Filesystem      1K-blocks     Used Available Use% Mounted on
/dev/block/dm-3
                 26000000  9000000  17000000  35% /data
@@sha256
{digest}  /data/local/tmp/benchmark_model
@@executable
yes
""".replace("{digest}", "0a" * 32)


def test_everything_a_phone_says() -> None:
    state = parse_state(PIXEL_2)
    assert (state.model, state.android) == ("Pixel 2", "10")
    assert (state.battery_percent, state.charging, state.battery_c) == (84, True, 31.4)
    assert (state.thermal_status, state.screen_on) == (2, True)
    assert state.free_kib == 17_000_000
    assert [cpu.number for cpu in state.cpus] == [0, 1, 4, 5, 10]
    assert state.big_core_mask == "30"
    assert state.governors == ("performance", "schedutil")
    assert (state.binary_sha256, state.binary_executable) == ("0a" * 32, True)
    assert state.record()["cpus"][0]["max_mhz"] == 1900


def test_what_a_phone_does_not_say_is_none() -> None:
    names = ("model", "android", "battery", "thermal", "power", "cpus", "space", "sha256")
    assert parse_state("".join(f"@@{name}\n" for name in (*names, "executable"))) == DeviceState()
    assert parse_state("") == DeviceState()


@pytest.mark.parametrize(
    ("power", "on"),
    [
        ("mWakefulness=Asleep\nDisplay Power: state=OFF", False),
        ("mWakefulness=Dozing\nDisplay Power: state=DOZE_SUSPEND", False),
        ("Display Power: state=ON", True),
        ("mWakefulness=Dreaming", True),
        ("mWakefulness=Asleep", False),
    ],
)
def test_screen(power: str, on: bool) -> None:
    assert parse_state(f"@@power\n{power}\n").screen_on is on


def test_the_line_runs_in_a_plain_shell() -> None:
    """A real shell, of no phone: the parts it lacks are None, the parts it has are read."""
    line = state_command("/bin/sh", "/tmp")
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    state = parse_state(done.stdout)
    assert done.stderr == ""
    assert state.binary_executable
    assert state.free_kib is not None
    assert state.battery_percent is None


def test_what_blocks_a_phone_says_what_to_do() -> None:
    fit = parse_state(PIXEL_2.replace("Status: 2", "Status: 0"))
    assert blocking(fit, "S", AndroidSettings()) == []
    assert "(moderate)" in blocking(parse_state(PIXEL_2), "S", AndroidSettings())[0]
    assert "31.4" in blocking(fit, "S", AndroidSettings(max_battery_c=30))[0]
    assert "84 %" in blocking(fit, "S", AndroidSettings(min_battery_percent=90))[0]
    assert "adb -s S push" in blocking(DeviceState(), "S", AndroidSettings())[0]
    unset = DeviceState(binary_sha256="0a" * 32)
    assert "chmod 755" in blocking(unset, "S", AndroidSettings())[0]


@pytest.mark.parametrize("mask", ["c", "0c", "f0", "0xf0", "auto", None])
def test_masks(mask: str | None) -> None:
    assert AndroidSettings(core_mask=mask).core_mask == mask


@pytest.mark.parametrize("mask", ["", "0", "big", "f0;reboot", "00"])
def test_what_is_no_mask(mask: str) -> None:
    with pytest.raises(UsageError, match="not hexadecimal"):
        AndroidSettings(core_mask=mask)


def test_settings_above_zero() -> None:
    with pytest.raises(UsageError, match="pairs is 0"):
        AndroidSettings(pairs=0)


BATTERY_BY_HAND = """\
@@battery
Current Battery Service state:
  (UPDATES STOPPED -- use 'reset' to restart)
  AC powered: false
  level: 100
  scale: 100
  temperature: 250
"""
SAMSUNG = """\
@@thermal
IsStatusOverride: {override}
ThermalEventListeners:
\tcallbacks: 1
\tkilled: false
Thermal Status: 0
Cached temperatures:
\tTemperature{{mValue=25.6, mType=0, mName=AP, mStatus=0}}
HAL Ready: {ready}
HAL connection:
\tThermalHAL 2.0 connected: yes
"""
"""A Galaxy A52 5G's (android.stackexchange.com, question 246774), shortened."""


def test_a_battery_set_by_hand_is_not_believed() -> None:
    state = parse_state(PIXEL_2.replace("Status: 2", "Status: 0") + BATTERY_BY_HAND)
    assert (state.battery_percent, state.battery_c, state.charging) == (None, None, None)
    assert state.overridden == ("battery",)
    [why] = blocking(state, "adb-1 (2)._adb-tls-connect._tcp", AndroidSettings())
    assert "UPDATES STOPPED" in why
    assert "adb -s 'adb-1 (2)._adb-tls-connect._tcp' shell dumpsys battery reset" in why
    assert state.record()["overridden"] == ["battery"]


def test_a_board_without_a_battery_is_not_one_with_an_empty_one() -> None:
    none = "@@battery\n  AC powered: true\n  present: false\n  level: 0\n  temperature: 0\n"
    state = parse_state(PIXEL_2.replace("Status: 2", "Status: 0") + none)
    assert (state.battery_percent, state.battery_c) == (None, None)
    assert blocking(state, "S", AndroidSettings()) == []


def test_a_thermal_status_set_by_hand_is_not_believed() -> None:
    said = PIXEL_2 + SAMSUNG.format(override="true", ready="true")
    state = parse_state(said)
    assert (state.thermal_status, state.overridden) == (None, ("thermal",))
    [why] = blocking(state, "S", AndroidSettings())
    assert "adb -s S shell cmd thermalservice reset" in why


def test_a_thermal_service_without_sensors_says_nothing_of_heat() -> None:
    state = parse_state(PIXEL_2 + SAMSUNG.format(override="false", ready="false"))
    assert (state.thermal_status, state.thermal_ready) == (None, False)
    assert blocking(state, "S", AndroidSettings()) == []
    assert "HAL Ready: false" in " ".join(remarks(state))
    real = parse_state(PIXEL_2 + SAMSUNG.format(override="false", ready="true"))
    assert (real.thermal_status, real.thermal_ready) == (0, True)
    assert "HAL" not in " ".join(remarks(real))


def test_the_battery_still_says_heat_where_the_thermal_service_is_silent() -> None:
    silent = PIXEL_2.replace("temperature: 314", "temperature: 455")
    state = parse_state(silent + SAMSUNG.format(override="false", ready="false"))
    assert "battery at 45.5" in blocking(state, "S", AndroidSettings())[0]
