"""The reproduction in plain words: `docs/reproduction.md`, its figures from published records."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from nasbench_mobile.report.reproduction_rows import ClaimRow
from nasbench_mobile.reproduce.claims import STATUSES
from nasbench_mobile.reproduce.registry import MODULES
from nasbench_mobile.reproduce.report_folder import NOT_RUN, claim_rows, published
from nasbench_mobile.reproduce.session import Session

BEYOND_PPO = "figure6-extended"
"""An experiment outside `all`, published in a folder of its own beside the others'."""

HEAD = """\
# Does MnasNet's story hold?

This page takes the paper (Tan et al., CVPR 2019) statement by statement. It is written by
`nasbench-mobile reproduce list --page > docs/reproduction.md` from the records under
`results/reproduction`, and a test keeps it equal to them.

```console
$ nasbench-mobile reproduce list       # experiments, and what became of each claim
$ nasbench-mobile reproduce all --out out/reproduction       # everything that needs no training
$ nasbench-mobile reproduce table1 --device host --out out/table1     # Table 1 on your machine
$ nasbench-mobile reproduce figure6-extended --out out/extended       # the ablation beyond PPO
```

A run writes pictures, tables as CSV, `numbers.csv` (every figure that the paper prints, beside ours
or the reason why there is none), `claims.csv`, and `report.html`, one page with all of it. Finished
experiments are kept: the same command goes on where it was stopped, and other options need another
`--out`.

Every statement gets one of five answers and no other. *Exact* is counting or arithmetic. *Holds on
our benchmark* is behaviour of searches on a surrogate of ImageNet accuracy, or latency by an
estimate of a Pixel 1, within the tolerance that the statement gives. *Does not hold* has the
figures; what was tested and not shown is counted there too. *Needs ImageNet/a phone* comes with the
command that checks it there. *Needs COCO detection* waits for detection to be built.

In the figures, *imagenet-pixel1* is a benchmark whose accuracies come from a model of ImageNet
accuracy (a surrogate) and whose latencies come from *pixel1-tunas*, an estimate of a Pixel 1. Two
figures in brackets are a 95 % interval over searches with different seeds. T is the target latency
and A1 is MnasNet-A1; A12 is the chance that a search of the first kind ends better than one of the
second.
"""

SECTIONS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "The reward",
        "A soft reward takes a little accuracy off for every millisecond; a hard one takes nothing "
        "up to the target and a lot beyond. The exponent of the soft one follows from a premise, "
        "that 5 % more accuracy is worth twice the latency, which can itself be looked for in "
        "printed series and on fronts that searches find. With both exponents alike the target "
        "only rescales the reward: every search is the same whatever the target.",
        ("figure3", "beta"),
        ("figure3.png", "beta.png"),
    ),
    (
        "The search space",
        "Sizes are counted exactly. Two things do not fit together: the size given is that of five "
        "blocks while seven are drawn, and MnasNet-A1 has a number of filters that the choices as "
        "written do not contain.",
        ("search-space",),
        (),
    ),
    (
        "The networks of Table 1",
        "Every released network is rebuilt layer by layer and counted. Where a count is not the "
        "printed one, a finding says by what arithmetic. Latency is estimated where the estimate "
        "was fitted to such layers, which leaves the networks made of cells to a phone.",
        ("table1", "figure2"),
        ("figure2.png",),
    ),
    (
        "Scaling, or searching for a small network",
        "Scaled networks are counted and their latencies estimated against 35 printed points. "
        "Which of them is more accurate needs training; what can be seen without is whether a "
        "search can be aimed at 22 ms at all.",
        ("figure5", "table4"),
        ("figure5a.png", "figure5b.png"),
    ),
    (
        "Hard against soft",
        "The same search with both rewards, ten seeds each, and the five statements that section "
        "7.1 makes about what it samples. Accuracies are the surrogate's, where the paper has "
        "those of five epochs of training.",
        ("figure6",),
        ("figure6-ppo.png",),
    ),
    (
        "What is in the space and in the reward",
        "Searches with and without squeeze-and-excitation to choose; with and without latency in "
        "the reward; and searches against networks that repeat one type of layer.",
        ("table2", "table5", "table6"),
        ("table5.png",),
    ),
    (
        "Other search methods",
        "The paper expects that evolution would do as well and does not show it. Here ten "
        "strategies share one budget, one reward and the same seeds.",
        ("search-algorithms",),
        ("search-algorithms-anytime.png",),
    ),
    (
        "Where printed figures disagree",
        "These are recorded and nothing is mended. Most are a digit, some change what a sentence "
        "says.",
        ("consistency",),
        (),
    ),
    (
        "Detection",
        "Not built yet; nothing is said of it but what division can say.",
        ("table3",),
        (),
    ),
)
"""Title, prose that holds whatever the figures are, experiments, pictures."""

