import csv
import dataclasses
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.networks.blocks import BlockSpec, MobileSpec
from nasbench_mobile.networks.drawing import architecture_svg
from nasbench_mobile.report.comparison import compare_runs
from nasbench_mobile.report.html import page
from nasbench_mobile.report.study import write_report
from nasbench_mobile.report.summary import Counted, Description
from nasbench_mobile.report.tables import Describe, summarise
from nasbench_mobile.report.trials import FIELDS, write_trials
from nasbench_mobile.runs.run import Run

VOID = {"meta", "img", "br", "link"}
SPEC = MobileSpec(32, (BlockSpec("sepconv", 3, 1, 16),))


class Checker(HTMLParser):
    """Checks that tags nest, and collects addresses and ids."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.addresses: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def written(study: list[Run], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("report")
    told = write_report(
        folder,
        study,
        lambda tokens: {
            "block_string": f"<{tokens}>", "parameters": 3887038, "multiply_adds": 311579072,
            "counted": None,
        },
        draw=lambda tokens: architecture_svg(SPEC),
        command="nasbench-mobile compare --seeds 8",
    )  # fmt: skip
    return folder, told


def test_all_files_are_there_and_no_half_ones(written: tuple[Path, dict[str, object]]) -> None:
    folder, told = written
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {
        "trials.csv", "summary.json", "report.html", "plots/anytime.png", "plots/final.png",
        "plots/pareto.png", "plots/latency.png",
    }  # fmt: skip
    assert json.loads((folder / "summary.json").read_text()) == told
    assert "best reward" in str(told["verdict"])
    for path in (folder / "plots").iterdir():
        with Image.open(path) as image:
            assert image.width >= 6 * 150
            assert len(image.convert("RGB").getcolors(maxcolors=2**24) or []) > 10  # not empty


def test_page_is_sound_and_needs_no_network(written: tuple[Path, dict[str, object]]) -> None:
    folder, told = written
    text = (folder / "report.html").read_text()
    checker = Checker()
    checker.feed(text)
    assert checker.open == []
    assert all(address.startswith(("data:", "#")) for address in checker.addresses)
    assert not re.search(r"https?://|@import|url\(", text)
    assert "script" not in checker.seen
    assert checker.seen.count("img") == 4
    assert checker.seen.count("svg") == 3
    words = "".join(checker.text)
    assert str(told["verdict"]) in words
    assert "3,887,038" in words
    assert "estimates" in words
    assert "nasbench-mobile compare --seeds 8" in words
    assert "a processor" in words
    assert "<(" in words  # a block string with a bracket came through as text


def test_failure_reasons_cannot_write_html(tmp_path: Path, run_maker: Callable[..., Run]) -> None:
    run = run_maker("ppo", trials=9, budget=60, failure="<script>alert(1)</script>")
    write_report(tmp_path, [run])
    page = (tmp_path / "report.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_study_without_any_trial_still_has_a_report(
    tmp_path: Path, run_maker: Callable[..., Run]
) -> None:
    told = write_report(tmp_path, [run_maker("ppo", trials=0, budget=60)])
    assert "nothing to compare" in told["verdict"]
    assert (tmp_path / "report.html").stat().st_size > 5000


def test_a_run_of_failures_and_one_of_one_trial_still_have_a_report(
    tmp_path: Path, run_maker: Callable[..., Run]
) -> None:
    runs = [run_maker("ppo", trials=3, failed=1), run_maker("random", trials=1, budget=3)]
    told = write_report(tmp_path, runs)
    ppo = next(row for row in told["strategies"] if row["name"] == "ppo")
    assert ppo["best_reward"]["median"] == 0.0
    assert ppo["failed"] == 3


def test_where_files_cannot_be_written_the_error_says_what_is_safe(
    tmp_path: Path, study: list[Run]
) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(NasbenchError, match="event logs are untouched"):
        write_report(tmp_path / "file", study)


def test_trials_read_back_to_the_same_values(run_maker: Callable[..., Run]) -> None:
    runs = [run_maker("ppo", trials=30, noise=0.01, failed=7), run_maker("ppo", 1, label="a,b")]
    file = io.StringIO(newline="")
    write_trials(file, runs)
    file.seek(0)
    rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == FIELDS
    assert len(rows) == 90
    told = [(run, trial, true) for run in runs
            for trial, true in zip(run.trials, run.noise_free, strict=True)]  # fmt: skip
    for row, (run, trial, true) in zip(rows, told, strict=True):
        assert row["strategy"] == run.header.strategy.label
        assert int(row["seed"]) == run.header.seed
        assert tuple(map(int, row["tokens"].split())) == trial.tokens
        if true is None or trial.measurement is None:
            assert row["failure"] == "the evaluator raised"
            assert row["reward"] == row["accuracy"] == row["true_reward"] == ""
            continue
        assert float(row["accuracy"]) == trial.measurement.accuracy
        assert float(row["reward"]) == trial.reward
        assert float(row["true_accuracy"]) == true.accuracy
        expected = true.accuracy * (true.latency_ms / 75) ** -0.07
        assert float(row["true_reward"]) == pytest.approx(expected)


def page_of(runs: list[Run], describe: Describe | None = None) -> tuple[dict[str, list[str]], str]:
    """The cells of the page's leaderboard by heading, and all its words; without plots."""
    comparison = compare_runs(runs)
    text = page(comparison, summarise(comparison, describe), [])
    board = text[text.index("<h2>Leaderboard") :]
    rows = re.findall(r"<tr>\s*(.*?)\s*</tr>", board[: board.index("</table>")], re.DOTALL)
    cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL) for row in rows]
    columns = {heading: list(column) for heading, *column in zip(*cells, strict=True)}
    checker = Checker()
    checker.feed(text.replace("</td>", " </td>"))
    return columns, " ".join("".join(checker.text).split())


