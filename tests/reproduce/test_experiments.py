"""What experiments find where the answer is known beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.networks.cost import parameters
from nasbench_mobile.reproduce import our_trainings as own_table
from nasbench_mobile.reproduce.claims import claims, claims_of
from nasbench_mobile.reproduce.experiment import ExperimentSetting
from nasbench_mobile.reproduce.experiments import table6
from nasbench_mobile.reproduce.experiments.figure6_extended import EXPERIMENT as EXTENDED
from nasbench_mobile.reproduce.experiments.resnet50 import resnet50
from nasbench_mobile.reproduce.paired_seeds import gain
from nasbench_mobile.studies.study import Study
from nasbench_mobile.studies.task import perform
from nasbench_mobile.types import StrategySpec

Records = Callable[[str], dict[str, Any]]


def run_here(study: Study) -> None:
    for task in study.tasks():
        perform(task)


def statuses(record: dict[str, Any]) -> dict[str, str]:
    return {claim["id"]: claim["status"] for claim in record["claims"]}


def test_contradictions_are_found_and_agreements_too(records: Records) -> None:
    found = statuses(records("consistency"))
    contradictions = {c.id for c in claims_of("consistency") if c.contradiction}
    assert {name for name, status in found.items() if status == "does not hold"} == contradictions


def test_no_contradiction_of_the_registry_turns_out_to_hold(records: Records) -> None:
    for name in ("search-space", "table1", "figure5"):
        found = statuses(records(name))
        for claim in claims_of(name):
            if claim.contradiction:
                assert found[claim.id] == "does not hold", claim.id


def test_resnet50_counts_as_known() -> None:
    # torchvision's resnet50: 25,557,032 parameters
    assert parameters(resnet50(stride_in_3x3=True)) == 25_557_032
    assert parameters(resnet50(stride_in_3x3=False)) == 25_557_032


def test_figure_3_is_exact(records: Records) -> None:
    assert set(statuses(records("figure3")).values()) == {"exact"}


def test_sizes_of_the_space_are_exact_integers(records: Records) -> None:
    sizes = records("search-space")["sizes"]
    assert int(sizes["5 blocks"]["lists"]) == 15_045_919_506_432
    assert int(sizes["7 blocks (Fig. 4)"]["distinct"]) == 431_396_604_088_418_304


def test_table_1_is_rebuilt(records: Records) -> None:
    record = records("table1")
    networks = {row["model"]: row for row in record["networks"]}
    released = [row for row in networks.values() if row["released"]]
    assert len(released) == 15
    assert networks["NASNet-A"]["parameters"] == 5_289_978
    assert networks["NASNet-A"]["multiply_adds"] == 563_638_816
    madds = [n for n in record["numbers"] if n["column"] == "mult_adds_m" and n["ours"]]
    assert sum(abs(n["ours"] / n["paper"] - 1) <= 0.02 for n in madds) >= 12
    for name, status in statuses(record).items():
        if name.startswith("counts-") and status == "does not hold":
            [claim] = [c for c in record["claims"] if c["id"] == name]
            assert "rinted" in claim["detail"]  # the arithmetic, and where it comes from


def test_estimates_are_for_layers_that_they_were_fitted_to(records: Records) -> None:
    networks = {row["model"]: row for row in records("table1")["networks"]}
    covered = {name for name, row in networks.items() if row.get("covered")}
    assert {"MnasNet-A1", "MobileNetV1", "MobileNetV2", "MobileNetV2 (1.4x)"} <= covered
    assert not covered & {"NASNet-A", "AmoebaNet-A", "PNASNet", "DARTS", "ShuffleNet (1.5x)"}


def test_single_type_networks_count_as_derived(records: Records) -> None:
    rows = {row["model"]: row for row in records("table6")["rows"]}
    madds = [round(rows[label]["multiply_adds_m"]) for label in table6.ROWS]
    assert madds == [245, 280, 458, 528]
    assert statuses(records("table6"))["a1-kernels"] == "exact"


def test_searches_answer_every_claim(records: Records) -> None:
    """Each status is one that a run can give; what they are depends on far larger searches."""
    for name in ("beta", "search-algorithms", "table2", "table4", "table5", "figure6"):
        record = records(name)
        assert set(statuses(record)) == {claim.id for claim in claims_of(name)}
        assert json.dumps(record)
    assert statuses(records("beta"))["beta-derivation"] == "exact"
    assert statuses(records("figure6"))["target-of-soft"] == "does not hold"
    assert statuses(records("table5"))["same-search-both-spaces"] == "exact"
    assert "(on imagenet-pixel1" in json.dumps(records("figure6")["claims"])


def test_without_squeeze_and_excitation_nothing_has_it(records: Records) -> None:
    record = records("table2")
    assert record["benchmark"]["off"] == "imagenet-pixel1-no-se@1"
    assert record["pattern"]["latency_ms"] > 0


def test_extended_is_not_of_all_and_has_no_claims() -> None:
    assert not EXTENDED.in_all
    assert EXTENDED.name not in {claim.experiment for claim in claims()}


def test_the_extended_ablation_compares_on_paired_seeds(tmp_path: Path) -> None:
    strategies = (StrategySpec("random"), StrategySpec("regularized-evolution"))
    setting = ExperimentSetting(strategies, seeds=2, samples=150, quick=True)
    outcome = EXTENDED.run(setting, tmp_path, run_here)
    answers = {row["strategy"]: row for row in outcome.result["answers"]}
    # random search does not look at rewards
    assert answers["random"]["gain"] == "+0.0000 (2 seeds, too few for an interval)"
    assert answers["regularized-evolution"]["p"] is None  # two seeds prove nothing
    assert {row["answer"] for row in answers.values()} == {"?"}
    objectives = {row["objective"] for row in outcome.result["rows"]}
    assert objectives == {"soft-0.07", "hard-1"}


def test_trained_references_are_compared_by_the_spread_of_all_seeds() -> None:
    first, second = ("mnasnet-a1", 1.0, 224), ("mobilenet-v2", 1.0, 224)
    trained = own_table.Trained({first: (0.6, 0.62), second: (0.5,)}, seed_sd=0.02)
    assert trained.difference(first, second) == pytest.approx((0.11, (0.0002 + 0.0004) ** 0.5))
    gain, error = trained.difference(first, second, (2.0, 1.0)) or (0.0, 0.0)
    assert (gain, error) == pytest.approx((0.72, (0.0008 + 0.0004) ** 0.5))
    assert trained.difference(first, ("mnasnet-b1", 1.0, 224)) is None
    unsure = own_table.Trained({first: (0.6,), second: (0.5,)}).difference(first, second)
    assert unsure == pytest.approx((0.1, float("inf")))


def test_a_gain_is_sure_only_where_its_interval_is() -> None:
    assert gain([0.1, 0.2, 0.15, 0.1, 0.2]).above
    assert not gain([-0.5, 0.2, 0.15, 0.1, 0.2]).above
    assert gain([-0.1, -0.2, -0.1, -0.2, -0.3]).below
    assert not gain([0.3] * 4).above
    assert gain([0.3]).words() == "+0.3000 (1 seed, too few for an interval)"
    assert gain([0.3] * 4).words() == "+0.3000 (4 seeds, too few for an interval)"
