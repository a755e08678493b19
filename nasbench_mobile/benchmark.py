"""A benchmark: a frozen, versioned, hashed record of what is compared on, read from TOML."""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from nasbench_mobile import catalog
from nasbench_mobile.architecture import Architecture
from nasbench_mobile.errors import UnknownNameError, UsageError
from nasbench_mobile.files.json_values import changed_by_json
from nasbench_mobile.files.schemas import schema_of
from nasbench_mobile.files.text_files import is_file, read_text, reason
from nasbench_mobile.objectives.mnasnet import FORMS, LatencyObjective, parse_objective
from nasbench_mobile.objectives.user import OwnObjective
from nasbench_mobile.plugins.calls import plugin_call
from nasbench_mobile.protocols import LatencyEvaluator, SearchSpace
from nasbench_mobile.runs.run import ReferencePoint
from nasbench_mobile.search.problem import Problem
from nasbench_mobile.types import Decision, StrategySpec, Trial

_TABLES = ("space", "accuracy", "latency", "objective", "reference_point")
_TYPES = {str: "text in quotes", int: "a whole number"}
_KEYS = {"schema": int, "name": str, "version": int, "title": str, "budget_unit": str}

SCHEMA = 1
"""The schema of a benchmark's file; a file that says none has 1. It is no part of the hash."""


@dataclass(frozen=True)
class Part:
    """A part of a benchmark, a space or an evaluator, with its name and options.

    `model` is a file it is made from and `sha256` that file's digest when the benchmark was read;
    `code_sha256` is the digest of the file in a name like `file.py:Class` and of the modules beside
    it that it imports (`code_files`).
    """

    name: str
    options: dict[str, Any]
    model: Path | None = None
    sha256: str = ""
    code_sha256: str = ""

    def record(self) -> dict[str, Any]:
        """The part as JSON values; files stand in them by name and content hash, not by place."""
        record: dict[str, Any] = {"name": self.name, "options": self.options}
        if self.code_sha256:
            record.update(name=Path(self.name).name, code_sha256=self.code_sha256)
        if self.model is not None:
            record["model"] = {"file": self.model.name, "sha256": self.sha256}
        return record


@dataclass(frozen=True)
class LatencyChoice:
    """A latency that takes the place of a benchmark's own, written so that it can be chosen again.

    `spec` is how the user said it; `evaluator`, `options` and `model` (a file's path) are what a
    benchmark's [latency] would say; `reference_latency_ms` replaces that of the reference point.
    """

    spec: str
    evaluator: str
    options: dict[str, Any]
    model: str | None
    reference_latency_ms: float


