"""What a run's time was spent on."""

from __future__ import annotations

import time
from collections.abc import Callable

from nasbench_mobile.runs.run import Timing


class Clock:
    """Process CPU seconds by what they were spent on, and wall seconds, over resumes.

    `simulated_s` reads the simulated clock of a run that has one.
    """

    def __init__(self, simulated_s: Callable[[], float] | None = None) -> None:
        self._before = Timing()
        self._seconds = {"strategy": 0.0, "evaluation": 0.0}
        self._started = time.monotonic()
        self._simulated_s = simulated_s

    def strategy(self) -> _Span:
        """Within, CPU time is the strategy's."""
        return _Span(self._seconds, "strategy")

    def evaluation(self) -> _Span:
        """Within, CPU time is that of evaluating."""
        return _Span(self._seconds, "evaluation")

    def restore(self, timing: Timing) -> None:
        """Count on from a logged reading: what a replay costs is not the run's own time."""
        self._before = timing
        self._seconds.update(strategy=0.0, evaluation=0.0)
        self._started = time.monotonic()

    def timing(self) -> Timing:
        """What has been spent so far."""
        return Timing(
            ask_tell_s=self._before.ask_tell_s + self._seconds["strategy"],
            evaluate_s=self._before.evaluate_s + self._seconds["evaluation"],
            wall_s=self._before.wall_s + time.monotonic() - self._started,
            simulated_s=0.0 if self._simulated_s is None else self._simulated_s(),
        )


class _Span:
    __slots__ = ("_key", "_seconds", "_start")

    def __init__(self, seconds: dict[str, float], key: str) -> None:
        self._seconds, self._key = seconds, key

    def __enter__(self) -> None:
        self._start = time.process_time()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._key] += time.process_time() - self._start
