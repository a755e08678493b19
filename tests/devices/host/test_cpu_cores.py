"""Which cores are the fastest, by what phones' kernels say.

The OPPO R15's files are those that pytorch/cpuinfo keeps of a real one (test/mock/oppo-r15.h), the
Alcatel Idol 4's /proc/cpuinfo that of hrw/arm-socs-table's issue 144; the rest is written out.
"""

from __future__ import annotations

from typing import Any

import pytest

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.devices.android.latency import android_evaluator
from nasbench_mobile.devices.android.settings import AndroidSettings, blocking
from nasbench_mobile.devices.android.state import DeviceState, parse_state
from nasbench_mobile.devices.host.cpu_cores import mask_cores, mask_problem, parse_core_list
from nasbench_mobile.networks.zoo import network
from nasbench_mobile.types import Failure, LatencyReading

LITTLE, BIG = ("0x41", "0xd03"), ("0x41", "0xd09")


def clocks(*khz: int) -> str:
    return "@@cpus\n" + "".join(f"{n} schedutil {one}\n" for n, one in enumerate(khz) if one)


def parts(*kinds: tuple[str, str]) -> str:
    """/proc/cpuinfo as `grep` leaves it: every core says its own kind."""
    lines = "".join(
        f"processor\t: {n}\nCPU implementer\t: {maker}\nCPU part\t: {part}\n"
        for n, (maker, part) in enumerate(kinds)
    )
    return f"@@parts\n{lines}"


def files(count: int, **columns: Any) -> str:
    """Files of /sys/devices/system/cpu: a value for all cores, or one for each."""
    lines = ""
    for number in range(count):
        lines += str(number)
        for name, value in columns.items():
            lines += f" {name}={value if isinstance(value, str) else value[number]}"
        lines += "\n"
    return f"@@cores\n{lines}"


FOUR_FOUR = ["0 1 2 3"] * 4 + ["4 5 6 7"] * 4
OPPO_R15 = clocks(*[1989000] * 8) + files(8, online="1", related_cpus=FOUR_FOUR)
R15_PARTS = parts(*[LITTLE] * 4, *[BIG] * 4)
IDOL_4 = "@@parts\n" + "".join(f"processor : {n}\n" for n in range(8)) + (
    "CPU implementer : 0x41\nCPU part : 0xd03\n"
)  # fmt: skip


