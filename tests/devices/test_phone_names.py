"""Serials as adb lists them, and as users write them."""

from __future__ import annotations

from typing import Any

import pytest

from nasbench_mobile.devices.android.adb import AdbServer
from nasbench_mobile.devices.android.latency import android_evaluator
from nasbench_mobile.devices.phone_names import (
    Listed,
    NamedPhone,
    parse_listing,
    parse_phones,
)
from nasbench_mobile.errors import UsageError

WIRELESS = "adb-R54T202XEHN-Y2yH0N (2)._adb-tls-connect._tcp"
"""As wireless debugging names the second record of a phone (mDNS)."""
COMMA = "odd, one"
AT = "user@home, upstairs"


@pytest.mark.parametrize(
    ("line", "listed"),
    [
        ("emulator-5554          device product:sdk model:sdk_gphone64 transport_id:1",
         Listed("emulator-5554", "device", "sdk_gphone64")),
        ("192.168.1.5:5555       device product:x model:SM_A528B device:a52 transport_id:12",
         Listed("192.168.1.5:5555", "device", "SM_A528B")),
        (f"{WIRELESS} device product:x model:Pixel_8 device:shiba transport_id:2",
         Listed(WIRELESS, "device", "Pixel_8")),
        (f"{WIRELESS}   offline transport_id:3", Listed(WIRELESS, "offline")),
        ("S1\tdevice", Listed("S1", "device")),
        ("S1  unauthorized usb:1-4 transport_id:5", Listed("S1", "unauthorized")),
        ("S1  no permissions (missing udev rules? user is in the plugdev group); see "
         "[http://developer.android.com/tools/device.html] usb:1-2 transport_id:4",
         Listed("S1", "no permissions")),
        ("my device name         device model:Odd", Listed("my device name", "device", "Odd")),
        ("S1  becoming usb:1-4", Listed("S1", "becoming")),
    ],
)  # fmt: skip
def test_a_line_of_the_list(line: str, listed: Listed) -> None:
    assert parse_listing(f"{line}\n") == [listed]


def test_the_list_in_order() -> None:
    assert parse_listing("") == []
    assert [one.serial for one in parse_listing(f"B device\n\n{WIRELESS} device\nA device\n")] == [
        "B",
        WIRELESS,
        "A",
    ]


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("", []),
        ("S1", [NamedPhone("S1")]),
        ("S1@f0,192.168.1.5:5555", [NamedPhone("S1", "f0"), NamedPhone("192.168.1.5:5555")]),
        (WIRELESS, [NamedPhone(WIRELESS)]),
        (f"{WIRELESS}@f0, S2", [NamedPhone(WIRELESS, "f0"), NamedPhone("S2")]),
        (f'"{COMMA}"@0c,S2', [NamedPhone(COMMA, "0c"), NamedPhone("S2")]),
        (f"S2 , '{COMMA}'", [NamedPhone("S2"), NamedPhone(COMMA)]),
        ("S1,", [NamedPhone("S1")]),
    ],
)
def test_what_users_write(text: str, phones: list[NamedPhone]) -> None:
    assert parse_phones(text) == phones


def test_a_serial_that_is_connected_is_recognised_whole() -> None:
    connected = ["odd", COMMA, "S2"]
    assert parse_phones(f"{COMMA}@f0,S2,odd", connected) == [
        NamedPhone(COMMA, "f0"),
        NamedPhone("S2"),
        NamedPhone("odd"),
    ]
    assert parse_phones("odder", connected) == [NamedPhone("odder")]


@pytest.mark.parametrize("text", ["S1,S1", "@f0", "S1@", "'S1", '"S1"S2', "''", "S1,'S1'", "'S1'@"])
def test_what_names_no_phone(text: str) -> None:
    with pytest.raises(UsageError, match=r"quotes|a quote in"):
        parse_phones(text)


def test_a_serial_with_an_at_sign_is_quoted(fake_adb: Any) -> None:
    fake_adb.add(AT)
    fake_adb.add("S2")
    made = android_evaluator(f'android:S2,"{AT}"@f0')
    assert [phone.serial for phone in made.phones] == ["S2", AT]
    with pytest.raises(UsageError, match="'home' is not hexadecimal.*in quotes"):
        android_evaluator(f"android:{AT}")


def test_a_phone_of_wireless_debugging(fake_adb: Any) -> None:
    phone = fake_adb.add(WIRELESS)
    assert AdbServer().phones() == [Listed(WIRELESS, "device", "Pixel")]
    made = android_evaluator(f"android:{WIRELESS}@c", write=lambda _: b"x" * 90, nominal_ms=75)
    measured = made.measure_file(b"x" * 60)
    assert (measured.serial, measured.latency_ms) == (WIRELESS, 50.0)
    assert phone.files == {}
    alone = android_evaluator("android:", write=lambda _: b"x" * 90, nominal_ms=75)
    assert alone.phones[0].serial == WIRELESS


def test_several_phones_with_odd_names(fake_adb: Any) -> None:
    for serial in (WIRELESS, COMMA, "S2"):
        fake_adb.add(serial)
    made = android_evaluator(f"android:{COMMA},{WIRELESS}@f0,S2")
    assert [phone.serial for phone in made.phones] == [COMMA, WIRELESS, "S2"]
    quoted = android_evaluator(f"android:'{COMMA}',\"{WIRELESS}\"@f0,S2")
    assert [phone.serial for phone in quoted.phones] == [COMMA, WIRELESS, "S2"]


def test_advice_quotes_such_a_serial(fake_adb: Any) -> None:
    fake_adb.add(WIRELESS, binary=False)
    [failure] = android_evaluator(WIRELESS, write=lambda _: b"x").measure([lambda: b"x"])
    assert f"adb -s '{WIRELESS}' push benchmark_model" in str(failure)


def test_cores_in_place_of_a_mask(fake_adb: Any) -> None:
    phone = fake_adb.add("S1")
    more: dict[str, Any] = {"write": lambda _: b"x" * 90, "nominal_ms": 75}
    measured = android_evaluator("S1", cores="0,2-3", **more).measure_file(b"x" * 60)
    assert (measured.core_mask, measured.cores_by) == ("d", "given")
    assert phone.mask_seen == {"d"}
    for device, cores, said in [
        ("S1", "big", "cores is 'big'; say for instance 4-7"),
        ("S1@f0", "4-7", "exclude each other"),
    ]:
        with pytest.raises(UsageError, match=said):
            android_evaluator(device, cores=cores, **more)
