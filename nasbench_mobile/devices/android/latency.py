"""Latency measured on Android phones over adb, every run paired with one of a fixed reference."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median
from typing import TypeAlias, TypeVar

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.devices import reference_latency as nominal
from nasbench_mobile.devices.android.adb import AdbPhone, AdbServer, PhoneError
from nasbench_mobile.devices.android.measurement import REFERENCE, AndroidMeasurement
from nasbench_mobile.devices.android.phone import (
    FailedRunError,
    OtherwiseRunError,
    PairedRuns,
    PhoneSession,
)
from nasbench_mobile.devices.android.settings import AndroidSettings
from nasbench_mobile.devices.host.cpu_cores import core_mask, parse_core_list
from nasbench_mobile.devices.pairing import paired_ratio
from nasbench_mobile.devices.phone_names import NamedPhone, parse_phones
from nasbench_mobile.errors import EvaluationError, NasbenchError, UsageError
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.zoo import network as zoo_network
from nasbench_mobile.types import Failure, Kind, LatencyReading

Writer: TypeAlias = Callable[[Network], bytes]
"""A network to the content of a .tflite file."""

T = TypeVar("T")

PREFIX = "android:"


class AndroidLatency:
    """Latency evaluator on one or several phones of one model; `android_evaluator` makes it.

    Architectures are shared out among the phones, one thread each. A run that fails is tried
    `settings.attempts` times; a phone that is lost or unfit is put aside for the rest of the batch
    and its work goes to the others; where none is left the rest are failures with the reasons.
    Phones of different models are not mixed: their numbers would not be of one device.
    `masks` are core masks by serial, for phones whose mask is not that of `settings`. `nominal_ms`
    None means: measured once per device and kept (`nominal.py`).
    """

    def __init__(
        self,
        phones: Sequence[AdbPhone],
        write: Writer,
        settings: AndroidSettings | None = None,
        masks: dict[str, str] | None = None,
        nominal_ms: float | None = None,
        reference: Network | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not phones:
            raise UsageError("no phone was given to measure on; see nasbench-mobile devices")
        if nominal_ms is not None and not 0.0 < nominal_ms < float("inf"):
            raise UsageError(f"nominal_ms is {nominal_ms!r}; it must be finite and above 0")
        self.phones = tuple(phones)
        self.settings = settings or AndroidSettings()
        self._write = write
        self._masks = masks or {}
        self._nominal_ms = nominal_ms
        self._reference_network = reference
        self._reference: bytes | None = None
        self._sleep = sleep
        self._model: str | None = None

    @property
    def label(self) -> str:
        s = self.settings
        return (
            f"benchmark_model over adb, {s.pairs} pairs of {s.runs} inferences with {REFERENCE}, "
            f"{s.threads} thread{'s' * (s.threads > 1)}{'' if s.xnnpack else ', without XNNPACK'}"
        )

    @property
    def device(self) -> str:
        """The phones' model once one was asked, else their serials."""
        return self._model or PREFIX + ",".join(phone.serial for phone in self.phones)

    @property
    def kind(self) -> Kind:
        return "measured"

    def latency(self, architectures: Sequence[Architecture]) -> Sequence[LatencyReading | Failure]:
        """One reading or failure per architecture, in order."""
        found = self.measure([partial(self._written, a) for a in architectures])
        return [one if isinstance(one, Failure) else one.reading for one in found]

    def _written(self, architecture: Architecture) -> bytes:
        return self._write(architecture.network())

    def network_latency(self, network: Network) -> LatencyReading:
        """A network without tokens. `EvaluationError` with the reason where it gave no number."""
        return self.measure_network(network).reading

    def measure_network(self, network: Network) -> AndroidMeasurement:
        """All that is known of one network's measurement; `EvaluationError` where it failed."""
        return self._only(self.measure([lambda: self._write(network)]))

    def measure_file(self, content: bytes) -> AndroidMeasurement:
        """The same for the content of a .tflite file."""
        return self._only(self.measure([lambda: content]))

    def measure(self, models: Sequence[Callable[[], bytes]]) -> list[AndroidMeasurement | Failure]:
        """Measure .tflite contents (made when their turn comes), shared out among the phones."""
        batch = _Batch(list(models))
        try:
            self._reference = self._reference or self._write(
                self._reference_network or zoo_network(REFERENCE)
            )
        except NasbenchError as error:
            return batch.ended(f"the reference network cannot be written: {error}")
        phones = list(self.phones)
        # Work that a lost phone gave back is done by those that are left.
        while batch.waiting and phones:
            with ThreadPoolExecutor(len(phones)) as pool:
                reasons = list(pool.map(lambda phone: self._serve(phone, batch), phones))
            batch.reasons += [reason for reason in reasons if reason]
            phones = [p for p, reason in zip(phones, reasons, strict=True) if not reason]
        return batch.ended("; ".join(dict.fromkeys(batch.reasons)))

    def _serve(self, phone: AdbPhone, batch: _Batch) -> str | None:
        """Measure on one phone until no work waits; the reason it is put aside, or None."""
        mask = self._masks.get(phone.serial, self.settings.core_mask)
        settings = dataclasses.replace(self.settings, core_mask=mask)
        try:
            if self._reference is None:
                return "there is no reference"
            with PhoneSession(phone, settings, self._reference, self._sleep) as session:
                reference_ms = self._nominal(session)
                while (index := batch.next()) is not None:
                    try:
                        batch.results[index] = self._attempts(
                            session, batch.models[index], reference_ms
                        )
                    except PhoneError:
                        batch.waiting.appendleft(index)
                        raise
        except PhoneError as error:
            return str(error)
        return None

    def _attempts(
        self, session: PhoneSession, model: Callable[[], bytes], reference_ms: float
    ) -> AndroidMeasurement | Failure:
        started = time.perf_counter()
        try:
            content = model()
        except NasbenchError as error:
            return Failure(f"cannot be written as .tflite: {error}")
        try:
            runs = self._tried(lambda: session.measure(content))
        except OtherwiseRunError as error:
            return Failure(str(error))
        except FailedRunError as error:
            return Failure(f"{error} (tried {self.settings.attempts} times)")
        return self._measurement(session, runs, reference_ms, started)

    def _tried(self, act: Callable[[], T]) -> T:
        """What `act` gives, tried again after a failed run as often as the settings say."""
        for _ in range(self.settings.attempts - 1):
            try:
                return act()
            except OtherwiseRunError:
                raise
            except FailedRunError:
                continue
        return act()

    def _measurement(
        self, session: PhoneSession, runs: PairedRuns, reference_ms: float, started: float
    ) -> AndroidMeasurement:
        ratio = paired_ratio(runs.candidate_ms, runs.reference_ms)
        return AndroidMeasurement(
            latency_ms=ratio.value * reference_ms,
            low_ms=ratio.low * reference_ms,
            high_ms=ratio.high * reference_ms,
            ratio=ratio,
            raw_ms=median(runs.candidate_ms),
            reference_ms=reference_ms,
            device=self.device,
            serial=session.phone.serial,
            runtime_version=session.state.binary_sha256 or "unknown",
            core_mask=session.mask,
            cores_by=session.cores_by,
            inferences_per_run=self.settings.runs,
            inferences_done=runs.inferences,
            delegation=runs.delegation,
            before=runs.before,
            after=runs.after,
            cost_s=time.perf_counter() - started,
            threads=self.settings.threads,
        )

    def _nominal(self, session: PhoneSession) -> float:
        """The reference's nominal latency on this model of phone; checks that it is one model."""
        model = session.state.model or session.phone.serial
        if self._model is None:
            self._model = model
        if model != self._model:
            raise PhoneError(
                f"phone {session.phone.serial} is a {model}, and others are {self._model}; "
                "measure on phones of one model together"
            )
        if self._nominal_ms is not None:
            return self._nominal_ms
        state, s = session.state, self.settings
        key = "-".join(
            [
                f"android-{model}-{state.android or 'unknown'}",
                f"benchmark_model-{(state.binary_sha256 or 'unknown')[:16]}",
                f"cores-{session.mask or 'any'}-threads-{s.threads}-xnnpack-{s.xnnpack}",
            ]
        )
        return nominal.nominal_ms(key, lambda: median(self._tried(session.reference_alone)))

    @staticmethod
    def _only(found: list[AndroidMeasurement | Failure]) -> AndroidMeasurement:
        if isinstance(found[0], Failure):
            raise EvaluationError(found[0].reason)
        return found[0]


