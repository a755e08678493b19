"""What state a phone is in: heat, battery, screen, clocks, free space, its `benchmark_model`."""

from __future__ import annotations

import re
import shlex
from dataclasses import asdict, dataclass
from typing import Any

from nasbench_mobile.devices.host.cpu_cores import CoreChoice, Cpu, choose_cores
from nasbench_mobile.devices.host.cpu_reading import read_cpus

THERMAL = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")
"""The names of `Thermal Status`: https://developer.android.com/reference/android/os/PowerManager
(THERMAL_STATUS_NONE = 0 and so on)."""

_CPUS = (
    "for c in /sys/devices/system/cpu/cpu[0-9]*; do echo ${c##*/cpu} "
    "$(cat $c/cpufreq/scaling_governor) $(cat $c/cpufreq/cpuinfo_max_freq); done"
)
_CORES = (
    'r() { v=; read -r v < $c/$1; l="$l ${1##*/}=$v"; }; '
    "for c in /sys/devices/system/cpu/cpu[0-9]*; do l=${c##*/cpu}; r online; r cpu_capacity; "
    "r regs/identification/midr_el1; r topology/cluster_id; r topology/physical_package_id; "
    'r cpufreq/related_cpus; echo "$l"; done'
)
_PARTS = "grep -E '^(processor|CPU implementer|CPU part)' /proc/cpuinfo"


@dataclass(frozen=True, slots=True)
class DeviceState:
    """A phone at one moment. None where the phone does not say (an old Android, or not one).

    `battery_c` is the battery's temperature in degrees Celsius, `thermal_status` an index into
    `THERMAL`, `free_kib` what is free where models are put, `binary_sha256` the digest of
    `benchmark_model` (None: not there). What was set by hand in place of what is (`overridden`, of
    `battery` and `thermal`) is None, and so is a thermal status that nothing measures
    (`thermal_ready` is False).
    """

    model: str | None = None
    android: str | None = None
    battery_percent: int | None = None
    charging: bool | None = None
    battery_c: float | None = None
    thermal_status: int | None = None
    screen_on: bool | None = None
    free_kib: int | None = None
    cpus: tuple[Cpu, ...] = ()
    binary_sha256: str | None = None
    binary_executable: bool = False
    overridden: tuple[str, ...] = ()
    thermal_ready: bool | None = None

    @property
    def fastest(self) -> CoreChoice:
        """The fastest cores, and by what they were told from the others."""
        return choose_cores(self.cpus)

    @property
    def big_core_mask(self) -> str | None:
        """The hexadecimal `taskset` mask of the fastest cores; None: not known.

        On a Pixel 1 (cores 2 and 3) it is `c`, on a Pixel 2 (4 to 7) `f0`.
        """
        return self.fastest.mask

    @property
    def governors(self) -> tuple[str, ...]:
        """The governors in use, each once."""
        return tuple(sorted({cpu.governor for cpu in self.cpus if cpu.governor}))

    def heat(self, max_battery_c: float, max_thermal_status: int) -> str | None:
        """Why the phone is too hot to be measured, or None."""
        if self.thermal_status is not None and self.thermal_status > max_thermal_status:
            name = THERMAL[min(self.thermal_status, len(THERMAL) - 1)]
            return f"hot: thermal status {self.thermal_status} ({name})"
        if self.battery_c is not None and self.battery_c > max_battery_c:
            return f"hot: battery at {self.battery_c:g} °C, above {max_battery_c:g} °C"
        return None

    def record(self) -> dict[str, Any]:
        """JSON form, with the mask of the big cores and by what they were told from the others."""
        values = asdict(self)
        chosen = self.fastest
        return {
            **values,
            "cpus": [cpu.record() for cpu in self.cpus],
            "overridden": list(self.overridden),
            "big_core_mask": chosen.mask,
            "big_cores_by": chosen.by,
            "big_cores_problem": chosen.problem,
        }


