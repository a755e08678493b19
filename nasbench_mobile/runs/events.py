"""The events of a run and their JSON form: what stands on each line of an event log."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, field
from typing import Any

from nasbench_mobile.errors import LogError
from nasbench_mobile.files.json_files import shown
from nasbench_mobile.files.schemas import schema_of
from nasbench_mobile.runs.run import RunHeader, Timing
from nasbench_mobile.types import Fidelity, Measurement, Proposal, StrategySpec, Trial

SCHEMA = 2
"""Version of the lines; older ones are read, newer ones refused (docs/compatibility.md)."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One call of `ask`: how many were asked for and what came."""

    count: int
    proposals: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True)
class Start:
    """Architectures a run starts from; their proposals have ids -1, -2, ... and a tell follows."""

    proposals: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True)
class Tell:
    """One call of `tell`, with the noise-free measurement beside each trial."""

    trials: tuple[Trial, ...]
    noise_free: tuple[Measurement | None, ...]
    timing: Timing = field(default_factory=Timing)


@dataclass(frozen=True, slots=True)
class End:
    """How the run ended; `failure` is None where it did all it was to do."""

    failure: str | None = None
    timing: Timing = field(default_factory=Timing)


Event = Start | Ask | Tell | End


def event_to_json(event: Event) -> dict[str, Any]:
    """One line's record; what equals its default is left out of a trial."""
    match event:
        case Start():
            return {"event": "start", "proposals": _proposals_to_json(event.proposals)}
        case Ask():
            proposals = _proposals_to_json(event.proposals)
            return {"event": "ask", "count": event.count, "proposals": proposals}
        case Tell():
            trials = [
                _trial_to_json(trial, noise_free)
                for trial, noise_free in zip(event.trials, event.noise_free, strict=True)
            ]
            return {"event": "tell", "trials": trials, "elapsed": _rounded(event.timing)}
        case End():
            return {"event": "end", "failure": event.failure, "elapsed": _rounded(event.timing)}


class EventReader:
    """Makes events of a log's records, one after another, and checks that they follow each other.

    An id is proposed once and told once; a repeat is of an id that was told or is told with it.
    """

    def __init__(self) -> None:
        self._pending: dict[int, Proposal] = {}
        self._proposed: set[int] = set()
        self._length: int | None = None

    def event(self, record: dict[str, Any]) -> Event:
        """The next event; `LogError`, KeyError, TypeError or ValueError where it is none."""
        match record["event"]:
            case "start" | "ask" as kind:
                proposals = tuple(self._proposal(item) for item in _list(record, "proposals"))
                if kind == "start":
                    return Start(proposals)
                return Ask(whole(record["count"], "count"), proposals)
            case "tell":
                pairs = [self._trial(item) for item in _list(record, "trials")]
                return Tell(
                    tuple(trial for trial, _ in pairs),
                    tuple(noise_free for _, noise_free in pairs),
                    _timing(record),
                )
            case "end":
                return End(_words(record["failure"], "failure"), _timing(record))
        raise LogError(f"unknown event {record['event']!r}")

    def _proposal(self, item: Any) -> Proposal:
        if type(item) is not list or not 2 <= len(item) <= 3:
            raise LogError(f"a proposal is {item!r}; it is [id, tokens] or [id, tokens, fidelity]")
        number, tokens, *fidelity = item
        whole(number, "the id of a proposal")
        checked_tokens(tokens)
        if self._length is None:
            self._length = len(tokens)
        if len(tokens) != self._length:
            raise LogError(
                f"proposal {number} has {len(tokens)} tokens, and those before it {self._length}"
            )
        if number in self._proposed:
            raise LogError(f"proposal {number} is there twice")
        if fidelity and not 0.0 < real(fidelity[0], "the fidelity of a proposal") <= 1.0:
            raise LogError(f"proposal {number} has fidelity {fidelity[0]!r}; it is in (0, 1]")
        self._proposed.add(number)
        proposal = Proposal(number, tuple(tokens), *map(float, fidelity))
        self._pending[number] = proposal
        return proposal

    def _trial(self, record: Any) -> tuple[Trial, Measurement | None]:
        if type(record) is not dict:
            raise LogError(f"a trial is {record!r}; it is a map")
        number = whole(record["id"], "the id of a trial")
        if number not in self._proposed:
            raise LogError(f"trial {number} was never proposed")
        proposal = self._pending.pop(number, None)
        if proposal is None:
            raise LogError(f"trial {number} is told twice")
        repeat_of = record.get("repeat_of")
        if repeat_of is not None and (
            whole(repeat_of, "repeat_of") not in self._proposed or repeat_of == number
        ):
            raise LogError(f"trial {number} repeats {repeat_of}, which was never proposed")
        return _trial_from_json(record, proposal, repeat_of)


