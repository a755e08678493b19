"""The card of a table: what it is, where each number comes from, and how far to trust it."""

from __future__ import annotations

import textwrap
from collections.abc import Collection

from nasbench_mobile.collecting.facts import (
    Spread,
    TableFacts,
    UnknownNoise,
    mean_accuracy,
    table_facts,
)
from nasbench_mobile.surrogates.fit_table import LEAST as LEAST_FITTED
from nasbench_mobile.tables.noise_study import NoiseRecord
from nasbench_mobile.tables.row import Row
from nasbench_mobile.tables.table import Table
from nasbench_mobile.types import Tokens


def table_card(
    table: Table, name: str, part: str | None = None, among: Collection[Tokens] | None = None
) -> str:
    """Markdown. `part` names the space whose architectures (`among`) the figures are of."""
    facts = table_facts(table, among)
    return "\n".join(
        wrapped(line)
        for line in [
            f"# {name}",
            "",
            *_opening(facts, part),
            "",
            *_how(table, facts),
            "",
            "## Noise",
            "",
            *noise_lines(facts["noise"]),
            "",
            *_references(table),
            "## Limits",
            "",
            *_limits(facts),
            "",
        ]
    )


def wrapped(line: str) -> str:
    """A line of Markdown as several short ones; rows of tables as they are."""
    if line.startswith("|"):
        return line
    after = "  " if line.startswith("- ") else ""
    return textwrap.fill(line, 100, subsequent_indent=after, break_on_hyphens=False)


def _opening(facts: TableFacts, part: str | None) -> list[str]:
    what = f"`{part}`, a part of `{facts['space']}`" if part else f"`{facts['space']}`"
    lines = [
        f"{facts['architectures']} architectures of the space {what}, every one of them trained: "
        f"{facts['trainings']} trainings, {facts['failed']} failed."
    ]
    if facts["pilot"]:
        lines.append(
            f"**A pilot**: with fewer than {LEAST_FITTED} architectures it serves as a finite "
            "table, and no surrogate is fitted to it."
        )
    return lines


def _how(table: Table, facts: TableFacts) -> list[str]:
    training, accuracy = facts["training"], facts["accuracy"]
    recipe = training["recipe"]
    stride = training["stem_stride"]
    first, last = (table.sessions[0], table.sessions[-1]) if table.sessions else ({}, {})
    machines = sorted({s["environment"]["processor"] for s in table.sessions})
    torch = sorted({s["versions"].get("torch", "?") for s in table.sessions})
    lines = [
        f"- **Data**: {training['data']}.",
        f"- **Recipe**: `{recipe['name']}`, {training['epochs']:g} epochs, batch "
        f"{recipe['batch_size']}, {recipe['optimizer']}, learning rate {recipe['learning_rate']:g} "
        f"per 256 images, schedule {recipe['schedule']}; every value stands in the table's first "
        "line.",
        f"- **Networks**: width multiplier {training['width']:g}, {training['input_size']} pixels"
        + (f", stem of stride {stride}" if stride else "")
        + f", computed in {training['precision']} bits. Latency, parameters and multiply-adds are "
        "those of the full-size network (width multiplier 1, 224 pixels).",
        f"- **Trained** from {first.get('started', '?')[:10]} to {last.get('started', '?')[:10]} "
        f"(starts) on {', '.join(machines) or 'unknown'} with PyTorch {', '.join(torch) or '?'}: "
        f"{facts['cost_s'] / 3600:.1f} hours.",
        f"- **Accuracy** on validation images: {_percent(accuracy)}.",
    ]
    for column, one in table.header.latency.items():
        spread = facts["latency_ms"][column]
        if spread is not None:
            lines.append(
                f"- **Latency** `{column}` ({one['label']}, {one['device']}, {one['kind']}): "
                f"{spread['least']:.1f} to {spread['most']:.1f} ms, median {spread['median']:.1f}."
            )
    return lines


def noise_lines(noise: NoiseRecord | UnknownNoise) -> list[str]:
    """What `NoiseStudy.record` says, in Markdown."""
    if "unknown" in noise:
        return [f"Not known: {noise['unknown']}."]
    rows = [
        ("between seeds of one architecture", noise["seed_sd"], noise["seed_sd_interval"]),
        ("between architectures", noise["spread_sd"], noise["spread_sd_interval"]),
    ]
    lines = ["| standard deviation, points | estimate | 95 % interval |", "|---|---|---|"]
    for words, sd, (low, high) in rows:
        lines.append(f"| {words} | {_points(sd)} | {_points(low)} to {_points(high)} |")
    verdict = "at most" if noise["ranks"] else "more than"
    one = _of_spread(noise["ratio"], noise["ratio_interval"])
    means = _of_spread(noise["label_ratio"], noise["label_ratio_interval"])
    return [
        *lines,
        "",
        f"The noise of one training is {one}; that of the table's "
        f"accuracies, means over seeds, is {means}: {verdict} the third "
        f"that is tolerated. From {noise['repeated']} architectures with several seeds, "
        f"{noise['trainings']} trainings in all.",
    ]


def _points(sd: float | None) -> str:
    """A standard deviation of accuracy in percentage points."""
    return "infinity" if sd is None else f"{100 * sd:.2f}"


def _of_spread(ratio: float | None, interval: list[float | None]) -> str:
    low, high = map(_finite, interval)
    return f"{_finite(ratio)} of the spread (95 % interval {low} to {high})"


def _finite(ratio: float | None) -> str:
    return "infinity" if ratio is None else f"{ratio:.2f}"


def _references(table: Table) -> list[str]:
    found = [(key, rows) for key, rows in table.trained().items() if key[0] is None]
    if not found:
        return []
    columns = list(table.header.latency)
    head = "| model | width multiplier | pixels | accuracy, % | seeds | multiply-adds, M |"
    lines = ["## Reference models", "", head + "".join(f" {c}, ms |" for c in columns)]
    lines.append("|---" * (6 + len(columns)) + "|")
    for _, rows in found:
        lines.append(_reference(rows, columns))
    return [
        *lines,
        "",
        "Pixels are those of the full-size network; what is trained shrinks in proportion.",
        "",
    ]


def _reference(rows: list[Row], columns: list[str]) -> str:
    row = rows[0]
    latencies = [row.latency_ms.get(column) for column in columns]
    cells = [
        str(row.name),
        f"{row.width:g}",
        str(row.input_size),
        f"{100 * mean_accuracy(rows):.2f}",
        str(len(rows)),
        f"{row.multiply_adds / 1e6:.1f}",
        *("-" if value is None else f"{value:.1f}" for value in latencies),
    ]
    return f"| {' | '.join(cells)} |"


def _limits(facts: TableFacts) -> list[str]:
    recipe = facts["training"]
    counts = ", ".join(
        f"{architectures} with {seeds}" for seeds, architectures in facts["seeds"].items()
    )
    return [
        f"- Accuracies are of thin networks trained for {recipe['epochs']:g} epochs on few images: "
        "they rank architectures under this training, and say nothing of ImageNet.",
        f"- An architecture's accuracy is the mean over its seeds (architectures: {counts}): the "
        "best of a table is partly the luckiest, so retrain what a search finds.",
    ]


def _percent(spread: Spread) -> str:
    low, middle, high = (100 * one for one in (spread["least"], spread["median"], spread["most"]))
    return f"{low:.2f} to {high:.2f} %, median {middle:.2f} %"
