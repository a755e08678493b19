"""A fake that stands in for phones only: an adb *server* on loopback with made-up phones behind it.

The code under test talks to it through the real adbutils, in adb's own protocol (host:..., shell,v2
and sync:). Each `FakePhone` answers the few shell lines the package sends, from its fields; nothing
is executed.
"""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

BINARY = "/data/local/tmp/benchmark_model"
Benchmark = Callable[["FakePhone", bytes], tuple[int, str]]


def timing(microseconds: float) -> str:
    """The end of `benchmark_model`'s output for runs of one length."""
    return (
        "INFO: count=2 first=90000 curr=80000 min=80000 max=90000 avg=85000 std=5000\n"
        f"INFO: count=10 first={microseconds:g} curr={microseconds:g} min={microseconds:g} "
        f"max={microseconds:g} avg={microseconds:g} std=0\n"
        f"INFO: Inference timings in us: Init: 900, First inference: 90000, Warmup (avg): 85000, "
        f"Inference (avg): {microseconds:g}\n"
    )


def size_as_time(phone: FakePhone, model: bytes) -> tuple[int, str]:
    """A microsecond for every byte of the model, times how slow the phone is."""
    return 0, timing(len(model) * phone.slowness)


class Vanish(Exception):
    """Raised by a benchmark: the connection ends in the middle of the run."""


@dataclass
class FakePhone:
    """A made-up phone. `benchmark` is what running a model gives: (exit code, output)."""

    serial: str
    state: str = "device"
    model: str = "Pixel"
    battery: int = 80
    tenths_c: int = 285
    thermal: int = 0
    screen: str = "OFF"
    free_kib: int = 1_000_000
    binary: bool = True
    executable: bool = True
    slowness: float = 1.0
    mask_seen: set[str] = field(default_factory=set)
    benchmark: Benchmark = size_as_time
    files: dict[str, bytes] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)
    cuts_pushes: bool = False
    extra: str = ""
    """Parts of the state, `@@name` and lines, that are said in place of those of the same name."""
    cooling: int = 0
    """Tenths of a degree lost each time the state is read."""

    def run(self, line: str) -> tuple[int, str]:
        self.log.append(line)
        words = line.split()
        if line.startswith("echo '@@model'"):
            self.tenths_c -= self.cooling
            return 0, self.described()
        if words[0] == "echo":
            return 0, " ".join(words[1:]) + "\n"
        if words[0] == "mkdir":
            self.folders.add(words[-1])
            return 0, ""
        if words[0] == "rm":
            self.folders.discard(words[-1])
            self.files = {p: c for p, c in self.files.items() if not p.startswith(words[-1] + "/")}
            return 0, ""
        if words[0] == "timeout":
            return self.timed(words)
        return 127, f"/system/bin/sh: {words[0]}: not found\n"

    def timed(self, words: list[str]) -> tuple[int, str]:
        if "taskset" in words:
            self.mask_seen.add(words[words.index("taskset") + 1])
        if not self.binary:
            return 127, f"timeout: exec {BINARY}: No such file or directory\n"
        graph = next(w for w in words if w.startswith("--graph=")).removeprefix("--graph=")
        return self.benchmark(self, self.files[graph])

    def described(self) -> str:
        """In the words of getprop, dumpsys and df on a phone."""
        cores = "".join(f"{n} schedutil {1593600 if n < 2 else 2150400}\n" for n in range(4))
        binary = f"{'ab' * 32}  {BINARY}\n" if self.binary else ""
        return (
            f"@@model\n{self.model}\n@@android\n10\n@@battery\nCurrent Battery Service state:\n"
            f"  AC powered: false\n  USB powered: true\n  level: {self.battery}\n  scale: 100\n"
            f"  temperature: {self.tenths_c}\n@@thermal\nIsStatusOverride: false\n"
            f"Thermal Status: {self.thermal}\n@@power\n  mWakefulness=Asleep\n"
            f"Display Power: state={self.screen}\n@@cpus\n{cores}@@space\n"
            "Filesystem     1K-blocks    Used Available Use% Mounted on\n"
            f"/dev/block/dm-5 26000000 9000000 {self.free_kib}  35% /data\n@@sha256\n{binary}"
            f"@@executable\n{'yes' if self.binary and self.executable else ''}\n{self.extra}"
        )


