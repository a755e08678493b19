"""Checks over a real adb connection: real adb client and server, a real `adbd` on 127.0.0.1.

`test_android_adbd.py` runs this file in a network of its own (`unshare`), where loopback is all
there is: adbd listens on every address and asks nobody for a password. What stands in for a part of
a phone is the program `benchmark_model` alone, a shell script that says so.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shlex
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.devices.android.adb import AdbServer
from nasbench_mobile.devices.android.latency import AndroidLatency, android_evaluator
from nasbench_mobile.devices.android.measurement import AndroidMeasurement
from nasbench_mobile.devices.android.settings import AndroidSettings
from nasbench_mobile.networks.tflite import to_tflite
from nasbench_mobile.networks.zoo import network
from nasbench_mobile.types import Failure

PORTS = (15555, 15556)
STAND_IN = """\
#!/bin/sh
# stand-in for benchmark_model (tests only): a microsecond for every 1,000 bytes of the file
case "$1" in --graph=*) graph="${1#--graph=}" ;; *) echo "ERROR: no --graph" >&2; exit 1 ;; esac
here="${0%/*}"
echo $$ > "$here/pid"
if [ -e "$here/endless" ]; then exec sleep 60; fi
head -c 8 "$graph" | grep -q TFL3 || { echo "ERROR: Failed to load graph $graph" >&2; exit 1; }
us=$(( $(wc -c < "$graph") / 1000 ))
echo "INFO: count=2 first=99 curr=99 min=99 max=99 avg=99 std=0" >&2
echo "INFO: count=10 first=$us curr=$us min=$us max=$us avg=$us std=0" >&2
echo "INFO: Inference timings in us: Init: 9, First inference: 99, Warmup (avg): 99, \
Inference (avg): $us"
"""


@dataclass
class Phone:
    """A real adbd: its serial, its process and where the stand-in lies."""

    serial: str
    daemon: subprocess.Popen[bytes]
    folder: str

    def shell(self, line: str) -> str:
        return AdbServer().phone(self.serial).shell(line).output.strip()

    def settings(self, **more: Any) -> AndroidSettings:
        return AndroidSettings(
            binary=f"{self.folder}/stand_in_benchmark_model",
            folder=self.folder,
            pairs=6,
            reconnect_s=2,
            **more,
        )


@pytest.fixture(scope="module", autouse=True)
def loopback_alone() -> None:
    """Bring loopback up, and make sure that nothing else is there."""
    with socket.socket() as any_socket:
        up = struct.pack("16sH14x", b"lo", 0x1 | 0x40)  # IFF_UP | IFF_RUNNING
        fcntl.ioctl(any_socket, 0x8914, up)  # SIOCSIFFLAGS
    assert [name for _, name in socket.if_nameindex()] == ["lo"]


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    """An adb server of our own; the environment is this file's run's alone."""
    os.environ.update(ANDROID_ADB_SERVER_PORT="15037", ADB_MDNS="0")
    yield
    subprocess.run([adb(), "kill-server"], check=False, capture_output=True)


def adb() -> str:
    import adbutils

    return str(adbutils.adb_path())


def start(port: int) -> subprocess.Popen[bytes]:
    command = shlex.split(os.environ["NASBENCH_MOBILE_ADBD"])
    daemon = subprocess.Popen(
        command,
        env={**os.environ, "ADBD_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 10
    while socket.socket().connect_ex(("127.0.0.1", port)):
        assert daemon.poll() is None, "adbd ended at once"
        assert time.monotonic() < deadline, "adbd does not listen"
        time.sleep(0.05)
    return daemon


@pytest.fixture
def phones(tmp_path: Path) -> Iterator[list[Phone]]:
    os.environ["NASBENCH_MOBILE_CACHE"] = str(tmp_path / "cache")
    found = []
    with ExitStack() as stack:
        for port in PORTS:
            daemon, serial = start(port), f"127.0.0.1:{port}"
            stack.callback(stop, daemon, serial)
            done = subprocess.run(
                [adb(), "connect", serial], capture_output=True, text=True, check=True
            )
            assert "connected" in done.stdout
            phone = AdbServer().phone(serial)
            folder = phone.shell("TMPDIR=/tmp mktemp -d").output.strip()
            phone.push(STAND_IN.encode(), f"{folder}/stand_in_benchmark_model")
            phone.shell(f"chmod 755 {folder}/stand_in_benchmark_model")
            found.append(Phone(serial, daemon, folder))
        yield found
        folders = " ".join(one.folder for one in found)
        for one in found:  # they share one file system, so any daemon that is left will do
            if one.daemon.poll() is None:
                one.shell(f"rm -rf {folders}")


def stop(daemon: subprocess.Popen[bytes], serial: str) -> None:
    subprocess.run([adb(), "disconnect", serial], capture_output=True, check=False)
    daemon.kill()
    daemon.wait()


def evaluator(phone: Phone, **settings: Any) -> AndroidLatency:
    return android_evaluator(
        f"android:{phone.serial}", settings=phone.settings(**settings), nominal_ms=75.0
    )


def only_the_stand_in(phone: Phone) -> bool:
    left = phone.shell(f"ls {phone.folder}").split()
    return set(left) - {"pid", "endless"} == {"stand_in_benchmark_model"}


def test_a_network_is_written_pushed_timed_and_removed(phones: list[Phone]) -> None:
    measured = evaluator(phones[0]).measure_network(network("mnasnet-a1"))
    sizes = [len(to_tflite(network(name))) // 1000 for name in ("mnasnet-a1", "mobilenet-v2")]
    assert measured.ratio.value == pytest.approx(sizes[0] / sizes[1])
    assert measured.latency_ms == pytest.approx(75.0 * sizes[0] / sizes[1])
    assert measured.raw_ms == pytest.approx(sizes[0] / 1000)
    assert measured.ratio.pairs == 6
    assert len(measured.runtime_version) == 64
    assert measured.before.free_kib is not None
    assert measured.before.battery_percent is None  # a daemon, but no Android
    assert only_the_stand_in(phones[0])
    assert measured.reading.sd_ms == 0.0


def test_two_daemons_share_the_work(phones: list[Phone]) -> None:
    # Their folders differ, and settings are for all phones: both use a folder with one name.
    for phone in phones:
        phone.shell("mkdir -p /tmp/nasbench-mobile-check")
        phone.shell(f"cp {phone.folder}/stand_in_benchmark_model /tmp/nasbench-mobile-check/")
    folder = "/tmp/nasbench-mobile-check"
    settings = AndroidSettings(f"{folder}/stand_in_benchmark_model", folder, pairs=6)
    device = "android:" + ",".join(phone.serial for phone in phones)
    made = android_evaluator(device, settings=settings, nominal_ms=75.0)
    content = to_tflite(network("mnasnet-b1"))
    found = made.measure([lambda: content] * 4)
    phones[0].shell(f"rm -rf {folder}")
    measured = [one for one in found if isinstance(one, AndroidMeasurement)]
    assert len({round(one.latency_ms, 9) for one in measured}) == 1


def test_a_file_that_is_no_model(phones: list[Phone]) -> None:
    content = to_tflite(network("mnasnet-b1"))
    first, second = evaluator(phones[0]).measure([lambda: b"no flatbuffer", lambda: content])
    assert isinstance(first, Failure)
    assert "ended with 1: ERROR: Failed to load graph" in first.reason
    assert isinstance(second, AndroidMeasurement)
    assert only_the_stand_in(phones[0])


def test_a_missing_program(phones: list[Phone]) -> None:
    phones[0].shell(f"rm {phones[0].folder}/stand_in_benchmark_model")
    (found,) = evaluator(phones[0]).measure([lambda: b"anything"])
    assert isinstance(found, Failure)
    assert "no benchmark_model at" in found.reason


def test_a_run_past_its_limit_is_ended_on_the_phone(phones: list[Phone]) -> None:
    phones[0].shell(f"touch {phones[0].folder}/endless")
    made = evaluator(phones[0], run_timeout_s=0.5, attempts=1)
    (found,) = made.measure([lambda: b"anything"])
    assert isinstance(found, Failure)
    assert "ran past its limit of 0.5 s" in found.reason
    # Whoever adopts the killed process takes a moment to bury it.
    gone = (
        f"for i in 1 2 3 4 5 6 7 8 9; do kill -0 $(cat {phones[0].folder}/pid) || break; sleep 0.3"
    )
    assert "No such process" in phones[0].shell(f"{gone}; done")
    assert only_the_stand_in(phones[0])


def test_a_full_phone(phones: list[Phone]) -> None:
    small = f"{phones[0].folder}/small"
    said = phones[0].shell(f"mkdir {small} && mount -t tmpfs -o size=64k small {small} && echo ok")
    if said != "ok":
        pytest.skip(f"nothing can be mounted here: {said}")
    settings = AndroidSettings(f"{phones[0].folder}/stand_in_benchmark_model", small, pairs=6)
    made = android_evaluator(phones[0].serial, settings=settings, nominal_ms=75.0)
    (found,) = made.measure([lambda: b"anything"])
    assert isinstance(found, Failure)
    assert "is full: 64 KiB free" in found.reason
    assert phones[0].shell(f"ls {small}; umount {small}; rmdir {small}") == ""


def test_a_daemon_killed_mid_run(phones: list[Phone]) -> None:
    phones[0].shell(f"touch {phones[0].folder}/endless")
    killer = threading.Timer(1.5, phones[0].daemon.send_signal, [signal.SIGKILL])
    killer.start()
    found = evaluator(phones[0]).measure([lambda: b"anything", lambda: b"more"])
    killer.join()
    reasons = [one.reason for one in found if isinstance(one, Failure)]
    assert len(reasons) == 2
    assert "stopped answering while running 'timeout'" in reasons[0]
    assert "it is offline now" in reasons[0]
    (again,) = evaluator(phones[0]).measure([lambda: b"anything"])
    assert isinstance(again, Failure)
    assert "is offline: plug the phone in again" in again.reason


def test_a_serial_that_is_not_there(phones: list[Phone]) -> None:
    made = android_evaluator("android:nope", settings=phones[0].settings(), nominal_ms=75.0)
    (found,) = made.measure([lambda: b"anything"])
    assert isinstance(found, Failure)
    assert "phone nope is absent" in found.reason


def test_devices_lists_both(phones: list[Phone], capfd: pytest.CaptureFixture[str]) -> None:
    from nasbench_mobile.cli.latency.devices import devices

    phones[1].daemon.kill()
    phones[1].daemon.wait()
    time.sleep(0.5)
    devices(binary=phones[0].settings().binary, as_json=True)
    rows = json.loads(capfd.readouterr().out)
    assert [(row["serial"], row["state"], row["ready"]) for row in rows] == [
        (phones[0].serial, "device", True),
        (phones[1].serial, "offline", False),
    ]
    devices(as_json=True)
    rows = json.loads(capfd.readouterr().out)
    assert f"adb -s {phones[0].serial} push benchmark_model" in rows[0]["problems"][0]


def test_the_adb_commands_of_the_how_to(phones: list[Phone], tmp_path: Path) -> None:
    """All of the page's own, with this phone's serial and folder in place of Android's."""
    page = Path(__file__).parents[3] / "docs" / "measure-on-your-phone.md"
    lines = re.findall(r"^\$ (adb .*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(lines) == 4
    (tmp_path / "benchmark_model").write_text(STAND_IN)
    for line in lines:
        here = line.replace("SERIAL", phones[0].serial).replace("/data/local/tmp", phones[0].folder)
        command = [adb(), *shlex.split(here)[1:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        # What only a phone has (its clocks) may be missing here; the rest must work.
        assert done.returncode == 0 or "cpufreq" in line, done.stderr
    settings = AndroidSettings(f"{phones[0].folder}/benchmark_model", phones[0].folder, pairs=6)
    made = android_evaluator(f"android:{phones[0].serial}", settings=settings, nominal_ms=75.0)
    content = to_tflite(network("mobilenet-v2"))
    assert made.measure_file(content).latency_ms == pytest.approx(75.0)
