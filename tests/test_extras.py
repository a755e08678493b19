"""Missing extras are named with a command that works here, in a checkout and out of a wheel."""

from __future__ import annotations

import importlib.metadata
import shlex
import sys
from pathlib import Path

import pytest

from nasbench_mobile import extras
from nasbench_mobile.errors import MissingExtraError

DECLARED = ["numpy>=2.0", 'pillow>=10; extra == "train"', "simplejpeg>=1.8 ; extra=='train'"]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout, made up, with the Python of its .venv."""
    home = tmp_path / "my checkout"
    home.mkdir()
    (home / "pyproject.toml").write_text('[project]\nname = "nasbench-mobile"\n')
    monkeypatch.setattr(extras, "HOME", home)
    monkeypatch.setattr(sys, "executable", str(home / ".venv" / "bin" / "python"))
    return home


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The site-packages of an installed wheel, made up."""
    monkeypatch.setattr(extras, "HOME", tmp_path)
    monkeypatch.setattr(sys, "executable", "/opt/python")
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: DECLARED)
    return tmp_path


def test_in_the_checkouts_folder_the_command_is_the_documented_one(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout)
    wanted = ".venv/bin/python -m pip install -c constraints.txt -e '.[train]'"
    assert extras.install_command("train") == wanted


def test_elsewhere_the_checkout_is_named_whole(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert shlex.split(extras.install_command("onnx", "onnx")) == [
        f"{checkout}/.venv/bin/python",
        *("-m", "pip", "install", "-c", f"{checkout}/constraints.txt", "-e", f"{checkout}[onnx]"),
    ]


def test_from_a_wheel_what_the_extra_requires_is_named(wheel: Path) -> None:
    wanted = "/opt/python -m pip install 'pillow>=10' 'simplejpeg>=1.8'"
    assert extras.install_command("train", "pillow") == wanted
    (wheel / "pyproject.toml").write_text('[project]\nname = "another"\n')
    assert extras.install_command("train", "pillow") == wanted


def test_without_metadata_the_missing_packages_are_named(
    wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> list[str]:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", absent)
    assert extras.install_command("onnx", "onnx") == "/opt/python -m pip install onnx"


def test_what_is_missing_alone_is_named(wheel: Path) -> None:
    extras.need("this", "train", json="json")
    with pytest.raises(MissingExtraError) as caught:
        extras.need("this", "train", json="json", no_such_module="pillow", nor_this="simplejpeg")
    assert str(caught.value) == (
        "this needs pillow and simplejpeg, not installed here; "
        "run: /opt/python -m pip install 'pillow>=10' 'simplejpeg>=1.8'"
    )
