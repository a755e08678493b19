"""What TensorFlow Lite's `benchmark_model` prints, read into numbers.

It writes lines of `key=value` pairs in microseconds, to standard output or standard error, with the
prefix `INFO: ` or with none, one line for the warm-up and one for the runs proper, then a closing
line `Inference timings in us: ...`. A single run has `count=1 curr=...` alone; newer builds add
`p5= median= p95=`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from nasbench_mobile.errors import EvaluationError

CLOSING = "Inference timings in us:"
"""The line that ends a measurement; without it the program was cut short."""

_PAIR = re.compile(r"\b(\w+)=\s*([^\s,]+)")


class UnreadableOutputError(EvaluationError):
    """The program printed no timing, or none that is a time."""


@dataclass(frozen=True, slots=True)
class BenchmarkTiming:
    """One run of the program: `runs` inferences in milliseconds, warm-up left out.

    `median_ms` is None where the build does not print it, `sd_ms` where there was one run only.
    """

    runs: int
    mean_ms: float
    median_ms: float | None = None
    sd_ms: float | None = None
    min_ms: float | None = None
    max_ms: float | None = None

    @property
    def typical_ms(self) -> float:
        """The median where there is one, else the mean."""
        return self.mean_ms if self.median_ms is None else self.median_ms


def parse_benchmark_output(text: str) -> BenchmarkTiming:
    """The timing in the program's whole output (standard output and standard error together).

    Raises `UnreadableOutputError` where the closing line or every `count=` line before it is
    missing, or where a number there is not finite and above 0.
    """
    body, closed, _ = text.partition(CLOSING)
    if not closed:
        raise UnreadableOutputError(
            f"benchmark_model printed no line {CLOSING!r}, so it did not finish; it ended with "
            f"{last_line(text)!r}"
        )
    lines = [line for line in body.splitlines() if re.search(r"\bcount=\s*\d", line)]
    if not lines:
        raise UnreadableOutputError(
            f"benchmark_model printed no line with count=...; it ended with {last_line(body)!r}"
        )
    return _timing(lines[-1].strip())


def last_line(text: str) -> str:
    """The last line with anything in it, at most 200 characters: what errors quote."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def _timing(line: str) -> BenchmarkTiming:
    said = dict(_PAIR.findall(line))
    mean = "avg" if "avg" in said else "curr"
    if mean not in said:
        raise UnreadableOutputError(
            f"benchmark_model's line {line[:200]!r} has no avg= and no curr="
        )
    spread = said.get("std")
    return BenchmarkTiming(
        runs=int(_number(said["count"], line)),
        mean_ms=_ms(said[mean], line),
        median_ms=_ms(said["median"], line) if "median" in said else None,
        sd_ms=_number(spread, line, least=0.0) / 1000 if spread is not None else None,
        min_ms=_ms(said["min"], line) if "min" in said else None,
        max_ms=_ms(said["max"], line) if "max" in said else None,
    )


def _ms(microseconds: str, line: str) -> float:
    return _number(microseconds, line) / 1000


def _number(text: str, line: str, least: float = math.ulp(0.0)) -> float:
    """A finite number of at least `least`; NaN fails the comparison too."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value < math.inf:
        raise UnreadableOutputError(
            f"benchmark_model says {text!r} where a time or count above 0 belongs: {line[:200]!r}"
        )
    return value
