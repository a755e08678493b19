"""A phone's cores: what is known of each, and which of them are the fastest.

Phones have clusters of unlike cores, and a program that wanders between them gives numbers that
mean nothing. The highest frequency alone does not tell clusters apart: both of a Snapdragon 632
reach 1804.8 MHz, and one of them is much the slower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

ARM, QUALCOMM, SAMSUNG, HISILICON = 0x41, 0x51, 0x53, 0x48
_SLOW_TO_FAST = (
    ((ARM, 0xD04),),
    ((ARM, 0xD03), (QUALCOMM, 0x801)),
    ((ARM, 0xD05), (QUALCOMM, 0x803), (QUALCOMM, 0x805)),
    ((ARM, 0xD46), (ARM, 0xD80), (ARM, 0xD8A)),
    ((ARM, 0xD07),),
    ((ARM, 0xD08), (ARM, 0xD09), (QUALCOMM, 0x800)),
    ((ARM, 0xD0A), (QUALCOMM, 0x802), (SAMSUNG, 0x001)),
    ((ARM, 0xD0B), (QUALCOMM, 0x804), (HISILICON, 0xD40)),
    ((ARM, 0xD0D),),
    ((ARM, 0xD41),),
    ((ARM, 0xD47),),
    ((ARM, 0xD4D),),
    ((ARM, 0xD81), (ARM, 0xD87), (ARM, 0xD8B)),
    ((SAMSUNG, 0x002), (SAMSUNG, 0x003), (SAMSUNG, 0x004)),
    ((ARM, 0xD44), (ARM, 0xD48), (ARM, 0xD4C), (ARM, 0xD4E)),
    ((ARM, 0xD82), (ARM, 0xD85), (ARM, 0xD90)),
    ((ARM, 0xD8C),),
)
"""Kinds of cores as (implementer, part). The numbers are those of Linux,
arch/arm64/include/asm/cputype.h. Their order is our choice: small in-order cores (A35, A53, A55,
A510), then the large ones by generation (A57 to A725), then the largest (Samsung's own beside them,
Cortex-X, C1). It is only ever asked about cores of one phone."""
_RANK = {part: rank for rank, parts in enumerate(_SLOW_TO_FAST) for part in parts}

FULL_CAPACITY = 1024
"""What the kernel calls the capacity of the fastest core there is (SCHED_CAPACITY_SCALE):
https://docs.kernel.org/scheduler/sched-capacity.html."""


