"""`reproduce`: the paper's figures and claims, ours beside them."""

from __future__ import annotations

from dataclasses import replace
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
    ASYNCHRONY = "asynchrony"


def reproduce(
    name: Annotated[Figures, typer.Argument(help="What to reproduce.")],
    strategies: Annotated[
        str | None,
        typer.Option(help="Comma-separated; default: ppo, for asynchrony those of `compare`."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Seeds 0, 1, ... per strategy; default 10.", min=1)
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(help="Models sampled per run; default 3000, for asynchrony 1000.", min=1),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A small form: 3 seeds of few samples.")
    ] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Worker processes.", min=1)] = 2,
    out: Annotated[Path | None, typer.Option(help="Folder for pictures, tables and logs.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, nothing else.")] = False,
) -> None:
    """Reproduce a figure of the paper (Tan et al. 2019).

    `figure3`: both rewards over latency. `figure6`: hard against soft latency constraint, with the
    five checks of section 7.1. `asynchrony`: each strategy with 16 workers against 1, in simulated
    time (not in the paper).

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
    from nasbench_mobile.catalog import parse_strategies
    from nasbench_mobile.cli.comparing import DEFAULT_STRATEGIES
    from nasbench_mobile.reproduce import asynchrony, figure6

    folder = out or Path("out") / name.value
    if name is Figures.FIGURE6:
        setting = figure6.QUICK if quick else figure6.Setting()
        setting = replace(
            setting,
            strategies=tuple(parse_strategies(strategies or "ppo")),
            seeds=seeds or setting.seeds,
            samples=samples or setting.samples,
        )
        result = figure6.reproduce(setting, folder, lambda study: _run(study, jobs))
    else:
        result = asynchrony.reproduce(
            asynchrony.Setting(
                tuple(parse_strategies(strategies or DEFAULT_STRATEGIES)),
                seeds=seeds or (3 if quick else 10),
                samples=samples or (200 if quick else 1000),
            ),
            folder,
            lambda study: _run(study, jobs),
        )
    if as_json:
        print_json(result)
    elif name is Figures.FIGURE6:
        _print_figure6(result, folder)
    else:
        _print_asynchrony(result)


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


def _print_asynchrony(result: dict[str, Any]) -> None:
    console().print(
        f"{result['benchmark']}: {result['workers'][-1]} workers against 1 (1 / 16 below), "
        f"{result['seeds']} seeds of {result['samples']:,} proposals, target reward "
        f"{result['target_reward']:.4f}; time is simulated"
    )
    rows = [
        {
            "strategy": row["strategy"],
            "lost": f"{row['reward_lost']:+.4f} [{_figure(row['lost_low'], '+.4f')}, "
            f"{_figure(row['lost_high'], '+.4f')}]",
            **{
                what: " / ".join(_figure(row[f"{what}_to_target_{n}"], form) for n in ("1", "16"))
                for what, form in (("proposals", ".0f"), ("days", ".2f"))
            },
        }
        for row in result["strategies"]
    ]
    headings = {
        "strategy": "strategy",
        "lost": "reward lost [95 %]",
        "proposals": "proposals to target",
        "days": "days to target",
    }
    print_table(headings, rows)


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _interval(ci95: list[float] | None) -> str:
    return "-" if ci95 is None else f"{ci95[0]:.3g} to {ci95[1]:.3g}"
