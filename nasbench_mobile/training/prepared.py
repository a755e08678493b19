"""One image as a network takes it, by the functions that evaluation uses."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from nasbench_mobile.training import crops
from nasbench_mobile.training.decoding import Pixels, cut
from nasbench_mobile.training.preparation import Preparation


def prepared(pixels: Pixels, preparation: Preparation) -> NDArray[np.float32]:
    """Prepare an image, uint8 [height, width, 3], as float32 [size, size, 3]."""
    height, width = pixels.shape[:2]
    if preparation.depth == "uint8":
        resized = cut(pixels, preparation.box(width, height), preparation.size)[None]
    else:
        planes = torch.from_numpy(pixels).permute(2, 0, 1)[None]
        resized = crops.central_batch(planes, preparation)
    normalised = crops.normalise(resized, preparation.mean, preparation.deviation)
    return normalised[0].permute(1, 2, 0).numpy()