@dataclass(frozen=True, slots=True)
class Cpu:
    """One core, None where the phone does not say.

    `capacity` is the kernel's measure of its speed, `part` its kind as `implementer:part` in
    hexadecimal, `cluster` a name of the cores it belongs with, `unusable` why nothing can be run on
    it now (offline, not open to adb's shell). An `isolated` core runs what is held to it and
    nothing else.
    """

    number: int
    governor: str | None = None
    max_mhz: int | None = None
    capacity: int | None = None
    part: str | None = None
    cluster: str | None = None
    unusable: str | None = None
    isolated: bool | None = None

    @property
    def rank(self) -> int | None:
        """How fast its kind is, as a place in an order; None where the kind is not known."""
        if self.part is None:
            return None
        implementer, _, part = self.part.partition(":")
        return _RANK.get((int(implementer, 16), int(part, 16)))

    def record(self) -> dict[str, Any]:
        """JSON form: what is known."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class CoreChoice:
    """The fastest cores and by what they were told from the others.

    No `numbers` means that no core is chosen: nothing is known of them, or, where there is a
    `problem`, which of them are fastest cannot be said.
    """

    numbers: tuple[int, ...] = ()
    by: str | None = None
    problem: str | None = None

    @property
    def mask(self) -> str | None:
        """The hexadecimal mask of `taskset`; None: no core is chosen."""
        return core_mask(self.numbers) if self.numbers else None


def choose_cores(cpus: Sequence[Cpu]) -> CoreChoice:
    """The fastest cores that can be used.

    What tells cores apart, in the order of trust: the kernel's cpu_capacity, the kind of the core
    (CPU part), the highest frequency.
    """
    known = _with_their_cluster(cpus)
    usable = [cpu for cpu in known if cpu.unusable is None]
    speed, by = _evidence(usable, known)
    if speed is None:
        alike = len({cpu.cluster for cpu in usable}) <= 1 or _one_kind(usable)
        if not usable:
            problem = _out_of_reach(known, "the phone's cores") if known else None
            return CoreChoice(problem=problem)
        if not alike:
            return CoreChoice(problem=_cannot_tell(usable))
        if all(cpu.max_mhz is None and cpu.rank is None for cpu in usable):
            return CoreChoice()
        unknown = [cpu for cpu in known if cpu.unusable and _blank(cpu)]
        if unknown:
            return CoreChoice(problem=_out_of_reach(unknown, "what may be the fastest cores"))
        return CoreChoice(_numbers(usable), "all cores are alike")
    rated = [(speed(cpu), cpu) for cpu in known]
    top = max(rate for rate, cpu in rated if rate is not None)
    best = [cpu for rate, cpu in rated if rate == top]
    unrated = [cpu for rate, cpu in rated if rate is None]
    if unrated and best[0].capacity != FULL_CAPACITY:
        return CoreChoice(problem=_out_of_reach(unrated, "what may be the fastest cores"))
    free = [cpu for cpu in best if cpu.unusable is None]
    if not free:
        return CoreChoice(problem=_out_of_reach(best, f"the fastest cores by {by}"))
    # Linux moves nothing between isolated cores, so others of the kind are the better ones.
    return CoreChoice(_numbers([cpu for cpu in free if not cpu.isolated] or free), by)


def mask_problem(mask: str, cpus: Sequence[Cpu]) -> str | None:
    """Why a program cannot be held to the cores of a mask; None: it can, or nothing is known."""
    asked = [cpu for cpu in cpus if cpu.number in mask_cores(mask)]
    if asked and all(cpu.unusable for cpu in asked):
        return _out_of_reach(asked, "the cores asked for")
    return None


def core_mask(numbers: Iterable[int]) -> str:
    """The hexadecimal mask of cores.

    >>> core_mask((4, 5, 6, 7))
    'f0'
    """
    return f"{sum(1 << number for number in set(numbers)):x}"


def mask_cores(mask: str) -> tuple[int, ...]:
    """The cores of a hexadecimal mask.

    >>> mask_cores("0x0c")
    (2, 3)
    """
    bits = int(mask, 16)
    return tuple(number for number in range(bits.bit_length()) if bits >> number & 1)


def core_list(numbers: Iterable[int]) -> str:
    """Cores as Linux lists them, `4-7` or `0,2-3`.

    >>> core_list((0, 2, 3))
    '0,2-3'
    """
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def parse_core_list(text: str) -> tuple[int, ...] | None:
    """The cores that a list such as `0,2-3` names; None where it is no such list.

    >>> parse_core_list("0,2-3")
    (0, 2, 3)
    """
    numbers: set[int] = set()
    for part in text.strip().split(","):
        first, dash, last = part.strip().partition("-")
        ends = (first, last if dash else first)
        if not all(end.isascii() and end.isdigit() and len(end) <= 3 for end in ends):
            return None
        numbers.update(range(int(ends[0]), int(ends[1]) + 1))
    return tuple(sorted(numbers)) or None


_Speed = Callable[[Cpu], tuple[int, int] | None]


def _evidence(usable: Sequence[Cpu], known: Sequence[Cpu]) -> tuple[_Speed | None, str]:
    """The first measure that every usable core has and that is not the same for all."""
    measures: tuple[tuple[str, Callable[[Cpu], int | None]], ...] = (
        ("cpu_capacity", lambda cpu: cpu.capacity),
        ("CPU part", lambda cpu: cpu.rank),
        ("highest frequency", lambda cpu: cpu.max_mhz),
    )
    for name, measure in measures:
        values = {measure(cpu) for cpu in known} - {None}
        if len(values) > 1 and all(measure(cpu) is not None for cpu in usable):

            def speed(cpu: Cpu, of: Callable[[Cpu], int | None] = measure) -> Any:
                value = of(cpu)
                return None if value is None else (value, cpu.max_mhz or 0)

            return speed, name
    return None, ""


def _with_their_cluster(cpus: Sequence[Cpu]) -> list[Cpu]:
    """The cores, one that says nothing of itself as another of its cluster does."""
    found = []
    for cpu in cpus:
        like = [c for c in cpus if c.cluster == cpu.cluster is not None and not _blank(c)]
        model = cpu if not _blank(cpu) or not like else like[0]
        found.append(
            Cpu(
                cpu.number,
                cpu.governor,
                model.max_mhz,
                model.capacity,
                model.part,
                cpu.cluster,
                cpu.unusable,
                cpu.isolated,
            )
        )
    return found


def _blank(cpu: Cpu) -> bool:
    return cpu.max_mhz is None and cpu.rank is None and cpu.capacity is None


def _one_kind(cpus: Sequence[Cpu]) -> bool:
    """Whether all say what they are, and say the same."""
    return len({cpu.part for cpu in cpus}) == 1 and cpus[0].part is not None


def _numbers(cpus: Iterable[Cpu]) -> tuple[int, ...]:
    return tuple(cpu.number for cpu in cpus)


def _cannot_tell(cpus: Sequence[Cpu]) -> str:
    clusters: dict[str | None, list[int]] = {}
    for cpu in cpus:
        clusters.setdefault(cpu.cluster, []).append(cpu.number)
    lists = [core_list(numbers) for numbers in clusters.values()]
    top = {cpu.max_mhz for cpu in cpus}
    shared = f"all reach {cpus[0].max_mhz} MHz" if len(top) == 1 else "say too little"
    return (
        f"the clusters of cores {' and '.join(lists)} {shared}, and nothing says which are the "
        f"fastest; say it: --cores {lists[-1]}, or {core_mask(list(clusters.values())[-1])} as the "
        "mask after the serial"
    )


def _out_of_reach(cpus: Sequence[Cpu], what: str) -> str:
    numbers = _numbers(cpus)
    why = " and ".join(dict.fromkeys(cpu.unusable or "unknown" for cpu in cpus))
    return (
        f"{what} cannot be used: {core_list(numbers)} ({why}); wake them (keep the screen on, or "
        "end what keeps them off), or say which cores to use with --cores"
    )
