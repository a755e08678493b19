"""Classes and functions in files of one's own, named as `path/to/file.py:Class`."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nasbench_mobile.errors import UnknownNameError, UsageError
from nasbench_mobile.files.text_files import is_file
from nasbench_mobile.plugins.code_files import Code, code_of_file


def names_file(name: str) -> bool:
    """Whether a name means something in a file."""
    return ".py:" in name or name.endswith(".py")


def file_of(kind: str, name: str) -> tuple[Path, str]:
    """The file of a `file.py:Class`, absolute, and the class."""
    location, _, attribute = name.rpartition(":") if ".py:" in name else (name, "", "")
    path = Path(location).resolve()
    if not attribute:
        raise UsageError(f"{kind} {name!r} names a file but no class; write {name}:ClassName")
    if not is_file(path):
        raise UsageError(f"{kind} {name!r}: there is no file {path}")
    return path, attribute


def load_from_file(kind: str, name: str) -> Any:
    """What a file has under a name; `UsageError` where it has not, or cannot be imported."""
    path, attribute = file_of(kind, name)
    code = code_of_file(path)
    # Of its place and content: a file that was edited is another module.
    digest = hashlib.sha256(f"{path} {code.sha256}".encode()).hexdigest()[:12]
    module_name = f"nasbench_mobile_user_{path.stem}_{digest}"
    module = sys.modules.get(module_name)
    if module is None:
        spec = importlib.util.spec_from_file_location(module_name, path)
        if spec is None or spec.loader is None:
            raise UsageError(f"{kind} {name!r}: {path} cannot be read as Python")
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        try:
            with _importing_beside(code):
                spec.loader.exec_module(module)
        except UsageError:
            del sys.modules[module_name]
            raise
        except Exception as error:
            del sys.modules[module_name]
            raise UsageError(
                f"{kind} {name!r}: importing {path} raised {type(error).__name__}: {error}"
            ) from error
    if not hasattr(module, attribute):
        classes = [key for key, value in vars(module).items() if inspect.isclass(value)]
        raise UnknownNameError(f"class in {path.name}", attribute, classes)
    return getattr(module, attribute)


@contextmanager
def _importing_beside(code: Code) -> Iterator[None]:
    """Let a file import the modules beside it, as they are now.

    Their folder comes last, so that a module beside never hides an installed one. `UsageError`
    where Python takes another module than the one beside: what runs is what was hashed. Nothing is
    cached, as a file may change within the second that Python tells changes by.
    """
    modules = {
        ".".join(place.with_suffix("").parts).removesuffix(".__init__"): file.resolve()
        for place, file in code.beside.items()
    }
    for dotted, file in modules.items():
        if _loaded_from(dotted) == file:
            del sys.modules[dotted]
    folder, caching = str(code.file.parent), sys.dont_write_bytecode
    sys.path.append(folder)
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()  # files may be newer than what the finders remember
    try:
        yield
    finally:
        sys.path.remove(folder)
        sys.dont_write_bytecode = caching
    for dotted, file in modules.items():
        loaded = _loaded_from(dotted)
        if loaded not in (None, file):
            raise UsageError(
                f"{code.file} imports {dotted}, and Python took {loaded} for it, not {file} beside "
                "it; give that one another name"
            )


def _loaded_from(dotted: str) -> Path | None:
    file = getattr(sys.modules.get(dotted), "__file__", None)
    return None if file is None else Path(file).resolve()
