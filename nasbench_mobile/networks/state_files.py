"""Files of weights: a state_dict as `torch.save` writes it, checked before it is used."""

from __future__ import annotations

import hashlib
import io
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nasbench_mobile.errors import LogError, UsageError
from nasbench_mobile.files.text_files import read_bytes

_COUNTER = ".num_batches_tracked"
"""What batch norms count while they train; without use to a network that is used."""


def read_state(path: Path, sha256: str | None = None) -> Any:
    """What a file of weights holds, whatever that is; nothing in it is executed.

    `UsageError` where it cannot be read as one; `LogError` where it has another SHA-256.
    """
    content = read_bytes(path, "weights from")
    if sha256 is not None and (seen := hashlib.sha256(content).hexdigest()) != sha256:
        raise LogError(
            f"{path} is not the file that its training wrote: its SHA-256 is {seen[:12]}..., and "
            f"{sha256[:12]}... was recorded; take it from a copy, or train again"
        )
    remedy = "write one with torch.save(module.state_dict(), path)"
    if not content:
        raise UsageError(f"{path} is no file of weights, it is empty; {remedy}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on the pickle protocol, which is no caller's business
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        # Unlike PyTorch this checks what the archive says of its parts; older files are no archive.
        damaged = content.startswith(b"PK") and zipfile.ZipFile(io.BytesIO(content)).testzip()
    except Exception as error:  # torch raises what it happens upon: zip, pickle, runtime errors
        code = " GLOBAL " in str(error)  # it names the class or function that it did not call
        reason = (
            "it holds Python objects beside arrays, whose reading could run code" if code
            else f"it is damaged, cut short, or something else ({type(error).__name__})"
        )  # fmt: skip
        raise UsageError(f"{path} is no file of weights: {reason}; {remedy}") from error
    if damaged:
        raise UsageError(
            f"{path} is damaged: the checksum of its part {damaged} is another; take it from a "
            f"copy, or {remedy}"
        )
    return state


def fitting(state: Any, wanted: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """The state by name, in the types of those `wanted`, finite; `UsageError` where it is none."""
    if (reason := _stranger(state, wanted)) is not None:
        raise UsageError(f"the weights in {path} do not fit this network: {reason}")
    cast = {name: value.to(wanted[name].dtype) for name, value in state.items()}
    for name, value in cast.items():
        if (reason := _unusable(name, value)) is not None:
            raise UsageError(
                f"the weights in {path} cannot be used: {reason}; the training diverged, or the "
                "file is damaged: train again"
            )
    return cast


def _stranger(state: Any, wanted: Mapping[str, Tensor]) -> str | None:
    """Why a file's content is not of the network whose state is `wanted`, in words."""
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        return f"it holds {_kind(state)}, and a state_dict holds arrays by name"
    lacks = [name for name in wanted if name not in state and not name.endswith(_COUNTER)]
    more = [str(name) for name in state if name not in wanted]
    said = [f"lacks {_some(lacks)}"] if lacks else []
    said += [f"has {_some(more)}, which the network has not"] if more else []
    if said:
        return f"it {' and '.join(said)}"
    return next(filter(None, (_misfit(n, v, wanted[n]) for n, v in state.items())), None)


def _unusable(name: str, value: Tensor) -> str | None:
    """Why no network can answer with an array, in words."""
    if value.is_floating_point() and (bad := int((~torch.isfinite(value)).sum())):
        return f"{bad} of {value.numel()} values in {name!r} are NaN or infinite"
    if name.endswith(".running_var") and bool((value < 0).any()):
        return f"{name!r}, the variances of a batch norm, has {float(value.min()):g}"
    return None


def _kind(state: Any) -> str:
    if not isinstance(state, dict):
        return f"a {type(state).__name__}"
    if {"identity", "module", "optimizer"} <= state.keys():
        return "the checkpoint of a training (its end writes the weights beside it)"
    return f"a map of {', '.join(sorted(map(str, state))[:3])}"


def _some(names: Sequence[str]) -> str:
    return f"{names[0]!r}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def _misfit(name: str, value: Tensor, wanted: Tensor) -> str | None:
    """Why an array is none for its place, in words."""
    if value.shape != wanted.shape:
        return (
            f"{name!r} has shape {tuple(value.shape)}, the network needs {tuple(wanted.shape)}; "
            "were they trained at another width or number of classes?"
        )
    if wanted.is_floating_point() and not value.is_floating_point():
        return f"{name!r} is of type {value.dtype}, the network needs numbers with a fraction"
    if value.is_meta or value.layout != torch.strided:
        return f"{name!r} is no plain array"
    return None
