"""`reproduce`: the paper's figures, tables and claims, ours beside them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nasbench_mobile.cli.shared.common_options import AsJson
from nasbench_mobile.cli.shared.output import console, print_json, print_table, say_left_out
from nasbench_mobile.errors import EvaluationError, NasbenchError, OutsideError, UsageError

if TYPE_CHECKING:
    from nasbench_mobile.reproduce.experiment import Experiment, ExperimentSetting
    from nasbench_mobile.reproduce.report_folder import ListedExperiment
    from nasbench_mobile.reproduce.session import Record
    from nasbench_mobile.studies.study import Study

LIST, ALL = "list", "all"
DEFAULT_OUT = Path("out") / "reproduction"
QUICK_OUT = Path("out") / "reproduction-quick"


def reproduce(
    names: Annotated[
        list[str],
        typer.Argument(
            help="What to reproduce: `list`, `all`, or the names of experiments.", metavar="NAME..."
        ),
    ],
    strategies: Annotated[
        str | None,
        typer.Option(
            help="The strategies, separated by commas. By default each experiment has its own."
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            help="How many runs each strategy has, with the seeds 0, 1, ...; by default 10.", min=1
        ),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(
            help="How many proposals each run makes (the paper says: models sampled). By default "
            "each experiment has its own number.",
            min=1,
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="What table1 measures the latency of all its networks on, beside the estimate: "
            "`host` or `android:SERIAL`."
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Run a small form of the experiments, with 3 seeds and few proposals."
        ),
    ] = False,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", help="How many worker processes run.", min=1)
    ] = 2,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The folder for pictures, tables, the report and logs; by default "
            "out/reproduction."
        ),
    ] = None,
    page: Annotated[
        bool, typer.Option("--page", help="Print docs/reproduction.md. This goes with `list` only.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Reproduce the paper (Tan et al. 2019): figures, tables and every checkable claim.

    `list` says what there is and what became of each claim, `all` runs everything that needs no
    training. The same command again goes on where it was stopped: experiments that are finished in
    the folder are kept, and `report.html` in it holds all of them.

    Example: `nasbench-mobile reproduce figure6 --quick --out out/f6`
    """
    from nasbench_mobile.catalog import parse_strategies
    from nasbench_mobile.reproduce.experiment import ExperimentSetting

    if LIST in names:
        if len(names) > 1:
            raise UsageError(f"{LIST!r} stands alone: `nasbench-mobile reproduce {LIST}`")
        _list(out, page, as_json)
        return
    if page:
        raise UsageError("--page is for `reproduce list` only")
    chosen = _chosen(names)
    setting = ExperimentSetting(
        tuple(parse_strategies(strategies)) if strategies else None, seeds, samples, device, quick
    )
    _check_options(chosen, setting)
    folder = out or (QUICK_OUT if quick else DEFAULT_OUT)
    records, failures = _run(chosen, setting, folder, jobs)
    _print_all(records, folder, quick, as_json, alone=len(chosen) == 1)
    if failures:
        raise EvaluationError(
            f"{len(failures)} of {len(chosen)} experiments failed, so nothing is said of their "
            f"claims: {'; '.join(f'{name}: {why}' for name, why in failures.items())}"
        )


def _print_all(
    records: dict[str, Record], folder: Path, quick: bool, as_json: bool, *, alone: bool
) -> None:
    if as_json:
        print_json(next(iter(records.values())) if alone else {"experiments": records})
        return
    for record in records.values():
        _print(record, folder)
    if quick:
        console().print("--quick shows the machinery: believe no verdict on searches by it")
    console().print(f"Report: {folder / 'report.html'}", soft_wrap=True)


def _chosen(names: list[str]) -> list[Experiment]:
    """The experiments that are meant, each once, in the registry's order."""
    from nasbench_mobile.reproduce.registry import experiment, experiments

    wanted = {experiment(name).name for name in names if name != ALL}
    return [one for one in experiments() if one.name in wanted or (ALL in names and one.in_all)]


def _check_options(chosen: list[Experiment], setting: ExperimentSetting) -> None:
    """Every option given must mean something to at least one of the experiments."""
    if setting.device is not None:
        from nasbench_mobile.reproduce.devices import check_device

        check_device(setting.device)
    heeded = frozenset[str]().union(*(one.options for one in chosen))
    for name in ("strategies", "seeds", "samples", "device"):
        if getattr(setting, name) is not None and name not in heeded:
            listed = ", ".join(f"--{option}" for option in sorted(heeded)) or "none of them"
            raise UsageError(
                f"--{name} means nothing to {', '.join(one.name for one in chosen)}; taken here: "
                f"{listed}"
            )


