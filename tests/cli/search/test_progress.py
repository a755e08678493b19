"""What is said while a search runs: candidates are counted, and trainings are what is spent."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import pytest
from rich.console import Console

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.cli.search import progress as search_progress
from nasbench_mobile.cli.search.progress import SearchProgress
from nasbench_mobile.runs.run import Run, RunHeader
from nasbench_mobile.search.problem import Outcome
from nasbench_mobile.search.progress import Progress
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.training.trainer import EpochReport
from nasbench_mobile.types import (
    Failure,
    LatencyReading,
    Measurement,
    Proposal,
    StrategySpec,
    Trial,
)

SPACE = MnasNetSpace()
ONE = Architecture(SPACE, (0,) * len(SPACE.decisions))


@dataclass
class Clock:
    """Seconds that pass only when a test says so."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now


@dataclass
class Followed:
    """A search that goes on step by step, and what was said of it."""

    clock: Clock
    text: io.StringIO = field(default_factory=io.StringIO)

    @property
    def screen(self) -> Console:
        return Console(file=self.text, width=200, highlight=False)

    def progress(self, budget: int, run: Run | None = None) -> SearchProgress:
        return SearchProgress(run, budget, 4.0, self.screen)

    def evaluate(
        self, progress: SearchProgress, share: float, seconds: float, reward: float
    ) -> str:
        """The line that is said when a candidate has ended."""
        progress.begins(ONE, share)
        progress.latency(LatencyReading(20.0))
        self.clock.now += seconds
        found = Measurement(accuracy=reward, latency_ms=20.0)
        progress.ends(Outcome(found, reward, found))
        return self.said[-1]

    @property
    def said(self) -> list[str]:
        return self.text.getvalue().splitlines()


@pytest.fixture
def followed(monkeypatch: pytest.MonkeyPatch) -> Followed:
    clock = Clock()
    monkeypatch.setattr(search_progress, "time", clock)
    return Followed(clock)


def test_partial_trainings_are_counted_as_candidates_and_charged_by_their_share(
    followed: Followed,
) -> None:
    with followed.progress(10) as progress:
        for number in range(1, 5):
            line = followed.evaluate(progress, 0.25, 1.0, 0.9)
            spent = f"{number / 4:.4g}"
            assert line.startswith(
                f"candidate {number} (25 % of a training), {spent} of 10 trainings spent: "
            )
            assert line.endswith("no full training yet")  # 0.9 is of a quarter
            progress.told(Progress(trials=number, charged=number / 4))
        line = followed.evaluate(progress, 1.0, 4.0, 0.5)
        assert line.startswith("candidate 5 (in full), 2 of 10 trainings spent: ")
        assert line.endswith("best 0.5000 (50.00%, 20 ms)")


def test_full_trainings_are_counted_up_to_the_budget(followed: Followed) -> None:
    with followed.progress(3) as progress:
        lines = [followed.evaluate(progress, 1.0, 1.0, 0.5) for _ in range(3)]
    assert [line.partition(":")[0] for line in lines] == [
        "candidate 1 of 3", "candidate 2 of 3", "candidate 3 of 3"
    ]  # fmt: skip


def test_the_time_left_is_that_of_the_trainings_left(followed: Followed) -> None:
    with followed.progress(10) as progress:
        for _ in range(4):
            followed.evaluate(progress, 0.25, 30.0, 0.5)  # 120 s for a training
        progress.told(Progress(trials=4, charged=1.0))
        assert progress.line().plain.endswith("about 18 min for the other 9 trainings")
        progress.begins(ONE, 1.0)
        assert progress.line().plain.endswith("about 16 min for the other 8 trainings")


def test_nothing_left_is_not_spoken_of(followed: Followed) -> None:
    with followed.progress(2) as progress:
        followed.evaluate(progress, 1.0, 5.0, 0.5)
        progress.told(Progress(trials=1, charged=1.0))
        assert progress.line().plain.endswith("less than a minute for the other 1 training")
        progress.begins(ONE, 1.0)
        assert "for the other" not in progress.line().plain
        progress.ends(Failure("out of memory"))
        progress.told(Progress(trials=2, charged=2.0, failed=1))
        assert "for the other" not in progress.line().plain


def test_what_was_told_before_counts(followed: Followed) -> None:
    header = RunHeader({}, "", StrategySpec("successive-halving"), 0, 10)
    found = Measurement(accuracy=0.9, latency_ms=20.0)
    trials = (
        Trial(Proposal(0, ONE.tokens, 0.25), found, 0.9),
        Trial(Proposal(1, ONE.tokens, 0.25), failure="out of memory"),
        Trial(Proposal(2, ONE.tokens), Measurement(0.4, 20.0), 0.4),
    )
    run = Run(header, trials, (None,) * 3, finished=False)
    with followed.progress(10, run) as progress:
        line = followed.evaluate(progress, 0.25, 1.0, 0.8)
    assert line.startswith("candidate 4 (25 % of a training), 1.75 of 10 trainings spent: ")
    assert line.endswith("best 0.4000 (40.00%, 20 ms)")


def test_epochs_are_those_of_the_share(followed: Followed) -> None:
    with followed.progress(10) as progress:
        progress.begins(ONE, 0.5)
        progress.latency(LatencyReading(20.0))
        progress.epoch(EpochReport(1.0, 2.0, 0.3, 4.0))
        assert "epoch 1 of 2, accuracy 30.00%" in followed.said[-1]
