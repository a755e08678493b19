"""Table 1 of MnasNet: every network of it rebuilt and counted, and measured where asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.cards import TOLERANCE, ModelCard, Published
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.reproduce import our_figures as ours
from nasbench_mobile.reproduce import paper
from nasbench_mobile.reproduce.claims import ClaimVerdict, on
from nasbench_mobile.reproduce.devices import ANDROID, Measured, measure, meter
from nasbench_mobile.reproduce.experiment import (
    Experiment,
    ExperimentOutcome,
    ExperimentSetting,
    Number,
    ResultTable,
    RunStudy,
    numbers,
)
from nasbench_mobile.reproduce.our_figures import Found
from nasbench_mobile.reproduce.paper import Value

LATENCY_CLAIMS = {
    "a1-latency": "MnasNet-A1",
    "latency-v1": "MobileNetV1",
    "latency-v2": "MobileNetV2",
    "latency-v2-14": "MobileNetV2 (1.4x)",
}
"""Claims about milliseconds that the estimate can check, and their rows."""

SLOWER = 1.2
"""How much slower NASNet-A must be than MobileNetV1 for multiply-adds to mislead: our choice, a
third of the paper's 1.62, because devices differ."""


def released() -> dict[str, tuple[ModelCard, Published]]:
    """The released rows by their names in the table."""
    return {str(row.label): (card, row) for card, row in zoo.table_1()}


def build(label: str) -> Network:
    """The network of a released row."""
    card, row = released()[label]
    return card.build(row.width, row.input_size)


def run(setting: ExperimentSetting, folder: Path, run_study: RunStudy) -> ExperimentOutcome:
    """Counts and estimates of all rows; with a device, its milliseconds of all 15 networks.

    `result`: {"networks": [{"model", "released", "parameters", "multiply_adds", "estimate_ms",
    "covered", "finding"}], "device": {"label", "device", "rows": [...]} or None}
    """
    built = {label: build(label) for label in released()}
    networks = [_facts(str(row[0]), built) for row in paper.TABLE_1.rows]
    result: dict[str, Any] = {"networks": networks, "device": None}
    found = _Device(setting.device, built) if setting.device else None
    tables = [_table(networks)]
    if found is not None:
        result["device"] = {"label": found.label, "device": found.device, "rows": found.rows}
        tables.append(found.table())
    beside = numbers(paper.TABLE_1, lambda key, column: _ours(built, key, column))
    verdicts = [*_count_verdicts(), *_latency_verdicts(built), *(found.verdicts() if found else ())]
    return ExperimentOutcome(result, verdicts, beside, tables, said=_said(verdicts, beside, found))


def _facts(label: str, built: dict[str, Network]) -> dict[str, Any]:
    facts: dict[str, Any] = {"model": label, "released": label in built}
    if label not in built:
        return facts
    network, finding = built[label], released()[label][1].finding
    return {
        **facts,
        "parameters": round(1e6 * (ours.counts(network, "params_m")[0] or 0)),
        "multiply_adds": round(1e6 * (ours.counts(network, "mult_adds_m")[0] or 0)),
        "estimate_ms": ours.estimate_ms(network),
        "covered": ours.covered(network),
        "finding": finding,
    }


def _ours(built: dict[str, Network], key: tuple[Value, ...], column: str) -> Found:
    """Our figure beside a printed one."""
    label = str(key[0])
    if column in ("top1_pct", "top5_pct"):
        return None, ours.NEEDS_IMAGENET if label in built else ours.NOT_RELEASED
    if label not in built:
        return None, ours.NOT_RELEASED
    if column == "pixel1_latency_ms":
        return ours.latency(built[label])
    count, how = ours.counts(built[label], column)
    card, _ = released()[label]
    return count, f"{how}, of G = C = {card.name[-1]}" if card.name in _SWAPPED else how


