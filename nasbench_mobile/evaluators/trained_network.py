"""Which network an accuracy belongs to: the one that was trained, not the full one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.stem import with_stem_stride
from nasbench_mobile.types import Fidelity

IMAGENET_CLASSES = 1000
"""How many classes ImageNet has, for which the spaces' full networks are made."""

_CLASSES = re.compile(r"\bof (\d+) classes\b")
"""Finds the number of classes in a data set's identity (`training.layout.identity`)."""


@dataclass(frozen=True, slots=True)
class TrainedNetwork:
    """How the trained networks were made; the defaults are those of the full network.

    `input_size` (pixels) None is the space's own, `stem_stride` None the space's too.
    """

    width: float = 1.0
    input_size: int | None = None
    classes: int = IMAGENET_CLASSES
    stem_stride: int | None = None

    @classmethod
    def of(cls, fidelity: Fidelity | None, stem_stride: int | None = None) -> TrainedNetwork:
        """Read it from the fidelity of an accuracy; without one it is the full network.

        Classes are read from what the data set calls itself; one that does not say is taken for
        ImageNet.
        """
        if fidelity is None:
            return cls(stem_stride=stem_stride)
        said = _CLASSES.search(fidelity.data or "")
        classes = int(said[1]) if said else IMAGENET_CLASSES
        return cls(fidelity.width, fidelity.input_size, classes, stem_stride)

    def network(self, architecture: Architecture) -> Network:
        """The network that was trained for an architecture."""
        network = architecture.network(self.width, self.input_size, self.classes)
        return with_stem_stride(network, self.stem_stride)
