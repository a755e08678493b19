from __future__ import annotations

from pathlib import Path

import pytest

from nasbench_mobile import catalog
from nasbench_mobile.errors import UnknownNameError, UsageError
from nasbench_mobile.types import Decision, StrategySpec

DECISIONS = (Decision("a", 3), Decision("b", 2))


@pytest.mark.parametrize("kind", list(catalog.BUILT_IN))
def test_every_built_in_loads(kind: catalog.CatalogKind) -> None:
    for name in catalog.BUILT_IN[kind]:
        assert callable(catalog.load(kind, name))


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'regularized-evolution'"):
        catalog.load("strategy", "regularised-evolution")
    with pytest.raises(UnknownNameError, match="known are"):
        catalog.load("space", "zzz")


@pytest.mark.parametrize("name", ["regularised-evolution", "zzz"])
def test_a_long_list_of_names_is_left_to_the_command_that_lists_them(name: str) -> None:
    with pytest.raises(UnknownNameError) as raised:
        catalog.load("strategy", name)
    said = str(raised.value)
    assert "`nasbench-mobile list strategies`" in said
    named = [known for known in catalog.names("strategy") if f"'{known}'" in said]
    assert len(named) <= 3
    assert len(said) < 200


def test_strategies_parse_with_options() -> None:
    specs = catalog.parse_strategies("random, ppo:learning_rate=8e-4,clip=0.1,x.py:Mine:a=true")
    assert specs == [
        StrategySpec("random"),
        StrategySpec("ppo", {"learning_rate": 8e-4, "clip": 0.1}),
        StrategySpec("x.py:Mine", {"a": True}),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("random,,ppo", "empty"),
        ("ppo:=3", "without a name"),
        ("random,random", "twice"),
        ("", "empty"),
    ],
)
def test_malformed_strategies(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        catalog.parse_strategies(text)


def test_unknown_option_lists_the_known() -> None:
    spec = StrategySpec("regularized-evolution", {"populaton": 5})
    with pytest.raises(UsageError, match=r"no option 'populaton'.*population_size \(default 100\)"):
        catalog.build_strategy(spec, DECISIONS, seed=0, budget=10)


def test_class_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "class Mine:\n    def __init__(self, decisions, seed, budget): self.seed = seed\n"
    )
    built = catalog.build_strategy(StrategySpec(f"{file}:Mine"), DECISIONS, seed=7, budget=1)
    assert built.seed == 7  # type: ignore[attr-defined]
    with pytest.raises(UnknownNameError, match="did you mean 'Mine'"):
        catalog.load("strategy", f"{file}:Mien")
    with pytest.raises(UsageError, match="names a file but no class"):
        catalog.load("strategy", str(file))
    with pytest.raises(UsageError, match="there is no file"):
        catalog.load("strategy", f"{tmp_path}/other.py:Mine")


def test_a_file_that_raises_is_a_usage_error(tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("import no_such_module\n")
    with pytest.raises(UsageError, match="importing .* raised ModuleNotFoundError"):
        catalog.load("strategy", f"{file}:Any")


def test_a_variant_is_its_strategy_with_other_defaults() -> None:
    retuned = catalog.load("strategy", "ppo-retuned")
    options = catalog.default_options(retuned)
    assert options is not None
    assert options["learning_rate"] == 0.0008
    assert retuned.card == catalog.load("strategy", "ppo").card
    assert not hasattr(retuned, "start")
    assert hasattr(catalog.load("strategy", "nevergrad-lengler"), "start")
    strategy = catalog.build_strategy(StrategySpec("ppo-retuned"), DECISIONS, 0, 10)
    assert len(strategy.ask(3)) == 3
    misspelt = StrategySpec("ppo-retuned", {"lerning_rate": 1})
    with pytest.raises(UsageError, match="no option 'lerning_rate'"):
        catalog.build_strategy(misspelt, DECISIONS, 0, 10)
