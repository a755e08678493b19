"""What a person sees of `collect`: a line per training, and the one under way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nasbench_mobile.cli.shared.output import console
from nasbench_mobile.collecting.collector import CollectingListener

if TYPE_CHECKING:
    from nasbench_mobile.collecting.jobs import TrainingJob
    from nasbench_mobile.tables.row import Row
    from nasbench_mobile.training.trainer import EpochReport


@contextmanager
def watching() -> Iterator[CollectingListener]:
    """A line on standard error for each training that ended; epochs as they come in a terminal.

    What it is told to say is a line too, in a terminal or not.
    """
    from rich.text import Text

    screen = console(stderr=True)
    started = time.monotonic()
    with screen.status("reading images") as status:

        def says(text: str) -> None:
            screen.print(text, soft_wrap=True)

        def epoch(job: TrainingJob, report: EpochReport) -> None:
            what = job.reference.name if job.reference else ",".join(map(str, job.tokens or ()))
            status.update(
                Text(
                    f"{what} seed {job.seed}: epoch {report.epoch:g}, {report.accuracy:.2%}, "
                    f"{report.elapsed_s:.0f} s"
                )
            )

        def row(row: Row, done: int, total: int) -> None:
            took = row.failure or f"{row.accuracy or 0.0:.2%}, {row.cost_s:.0f} s"
            left_s = (time.monotonic() - started) / done * (total - done)
            says(f"{done}/{total} {row.origin} {row.words}: {took}; {_duration(left_s)} left")

        yield CollectingListener(says, epoch, row)


def _duration(seconds: float) -> str:
    """`5 s`, `12 min` or `3.4 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