def _count_verdicts() -> list[ClaimVerdict]:
    found = []
    for label, (card, row) in released().items():
        network = build(label)
        printed = {"params_m": row.parameters_m, "mult_adds_m": row.multiply_adds_m}
        pairs = {
            paper.HEADINGS[column].removesuffix(" (M)"): (ours.counts(network, column)[0] or 0, at)
            for column, at in printed.items()
            if at is not None
        }
        slug = card.name if row.width == 1.0 else f"{card.name}-{row.width:g}"
        slug = _SWAPPED.get(slug, slug)
        if slug in _SWAPPED.values():  # judged as the row is labelled, not as its network is
            found.append(_swapped(slug, label))
        else:
            found.append(ours.counted_verdict(f"counts-{slug}", pairs, TOLERANCE, row.finding))
    return found


_SWAPPED = {"condensenet-g4": "condensenet-g8", "condensenet-g8": "condensenet-g4"}
"""Table 1 gives each CondenseNet the other's figures; the zoo's rows carry the label printed."""


def _swapped(slug: str, label: str) -> ClaimVerdict:
    """The network that a CondenseNet row names, against the figures printed beside the name."""
    network = zoo.network(slug)
    pairs = {
        paper.HEADINGS[column].removesuffix(" (M)"): (
            ours.counts(network, column)[0] or 0,
            paper.TABLE_1.value(label, column=column),
        )
        for column in ("params_m", "mult_adds_m")
    }
    finding = str(released()[label][1].finding).partition(" Counted:")[0]
    return ours.counted_verdict(f"counts-{slug}", pairs, TOLERANCE, finding)


def _latency_verdicts(built: dict[str, Network]) -> list[ClaimVerdict]:
    def printed(label: str) -> float:
        return paper.TABLE_1.value(label, column="pixel1_latency_ms")

    found = [
        ours.estimated_verdict(claim, built[label], printed(label))
        for claim, label in LATENCY_CLAIMS.items()
    ]
    estimated = ours.estimate_ms(built["MobileNetV2 (1.4x)"]) / ours.estimate_ms(
        built["MnasNet-A1"]
    )
    wanted = printed("MobileNetV2 (1.4x)") / printed("MnasNet-A1")
    share = ours.off(estimated, wanted)
    detail = f"estimated {estimated:.2f}x, printed {wanted:.2f}x ({share:+.1%})"
    found.append(
        on(ours.ESTIMATE, "speed-up-estimated", abs(share) <= ours.LATENCY_TOLERANCE, detail)
    )
    return found


def _table(networks: Sequence[dict[str, Any]]) -> ResultTable:
    rows = []
    for facts in networks:
        label = facts["model"]
        printed = dict(zip(paper.TABLE_1.columns, _row(label), strict=True))
        rows.append(
            {
                "model": label,
                "params": _pair(printed["params_m"], facts.get("parameters"), ".3f"),
                "madds": _pair(printed["mult_adds_m"], facts.get("multiply_adds"), ".1f"),
                "ms": _pair(printed["pixel1_latency_ms"], facts.get("estimate_ms"), ".1f", 1.0),
                "fits": {True: "yes", False: "no", None: "-"}[facts.get("covered")],
                "top1": printed["top1_pct"],
            }
        )
    columns = {
        "model": "network", "params": "parameters (M): paper / counted",
        "madds": "multiply-adds (M): paper / counted", "ms": "Pixel 1 ms: paper / estimate",
        "fits": "estimate fitted to such layers", "top1": "top-1 (%): paper",
    }  # fmt: skip
    return ResultTable("table1", "Table 1: printed / ours", columns, rows)


def _row(label: str) -> tuple[Value, ...]:
    return next(row[1:] for row in paper.TABLE_1.rows if row[0] == label)


def _pair(printed: Value, count: float | None, form: str, unit: float = 1e6) -> str:
    first = "-" if printed is None else f"{printed:g}"
    return f"{first} / {'-' if count is None else format(count / unit, form)}"


