"""The events of a run and their JSON form: what stands on each line of an event log."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from nasbench_mobile.errors import LogError
from nasbench_mobile.files.json_files import shown
from nasbench_mobile.files.schemas import schema_of
from nasbench_mobile.runs.log_values import checked_tokens, listed, mapped, real, whole, words
from nasbench_mobile.runs.run import RunHeader, Timing
from nasbench_mobile.runs.trial_lines import trial_from_json, trial_to_json
from nasbench_mobile.types import Measurement, Proposal, StrategySpec, Trial

SCHEMA = 3
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


def event_to_json(event: Event, schema: int = SCHEMA) -> dict[str, Any]:
    """One line's record in a log of a schema; what equals its default is left out of a trial."""
    match event:
        case Start():
            return {"event": "start", "proposals": _proposals_to_json(event.proposals)}
        case Ask():
            proposals = _proposals_to_json(event.proposals)
            return {"event": "ask", "count": event.count, "proposals": proposals}
        case Tell():
            trials = [
                trial_to_json(trial, noise_free, schema)
                for trial, noise_free in zip(event.trials, event.noise_free, strict=True)
            ]
            return {"event": "tell", "trials": trials, "elapsed": _rounded(event.timing)}
        case End():
            return {"event": "end", "failure": event.failure, "elapsed": _rounded(event.timing)}


class EventReader:
    """Makes events of a log's records, one after another, and checks that they follow each other.

    An id is proposed once and told once; a repeat is of an id that was told or is told with it.
    `schema` is that of the log.
    """

    def __init__(self, schema: int = SCHEMA) -> None:
        self._schema = schema
        self._pending: dict[int, Proposal] = {}
        self._proposed: set[int] = set()
        self._length: int | None = None

    def event(self, record: dict[str, Any]) -> Event:
        """The next event; `LogError`, KeyError, TypeError or ValueError where it is none."""
        match record["event"]:
            case "start" | "ask" as kind:
                proposals = tuple(self._proposal(item) for item in listed(record, "proposals"))
                if kind == "start":
                    return Start(proposals)
                return Ask(whole(record["count"], "count"), proposals)
            case "tell":
                pairs = [self._trial(item) for item in listed(record, "trials")]
                return Tell(
                    tuple(trial for trial, _ in pairs),
                    tuple(noise_free for _, noise_free in pairs),
                    _timing(record),
                )
            case "end":
                return End(words(record["failure"], "failure"), _timing(record))
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
        return trial_from_json(record, proposal, repeat_of, self._schema)


def _timing(record: dict[str, Any]) -> Timing:
    elapsed = mapped(record["elapsed"], "elapsed")
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
    start = listed(fields, "start") if "start" in fields else []
    for tokens in start:
        checked_tokens(tokens)
    for key in ("benchmark", "strategy", "versions", "environment", "defaults"):
        if key in fields:
            mapped(fields[key], key)
    if type(fields["benchmark_hash"]) is not str:
        raise LogError(f"benchmark_hash is {shown(fields['benchmark_hash'])}; it is text")
    whole(fields["seed"], "seed")
    for key in ("batch", "workers"):
        if fields.get(key) is not None and whole(fields[key], key) < 1:
            raise LogError(f"{key} is {fields[key]}; it is at least 1")
    if whole(fields["budget"], "budget") < 0:
        raise LogError(f"budget is {fields['budget']}; it is not below 0")
    words(fields.get("code"), "code")
    for library, version in fields.get("versions", {}).items():
        if type(version) is not str:
            raise LogError(f"the version of {library} is {shown(version)}; it is text")
    fields["strategy"] = spec_from_json(fields["strategy"])
    fields["start"] = tuple(map(tuple, start))
    return RunHeader(**fields)


def spec_from_json(record: Any) -> StrategySpec:
    """The strategy of a JSON record; `LogError`, KeyError or TypeError where it is none."""
    spec = mapped(record, "strategy")
    if type(spec["name"]) is not str:
        raise LogError(f"the name of a strategy is {shown(spec['name'])}; it is text")
    mapped(spec.get("options", {}), "the options of a strategy")
    words(spec.get("alias"), "the alias of a strategy")
    return StrategySpec(**spec)


def _proposals_to_json(proposals: tuple[Proposal, ...]) -> list[list[Any]]:
    """[id, tokens], and the fidelity where it is not full."""
    return [
        [p.id, p.tokens] if p.fidelity == 1.0 else [p.id, p.tokens, p.fidelity] for p in proposals
    ]


def _rounded(timing: Timing) -> dict[str, float]:
    return {key: round(value, 6) for key, value in asdict(timing).items()}
