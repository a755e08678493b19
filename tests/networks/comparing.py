"""Modules worth comparing, files run, and how far apart two answers are."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter

from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.pytorch import NetworkModule, to_module


def lived_module(network: Network, seed: int = 0) -> NetworkModule:
    """A module whose batch norms have seen something, so that leaving them out would show."""
    generator = torch.Generator().manual_seed(seed)
    module = to_module(network, batch_norm_momentum=0.0, generator=generator)
    norms = [m for m in module.modules() if isinstance(m, torch.nn.BatchNorm2d)]

    def around(value: torch.Tensor, spread: float) -> torch.Tensor:
        return 1 + spread * (2 * torch.rand(value.shape, generator=generator) - 1)

    with torch.no_grad():
        for norm in norms:
            norm.weight.mul_(around(norm.weight, 0.5))
            norm.bias.add_(around(norm.bias, 1.0) - 1)
        # With momentum 0 the statistics become those of these images; then they are moved a
        # little. Far from them, networks of 50 layers amplify float32's rounding itself.
        module.train()(torch.rand(8, *network.input_shape, generator=generator))
        for norm in norms:
            mean, variance = norm.running_mean, norm.running_var
            assert mean is not None
            assert variance is not None
            mean.add_(0.2 * variance.sqrt() * (around(mean, 1.0) - 1))
            # Channels that were silent for these images must not be deafening for others.
            variance.mul_(around(variance, 0.2)).add_(0.2 * variance.mean())
    return module.eval()


def relative_error(seen: np.ndarray, wanted: np.ndarray) -> float:
    """Largest difference over the largest value."""
    return float(np.abs(seen - wanted).max() / np.abs(wanted).max())


def loaded(content: bytes) -> Any:
    """LiteRT with a .tflite file, on one thread."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def run_tflite(content: bytes, images: torch.Tensor) -> np.ndarray:
    """The file's outputs for images [batch, channels, height, width], in PyTorch's layout.

    Image by image, as the file takes one.
    """
    interpreter = loaded(content)
    return np.concatenate([invoked(interpreter, image[None]) for image in images])


def invoked(interpreter: Any, images: torch.Tensor) -> np.ndarray:
    """The outputs for as many images as the interpreter takes, in PyTorch's layout."""
    pixels = images.permute(0, 2, 3, 1).contiguous().numpy()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
    interpreter.invoke()
    output: np.ndarray = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    return output.transpose(0, 3, 1, 2) if output.ndim == 4 else output
