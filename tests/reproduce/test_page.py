"""The page of the documentation: written from the published records, and what it shows is so."""

from __future__ import annotations

import re
from pathlib import Path

from nasbench_mobile.benchmark import read_benchmark
from nasbench_mobile.reproduce.claims import claims
from nasbench_mobile.reproduce.docs_page import SECTIONS, TAIL, story
from nasbench_mobile.reproduce.registry import experiments

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_the_records_say() -> None:
    assert (ROOT / "docs" / "reproduction.md").read_text(encoding="utf-8") == story()


def test_every_claim_is_told() -> None:
    told = [name for _, _, names, _ in SECTIONS for name in names]
    assert sorted(told) == sorted(one.name for one in experiments() if one.in_all)
    text = " ".join(story().split())
    for claim in claims():
        assert claim.statement in text


def test_the_benchmark_that_it_shows_is_one(tmp_path: Path) -> None:
    [shown] = re.findall(r"^```toml\n(.*?)^```", TAIL, re.MULTILINE | re.DOTALL)
    (tmp_path / "imagenet.toml").write_text(shown)
    benchmark = read_benchmark(tmp_path / "imagenet.toml")
    assert benchmark.accuracy.options["recipe"] == "proxy"
    assert benchmark.space.name == "mnasnet"
