"""The leaderboard: its rows as values, and their cells in words, the same everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import overload

from nasbench_mobile.metrics.statistics import LEAST_FOR_INTERVAL
from nasbench_mobile.printable import printable
from nasbench_mobile.report.notes import mark
from nasbench_mobile.report.summary import StrategyRow, Summary
from nasbench_mobile.report.verdict import verdict
from nasbench_mobile.report.wording import (
    WORSE,
    against_random,
    headline,
    interval,
    number,
    percent,
)


@dataclass(frozen=True, slots=True)
class LeaderboardRow:
    """One strategy of a study; every figure is noise-free, None where there is nothing to say.

    `seeds` counts its runs and `complete` those that came to a good end. `best_reward` is the
    median over seeds of the best reward, `iqm` its interquartile mean with the bootstrap interval
    `ci95`, `p_random` Holm's adjusted p of Wilcoxon's test against random search. `hypervolume`
    (median) is a share of the reference box, `best_within_target` the median accuracy (a fraction)
    of the best network within the target latency, `within_target` and `repeat_rate` shares of all
    trials, `failed` a number of trials, `ask_tell_s` median CPU seconds of a run in the strategy.
    `unranked` says why it has no place.
    """

    strategy: str
    seeds: int
    complete: int
    best_reward: float | None
    iqm: float | None
    ci95: tuple[float, float] | None
    p_random: float | None
    hypervolume: float | None
    best_within_target: float | None
    within_target: float | None
    repeat_rate: float | None
    failed: int
    ask_tell_s: float | None
    unranked: str | None


@dataclass(frozen=True, repr=False)
class Leaderboard(Sequence[LeaderboardRow]):
    """The strategies of a study, best first; a notebook shows it as a table.

    `summary` is the one that the report writes as `summary.json`.
    """

    summary: Summary = field(compare=False)
    rows: tuple[LeaderboardRow, ...] = ()

    @classmethod
    def of(cls, summary: Summary) -> Leaderboard:
        """The rows of a `summary`, in its order."""
        against = {
            row["strategy"]: row["p_holm"] for row in summary["pairs"] if row["family"] == "random"
        }
        return cls(summary, tuple(_row(row, against) for row in summary["strategies"]))

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, position: int) -> LeaderboardRow: ...
    @overload
    def __getitem__(self, position: slice) -> tuple[LeaderboardRow, ...]: ...
    def __getitem__(self, position: int | slice) -> LeaderboardRow | tuple[LeaderboardRow, ...]:
        return self.rows[position]

    def __iter__(self) -> Iterator[LeaderboardRow]:
        return iter(self.rows)

    def __repr__(self) -> str:
        board = board_cells(self.summary)
        columns = [("strategy", board.names), *board.columns.items()]
        widths = [max(map(len, (heading, *cells))) for heading, cells in columns]
        lines = [[heading for heading, _ in columns]]
        lines += [list(line) for line in zip(*(cells for _, cells in columns), strict=True)]
        rows = [
            "  ".join([name.ljust(widths[0]), *map(str.rjust, cells, widths[1:])])
            for name, *cells in lines
        ]
        text = (board.headline, "", *rows, "", board.legend, verdict(self.summary))
        return "\n".join(printable(line.rstrip()) for line in text)

    def _repr_html_(self) -> str:
        """A table with the headline above and, below, what its columns are and the verdict."""
        board = board_cells(self.summary)
        head = "".join(f"<th>{_html(name)}</th>" for name in ("strategy", *board.columns))
        lines = zip(board.names, *board.columns.values(), strict=True)
        body = "".join(
            f"<tr>{''.join(f'<td>{_html(cell)}</td>' for cell in line)}</tr>" for line in lines
        )
        return (
            f"<table><caption>{_html(board.headline)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"<p><small>{_html(board.legend)}</small></p><p>{_html(verdict(self.summary))}</p>"
        )


def _html(text: str) -> str:
    return escape(printable(text))


def _row(row: StrategyRow, against: Mapping[str, float | None]) -> LeaderboardRow:
    rewards = row["best_reward"]
    return LeaderboardRow(
        strategy=row["label"],
        seeds=len(row["seeds"]),
        complete=len(row["seeds"]) - len(row["incomplete"]),
        best_reward=rewards["median"],
        iqm=rewards["iqm"],
        ci95=None if (ci95 := rewards["ci95"]) is None else (ci95[0], ci95[1]),
        p_random=against.get(row["label"]),
        hypervolume=row["hypervolume"]["median"],
        best_within_target=row["best_within_target"],
        within_target=row["within_target"],
        repeat_rate=row["repeat_rate"],
        failed=row["failed"],
        ask_tell_s=row["ask_tell_s"],
        unranked=row["unranked"],
    )


@dataclass(frozen=True, slots=True)
class BoardCells:
    """A leaderboard in words: names of strategies, and columns of as many cells by heading."""

    headline: str
    names: tuple[str, ...]
    columns: Mapping[str, Sequence[str]]
    legend: str


def board_cells(summary: Summary, *, wide: bool = True) -> BoardCells:
    """The cells of a summary's leaderboard; without `wide` those that a narrow screen has."""
    rows = summary["strategies"]
    cells = {name: [make(row, summary) for row in rows] for name, make in _COLUMNS.items()}
    alike = len({len(row["seeds"]) for row in rows}) == 1
    if alike and not any(row["incomplete"] for row in rows):
        del cells["seeds"]  # the headline says it
    for name in () if wide else _WIDE_ONLY:
        cells.pop(name, None)
    legend = _legend(cells)
    columns = {
        "IQM" if name == _INTERVAL and not _intervals(column) else name: column
        for name, column in cells.items()
    }
    names = tuple(row["label"] + mark(row) for row in rows)
    return BoardCells(headline(summary), names, columns, legend)


