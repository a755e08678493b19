"""`new`: a working plugin and its test, to be changed into one's own."""

from __future__ import annotations

import keyword
import re
import shlex
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from nasbench_mobile.cli.shared.output import console
from nasbench_mobile.shell_words import command

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Start a plugin of your own with a working file and its test.",
)

TEST = '''"""The laws of a strategy, on this one: each becomes a test."""

from {module} import {name}

from nasbench_mobile.testing import StrategyContract


class Test{name}(StrategyContract):
    strategy = {name}
'''


@app.command()
def strategy(
    name: Annotated[str, typer.Argument(help="The name of the strategy, such as `my-idea`.")],
    out: Annotated[Path, typer.Option(help="The folder for the two files.")] = Path(),
) -> None:
    """Write a working strategy and its test, which you then change into your idea.

    Example: `nasbench-mobile new strategy my-idea --out out/my`
    """
    from nasbench_mobile.errors import UsageError

    words = re.findall(r"[A-Za-z0-9]+", name)
    module = "_".join(words).lower()
    class_name = "".join(word[0].upper() + word[1:] for word in words)
    if not class_name.isidentifier() or keyword.iskeyword(module):
        raise UsageError(f"{name!r} gives no name for a class; say something like my-idea")
    example = resources.files("nasbench_mobile.testing") / "strategy_template.py"
    body = example.read_text(encoding="utf-8").replace("MyIdea", class_name)
    rest = body.partition("\n")[2]
    files = {
        out / f"{module}.py": f'"""{class_name}: a search strategy."""\n{rest}',
        out / f"test_{module}.py": TEST.format(module=module, name=class_name),
    }
    for path in files:
        if path.exists():
            raise UsageError(f"{path} is there already; give another name or another --out")
    out.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    file, test = files
    spec = f"{file}:{class_name}"
    race = ("compare", "--strategies", f"random,{spec}", "--seeds", 5, "--budget", 500)
    screen = console()
    for line in (
        f"{file} is a working strategy; change it into your idea. What to do with it:",
        f"  {command('check', 'strategy', spec)}",
        f"  {command(*race)}",
        f"  python -m pytest --import-mode=prepend {shlex.quote(str(test))}",
    ):
        screen.print(line, soft_wrap=True)
