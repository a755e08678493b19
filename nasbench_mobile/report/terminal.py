"""The leaderboard and live progress on a terminal, or without one."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderableType
from rich.live import Live
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from nasbench_mobile.printable import printable
from nasbench_mobile.report.leaderboard import board_cells
from nasbench_mobile.report.notes import notes, row_notes, spent
from nasbench_mobile.report.summary import Summary
from nasbench_mobile.report.verdict import verdict
from nasbench_mobile.report.wording import NOTHING, number
from nasbench_mobile.runs.budget import SLACK

WIDTH = 100
"""How wide in columns a pipe or file is taken to be, and the whole leaderboard is."""

PLAIN_INTERVAL_S = 10.0
"""The seconds between two lines of progress where there is no terminal: our choice, so that the log
of a four-minute study has a screenful."""


class _Console(Console):
    """Escapes what steers a terminal in all text that it is given."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(printable(segment.text), segment.style)


def make_console(*, stderr: bool = False) -> Console:
    """A console of the terminal's width, or of `WIDTH` where there is none; `COLUMNS` goes first.

    It prints text as it is: brackets and colons in a user's names are no markup and no emoji. What
    would steer the terminal, in a plugin's error for instance, is printed as an escape.
    """
    stream = sys.stderr if stderr else sys.stdout
    wished = os.environ.get("COLUMNS", "")
    wide = int(wished) if wished.isdecimal() and len(wished) < 5 and int(wished) > 0 else None
    return _Console(
        stderr=stderr,
        width=wide or (None if stream.isatty() else WIDTH),
        highlight=False,
        markup=False,
        emoji=False,
    )


def print_summary(summary: Summary, console: Console | None = None) -> None:
    """Leaderboard, incomplete runs, what sets rows apart, the verdict and what figures are of."""
    console = make_console() if console is None else console
    # What is wider than a very narrow terminal is wrapped by it; cut off, words would be lost.
    console.print(leaderboard(summary, console.width), crop=False)
    lines = []
    for row in summary["strategies"]:
        lines += [
            f"incomplete: {row['label']} seed {run['seed']}, {spent(run['charged'])} of "
            f"{row['budget']:,} {summary['budget_unit']}: {run['reason']}"
            for run in row["incomplete"]
        ]
    for row in summary["strategies"]:
        lines += [f"{row['label']} {note}." for note in row_notes(row, summary)]
    for line in [*lines, verdict(summary), *notes(summary)]:
        console.print(line, markup=False)


def leaderboard(summary: Summary, width: int = WIDTH) -> Table:
    """The strategies of a summary, best first; fewer columns where `width` is under 96."""
    board = board_cells(summary, wide=width >= 96)
    table = Table(
        box=SIMPLE_HEAD,
        padding=(0, 0 if "seeds" in board.columns else 1, 0, 0),
        pad_edge=False,
        title=Text(board.headline),
        title_justify="left",
        title_style="bold",
        caption=Text(board.legend),
        caption_justify="left",
    )
    longest = max((len(row["label"]) for row in summary["strategies"]), default=8)
    table.add_column("strategy", overflow="fold", min_width=min(longest, 22))
    for heading in board.columns:
        table.add_column(heading, justify="right", no_wrap=True)
    for position, name in enumerate(board.names):
        table.add_row(Text(name), *(Text(cells[position]) for cells in board.columns.values()))
    return table


@dataclass(slots=True)
class _Progress:
    """How far the runs of one strategy are; `clock` times are seconds."""

    charged: dict[int, float] = field(default_factory=dict)
    first: dict[int, float] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    best_reward: float | None = None
    started_s: float | None = None
    updated_s: float | None = None

    def rate(self) -> float | None:
        """The proposals per wall second since the first report, what was resumed left out."""
        if self.started_s is None or self.updated_s is None or self.updated_s <= self.started_s:
            return None
        fresh = sum(self.charged.values()) - sum(self.first.values())
        return fresh / (self.updated_s - self.started_s) if fresh > 0 else None

    def left_s(self, seeds: int, budget: int) -> float | None:
        rate = self.rate()
        if len(self.done) == seeds:
            return 0.0
        waiting = seeds - len(self.charged)
        missing = sum(
            budget - count for seed, count in self.charged.items() if seed not in self.done
        )
        return None if rate is None else (missing + waiting * budget) / rate


