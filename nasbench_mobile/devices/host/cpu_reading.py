"""What a phone's kernel says of its cores, read into `Cpu`s.

The parts of `device_state.state_command` that this reads: `cpus` (number, governor, highest
frequency), `cores` (files of /sys/devices/system/cpu as `name=value`), `parts` (/proc/cpuinfo),
`isolated` and `allowed` (lists of cores).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from nasbench_mobile.devices.host.cpu_cores import Cpu, parse_core_list


def read_cpus(said: Mapping[str, str]) -> tuple[Cpu, ...]:
    """The cores by number; none where the phone names none, or but their numbers."""
    clocks = _clocks(said.get("cpus", ""))
    files = _files(said.get("cores", ""))
    parts = _parts(said.get("parts", ""))
    clusters = _clusters(files)
    shut = set(parse_core_list(said.get("isolated", "")) or ())
    allowed = parse_core_list(said.get("allowed", "").rpartition(":")[2])
    cpus = []
    for number in sorted(clocks.keys() | files.keys()):
        own = files.get(number, {})
        governor, max_mhz = clocks.get(number, (None, None))
        unusable = "offline" if own.get("online") == "0" else None
        if unusable is None and allowed is not None and number not in allowed:
            unusable = "not open to adb's shell"
        capacity = own.get("cpu_capacity", "")
        cpus.append(
            Cpu(
                number,
                governor,
                max_mhz,
                int(capacity) if capacity.isdecimal() else None,
                _midr_part(own.get("midr_el1", "")) or parts.get(number),
                clusters.get(number),
                unusable,
                number in shut or None,
            )
        )
    known = any(cpu.max_mhz or cpu.capacity or cpu.rank is not None for cpu in cpus)
    return tuple(cpus) if known else ()


def _clocks(text: str) -> dict[int, tuple[str, int]]:
    rows = (line.split() for line in text.splitlines())
    return {
        int(row[0]): (row[1], int(row[2]) // 1000)
        for row in rows
        if len(row) == 3 and row[0].isdecimal() and row[2].isdecimal()
    }


def _files(text: str) -> dict[int, dict[str, str]]:
    found = {}
    for line in text.splitlines():
        number, *pairs = re.split(r"\s+(?=\w+=)", line.strip())
        if number.isdecimal():
            named = (pair.partition("=") for pair in pairs)
            found[int(number)] = {name: value.strip() for name, _, value in named}
    return found


def _clusters(files: Mapping[int, Mapping[str, str]]) -> dict[int, str]:
    """The names of the cores' clusters: those that share a clock, else those that share an id.

    What all cores share says nothing, and no more does what every core has to itself.
    """
    clocks = {
        number: f"clock {own['related_cpus'].split()[0]}"
        for number, own in files.items()
        if own.get("related_cpus")
    }
    for own in files.values():  # a core that is offline has no clock of its own to name
        related = own.get("related_cpus", "").split()
        clocks |= {int(one): f"clock {related[0]}" for one in related if one.isdecimal()}
    for names in (clocks, *(_named(files, key) for key in ("cluster_id", "physical_package_id"))):
        if 1 < len(set(names.values())) < len(names):
            return names
    return {}


def _named(files: Mapping[int, Mapping[str, str]], key: str) -> dict[int, str]:
    values = {number: own.get(key, "") for number, own in files.items()}
    return {number: f"{key} {value}" for number, value in values.items() if value.isdecimal()}


def _midr_part(text: str) -> str | None:
    """`implementer:part` of the register MIDR_EL1 (bits 31 to 24, 15 to 4)."""
    if not re.fullmatch(r"0x[0-9a-fA-F]{1,16}", text):
        return None
    value = int(text, 16)
    return f"{value >> 24 & 0xFF:x}:{value >> 4 & 0xFFF:x}" if value else None


def _parts(text: str) -> dict[int, str]:
    """`implementer:part` by core, of a /proc/cpuinfo that has both for every core.

    Old kernels print them once for all, and they are then those of the core that happened to
    answer.
    """
    found: dict[int, str] = {}
    blocks = re.split(r"^processor\s*:", text, flags=re.MULTILINE)[1:]
    for block in blocks:
        number = block.split(maxsplit=1)[0] if block.split() else ""
        maker = re.search(r"^CPU implementer\s*: 0x([0-9a-fA-F]+)", block, re.MULTILINE)
        part = re.search(r"^CPU part\s*: 0x([0-9a-fA-F]+)", block, re.MULTILINE)
        if not number.isdecimal() or maker is None or part is None:
            return {}
        found[int(number)] = f"{int(maker[1], 16):x}:{int(part[1], 16):x}"
    return found
