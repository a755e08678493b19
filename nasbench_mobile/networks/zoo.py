"""Reference models, and the figures published of them."""

from __future__ import annotations

from nasbench_mobile.errors import UnknownNameError
from nasbench_mobile.networks.blockstring import parse_spec
from nasbench_mobile.networks.cards import TABLE_1, ModelCard, Published
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.released import OTHER_CARDS

__all__ = ["CHAINS", "MODELS", "ModelCard", "Published", "model", "network", "table_1"]

_RELEASED = "tensorflow/tpu, models/official/mnasnet"
_TABLE_4 = "Tan et al. 2019, Table 4"

_A1 = ModelCard(
    "mnasnet-a1",
    "MnasNet-A1",
    parse_spec(
        "stem32 sepconv_r1_k3_s1_e1_o16_noskip mbconv_r2_k3_s2_e6_o24_identity"
        " mbconv_r3_k5_s2_e3_o40_se0.25_identity mbconv_r4_k3_s2_e6_o80_identity"
        " mbconv_r2_k3_s1_e6_o112_se0.25_identity mbconv_r3_k5_s2_e6_o160_se0.25_identity"
        " mbconv_r1_k3_s1_e6_o320_identity head1280 dropout0.2 relu"
    ),
    f"{_RELEASED}; Tan et al. 2019, Fig. 7(a)",
    (
        Published(TABLE_1, 3.9, 312, 0.752, 0.925, 78, label="MnasNet-A1"),
        Published(
            _TABLE_4,
            1.7,
            63,
            0.641,
            None,
            22.8,
            width=0.35,
            finding="Counted: 1,747,018 parameters (1.75M, printed 1.7M) and 61.68M multiply-adds, "
            "squeeze-and-excitation's included; the printed 63M is 2.1 % more, and no part of the "
            "network explains it.",
        ),
    ),
)
_B1 = ModelCard(
    "mnasnet-b1",
    "MnasNet-B1",
    parse_spec(
        "stem32 sepconv_r1_k3_s1_e1_o16_noskip mbconv_r3_k3_s2_e3_o24_identity"
        " mbconv_r3_k5_s2_e3_o40_identity mbconv_r3_k5_s2_e6_o80_identity"
        " mbconv_r2_k3_s1_e6_o96_identity mbconv_r4_k5_s2_e6_o192_identity"
        " mbconv_r1_k3_s1_e6_o320_noskip head1280 dropout0.2 relu"
    ),
    _RELEASED,
    (Published("Tan et al. 2019, Table 2", top1=0.745, pixel1_latency_ms=77),),
)
_SMALL = ModelCard(
    "mnasnet-small",
    "MnasNet-small",
    parse_spec(
        "stem8 sepconv_r1_k3_s1_e1_o8_noskip mbconv_r1_k3_s2_e3_o16_identity"
        " mbconv_r2_k3_s2_e6_o16_identity mbconv_r4_k5_s2_e6_o32_se0.25_identity"
        " mbconv_r3_k3_s1_e6_o32_se0.25_identity mbconv_r3_k5_s2_e6_o88_se0.25_identity"
        " mbconv_r1_k3_s1_e6_o144_identity head1280 dropout0.0 relu"
    ),
    _RELEASED,
    # That it is Table 4's MnasNet-search2 is inferred: its counts are those printed there.
    (Published(f"{_TABLE_4}, MnasNet-search2", 2.0, 68, 0.660, None, 23.2),),
)
_V1 = ModelCard(
    "mobilenet-v1",
    "MobileNetV1",
    # The dropout of 0.001 is tensorflow/models slim's (keep probability 0.999).
    parse_spec(
        "stem32 dsconv_r1_k3_s1_e1_o64_noskip dsconv_r2_k3_s2_e1_o128_noskip"
        " dsconv_r2_k3_s2_e1_o256_noskip dsconv_r6_k3_s2_e1_o512_noskip"
        " dsconv_r2_k3_s2_e1_o1024_noskip nohead dropout0.001 relu6"
    ),
    "Howard et al. 2017, Table 1; tensorflow/models slim",
    (Published(TABLE_1, 4.2, 575, 0.706, 0.895, 113, label="MobileNetV1"),),
)
_V2 = ModelCard(
    "mobilenet-v2",
    "MobileNetV2",
    parse_spec(
        "stem32 sepconv_r1_k3_s1_e1_o16_identity mbconv_r2_k3_s2_e6_o24_identity"
        " mbconv_r3_k3_s2_e6_o32_identity mbconv_r4_k3_s2_e6_o64_identity"
        " mbconv_r3_k3_s1_e6_o96_identity mbconv_r3_k3_s2_e6_o160_identity"
        " mbconv_r1_k3_s1_e6_o320_identity head1280 dropout0.2 relu6"
    ),
    "Sandler et al. 2018, Table 2; tensorflow/models slim",
    (
        Published(
            TABLE_1,
            3.4,
            300,
            0.720,
            0.910,
            75,
            label="MobileNetV2",
            finding="Counted: 3,504,872 parameters (3.50M), of which 34,112 are batch norm's "
            "scales and offsets; without them 3.47M. The printed 3.4M is from MobileNetV2's "
            "own Table 4.",
        ),
        Published(
            TABLE_1,
            6.9,
            585,
            0.747,
            0.925,
            143,
            width=1.4,
            label="MobileNetV2 (1.4x)",
            finding="Counted: 6,108,776 parameters (6.11M) and 582.20M multiply-adds. The printed "
            "6.9M is MobileNetV2's own Table 4, 0.79M above the count; multiply-adds agree.",
        ),
        Published(_TABLE_4, 1.66, 59, 0.603, None, 21.4, width=0.35),
    ),
    head_grows=True,
)

