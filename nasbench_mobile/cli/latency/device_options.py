"""Which device a network is measured on, and how: what `measure` and `lookup` share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from nasbench_mobile.errors import UsageError

if TYPE_CHECKING:
    from nasbench_mobile.devices.host.latency import HostLatency

HOST = "host"


ANDROID = "android:"


DEFAULT_INTERVAL = "3%"


Device = Annotated[
    str,
    typer.Option(
        help="What latency is measured on: `host` or `android:SERIAL` (see `nasbench-mobile "
        "devices`)."
    ),
]


Runtime = Annotated[
    str,
    typer.Option(help="What runs the network on the host: `ai-edge-litert` or `tflite-runtime`."),
]


Python = Annotated[
    str | None,
    typer.Option(
        help="The Python of another environment, which has the runtime. This is for the host only."
    ),
]


NominalMs = Annotated[
    float | None,
    typer.Option(
        help="The latency of the reference network in milliseconds. By default it is measured "
        "once per device and kept."
    ),
]


Cores = Annotated[
    str | None,
    typer.Option(help="The cores of a phone to run on, such as 4-7; by default the fastest."),
]


def make_host(
    runtime: str,
    python: str | None = None,
    nominal_ms: float | None = None,
    pairs: int = 40,
    interval: str | None = None,
    max_pairs: int = 400,
) -> HostLatency:
    """The evaluator of this machine, from a command's options."""
    from nasbench_mobile.devices.host.latency import HostLatency

    return HostLatency(
        runtime=runtime,
        python=python,
        pairs=pairs,
        interval=parse_fraction(interval or DEFAULT_INTERVAL),
        max_pairs=max(pairs, max_pairs),
        nominal_ms=nominal_ms,
    )


def check_device(device: str) -> None:
    """`UsageError` where a device is neither the host nor a phone."""
    if device != HOST and not device.startswith(ANDROID):
        raise UsageError(f"device is {device!r}; it must be host or android:SERIAL")


def check_no_cores(cores: str | None) -> None:
    """`UsageError` where cores are chosen for the host."""
    if cores is not None:
        raise UsageError("--cores is for phones; here start the command with taskset -c CORES")


def parse_fraction(text: str) -> float:
    """`3%` or `0.03` to 0.03; `UsageError` for what is neither, or not in (0, 1].

    >>> parse_fraction("3%")
    0.03
    """
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = math.nan
    if not 0 < value <= 1:
        raise UsageError(f"interval is {text!r}; say for instance 3% or 0.03, at most 100%")
    return value
