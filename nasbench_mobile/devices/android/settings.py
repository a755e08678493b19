"""How to measure on a phone, and which phones to leave alone."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from nasbench_mobile.devices.android.state import DeviceState
from nasbench_mobile.devices.host.cpu_cores import mask_problem
from nasbench_mobile.errors import UsageError

AUTO = "auto"
"""The core mask that means: the phone's fastest cores."""


@dataclass(frozen=True, slots=True)
class AndroidSettings:
    """How to measure on a phone, and when to leave it alone.

    `core_mask` is hexadecimal for `taskset` (`c` on a Pixel 1, `f0` on a Pixel 2), `auto` for the
    fastest cores (see `cpu_cores`), None for no mask. A measurement is `pairs` pairs of a run of
    the candidate and one of the reference, each run `warmup_runs` and then `runs` inferences.
    The limits are our choices: pairs, so that the median has an interval (six are needed); runs,
    because the program's own start-up is paid once for them; 40 °C and thermal status 0, because
    above them Android lowers clocks; 20 % because below it savers do.
    """

    binary: str = "/data/local/tmp/benchmark_model"
    folder: str = "/data/local/tmp"
    core_mask: str | None = AUTO
    threads: int = 1
    xnnpack: bool = True
    warmup_runs: int = 2
    runs: int = 10
    pairs: int = 8
    run_timeout_s: float = 60.0
    attempts: int = 2
    min_battery_percent: int = 20
    max_battery_c: float = 40.0
    max_thermal_status: int = 0
    cool_down_s: float = 300.0
    poll_s: float = 10.0
    reconnect_s: float = 10.0

    def __post_init__(self) -> None:
        for name in ("threads", "runs", "pairs", "attempts", "run_timeout_s", "poll_s"):
            if not getattr(self, name) > 0:
                raise UsageError(f"{name} is {getattr(self, name)!r}; it must be above 0")
        mask = self.core_mask
        if mask not in (None, AUTO) and not re.fullmatch(r"(0x)?[0-9a-fA-F]*[1-9a-fA-F]+0*", mask):
            raise UsageError(
                f"core mask {mask!r} is not hexadecimal with a core in it; give one such as 0c or "
                f"f0, or {AUTO!r} for the phone's fastest cores"
            )


def blocking(state: DeviceState, serial: str, settings: AndroidSettings) -> list[str]:
    """Everything that keeps this phone from being measured on, with what to do; none is good."""
    found = []
    adb = f"adb -s {shlex.quote(serial)}"
    if state.binary_sha256 is None and not state.binary_executable:
        found.append(
            f"no benchmark_model at {settings.binary}: {adb} push benchmark_model {settings.binary}"
        )
    elif not state.binary_executable:
        found.append(
            f"{settings.binary} is not executable: {adb} shell chmod 755 {settings.binary}"
        )
    found += [f"{what}: {adb} shell {reset}" for what, reset in _set_by_hand(state)]
    level = state.battery_percent
    if level is not None and level < settings.min_battery_percent:
        found.append(f"battery at {level} %: charge it to {settings.min_battery_percent} % or more")
    heat = state.heat(settings.max_battery_c, settings.max_thermal_status)
    if heat:
        found.append(f"{heat}: let it cool")
    cores = core_problem(state, settings)
    if cores:
        found.append(cores)
    return found


def remarks(state: DeviceState) -> list[str]:
    """What should be known of a phone that can be measured on, with what to do about it."""
    found = []
    if state.screen_on:
        found.append("the screen is on: turn it off, drawing it costs clocks")
    if state.thermal_ready is False:
        found.append(
            "its thermal service has no sensors (HAL Ready: false): whether it is hot is known of "
            "the battery alone"
        )
    return found


def core_problem(state: DeviceState, settings: AndroidSettings) -> str | None:
    """Why no program can be held to the cores that the settings ask for, or None."""
    if settings.core_mask is None:
        return None
    if settings.core_mask == AUTO:
        return state.fastest.problem
    return mask_problem(settings.core_mask, state.cpus)


def _set_by_hand(state: DeviceState) -> list[tuple[str, str]]:
    """What stands in place of the phone's own state, and the command that ends it."""
    known = {
        "battery": (
            "its battery's state is set by hand (UPDATES STOPPED)",
            "dumpsys battery reset",
        ),
        "thermal": (
            "its thermal status is set by hand (IsStatusOverride: true)",
            "cmd thermalservice reset",
        ),
    }
    return [known[name] for name in state.overridden]
