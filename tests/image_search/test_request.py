"""A request, and the command that is shown for it: a shell and the command line take it back."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from nasbench_mobile.cli import app
from nasbench_mobile.cli.shared.training_options import recipe_values
from nasbench_mobile.image_search.request import Request

WORD = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip)
NUMBER = st.none() | st.floats(1e-3, 1e9)
ASKED = st.fixed_dictionaries(
    {"data": st.just("digits") | WORD},
    optional={
        "space": WORD, "strategy": WORD, "objective": WORD, "start_from": st.none() | WORD,
        "budget": st.integers(1, 10**6), "seed": st.integers(0, 2**31), "width": st.floats(0.1, 9),
        "input_size": st.none() | st.integers(32, 999), "time_limit_s": NUMBER, "epochs": NUMBER,
        "target_ms": NUMBER, "broken": st.sampled_from(["fail", "skip"]),
        "precision": st.sampled_from(["auto", "32", "bf16"]),
        "options": st.dictionaries(
            st.sampled_from(["batch_size", "flip", "optimizer"]),
            st.integers() | st.booleans() | WORD,
        ),
    },
)  # fmt: skip


def parsed(line: str) -> dict[str, Any]:
    """The values that the command line gives its function `search`."""
    program, name, *words = shlex.split(line)
    assert (program, name) == ("nasbench-mobile", "search")
    root: Any = typer.main.get_command(app)
    values: dict[str, Any] = root.commands["search"].make_context(name, words).params
    return values


@given(ASKED, st.sampled_from([None, 5]))
def test_the_command_asks_for_the_same(asked: dict[str, Any], top: int | None) -> None:
    request = Request(**asked)
    values = parsed(request.command(Path("out/a b"), top))
    assert values.pop("out") == Path("out/a b")
    assert values.pop("top") == (top or 3)
    options = recipe_values(None, values.pop("set_") or [])
    for presented in ("checkpoint_s", "trust", "as_json"):
        del values[presented]
    again = Request(**{key: getattr(v, "value", v) for key, v in values.items()}, options=options)
    assert again == request
    assert again.record() == request.record()


def test_numbers_have_one_form() -> None:
    import numpy as np

    plain = Request(data="digits", epochs=2.0, width=1.0, budget=3, options={"batch_size": 4})
    other: Any = {"epochs": 2, "width": np.float32(1), "budget": np.int64(3)}
    assert Request(data="digits", **other, options={"batch_size": 4}).record() == plain.record()
    assert plain.record()["set_"] == ["batch_size=4"]
    assert Request(data="digits").record()["set_"] is None


def test_a_place_is_a_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Request(data="set").data == str(tmp_path / "set")
    assert Request(data="digits").data == "digits"
