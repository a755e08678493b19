"""What is built and installed: real files behind the links, data beside code, pinned versions."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "nasbench_mobile"
LEFT_OUT = (".*", "build", "dist", "docs", "out", "results", "tests", "*.egg-info", "__pycache__")


def package_files() -> set[str]:
    """Every file of the package, those behind its links included, as built archives name them."""
    rooms = [PACKAGE, *(path for path in PACKAGE.iterdir() if path.is_symlink())]
    found = {path for room in rooms for path in room.rglob("*") if path.is_file()}
    return {path.relative_to(ROOT).as_posix() for path in found if "__pycache__" not in path.parts}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and, made from it, the wheel; built in a copy of the checkout."""
    pytest.importorskip("build")
    copy = tmp_path_factory.mktemp("built") / "checkout"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
    out = copy.parent / "dist"
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(copy)]
    done = subprocess.run(command, cwd=copy.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(next(built.glob("*.whl")))


@pytest.mark.parametrize("room", ["strategies", "spaces"])
def test_room_is_a_relative_link(room: str) -> None:
    link = PACKAGE / room
    assert link.is_symlink(), f"{link} is no link; on Windows: git config core.symlinks true"
    assert link.readlink() == Path("..") / room


def test_wheel_has_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    assert package_files() <= set(wheel.namelist())
    assert "nasbench_mobile/py.typed" in wheel.namelist()
    assert "nasbench_mobile/strategies/__init__.py" in wheel.namelist()


def test_wheel_has_nothing_beside_the_package(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"nasbench_mobile"}
    licences = {name.rsplit("/", 1)[1] for name in wheel.namelist() if "/licenses/" in name}
    assert licences == {"LICENSE", "NOTICE"}


def test_sdist_has_files_in_place_of_links(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        members = {name.partition("/")[2]: sdist.getmember(name) for name in sdist.getnames()}
    assert package_files() <= set(members)
    assert not [name for name, member in members.items() if member.issym() or member.islnk()]


def test_constraints_pin_every_declared_dependency_exactly() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.]+", pin)] == []
    versions = {canonicalize_name(name): seen for name, seen in (pin.split("==") for pin in pins)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    declared = itertools.chain(project["dependencies"], *extras)
    for requirement in map(Requirement, declared):
        name = canonicalize_name(requirement.name)
        if name != project["name"]:
            assert name in versions, f"{name} is not in constraints.txt; run make constraints"
            assert requirement.specifier.contains(versions[name])