def test_the_page_shows_one_figure_of_hypervolume_as_the_terminal_does(
    exact_run: Callable[..., Run],
) -> None:
    """One network at 80 ms per seed: half of the box's latency times a share of its accuracy."""
    accuracies = [0.64, 0.66, 0.70, 0.72, 0.90]  # median 0.70, of the middle three 0.6933
    runs = [exact_run("ppo", seed, [(one, one, 80.0)]) for seed, one in enumerate(accuracies)]
    columns, _ = page_of(runs)
    [figure] = columns["hypervolume, median"]
    assert float(figure) == pytest.approx((0.70 - 0.6) / 0.4 / 2, abs=5e-5)


def test_the_page_prints_no_interval_below_five_seeds(runs_of: Callable[..., list[Run]]) -> None:
    values = [0.60, 0.61, 0.63, 0.66, 0.70]
    columns, words = page_of(runs_of({"ppo": values[:4]}))
    assert columns["IQM"] == ["0.6200"]
    assert "an interval needs 5 seeds" in words
    columns, words = page_of(runs_of({"ppo": values}))
    assert columns["IQM [95 % interval]"][0].startswith("0.6333 [.6")
    assert "with a bootstrap 95 % interval" in words


def test_the_page_says_what_accuracies_and_picks_are(exact_run: Callable[..., Run]) -> None:
    runs = [
        exact_run("ppo", 0, [(0.7, 0.7, 60.0)], extrapolated=frozenset({0})),
        exact_run("ppo", 1, [(0.6, 0.6, 80.0)]),
        exact_run("ppo", 2, [(0.5, 0.5, 75.0)]),
    ]
    columns, words = page_of(runs)
    assert columns["acc. within T"] == ["60.00% (2 of 3)"]
    assert "Accuracy: made-up accuracy." in words
    assert "Of the 3 picks (in each run the network of highest reward), 1 is extrapolated" in words
    assert "The picks lie at 60.0 to 80.0 ms, median 75.0; 2 of 3 within T = 75 ms." in words
    assert "within T ppo 3 1 60.00 (50.00 to 70.00) 75.0 (60.0 to 80.0) 2 A pick is" in words