class StudyProgress:
    """Live progress of a study: seeds done, proposals/s, best reward so far, time left.

    On a terminal a table that redraws itself; else a plain line every `PLAIN_INTERVAL_S`. Use it
    as a context manager, from one thread.

        with StudyProgress(["random", "ppo"], seeds=[0, 1], budget=1000) as progress:
            progress.update("ppo", 0, charged=20, best_reward=0.71)
            progress.finished("ppo", 0)
    """

    def __init__(
        self,
        strategies: Sequence[str],
        seeds: Sequence[int],
        budget: int,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seeds, self._budget, self._clock = len(seeds), budget, clock
        self._console = make_console(stderr=True) if console is None else console
        self._state = {label: _Progress() for label in strategies}
        self._begun = self._said = clock()
        self._live = (
            Live(get_renderable=self._table, console=self._console, refresh_per_second=4)
            if self._console.is_terminal
            else None
        )

    def __enter__(self) -> StudyProgress:
        self._begun = self._said = self._clock()
        if self._live is not None:
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.__exit__(kind, error, trace)
        elif self._begun != self._clock():
            self._say()

    def update(
        self, label: str, seed: int, charged: float, best_reward: float | None = None
    ) -> None:
        """A run has spent so many proposals now; the first report of a run counts as its start.

        A partial training is charged its share of a proposal.
        """
        state, now = self._state[label], self._clock()
        if state.started_s is None:
            state.started_s = now
        state.first.setdefault(seed, charged)
        state.charged[seed] = max(charged, state.charged.get(seed, 0))
        state.updated_s = now
        if best_reward is not None and math.isfinite(best_reward):
            known = state.best_reward
            state.best_reward = best_reward if known is None else max(known, best_reward)
        if self._live is None and now - self._said >= PLAIN_INTERVAL_S:
            self._say()

    def finished(self, label: str, seed: int) -> None:
        """A run has ended, well or badly."""
        self._state[label].done.add(seed)
        self._state[label].charged.setdefault(seed, 0)
        self._state[label].first.setdefault(seed, 0)

    def _table(self) -> Table:
        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column("strategy", overflow="fold")
        for name in ("seeds", "proposals", "per second", "best reward", "time left"):
            table.add_column(name, justify="right", no_wrap=True)
        for label, state in self._state.items():
            rate = state.rate()
            table.add_row(
                Text(label),
                f"{len(state.done)}/{self._seeds}",
                _whole(sum(state.charged.values())),
                NOTHING if rate is None else f"{rate:,.0f}",
                number(state.best_reward, 4),
                _clock_text(state.left_s(self._seeds, self._budget)),
            )
        return table

    def _say(self) -> None:
        """One line: how much is done and how fast, how long it will take, who is ahead."""
        self._said = self._clock()
        states = self._state
        runs, proposals = len(states) * self._seeds, len(states) * self._seeds * self._budget
        made = sum(sum(state.charged.values()) for state in states.values())
        fresh = made - sum(sum(state.first.values()) for state in states.values())
        elapsed = self._said - self._begun
        parts = [
            f"{sum(len(state.done) for state in states.values()):,} of {runs:,} runs",
            f"{_whole(made)} of {proposals:,} proposals",
        ]
        if fresh > 0 and elapsed > 0 and made < proposals:
            rate = fresh / elapsed
            parts.append(f"{rate:,.0f}/s, {_clock_text((proposals - made) / rate)} left")
        best = {
            label: state.best_reward
            for label, state in states.items()
            if state.best_reward is not None
        }
        if best:
            ahead = max(best, key=lambda label: best[label])
            parts.append(f"best reward {best[ahead]:.4f} ({ahead})")
        line = f"[{_clock_text(elapsed)}] " + ", ".join(parts)
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def _whole(charged: float) -> str:
    """What was spent, in whole proposals: a part of one is not one yet."""
    return f"{math.floor(charged + SLACK):,}"


def _clock_text(seconds: float | None) -> str:
    if seconds is None:
        return NOTHING
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
