"""What is kept of a round trip: a line for every file and batch, largest differences, a page."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.round_trip.comparing import BAR, BATCHES, FORMATS, Row
from tests.round_trip.drawing import CLASSES, EDGES, RANDOM, STRIDE_1_UP_TO, WIDTHS, Case

LIBRARIES = ("torch", "ai-edge-litert", "onnx", "onnxscript", "numpy")
COMMAND = "python -m tests.round_trip"


def head(seed: int) -> dict[str, Any]:
    """The record's first line: what a run must share with one that it goes on with."""
    versions = {name: version(name) for name in LIBRARIES}
    return {"seed": seed, "python": platform.python_version(), **versions}


def read_rows(path: Path) -> tuple[dict[str, Any], list[Row]]:
    """(head, rows) of a record; empty where there is none. A torn last line is left out."""
    if not path.exists():
        return {}, []
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    first, *rows = [json.loads(line) for line in lines] or [{}]
    return first, rows


def whole(case: Case, rows: Sequence[Row]) -> list[Row]:
    """The rows of a case; none where some are missing, which are compared again."""
    own = [row for row in rows if case.record.items() <= row.items()]
    return own if len(own) == len(FORMATS) * len(BATCHES) else []


def summary(first: dict[str, Any], rows: Sequence[Row], drawn: int) -> dict[str, Any]:
    """Figures of the rows; `drawn` is how many networks there should be."""
    groups = list(dict.fromkeys(row["group"] for row in rows))
    worst = sorted(rows, key=lambda row: -row["difference"])
    return {
        **first,
        "bar": BAR,
        "drawn": drawn,
        "networks": len(rows) // (len(FORMATS) * len(BATCHES)),
        "comparisons": len(rows),
        "above_bar": [row for row in worst if not row["difference"] <= BAR],
        "largest": {
            group: {
                name: {
                    str(batch): max(
                        row["difference"]
                        for row in rows
                        if (row["group"], row["format"], row["batch"]) == (group, name, batch)
                    )
                    for batch in BATCHES
                }
                for name in FORMATS
            }
            for group in groups
        },
        "worst": worst[0],
        "rounding": max(row["rounding"] for row in rows),
        "least_differing": min(row["differing"] for row in rows),
        "one_by_one": sum(row["how"] == "one by one" for row in rows),
        "sizes": sorted({row["input_size"] for row in rows}),
        "cpu_minutes": round(sum(row.get("cpu_s", 0.0) for row in rows) / 60, 1),
    }


PAGE = """\
# Do the exported files answer as the network does?

{networks} networks as TFLite, `.pt2` and ONNX, each file read back and compared with the PyTorch
module that it was made of, for 1 and for 3 images:

```console
$ OMP_NUM_THREADS=1 {command}
```
{rest}
A figure is the largest difference of any output as a share of the largest output; {bar:g} is the
bar, and {above} of {comparisons} comparisons lie above it. The largest of all is {worst:.2g}.
float32's own rounding, the module against itself in float64, reaches {rounding:.2g}.
{named}
{table}

The zoo is every reference model, a space {random} random architectures of it, `small` the six
networks that `tests/round_trip` tries in every run of the tests, each for layers of its own.
NASNet's space has one normal cell a stack here (`repeats=1`): an export of four takes half a
minute, and the zoo's cell networks have all of theirs.

Drawn by seed are: for each network a width ({widths}) and its number of classes ({classes}); its
size, so that every group has {edges} pixels and one size from each equal part of what lies
between ({sizes} sizes in all, {odd} of them odd); a stem of stride 1 for half of those up
to {small} pixels; weights, with batch norms that have seen images and were then moved; images. No
network answered two of its images alike: the least difference is {least:.2g} of the largest output.

A `.tflite` file is written for one image. For 3 its input is resized where the file can be; in
{one_by_one} of {networks} files a layer has its shape written out, which refuses another batch or
takes the first image alone: there the images run one by one. LiteRT and PyTorch ran on one thread;
ONNX files were read by ONNX's own reference implementation.

`comparisons.jsonl` has a line for each comparison, after one of versions; `summary.json` the
figures above. {versions}; {minutes} minutes of CPU time, on a machine shared with other work.
"""

REST = """
{left} of the {drawn} networks are not compared yet; the same command goes on with them.
"""


ABOVE = """
Above the bar lies {name} of {group} at width {width} and {input_size} px with {classes} classes,
as {format} for {batch}: {difference:.2g}. float32 itself rounds this network's answers by
{rounding:.2g}.
"""


def page(figures: dict[str, Any]) -> str:
    """README.md of the results."""
    sizes, left = figures["sizes"], figures["drawn"] - figures["networks"]
    return PAGE.format(
        command=COMMAND,
        networks=figures["networks"],
        rest=REST.format(left=left, drawn=figures["drawn"]) if left else "",
        bar=BAR,
        above=len(figures["above_bar"]) or "none",
        comparisons=figures["comparisons"],
        worst=figures["worst"]["difference"],
        rounding=figures["rounding"],
        named="".join(ABOVE.format(**row) for row in figures["above_bar"]),
        table=_table(figures["largest"]),
        random=RANDOM,
        widths=", ".join(map(str, WIDTHS)),
        classes=", ".join(map(str, CLASSES)),
        edges=", ".join(map(str, EDGES)),
        sizes=len(sizes),
        odd=sum(size % 2 for size in sizes),
        small=STRIDE_1_UP_TO,
        least=figures["least_differing"],
        one_by_one=figures["one_by_one"],
        versions=", ".join(f"{name} {figures[name]}" for name in ("python", *LIBRARIES)),
        minutes=figures["cpu_minutes"],
    )


def _table(largest: dict[str, Any]) -> str:
    columns = [(name, str(batch)) for name in FORMATS for batch in BATCHES]
    lines = [
        "| largest difference of | " + " | ".join(f"{a}, {b}" for a, b in columns) + " |",
        "|---|" + "---|" * len(columns),
    ]
    for group, found in largest.items():
        cells = [f"{found[name][batch]:.1e}" for name, batch in columns]
        lines.append(f"| {group} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write_summary(out: Path, first: dict[str, Any], rows: Sequence[Row], drawn: int) -> int:
    """Write summary.json and README.md; gives how many comparisons lie above the bar."""
    figures = summary(first, rows, drawn)
    (out / "summary.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    (out / "README.md").write_text(page(figures), encoding="utf-8")
    return len(figures["above_bar"])