def test_the_page_says_which_runs_stopped_early(exact_run: Callable[..., Run]) -> None:
    whole = exact_run("ppo", 0, [(0.7, 0.7, 60.0)] * 9)
    _, words = page_of([whole])
    assert "None: all runs came to a good end and spent their budget." in words
    short = exact_run("ppo", 1, [(0.7, 0.7, 60.0)] * 4, budget=9)
    columns, words = page_of([whole, short])
    assert columns["strategy"] == ["ppo (stopped early)"]
    assert "None: all runs came to a good end." in words
    assert "ppo stopped after 4 of 9 proposals on 1 of 2 seeds: it had nothing more to" in words
    halves = exact_run("ppo", 1, [(0.7, 0.7, 60.0)] * 3, budget=9, finished=False,
                       fidelities={0: 0.5})  # fmt: skip
    _, words = page_of([whole, halves])
    assert "ppo 1 2.50 of 9 0.7110 interrupted" in words


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("estimate", "Latencies are estimates: a model made them"),
        ("synthetic", "Latencies are synthetic: a formula made them up"),
        ("measured", "Latencies were measured, so another run of the same command will differ."),
    ],
)
def test_the_page_names_each_kind_of_latency_rightly(
    exact_run: Callable[..., Run], kind: str, said: str
) -> None:
    run = exact_run("ppo", 0, [(0.7, 0.7, 60.0)])
    latency = run.header.benchmark["latency"] | {"kind": kind}
    benchmark = run.header.benchmark | {"latency": latency}
    header = dataclasses.replace(run.header, benchmark=benchmark)
    _, words = page_of([dataclasses.replace(run, header=header)])
    assert said in words
    assert ("give the same logs, times apart" in words) == (kind != "measured")
    assert "synthetics" not in words


def test_the_page_says_of_which_network_counts_are(exact_run: Callable[..., Run]) -> None:
    small: Counted = {"width": 1.0, "input_size": 32, "classes": 10, "full_input_size": 224}

    def describe(tokens: tuple[int, ...]) -> Description:
        return {"block_string": "b", "parameters": 1234, "multiply_adds": 5678, "counted": small}

    runs = [exact_run("ppo", 0, [(0.7, 0.7, 60.0)])]
    _, words = page_of(runs, describe=describe)
    assert "1,234" in words
    assert "of the network that was trained: 32 px, 10 classes. Latency and drawings are" in words


def test_the_page_has_every_pair_with_its_direction(runs_of: Callable[..., list[Run]]) -> None:
    """P = 2 / 2**8 against random search; ppo and tpe share three seeds."""
    base = [0.60, 0.61, 0.62, 0.63, 0.64, 0.65, 0.66, 0.67]
    runs = runs_of(
        {"random": base, "ppo": [one + 0.1 for one in base], "tpe": {5: 0.76, 6: 0.75, 7: 0.77}}
    )
    _, words = page_of(runs)
    assert "ppo random (baseline) 8 8 / 0 / 0 +0.1000 0.0078 0.0078 +1.00 1.00 " in words
    assert (
        "tpe random (baseline) 3 3 / 0 / 0 +0.1000 – – +1.00 1.00 3 paired seeds are too few"
        in words
    )
    assert "random tpe (leader) 3 0 / 0 / 3 -0.1000 – – -1.00 0.00 3 paired seeds" in words
    many = [0.5 + 0.01 * n for n in range(12)]
    _, words = page_of(runs_of({"random": many, "ppo": [one + 0.1 for one in many]}))
    assert "ppo random (baseline) 12 12 / 0 / 0 +0.1000 < 0.001 < 0.001 +1.00 0.99 " in words