def state_command(binary: str, folder: str) -> str:
    """One line for the phone's shell whose output `parse_state` reads."""
    program = shlex.quote(binary)
    parts = {
        "model": "getprop ro.product.model",
        "android": "getprop ro.build.version.release",
        "battery": "dumpsys battery",
        "thermal": "dumpsys thermalservice",
        "power": "dumpsys power | grep -E 'mWakefulness=|Display Power'",
        "cpus": _CPUS,
        "cores": _CORES,
        "parts": _PARTS,
        "isolated": "cat /sys/devices/system/cpu/isolated",
        "allowed": "grep Cpus_allowed_list /proc/self/status",
        "space": f"df -k {shlex.quote(folder)}",
        "sha256": f"sha256sum {program}",
        "executable": f"test -x {program} && echo yes",
    }
    return "; ".join(f"echo '@@{name}'; {{ {line}; }} 2>/dev/null" for name, line in parts.items())


def parse_state(output: str) -> DeviceState:
    """What `state_command` printed; parts that the phone could not run or say are None."""
    said = dict(re.findall(r"^@@(\w+)\s*?\n(.*?)(?=^@@|\Z)", output, re.MULTILINE | re.DOTALL))
    battery, thermal = said.get("battery", ""), said.get("thermal", "")
    overridden = tuple(
        name
        for name, sign, text in (
            ("battery", "UPDATES STOPPED", battery),
            ("thermal", "IsStatusOverride: true", thermal),
        )
        if sign in text
    )
    if "battery" in overridden or re.search(r"^\s*present: false", battery, re.MULTILINE):
        battery = ""  # boards and televisions have none, and say 0 % or 100 %
    ready = re.search(r"^\s*HAL Ready: (true|false)", thermal, re.MULTILINE)
    thermal_ready = None if ready is None else ready[1] == "true"
    if "thermal" in overridden or thermal_ready is False:
        thermal = ""
    tenths = _int(r"^\s*temperature: (-?\d+)", battery)
    return DeviceState(
        model=said.get("model", "").strip() or None,
        android=said.get("android", "").strip() or None,
        battery_percent=_battery_percent(battery),
        charging=_charging(battery),
        battery_c=None if tenths is None else tenths / 10,
        thermal_status=_int(r"^\s*Thermal Status: (\d+)", thermal),
        screen_on=_screen_on(said.get("power", "")),
        free_kib=_free_kib(said.get("space", "")),
        cpus=read_cpus(said),
        binary_sha256=next(iter(re.findall(r"^\\?([0-9a-f]{64})\b", said.get("sha256", ""))), None),
        binary_executable="yes" in said.get("executable", ""),
        overridden=overridden,
        thermal_ready=thermal_ready,
    )


def _int(pattern: str, text: str) -> int | None:
    found = re.search(pattern, text, re.MULTILINE)
    return int(found[1]) if found else None


def _battery_percent(text: str) -> int | None:
    level, scale = _int(r"^\s*level: (\d+)", text), _int(r"^\s*scale: (\d+)", text)
    return None if level is None else round(100 * level / (scale or 100))


def _charging(text: str) -> bool | None:
    powered = re.findall(r"^\s*\w+ powered: (true|false)", text, re.MULTILINE)
    return "true" in powered if powered else None


def _screen_on(text: str) -> bool | None:
    """Display state where it is printed; else wakefulness, in which dreaming lights the screen."""
    display = re.search(r"Display Power: state=(\w+)", text)
    if display:
        return display[1] != "OFF" and not display[1].startswith("DOZE")
    awake = re.search(r"mWakefulness=(\w+)", text)
    return awake[1] in ("Awake", "Dreaming") if awake else None


def _free_kib(text: str) -> int | None:
    """The figure before the percentage: the one place that every `df -k` agrees on."""
    words = " ".join(text.splitlines()[1:]).split()
    at = next((i for i, word in enumerate(words) if re.fullmatch(r"\d+%", word)), 0)
    return int(words[at - 1]) if at and words[at - 1].isdecimal() else None
