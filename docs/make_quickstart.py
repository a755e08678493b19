"""Makes docs/quickstart.ipynb from docs/examples/quickstart.py: `python docs/make_quickstart.py`.

A cell begins with a line `# %%`; one that says `[markdown]` there is text, a comment in the script.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parent / "examples" / "quickstart.py"
NOTEBOOK = Path(__file__).parent / "quickstart.ipynb"


def notebook(script: str) -> str:
    """A script in cells as the JSON of a notebook (nbformat 4.4) without outputs."""
    _, *parts = re.split(r"^# %%(.*)\n", script, flags=re.MULTILINE)
    cells = [
        _cell("markdown" in kind, text) for kind, text in zip(parts[::2], parts[1::2], strict=True)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    made = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _cell(is_text: bool, text: str) -> dict[str, Any]:
    if is_text:
        text = re.sub(r"^# ?", "", text, flags=re.MULTILINE)
    cell: dict[str, Any] = {
        "cell_type": "markdown" if is_text else "code",
        "metadata": {},
        "source": text.strip("\n").splitlines(keepends=True),
    }
    return cell if is_text else {**cell, "execution_count": None, "outputs": []}


if __name__ == "__main__":
    NOTEBOOK.write_text(notebook(SOURCE.read_text(encoding="utf-8")), encoding="utf-8")
