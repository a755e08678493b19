"""Our figures beside printed ones: counts, Pixel 1 estimates, and the reasons why there is none."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import TypeAlias

from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.networks.graph import ChannelSelect, Concat, Conv, Network, Pool
from nasbench_mobile.reproduce.claims import ClaimVerdict, exactly, on
from nasbench_mobile.surrogates.pixel1 import Pixel1Latency

Found: TypeAlias = tuple[float | None, str]
"""Our figure and how it came about, or None and why there is none."""

ESTIMATE = "pixel1-tunas"
"""The model of Pixel 1 latencies, and what a verdict by it holds on."""

LATENCY_TOLERANCE = 0.10
"""How far an estimate may be from a printed latency, as a share of that. Our choice: the model is
off by 2.2 % on what it was fitted to and by 5.8 % on scaled A1 (its card), and sources print 138
and 143 ms for one network on one phone."""

NEEDS_IMAGENET = "needs ImageNet: a full training"
NEEDS_PHONE = "needs a phone"
NEEDS_COCO = "needs COCO detection, which is not built yet"
NOT_RELEASED = "the network was never released"
COUNTED = "counted"
ESTIMATED = f"estimate {ESTIMATE}"


@cache
def estimator() -> Pixel1Latency:
    """The Pixel 1 model that comes with the package."""
    folder = Path(str(resources.files("nasbench_mobile.benchmarks")))
    return Pixel1Latency.from_file(folder / f"{ESTIMATE}.json")


def covered(network: Network) -> bool:
    """Whether the estimate was fitted to networks of such layers.

    Chains of convolutions, depthwise ones, squeeze-and-excitation and additions are; pools other
    than global, concatenations, channel selections, and grouped or dilated convolutions are not.
    """
    for node in network:
        match node.operation:
            case Pool() | Concat() | ChannelSelect():
                return False
            case Conv(groups=groups, dilation=dilation):
                if dilation > 1 or groups not in (1, node.input_shapes[0][0]):
                    return False
    return True


def estimate_ms(network: Network) -> float:
    """Estimated milliseconds on a Pixel 1, covered or not."""
    return estimator().network_latency(network).latency_ms


def latency(network: Network) -> Found:
    """The estimate, with its reservation where layers are beyond it."""
    beyond = "" if covered(network) else ", with layers that it was not fitted to"
    return estimate_ms(network), ESTIMATED + beyond


def counts(network: Network, column: str) -> Found:
    """Millions of what a printed column counts."""
    count = parameters(network) if column == "params_m" else multiply_adds(network)
    return count / 1e6, COUNTED


def off(ours: float, printed: float) -> float:
    """How far ours is from the printed figure, as a share of the printed one."""
    return ours / printed - 1.0


def estimated_verdict(claim: str, network: Network, printed_ms: float) -> ClaimVerdict:
    """Whether the estimate agrees with a printed latency within `LATENCY_TOLERANCE`."""
    found = estimate_ms(network)
    share = off(found, printed_ms)
    detail = f"estimated {found:.1f} ms, printed {printed_ms:g} ms ({share:+.1%})"
    return on(ESTIMATE, claim, abs(share) <= LATENCY_TOLERANCE, detail)


def counted_verdict(
    claim: str, pairs: dict[str, tuple[float, float]], tolerance: float, finding: str | None = None
) -> ClaimVerdict:
    """Whether counts agree: of each name (ours, printed) in millions, where both are there."""
    agrees = all(abs(off(ours, printed)) <= tolerance for ours, printed in pairs.values())
    said = "; ".join(
        f"{ours:.3f}M {name}, printed {printed:g}M ({off(ours, printed):+.1%})"
        for name, (ours, printed) in pairs.items()
    )
    return exactly(claim, agrees, f"{said}. {finding}" if finding else said)
