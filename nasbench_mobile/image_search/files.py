"""A search leaves files of its best networks, its record and its page in its folder."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nasbench_mobile.files.atomic_files import write_result
from nasbench_mobile.image_search.request_file import read_request
from nasbench_mobile.image_search.results import SearchResults
from nasbench_mobile.image_search.summary import search_results
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.report.search_page import PLOTS, search_page
from nasbench_mobile.report.search_summary import NetworkRow
from nasbench_mobile.report.trials import write_trials
from nasbench_mobile.studies.descriptions import drawer
from nasbench_mobile.studies.renamed_options import current_command
from nasbench_mobile.studies.study import Study

BEST, RECORD, PAGE, TRIALS = "best", "best.json", "report.html", "trials.csv"
"""The names of the best networks' folder, the record of them, the page, and the list of trials."""


def write_results(study: Study, top: int) -> SearchResults:
    """Write all that can be said of a search so far, and return it.

    Each of the best `top` gets a record and a .tflite file of the full network, whose weights are
    untrained. A search that has trained nothing in full gets no such files and no `best.json`,
    only its page.
    """
    found = search_results(study, top)
    best = [_with_files(row, study.folder, found.space) for row in found.best]
    found = replace(found, summary={**found.summary, "best": best})
    _forget(study.folder, len(best))
    files = [Path(row[kind]) for row in best for kind in ("tflite", "record")]
    if best:
        write_result(study.folder / RECORD, _json(found.summary))
        files.append(study.folder / RECORD)
    return replace(found, files=(*files, *_write_page(study, found)))


def _with_files(row: NetworkRow, folder: Path, space: SearchSpace) -> NetworkRow:
    from nasbench_mobile.networks.tflite import to_tflite

    place = folder / BEST / f"{row['rank']}"
    record, tflite = f"{place}.json", f"{place}.tflite"
    kept: NetworkRow = {**row, "record": record, "tflite": tflite}
    write_result(Path(tflite), to_tflite(space.network(tuple(row["tokens"]))))
    write_result(Path(record), _json(kept))
    return kept


def _forget(folder: Path, count: int) -> None:
    """Remove the files of ranks that are gone, and the record where no network has a rank."""
    for path in (folder / BEST).glob("*.*"):
        if path.suffix in (".tflite", ".json") and path.stem.isdecimal() and int(path.stem) > count:
            path.unlink()
    if not count:
        (folder / RECORD).unlink(missing_ok=True)


def _write_page(study: Study, found: SearchResults) -> list[Path]:
    """Write the page, its pictures and every trial, and say where they lie."""
    folder, objective = study.folder, study.plan.benchmark.objective
    lines = io.StringIO(newline="")
    write_trials(lines, [found.run], objective)
    files: dict[Path, bytes | str] = {folder / TRIALS: lines.getvalue()}
    pictures = []
    for name, caption, draw in PLOTS:
        picture = draw(found.run, found.rows, found.summary)
        if picture is not None:
            files[folder / "plots" / f"{name}.png"] = picture
            pictures.append((caption, picture))
    files[folder / PAGE] = search_page(
        found.run, found.rows, found.summary, pictures, _drawings(study, found.best),
        nothing=found.nothing, resume=None if found.ended else found.resume,
        command=current_command(read_request(folder)["command"]),
    )  # fmt: skip
    for path, content in files.items():
        write_result(path, content)
    return list(files)


def _drawings(study: Study, best: Sequence[NetworkRow]) -> list[str]:
    from nasbench_mobile.report.study import DRAWN

    draw = drawer(study.plan.benchmark)
    return [draw(tuple(row["tokens"])) for row in best[:DRAWN]]


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
