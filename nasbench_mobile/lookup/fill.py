"""Fill a look-up table by measuring every piece of a space, and fit its scale to whole networks."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from nasbench_mobile.errors import EvaluationError, UsageError
from nasbench_mobile.lookup.block_keys import pieces, space_pieces
from nasbench_mobile.lookup.table_file import Entry, LookupFile, read_lookup, write_lookup
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.protocols import SearchSpace
from nasbench_mobile.types import Failure, Tokens

BATCH = 32
"""How many pieces are measured beside one reference (our choice)."""
WRITE_EVERY_S = 2.0
"""What a killed process loses at most, beside the batch it was at."""
WHOLE_NETWORKS = 16
"""How many random networks the scale is fitted to (our choice)."""
WHOLE_SEED = 1
"""The seed of those networks; a check draws others."""


class RatioMeter(Protocol):
    """A device that measures networks as ratios to its reference network.

    `piece_ratios` gives one quick look at every network, in order, and may measure them together;
    a table takes `passes` such looks, far apart in time. `whole_ratio` takes its time over one.
    """

    @property
    def device(self) -> str: ...

    @property
    def runtime(self) -> str: ...

    @property
    def runtime_version(self) -> str: ...

    @property
    def reference(self) -> str: ...

    @property
    def passes(self) -> int: ...

    def reference_ms(self) -> float: ...

    def piece_ratios(self, networks: Sequence[Network]) -> Sequence[float | Failure]: ...

    def whole_ratio(self, network: Network) -> float | Failure: ...


Listener = Callable[[int, int], None]
"""Is told how many of how many looks are done."""


def fill_lookup(
    path: Path,
    space: SearchSpace,
    meter: RatioMeter,
    *,
    listen: Listener = lambda done, total: None,
) -> LookupFile:
    """Measure what a table lacks; the table, complete. It is in `path` as far as it has come.

    A file that is there is gone on with; `UsageError` where it is of another space, device or
    runtime. `EvaluationError` names a piece that cannot be measured; what was measured is kept.
    """
    networks = space_pieces(space)
    table = _start(path, space, meter, len(networks))
    for number in range(table.passes):
        table = _pass(path, table, number, networks, meter, listen)
        wanted = -(-WHOLE_NETWORKS * (number + 1) // table.passes)
        table = _measure_wholes(path, table, wanted, space, meter)
    if table.scale is None:
        table = _fit_scale(table, space)
        write_lookup(path, table)
    return table


def _pass(
    path: Path,
    table: LookupFile,
    number: int,
    networks: Mapping[str, Network],
    meter: RatioMeter,
    listen: Listener,
) -> LookupFile:
    """Look at every piece that has no more than `number` looks yet."""
    left = [key for key in networks if len(_looks(table, key)) <= number]
    # Every pass in another order: whatever a batch has in common evens out.
    np.random.default_rng(number).shuffle(left)
    written = time.monotonic()
    try:
        for start in range(0, len(left), BATCH):
            keys = left[start : start + BATCH]
            found = meter.piece_ratios([networks[key] for key in keys])
            table = _enter(table, dict(zip(keys, found, strict=True)))
            _refuse_failures(keys, found)
            done = (number + 1) * len(networks) - len(left) + start + len(keys)
            listen(done, table.passes * len(networks))
            if time.monotonic() - written > WRITE_EVERY_S:
                write_lookup(path, table)
                written = time.monotonic()
    finally:
        if left:
            write_lookup(path, table)
    return table


def _looks(table: LookupFile, key: str) -> tuple[float, ...]:
    return table.entries[key].looks if key in table.entries else ()


def _enter(table: LookupFile, found: dict[str, float | Failure]) -> LookupFile:
    entries = dict(table.entries)
    for key, ratio in found.items():
        if not isinstance(ratio, Failure):
            entries[key] = Entry((*_looks(table, key), ratio))
    return replace(table, entries=entries, scale=None)


def _refuse_failures(keys: Sequence[str], found: Sequence[float | Failure]) -> None:
    for key, ratio in zip(keys, found, strict=True):
        if isinstance(ratio, Failure):
            raise EvaluationError(f"piece {key!r} could not be measured: {ratio.reason}")


def _start(path: Path, space: SearchSpace, meter: RatioMeter, keys: int) -> LookupFile:
    table = LookupFile(
        space=space.name,
        space_options=space.options,
        device=meter.device,
        runtime=meter.runtime,
        runtime_version=meter.runtime_version,
        reference=meter.reference,
        reference_ms=meter.reference_ms(),
        passes=meter.passes,
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


def _measure_wholes(
    path: Path, table: LookupFile, wanted: int, space: SearchSpace, meter: RatioMeter
) -> LookupFile:
    """Have `wanted` random whole networks measured.

    Some after every pass, because what else a machine does moves whole networks against the
    reference by a few per cent for minutes: pieces and wholes shall have seen the same.
    """
    rng = np.random.default_rng(WHOLE_SEED)
    drawn = [space.canonical(space.sample(rng)) for _ in range(wanted)]
    for tokens in drawn[len(table.whole) :]:
        ratio = measure_whole(meter, space, tokens)
        table = replace(table, whole=(*table.whole, (tokens, ratio)), scale=None)
        write_lookup(path, table)
    return table


def _fit_scale(table: LookupFile, space: SearchSpace) -> LookupFile:
    """Scale by the geometric mean of measured over summed ratios of the whole networks."""
    factors = [ratio / summed_ratio(table, space.network(tokens)) for tokens, ratio in table.whole]
    return replace(table, scale=float(f"{statistics.geometric_mean(factors):.6g}"))


def measure_whole(meter: RatioMeter, space: SearchSpace, tokens: Tokens) -> float:
    """The ratio of a whole network; `EvaluationError` where it cannot be measured."""
    ratio = meter.whole_ratio(space.network(tokens))
    if isinstance(ratio, Failure):
        raise EvaluationError(f"network {list(tokens)} could not be measured: {ratio.reason}")
    return ratio


def summed_ratio(table: LookupFile, network: Network) -> float:
    """The sum of the table's ratios over a network's pieces, before the scale."""
    return math.fsum(table.entries[piece.key].ratio for piece in pieces(network))
