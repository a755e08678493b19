"""Sentences about a search, the same on a terminal and on its page."""

from __future__ import annotations

from nasbench_mobile.report.search_summary import SearchSummary
from nasbench_mobile.report.wording import counted


def share_words(share: float) -> str:
    """A share of the full training: `6.25 %`."""
    return f"{100 * share:.3g} %"


def spent_of(spent: float, budget: int) -> str:
    """`3.44 of 10 trainings spent`."""
    return f"{spent:.4g} of {counted(budget, 'training')} spent"


def spent_words(summary: SearchSummary) -> str:
    """`5 candidates (1 repeat, 2 failed), 5 of 5 trainings spent; soft reward, T = 75 ms, ...`."""
    partial = summary["partial"]
    parts = [counted(summary["repeats"], "repeat")]
    if partial:
        parts.append(f"{partial:,} trained for a part of the full training")
    parts.append(f"{sum(summary['failures'].values()):,} failed")
    return (
        f"{counted(summary['candidates'], 'candidate')} ({', '.join(parts)}), "
        f"{spent_of(summary['spent'], summary['budget'])}; {summary['objective']} reward, "
        f"T = {summary['target_ms']:g} ms, latency: {summary['latency']}"
    )


def how_trained(summary: SearchSummary) -> str:
    """`A full training is 4 epochs at width 0.25 and 32 px`."""
    how = summary["training"]
    epochs = "1 epoch" if how["epochs"] == 1 else f"{how['epochs']:g} epochs"
    size = "" if how["input_size"] is None else f" and {how['input_size']} px"
    return f"A full training is {epochs} at width {how['width']:g}{size}"


def how_measured(summary: SearchSummary) -> str:
    """Say which network latency and counts are of, as a search trains another, smaller one."""
    size, kind = summary["latency_input_size"], summary["latency_kind"]
    came = {
        "measured": "was measured", "estimate": "is an estimate",
        "synthetic": "is made up (synthetic)",
    }[kind]  # fmt: skip
    return (
        f"Latency {came} and that of the full-size network at {size} px, for "
        f"{summary['latency_classes']:,} classes; parameters and multiply-adds are that network's "
        f"for the data's {summary['classes']:,} classes."
    )
