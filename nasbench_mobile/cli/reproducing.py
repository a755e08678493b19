"""`reproduce`: the paper's figures and claims, ours beside them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench_mobile.cli.output import console, print_json, print_table

if TYPE_CHECKING:
    from nasbench_mobile.study import Study


class Figures(StrEnum):
    """What can be reproduced."""

    FIGURE3 = "figure3"
    FIGURE6 = "figure6"


def reproduce(
    name: Annotated[Figures, typer.Argument(help="What to reproduce.")],
    strategies: Annotated[
        str, typer.Option(help="figure6: strategies to ablate, comma-separated.")
    ] = "ppo",
    seeds: Annotated[
        int | None, typer.Option(help="figure6: seeds 0, 1, ... per panel; default 10.", min=1)
    ] = None,
    samples: Annotated[
        int | None, typer.Option(help="figure6: models sampled per run; default 3000.", min=1)
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="figure6: 3 seeds of 600 samples.")
    ] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Worker processes.", min=1)] = 2,
    out: Annotated[Path | None, typer.Option(help="Folder for pictures, tables and logs.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, nothing else.")] = False,
) -> None:
    """Reproduce a figure of the paper (Tan et al. 2019).

    `figure3`: both rewards over latency. `figure6`: hard against soft latency constraint, with the
    five checks of section 7.1.

    Example: `nasbench-mobile reproduce figure6 --quick --out out/f6`
    """
    if name is Figures.FIGURE3:
        from nasbench_mobile.reproduce import figure3

        result = figure3.reproduce(out)
        if as_json:
            print_json(result)
        else:
            _print_figure3(result, out)
        return
    from dataclasses import replace

    from nasbench_mobile.catalog import parse_strategies
    from nasbench_mobile.reproduce import figure6

    setting = figure6.QUICK if quick else figure6.Setting()
    setting = replace(
        setting,
        strategies=tuple(parse_strategies(strategies)),
        seeds=seeds or setting.seeds,
        samples=samples or setting.samples,
    )
    folder = out or Path("out") / "figure6"
    result = figure6.reproduce(setting, folder, lambda study: _run(study, jobs))
    if as_json:
        print_json(result)
    else:
        _print_figure6(result, folder)


def _run(study: Study, jobs: int) -> None:
    from nasbench_mobile.cli.comparing import run_with_progress
    from nasbench_mobile.errors import EvaluationError

    failures = run_with_progress(study, jobs)
    if failures:
        first = failures[0]
        raise EvaluationError(
            f"{len(failures)} runs failed; {first.label} seed {first.seed}: {first.failure}"
        )


def _print_figure3(result: dict[str, Any], out: Path | None) -> None:
    rows = [
        {"latency_ms": ms, "hard": f"{hard:.4f}", "soft": f"{soft:.4f}"}
        for ms, hard, soft in zip(result["latency_ms"], result["hard"], result["soft"], strict=True)
    ]
    print_table({"latency_ms": "latency (ms)", "hard": "hard", "soft": "soft"}, rows)
    if out is not None:
        console().print(f"drawn in {out / 'figure3.png'}", soft_wrap=True)


def _print_figure6(result: dict[str, Any], folder: Path) -> None:
    screen = console()
    for label, part in result["strategies"].items():
        rows = [
            {
                "statement": check["statement"],
                "answer": check["answer"],
                "mean": check["mean"],
                "ci95": _interval(check["ci95"]),
                "figure": check["figure"],
            }
            for check in part["checks"]
        ]
        screen.print(f"[bold]{label}[/bold], T = {result['target_ms']:g} ms, section 7.1:")
        headings = {"statement": "statement", "answer": "holds?", "mean": "mean", "ci95": "95 %"}
        print_table({**headings, "figure": "figure"}, rows)
        invariance = part["target_invariance"]
        for other in invariance["others"]:
            ratio = other["reward_ratio"]
            screen.print(
                f"soft at T = {other['target_ms']:g} ms: every reward is that at "
                f"{invariance['target_ms']:g} ms times {ratio['least']:.6f} to "
                f"{ratio['greatest']:.6f}; median latency {other['median_latency_ms']:.1f} ms "
                f"against {invariance['median_latency_ms']:.1f} ms"
            )
        screen.print(f"drawn in {folder / part['picture']}", soft_wrap=True)


def _interval(ci95: list[float] | None) -> str:
    return "-" if ci95 is None else f"{ci95[0]:.3g} to {ci95[1]:.3g}"
