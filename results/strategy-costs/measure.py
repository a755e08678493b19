"""What a proposal of each strategy costs; writes costs.json and the tables of README.md.

    OMP_NUM_THREADS=1 python results/strategy-costs/measure.py            # some ten minutes
    OMP_NUM_THREADS=1 python results/strategy-costs/measure.py tpe-stock  # a quarter of an hour

Figures that costs.json holds are not measured again: a run that was cut off goes on, and a line
taken out of it is measured anew. Times are process CPU seconds of ask and tell on one thread.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import tracemalloc
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nasbench_mobile import catalog
from nasbench_mobile.protocols import Batched, Strategy
from nasbench_mobile.types import Decision, Measurement, Tokens, Trial

HERE = Path(__file__).parent
COSTS = HERE / "costs.json"
DECISIONS = [Decision(f"d{k}", c) for k, c in enumerate((2, 2, 3, 4, 3, 5) * 7)]
SHORT = {
    "optuna-gp": (60, 200),
    "optuna-motpe": (300, 1000),
    "optuna-tpe:implementation=stock": (1000,),
}
VARIANTS = [
    *(name for name in catalog.BUILT_IN["strategy"] if name != "successive-halving"),
    "optuna-tpe:implementation=stock",
    *(
        f"nevergrad-{name}"
        for name in (
            "discrete:encoding=categorical",
            "de:encoding=ordinal",
            "cma:encoding=categorical",
            "ngopt:encoding=categorical",
            "pso:encoding=categorical",
        )
    ),
]
STOCK_28 = [Decision(f"d{k}", c) for k, c in enumerate((3, 2, 3, 2) * 7)]


def reward_of(tokens: Tokens) -> float:
    """Costs nothing, and has a slope to climb."""
    return sum((k % 5 + 1) * token for k, token in enumerate(tokens)) / 400


def run(strategy: Strategy, trials: int) -> Iterator[int]:
    """A synchronous run that yields how many trials are told, so that a caller can look in."""
    batch = strategy.batch_size if isinstance(strategy, Batched) else 1
    asked = 0
    while asked < trials:
        told = []
        for proposal in strategy.ask(min(batch, trials - asked)):
            reward = reward_of(proposal.tokens)
            told.append(
                Trial(proposal, Measurement(reward, 10.0 + sum(proposal.tokens[::3])), reward)
            )
        strategy.tell(told)
        asked += len(told)
        yield asked


def build(text: str, trials: int, decisions: list[Decision] = DECISIONS) -> Strategy:
    [spec] = catalog.parse_strategies(text)
    return catalog.build_strategy(spec, decisions, 0, trials)


def cost_ms(text: str, trials: int) -> float:
    """Milliseconds of CPU time per proposal over a run of so many trials."""
    for _ in run(build(text, 40), 40):  # a library's first use is not its cost
        pass
    strategy = build(text, trials)
    start = time.process_time()
    for _ in run(strategy, trials):
        pass
    return 1000 * (time.process_time() - start) / trials


def kept_bytes(text: str) -> list[int]:
    """Bytes per trial that are kept from the 200th to the 700th: by all code, and by lines of ours.

    What Optuna and Nevergrad keep is theirs; of the others everything is ours.
    """
    ours = [tracemalloc.Filter(True, "*/strategies/*")]
    strategy, kept = build(text, 700), {}
    tracemalloc.start()
    for asked in run(strategy, 700):
        for mark in (200, 700):
            if asked >= mark and mark not in kept:
                gc.collect()
                every = tracemalloc.take_snapshot()
                sizes = [sum(t.size for t in s.traces) for s in (every, every.filter_traces(ours))]
                kept[mark] = asked, sizes
                del every
    tracemalloc.stop()
    (first, before), (last, after) = kept[200], kept[700]
    return [round((b - a) / (last - first)) for a, b in zip(before, after, strict=True)]


def stock_against_fast(costs: dict[str, Any]) -> None:
    """CPU seconds of 8,000 proposals of 28 tokens, the same ones, at every thousandth."""
    rows = costs.setdefault("tpe, 28 tokens", {"stock": {}, "fast": {}})
    made: dict[str, list[Tokens]] = {}
    for kind in ("fast", "stock"):
        strategy = build(f"optuna-tpe:implementation={kind}", 8000, STOCK_28)
        tokens: list[Tokens] = made.setdefault(kind, [])
        start = time.process_time()
        for asked in range(1, 8001):
            [proposal] = strategy.ask(1)
            tokens.append(proposal.tokens)
            reward = reward_of(proposal.tokens)
            strategy.tell([Trial(proposal, Measurement(reward, 10.0), reward)])
            if made["fast"][asked - 1] != proposal.tokens:
                raise SystemExit(f"proposal {asked - 1} differs from the fast sampler's")
            if asked % 1000 == 0:
                rows[kind][str(asked)] = round(time.process_time() - start, 1)
                save(costs)


def save(costs: dict[str, Any]) -> None:
    COSTS.write_text(json.dumps(costs, indent=1, sort_keys=True) + "\n", "utf-8")
    page = HERE / "README.md"
    head, _, rest = page.read_text("utf-8").partition("<!-- tables -->\n")
    _, _, tail = rest.partition("<!-- end of tables -->\n")
    tables = "\n".join([*_costs(costs), "", *_stock(costs)])
    page.write_text(f"{head}<!-- tables -->\n{tables}\n<!-- end of tables -->\n{tail}", "utf-8")


def _costs(costs: dict[str, Any]) -> list[str]:
    lines = [
        "| strategy | trials: ms per proposal | bytes kept per trial | of these ours |",
        "|---|---|---|---|",
    ]
    for text in VARIANTS:
        row = costs.get(text, {})
        shown = ", ".join(
            f"{int(key):,}: {value:.2g}" if value < 10 else f"{int(key):,}: {value:.0f}"
            for key, value in sorted(row.items(), key=lambda item: (len(item[0]), item[0]))
            if key != "bytes"
        )
        every, ours = row.get("bytes", ("-", "-"))
        lines.append(f"| `{text}` | {shown or '-'} | {every} | {ours} |")
    return lines


def _stock(costs: dict[str, Any]) -> list[str]:
    rows = costs.get("tpe, 28 tokens", {"stock": {}, "fast": {}})
    lines = ["| TPE, 28 tokens, trials | stock, s | ours, s | times faster |", "|---|---|---|---|"]
    for key, stock in sorted(rows["stock"].items(), key=lambda item: int(item[0])):
        fast = rows["fast"][key]
        lines.append(f"| {int(key):,} | {stock:.1f} | {fast:.1f} | {stock / fast:.1f} |")
    return lines


def main() -> None:
    warnings.simplefilter("ignore")
    costs = json.loads(COSTS.read_text("utf-8")) if COSTS.exists() else {}
    if "tpe-stock" in sys.argv[1:]:
        stock_against_fast(costs)
    wanted = [text for text in VARIANTS if text in sys.argv[1:]] or VARIANTS
    for text in [] if "tpe-stock" in sys.argv[1:] else wanted:
        row = costs.setdefault(text, {})
        for trials in SHORT.get(text, (1000, 8000)):
            if str(trials) not in row:
                row[str(trials)] = round(cost_ms(text, trials), 4)
                save(costs)
        if "bytes" not in row and text != "optuna-gp":
            row["bytes"] = kept_bytes(text)
            save(costs)
    save(costs)


if __name__ == "__main__":
    main()
