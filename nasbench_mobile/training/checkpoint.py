"""Checkpoints: written whole or not at all, read without executing anything."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import torch

from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.atomic_files import write_kept


def write_checkpoint(path: Path, state: dict[str, Any]) -> str:
    """Replace the file by this state, and give the file's SHA-256 in hexadecimal.

    On a full disk the old one stays and `OutsideError` says so.
    """
    # In memory first: torch.save reports a full disk as one error among many.
    content = io.BytesIO()
    torch.save(state, content)
    write_kept(path, content.getbuffer())
    return hashlib.sha256(content.getbuffer()).hexdigest()


def read_checkpoint(path: Path, identity: str) -> dict[str, Any] | None:
    """The state written there; None where there is no file.

    `UsageError` where it is damaged or of another training than `identity`.
    """
    if not path.exists():
        return None
    try:
        state: Any = torch.load(path, map_location="cpu", weights_only=True)
        found = state["identity"]
    except Exception as error:  # torch raises what it happens upon: zip, pickle, runtime errors
        raise UsageError(
            f"{path} is no checkpoint ({type(error).__name__}); remove it to train from the start"
        ) from error
    if found != identity:
        raise UsageError(
            f"{path} is of another training ({found}, this is {identity}): another network, data, "
            "recipe or seed; give another folder, or remove it to train from the start"
        )
    return dict(state)