def _run(
    chosen: list[Experiment], setting: ExperimentSetting, folder: Path, jobs: int
) -> tuple[dict[str, Record], dict[str, str]]:
    """Run what is not finished, and write the report of all that is.

    Gives the records, and of those of several experiments that failed why: a damaged log or record
    is one experiment's, and the others go on.
    """
    from nasbench_mobile.reproduce.report_folder import publish
    from nasbench_mobile.reproduce.session import Session

    session, screen = Session(folder), console(stderr=True)
    records: dict[str, Record] = {}
    failures: dict[str, str] = {}

    def kept(one: Experiment) -> Record | None:
        with _failing(one, failures, alone=len(chosen) == 1):
            return session.kept(one, setting)
        return None

    before = {one.name: kept(one) for one in chosen}  # refuses before it runs
    for number, one in enumerate(chosen, 1):
        place = f"[{number}/{len(chosen)}] {one.name}: "
        if one.name in failures:
            continue
        record = before[one.name]
        if record is not None:
            screen.print(f"{place}finished before, kept", soft_wrap=True)
            records[one.name] = record
            continue
        screen.print(place + one.title, soft_wrap=True)
        with _failing(one, failures, alone=len(chosen) == 1):
            record = session.run(one, setting, lambda study: _run_study(study, jobs))
            records[one.name] = record
            seconds = record["cost"]["wall_s"]
            screen.print(f"{place}done in {seconds:.1f} s", soft_wrap=True)
    publish(folder)
    _say_damages(folder, failures.values())
    return records, failures


@contextmanager
def _failing(one: Experiment, failures: dict[str, str], *, alone: bool) -> Iterator[None]:
    """Keep why one of several experiments failed; what ends all, a full disk say, goes through."""
    try:
        yield
    except (OutsideError, UsageError):
        raise
    except NasbenchError as error:
        if alone:
            raise
        failures[one.name] = str(error)


def _say_damages(folder: Path, said: Collection[str]) -> None:
    """Name the damaged records of a folder, which its page and list leave out, but those `said`."""
    from nasbench_mobile.reproduce.registry import MODULES
    from nasbench_mobile.reproduce.session import Session

    damages = Session(folder).damages(list(MODULES))
    say_left_out([one for one in damages if one not in said], "its experiment counts as not run")


def _run_study(study: Study, jobs: int) -> None:
    from nasbench_mobile.cli.shared.study_progress import run_with_progress

    failures = run_with_progress(study, jobs)
    if failures:
        first = failures[0]
        raise EvaluationError(
            f"{len(failures)} runs failed; {first.label} seed {first.seed}: {first.failure}"
        )


def _list(folder: Path | None, page: bool, as_json: bool) -> None:
    """What there is, and what became of it in a folder; without one, in what is published."""
    from nasbench_mobile.reproduce.docs_page import story
    from nasbench_mobile.reproduce.report_folder import listing

    if page:
        print(story(folder), end="")
        return
    rows = listing(folder)
    if folder is not None:
        _say_damages(folder, ())
    if as_json:
        print_json(rows)
        return
    shown = [
        {
            **row,
            "count": len(row["claims"]),
            "all": "yes" if row["in_all"] else "no",
            "status": _status(row),
        }
        for row in rows
    ]
    print_table(
        {"name": "name", "title": "title", "count": "claims", "all": "in all", "status": "status"},
        shown,
    )


def _status(row: ListedExperiment) -> str:
    if row["status"] == "not run" or not row["claims"]:
        return row["status"]
    counted: dict[str, int] = {}
    for claim in row["claims"]:
        counted[claim["status"]] = counted.get(claim["status"], 0) + 1
    return ", ".join(f"{count} {status}" for status, count in counted.items())


def _print(record: Record, folder: Path) -> None:
    screen = console()
    screen.print(f"\n{record['title']}", style="bold")
    for table in record["tables"]:
        screen.print(table["title"], style="dim")
        print_table(table["columns"], table["rows"])
    for sentence in record["said"]:
        screen.print(sentence, soft_wrap=True)
    if record["claims"]:
        print_table({"id": "claim", "status": "verdict", "detail": "figures"}, record["claims"])
    for picture in record["pictures"]:
        screen.print(f"drawn in {folder / picture['file']}", soft_wrap=True)
