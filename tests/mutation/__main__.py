"""`python -m tests.mutation`: try a sample of mutants and write what became of each."""

from __future__ import annotations

import argparse
import json
import re
import resource
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

from tests.mutation.population import Mutant, places
from tests.mutation.record import key_of, page, read_equivalents, read_rows, row_of, summary
from tests.mutation.sampling import draw
from tests.mutation.trying import ROOT, commit, copies, measured, try_all

Rooms: TypeAlias = dict[str, tuple[list[str], list[str]]]
"""Files and tests of each room."""


def main() -> None:
    asked = _arguments()
    if asked.summary:
        _summarise(asked.out)
        return
    slots = copies(asked.work.resolve(), asked.processes)
    rooms, left_out = _rooms(slots[0], asked.room)
    populations = {
        room: places(slots[0], room, files, left_out) for room, (files, _) in rooms.items()
    }
    drawn = draw(slots[0], populations, asked.count, asked.seed)
    mutants = [one for found in drawn.values() for one in found]
    head: dict[str, Any] = {
        "commit": commit(), "seed": asked.seed, "count": asked.count,
        "cosmic_ray": version("cosmic-ray"),
        "places": {room: len(found) for room, found in populations.items()},
    }  # fmt: skip
    if asked.survivors:
        _again(asked.out, mutants, slots, rooms)
    else:
        _sample(asked.out, head, mutants, slots, rooms)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(f"{sum(u.ru_utime + u.ru_stime for u in used) / 60:.1f} minutes of CPU time in all")


def _sample(
    out: Path, head: dict[str, Any], mutants: list[Mutant], slots: list[Path], rooms: Rooms
) -> None:
    """Try what the record does not have yet, each written as it ends; then the summary."""
    before, rows = read_rows(out / "mutants.jsonl")
    if {name: before.get(name) for name in head} != head:
        before, rows = {}, []
    done = {key_of(row) for row in rows}
    reached = measured(slots, rooms)
    spent_s = sum(room.cpu_s for room in reached.values())
    head = {**head, "baseline_cpu_s": round(before.get("baseline_cpu_s", 0.0) + spent_s, 1)}
    out.mkdir(parents=True, exist_ok=True)
    with (out / "mutants.jsonl").open("w", encoding="utf-8") as file:
        for row in (head, *rows):
            file.write(json.dumps(row) + "\n")
        rest = [one for one in mutants if one.key not in done]
        for count, (mutant, outcome) in enumerate(try_all(rest, reached, slots), len(done) + 1):
            file.write(json.dumps(row_of(mutant, outcome)) + "\n")
            file.flush()
            print(f"{count}/{len(mutants)} {outcome['outcome']:8} {mutant.key}", flush=True)
    _summarise(out)


def _again(out: Path, mutants: list[Mutant], slots: list[Path], rooms: Rooms) -> None:
    """Try the survivors of a record on today's tests; the record stays as it is."""
    survivors = summary(*read_rows(out / "mutants.jsonl"), read_equivalents())["survivors"]
    wanted = {(row["file"], row["within"], row["old"], row["new"]) for row in survivors}
    found = [one for one in mutants if (one.file, one.within, one.old, one.new) in wanted]
    print(f"{len(found)} of {len(wanted)} survivors are in the sample of this commit", flush=True)
    used = {one.room for one in found}
    reached = measured(slots, {room: files for room, files in rooms.items() if room in used})
    for mutant, outcome in try_all(found, reached, slots):
        print(f"{outcome['outcome']:8} {mutant.key} ({outcome['by']})", flush=True)


def _summarise(out: Path) -> None:
    head, rows = read_rows(out / "mutants.jsonl")
    if not rows:
        raise SystemExit(f"{out} holds no record of mutants; make one without --summary")
    found = summary(head, rows, read_equivalents())
    (out / "summary.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (out / "README.md").write_text(page(found), encoding="utf-8")
    print(page(found).split("\n## ")[0])


def _rooms(root: Path, wanted: list[str] | None) -> tuple[Rooms, re.Pattern[str]]:
    """Files and tests of each room, and the operators that are left out."""
    told = tomllib.loads((Path(__file__).parent / "rooms.toml").read_text(encoding="utf-8"))
    rooms = {}
    for room, patterns in told["room"].items():
        files, tests = (
            sorted({str(f.relative_to(root)) for p in patterns[kind] for f in root.glob(p)})
            for kind in ("files", "tests")
        )
        if not files or not tests:
            raise SystemExit(
                f"rooms.toml: room {room!r} has {len(files)} files, {len(tests)} tests"
            )
        if wanted is None or room in wanted:
            rooms[room] = (files, tests)
    if unknown := set(wanted or ()) - told["room"].keys():
        raise SystemExit(f"no room {sorted(unknown)}; rooms.toml has {sorted(told['room'])}")
    return rooms, re.compile("|".join(one["operators"] for one in told["left_out"]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--count", type=int, default=400, help="how many mutants (400)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--room", action="append", help="this room alone; may be repeated")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "mutation")
    parser.add_argument("--work", type=Path, default=ROOT / ".mutation", help="for copies")
    parser.add_argument("--summary", action="store_true", help="only write the summary anew")
    parser.add_argument(
        "--survivors", action="store_true", help="try the record's survivors again, and only say"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
