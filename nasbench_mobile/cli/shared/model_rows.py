"""What is known of reference models: counts, latency and published figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nasbench_mobile.networks.cost import counts

if TYPE_CHECKING:
    from nasbench_mobile.networks.graph import Network


def zoo_rows() -> list[dict[str, Any]]:
    """Every reference model with its counts and latency, for `list models`."""
    from nasbench_mobile.networks.zoo import MODELS, network

    rows = []
    for name, card in MODELS.items():
        graph = network(name)
        latency_ms = _latencies(graph)
        rows.append(
            {
                "model": name,
                "display_name": card.display_name,
                **counts(graph),
                "latency_ms": latency_ms,
                "pixel1_ms": latency_ms["pixel1"]["value"],
                "published": _published(name),
            }
        )
    return rows


def _latencies(network: Network) -> dict[str, dict[str, Any]]:
    from nasbench_mobile.surrogates.explain import built_in_pixel1

    model = built_in_pixel1()
    value = model.network_latency(network).latency_ms
    return {model.device: {"value": round(value, 3), "kind": model.kind, "source": model.label}}


def _published(name: str) -> list[dict[str, Any]]:
    from dataclasses import asdict

    from nasbench_mobile.networks.zoo import MODELS

    rows = MODELS[name].published if name in MODELS else ()
    return [{**asdict(row), "depth_multiplier": row.width} for row in rows]  # until 0.3
