"""Which places are tried: so many of each room, drawn by a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.mutation.population import Mutant, Place, mutant, rank

LEAST = 30
"""Of each room at least, our choice: a share of 85 % then has a standard error of 7 points."""


def shares(counts: Mapping[str, int], total: int, least: int = LEAST) -> dict[str, int]:
    """How many of each room: in proportion to its places, but `least` or all that there are.

    What the least takes is taken from the larger rooms. Remainders go to the largest fractions, by
    name where two are equal.
    """
    if total < 0 or least < 0:
        raise ValueError(f"total is {total} and least {least}; give whole numbers from 0 on")
    floors = {room: min(count, least) for room, count in counts.items()}
    if sum(floors.values()) >= total:  # too few for that: in proportion to what was wanted
        return _in_proportion(floors, total)
    found = dict(floors)
    while (rest := total - sum(found.values())) > 0:
        free = {room: count for room, count in counts.items() if found[room] < count}
        if not free:
            break
        whole = sum(counts.values())
        wanted = {room: total * counts[room] / whole - found[room] for room in free}
        above = {room: want for room, want in wanted.items() if want > 0} or dict.fromkeys(free, 1)
        for room, more in _in_proportion(above, rest).items():
            found[room] = min(counts[room], found[room] + more)
    return found


def _in_proportion(weights: Mapping[str, float], total: int) -> dict[str, int]:
    """Whole numbers that add up to `total`, or to all the weights where these are fewer."""
    whole = sum(weights.values())
    if whole == 0:
        return dict.fromkeys(weights, 0)
    exact = {room: total * weight / whole for room, weight in weights.items()}
    found = {room: int(share) for room, share in exact.items()}
    for room in sorted(exact, key=lambda room: (found[room] - exact[room], room)):
        if sum(found.values()) < total:
            found[room] += 1
    return found


def draw(
    root: Path, populations: Mapping[str, Sequence[Place]], total: int, seed: int
) -> dict[str, list[Mutant]]:
    """The sample of each room. A place drawn stays drawn when other code comes and goes."""
    wanted = shares({room: len(found) for room, found in populations.items()}, total)
    sample: dict[str, list[Mutant]] = {}
    for room, found in populations.items():
        sample[room] = []
        for place in sorted(found, key=lambda place: rank(seed, place.key)):
            if len(sample[room]) == wanted[room]:
                break
            one = mutant(root, place, seed)
            if one is not None:
                sample[room].append(one)
    return sample