@dataclass(frozen=True)
class Benchmark:
    """What strategies are compared on; two benchmarks of equal hash are the same task.

    `source` is the built-in name or the path it was read from, `latency_choice` what stands in
    place of its own latency; neither is part of the hash.
    """

    name: str
    version: int
    title: str
    space: Part
    accuracy: Part
    latency: Part
    objective: LatencyObjective | OwnObjective
    reference_point: ReferencePoint
    noise_sd: float = 0.0
    noise_seed: int = 0
    budget_unit: str = "proposals"
    source: str = ""
    latency_choice: LatencyChoice | None = None

    @property
    def identifier(self) -> str:
        return f"{self.name}@{self.version}"

    def record(self) -> dict[str, Any]:
        """Give everything that decides a run on the benchmark, as JSON values."""
        return {
            "name": self.name,
            "version": self.version,
            "space": {
                **self.space.record(),
                "options": catalog.recorded_options(self.space.name, self.space.options),
            },
            "accuracy": {
                **self.accuracy.record(),
                "noise": {"sd": self.noise_sd, "seed": self.noise_seed},
            },
            "latency": self.latency.record(),
            "objective": self.objective.record(),
            "budget_unit": self.budget_unit,
            "reference_point": {
                "accuracy": self.reference_point.accuracy,
                "latency_ms": self.reference_point.latency_ms,
            },
        }

    @property
    def hash(self) -> str:
        """The SHA-256 of the record. It is in every log; runs of two hashes are never compared."""
        text = json.dumps(self.record(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def with_objective(self, form: str | None = None, target_ms: float | None = None) -> Benchmark:
        """Give the benchmark with another reward or target latency.

        Args:
            form: The reward: `soft`, `hard` or `ALPHA,BETA`, or one of your own as `file.py:Name`
                or the name of an entry point, with options after a colon. None keeps the reward.
            target_ms: The target latency T in milliseconds; None keeps that of the benchmark.

        Returns:
            A new benchmark with another hash; this one stays as it is.

        Raises:
            UsageError: The reward cannot be made, or the target is not above 0 ms.
        """
        target = self.objective.target_ms if target_ms is None else target_ms
        if form is None:
            return replace(self, objective=replace(self.objective, target_ms=target))
        return replace(self, objective=_objective(form, target))

    def with_latency(self, choice: LatencyChoice | None) -> Benchmark:
        """Give the benchmark with another latency, which makes it another task.

        Args:
            choice: The latency that takes the place of the benchmark's own; None keeps that.

        Returns:
            A new benchmark with another name and hash, or this one where `choice` is None.

        Raises:
            UsageError: The choice names a model that is not a file.
        """
        if choice is None:
            return self
        return replace(
            self,
            name=f"{self.name}+{choice.evaluator}",
            title=f"{self.title}; latency: {choice.evaluator} instead",
            latency=_latency_part(choice),
            reference_point=replace(self.reference_point, latency_ms=choice.reference_latency_ms),
            latency_choice=choice,
        )

    def build_latency(self) -> LatencyEvaluator:
        """Make the latency evaluator alone."""
        evaluator: LatencyEvaluator = _build("latency evaluator", self.latency)
        return evaluator

    def build_space(self) -> SearchSpace:
        """Make the search space alone, without the models that evaluate."""
        return catalog.build_space(self.space.name, self.space.options)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What there is to choose: a token list has one token for each of them, in order."""
        return self.build_space().decisions

    def architecture(self, tokens: Sequence[int]) -> Architecture:
        """Give the architecture that tokens mean, which a notebook draws.

        Args:
            tokens: Whole numbers, one for each of the benchmark's `decisions`, in their order.

        Returns:
            The architecture, with the tokens as a tuple.

        Raises:
            InvalidTokensError: A token is out of range, or there are too many or too few.
        """
        space = self.build_space()
        return Architecture(space, space.validate(tokens))

    def evaluate(self, token_lists: Iterable[Sequence[int]], seed: int = 0) -> list[Trial]:
        """Accuracy, latency and reward of architectures, each after a full training.

        Args:
            token_lists: One list of whole numbers for each architecture; an array of the shape
                `(architectures, decisions)` will do.
            seed: The seed of the run whose draw of the noise is seen, on a noisy benchmark.

        Returns:
            One trial for each list, in order, its `measurement` with `accuracy` (a fraction) and
            `latency_ms`, and its `reward`; or its `failure`, the reason why there are none.

        Raises:
            UsageError: A list is malformed; the message says which, counted from 0, and how.
        """
        return self.build(seed).trials(token_lists)

    def build(self, seed: int = 0) -> Problem:
        """Make the space and the evaluators.

        Args:
            seed: The seed of the run. On a noisy benchmark all runs of one seed see the same draw
                of the noise, whatever their strategy, and runs of other seeds see other draws.

        Returns:
            What a search needs of the benchmark: its space, its evaluators and its objective.

        Raises:
            UsageError: An evaluator or the space cannot be made of what the benchmark says.
            NasbenchError: A library that an evaluator or the space needs cannot be imported.
        """
        from nasbench_mobile.evaluators.noise import noisy

        space = self.build_space()
        accuracy = _build("accuracy evaluator", self.accuracy)
        noise_seed = self.noise_seed * 2**32 + seed
        return Problem(
            space=space,
            accuracy=noisy(accuracy, self.noise_sd, noise_seed) if self.noise_sd else accuracy,
            noise_free=accuracy,
            latency=self.build_latency(),
            objective=self.objective,
        )


def _objective(form: str, target_ms: float) -> LatencyObjective | OwnObjective:
    own = ".py:" in form or form.partition(":")[0] in catalog.names("objective")
    if form in FORMS or not own:
        return parse_objective(form, target_ms)
    [spec] = catalog.parse_strategies(form)
    return OwnObjective.find(spec, target_ms, Path())


def _build(kind: catalog.CatalogKind, part: Part) -> Any:
    """Make an evaluator; `UsageError` says what is missing where it is not one of its kind."""
    factory = catalog.load(kind, part.name)
    with plugin_call(f"building the {kind} {part.name!r}", UsageError):
        if part.model is None:
            built = catalog.call(factory, kind, part.name, **part.options)
        elif not hasattr(factory, "from_file"):
            raise UsageError(
                f"{kind} {part.name!r} is not made from files: it has no class method `from_file`; "
                "leave `model` out, or write one"
            )
        else:
            built = catalog.call(factory.from_file, kind, part.name, part.model, **part.options)
        missing = [name for name in _OFFERS[kind] if not hasattr(built, name)]
    if missing:
        article = "an" if kind.startswith("a") else "a"
        raise UsageError(
            f"{kind} {part.name!r} has no {missing[0]!r}; {article} {kind} has "
            f"{', '.join(_OFFERS[kind])} "
            f"(`nasbench-mobile check evaluator {kind.split()[0]} {part.name}` looks at each)"
        )
    return built


_OFFERS: dict[str, tuple[str, ...]] = {
    "accuracy evaluator": ("label", "fidelity", "accuracy"),
    "latency evaluator": ("label", "device", "kind", "latency"),
}
"""Which attributes an evaluator of each kind must have (see `protocols`)."""


def _latency_part(choice: LatencyChoice) -> Part:
    if choice.model is None:
        return Part(choice.evaluator, choice.options)
    path = Path(choice.model)
    if not is_file(path):
        raise UsageError(f"the latency {choice.spec!r} needs {path}, which is not a file")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Part(choice.evaluator, choice.options, path, digest)


def built_in_names() -> list[str]:
    """The names of the benchmarks that come with the package."""
    folder = resources.files("nasbench_mobile.benchmarks")
    return sorted(
        f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")
    )


def load_benchmark(name: str) -> Benchmark:
    """A built-in benchmark by name, or a user's by the path of its TOML file.

    Args:
        name: `imagenet-pixel1`, say (`nasbench-mobile list benchmarks` has all), or a path.

    Returns:
        The benchmark; nothing of it is built or evaluated yet.

    Raises:
        UnknownNameError: There is no such name; the message has the nearest ones.
        UsageError: The file is wrong; the message has the key and its line.
    """
    if name in built_in_names():
        path = Path(str(resources.files("nasbench_mobile.benchmarks"))) / f"{name}.toml"
        return replace(read_benchmark(path), source=name)
    path = Path(name)
    if path.suffix == ".toml" or is_file(path):
        if not is_file(path):
            raise UsageError(f"there is no benchmark file {path}")
        return replace(read_benchmark(path), source=str(path.resolve()))
    raise UnknownNameError("benchmark", name, built_in_names())


def read_benchmark(path: Path) -> Benchmark:
    """Parse and check one TOML file."""
    return parse_benchmark(path, read_text(path, "benchmark"))


def parse_benchmark(path: Path, text: str) -> Benchmark:
    """The benchmark of a text that is, or will be, the file `path`."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        long = _DIGITS.search(text)
        where = f", line {text.count(chr(10), 0, long.start()) + 1}" if long else ""
        raise UsageError(f"{path}{where} is not valid TOML: {reason(error)}") from None
    return _Reader(path, text, data).benchmark()


_DIGITS = re.compile(r"\d{4000,}")
"""A number so long that Python refuses to read it, without naming its line."""


class _Reader:
    """Turns a parsed TOML file into a benchmark; every error names the key and its line."""

    def __init__(self, path: Path, text: str, data: dict[str, Any]) -> None:
        self._path, self._lines, self._data = path, text.split("\n"), data

    def benchmark(self) -> Benchmark:
        try:
            schema_of(str(self._path), self._data, SCHEMA)
        except TypeError as error:
            raise self._error("schema", f"is no schema: {error}") from None
        for key in self._data:
            if key not in _KEYS and key not in _TABLES:
                raise self._error(key, f"is unknown; known are {', '.join((*_KEYS, *_TABLES))}")
        accuracy = dict(self._table("accuracy"))
        noise_sd = self._number(accuracy, "accuracy", "noise_sd", default=0.0)
        noise_seed = accuracy.get("noise_seed", 0)
        if type(noise_seed) is not int or not 0 <= noise_seed < 2**63:
            wanted = "a whole number from 0 on, of 63 bits"
            raise self._error("noise_seed", f"is {noise_seed!r}; it must be {wanted}", "accuracy")
        accuracy.pop("noise_sd", None)
        accuracy.pop("noise_seed", None)
        unit = self._data.get("budget_unit", "proposals")
        if unit != "proposals":
            raise self._error("budget_unit", f"is {unit!r}; the one unit known is 'proposals'")
        if not 0.0 <= noise_sd < 1.0:
            raise self._error("noise_sd", f"is {noise_sd}; it is a fraction in [0, 1)", "accuracy")
        name, version = self._value("name", str), self._value("version", int)
        if not name.strip() or not name.isprintable():
            raise self._error("name", f"is {name!r}; it must be a word or more, on one line")
        if not 0 <= version < 2**63:
            raise self._error("version", f"is {version}; it must be a number from 0 on, of 63 bits")
        return Benchmark(
            name=name,
            version=version,
            title=self._value("title", str) if "title" in self._data else "",
            space=self._part("space", dict(self._table("space"))),
            accuracy=self._part("accuracy", accuracy),
            latency=self._part("latency", dict(self._table("latency"))),
            objective=self._objective(),
            reference_point=self._reference_point(),
            noise_sd=noise_sd,
            noise_seed=noise_seed,
            budget_unit=unit,
        )

    def _reference_point(self) -> ReferencePoint:
        table = "reference_point"
        point = self._table(table)
        self._known_keys(table, ("accuracy", "latency_ms"))
        accuracy = self._number(point, table, "accuracy")
        if not 0.0 < accuracy < 1.0:
            raise self._error("accuracy", f"is {accuracy}; it is a fraction in (0, 1)", table)
        latency_ms = self._number(point, table, "latency_ms")
        if not latency_ms > 0.0:
            raise self._error("latency_ms", f"is {latency_ms}; it must be above 0 ms", table)
        return ReferencePoint(accuracy, latency_ms)

    def _part(self, table: str, values: dict[str, Any]) -> Part:
        word = "name" if table == "space" else "evaluator"
        name = values.pop(word, None)
        if name is None:
            raise self._error(word, f"is missing from [{table}]", table)
        if not isinstance(name, str) or not name.strip():
            raise self._error(word, f"is {name!r}; it must be a name", table)
        try:
            name, code = catalog.located(name, self._path.parent)
        except UsageError as error:
            raise self._error(word, str(error), table) from None
        model = values.pop("model", None)
        for key, value in values.items():
            if reason := changed_by_json(value):
                raise self._error(key, f"is {value!r}, which logs cannot keep: {reason}", table)
        if table == "space":
            try:
                values = catalog.current_options(name, values)
            except UsageError as error:
                raise self._error("name", f"is {name!r}: {error}", table) from None
        if model is None:
            return Part(name, values, code_sha256=code)
        if not isinstance(model, str):
            raise self._error("model", f"is {model!r}; it must be the name of a file", table)
        location = self._path.parent / model
        if not is_file(location) and Path(model).name == model:
            location = Path(str(resources.files("nasbench_mobile.benchmarks"))) / model
        if not is_file(location):
            raise self._error(
                "model",
                f"is {model!r}: there is no such file in {self._path.parent}, and no model of "
                "that name in the package",
                table,
            )
        digest = hashlib.sha256(location.read_bytes()).hexdigest()
        return Part(name, values, location, digest, code)

    def _objective(self) -> LatencyObjective | OwnObjective:
        table = self._table("objective")
        if "name" not in table:
            self._known_keys("objective", ("form", "alpha", "beta", "target_ms"))
        target_ms = self._number(table, "objective", "target_ms")
        given = [key for key in ("alpha", "beta") if key in table]
        if "form" in table and given and "name" not in table:
            raise self._error(
                given[0], "stands beside `form`, which sets it; leave one of them out", "objective"
            )
        for key in ("name", "form"):
            if key in table and not (isinstance(table[key], str) and table[key].strip()):
                raise self._error(key, f"is {table[key]!r}; it must be a word", "objective")
        exponents = (
            [self._number(table, "objective", key) for key in ("alpha", "beta")]
            if not {"name", "form"} & table.keys()
            else []
        )
        try:
            if "name" in table:
                known = ("name", "target_ms")
                options = {key: value for key, value in table.items() if key not in known}
                spec = StrategySpec(table["name"], options)
                return OwnObjective.find(spec, target_ms, self._path.parent)
            if "form" in table:
                return parse_objective(table["form"], target_ms)
            alpha, beta = exponents
            return LatencyObjective(alpha, beta, target_ms)
        except UsageError as error:
            raise self._error("objective", f"cannot be used: {error}") from None

    def _table(self, name: str) -> Mapping[str, Any]:
        table = self._data.get(name)
        if not isinstance(table, dict):
            raise self._error(name, f"must be a table: add [{name}]")
        return table

    def _known_keys(self, table: str, known: tuple[str, ...]) -> None:
        for key in self._table(table):
            if key not in known:
                raise self._error(
                    key, f"in [{table}] is unknown; known are {', '.join(known)}", table
                )

    def _value(self, key: str, wanted: type) -> Any:
        value = self._data.get(key)
        if not isinstance(value, wanted) or isinstance(value, bool):
            seen = "is missing" if key not in self._data else f"is {value!r}"
            raise self._error(key, f"{seen}; it must be {_TYPES[wanted]}")
        return value

    def _number(
        self, table: Mapping[str, Any], name: str, key: str, default: float | None = None
    ) -> float:
        value = table.get(key, default)
        if value is None:
            raise self._error(key, f"is missing from [{name}]", name)
        if (
            not isinstance(value, int | float)
            or isinstance(value, bool)
            or (isinstance(value, int) and abs(value) > 10**300)  # more than a float can be
            or not math.isfinite(value)
        ):
            raise self._error(key, f"in [{name}] is {value!r}; it must be a finite number", name)
        return float(value)

    def _error(self, key: str, what: str, table: str | None = None) -> UsageError:
        return UsageError(f"{self._path}, line {self._line(key, table)}: key {key!r} {what}")

    def _line(self, key: str, table: str | None) -> int:
        """The line of `key` (in `[table]` where given), else of the table, else the last."""
        start = 0
        for number, line in enumerate(self._lines, start=1):
            if table and line.strip() == f"[{table}]":
                start = number
            named = line.split("=")[0].strip() if "=" in line else line.strip().strip("[]")
            if named == key and number >= start and (table is None or start):
                return number
        return start or max(len(self._lines), 1)
