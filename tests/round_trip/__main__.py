"""`python -m tests.round_trip`: compare exported files with their modules, and write results."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from nasbench_mobile.files.atomic_files import write_whole
from tests.round_trip.comparing import Row, compare, prepare
from tests.round_trip.drawing import Case, cases, in_turn
from tests.round_trip.record import head, read_rows, whole, write_summary

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Compare what the record does not have yet, each written as it ends.

    1 where a comparison lies above the bar.
    """
    asked = _arguments()
    asked.out.mkdir(parents=True, exist_ok=True)
    path, first, drawn = asked.out / "comparisons.jsonl", head(asked.seed), cases(asked.seed)
    before, rows = read_rows(path)
    kept = [whole(case, rows) for case in drawn] if before == first else [[] for _ in drawn]
    rest = in_turn([case for case, own in zip(drawn, kept, strict=True) if not own])
    rows = [row for own in kept for row in own]
    if asked.summary:
        rest = []
    write_whole(path, "".join(json.dumps(row) + "\n" for row in (first, *rows)))
    with path.open("a", encoding="utf-8") as file:
        for count, new in enumerate(_compared(rest, asked.processes), len(drawn) - len(rest) + 1):
            file.write("".join(json.dumps(row) + "\n" for row in new))
            file.flush()
            rows += new
            worst = max(row["difference"] for row in new)
            place = f"{new[0]['group']} {new[0]['name'][:20]} {new[0]['input_size']}"
            print(f"{count}/{len(drawn)} {worst:.2e} {place}", flush=True)
    rows = [row for case in drawn for row in whole(case, rows)]
    return int(write_summary(asked.out, first, rows, len(drawn)) > 0)


def _compared(rest: Iterable[Case], processes: int) -> Iterator[list[Row]]:
    with ProcessPoolExecutor(processes, get_context("spawn"), prepare) as pool:
        for ended in as_completed([pool.submit(compare, case) for case in rest]):
            yield ended.result()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.round_trip", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--summary", action="store_true", help="only write the pages anew")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "round-trip")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
