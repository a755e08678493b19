"""Phones as users name them: `SERIAL[@MASK],SERIAL[@MASK]`, and as adb lists them.

A phone of wireless debugging is called `adb-R5CT20-aBcDeF (2)._adb-tls-connect._tcp`, blank and
parentheses included, an emulator `emulator-5554`, a phone at an address `192.168.1.5:5555`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nasbench_mobile.errors import UsageError

QUOTES = "\"'"

_STATES = (
    "device|offline|unauthorized|authorizing|connecting|recovery|sideload|rescue|bootloader|"
    "host|detached|unknown|no permissions"
)
_LINE = re.compile(
    rf"(?P<serial>\S.*?)\s+(?P<state>{_STATES})(?:(?<=no permissions).*|\s+(?P<facts>\w+:.*)|)"
)
"""Nothing but `name:value`s follow the state, or adb's advice where it has no permissions."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of `adb devices -l`: `state` is `device` where the phone can be used."""

    serial: str
    state: str
    model: str | None = None


@dataclass(frozen=True, slots=True)
class NamedPhone:
    """A phone by its serial, and the mask of its cores where the user gave one."""

    serial: str
    mask: str | None = None


def parse_listing(text: str) -> list[Listed]:
    """The phones in adb's answer to `host:devices-l`, in its order.

    >>> parse_listing("adb-X (2)._adb-tls-connect._tcp device product:p model:Pixel_8")[0].serial
    'adb-X (2)._adb-tls-connect._tcp'
    """
    found = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        words = line.split()
        if match:
            model = re.search(r"(?:^|\s)model:(\S+)", match["facts"] or "")
            found.append(Listed(match["serial"], match["state"], model and model[1]))
        elif len(words) > 1:
            found.append(Listed(words[0], words[1]))
    return found


def parse_phones(text: str, connected: Sequence[str] = ()) -> list[NamedPhone]:
    """The phones that `SERIAL[@MASK],...` names, without the `android:` before it.

    Serials in quotes are taken as they are. A serial without quotes that is `connected` is
    recognised whole, commas and at signs included; else a comma ends it and the last at sign begins
    its mask.

    >>> parse_phones("S1@f0, 'odd, one'")
    [NamedPhone(serial='S1', mask='f0'), NamedPhone(serial='odd, one', mask=None)]
    """
    phones: list[NamedPhone] = []
    rest = text.strip()
    while rest:
        if rest[0] == ",":
            rest = rest[1:].strip()
            continue
        serial, mask, rest = _first(rest, connected, text)
        if not serial or mask == "" or serial in {phone.serial for phone in phones}:
            raise UsageError(
                f"{text!r} names no phone, one twice, or an empty mask; say android:SERIAL, "
                "android:SERIAL@f0 or android:SERIAL,SERIAL, and put a serial with a comma or an "
                "at sign in quotes"
            )
        phones.append(NamedPhone(serial, mask))
    return phones


def _first(rest: str, connected: Sequence[str], text: str) -> tuple[str, str | None, str]:
    """The first serial of `rest`, its mask or None, and what follows its comma."""
    if rest[0] in QUOTES:
        serial, closed, after = rest[1:].partition(rest[0])
        if not closed or (after.strip() and after.strip()[0] not in ",@"):
            raise UsageError(f"a quote in {text!r} has no end, or a comma is missing after it")
        return (serial, *_mask_and_rest(after))
    for serial in sorted(connected, key=len, reverse=True):
        after = rest.removeprefix(serial)
        if after != rest and (not after.strip() or after.strip()[0] in ",@"):
            return (serial, *_mask_and_rest(after))
    word, _, after = rest.partition(",")
    serial, at, mask = word.rpartition("@")
    if not at:
        return word.strip(), None, after.strip()
    return serial.strip(), mask.strip(), after.strip()


def _mask_and_rest(after: str) -> tuple[str | None, str]:
    word, _, rest = after.partition(",")
    _, at, mask = word.partition("@")
    return mask.strip() if at else None, rest.strip()
