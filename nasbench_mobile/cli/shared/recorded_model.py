"""The network of a training's record: built again without running code wherever that can be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from nasbench_mobile import catalog
from nasbench_mobile.cli.shared.model_argument import NamedModel, parse_subject
from nasbench_mobile.cli.shared.output import console
from nasbench_mobile.errors import LogError, UnknownNameError, UsageError
from nasbench_mobile.networks.blockstring import format_spec, parse_spec
from nasbench_mobile.plugins.class_files import names_file
from nasbench_mobile.plugins.code_files import Code
from nasbench_mobile.studies.identity import code_now
from nasbench_mobile.training.record import TrainingRecord

_OLD_TOKENS = re.compile(r"(?P<space>.+)\[(?P<tokens>[\d, ]+)\]")
"""How schema 1 says tokens, as the model's name: `mnasnet[0, 1, ...]`."""


def space_place(name: str) -> str:
    """The name of a space as a record keeps it: a file's place is absolute."""
    return catalog.located(name, Path.cwd())[0]


def recorded_as(subject: NamedModel, space_name: str | None) -> dict[str, Any]:
    """What a training's record says of a network, by key (`TrainingRecord`)."""
    space = None
    if subject.space is not None:
        space = space_place(space_name) if space_name is not None else subject.space.name
    return {
        "model": subject.name,
        "tokens": subject.tokens,
        "space": space,
        "space_code": None if space is None else code_now(space, "space"),
        "block_string": None if subject.spec is None else format_spec(subject.spec),
        "cells": subject.cells,
    }


def recorded_subject(
    record: TrainingRecord, place: Path, model: str | None, space_name: str | None
) -> tuple[NamedModel, list[str]]:
    """The network that was trained, and what to say of it; the record lies at `place`.

    `UsageError` where `model` or `space_name` (None: not given) are another's, or where the record
    does not say enough; `LogError` where this version builds another network of that name.
    """
    given = None if model is None else parse_subject(model, space_name)
    subject = _built_again(record, place, space_name)
    if subject is None and given is not None:
        return given, [f"{place} does not say which network was trained; {given.name} is taken"]
    if subject is None:
        raise UsageError(
            f"{place} was written by an older version and does not say the network that was "
            f"trained, {record.model}; give it as MODEL, with --weights {place.parent}/weights.pt "
            "instead of --from"
        )
    for what, built, recorded in (
        ("block string", subject.spec and format_spec(subject.spec), record.block_string),
        ("cells", subject.cells, record.cells),
    ):
        if recorded is not None and built != recorded:
            raise LogError(
                f"{record.model} has another {what} in this version of nasbench-mobile ({built}) "
                f"than {place} says ({recorded}); use version {record.written_by}, which wrote it"
            )
    if given is not None and not _same(given, subject, record):
        raise UsageError(
            f"MODEL is {given.name}, but {place} says that its weights are of {record.model}; "
            "leave MODEL out and give --from, or give that one"
        )
    return subject, _other_package(record, place)


def _other_package(record: TrainingRecord, place: Path) -> list[str]:
    """What to say where an installed package's space is of another version than was recorded."""
    if record.space is None or record.space_code is None or names_file(record.space):
        return []
    try:
        now = code_now(record.space, "space")
    except UnknownNameError:  # not installed here: the block string says the network
        return []
    if now == record.space_code:
        return []
    return [f"the space {record.space} is {now} here; {place} was trained with {record.space_code}"]


def same_space(name: str, record: TrainingRecord) -> bool:
    """Whether a space, as an option names it, is the one that was recorded: by place or by code."""
    if record.space in (None, space_place(name)):
        return True
    return names_file(name) and code_now(name, "space") == record.space_code


def _same(given: NamedModel, subject: NamedModel, record: TrainingRecord) -> bool:
    frame = record.width, record.input_size, len(record.classes)
    return given.network(*frame) == subject.network(*frame)


def _built_again(record: TrainingRecord, place: Path, space_name: str | None) -> NamedModel | None:
    """The subject built again; None where the record, of schema 1, does not say enough."""
    if record.tokens is not None and record.space is not None:
        return _of_tokens(record, place, space_name)
    old = _OLD_TOKENS.fullmatch(record.model)
    if old is not None:
        if space_name is None and old["space"] not in catalog.names("space"):
            return None
        subject = parse_subject(old["tokens"], space_name or old["space"])
        return subject if subject.name == record.model else None
    if not record.model.startswith("("):
        return parse_subject(record.model, None)
    words = record.block_string or record.cells
    return None if words is None else parse_subject(words, None)


def _of_tokens(record: TrainingRecord, place: Path, space_name: str | None) -> NamedModel:
    space, tokens = str(record.space), ",".join(map(str, record.tokens or ()))
    if not names_file(space):
        try:
            return parse_subject(tokens, space)
        except UnknownNameError:  # of a package that is not installed here
            if record.block_string is None:
                raise
    if record.block_string is not None:  # which is the network, whatever the code is by now
        return NamedModel(record.model, parse_spec(record.block_string))
    _check_code(record, place, space_name)
    return parse_subject(tokens, space_name or space)


def _check_code(record: TrainingRecord, place: Path, space_name: str | None) -> None:
    """Say which code of a file is run; `UsageError` where it is not to be run."""
    from nasbench_mobile.studies.trust import is_inside  # which loads all of a study

    name = space_name or str(record.space)
    code, now = catalog.code_behind("space", name), code_now(name, "space")
    if not isinstance(code, Code) or now != record.space_code:
        raise UsageError(
            f"the space of {place} is code that was recorded as {record.space_code}, and {name} is "
            f"{now}; bring that one back"
        )
    files = (code.file, *code.beside.values())
    if space_name is None and any(is_inside(file, place.parent) for file in files):
        raise UsageError(
            f"the space of {place} is code in the training's own folder, {code.file} ({now}), "
            f"which whoever made the folder wrote; read it, then give it with --space {name}"
        )
    console(stderr=True).print(
        f"runs code for the space: {code.file} ({now}, as recorded)", soft_wrap=True
    )
