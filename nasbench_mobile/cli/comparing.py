"""`compare`, `resume` and `report`: run a study, go on with one, report on one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nasbench_mobile.cli.shared.common_options import AsJson, Trust
from nasbench_mobile.cli.shared.output import console, print_json, say
from nasbench_mobile.cli.shared.study_progress import run_with_progress
from nasbench_mobile.errors import EvaluationError

if TYPE_CHECKING:
    from nasbench_mobile.runs.run import Run
    from nasbench_mobile.studies.study import Study

DEFAULT_STRATEGIES = "random,regularized-evolution,ppo,optuna-tpe,nevergrad-discrete"

Jobs = Annotated[
    int,
    typer.Option(
        "--jobs", "-j", help="How many worker processes run, with one thread each.", min=1
    ),
]
Rerun = Annotated[
    list[str] | None,
    typer.Option(
        help="The label of a strategy whose runs are to be done again. It may be given several "
        "times."
    ),
]
CallLimit = Annotated[
    float | None,
    typer.Option(
        help="After how many seconds a call of a strategy, or the measuring of one proposal, is "
        "taken to hang. By default plugins have an hour, and what is built in has no limit.",
        show_default=False,
    ),
]


def compare(
    benchmark: Annotated[
        str, typer.Option(help="The name of a built-in benchmark, or the path of a TOML file.")
    ] = "imagenet-pixel1",
    strategies: Annotated[
        str | None,
        typer.Option(
            help="The strategies to compare, separated by commas. Options follow a colon: "
            "`ppo:learning_rate=8e-4`.",
            show_default=DEFAULT_STRATEGIES,
        ),
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            help="One more strategy, under a label of yours: `mine=my_strategy.py:MyStrategy`. It "
            "may be given several times."
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option(help="How many runs each strategy has; their seeds are 0, 1, ...")
    ] = 10,
    first_seed: Annotated[
        int, typer.Option(help="The seed of the first run; the others follow it.", min=0)
    ] = 0,
    budget: Annotated[
        int,
        typer.Option(
            help="How many proposals each run may make. A proposal that repeats an earlier one "
            "counts too."
        ),
    ] = 1000,
    objective: Annotated[
        str | None,
        typer.Option(
            help="The reward: `soft`, `hard` or ALPHA,BETA of the paper's Eq. 2-3, or your own as "
            "`file.py:Name`."
        ),
    ] = None,
    target_ms: Annotated[
        float | None, typer.Option(help="The target latency T in milliseconds.")
    ] = None,
    latency: Annotated[
        str | None,
        typer.Option(
            help="Where latency comes from instead of the benchmark's own source: `pixel1`, "
            "`host`, `host-lookup[:FILE]` or `android:SERIAL`. T then keeps its ratio to "
            "MobileNetV2's latency."
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            help="For how many proposals a strategy is asked at once. By default each strategy "
            "has its own number."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--in-flight",
            help="How many proposals are in flight at once. The strategy is told of each as it "
            "finishes in simulated training time.",
        ),
    ] = None,
    start_from: Annotated[
        str | None,
        typer.Option(
            help="What all runs begin with: names of models, or the folder of an earlier study."
        ),
    ] = None,
    jobs: Jobs = 2,
    call_limit_s: CallLimit = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The folder for the logs and the report; by default out/compare-TIME."),
    ] = None,
    rerun: Rerun = None,
    as_json: AsJson = False,
) -> None:
    """Compare strategies on a benchmark and say which wins, by how much and how surely.

    Example: `nasbench-mobile compare --strategies random,ppo --seeds 5 --budget 500 --out out/a`
    """
    from nasbench_mobile.benchmark import load_benchmark
    from nasbench_mobile.cli.shared.start_from_option import starting_points
    from nasbench_mobile.plugins.strategy_words import parse_labelled, parse_strategies
    from nasbench_mobile.studies.plan import Plan, seeds_from
    from nasbench_mobile.studies.study import Study

    task = load_benchmark(benchmark)
    if latency is not None:
        from nasbench_mobile.cli.latency.latency_option import choose_latency

        task = choose_latency(task, latency)
    task = task.with_objective(objective, target_ms)
    listed = DEFAULT_STRATEGIES if strategies is None and not strategy else strategies
    specs = [
        *(parse_strategies(listed) if listed is not None else ()),
        *map(parse_labelled, strategy or ()),
    ]
    plan = Plan(
        benchmark=task,
        strategies=tuple(specs),
        seeds=seeds_from(first_seed, seeds),
        budget=budget,
        batch=batch,
        start=starting_points(start_from, task) if start_from else (),
        workers=workers,
    )
    folder = out or Path("out") / time.strftime("compare-%Y%m%d-%H%M%S")
    _run_and_report(_again(Study.create(folder, plan), rerun), jobs, as_json, call_limit_s)


def resume(
    folder: Annotated[Path, typer.Argument(help="The --out folder of the study.")],
    jobs: Jobs = 2,
    call_limit_s: CallLimit = None,
    rerun: Rerun = None,
    trust: Trust = False,
    as_json: AsJson = False,
) -> None:
    """Go on with a study or search that was stopped. Finished runs are kept as they are.

    Example: `nasbench-mobile resume out/study`
    """
    from nasbench_mobile.cli.search.finishing import finish
    from nasbench_mobile.image_search.request_file import is_search
    from nasbench_mobile.studies.study import Study
    from nasbench_mobile.studies.trust import check_trust

    study = Study.open(folder)
    check_trust(study, say, trust=trust, rerun=rerun or ())
    study = _again(study, rerun)
    if is_search(folder):
        finish(study, as_json=as_json)
    else:
        _run_and_report(study, jobs, as_json, call_limit_s)


def report(
    folder: Annotated[Path, typer.Argument(help="The --out folder of the study.")],
    trust: Trust = False,
    as_json: AsJson = False,
) -> None:
    """Write the report of a study or search, finished or not, again from its logs.

    Example: `nasbench-mobile report out/study --json`
    """
    from nasbench_mobile.cli.search.finishing import show_results
    from nasbench_mobile.image_search.request_file import is_search
    from nasbench_mobile.studies.study import Study
    from nasbench_mobile.studies.trust import OBJECTIVE, SPACE, check_trust

    study = Study.open(folder)
    if is_search(folder):
        check_trust(study, say, trust=trust, kinds=SPACE + OBJECTIVE)
        show_results(study, as_json=as_json)
    else:
        if _report(study, as_json, how=_reading(study, trust)):
            raise typer.Exit(1)


@dataclass(frozen=True)
class _Reading:
    """What code of files a report may run: that of the space, and that of the objective."""

    space: bool = True
    objective: Callable[[], None] = lambda: None


def _reading(study: Study, trust: bool) -> _Reading:
    """What code the report of a folder may run, which may be a stranger's.

    Without the space's code architectures are told by their tokens. Without the objective's, a
    noisy study cannot be scored: then asking for it is a `UsageError`.
    """
    from nasbench_mobile.studies.trust import OBJECTIVE, SPACE, check_trust, named_code

    refusals = [one.refusal for one in named_code(study, SPACE)]
    space = trust or not any(refusals)
    if space:
        check_trust(study, say, trust=trust, kinds=SPACE)
    else:
        say(f"architectures are told by their tokens alone: {refusals[0]}")
    return _Reading(space, lambda: check_trust(study, say, trust=trust, kinds=OBJECTIVE))


def _again(study: Study, labels: Sequence[str] | None) -> Study:
    """The study with the logs of some strategies laid aside."""
    if labels:
        study.rerun(labels)
        console(stderr=True).print(
            f"runs of {', '.join(labels)} are done again; their old logs lie in "
            f"{study.folder / 'replaced'}",
            soft_wrap=True,
        )  # fmt: skip
    return study


def _run_and_report(
    study: Study, jobs: int, as_json: bool, call_limit_s: float | None = None
) -> None:
    study.check_code()
    failures = run_with_progress(study, jobs, call_limit_s)
    runs = study.all_runs()
    if failures and not any(run.trials for run in runs):
        raise EvaluationError(f"every run failed; the first said: {failures[0].failure}")
    damages = _report(study, as_json, runs)
    if failures:
        screen = console(stderr=True)
        for failure in failures:
            if failure.failure in damages:
                continue
            screen.print(
                f"failed: {failure.label} seed {failure.seed}: {failure.failure}",
                style="red",
                soft_wrap=True,
            )
    if failures or damages:
        raise typer.Exit(1)


def _tell_failures(runs: Sequence[Run]) -> None:
    """Say how many trials failed and why; `EvaluationError` where none gave a number."""
    reasons = Counter(reason for run in runs for reason in _failures(run))
    count, trials = sum(reasons.values()), sum(len(run.trials) for run in runs)
    if not count:
        return
    [(reason, _)] = reasons.most_common(1)
    text = f"{count:,} of {trials:,} trials failed; most often: {reason}"
    if count == trials:
        raise EvaluationError(text)
    console().print(text, soft_wrap=True)


def _failures(run: Run) -> Iterable[str]:
    """The reason of every trial that failed."""
    from nasbench_mobile.runs.trial_table import TrialTable

    if isinstance(run.trials, TrialTable):
        return run.trials.failures.values()
    return (trial.failure for trial in run.trials if trial.failure is not None)


def _report(
    study: Study, as_json: bool, runs: Sequence[Run] | None = None, how: _Reading | None = None
) -> list[str]:
    """Write and print the report; what is said of damaged logs comes back."""
    runs, how = study.all_runs() if runs is None else runs, how or _Reading()
    from nasbench_mobile.report.study import write_report
    from nasbench_mobile.report.terminal import print_summary
    from nasbench_mobile.studies.descriptions import describer, drawer
    from nasbench_mobile.studies.logged_rewards import scoring
    from nasbench_mobile.studies.results import check_trials

    check_trials(runs, study.folder)
    damages = [run.damage for run in runs if run.damage is not None]
    benchmark = study.plan.benchmark
    console(stderr=True).print(f"writing the report into {study.folder} ...", soft_wrap=True)
    summary = write_report(
        study.folder,
        runs,
        describer(benchmark, runs) if how.space else None,
        draw=drawer(benchmark) if how.space else None,
        command=study.command,
        objective=scoring(benchmark.objective, runs, how.objective),
        notes=study.notes(),
    )
    if as_json:
        print_json(summary)
    else:
        screen = console()
        print_summary(summary, screen)
        for note in summary["notes"]:
            screen.print(f"note: {note}")
        _tell_failures(runs)
        screen.print(f"\nReport: {study.folder / 'report.html'}", soft_wrap=True)
    for damage in damages:
        console(stderr=True).print(f"damaged: {damage}", style="red", soft_wrap=True)
    return damages
