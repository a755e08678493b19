"""One Android phone for a while: is it fit, cool it down, run `benchmark_model`, leave nothing."""

from __future__ import annotations

import shlex
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from nasbench_mobile.devices.android.adb import (
    AdbPhone,
    ConnectionDroppedError,
    PhoneError,
    PhoneLostError,
    RefusedPushError,
    ShellResult,
)
from nasbench_mobile.devices.android.benchmark_output import (
    DOWNLOAD,
    BenchmarkTiming,
    UnreadableOutputError,
    WrongProgramError,
    last_line,
    other_program,
    parse_benchmark_output,
)
from nasbench_mobile.devices.android.settings import AUTO, AndroidSettings, blocking
from nasbench_mobile.devices.android.state import DeviceState, parse_state, state_command
from nasbench_mobile.devices.host.delegation import Delegation, read_delegation

KILLED = (124, 137, 143)
"""Exit codes of a program that `timeout` or a signal ended."""


class UnfitPhoneError(PhoneError):
    """The phone answers but nothing can be measured on it: hot, low, full, no program."""


class FailedRunError(PhoneError):
    """A run gave no time; another try may."""


class OtherwiseRunError(FailedRunError):
    """A run was not what was asked for, and would not be another time."""


def read_state(phone: AdbPhone, settings: AndroidSettings) -> DeviceState:
    """The phone's state now. Raises `PhoneError` where it does not answer."""
    return parse_state(phone.shell(state_command(settings.binary, settings.folder)).output)


@dataclass(frozen=True, slots=True)
class PairedRuns:
    """One network on one phone: typical milliseconds of each run, pair by pair, and the states.

    `inferences` is how many the candidate's shortest run did, `delegation` what it said of who ran
    it.
    """

    candidate_ms: tuple[float, ...]
    reference_ms: tuple[float, ...]
    inferences: int
    delegation: Delegation
    before: DeviceState
    after: DeviceState


