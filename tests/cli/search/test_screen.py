from __future__ import annotations

from pathlib import Path

import pytest

from nasbench_mobile.cli.search.screen import SearchScreen
from nasbench_mobile.image_search.events import FilesBegin, Said, SearchBegins, TableFills

BEGINS = SearchBegins(Path("s"), "12 images", "random on it", ("hint: small",), 3, 1.0, None)


@pytest.mark.parametrize("quiet", [False, True])
def test_sentences_are_always_shown_and_the_rest_is_for_people(
    quiet: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with SearchScreen(quiet=quiet) as screen:
        screen.heard(Said("runs code"))
        assert (screen.begun, screen.writing) == (None, None)
        screen.heard(TableFills("blocks of it", 1, 2))
        screen.heard(TableFills("blocks of it", 2, 2))
        screen.heard(BEGINS)
        screen.heard(FilesBegin(Path("s")))
    assert (screen.begun, screen.writing) == (Path("s"), Path("s"))
    lines = capsys.readouterr().err.splitlines()
    shown = ["12 images", "random on it", "hint: small"]
    shown += ["writing the report and the best networks' files into s"]
    said = [line.strip() for line in lines if line.strip() and "blocks of it" not in line]
    assert said == ["runs code", *([] if quiet else shown)]
