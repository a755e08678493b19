"""The events of a run and their JSON form: what stands on each line of an event log."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from nasbench_mobile.errors import LogError
from nasbench_mobile.runs import RunHeader, Timing
from nasbench_mobile.schemas import schema_of
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


def event_from_json(record: dict[str, Any], asked: dict[int, Proposal]) -> Event:
    """The event of a record; `asked` holds the proposals so far and gains those of an ask.

    Raises KeyError, TypeError or ValueError where the record is none.
    """
    match record["event"]:
        case "start" | "ask" as kind:
            proposals = tuple(
                Proposal(number, tuple(tokens), *fidelity)
                for number, tokens, *fidelity in record["proposals"]
            )
            asked.update((proposal.id, proposal) for proposal in proposals)
            return Start(proposals) if kind == "start" else Ask(record["count"], proposals)
        case "tell":
            pairs = [_trial_from_json(item, asked) for item in record["trials"]]
            return Tell(
                tuple(trial for trial, _ in pairs),
                tuple(noise_free for _, noise_free in pairs),
                Timing(**record["elapsed"]),
            )
        case "end":
            return End(record["failure"], Timing(**record["elapsed"]))
    raise ValueError(f"unknown event {record['event']!r}")


def header_to_json(header: RunHeader) -> dict[str, Any]:
    fields = {**asdict(header), "strategy": header.strategy.record()}
    return {"event": "header", "schema": SCHEMA, **fields}


def header_from_json(record: dict[str, Any]) -> RunHeader:
    """`LogError` where the record is no header, `NewerSchemaError` where it is of a newer schema.

    A header of schema 1 has no `code` and no `defaults`.
    """
    fields = dict(record)
    if fields.pop("event", None) != "header":
        raise LogError("not the header of an event log")
    versions = record.get("versions")
    writer = versions.get("nasbench-mobile") if isinstance(versions, dict) else None
    schema_of("the log", record, SCHEMA, writer)
    fields.pop("schema", None)
    start = tuple(tuple(tokens) for tokens in fields.pop("start", ()))
    return RunHeader(strategy=StrategySpec(**fields.pop("strategy")), start=start, **fields)


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
    record: dict[str, Any], asked: dict[int, Proposal]
) -> tuple[Trial, Measurement | None]:
    proposal = asked[record["id"]]
    repeat_of = record.get("repeat_of")
    if "failure" in record:
        return Trial(proposal, failure=record["failure"], repeat_of=repeat_of), None
    fidelity = record.get("fidelity")
    common = {
        "latency_ms": record["latency_ms"],
        "accuracy_sd": record.get("accuracy_sd"),
        "latency_sd_ms": record.get("latency_sd_ms"),
        "fidelity": Fidelity(**fidelity) if fidelity else None,
        "cost_s": record.get("cost_s", 0.0),
        "extrapolated": record.get("extrapolated", False),
    }
    measurement = Measurement(accuracy=record["accuracy"], **common)
    true = record.get("noise_free_accuracy")
    noise_free = measurement if true is None else Measurement(accuracy=true, **common)
    return Trial(proposal, measurement, record["reward"], repeat_of=repeat_of), noise_free


def _rounded(timing: Timing) -> dict[str, float]:
    return {key: round(value, 6) for key, value in asdict(timing).items()}
