"""A reward of the user's own: a function or class in a file, or of an installed package."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasbench_mobile import catalog
from nasbench_mobile.errors import UsageError
from nasbench_mobile.protocols import Objective
from nasbench_mobile.types import Measurement, StrategySpec

_LATER: ContextVar[bool] = ContextVar("_LATER", default=False)


@contextmanager
def found_later() -> Iterator[None]:
    """While this context is open, `OwnObjective.find` reads a file and runs no code of it.

    For what opens a folder that may be a stranger's.
    """
    before = _LATER.set(True)
    try:
        yield
    finally:
        _LATER.reset(before)


@dataclass(frozen=True)
class OwnObjective:
    """The objective behind `spec.name`, with the latency T (ms) that reports count within.

    A class is built from the options, and from `target_ms` if it has such an option; a function is
    called as `function(measurement, **options)`. Either sees accuracy and latency_ms alone, so
    that a reward can be told again from a log. Rewards are finite and at least 0, because 0 is
    what a run that finds nothing scores. `sha256` is that of the file: part of a benchmark's hash.
    """

    spec: StrategySpec
    target_ms: float
    sha256: str = ""

    @classmethod
    def find(cls, spec: StrategySpec, target_ms: float, folder: Path) -> OwnObjective:
        """Find an objective by its name, and build it once to see that it can be built.

        Within `found_later` the file is read, but none of its code is run.

        Args:
            spec: Its name, which is `file.py:Name` or that of an installed package's entry point,
                and its options.
            target_ms: The target latency T in ms, above 0.
            folder: The folder that the place of a file is relative to.

        Returns:
            The objective, with the file's full path and digest where it is in a file.

        Raises:
            UsageError: There is no such file or name, it cannot be built with these options, or the
                target is not above 0 ms.
        """
        if not (math.isfinite(target_ms) and target_ms > 0):
            raise UsageError(f"target_ms is {target_ms!r}; it must be above 0 milliseconds")
        name, sha256 = catalog.located(spec.name, folder)
        found = cls(StrategySpec(name, spec.options), target_ms, sha256)
        if not _LATER.get():
            _ = found._reward  # a wrong name or option is a mistake of now, not of the first trial
        return found

    def __call__(self, measurement: Measurement) -> float:
        """The reward of a measurement, as the user's code gives it.

        Args:
            measurement: Its accuracy, a fraction, and its latency, in ms; the code sees nothing
                else of it.

        Returns:
            The reward, finite and at least 0.

        Raises:
            UsageError: The code raised an error, or gave what is no such number.
        """
        seen = Measurement(measurement.accuracy, measurement.latency_ms)
        try:
            reward = float(self._reward(seen))
        except Exception as error:
            raise UsageError(
                f"objective {self.name} raised {type(error).__name__}: {error}"
            ) from error
        if not 0.0 <= reward < math.inf:
            raise UsageError(f"objective {self.name} gave {reward!r}; give 0 or more, and finite")
        return reward

    @property
    def name(self) -> str:
        """`file.py:Name:option=value` without the place of the file."""
        return StrategySpec(Path(self.spec.name).name, self.spec.options).label

    @property
    def source(self) -> str:
        """What `Benchmark.with_objective` makes it again from."""
        return self.spec.label

    def record(self) -> dict[str, Any]:
        """Everything that decides a reward, as JSON values; not the place of the file."""
        return {
            "name": Path(self.spec.name).name,
            "options": self.spec.options,
            "target_ms": self.target_ms,
            "sha256": self.sha256,
        }

    @functools.cached_property
    def _reward(self) -> Objective:
        name, options = self.spec.name, dict(self.spec.options)
        factory = catalog.load("objective", name)
        if not inspect.isclass(factory):
            catalog.check_options(factory, "objective", name, options)
            function: Objective = functools.partial(factory, **options)
            return function
        if "target_ms" in (catalog.default_options(factory) or {}):
            options["target_ms"] = self.target_ms
        built: Objective = catalog.call(factory, "objective", name, **options)
        return built

    def __getstate__(self) -> dict[str, Any]:
        """The state without the loaded code, as worker processes load the file themselves."""
        return {key: value for key, value in vars(self).items() if key != "_reward"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
