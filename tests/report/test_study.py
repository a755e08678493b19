import csv
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.networks.blocks import BlockSpec, MobileSpec
from nasbench_mobile.report.architecture import architecture_svg
from nasbench_mobile.report.study import write_report
from nasbench_mobile.report.trials import FIELDS, write_trials
from nasbench_mobile.runs import Run

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
def written(
    study: list[Run], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, object]]:
    folder = tmp_path_factory.mktemp("report")
    told = write_report(
        folder,
        study,
        lambda tokens: {
            "block_string": f"<{tokens}>", "parameters": 3887038, "multiply_adds": 311579072,
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