def whole(value: Any, what: str) -> int:
    """A JSON whole number that 64 bits hold; `LogError` where it is none."""
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise LogError(f"{what} is {shown(value)}; it is a whole number")
    return value


def real(value: Any, what: str) -> float:
    """A finite JSON number; `LogError` where it is none."""
    if type(value) is not float and type(value) is not int:
        raise LogError(f"{what} is {shown(value)}; it is a number")
    if not -_LARGEST <= value <= _LARGEST:
        raise LogError(f"{what} is {shown(value)}; it is finite")
    return value


_LARGEST = sys.float_info.max


def checked_tokens(tokens: Any) -> None:
    """`LogError` where these are no JSON list of token values."""
    if type(tokens) is not list or not set(map(type, tokens)) <= {int}:
        raise LogError(f"tokens are {shown(tokens)}; they are a list of whole numbers")
    if tokens and not (min(tokens) >= 0 and max(tokens) < 2**31):
        raise LogError(f"tokens are {shown(tokens)}; they are whole numbers from 0 to 2**31 - 1")


def _not_negative(value: Any, what: str) -> float:
    if real(value, what) < 0:
        raise LogError(f"{what} is {value!r}; it is not below 0")
    return value  # type: ignore[no-any-return]  # `real` has looked


def _list(record: dict[str, Any], key: str) -> list[Any]:
    value = record[key]
    if type(value) is not list:
        raise LogError(f"{key} is {shown(value)}; it is a list")
    return value


def _map(value: Any, what: str) -> dict[str, Any]:
    if type(value) is not dict:
        raise LogError(f"{what} is {shown(value)}; it is a map")
    return value


def _words(value: Any, what: str) -> str | None:
    if value is not None and type(value) is not str:
        raise LogError(f"{what} is {shown(value)}; it is text")
    return value


def _timing(record: dict[str, Any]) -> Timing:
    elapsed = _map(record["elapsed"], "elapsed")
    return Timing(**{key: real(value, key) for key, value in elapsed.items()})


def header_to_json(header: RunHeader) -> dict[str, Any]:
    fields = {**asdict(header), "strategy": header.strategy.record()}
    return {"event": "header", "schema": SCHEMA, **fields}


def header_from_json(record: dict[str, Any]) -> RunHeader:
    """`LogError` where the record is no header, `NewerSchemaError` where it is of a newer schema.

    A header of schema 1 has no `code` and no `defaults`.
    """
    if type(record) is not dict or record.get("event") != "header":
        raise LogError("not the header of an event log")
    versions = record.get("versions")
    writer = versions.get("nasbench-mobile") if isinstance(versions, dict) else None
    schema_of("the log", record, SCHEMA, writer)
    fields = {key: value for key, value in record.items() if key not in ("event", "schema")}
    start = _list(fields, "start") if "start" in fields else []
    for tokens in start:
        checked_tokens(tokens)
    for key in ("benchmark", "strategy", "versions", "environment", "defaults"):
        if key in fields:
            _map(fields[key], key)
    if type(fields["benchmark_hash"]) is not str:
        raise LogError(f"benchmark_hash is {shown(fields['benchmark_hash'])}; it is text")
    whole(fields["seed"], "seed")
    for key in ("batch", "workers"):
        if fields.get(key) is not None and whole(fields[key], key) < 1:
            raise LogError(f"{key} is {fields[key]}; it is at least 1")
    if whole(fields["budget"], "budget") < 0:
        raise LogError(f"budget is {fields['budget']}; it is not below 0")
    _words(fields.get("code"), "code")
    for library, version in fields.get("versions", {}).items():
        if type(version) is not str:
            raise LogError(f"the version of {library} is {shown(version)}; it is text")
    fields["strategy"] = spec_from_json(fields["strategy"])
    fields["start"] = tuple(map(tuple, start))
    return RunHeader(**fields)


