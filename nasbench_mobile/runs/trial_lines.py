"""Trials as they stand on the lines of an event log, in each of its schemas."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from nasbench_mobile.costs import UNITS, Cost, OtherCosts, check_unit, other_costs
from nasbench_mobile.errors import LogError, NasbenchError
from nasbench_mobile.files.json_files import shown
from nasbench_mobile.runs.log_values import mapped, not_negative, real, whole, words
from nasbench_mobile.types import Fidelity, Measurement, Proposal, Trial

COSTS_BY_NAME = 3
"""From this schema of the log on costs stand by name: `"costs":{"latency":[80.5,"ms"]}`, the sd
behind where it is known. Before it there was `latency_ms`, with `latency_sd_ms`, and no other."""


_IN_MS = [UNITS["latency"]]


def trial_to_json(trial: Trial, noise_free: Measurement | None, schema: int) -> dict[str, Any]:
    """A trial's record; what equals its default is left out.

    `NasbenchError` where a schema has no place for costs that the trial has.
    """
    record: dict[str, Any] = {"id": trial.proposal.id}
    if trial.repeat_of is not None:
        record["repeat_of"] = trial.repeat_of
    measurement = trial.measurement
    if measurement is None:
        record["failure"] = trial.failure
        return record
    record["reward"] = trial.reward
    record["accuracy"] = measurement.accuracy
    if schema >= COSTS_BY_NAME:
        record["costs"] = _costs_to_json(measurement)
    else:
        record["latency_ms"] = measurement.latency_ms
    if measurement.accuracy_sd is not None:
        record["accuracy_sd"] = measurement.accuracy_sd
    if schema < COSTS_BY_NAME:
        if measurement.latency_sd_ms is not None:
            record["latency_sd_ms"] = measurement.latency_sd_ms
        if measurement.other_costs is not None:
            raise NasbenchError(
                f"the log is of schema {schema}, which has no costs but latency, and there is "
                f"{measurement.other_costs[0][0]} now: do this strategy's runs again with --rerun"
            )
    if measurement.cost_s:
        record["cost_s"] = measurement.cost_s
    if measurement.extrapolated:
        record["extrapolated"] = True
    if measurement.fidelity is not None:
        record["fidelity"] = asdict(measurement.fidelity)
    if noise_free is not None and noise_free.accuracy != measurement.accuracy:
        record["noise_free_accuracy"] = noise_free.accuracy
    return record


def trial_from_json(
    record: dict[str, Any], proposal: Proposal, repeat_of: int | None, schema: int
) -> tuple[Trial, Measurement | None]:
    """The trial of a record, with its noise-free measurement; `LogError` where it is none."""
    if "failure" in record:
        if type(record["failure"]) is not str:
            raise LogError(f"failure is {shown(record['failure'])}; it is text")
        return Trial(proposal, failure=record["failure"], repeat_of=repeat_of), None
    if schema >= COSTS_BY_NAME:
        latency_ms, latency_sd_ms, others = _costs(record["costs"])
    else:
        latency_ms, others = real(record["latency_ms"], "latency_ms"), None
        latency_sd_ms = _sd(record, "latency_sd_ms")
    fidelity = record.get("fidelity")
    more = (
        _sd(record, "accuracy_sd"),
        latency_sd_ms,
        None if fidelity is None else _fidelity(fidelity),
        not_negative(record.get("cost_s", 0.0), "cost_s"),
        bool(record.get("extrapolated", False)),
        others,
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


def _costs_to_json(measurement: Measurement) -> dict[str, list[Any]]:
    latency: list[Any] = [measurement.latency_ms, UNITS["latency"]]
    if measurement.latency_sd_ms is not None:
        latency.append(measurement.latency_sd_ms)
    if measurement.other_costs is None:
        return {"latency": latency}
    others = {
        name: [cost.value, cost.unit, *([] if cost.sd is None else [cost.sd])]
        for name, cost in measurement.other_costs
    }
    return {"latency": latency, **others}


def _costs(record: Any) -> tuple[float, float | None, OtherCosts | None]:
    """Latency in ms, its sd, and the other costs: those of names unknown here too."""
    costs = mapped(record, "costs")
    latency = costs.get("latency")
    if latency is None:
        raise LogError(f"costs are {shown(costs)}, without latency")
    if len(costs) == 1 and type(latency) is list and latency[1:] == _IN_MS:  # nearly all trials
        return real(latency[0], "the cost latency"), None, None
    latency_ms, _, latency_sd_ms = _cost("latency", latency)
    if len(costs) == 1:
        return latency_ms, latency_sd_ms, None
    others = [(name, Cost(*_cost(name, one))) for name, one in costs.items() if name != "latency"]
    return latency_ms, latency_sd_ms, other_costs(others)


def _cost(name: str, record: Any) -> tuple[float, str, float | None]:
    """Value, unit and sd of one cost."""
    if type(record) is not list or not 2 <= len(record) <= 3:
        raise LogError(f"the cost {name} is {shown(record)}; it is [value, unit] or with an sd")
    value, unit = record[:2]
    if type(unit) is not str:
        raise LogError(f"the unit of the cost {name} is {shown(unit)}; it is text")
    if unit != UNITS.get(name):
        check_unit(name, unit)
    sd = not_negative(record[2], f"the sd of the cost {name}") if len(record) == 3 else None
    return not_negative(value, f"the cost {name}"), unit, sd


def _sd(record: dict[str, Any], key: str) -> float | None:
    value = record.get(key)
    return None if value is None else not_negative(value, key)


def _fidelity(record: Any) -> Fidelity:
    fields = mapped(record, "fidelity")
    words(fields.get("data"), "data of a fidelity")
    for key in ("epochs", "width"):
        if fields.get(key) is not None:
            not_negative(fields[key], f"{key} of a fidelity")
    for key in ("input_size", "seed"):
        if fields.get(key) is not None:
            whole(fields[key], f"{key} of a fidelity")
    if "width" in fields and fields["width"] is None:
        raise LogError("width of a fidelity is null; it is a number")
    return Fidelity(**fields)