class FakeAdb:
    """The server; `phones` may be changed at any time. Use as a context manager."""

    def __init__(self) -> None:
        self.phones: dict[str, FakePhone] = {}
        fake = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                try:
                    _Conversation(fake, self.request).run()
                except (ConnectionError, struct.error, ValueError, Vanish):
                    return

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def add(self, serial: str, **fields: Any) -> FakePhone:
        self.phones[serial] = FakePhone(serial, **fields)
        return self.phones[serial]

    def __enter__(self) -> FakeAdb:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Conversation:
    """One connection of a client."""

    def __init__(self, fake: FakeAdb, connection: socket.socket) -> None:
        self.fake, self.connection = fake, connection
        self.phone: FakePhone | None = None

    def read(self, count: int) -> bytes:
        content = b""
        while len(content) < count:
            chunk = self.connection.recv(count - len(content))
            if not chunk:
                raise ConnectionError
            content += chunk
        return content

    def say(self, *parts: bytes) -> None:
        self.connection.sendall(b"".join(parts))

    def block(self, text: str) -> bytes:
        return f"{len(text):04x}{text}".encode()

    def run(self) -> None:
        while True:
            request = self.read(int(self.read(4), 16)).decode()
            if request == "host:version":
                self.say(b"OKAY", self.block("0029"))
            elif request == "host:devices-l":
                lines = [
                    f"{p.serial}  {p.state} product:x model:{p.model} transport_id:1\n"
                    for p in self.fake.phones.values()
                ]
                self.say(b"OKAY", self.block("".join(lines)))
            elif request.startswith("shell,v2:"):
                self.shell(request.removeprefix("shell,v2:"))
                return
            elif request == "sync:":
                self.say(b"OKAY")
                self.sync()
            elif not self.found(request):
                return

    def found(self, request: str) -> bool:
        """Requests to a phone that must be there: its features, or a connection to it."""
        transport = request.startswith("host:tport:serial:")
        rest = request.removeprefix("host:tport:serial:").removeprefix("host-serial:")
        serial = rest if transport else rest.rpartition(":")[0]
        phone = self.fake.phones.get(serial)
        if phone is None or phone.state != "device":
            why = f"device {phone.state}" if phone else f"device '{serial}' not found"
            self.say(b"FAIL", self.block(why))
            return False
        self.phone = phone
        self.say(b"OKAY", b"\1" + b"\0" * 7 if transport else self.block("shell_v2,cmd"))
        return True

    def shell(self, line: str) -> None:
        self.say(b"OKAY")
        assert self.phone is not None
        code, output = self.phone.run(line)
        for kind, content in ((1, output.encode()), (3, bytes([code]))):
            if content:
                self.say(struct.pack("<BI", kind, len(content)), content)

    def sync(self) -> None:
        assert self.phone is not None
        while True:
            command, length = struct.unpack("<4sI", self.read(8))
            path = self.read(length).decode()
            if command == b"STAT":
                size = len(self.phone.files.get(path, b""))
                mode = 0o100644 if path in self.phone.files else 0
                self.say(struct.pack("<4sIII", b"STAT", mode, size, 1 if mode else 0))
            elif command == b"SEND":
                self.receive(path.rpartition(",")[0])

    def receive(self, path: str) -> None:
        assert self.phone is not None
        content = bytearray()
        while True:
            command, length = struct.unpack("<4sI", self.read(8))
            if command == b"DONE":
                break
            content += self.read(length)
        if self.phone.cuts_pushes:
            raise Vanish
        if len(content) > self.phone.free_kib * 1024:
            why = b"couldn't write file: No space left on device"
            self.say(struct.pack("<4sI", b"FAIL", len(why)), why)
            return
        self.phone.files[path] = bytes(content)
        self.say(struct.pack("<4sI", b"OKAY", 0))