@pytest.mark.parametrize(
    ("said", "mask", "by"),
    [
        (OPPO_R15 + R15_PARTS, "f0", "CPU part"),
        # A Snapdragon 632: Kryo 250 Silver and Gold, both up to 1804.8 MHz; here by MIDR_EL1.
        (
            clocks(*[1804800] * 8)
            + files(
                8,
                midr_el1=["0x00000000510f8014"] * 4 + ["0x00000000510f8002"] * 4,
                related_cpus=FOUR_FOUR,
            ),
            "f0",
            "CPU part",
        ),
        # The kernel's own measure comes first, also where the slow cores have the higher clock.
        (
            clocks(*[2000000] * 6, *[1800000] * 2)
            + files(8, cpu_capacity=["400"] * 6 + ["1024"] * 2)
            + parts(*[LITTLE] * 8),
            "c0",
            "cpu_capacity",
        ),
        # A capacity of 1024 for all is what a kernel says that was never told.
        (
            clocks(*[1800000] * 4) + files(4, cpu_capacity="1024") + parts(*[LITTLE, BIG] * 2),
            "a",
            "CPU part",
        ),
        # Three clusters with one prime core: by capacity, by part, by part and frequency.
        (
            clocks(*[1704000] * 4, *[2367000] * 4, 2914000)
            + files(9, cpu_capacity=["155"] * 4 + ["574"] * 4 + ["1024"]),
            "100",
            "cpu_capacity",
        ),
        (
            clocks(*[2000000] * 8)
            + parts(*[("0x41", "0xd46")] * 3, *[("0x41", "0xd4d")] * 4, ("0x41", "0xd4e")),
            "80",
            "CPU part",
        ),
        (
            clocks(*[1785600] * 4, *[2419200] * 3, 2841600)
            + parts(*[("0x51", "0x805")] * 4, *[("0x51", "0x804")] * 4),
            "80",
            "CPU part",
        ),
        # A slow core with the higher clock is still the slow one.
        (clocks(2000000, 2000000, 1800000, 1800000) + parts(LITTLE, LITTLE, BIG, BIG), "c",
         "CPU part"),
        # An old kernel's one part for all is not the others'; kinds nobody knows tell nothing.
        (clocks(*[1209600] * 4, *[1516800] * 4) + IDOL_4, "f0", "highest frequency"),
        (clocks(1000000, 2000000) + parts(("0x41", "0xd03"), ("0x61", "0xfff")), "2",
         "highest frequency"),
        # Cores that are alike are all the fastest.
        (clocks(*[1804800] * 8) + files(8, related_cpus=FOUR_FOUR) + parts(*[LITTLE] * 8), "ff",
         "all cores are alike"),
        (clocks(*[1804800] * 4) + files(4, related_cpus="0 1 2 3"), "f", "all cores are alike"),
        (clocks(*[1804800] * 4) + files(4, related_cpus=["0", "1", "2", "3"]), "f",
         "all cores are alike"),
    ],
)  # fmt: skip
def test_the_fastest_cores(said: str, mask: str, by: str) -> None:
    state = parse_state(said)
    assert (state.fastest.mask, state.fastest.by, state.fastest.problem) == (mask, by, None)
    assert state.record()["big_core_mask"] == mask
    assert state.record()["big_cores_by"] == by


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (OPPO_R15, "clusters of cores 0-3 and 4-7 all reach 1989 MHz, and nothing says which"),
        (OPPO_R15 + IDOL_4, "say it: --cores 4-7, or f0 as the mask"),
        (
            clocks(*[1804800] * 4)
            + files(4, physical_package_id=["0", "0", "1", "1"], related_cpus=""),
            "cores 0-1 and 2-3",
        ),
        (
            clocks(*[1800000] * 4, 0, 0) + files(6, online=["1"] * 4 + ["0"] * 2)
            + parts(*[LITTLE] * 4),
            "what may be the fastest cores cannot be used: 4-5 (offline); wake them",
        ),
        (
            clocks(*[1800000] * 4) + parts(LITTLE, LITTLE, BIG, BIG)
            + files(4, online=["1", "1", "0", "0"], cpu_capacity=["300", "300", "1024", "1024"]),
            "the fastest cores by cpu_capacity cannot be used: 2-3 (offline)",
        ),
        (
            clocks(1000000, 2000000) + "@@allowed\nCpus_allowed_list:\t0\n",
            "by highest frequency cannot be used: 1 (not open to adb's shell)",
        ),
        (
            clocks(1000000, 1000000) + "@@allowed\nCpus_allowed_list:\t4-5\n",
            "the phone's cores cannot be used: 0-1 (not open to adb's shell)",
        ),
    ],
)  # fmt: skip
def test_where_nothing_tells_them_apart_it_is_said(said: str, problem: str) -> None:
    state = parse_state(said)
    found = state.fastest.problem or ""
    assert problem in found
    assert state.big_core_mask is None
    fit = state.record()["big_cores_problem"]
    assert fit == found
    ready = AndroidSettings()
    assert found in blocking(state, "S", ready)
    assert found not in blocking(state, "S", AndroidSettings(core_mask="1"))


def test_a_core_that_is_offline_is_left_out() -> None:
    said = OPPO_R15 + R15_PARTS + files(8, online=["1"] * 7 + ["0"], related_cpus=FOUR_FOUR)
    state = parse_state(said)
    assert state.big_core_mask == "70"
    assert state.record()["cpus"][7]["unusable"] == "offline"
    # With the clock gone as well: its cluster's other cores name it among theirs.
    gone = said.replace("7 schedutil 1989000\n", "").replace(
        "7 online=0 related_cpus=4 5 6 7", "7 online=0 related_cpus="
    )
    assert parse_state(gone).big_core_mask == "70"


def test_offline_cores_cannot_beat_full_capacity() -> None:
    said = clocks(1800000, 1800000) + files(
        3, online=["1", "1", "0"], cpu_capacity=["400", "1024", ""]
    )
    assert parse_state(said).big_core_mask == "2"


def test_isolated_cores_are_used_where_there_are_no_others_of_the_kind() -> None:
    both = OPPO_R15 + R15_PARTS
    assert parse_state(both + "@@isolated\n6-7\n").big_core_mask == "30"
    assert parse_state(both + "@@isolated\n4-7\n").big_core_mask == "f0"