TAIL = """\
## What needs ImageNet, or a phone

The commands in the report name `/data/imagenet`, a folder of ImageNet's images, and
`android:SERIAL`, a phone (`nasbench-mobile devices`). A search there needs a benchmark of its own,
called `imagenet.toml` in these commands:

```toml
name = "imagenet"
version = 1

[space]
name = "mnasnet"            # "nasnet" in imagenet-cells.toml

[accuracy]
evaluator = "training"
data = "/data/imagenet"
recipe = "proxy"

[latency]
evaluator = "pixel1"        # --latency android:SERIAL takes its place
model = "pixel1-tunas.json"

[objective]
form = "soft"
target_ms = 75.0

[reference_point]
accuracy = 0.1
latency_ms = 300.0
```
"""


def story(folder: Path | None = None) -> str:
    """The page in Markdown, from the records in a folder; None means the published ones."""
    place = folder or published()
    rows = claim_rows(place)
    lines = [HEAD, *_summary(place, rows)]
    for title, prose, experiments, pictures in SECTIONS:
        lines += ["", f"## {title}", "", _wrapped(prose), ""]
        lines += _statements([row for row in rows if row["experiment"] in experiments])
        for picture in pictures:
            if (place / picture).is_file():
                lines += ["", f"![{_caption(place, picture)}](../results/reproduction/{picture})"]
        if "figure6" in experiments:
            lines += _beyond_ppo(place.parent / BEYOND_PPO)
    return "\n".join([*lines, "", TAIL])


def _beyond_ppo(folder: Path) -> Iterator[str]:
    """What the ablation over every strategy found, where its record is."""
    for record in Session(folder).records([BEYOND_PPO]).values():
        found = "; ".join(record["said"])
        yield ""
        yield _wrapped(
            f"Does it hold beyond PPO (`reproduce {BEYOND_PPO}`)? {found[0].upper()}{found[1:]}."
        )


def _summary(place: Path, rows: list[ClaimRow]) -> Iterator[str]:
    counts = Counter(row["status"] for row in rows)
    yield "| answer | statements |"
    yield "|---|---|"
    for status in (*STATUSES, NOT_RUN):
        if counts[status]:
            yield f"| {status} | {counts[status]} |"
    records = Session(place).records(list(MODULES)).values()
    if records:
        minutes = sum(record["cost"]["wall_s"] for record in records) / 60
        cpu = sum(record["cost"]["cpu_s"] for record in records) / 60
        yield ""
        yield f"All of it took {minutes:.0f} minutes by the clock, {cpu:.0f} of CPU time."
    missed = [row for row in rows if row["status"] == "does not hold"]
    tested = [row for row in missed if not row["contradiction"]]
    if missed:
        yield ""
        yield _wrapped(
            f"Of the {len(missed)} that do not hold, {len(missed) - len(tested)} are places where "
            "what the paper prints disagrees with itself, with its sources or with the released "
            f"networks, whatever the benchmark; {len(tested)} were tested here and not found:"
        )
        yield ""
        yield from _statements(tested)


def _statements(rows: list[ClaimRow]) -> Iterator[str]:
    for row in rows:
        where = f" ({row['benchmark']})" if row["benchmark"] else ""
        text = f"{row['statement']} ({row['section']}): **{row['status']}**{where}"
        if row["status"] not in (NOT_RUN, "needs ImageNet/a phone", "needs COCO detection"):
            text += f"; {_short(row['detail'])}"
        yield textwrap.fill(
            f"- {text}.", 100, subsequent_indent="  ", break_long_words=False,
            break_on_hyphens=False,
        )  # fmt: skip


def _short(detail: str) -> str:
    """The figures of a detail; the report has the finding in full."""
    return re.split(r"(?<!Fig)(?<!Eq)\. ", detail, maxsplit=1)[0].rstrip(".")


def _caption(place: Path, picture: str) -> str:
    for record in Session(place).records(list(MODULES)).values():
        for one in record["pictures"]:
            if one["file"] == picture:
                return str(one["caption"])
    return picture


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)