class _Batch:
    """The work of one call: what waits, what was found, why phones were put aside."""

    def __init__(self, models: list[Callable[[], bytes]]) -> None:
        self.models = models
        self.waiting: deque[int] = deque(range(len(models)))
        self.results: dict[int, AndroidMeasurement | Failure] = {}
        self.reasons: list[str] = []

    def next(self) -> int | None:
        """The next index that waits; a deque's ends are safe between threads."""
        try:
            return self.waiting.popleft()
        except IndexError:
            return None

    def ended(self, reason: str) -> list[AndroidMeasurement | Failure]:
        """Every result in order; `reason` says why the missing ones were never measured."""
        return [self.results.get(i, Failure(reason)) for i in range(len(self.models))]


def android_evaluator(
    device: str,
    *,
    write: Writer | None = None,
    settings: AndroidSettings | None = None,
    nominal_ms: float | None = None,
    server: AdbServer | None = None,
    cores: str | None = None,
) -> AndroidLatency:
    """The evaluator for `android:SERIAL[,SERIAL...]`, each SERIAL with its own `@MASK` if given.

    `android:` alone is the one phone that is connected; the prefix may be left out; serials may be
    quoted (see `phone_names.parse_phones`). `cores` such as `4-7` are the cores to run on, in place
    of the settings' mask. Raises `UsageError` for a string that names no phone, or none of several,
    and `MissingExtraError` without adb. `write` defaults to the package's own writer.
    """
    text = device.removeprefix(PREFIX)
    named = parse_phones(text)
    settings = _on_cores(settings or AndroidSettings(), cores, named)
    for phone in named:
        _check_mask(phone)  # now, not in a thread
    server = server or AdbServer()
    if not named:
        named = [NamedPhone(_one_phone(server))]
    if len(named) > 1:
        # Commas are in serials as well, if seldom: what is connected says which are.
        with contextlib.suppress(PhoneError):
            named = parse_phones(text, [listed.serial for listed in server.phones()])
    phones = [server.phone(phone.serial) for phone in named]
    masks = {phone.serial: phone.mask for phone in named if phone.mask}
    return AndroidLatency(phones, write or _own_writer, settings, masks, nominal_ms)


