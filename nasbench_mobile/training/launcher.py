"""On what a training runs: one device, or several through Lightning Fabric."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, Protocol, TypeAlias

import torch
from torch import Tensor, nn

from nasbench_mobile.errors import UsageError
from nasbench_mobile.extras import need
from nasbench_mobile.files.json_files import shown
from nasbench_mobile.training.batches import Share

Precision: TypeAlias = Literal["auto", "32", "bf16"]
"""`auto` is bf16 (activations; weights stay 32 bits) on a GPU and 32 bits on a CPU."""


class Launcher(Protocol):
    """What a trainer asks of the machine."""

    @property
    def device(self) -> torch.device: ...

    @property
    def share(self) -> Share: ...

    @property
    def precision(self) -> str:
        """`32` or `bf16`: in what activations are computed."""

    def set_up(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[Any, Any]:
        """The module and optimizer to train with."""

    def backward(self, loss: Tensor) -> None: ...

    def autocast(self) -> AbstractContextManager[Any]: ...

    def total(self, value: Tensor) -> Tensor:
        """The sum over all processes."""


class OneDevice:
    """A CPU or a GPU of this machine: `cpu`, `cuda`, `cuda:1`, `mps`, or `auto` for the best."""

    def __init__(self, device: str = "auto", precision: Precision = "auto") -> None:
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            self.device = torch.device(device)
            torch.empty(0, device=self.device)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise UsageError(f"device {device!r} cannot be used here: {reason}") from error
        self.share = Share()
        _check_precision(precision)
        self._half = precision == "bf16" or (precision == "auto" and self.device.type == "cuda")

    @property
    def precision(self) -> str:
        return "bf16" if self._half else "32"

    def set_up(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[Any, Any]:
        return module, optimizer

    def backward(self, loss: Tensor) -> None:
        loss.backward()

    def autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, torch.bfloat16) if self._half else nullcontext()

    def total(self, value: Tensor) -> Tensor:
        return value


MOST_DEVICES, MOST_NODES = 1024, 100_000
"""More than any machine and any cluster have (our choice): what is above is a slip, and the library
would make a list as long."""


class ManyDevices:
    """Several GPUs or machines, one process each, by Lightning Fabric (docs/decisions).

    Making it starts the other processes, which run this program again up to here; each trains on
    its share of every batch.
    """

    def __init__(
        self,
        devices: int,
        nodes: int = 1,
        precision: Precision = "auto",
        accelerator: str = "auto",
    ) -> None:
        need("training on several devices", "distributed", lightning_fabric="lightning-fabric")
        from lightning_fabric import Fabric

        _check_precision(precision)
        if not (1 <= devices <= MOST_DEVICES and 1 <= nodes <= MOST_NODES):
            raise UsageError(
                f"the accelerator count is {shown(devices)} and nodes {shown(nodes)}; both must be "
                f"1 or more, at most {MOST_DEVICES:,} accelerators a machine and {MOST_NODES:,} "
                "machines"
            )
        gpu = torch.cuda.is_available() and accelerator != "cpu"
        half = precision == "bf16" or (precision == "auto" and gpu)
        self.precision = "bf16" if half else "32"
        self._fabric: Any = Fabric(
            accelerator=accelerator, devices=devices, num_nodes=nodes, strategy="ddp",
            precision="bf16-mixed" if half else "32-true",
        )  # fmt: skip
        self._fabric.launch()

    @property
    def device(self) -> torch.device:
        return torch.device(self._fabric.device)

    @property
    def share(self) -> Share:
        return Share(self._fabric.global_rank, self._fabric.world_size)

    def set_up(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[Any, Any]:
        module, optimizer = self._fabric.setup(module, optimizer)
        return module, optimizer

    def backward(self, loss: Tensor) -> None:
        self._fabric.backward(loss)

    def autocast(self) -> AbstractContextManager[Any]:
        context: AbstractContextManager[Any] = self._fabric.autocast()
        return context

    def total(self, value: Tensor) -> Tensor:
        summed: Tensor = self._fabric.all_reduce(value, reduce_op="sum")
        return summed


def _check_precision(precision: str) -> None:
    if precision not in ("auto", "32", "bf16"):
        raise UsageError(f"precision is {precision!r}; known are auto, 32, bf16")
