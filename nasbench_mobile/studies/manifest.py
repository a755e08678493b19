"""A study's manifest: its plan, and what makes each strategy's results and where they lie."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nasbench_mobile.benchmark import built_in_names
from nasbench_mobile.errors import LogError, UsageError
from nasbench_mobile.files.atomic_files import write_whole
from nasbench_mobile.files.json_files import Form, checked, damaged, read_json_map
from nasbench_mobile.files.schemas import schema_of, this_version
from nasbench_mobile.objectives.user import found_later
from nasbench_mobile.runs.folders import first_folders, run_folders
from nasbench_mobile.studies.identity import Made, made_now
from nasbench_mobile.studies.plan import LARGEST_SEED, Plan

MANIFEST, SCHEMA = "study.json", 2
"""The name of the file in a study's folder, and the schema of what stands in it."""


@dataclass(frozen=True)
class Manifest:
    """A plan with, for each of its strategies, what makes it and its folder's name under `runs`."""

    plan: Plan
    made: tuple[Made, ...]
    folders: tuple[str, ...]

    @classmethod
    def new(cls, plan: Plan) -> Manifest:
        """The manifest of a study that begins now."""
        folders = run_folders([spec.label for spec in plan.strategies])
        return cls(plan, tuple(map(made_now, plan.strategies)), tuple(folders))

    def with_made(self, made: Mapping[str, Made]) -> Manifest:
        """The manifest with what makes some labels replaced."""
        pairs = zip(self.plan.strategies, self.made, strict=True)
        return replace(self, made=tuple(made.get(spec.label, now) for spec, now in pairs))

    def to_json(self) -> dict[str, Any]:
        record = self.plan.to_json()
        more = zip(record["strategies"], self.made, self.folders, strict=True)
        strategies = [
            {**spec, "defaults": dict(made.defaults), "code": made.code, "folder": folder}
            for spec, made, folder in more
        ]
        head = {"schema": SCHEMA, "written_by": this_version()}
        return {**head, **record, "strategies": strategies}

    def write(self, folder: Path) -> None:
        write_whole(folder / MANIFEST, json.dumps(self.to_json(), indent=2) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """The manifest in a study's folder.

    `LogError` where it is damaged, or where its benchmark is now another version;
    `NewerSchemaError` where a newer version wrote it.
    """
    path, data = folder / MANIFEST, read_record(folder)
    try:
        with found_later():
            plan = Plan.from_json(data, folder)
        recorded = data["benchmark_hash"]
        made = tuple(
            Made(spec.get("code"), dict(spec.get("defaults") or {})) for spec in data["strategies"]
        )
        folders = _folders(data["strategies"], plan)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise damaged(path, f"{type(error).__name__}: {error}") from None
    benchmark = plan.benchmark
    if recorded != benchmark.hash:
        remedy = (
            "use the version of nasbench-mobile that made it"
            if benchmark.source in built_in_names()
            else "bring back the files it was made with (the benchmark's, a table or model, code "
            "of your own), or begin another study"
        )
        raise LogError(
            f"{folder} was made on {benchmark.name} with hash {recorded[:12]}, but here that "
            f"benchmark has hash {benchmark.hash[:12]}: results of two versions are never "
            f"mixed; {remedy}"
        )
    return Manifest(plan, made, folders)


def read_record(folder: Path) -> dict[str, Any]:
    """The JSON values in a manifest, whose schema is checked to be known."""
    path = folder / MANIFEST
    if not path.is_file():
        raise UsageError(f"{folder} holds no study: there is no {MANIFEST} in it")
    data = read_json_map(path)
    try:
        schema_of(str(path), data, SCHEMA, data.get("written_by"))
    except TypeError as error:
        raise damaged(path, f"its {error}") from None
    _check(path, data)
    return data


def _check(path: Path, data: Mapping[str, Any]) -> None:
    """`LogError` names the first key whose value is of a wrong form."""
    for key in ("benchmark", "benchmark_hash"):
        checked(path, data, key, "text")
    if checked(path, data, "target_ms", "a number") <= 0:
        raise damaged(path, f"key 'target_ms' is {data['target_ms']!r}; it is above 0")
    if type(data.get("objective")) is dict:
        _check_spec(path, data["objective"])
    else:
        checked(path, data, "objective", "text")
    for spec in _items(path, data, "strategies", "a map"):
        _check_spec(path, spec)
        checked(path, spec, "defaults", "a map", none=True)
        for key in ("code", "folder"):
            checked(path, spec, key, "text", none=True)
    for seed in _items(path, data, "seeds", "a whole number"):
        if not 0 <= seed <= LARGEST_SEED:
            raise damaged(path, f"key 'seeds' has {seed}; seeds are from 0 to {LARGEST_SEED}")
    checked(path, data, "budget", "a whole number")
    for key in ("budget", "batch", "workers"):
        number = checked(path, data, key, "a whole number", none=True)
        if number is not None and number < 1:
            raise damaged(path, f"key {key!r} is {number}; it is at least 1")
    for tokens in _items(path, {"start": [], **data}, "start", "a list"):
        for token in _items(path, {"start": tokens}, "start", "a whole number"):
            if token < 0:
                raise damaged(path, f"key 'start' has the token {token}; tokens are from 0 on")
    latency = checked(path, data, "latency", "a map", none=True)
    if latency:
        for key in ("spec", "evaluator"):
            checked(path, latency, key, "text")
        checked(path, latency, "model", "text", none=True)
        checked(path, latency, "options", "a map")
        checked(path, latency, "reference_latency_ms", "a number")


def _check_spec(path: Path, spec: Mapping[str, Any]) -> None:
    checked(path, spec, "name", "text")
    checked(path, spec, "options", "a map")
    checked(path, spec, "alias", "text", none=True)


def _items(path: Path, data: Mapping[str, Any], key: str, form: Form) -> list[Any]:
    """A list whose items all have the form."""
    items: list[Any] = checked(path, data, key, "a list")
    for item in items:
        checked(path, {key: item}, key, form)
    return items


def differing(found: Mapping[str, Any], plan: Plan) -> list[str]:
    """The keys in which a manifest's record differs from a plan; [] where it is of this plan."""
    wanted = json.loads(json.dumps(plan.to_json()))
    keys = ("name", "options", "alias")
    specs = [{key: spec[key] for key in keys if key in spec} for spec in found["strategies"]]
    seen = {**found, "strategies": specs}
    return [key for key in wanted if seen.get(key) != wanted[key]]


def _folders(strategies: Sequence[Mapping[str, Any]], plan: Plan) -> tuple[str, ...]:
    labels = [spec.label for spec in plan.strategies]
    found = [spec.get("folder") for spec in strategies]
    names = first_folders(labels) if None in found else [str(name) for name in found]
    if wrong := [name for name in names if name != Path(name).name or name in ("", "..")]:
        raise TypeError(f"{wrong[0]!r} is no name of a folder")
    if len(set(names)) < len(names):
        raise TypeError("two strategies share a folder")
    return tuple(names)
