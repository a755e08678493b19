"""Search spaces, one file each; names with an underscore first are what several share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasbench_mobile.lazy_names import lazily

if TYPE_CHECKING:
    from nasbench_mobile.spaces.mnasnet import MnasNetSpace
    from nasbench_mobile.spaces.mnasnet_anb import MnasNetAnbSpace
    from nasbench_mobile.spaces.mnasnet_coarse import MnasNetCoarseSpace
    from nasbench_mobile.spaces.nasnet import NasNetSpace

__all__ = ["MnasNetAnbSpace", "MnasNetCoarseSpace", "MnasNetSpace", "NasNetSpace"]

__getattr__ = lazily(
    __name__,
    {
        "MnasNetAnbSpace": "mnasnet_anb",
        "MnasNetCoarseSpace": "mnasnet_coarse",
        "MnasNetSpace": "mnasnet",
        "NasNetSpace": "nasnet",
    },
)
