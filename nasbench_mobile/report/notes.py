"""What a leaderboard does not say by itself: sentences that stand under it and on the page."""

from __future__ import annotations

import statistics

from nasbench_mobile.report.summary import Pick, StrategyRow, Summary, Trained
from nasbench_mobile.report.wording import counted, every_seed, listed, percent

_WAYS = {
    "surrogate": "is predicted by a model (a surrogate) fitted to",
    "synthetic-curves": "is made up but for where each learning curve ends, a surrogate fitted to",
    "tabular": "is looked up in a table of",
    "training": "is that of",
}
"""How an accuracy evaluator of the catalogue comes by its numbers: its trainings follow."""

_BELOW_FULL: dict[tuple[str | None, float | None], str] = {
    ("imagenet2012", 16): "about 10 points below full training recipes"
}
"""How far trainings of (data, epochs) end below full ones; that of Accel-NASBench, from
benchmarks/imagenet-anb-ridge.md."""


def notes(summary: Summary) -> list[str]:
    """What accuracy and latency are, and what the runs picked."""
    said = [accuracy_note(summary), latency_note(summary), picks_note(summary)]
    return [sentence for sentence in said if sentence]


def accuracy_note(summary: Summary) -> str:
    """Say how accuracies came about, and how short the trainings were where logs say so."""
    record, trained = summary["accuracy"], summary["accuracy"]["trained"]
    way, label = _WAYS.get(record["evaluator"] or ""), record["label"]
    if way is None or trained is None:
        return f"Accuracy: {label}." if label else ""
    return f"Accuracy {way} {_trainings(trained)} ({label})."


def _trainings(trained: Trained) -> str:
    words = "trainings"
    if trained["epochs"] is not None:
        words += f" of {trained['epochs']:g} epoch{'' if trained['epochs'] == 1 else 's'}"
    if trained["data"]:
        words += f" on {trained['data']}"
    size = [f"width {trained['width']:g}"] if trained["width"] != 1.0 else []
    size += [f"{trained['input_size']} px"] if trained["input_size"] else []
    words += f" at {listed(size)}" if size else ""
    below = _BELOW_FULL.get((trained["data"], trained["epochs"]))
    return f"{words}, {below}" if below else words


def latency_note(summary: Summary) -> str:
    """Say that latencies were not measured; say nothing where they were."""
    kind = summary["latency"]["kind"]
    if kind == "measured":
        return ""
    if kind == "estimate":
        return "Latencies are estimates: a model made them, no device has run these networks."
    if kind == "synthetic":
        return "Latencies are synthetic: a formula made them up, and they are of no device."
    return f"Latencies are of the kind {kind!r}."


def picks_note(summary: Summary) -> str:
    """Say how many of the runs' picks are extrapolated, and at what latencies they lie."""
    rows, target_ms = summary["strategies"], summary["objective"]["target_ms"]
    picks = [pick for row in rows for pick in row["picks"]]
    if len(picks) < 2:
        return _only_pick(picks[0], target_ms) if picks else ""
    said = []
    if far := sum(pick["extrapolated"] for pick in picks):
        leader = next((row for row in rows if row["unranked"] is None), rows[0])
        own = sum(pick["extrapolated"] for pick in leader["picks"])
        among = f" ({own} of {len(leader['picks'])} of {leader['label']})" if len(rows) > 1 else ""
        said.append(
            f"Of the {len(picks):,} picks (in each run the network of highest reward), {far:,}"
            f"{among} {'is' if far == 1 else 'are'} {_EXTRAPOLATED} their accuracies are least "
            "sure."
        )
    latencies = [pick["latency_ms"] for pick in picks]
    within = sum(latency <= target_ms for latency in latencies)
    low, high = (f"{end:.1f}" for end in (min(latencies), max(latencies)))
    where = f"{low} to {high} ms, median {statistics.median(latencies):.1f}"
    said.append(
        f"The picks lie at {where if low != high else f'{low} ms'}; {within:,} of {len(picks):,} "
        f"within T = {target_ms:g} ms."
    )
    return " ".join(said)