_B0 = ModelCard(
    "efficientnet-b0-blocks",
    "EfficientNet-B0's blocks",
    # The block structure alone: EfficientNet's swish and drop connect are not in it.
    parse_spec(
        "stem32 sepconv_r1_k3_s1_e1_o16_se0.25_identity mbconv_r2_k3_s2_e6_o24_se0.25_identity"
        " mbconv_r2_k5_s2_e6_o40_se0.25_identity mbconv_r3_k3_s2_e6_o80_se0.25_identity"
        " mbconv_r3_k5_s1_e6_o112_se0.25_identity mbconv_r4_k5_s2_e6_o192_se0.25_identity"
        " mbconv_r1_k3_s1_e6_o320_se0.25_identity head1280 dropout0.2 relu"
    ),
    "Tan and Le 2019 (EfficientNet), Table 1",
    (Published("Tan and Le 2019 (EfficientNet), Table 2", 5.3, 390),),
)

_CHAINS = (_A1, _B1, _SMALL, _V1, _V2, _B0)
CHAINS: dict[str, ModelCard] = {card.name: card for card in _CHAINS}
"""The reference models that are chains of mobile blocks, so that they have a block string."""
MODELS: dict[str, ModelCard] = CHAINS | {card.name: card for card in OTHER_CARDS}
"""Every reference model by name. MnasNet-A2, -A3 and -search1 were never released."""


def table_1() -> list[tuple[ModelCard, Published]]:
    """Every row of the paper's Table 1 whose network was released, with the card of its model."""
    rows = [(card, row) for card in MODELS.values() for row in card.published]
    return [(card, row) for card, row in rows if row.source == TABLE_1]


def model(name: str) -> ModelCard:
    """The card of a reference model; `UnknownNameError` suggests the nearest names."""
    if name not in MODELS:
        raise UnknownNameError("model", name, MODELS)
    return MODELS[name]


def network(name: str, width: float = 1.0, input_size: int = 224, classes: int = 1000) -> Network:
    """A reference model's graph at any width multiplier above 0 and input size from 32 pixels."""
    return model(name).build(width, input_size, classes)
