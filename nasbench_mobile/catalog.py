"""The classes behind names: built-in ones, entry points of packages, and `file.py:Class`."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import inspect
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeAlias

from nasbench_mobile.errors import NasbenchError, UnknownNameError, UsageError
from nasbench_mobile.files.text_files import is_file
from nasbench_mobile.plugins.class_files import file_of, load_from_file, names_file
from nasbench_mobile.plugins.code_files import Code, code_of_file
from nasbench_mobile.plugins.strategy_words import parse_strategies as parse_strategies
from nasbench_mobile.protocols import SearchSpace, Strategy
from nasbench_mobile.types import Decision, StrategySpec

CatalogKind: TypeAlias = Literal[
    "strategy", "space", "accuracy evaluator", "latency evaluator", "objective"
]

BUILT_IN: dict[CatalogKind, dict[str, str]] = {
    "strategy": {
        "random": "nasbench_mobile.strategies.random:RandomSearch",
        "random-without-repeats": (
            "nasbench_mobile.strategies.random_without_repeats:RandomWithoutRepeats"
        ),
        "local-search": "nasbench_mobile.strategies.local_search:LocalSearch",
        "successive-halving": "nasbench_mobile.strategies.successive_halving:SuccessiveHalving",
        "regularized-evolution": (
            "nasbench_mobile.strategies.regularized_evolution:RegularizedEvolution"
        ),
        "nsga2": "nasbench_mobile.strategies.optuna_nsga2:OptunaNSGA2",
        "predictor-evolution": "nasbench_mobile.strategies.predictor_evolution:PredictorEvolution",
        "ppo": "nasbench_mobile.strategies.ppo:PPO",
        "reinforce": "nasbench_mobile.strategies.reinforce:Reinforce",
        "optuna-tpe": "nasbench_mobile.strategies.optuna_tpe:OptunaTPE",
        "optuna-motpe": "nasbench_mobile.strategies.optuna_motpe:OptunaMOTPE",
        "optuna-gp": "nasbench_mobile.strategies.optuna_gp:OptunaGP",
        "nevergrad-discrete": "nasbench_mobile.strategies.nevergrad_strategies:NevergradDiscrete",
        "nevergrad-de": "nasbench_mobile.strategies.nevergrad_strategies:NevergradDE",
        "nevergrad-cma": "nasbench_mobile.strategies.nevergrad_strategies:NevergradCMA",
        "nevergrad-ngopt": "nasbench_mobile.strategies.nevergrad_strategies:NevergradNGOpt",
        "nevergrad-pso": "nasbench_mobile.strategies.nevergrad_strategies:NevergradPSO",
    },
    "space": {
        "mnasnet": "nasbench_mobile.spaces.mnasnet:MnasNetSpace",
        "mnasnet-anb": "nasbench_mobile.spaces.mnasnet_anb:MnasNetAnbSpace",
        "mnasnet-coarse": "nasbench_mobile.spaces.mnasnet_coarse:MnasNetCoarseSpace",
        "nasnet": "nasbench_mobile.spaces.nasnet:NasNetSpace",
    },
    "accuracy evaluator": {
        "surrogate": "nasbench_mobile.surrogates.accuracy:SurrogateAccuracy",
        "training": "nasbench_mobile.evaluators.training:TrainingAccuracy",
        "tabular": "nasbench_mobile.evaluators.tabular:TabularAccuracy",
        "synthetic-curves": "nasbench_mobile.evaluators.learning_curves:SyntheticCurves",
    },
    "latency evaluator": {
        "pixel1": "nasbench_mobile.surrogates.pixel1:Pixel1Latency",
        "host": "nasbench_mobile.devices.host.latency:HostLatency",
        "host-lookup": "nasbench_mobile.lookup.latency:LookupLatency",
        "android": "nasbench_mobile.devices.android.meter:android_latency",
    },
    "objective": {},
}
"""Every built-in part, by kind and name, as `module:attribute`."""

VARIANTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "ppo-retuned": (
        "ppo",
        {"learning_rate": 0.0008},
        "`ppo` with the learning rate that Real et al. (arXiv 1802.01548) found best for "
        "the same controller.",
    ),
    "nevergrad-one-plus-one": (
        "nevergrad-discrete",
        {"optimizer": "DiscreteOnePlusOne"},
        "`nevergrad-discrete` with one token changed on average: the plainest (1+1).",
    ),
    "nevergrad-lengler": (
        "nevergrad-discrete",
        {"optimizer": "DiscreteLenglerOnePlusOne"},
        "`nevergrad-discrete` with a share of mutated tokens that falls over the run, so that it "
        "ends in fine steps.",
    ),
}
"""Built-in strategies under another name: name -> (strategy, its other defaults, what for)."""

ENTRY_POINT_GROUPS: dict[CatalogKind, str] = {
    "strategy": "nasbench_mobile.strategies",
    "space": "nasbench_mobile.spaces",
    "accuracy evaluator": "nasbench_mobile.accuracy_evaluators",
    "latency evaluator": "nasbench_mobile.latency_evaluators",
    "objective": "nasbench_mobile.objectives",
}


OLD_SPACE_OPTIONS: dict[str, dict[str, str]] = {"mnasnet": {"depth_multiplier": "width"}}
"""Options of spaces that had another name: space -> {old name: new name}. Records keep the old."""


class Variant(partial[Any]):
    """A class with other defaults; its attributes are those of the class."""

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self.func, attribute)


def names(kind: CatalogKind) -> list[str]:
    """Built-in names in their table's order, then variants, then those of installed packages."""
    known = [*BUILT_IN[kind], *(VARIANTS if kind == "strategy" else ())]
    return [*known, *sorted(_entry_points(kind).keys() - set(known))]