def _only_pick(pick: Pick, target_ms: float) -> str:
    latency_ms = pick["latency_ms"]
    inside = "is" if latency_ms <= target_ms else "is not"
    lies = f"lies at {latency_ms:.1f} ms; it {inside} within T = {target_ms:g} ms."
    if not pick["extrapolated"]:
        return f"The only pick {lies}"
    return (
        f"The only pick (the network of highest reward) is {_EXTRAPOLATED} its accuracy is least "
        f"sure. It {lies}"
    )


_EXTRAPOLATED = "extrapolated: outside the range that the model was fitted to, so"


def row_notes(row: StrategyRow, summary: Summary) -> list[str]:
    """What sets a strategy's row apart and is not in the verdict; words that follow its label."""
    said = []
    if row["provisional"] and not row["unranked"]:
        said.append("has no finished run: its figures are of what there is so far")
    if row["random_first"] is not None:
        option, count = row["random_first"]["option"], row["random_first"]["count"]
        said.append(
            f"was random search throughout: {option} {count:,} is not below the budget of "
            f"{summary['budget']:,}"
        )
    found, scored = row["found_within_target"], len(row["scored_seeds"])
    if not row["unranked"] and not found:
        said.append("found no network within T")
    elif not row["unranked"] and found < scored:
        said.append(
            f"found networks within T in {found} of {counted(scored, 'run')}: its accuracy there "
            "is of those alone"
        )
    return said


def mark(row: StrategyRow) -> str:
    """What follows a strategy's label in its row: why its figures need a second look."""
    marks = [
        word
        for word, applies in (
            ("unranked", row["unranked"]),
            ("so far", row["provisional"] and not row["unranked"]),
            ("stopped early", row["unspent"]),
            ("random throughout", row["random_first"]),
        )
        if applies
    ]
    return f" ({', '.join(marks)})" if marks else ""


def stopped_early(row: StrategyRow, summary: Summary) -> str:
    """`stopped after 10 of 30 proposals on 2 of 5 seeds`."""
    charged = [run["charged"] for run in row["unspent"]]
    low, high = spent(min(charged)), spent(max(charged))
    after = low if low == high else f"{low} to {high}"
    stopped, seeds = len(charged), len(row["seeds"])
    where = f"{stopped} of {seeds} seeds" if stopped < seeds else every_seed(seeds)
    return f"stopped after {after} of {summary['budget']:,} {summary['budget_unit']} on {where}"


def counts_note(summary: Summary) -> str:
    """Say which networks the parameters, multiply-adds and latencies of the best list are of."""
    of = next((row["counted"] for row in summary["best_architectures"] if row["counted"]), None)
    if of is None:
        return ""
    full_px, px = of["full_input_size"], of["input_size"]
    if (of["width"], px, of["classes"]) == (1.0, full_px, 1000):
        return f"Counts and latency are of the full network: {full_px} px, 1,000 classes."
    width = f"width {of['width']:g}, " if of["width"] != 1.0 else ""
    return (
        f"Parameters and multiply-adds are of the network that was trained: {width}{px} px, "
        f"{of['classes']:,} classes. Latency and drawings are of the full network at {full_px} px."
    )


def spent(charged: float) -> str:
    """Say how much of a budget was spent; partial trainings spend parts of a proposal."""
    return f"{charged:,.0f}" if abs(charged - round(charged)) < 0.005 else f"{charged:,.2f}"


def within_target(row: StrategyRow) -> str:
    """`63.11% (7 of 10)`: the median accuracy within T, over how many runs where not over all."""
    text = percent(row["best_within_target"], 2)
    found, scored = row["found_within_target"], len(row["scored_seeds"])
    return text if found in (0, scored) else f"{text} ({found} of {scored})"
