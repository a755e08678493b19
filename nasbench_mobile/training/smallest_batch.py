"""The fewest images of a batch that a network can be trained on."""

from __future__ import annotations

from nasbench_mobile.errors import UsageError
from nasbench_mobile.networks.graph import BatchNorm, Network
from nasbench_mobile.training.recipe import Recipe


def least_images(network: Network) -> int:
    """2 where batch norm sees feature maps of one pixel, which one image alone has no spread of."""
    single = any(
        isinstance(node.operation, BatchNorm) and node.shape[1:] == (1, 1) for node in network
    )
    return 2 if single else 1


def check_batches(network: Network, recipe: Recipe, images: int, processes: int = 1) -> None:
    """`UsageError` where each batch of a training on so many images has too few for the network.

    A process has its share of every batch, the last the fewest, and batch norm sees that alone.
    """
    least = least_images(network)
    needed = least * processes
    batch = min(recipe.fitted(images).batch_size, images)
    if batch >= needed:
        return
    shared = "" if processes == 1 else f" for {processes} processes"
    # Batches made smaller are powers of 2, so that this many images are sure to be enough.
    enough = 10 * (1 << (needed - 1).bit_length())
    said = (
        f"a batch would have {batch} image{'' if batch == 1 else 's'}{shared}, and needs {needed}: "
        f"batch_size is {recipe.batch_size}, and a batch has a tenth of the {images} training "
        f"images at most; give batch_size {needed} and {enough} training images, or more of either"
    )
    if least > 1:
        said += (
            ". Batch norm needs two images where a feature map has one pixel; a stem stride of 1 "
            "or a larger input size leaves more"
        )
    raise UsageError(said)
