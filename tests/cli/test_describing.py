from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_describe_gives_the_exact_counts(command: Callable[..., Any]) -> None:
    facts = command("describe", "mnasnet-a1", "--json").json
    assert facts["model"] == "mnasnet-a1"
    assert (facts["parameters"], facts["multiply_adds"]) == (3_887_038, 311_579_072)
    assert facts["latency_ms"]["pixel1"]["kind"] == "estimate"
    assert facts["latency_ms"]["pixel1"]["value"] == pytest.approx(78, rel=0.2)  # Table 1
    again = command("describe", facts["block_string"], "--json").json
    assert again["parameters"] == facts["parameters"]


def test_describe_scales(command: Callable[..., Any]) -> None:
    whole = command("describe", "mobilenet-v2", "--width", 1.4, "--json").json
    small = command("describe", "mobilenet-v2", "--width", 1.4, "--input-size", 192, "--json").json
    assert whole["parameters"] == small["parameters"] == 6_108_776
    assert small["multiply_adds"] < whole["multiply_adds"]
    assert small["latency_ms"]["pixel1"]["value"] < whole["latency_ms"]["pixel1"]["value"]


def test_describe_for_people_names_figures_and_their_kind(command: Callable[..., Any]) -> None:
    text = command("describe", "mnasnet-a1").out
    for words in ("3,887,038", "311,579,072", "(estimate)", "Table 1", "75.2 % top-1"):
        assert words in text


def test_describe_tokens_with_the_surrogate(command: Callable[..., Any], tmp_path: Path) -> None:
    tokens = ",".join(["1"] * 28)
    drawing = tmp_path / "deep" / "a.svg"
    facts = command("describe", tokens, "--svg", drawing, "--json").json
    assert facts["model"].startswith("mnasnet-anb[1, 1")
    assert 0.4 < facts["accuracy"]["top1"] < 0.75
    assert ET.parse(drawing).getroot().tag.endswith("svg")
    assert command("describe", tokens).out.count("top-1") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mnasnet-a11"], "did you mean 'mnasnet-a1'"),
        (["1,2,3"], "3 tokens fit no search space"),
        (["1,2,x"], "'x' is no token"),
        (["1,2,3", "--space", "mnasnet"], "'mnasnet'"),
        (["9" + ",0" * 27], "token 0 is 9"),
        (["stem32 wiggle"], "wiggle"),
        (["mnasnet-a1", "--input-size", "8"], "input-size"),
        (["mnasnet-a1", "--width", "0"], "width multiplier is 0"),
    ],
)
def test_mistakes_exit_with_2_and_no_traceback(
    command: Callable[..., Any], arguments: list[str], message: str
) -> None:
    result = command("describe", *arguments)
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err


def test_explain_adds_up(command: Callable[..., Any]) -> None:
    one, other = ",".join(["1"] * 28), ",".join(["1", "0", *["1"] * 25, "0"])
    result = command("explain", one, other, "--json").json
    assert len(result["differences"]) == 2
    for key in ("latency_ms", "accuracy_points"):
        parts = sum(row[key] for row in result["differences"]) + result["together"][key]
        assert parts == pytest.approx(result["total"][key])
    # widths are fixed in this space, so blocks cost what they cost alone
    assert result["together"]["latency_ms"] == pytest.approx(0.0, abs=1e-9)
    assert result["total"]["latency_ms"] < 0
    text = command("explain", "mnasnet-a1", "mnasnet-b1").out
    assert "block6/layers" in text
    assert "no accuracies: no surrogate knows the space mnasnet;" in text
    assert "top-1" not in text
    assert "top-1" in command("explain", one, other).out
    result = command("explain", one, ",".join(["0"] * 42))
    assert (result.code, "different spaces" in result.err) == (2, True)


def test_describe_a_network_of_cells(command: Callable[..., Any], tmp_path: Path) -> None:
    facts = command("describe", "nasnet-a", "--json").json
    assert (facts["parameters"], facts["multiply_adds"]) == (5_289_978, 563_638_816)
    assert facts["block_string"] is None
    assert facts["latency_ms"]["pixel1"]["kind"] == "estimate"
    again = command("describe", facts["cells"], "--json").json
    assert again["parameters"] == facts["parameters"]
    result = command("describe", "nasnet-a", "--svg", tmp_path / "a.svg")
    assert (result.code, "no chain of mobile blocks" in result.err) == (2, True)


def test_describe_tokens_of_the_cell_space(command: Callable[..., Any]) -> None:
    facts = command("describe", ",".join(["0"] * 50), "--input-size", "64", "--json").json
    assert facts["model"].startswith("nasnet[0, 0")
    assert facts["cells"].startswith("normal id(0)+id(0)")


def test_describe_says_what_was_found(command: Callable[..., Any]) -> None:
    text = " ".join(command("describe", "condensenet-g4").out.split())
    assert "Table 1 swaps CondenseNet's two labels" in text
    assert "at 227 px" in command("describe", "squeezenext").out