def spec_from_json(record: Any) -> StrategySpec:
    """The strategy of a JSON record; `LogError`, KeyError or TypeError where it is none."""
    spec = _map(record, "strategy")
    if type(spec["name"]) is not str:
        raise LogError(f"the name of a strategy is {shown(spec['name'])}; it is text")
    _map(spec.get("options", {}), "the options of a strategy")
    _words(spec.get("alias"), "the alias of a strategy")
    return StrategySpec(**spec)


def _proposals_to_json(proposals: tuple[Proposal, ...]) -> list[list[Any]]:
    """[id, tokens], and the fidelity where it is not full."""
    return [
        [p.id, p.tokens] if p.fidelity == 1.0 else [p.id, p.tokens, p.fidelity] for p in proposals
    ]


def _trial_to_json(trial: Trial, noise_free: Measurement | None) -> dict[str, Any]:
    record: dict[str, Any] = {"id": trial.proposal.id}
    if trial.repeat_of is not None:
        record["repeat_of"] = trial.repeat_of
    measurement = trial.measurement
    if measurement is None:
        record["failure"] = trial.failure
        return record
    record["reward"] = trial.reward
    record["accuracy"] = measurement.accuracy
    record["latency_ms"] = measurement.latency_ms
    if measurement.accuracy_sd is not None:
        record["accuracy_sd"] = measurement.accuracy_sd
    if measurement.latency_sd_ms is not None:
        record["latency_sd_ms"] = measurement.latency_sd_ms
    if measurement.cost_s:
        record["cost_s"] = measurement.cost_s
    if measurement.extrapolated:
        record["extrapolated"] = True
    if measurement.fidelity is not None:
        record["fidelity"] = asdict(measurement.fidelity)
    if noise_free is not None and noise_free.accuracy != measurement.accuracy:
        record["noise_free_accuracy"] = noise_free.accuracy
    return record


def _trial_from_json(
    record: dict[str, Any], proposal: Proposal, repeat_of: int | None
) -> tuple[Trial, Measurement | None]:
    if "failure" in record:
        if type(record["failure"]) is not str:
            raise LogError(f"failure is {shown(record['failure'])}; it is text")
        return Trial(proposal, failure=record["failure"], repeat_of=repeat_of), None
    latency_ms = real(record["latency_ms"], "latency_ms")
    accuracy_sd, latency_sd_ms = record.get("accuracy_sd"), record.get("latency_sd_ms")
    if accuracy_sd is not None:
        _not_negative(accuracy_sd, "accuracy_sd")
    if latency_sd_ms is not None:
        _not_negative(latency_sd_ms, "latency_sd_ms")
    fidelity = record.get("fidelity")
    more = (
        accuracy_sd,
        latency_sd_ms,
        None if fidelity is None else _fidelity(fidelity),
        _not_negative(record.get("cost_s", 0.0), "cost_s"),
        bool(record.get("extrapolated", False)),
    )
    measurement = Measurement(real(record["accuracy"], "accuracy"), latency_ms, *more)
    true = record.get("noise_free_accuracy")
    noise_free = (
        measurement
        if true is None
        else Measurement(real(true, "noise_free_accuracy"), latency_ms, *more)
    )
    reward = real(record["reward"], "reward")
    return Trial(proposal, measurement, reward, repeat_of=repeat_of), noise_free


def _fidelity(record: Any) -> Fidelity:
    fields = _map(record, "fidelity")
    _words(fields.get("data"), "data of a fidelity")
    for key in ("epochs", "width"):
        if fields.get(key) is not None:
            _not_negative(fields[key], f"{key} of a fidelity")
    for key in ("input_size", "seed"):
        if fields.get(key) is not None:
            whole(fields[key], f"{key} of a fidelity")
    if "width" in fields and fields["width"] is None:
        raise LogError("width of a fidelity is null; it is a number")
    return Fidelity(**fields)


def _rounded(timing: Timing) -> dict[str, float]:
    return {key: round(value, 6) for key, value in asdict(timing).items()}