class PhoneSession:
    """A phone that is being measured on: `with PhoneSession(phone, settings, reference) as s`.

    Entering checks the phone and puts the reference into a folder of its own there; leaving removes
    the folder. `state` is the phone's when entered, `mask` the cores in use and `cores_by` how they
    were chosen. `sleep` is what waiting is done with.
    """

    def __init__(
        self,
        phone: AdbPhone,
        settings: AndroidSettings,
        reference: bytes,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.phone = phone
        self.settings = settings
        self._reference = reference
        self._sleep = sleep
        self.folder = f"{settings.folder}/nasbench-mobile-{uuid.uuid4().hex[:12]}"
        self.state = DeviceState()
        self.mask: str | None = None
        self.cores_by: str | None = None
        self._loaded: str | None = None

    def __enter__(self) -> PhoneSession:
        self.phone.check_there()
        self.state = self._fit_state()
        wanted = self.settings.core_mask
        chosen = self.state.fastest
        self.mask = chosen.mask if wanted == AUTO else wanted
        self.cores_by = chosen.by if wanted == AUTO else "given" if wanted else None
        try:
            self._put(self._reference, "reference.tflite", self.state)
        except ConnectionDroppedError as error:
            self._remove()
            raise self._after_drop(error) from error
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._remove()

    def measure(self, model: bytes) -> PairedRuns:
        """Pairs of runs of a .tflite file and of the reference.

        Raises `FailedRunError` where a run gave no time, `UnfitPhoneError` where the phone is hot,
        full or low, `PhoneLostError` where it is gone.
        """
        before = self._fit_state()
        try:
            self._put(model, "candidate.tflite", before)
            candidate: list[BenchmarkTiming] = []
            reference: list[BenchmarkTiming] = []
            for number in range(self.settings.pairs):
                # The order changes, so that what drifts within a pair favours neither.
                order = [("candidate", candidate), ("reference", reference)]
                for name, runs in order if number % 2 else reversed(order):
                    runs.append(self._run(f"{name}.tflite"))
            after = read_state(self.phone, self.settings)
        except ConnectionDroppedError as error:
            raise self._after_drop(error) from error
        heat = self._heat(after)
        if heat:
            raise FailedRunError(f"phone {self.phone.serial} got {heat}, while it was measured")
        return PairedRuns(
            tuple(run.typical_ms for run in candidate),
            tuple(run.typical_ms for run in reference),
            min(run.runs for run in candidate),
            candidate[0].delegation,
            before,
            after,
        )

    def reference_alone(self) -> list[float]:
        """Typical milliseconds of as many runs of the reference as a measurement has pairs."""
        self._fit_state()
        try:
            return [self._run("reference.tflite").typical_ms for _ in range(self.settings.pairs)]
        except ConnectionDroppedError as error:
            raise self._after_drop(error) from error

    def _fit_state(self) -> DeviceState:
        """The phone's state once it is cool enough; `UnfitPhoneError` where it does not get so."""
        left_s = self.settings.cool_down_s
        while True:
            try:
                state = read_state(self.phone, self.settings)
            except ConnectionDroppedError as error:
                raise self._after_drop(error) from error
            reasons = blocking(state, self.phone.serial, self.settings)
            hot = self._heat(state)
            if not reasons:
                return state
            if not hot or len(reasons) > 1 or left_s <= 0:
                waited = f" after {self.settings.cool_down_s:g} s of waiting" if hot else ""
                raise UnfitPhoneError(f"phone {self.phone.serial}{waited}: {'; '.join(reasons)}")
            pause_s = min(self.settings.poll_s, left_s)
            self._sleep(pause_s)
            left_s -= pause_s

    def _heat(self, state: DeviceState) -> str | None:
        return state.heat(self.settings.max_battery_c, self.settings.max_thermal_status)

    def _put(self, content: bytes, name: str, state: DeviceState) -> None:
        """Write a file into the session's folder, or say why the phone has no room for it."""
        self._check_room(len(content), state)
        made = self.phone.shell(f"mkdir -p {shlex.quote(self.folder)}")
        if made.exit_code:
            raise UnfitPhoneError(
                f"phone {self.phone.serial} makes no folder {self.folder}: {last_line(made.output)}"
            )
        try:
            self.phone.push(content, f"{self.folder}/{name}")
        except RefusedPushError as error:
            self._check_room(len(content), read_state(self.phone, self.settings))
            raise UnfitPhoneError(f"{error}; can {self.settings.folder} be written?") from error

    def _check_room(self, size: int, state: DeviceState) -> None:
        if state.free_kib is not None and state.free_kib * 1024 < size:
            raise UnfitPhoneError(
                f"phone {self.phone.serial} is full: {state.free_kib} KiB free in "
                f"{self.settings.folder}, and the model has {size / 1024:.0f} KiB; delete something"
            )

    def _run(self, name: str) -> BenchmarkTiming:
        command = self.command(f"{self.folder}/{name}")
        limit_s = self.settings.run_timeout_s
        started = time.monotonic()
        # The phone ends the run by itself; ours is the limit for a phone that answers no more.
        done = self.phone.shell(command, timeout_s=limit_s + 10)
        took_s = time.monotonic() - started
        if done.exit_code == 0:
            try:
                return self._as_asked(parse_benchmark_output(done.output))
            except WrongProgramError as error:
                raise UnfitPhoneError(f"phone {self.phone.serial}: {error}") from error
            except UnreadableOutputError as error:
                raise FailedRunError(f"phone {self.phone.serial}: {error}") from error
        raise self._failure(done, took_s)

    def _as_asked(self, timing: BenchmarkTiming) -> BenchmarkTiming:
        """A run, if XNNPACK and the number of inferences were what was asked for."""
        who, wanted = f"phone {self.phone.serial}", self.settings.runs
        trouble = timing.delegation.trouble(self.settings.xnnpack)
        if trouble and timing.delegation.unknown_flags:
            raise UnfitPhoneError(f"{who}: {trouble}; put the one of {DOWNLOAD} on the phone")
        if trouble:
            raise OtherwiseRunError(
                f"{who}: {trouble}; either XNNPACK cannot run the model, or {self.settings.binary} "
                f"is an old build (a current one: {DOWNLOAD})"
            )
        if timing.runs < wanted:
            raise FailedRunError(
                f"{who}: benchmark_model did {timing.runs} of the {wanted} inferences asked for"
            )
        return timing

    def command(self, path: str) -> str:
        """The line that times a file on the phone."""
        s = self.settings
        words = ["timeout", "-s", "KILL", f"{s.run_timeout_s:g}"]
        words += ["taskset", self.mask] if self.mask else []
        words += [
            s.binary,
            f"--graph={path}",
            f"--num_threads={s.threads}",
            f"--warmup_runs={s.warmup_runs}",
            f"--num_runs={s.runs}",
            # num_runs is a floor; without these two the program adds runs for 1.5 s.
            "--warmup_min_secs=0",
            "--min_secs=0",
            f"--use_xnnpack={str(s.xnnpack).lower()}",
        ]
        return f"{shlex.join(words)} 2>&1"

    def _failure(self, done: ShellResult, took_s: float) -> PhoneError:
        limit_s, said = self.settings.run_timeout_s, last_line(done.output)
        who = f"phone {self.phone.serial}"
        if done.exit_code in (126, 127):
            return UnfitPhoneError(
                f"{who} cannot run {self.settings.binary} (exit {done.exit_code}: {said}); see "
                "nasbench-mobile devices"
            )
        if said.startswith("taskset:"):
            return UnfitPhoneError(
                f"{who} holds no program to the cores of mask {self.mask} ({said}); say others "
                "with --cores"
            )
        other = other_program(done.output)
        if other:
            return UnfitPhoneError(f"{who}: {other}")
        delegation = read_delegation(done.output)
        trouble = delegation.trouble(self.settings.xnnpack)
        if trouble:
            kind = UnfitPhoneError if delegation.unknown_flags else OtherwiseRunError
            return kind(f"{who}: benchmark_model ended with {done.exit_code}: {trouble}")
        if done.exit_code in KILLED and took_s >= 0.9 * limit_s:
            return FailedRunError(f"{who}: benchmark_model ran past its limit of {limit_s:g} s")
        if done.exit_code in KILLED:
            return FailedRunError(
                f"{who} killed benchmark_model after {took_s:.1f} s (exit {done.exit_code}); has "
                f"it memory left? It said {said!r}"
            )
        return FailedRunError(f"{who}: benchmark_model ended with {done.exit_code}: {said}")

    def _after_drop(self, error: ConnectionDroppedError) -> PhoneError:
        """Whether a phone that stopped answering has come back (try again) or is lost."""
        left_s = self.settings.reconnect_s
        while True:
            try:
                state = self.phone.state()
            except PhoneError as worse:
                return PhoneLostError(f"{error}; then {worse}")
            if state == "device" and self._answers():
                return FailedRunError(f"{error}; it is back")
            if left_s <= 0:
                return PhoneLostError(
                    f"{error}; it is {state} now. Its folder {self.folder} may be left on it"
                )
            pause_s = min(1.0, left_s)
            self._sleep(pause_s)
            left_s -= pause_s

    def _answers(self) -> bool:
        """Whether a phone listed as usable is so: the list is behind for a moment after a loss."""
        try:
            return self.phone.shell("echo here", timeout_s=5).output.strip() == "here"
        except PhoneError:
            return False

    def _remove(self) -> None:
        """Remove the folder; a phone that is gone keeps it, which its failure has said."""
        try:
            self.phone.shell(f"rm -rf {shlex.quote(self.folder)}")
        except PhoneError:
            return
