"""What steers a terminal is shown as an escape, and nothing else is touched."""

from __future__ import annotations

import io
import json

import pytest
from jinja2 import Environment
from markupsafe import Markup
from rich.table import Table
from rich.text import Text

from nasbench_mobile.printable import json_printable, page_value, printable
from nasbench_mobile.report.terminal import make_console

STEERING = {
    "\x1b[31m": r"\x1b[31m", "\x07": r"\x07", "\r": r"\r", "\x9b2J": r"\x9b2J", "\x00": r"\x00",
    "\u202e": r"\u202e", "\u2066": r"\u2066", "\u200f": r"\u200f", "\u2028": r"\u2028",
    "\U000e0041": r"\U000e0041", "\ud800": r"\ud800", "\x7f": r"\x7f",
}  # fmt: skip
HARMLESS = "ünï ¼ → 10\u00a0ms\u2009x\nnext\tcell [red] :smile: \u0645\u06cc\u200c\u062e 👩\u200d💻"


@pytest.mark.parametrize("text", STEERING, ids=ascii)
def test_what_steers_is_an_escape(text: str) -> None:
    assert printable(f"a{text}b") == f"a{STEERING[text]}b"
    assert printable(printable(text)) == printable(text)
    value = {"said": f"a{text}b"}
    whole = json.dumps(value, ensure_ascii=False)
    assert json.loads(json_printable(whole)) == value
    assert json_printable(whole).isprintable()


def test_what_is_only_text_stays() -> None:
    assert printable(HARMLESS) == HARMLESS
    assert json.loads(json_printable(json.dumps(HARMLESS, ensure_ascii=False))) == HARMLESS


@pytest.mark.parametrize("text", [text for text in STEERING if text != "\ud800"], ids=ascii)
def test_a_console_and_a_page_show_the_escape(text: str) -> None:
    console = make_console()
    console.file = io.StringIO()
    table = Table("of", title=Text(f"title {text}"))
    table.add_row(f"cell {text}")
    console.print(f"line {text}", table, Text(f"text {text}"), soft_wrap=True)
    printed = console.file.getvalue()
    assert printed.replace("\n", "").isprintable()
    # rich itself drops a bell and a return from its own kind of text
    assert printed.count(STEERING[text]) == (2 if text in "\x07\r" else 4)
    page = Environment(autoescape=True, finalize=page_value).from_string("{{ a }}{{ b }}{{ c }}")
    assert page.render(a=f"<{text}>", b=Markup("<b>"), c=3) == f"&lt;{STEERING[text]}&gt;<b>3"
