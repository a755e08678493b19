"""What is published: results with their command, and the README that shows them."""

from __future__ import annotations

import io
import json
import re
import runpy
from pathlib import Path

from rich.console import Console

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.networks.cost import multiply_adds
from nasbench_mobile.networks.stem import with_stem_stride
from nasbench_mobile.report.terminal import print_summary

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
SHOWN = re.compile(r"<!-- leaderboard: (\S+) -->\n```text\n(.*?)```", re.DOTALL)


def rendered(summary: Path) -> str:
    """The leaderboard as `compare` prints it into a file."""
    console = Console(file=io.StringIO(), width=100, highlight=False)
    print_summary(json.loads(summary.read_text()), console)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


def test_the_readme_shows_the_published_leaderboard() -> None:
    ((place, shown),) = SHOWN.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert shown == rendered(ROOT / place)


def test_the_readme_says_what_was_picked() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    ((place, _),) = SHOWN.findall(text)
    rows = json.loads((ROOT / place).read_text())["strategies"]
    words, leader = " ".join(text.split()), rows[0]["picks"]
    beyond = sum(pick["extrapolated"] for pick in leader)
    assert f"{beyond} of the {len(leader)} networks that the leader picked" in words
    picks = [pick for row in rows for pick in row["picks"]]
    assert f"none of the {len(picks)} picks is within 75 ms" in words
    assert min(pick["latency_ms"] for pick in picks) > 75


def test_every_published_folder_has_its_command() -> None:
    listed = set(re.findall(r"^\| `([^`]+)` \|", (RESULTS / "README.md").read_text(), re.MULTILINE))
    found = {
        str(file.parent.relative_to(RESULTS))
        for file in RESULTS.rglob("*.json")
        if not {"runs", "logs"} & set(file.relative_to(RESULTS).parts)
    }
    assert found <= listed
    assert {name for name in listed if (RESULTS / name).is_dir()} == listed


def test_published_comparisons_are_of_this_version_of_the_benchmark() -> None:
    for file in (RESULTS / "imagenet-pixel1").rglob("summary.json"):
        summary = json.loads(file.read_text())
        assert summary["benchmark_hash"] == load_benchmark("imagenet-pixel1").hash


def test_the_noise_study_would_train_what_its_rows_are_of() -> None:
    folder = RESULTS / "mnasnet-cifar10-noise"
    study = runpy.run_path(str(folder / "study.py"))
    pinned = study["architectures"]()
    for name, setting in study["SETTINGS"].items():
        networks = [
            with_stem_stride(one.network(setting["width"], 32, 10), setting["stem_stride"])
            for one in pinned
        ]
        counted = [round(multiply_adds(network) / 1e6, 3) for network in networks]
        tokens = [list(one.tokens) for one in pinned]
        for row in map(json.loads, (folder / f"{name}.jsonl").read_text().splitlines()):
            if "tokens" in row:
                assert row["tokens"] in tokens
            else:
                assert row["multiply_adds_m"] == counted[row["architecture"]]


def test_random_search_is_beaten() -> None:
    """Over 20 paired seeds, p < 0.01: by 4 of 5 at 1,000 proposals and by all at 4,000."""
    for budget, wanted in ((1000, 4), (4000, 5)):
        file = RESULTS / f"imagenet-pixel1/sense-{budget}/summary.json"
        summary = json.loads(file.read_text())
        tests = [pair for pair in summary["pairs"] if pair["family"] == "random"]
        assert len(tests) == 5
        assert all(pair["seeds"] == 20 for pair in tests)
        beaten = [p for p in tests if p["p_holm"] < 0.01 and p["median_difference"] > 0]
        assert len(beaten) >= wanted
