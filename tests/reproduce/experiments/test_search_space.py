"""Sizes of the space, by multiplication and by counting layers."""

from __future__ import annotations

import pytest

from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.cost import node_multiply_adds
from nasbench_mobile.reproduce.experiment import ExperimentOutcome, ExperimentSetting
from nasbench_mobile.reproduce.experiments import search_space
from nasbench_mobile.spaces.mnasnet import MnasNetSpace
from nasbench_mobile.studies.study import Study


def no_study(study: Study) -> None:
    raise AssertionError("nothing is to be searched here")


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> ExperimentOutcome:
    return search_space.run(ExperimentSetting(), tmp_path_factory.mktemp("space"), no_study)


def test_sizes_are_powers_of_a_blocks_432(outcome: ExperimentOutcome) -> None:
    # convolutions 4, kernels 2, SE 2, skip 3, filters 3, layers 3
    assert outcome.result["block"] == 4 * 2 * 2 * 3 * 3 * 3 == 432
    sizes = {name: int(one["lists"]) for name, one in outcome.result["sizes"].items()}
    assert sizes["5 blocks"] == 432**5
    assert sizes["7 blocks (Fig. 4)"] == 432**7
    assert sizes["5 blocks, every layer by itself"] == 432**15  # three layers a block
    tokens = {row["space"]: row["tokens"] for row in outcome.tables[0].rows}
    assert tokens["5 blocks"] == 30
    assert tokens["7 blocks (Fig. 4)"] == 42
    assert tokens["5 blocks, every layer by itself"] == 90
    assert outcome.said == ["sizes are exact integers in the JSON; the table rounds them"]


def test_every_claim_of_the_space_has_its_answer(outcome: ExperimentOutcome) -> None:
    found = {v.claim: (v.status == "exact", v.detail) for v in outcome.verdicts}
    assert found == {
        "space-block": (True, "4 x 2 x 2 x 3 x 3 x 3 = 432"),
        "space-size": (True, "432^5 = 15,045,919,506,432"),  # 10^13.2
        "space-flat": (True, "3.41e+39"),
        "space-fig4": (False, "432^7 = 2.81e+18"),
        "space-factorises": (True, "3.41e+39 = (1.5e+13)^3"),
        "space-a1-inside": (
            False,
            "block 5 has 2 layers, of 112 filters; no tokens of space 'mnasnet'",
        ),
        "space-a1-floored": (True, "2 of 2 encode and decode to the same graph"),
        "separable-cost": (True, "6 layers of K in (3, 5) counted"),
    }


def test_a_network_that_encodes_is_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    floored = MnasNetSpace()  # whose filters are floored, as the released network's are
    monkeypatch.setattr(search_space, "MnasNetSpace", lambda filter_grid: floored)
    verdict = search_space._inside()
    assert (verdict.claim, verdict.status, verdict.detail) == (
        "space-a1-inside", "exact", "it encodes",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("size", "power"), [(3 * 10**12, 12), (4 * 10**12, 13), (3 * 10**13, 13), (4 * 10**13, 14)]
)
def test_a_power_is_the_nearest(size: int, power: int) -> None:
    assert search_space._power(size) == power  # 10^12.5 is 3.16 x 10^12


def test_a_layer_that_costs_anything_else_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        search_space, "node_multiply_adds", lambda node: node_multiply_adds(node) + 1
    )
    assert search_space._separable().status == "does not hold"


def test_one_network_that_changes_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = zoo.network
    monkeypatch.setattr(
        zoo, "network", lambda name: real("mnasnet-a1", 1.0, 192)
        if name == "mnasnet-b1" else real(name),
    )  # fmt: skip
    verdict = search_space._floored()
    assert (verdict.status, verdict.detail[:6]) == ("does not hold", "1 of 2")