def _said(
    verdicts: Sequence[ClaimVerdict], beside: Sequence[Number], found: _Device | None
) -> list[str]:
    counts = [v for v in verdicts if v.claim.startswith("counts-")]
    agree = sum(v.status == "exact" for v in counts)
    madds = [
        abs(ours.off(n.ours, n.paper)) <= TOLERANCE
        for n in beside
        if n.column == "mult_adds_m" and n.ours is not None
    ]
    said = [
        f"{agree} of {len(counts)} released rows count to what is printed in every column (within "
        f"{TOLERANCE:.0%}), {sum(madds)} in multiply-adds; every other has a finding; accuracies "
        "need ImageNet"
    ]
    if found is not None:
        said.append(f"measured on {found.device}: its milliseconds are not a Pixel 1's")
    return said


class _Device:
    """The milliseconds of Table 1 on a device."""

    def __init__(self, spec: str, built: dict[str, Network]) -> None:
        evaluator = meter(spec)
        measured = measure(evaluator, built)
        self.phone = spec.startswith(ANDROID)
        self.label, self.device = evaluator.label, evaluator.device
        self.ms = {one.name: one.latency_ms for one in measured}
        self.rows = [self._row(one) for one in measured]

    def _row(self, one: Measured) -> dict[str, Any]:
        reference = self.ms["MobileNetV2"]
        printed = dict(zip(paper.TABLE_1.columns, _row(one.name), strict=True))
        ratio = one.latency_ms / reference if one.latency_ms and reference else None
        at = printed["pixel1_latency_ms"]
        return {
            "model": one.name,
            "latency_ms": one.latency_ms,
            "sd_ms": one.sd_ms,
            "ratio": ratio,
            "printed_ratio": float(at) / 75.0 if isinstance(at, int | float) else None,
            "failure": one.failure,
        }

    def table(self) -> ResultTable:
        columns = {
            "model": "network", "latency_ms": "ms", "sd_ms": "standard error",
            "ratio": "times MobileNetV2", "printed_ratio": "times, as printed (Pixel 1)",
            "failure": "failed because",
        }  # fmt: skip
        if not any(row["failure"] for row in self.rows):
            del columns["failure"]
        return ResultTable("table1-measured", f"Measured on {self.device}", columns, self.rows)

    def verdicts(self) -> list[ClaimVerdict]:
        """What a measurement adds to the claims that only one can check."""
        found = []
        nasnet, v1, a1 = (self.ms[name] for name in ("NASNet-A", "MobileNetV1", "MnasNet-A1"))
        if nasnet and v1:
            ratio = nasnet / v1
            detail = f"NASNet-A takes {ratio:.2f} times as long as MobileNetV1 (printed: 1.62)"
            found.append(on(self.device, "multiply-adds-mislead", ratio >= SLOWER, detail))
        if self.phone and nasnet and a1:
            ratio = nasnet / a1
            holds = abs(ours.off(ratio, 183 / 78)) <= ours.LATENCY_TOLERANCE
            detail = f"{ratio:.2f} times as fast (printed: 2.35)"
            found.append(on(self.device, "speed-up-over-nasnet", holds, detail))
        cells = {name: self.ms[name] for name in ("NASNet-A", "AmoebaNet-A")}
        if self.phone and all(cells.values()):
            shares = [
                ours.off(ms or 0, paper.TABLE_1.value(name, column="pixel1_latency_ms"))
                for name, ms in cells.items()
            ]
            detail = ", ".join(f"{name} {ms:.0f} ms" for name, ms in cells.items())
            within = max(map(abs, shares)) <= ours.LATENCY_TOLERANCE
            found.append(on(self.device, "latency-cells", within, detail))
        return found


EXPERIMENT = Experiment(
    "table1",
    "Table 1: ImageNet classification",
    "the networks compared: counted from their graphs, latencies estimated, or measured by you",
    run,
    frozenset({"device"}),
)
