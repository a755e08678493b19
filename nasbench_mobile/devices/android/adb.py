"""The connection to Android phones: an adb server, and a phone's shell and files.

Whatever goes wrong between here and the phone is a `PhoneError` with its reason. adbutils is
imported when a connection is made, not before.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from nasbench_mobile.devices.phone_names import Listed, parse_listing
from nasbench_mobile.errors import EvaluationError, MissingExtraError
from nasbench_mobile.extras import install_command

NO_ADB = "there is no adb here"
GET_ADB = (
    "get Android's platform-tools (https://developer.android.com/tools/releases/platform-tools; "
    "Debian: apt install adb) and put adb on the PATH"
)
ADVICE = {
    "unauthorized": "unlock the phone and allow USB debugging for this computer",
    "authorizing": "unlock the phone and allow USB debugging for this computer",
    "offline": "plug the phone in again, or run adb reconnect offline",
    "no permissions": "this user may not open the USB device; add a udev rule for the phone",
    "absent": "plug the phone in, turn USB debugging on, and see adb devices",
}
"""What to do about a phone in a state other than `device`."""


class PhoneError(EvaluationError):
    """Something went wrong with a phone; the message says which phone and what."""


class ConnectionDroppedError(PhoneError):
    """The phone, or the server, stopped answering in the middle of a command."""


class RefusedPushError(PhoneError):
    """The phone did not take a file: it is full, or the folder cannot be written."""


class PhoneLostError(PhoneError):
    """The phone is offline, unauthorised or gone: nothing more can be asked of it now."""


@dataclass(frozen=True, slots=True)
class ShellResult:
    """A command's exit code and what it wrote to both its outputs, in order."""

    exit_code: int
    output: str


class AdbServer:
    """The adb server on this machine; it is started where there is none.

    Host and port are adb's own (ANDROID_ADB_SERVER_HOST, ANDROID_ADB_SERVER_PORT) unless given.
    `timeout_s` is how long any one answer may take. Raises `MissingExtraError` where there is
    neither adbutils nor adb.
    """

    def __init__(
        self, host: str | None = None, port: int | None = None, timeout_s: float = 20.0
    ) -> None:
        try:
            import adbutils
        except ImportError as error:
            raise MissingExtraError(
                f"{NO_ADB}: run {install_command('android', 'adbutils')}, whose wheels hold adb "
                f"for most machines, or {GET_ADB}"
            ) from error
        self._trouble = (adbutils.AdbError, *_TROUBLE)
        self._client: Any = adbutils.AdbClient(host, port, socket_timeout=timeout_s)
        try:
            self._client.server_version()
        except self._trouble as error:
            self._check_adb(adbutils)
            raise PhoneError(
                f"the adb server at {self._client.host}:{self._client.port} does not answer "
                f"({_said(error)}); run adb kill-server and try again"
            ) from error

    def _check_adb(self, adbutils: Any) -> None:
        """Raise `MissingExtraError` where there is no program to start a server with."""
        try:
            adbutils.adb_path()
        except adbutils.AdbError as error:
            raise MissingExtraError(f"{NO_ADB}: {GET_ADB}") from error

    def phones(self) -> list[Listed]:
        """Every phone the server knows of, whatever its state, in the server's order."""
        try:
            # adbutils takes blanks for the end of a serial, and some serials have blanks.
            with self._client.make_connection() as connection:
                connection.send_command("host:devices-l")
                connection.check_okay()
                return parse_listing(connection.read_string_block())
        except self._trouble as error:
            raise PhoneError(f"the adb server gives no list of phones: {_said(error)}") from error

    def phone(self, serial: str) -> AdbPhone:
        """The phone with a serial; whether it is there is seen when it is first asked."""
        return AdbPhone(self, serial, self._client.device(serial), self._trouble)


class AdbPhone:
    """One phone's shell and files. Made by `AdbServer.phone`; used from one thread at a time."""

    def __init__(
        self, server: AdbServer, serial: str, device: Any, trouble: tuple[type[BaseException], ...]
    ) -> None:
        self.serial = serial
        self._server = server
        self._device = device
        self._trouble = trouble

    def state(self) -> str:
        """`device`, `offline`, `unauthorized`, ...; `absent` where the server does not know it."""
        return next((p.state for p in self._server.phones() if p.serial == self.serial), "absent")

    def check_there(self) -> None:
        """Raise `PhoneLostError` with advice unless the phone can be used."""
        state = self.state()
        if state != "device":
            raise PhoneLostError(f"phone {self.serial} is {state}: {advice(state)}")

    def shell(self, command: str, timeout_s: float = 20.0) -> ShellResult:
        """Run a line in the phone's shell; `timeout_s` is how long it may be silent."""
        try:
            done = self._device.shell2(command, timeout=timeout_s, v2=True)
        except self._trouble as error:
            raise self._dropped(f"running {command.split()[0]!r}", error) from error
        return ShellResult(done.returncode, done.output)

    def push(self, content: bytes, path: str) -> None:
        """Write a file on the phone and check its size there."""
        try:
            self._device.sync.push(content, path, mode=0o644, check=True)
        except self._trouble as error:
            # adbutils drops the phone's reason and keeps the protocol's word for "no", or it found
            # fewer bytes there than were sent.
            if str(error) == "FAIL" or "not complete" in str(error):
                raise RefusedPushError(f"phone {self.serial} does not take {path}") from error
            raise self._dropped(f"pushing {len(content)} bytes to {path}", error) from error

    def _dropped(self, doing: str, error: BaseException) -> ConnectionDroppedError:
        return ConnectionDroppedError(
            f"phone {self.serial} stopped answering while {doing}: {_said(error)}"
        )


def advice(state: str) -> str:
    """What to do about a phone in this state."""
    return ADVICE.get(state, "start Android on the phone and see adb devices")


# What adbutils lets through besides its own AdbError when a connection ends in mid-answer.
_TROUBLE = (OSError, EOFError, ValueError, AssertionError, struct.error)


def _said(error: BaseException) -> str:
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