def load(kind: CatalogKind, name: str) -> Any:
    """The class behind a name, an entry point or `path/to/file.py:Class`.

    Raises `UnknownNameError` (with the nearest names) or `UsageError` where a file or the class in
    it is missing.
    """
    if name in BUILT_IN[kind]:
        module, attribute = BUILT_IN[kind][name].split(":")
        return getattr(_import_built_in(module), attribute)
    if kind == "strategy" and name in VARIANTS:
        base, options, _ = VARIANTS[name]
        return Variant(load(kind, base), **options)
    points = _entry_points(kind)
    if name in points:
        return points[name].load()
    if names_file(name):
        return load_from_file(kind, name)
    raise UnknownNameError(kind, name, names(kind))


def name_of(kind: CatalogKind, thing: Any) -> str | None:
    """The name under which `load` gives a class or function; None where it has none."""
    place = f"{thing.__module__}:{thing.__qualname__}"
    points = {name: point.value for name, point in _entry_points(kind).items()}
    known = [name for name, its in {**points, **BUILT_IN[kind]}.items() if its == place]
    return known[0] if known else None


def code_behind(kind: CatalogKind, name: str) -> Code | importlib.metadata.Distribution | None:
    """A file's code, an entry point's distribution, or None for a built-in name.

    `UsageError` where the file is missing, `UnknownNameError` where no such name is known.
    """
    if name in BUILT_IN[kind] or (kind == "strategy" and name in VARIANTS):
        return None
    point = _entry_points(kind).get(name)
    if point is not None:
        return point.dist
    if not names_file(name):
        raise UnknownNameError(kind, name, names(kind))
    return code_of_file(file_of(kind, name)[0])


def build_space(name: str, options: dict[str, Any] | None = None) -> SearchSpace:
    """A search space by name with its keyword options, of which old names are taken too."""
    wanted = current_options(name, options or {})
    space: SearchSpace = call(load("space", name), "space", name, **wanted)
    return space


def current_options(space: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """A space's options by the names that they have now; `UsageError` where one is given twice."""
    renamed = OLD_SPACE_OPTIONS.get(space, {})
    for old, new in renamed.items():
        if old in options and new in options:
            raise UsageError(f"space {space!r} is given {new} and {old}, its old name; give {new}")
    return {renamed.get(key, key): value for key, value in options.items()}


def recorded_options(space: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """A space's options by the names that records and hashes have for them."""
    recorded = {new: old for old, new in OLD_SPACE_OPTIONS.get(space, {}).items()}
    return {recorded.get(key, key): value for key, value in options.items()}


def build_strategy(
    spec: StrategySpec, decisions: Sequence[Decision], seed: int, budget: int
) -> Strategy:
    """A fresh strategy; unknown options are a `UsageError` that lists the known ones."""
    factory = load("strategy", spec.name)
    strategy: Strategy = call(
        factory, "strategy", spec.name, decisions, seed, budget, **spec.options
    )
    return strategy


def call(factory: Any, kind: str, name: str, *arguments: Any, **options: Any) -> Any:
    """`factory(*arguments, **options)`, with a clear error for options it does not have."""
    check_options(factory, kind, name, options)
    return factory(*arguments, **options)


def check_options(factory: Any, kind: str, name: str, options: Iterable[str]) -> None:
    """`UsageError` that lists the known options where one of `options` is unknown."""
    known = default_options(factory)
    for option in options:
        if known is not None and option not in known:
            listed = ", ".join(f"{key} (default {value!r})" for key, value in known.items())
            raise UsageError(
                f"{kind} {name!r} has no option {option!r}; it has {listed or 'no options'}"
            )


def default_options(factory: Any) -> dict[str, Any] | None:
    """Keyword-only options and their defaults; None where the factory takes any (`**options`).

    Old names of options (`old_options`) are left out.
    """
    parameters = inspect.signature(factory).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    old = getattr(factory, "old_options", ())
    return {
        parameter.name: None if parameter.default is parameter.empty else parameter.default
        for parameter in parameters
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.name not in old
    }


def known_defaults(factory: Any) -> dict[str, Any]:
    """Keyword-only options that have a default, beside `**options` too, and that default."""
    return {
        parameter.name: parameter.default
        for parameter in inspect.signature(factory).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is not parameter.empty
    }


def located(name: str, folder: Path) -> tuple[str, str]:
    """A `file.py:Class` with its place made absolute from `folder`, and its code's SHA-256.

    Other names come back as they are, with an empty digest.
    """
    place, colon, attribute = name.rpartition(":")
    if not place.endswith(".py"):
        return name, ""
    path = (folder / place).resolve()
    if not is_file(path):
        raise UsageError(f"{name!r} names {path}, which is not a file")
    return f"{path}{colon}{attribute}", code_of_file(path).sha256


def _entry_points(kind: CatalogKind) -> dict[str, importlib.metadata.EntryPoint]:
    points = importlib.metadata.entry_points(group=ENTRY_POINT_GROUPS[kind])
    return {point.name: point for point in points}


def _import_built_in(module: str) -> ModuleType:
    room = module.rsplit(".", 1)[0]
    try:
        importlib.import_module(room)
    except ModuleNotFoundError as error:
        if error.name == room:
            raise NasbenchError(
                f"{room} cannot be imported: in this checkout the symbolic link "
                f"{room.replace('.', '/')} is missing or was written as a plain file; "
                "on Windows run `git config core.symlinks true` and check out again"
            ) from None
        raise
    return importlib.import_module(module)
