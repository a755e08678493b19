"""A study while it runs: the live display, and how it is stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from nasbench_mobile.cli.shared.output import console
from nasbench_mobile.cli.shared.signals import INTERRUPTED
from nasbench_mobile.shell_words import command

if TYPE_CHECKING:
    from rich.console import Console

    from nasbench_mobile.studies.study import Study
    from nasbench_mobile.studies.task import RunProgress


def run_with_progress(
    study: Study, jobs: int, call_limit_s: float | None = None
) -> list[RunProgress]:
    """Run a study under a live display on standard error; the runs that failed come back."""
    from nasbench_mobile.report.terminal import StudyProgress
    from nasbench_mobile.studies.plan import described

    plan = study.plan
    screen = console(stderr=True)
    screen.print(f"{described(plan)}, into {study.folder}", soft_wrap=True)
    failures: list[RunProgress] = []
    labels = [spec.label for spec in plan.strategies]
    try:
        with StudyProgress(labels, plan.seeds, plan.budget, screen) as progress:

            def listen(message: RunProgress) -> None:
                if message.note is not None:
                    screen.print(message.note, soft_wrap=True)
                    return
                progress.update(message.label, message.seed, message.charged, message.best_reward)
                if message.ended:
                    progress.finished(message.label, message.seed)
                    if message.failure:
                        failures.append(message)

            study.run(jobs, listen, lambda: _say_stopping(screen), call_limit_s)
    except KeyboardInterrupt:
        screen.print(
            f"stopped; every trial told is safe. Go on with: {command('resume', study.folder)}",
            soft_wrap=True,
        )
        raise typer.Exit(INTERRUPTED) from None
    return failures


def _say_stopping(screen: Console) -> None:
    screen.print(
        "stopping: every run ends after the batch that it is evaluating; Ctrl-C again stops at "
        "once, which loses these trials alone",
        soft_wrap=True,
    )  # fmt: skip
