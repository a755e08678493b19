"""What TensorFlow Lite's `benchmark_model` prints, read into numbers.

It writes lines of `key=value` pairs in microseconds, to standard output or standard error, with the
prefix `INFO: ` or with none, one line for the warm-up and one for the runs proper, then a closing
line `Inference timings in us: ...`. A single run has `count=1 curr=...` alone; newer builds add
`p5= median= p95=`. The warm-up's line never stands for the runs': what follows the last
announcement counts, and its mean must be that of the closing line.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from nasbench_mobile.devices.host.delegation import Delegation, read_delegation
from nasbench_mobile.errors import EvaluationError

CLOSING = "Inference timings in us:"
"""The line that ends a measurement; without it the program was cut short."""
ANNOUNCED = "Running benchmark for at least"
"""The line before the warm-up, and once more before the runs proper."""
DOWNLOAD = "https://ai.google.dev/edge/litert/models/measurement"
"""Where to get the program that is meant ("native benchmark binary")."""

OTHERS = (
    (
        re.compile(r"Average inference timings in us"),
        "this benchmark_model is TensorFlow 1.x's (it prints 'Average inference timings in us'), "
        "which knows no XNNPACK",
    ),
    (
        re.compile(r"benchmark_litert_model|BENCHMARK RESULTS|Inference \(avg\):.*\bms\b"),
        "this is LiteRT's newer benchmark tool (it prints 'BENCHMARK RESULTS' in milliseconds), "
        "which runs models another way than TensorFlow Lite's benchmark_model",
    ),
)
"""Programs of the same purpose, by what they print."""

_PAIR = re.compile(r"\b(\w+)=\s*([^\s,]+)")
_AGREES = 1e-3
"""How far the closing line's mean may be from the line of the runs: both are printed with six
digits (our choice)."""


class UnreadableOutputError(EvaluationError):
    """The program printed no timing, or none that is a time."""


class WrongProgramError(UnreadableOutputError):
    """The program is another one than TensorFlow Lite's `benchmark_model` of TensorFlow 2."""


@dataclass(frozen=True, slots=True)
class BenchmarkTiming:
    """One run of the program: `runs` inferences in milliseconds, warm-up left out.

    `median_ms` is None where the build does not print it, `sd_ms` where there was one run only.
    `delegation` is what the program says of what ran.
    """

    runs: int
    mean_ms: float
    median_ms: float | None = None
    sd_ms: float | None = None
    min_ms: float | None = None
    max_ms: float | None = None
    delegation: Delegation = field(default_factory=Delegation)

    @property
    def typical_ms(self) -> float:
        """The median where there is one, else the mean."""
        return self.mean_ms if self.median_ms is None else self.median_ms


def parse_benchmark_output(text: str) -> BenchmarkTiming:
    """The timing in the program's whole output (standard output and standard error together).

    Raises `UnreadableOutputError` where the closing line or every `count=` line before it is
    missing, where the line of the runs is lost, or where a number is not finite and above 0, and
    `WrongProgramError` where another program ran.
    """
    body, closed, ending = text.partition(CLOSING)
    if not closed:
        other = other_program(text)
        if other:
            raise WrongProgramError(other)
        raise UnreadableOutputError(
            f"benchmark_model printed no line {CLOSING!r}, so it did not finish; it ended with "
            f"{last_line(text)!r}"
        )
    proper = body.rpartition(ANNOUNCED)[2]
    lines = [line for line in proper.splitlines() if re.search(r"\bcount=\s*\d", line)]
    if not lines:
        lost = "of the runs: only the warm-up's" if re.search(r"\bcount=\s*\d", body) else ""
        raise UnreadableOutputError(
            f"benchmark_model printed no line with count=... {lost}".rstrip()
            + f"; it ended with {last_line(body)!r}"
        )
    timing = _timing(lines[-1].strip(), read_delegation(body))
    said = re.search(r"Inference \(avg\): *([^\s,]+)", ending)
    if said and abs(_ms(said[1], ending.strip()) - timing.mean_ms) > _AGREES * timing.mean_ms:
        raise UnreadableOutputError(
            f"benchmark_model's line of the runs is lost: the last is {lines[-1].strip()[:200]!r}, "
            f"and the mean of the runs is {said[1]} us"
        )
    return timing


def other_program(text: str) -> str | None:
    """What to say of the output of a program that is not the one meant; None: it is that one."""
    found = next((what for pattern, what in OTHERS if pattern.search(text)), None)
    return found and f"{found}; put the one of {DOWNLOAD} on the phone"


def last_line(text: str) -> str:
    """The last line with anything in it, at most 200 characters: what errors quote."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def _timing(line: str, delegation: Delegation) -> BenchmarkTiming:
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
        delegation=delegation,
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
