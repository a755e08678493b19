"""Fill a look-up table by measuring every piece of a space, and fit its scale to whole networks."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from nasbench_mobile.errors import EvaluationError, UsageError
from nasbench_mobile.evaluators.block_keys import pieces, space_pieces
from nasbench_mobile.evaluators.lookup_file import Entry, LookupFile, read_lookup, write_lookup
from nasbench_mobile.evaluators.pairing import PairedRatio
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.types import Failure, Tokens

PAIRS = 20
"""Pairs per piece (our choice: errors of 2 % in a piece average out over a network's twenty)."""
BATCH = 32
"""Pieces measured beside one reference, and lost where filling is stopped (our choice)."""
WHOLE_NETWORKS = 12
"""Random networks that the scale is fitted to (our choice)."""
WHOLE_SEED = 1
"""Seed of those networks; a check draws others."""


class RatioMeter(Protocol):
    """A device that measures networks as ratios to the reference network.

    `ratios` gives one ratio or failure per network, in order; it may measure them together.
    """

    @property
    def device(self) -> str: ...

    @property
    def runtime(self) -> str: ...

    @property
    def runtime_version(self) -> str: ...

    @property
    def reference(self) -> str: ...

    def reference_ms(self) -> float: ...

    def ratios(
        self, networks: Sequence[Network], *, pairs: int
    ) -> Sequence[PairedRatio | Failure]: ...


Listener = Callable[[int, int], None]
"""Told how many of how many keys are measured."""


def fill_lookup(
    path: Path,
    space: SearchSpace,
    meter: RatioMeter,
    *,
    pairs: int = PAIRS,
    listen: Listener = lambda done, total: None,
) -> LookupFile:
    """Measure what a table lacks, and write it to `path` after every batch; the table, complete.

    A file that is there is gone on with; `UsageError` where it is of another space, device or
    runtime. `EvaluationError` names a piece that cannot be measured; what was measured is kept.
    """
    networks = space_pieces(space)
    table = _start(path, space, meter, len(networks), pairs)
    left = [key for key in networks if key not in table.entries]
    # Like pieces stand together in the list; a batch's common error shall not be a kind's.
    np.random.default_rng(0).shuffle(left)
    listen(len(networks) - len(left), len(networks))
    for start in range(0, len(left), BATCH):
        keys = left[start : start + BATCH]
        found = meter.ratios([networks[key] for key in keys], pairs=pairs)
        measured = {
            key: Entry(ratio.value, ratio.cv)
            for key, ratio in zip(keys, found, strict=True)
            if isinstance(ratio, PairedRatio)
        }
        table = replace(table, entries={**table.entries, **measured}, scale=None)
        write_lookup(path, table)
        for key, ratio in zip(keys, found, strict=True):
            if isinstance(ratio, Failure):
                raise EvaluationError(f"piece {key!r} could not be measured: {ratio.reason}")
        listen(len(table.entries), len(networks))
    if table.scale is None:
        table = _fit_scale(table, space, meter)
        write_lookup(path, table)
    return table


def _start(path: Path, space: SearchSpace, meter: RatioMeter, keys: int, pairs: int) -> LookupFile:
    table = LookupFile(
        space=space.name,
        space_options=space.options,
        device=meter.device,
        runtime=meter.runtime,
        runtime_version=meter.runtime_version,
        reference=meter.reference,
        reference_ms=meter.reference_ms(),
        pairs=pairs,
        date=time.strftime("%Y-%m-%d"),
        keys=keys,
    )
    if not path.exists():
        return table
    there = read_lookup(path)
    found, wanted = there.made_by(), table.made_by()
    if differing := [name for name in wanted if found[name] != wanted[name]]:
        raise UsageError(
            f"{path} holds a table made with "
            + ", ".join(f"{name} {found[name]!r} (here {wanted[name]!r})" for name in differing)
            + "; two are never mixed: write this one to another file"
        )
    return there


def _fit_scale(table: LookupFile, space: SearchSpace, meter: RatioMeter) -> LookupFile:
    """Scale by the median of measured over summed ratios of random whole networks."""
    rng = np.random.default_rng(WHOLE_SEED)
    tokens = tuple(space.canonical(space.sample(rng)) for _ in range(WHOLE_NETWORKS))
    measured = measure_whole(space, tokens, meter)
    sums = [summed_ratio(table, space.network(one)) for one in tokens]
    scale = statistics.median(m.value / s for m, s in zip(measured, sums, strict=True))
    return replace(table, scale=float(f"{scale:.6g}"), fitted_to=tokens)


def measure_whole(
    space: SearchSpace, tokens: Sequence[Tokens], meter: RatioMeter, pairs: int = 40
) -> list[PairedRatio]:
    """Ratios of whole networks, one at a time; `EvaluationError` where one cannot be measured."""
    found = []
    for one in tokens:
        ratio = meter.ratios([space.network(one)], pairs=pairs)[0]
        if isinstance(ratio, Failure):
            raise EvaluationError(f"network {list(one)} could not be measured: {ratio.reason}")
        found.append(ratio)
    return found


def summed_ratio(table: LookupFile, network: Network) -> float:
    """The sum of the table's ratios over a network's pieces, before the scale."""
    return math.fsum(table.entries[piece.key].ratio for piece in pieces(network))