@pytest.mark.parametrize(
    "said", ["", "@@cores\n0 online=\n1 online=1\n", "@@cores\nno such file\n"]
)
def test_where_nothing_is_known_there_is_no_mask(said: str) -> None:
    assert parse_state(said).fastest == DeviceState().fastest
    assert parse_state(said).big_core_mask is None


def test_a_machine_without_clusters_or_clocks_has_no_mask() -> None:
    said = files(2, online="1", cpu_capacity="1024", cluster_id=["0", "1"])
    assert parse_state(said).fastest == DeviceState().fastest


def test_an_explicit_mask_of_offline_cores_is_refused() -> None:
    cpus = parse_state(OPPO_R15 + files(8, online=["1"] * 4 + ["0"] * 4)).cpus
    assert mask_problem("f", cpus) is None
    assert "the cores asked for cannot be used: 4-7 (offline)" in (mask_problem("0xf0", cpus) or "")
    assert mask_problem("ff", cpus) is None


@pytest.mark.parametrize(
    ("text", "cores"),
    [("4-7", (4, 5, 6, 7)), ("0,2-3", (0, 2, 3)), ("5", (5,)), (" 1 , 3 \n", (1, 3))],
)
def test_lists_of_cores(text: str, cores: tuple[int, ...]) -> None:
    assert parse_core_list(text) == cores


@pytest.mark.parametrize("text", ["", "-", "4-", "big", "7-4", "f0", "1;2", "1-9999"])
def test_what_is_no_list_of_cores(text: str) -> None:
    assert parse_core_list(text) is None


def test_masks_and_cores() -> None:
    assert mask_cores("f0") == (4, 5, 6, 7)


def shared(fake_adb: Any) -> Any:
    return fake_adb.add("S1", extra=OPPO_R15)


def test_the_record_says_how_the_cores_were_chosen(fake_adb: Any) -> None:
    phone = shared(fake_adb)
    phone.extra += R15_PARTS
    quick = AndroidSettings(pairs=6)
    made = android_evaluator("S1", write=lambda _: b"x" * 90, settings=quick, nominal_ms=75)
    record = made.measure_network(network("mnasnet-a1")).record()
    assert (record["core_mask"], record["cores_by"]) == ("f0", "CPU part")
    assert record["before"]["cpus"][4]["part"] == "41:d09"
    assert phone.mask_seen == {"f0"}


def test_clusters_that_cannot_be_told_apart_need_the_users_word(fake_adb: Any) -> None:
    phone = shared(fake_adb)
    quick = AndroidSettings(pairs=6)
    more: dict[str, Any] = {"write": lambda _: b"x" * 90, "settings": quick, "nominal_ms": 75}
    found = android_evaluator("S1", **more).measure([lambda: b"x"])
    assert isinstance(found[0], Failure)
    assert "say it: --cores 4-7" in found[0].reason
    assert phone.files == {}
    said = android_evaluator("S1@f0", **more).measure_network(network("mnasnet-a1"))
    assert (said.core_mask, said.cores_by) == ("f0", "given")


def test_of_several_phones_the_one_that_cannot_be_told_is_put_aside(fake_adb: Any) -> None:
    from nasbench_mobile.spaces.mnasnet import MnasNetSpace

    shared(fake_adb)
    fake_adb.add("S2")
    space = MnasNetSpace()
    made = android_evaluator(
        "S1,S2",
        write=lambda _: b"x" * 90,
        settings=AndroidSettings(pairs=6),
        nominal_ms=75,
    )
    tokens = (0,) * len(space.decisions)
    [reading] = made.latency([Architecture(space, tokens)])
    assert isinstance(reading, LatencyReading)


def test_every_choice_of_cores_has_its_own_nominal_latency(fake_adb: Any, tmp_path: Any) -> None:
    phone = fake_adb.add("S1")
    quick = AndroidSettings(pairs=6)
    found = []
    for slowness, cores in ((1.0, "2-3"), (3.0, "0-1"), (9.0, "2-3"), (9.0, "0-1")):
        phone.slowness = slowness
        made = android_evaluator("S1", write=lambda _: b"x" * 1000, settings=quick, cores=cores)
        found.append(made.measure_file(b"x" * 500).latency_ms)
    # Measured once for each, and kept, whatever the phone does later.
    assert found == [0.5, 1.5, 0.5, 1.5]
