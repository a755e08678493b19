"""Fitted models on disk: plain JSON, one entry a line, the same bytes for the same numbers."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench_mobile.errors import LogError, UsageError
from nasbench_mobile.files.atomic_files import write_whole
from nasbench_mobile.files.json_files import parse_json, read_json_map, shown
from nasbench_mobile.files.schemas import schema_of
from nasbench_mobile.files.text_files import DAMAGE, read_bytes


def to_json(record: Mapping[str, Any]) -> str:
    """JSON of a record with one line per entry, and per entry of the lists and maps in it."""
    return "{\n" + ",\n".join(f" {json.dumps(k)}: {_lines(v)}" for k, v in record.items()) + "\n}\n"


def _lines(value: Any) -> str:
    match value:
        case dict() if value:
            rows = [f"{json.dumps(key)}: {json.dumps(item)}" for key, item in value.items()]
            return "{\n  " + ",\n  ".join(rows) + "\n }"
        case list() if value and isinstance(value[0], list | dict):
            return "[\n  " + ",\n  ".join(json.dumps(item) for item in value) + "\n ]"
    return json.dumps(value, allow_nan=False)


def read(path: str | os.PathLike[str], model: str, schema: int) -> dict[str, Any]:
    """The record in a model file; `UsageError` where it is none of that kind and schema."""
    # Measures of a fit's quality may be NaN.
    record = parse_json(read_bytes(Path(path), "model file"), f"model file {path}", nan=True)
    found = (record.get("model"), record.get("schema")) if isinstance(record, dict) else record
    numbered = isinstance(record, dict) and type(record.get("schema")) is int
    if numbered and found[0] == model and (found[1] or 0) >= 1:
        schema_of(str(path), record, schema)
    if not numbered or found != (model, schema):
        raise UsageError(
            f"{path} holds {shown(found)}, but a {model!r} model of schema {schema} was expected; "
            "make it again with `nasbench-mobile fit`"
        )
    return dict(record)


def write(out: str | os.PathLike[str], name: str, record: Mapping[str, Any], card: str) -> Path:
    """Write `name`.json and its card `name`.md into folder `out`; the path of the JSON."""
    folder = Path(out)
    try:
        path = folder / f"{name}.json"
        write_whole(path, to_json(record))
        write_whole(folder / f"{name}.md", card)
    except OSError as error:
        raise UsageError(f"cannot write the model into {folder}: {error.strerror}") from error
    return path


def data_record(path: Path) -> dict[str, str]:
    """Which file a model was fitted to: its name and SHA-256 (no folder: files move)."""
    digest = hashlib.sha256(read_bytes(path, "data file")).hexdigest()
    return {"file": path.name, "sha256": digest}


def fitted_to(path: Path, data: Path) -> bool:
    """Whether the file is a model fitted to this data file; False where there is none."""
    try:
        found = read_json_map(path, nan=True)["source"]["sha256"]
    except (LogError, *DAMAGE):
        return False
    return bool(found == data_record(data)["sha256"])


def quality_table(splits: Mapping[str, Mapping[str, float]], unit: str) -> str:
    """The quality of each split as a Markdown table; `unit` is that of the mean error."""
    lines = [
        f"| split | Kendall tau | R2 | mean absolute error ({unit}) | mean relative error (%) |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {q['kendall_tau']:.4f} | {q['r2']:.4f} | {q['mae']:.3f} | {q['mape']:.2f} |"
        for name, q in splits.items()
    ]
    return "\n".join(lines)
