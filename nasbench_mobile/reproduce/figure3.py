"""Fig. 3 of MnasNet: the two rewards over latency, accuracy 0.5, T = 80 ms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nasbench_mobile.objective import parse_objective
from nasbench_mobile.report.plots import draw_figure3, save
from nasbench_mobile.types import Measurement

ACCURACY = 0.5
TARGET_MS = 80.0
LATENCIES_MS = tuple(range(20, 161, 20))
"""Where the figure has its ticks."""


def reproduce(out: Path | None) -> dict[str, Any]:
    """Both curves at the figure's ticks; draws `figure3.png` and writes the CSV where `out` is.

    Returns {"accuracy", "target_ms", "latency_ms": [...], "hard": [...], "soft": [...]}.
    """
    result: dict[str, Any] = {
        "figure": "MnasNet Fig. 3",
        "accuracy": ACCURACY,
        "target_ms": TARGET_MS,
        "latency_ms": list(LATENCIES_MS),
    }
    for form in ("hard", "soft"):
        result[form] = [round(value, 6) for value in curve(form, LATENCIES_MS)]
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        fine = [20.0 + step for step in range(141)]
        save(draw_figure3(fine, curve("hard", fine), curve("soft", fine)), out / "figure3.png")
        rows = zip(result["latency_ms"], result["hard"], result["soft"], strict=True)
        lines = ["latency_ms,hard,soft", *(f"{ms},{hard},{soft}" for ms, hard, soft in rows)]
        (out / "figure3.csv").write_text("\n".join(lines) + "\n")
    return result


def curve(form: str, latencies_ms: tuple[int, ...] | list[float]) -> list[float]:
    """The reward of `form` at each latency (ms)."""
    objective = parse_objective(form, TARGET_MS)
    return [objective(Measurement(ACCURACY, float(ms))) for ms in latencies_ms]