def _seeds(row: StrategyRow, _: Summary) -> str:
    """Runs that came to a good end, of how many there are."""
    count = len(row["seeds"])
    return str(count) if not row["incomplete"] else f"{count - len(row['incomplete'])}/{count}"


_INTERVAL = "IQM [95 % interval]"

_COLUMNS: dict[str, Callable[[StrategyRow, Summary], str]] = {
    "seeds": _seeds,
    "best": lambda row, _: number(row["best_reward"]["median"], 4),
    _INTERVAL: lambda row, _: interval(row["best_reward"]),
    "p random": against_random,
    "HV": lambda row, _: number(row["hypervolume"]["median"], 4),
    "acc ≤T": lambda row, _: percent(row["best_within_target"], 2),
    "≤T": lambda row, _: percent(row["within_target"]),
    "rep.": lambda row, _: percent(row["repeat_rate"]),
    "s": lambda row, _: number(row["ask_tell_s"], 2),
}
_WIDE_ONLY = ("HV", "rep.", "s")
_LEGENDS = {
    "best": "best: median noise-free best reward",
    _INTERVAL: "IQM: its interquartile mean",
    "p random": "p random: Wilcoxon against random search, Holm",
    "HV": "HV: median hypervolume",
    "acc ≤T": "acc ≤T: median accuracy of the best network within T",
    "≤T": "≤T: share of trials within T",
    "rep.": "rep.: repeats",
    "s": "s: CPU seconds of a run in ask and tell",
}


def _legend(cells: Mapping[str, Sequence[str]]) -> str:
    """What the columns are that are there."""
    said = []
    for name, words in _LEGENDS.items():
        if name in cells:
            said.append(words)
            if any(cell.endswith(WORSE) for cell in cells[name]):
                said.append(f"{WORSE}: worse than random search")
            if name == _INTERVAL and not _intervals(cells[name]):
                said[-1] += f" (no interval below {LEAST_FOR_INTERVAL} seeds)"
    return "; ".join(said)


def _intervals(column: Sequence[str]) -> bool:
    return any("[" in cell for cell in column)
