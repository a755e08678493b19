"""Another device for a benchmark, named in a word; target and reference point move along."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from nasbench_mobile.benchmark import Benchmark, LatencyChoice
from nasbench_mobile.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nasbench_mobile.lookup.latency import LookupLatency
    from nasbench_mobile.protocols import LatencyEvaluator, SearchSpace

Filling: TypeAlias = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
"""Called with what is measured before a table is filled; what it gives hears how many of how many
are done."""


@contextmanager
def unseen(_: str) -> Iterator[Callable[[int, int], None]]:
    """A filling that nobody hears of."""
    yield lambda done, total: None


KNOWN = "pixel1, host, host-lookup[:FILE], android:SERIAL"
MARGIN = 1.25
"""By how much a measured benchmark's reference latency exceeds the old one, scaled: our choice,
because devices differ by up to 15 % in how slow a network is beside MobileNetV2."""


def choose_latency(benchmark: Benchmark, spec: str, filling: Filling = unseen) -> Benchmark:
    """The benchmark with the latency that `spec` names, for the whole of this machine's study.

    The target becomes as many times MobileNetV2 1.0's latency on the new device as it was on the
    old one. The hypervolume's reference latency becomes the sum of every segment's slowest state
    where the new latency is additive; where it is measured, the old one scaled likewise, with a
    margin of a quarter (a network slower than that adds nothing to the hypervolume).

    `filling` hears of a look-up table that is filled for it.
    """
    name, _, detail = spec.partition(":")
    if spec == benchmark.latency.name == "pixel1":
        return benchmark
    space = _space(benchmark)
    evaluator, new_ms, chosen = _made(name, detail, spec, space, filling)
    factor = new_ms / _mobilenet_v2_ms(benchmark.build_latency())
    slowest = _slowest_ms(evaluator, space)
    corner = MARGIN * factor * benchmark.reference_point.latency_ms if slowest is None else slowest
    choice = LatencyChoice(spec=spec, reference_latency_ms=_digits(corner, math.ceil), **chosen)
    target_ms = _digits(factor * benchmark.objective.target_ms, round)
    return benchmark.with_latency(choice).with_objective(target_ms=target_ms)


def latency_evaluator(spec: str, space: SearchSpace, filling: Filling = unseen) -> LatencyEvaluator:
    """The evaluator that `spec` names, by itself; `UsageError` where it names none."""
    name, _, detail = spec.partition(":")
    return _made(name, detail, spec, space, filling)[0]


def latency_evaluators(
    specs: Sequence[str], space: SearchSpace, *, alone: bool = True, filling: Filling = unseen
) -> dict[str, LatencyEvaluator]:
    """Evaluators by the kind that each of `specs` names; not `alone`, none that measures now."""
    named = {spec.partition(":")[0]: spec for spec in specs}
    if len(named) < len(specs):
        raise UsageError(f"latencies are {', '.join(specs)}; name each kind once")
    if not alone and not named.keys() <= {"pixel1", "host-lookup"}:
        raise UsageError(
            f"latencies are {', '.join(specs)}: one that is measured is disturbed by trainings "
            "beside it; use --jobs 1, or an estimate: pixel1, host-lookup"
        )
    return {name: latency_evaluator(spec, space, filling) for name, spec in named.items()}


def _made(
    name: str, detail: str, spec: str, space: SearchSpace, filling: Filling
) -> tuple[LatencyEvaluator, float, dict[str, Any]]:
    """The evaluator, MobileNetV2's latency by it, and what a benchmark says to have it made."""
    match name:
        case "pixel1" if not detail:
            return _pixel1()
        case "host" if not detail:
            return _host()
        case "host-lookup":
            return _lookup(Path(detail) if detail else None, space, filling)
        case "android" if detail:
            return _android(detail)
    raise UsageError(f"latency is {spec!r}; known are {KNOWN}")


def _pixel1() -> tuple[LatencyEvaluator, float, dict[str, Any]]:
    from nasbench_mobile.surrogates.pixel1 import Pixel1Latency

    path = Path(str(resources.files("nasbench_mobile.benchmarks"))) / "pixel1-tunas.json"
    evaluator = Pixel1Latency.from_file(path)
    chosen = {"evaluator": "pixel1", "options": {}, "model": str(path)}
    return evaluator, _mobilenet_v2_ms(evaluator), chosen


def _host() -> tuple[LatencyEvaluator, float, dict[str, Any]]:
    from nasbench_mobile.devices.host.latency import HostLatency

    evaluator = HostLatency()
    nominal_ms = evaluator.reference_ms()
    options = {"nominal_ms": nominal_ms, "processor": evaluator.device}
    return evaluator, nominal_ms, {"evaluator": "host", "options": options, "model": None}


def _lookup(
    path: Path | None, space: SearchSpace, filling: Filling
) -> tuple[LatencyEvaluator, float, dict[str, Any]]:
    from nasbench_mobile.lookup.latency import LookupLatency

    if path is None:
        path = own_table(space, filling)
    evaluator = LookupLatency.from_file(path)
    chosen = {"evaluator": "host-lookup", "options": {}, "model": str(path.resolve())}
    return evaluator, evaluator.table.reference_ms, chosen


def own_table(space: SearchSpace, filling: Filling = unseen) -> Path:
    """The kept table of this machine for a space; filled now where there is none or but a part."""
    from nasbench_mobile.devices.host.latency import HostLatency
    from nasbench_mobile.files.kept_folder import kept_folder
    from nasbench_mobile.lookup.fill import fill_lookup

    meter = HostLatency()
    made_by = [space.options, meter.device, meter.runtime, meter.runtime_version]
    digest = hashlib.sha256(json.dumps(made_by, sort_keys=True).encode()).hexdigest()[:12]
    path = kept_folder() / "lookup" / f"{space.name}-{digest}.lut"
    with filling(f"blocks of {space.name}, kept in {path}") as listen:
        fill_lookup(path, space, meter, listen=listen)
    return path


def _android(serial: str) -> tuple[LatencyEvaluator, float, dict[str, Any]]:
    from nasbench_mobile.devices.android.meter import PhoneMeter, android_latency

    nominal_ms = PhoneMeter(android_latency(serial=serial)).reference_ms()
    options = {"serial": serial, "nominal_ms": nominal_ms}
    chosen = {"evaluator": "android", "options": options, "model": None}
    evaluator = android_latency(serial=serial, nominal_ms=nominal_ms)
    return evaluator, nominal_ms, chosen


def _space(benchmark: Benchmark) -> SearchSpace:
    from nasbench_mobile.catalog import build_space

    return build_space(benchmark.space.name, benchmark.space.options)


def _mobilenet_v2_ms(evaluator: LatencyEvaluator) -> float:
    from nasbench_mobile.networks.zoo import network

    return evaluator.network_latency(network("mobilenet-v2")).latency_ms


def _slowest_ms(evaluator: LatencyEvaluator | LookupLatency, space: SearchSpace) -> float | None:
    """A bound on the space's slowest network, where the evaluator adds up segments."""
    from nasbench_mobile.protocols import Segmented

    tables = getattr(evaluator, "segment_tables", None)
    if tables is None or not isinstance(space, Segmented):
        return None
    fixed, segments = tables(space)
    return float(fixed + math.fsum(max(table.values()) for table in segments))


def _digits(value: float, to_int: Any) -> float:
    """Three digits: what is chosen shall be short to say."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 2)
    return float(f"{to_int(value / unit) * unit:.3g}")