def _check_mask(phone: NamedPhone) -> None:
    try:
        AndroidSettings(core_mask=phone.mask)
    except UsageError as error:
        raise UsageError(f"{error}; a serial with an at sign in it is put in quotes") from error


def _on_cores(
    settings: AndroidSettings, cores: str | None, named: Sequence[NamedPhone]
) -> AndroidSettings:
    """The settings, held to `cores` where they are given."""
    if cores is None:
        return settings
    numbers = parse_core_list(cores)
    if numbers is None:
        raise UsageError(f"cores is {cores!r}; say for instance 4-7 or 0,2-3")
    if any(phone.mask for phone in named):
        raise UsageError(f"cores {cores} and a mask after a serial exclude each other; give one")
    return dataclasses.replace(settings, core_mask=core_mask(numbers))


def _one_phone(server: AdbServer) -> str:
    found = [listed.serial for listed in server.phones()]
    if len(found) != 1:
        named = (
            f"{len(found)} phones are connected ({', '.join(found)})" if found else "no phone is"
        )
        raise UsageError(f"{named}; say which: android:SERIAL (see nasbench-mobile devices)")
    return found[0]


def _own_writer(network: Network) -> bytes:
    from nasbench_mobile.networks.tflite import to_tflite

    return to_tflite(network)
