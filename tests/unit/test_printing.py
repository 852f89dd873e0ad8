"""What commands print: never cut in a pipe, and nothing in it acts on a terminal."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
import typer

from adapters.files.directory_source import DirectoryFilesError
from schemas.lag import GroupLag, PartitionLag, Status
from tocsin.authoring.preview.rendering import Rendered
from tocsin.authoring.preview.showing import side_by_side
from tocsin.cli.console import say, say_json, say_lines, warn
from tocsin.cli.failures import failures
from tocsin.cli.lag import _print
from tocsin.printing.printable import printable_json
from tocsin.printing.tables import layout, table

TOCSIN = Path(__file__).parents[2] / "tocsin"
HOSTILE = "a\x1b[2Jb\x07c\u202ed\u2028e\u009bf\U000e0041g\ud800h\x7f"
ACTING = tuple(one for one in HOSTILE if not one.isprintable())

WAYS_OUT = {
    "tocsin/printing/tables.py": {"Console", "Table", "stdout"},
    "tocsin/cli/console.py": {"echo"},
    # On standard error, and on a terminal alone.
    "tocsin/cli/progress.py": {"Console"},
    "tocsin/logs/setup.py": {"print"},
    # Opened where a process was started without it.
    "tocsin/cli/__init__.py": {"stdout"},
    # What is held back there is let go before a process ends itself.
    "tocsin/services/lifecycle/deadline.py": {"stdout"},
    # No command: it writes pages anew.
    "tocsin/reference/pages.py": {"stdout"},
}
"""All files that write somewhere by themselves, and by what."""


def ways_out(source: str) -> Iterator[str]:
    """By what a module makes a table or writes to a terminal itself, under whatever name it was imported."""
    tree = ast.parse(source)
    known = {"Console", "Table", "echo", "secho", "print", "get_terminal_size"}
    called = {name: name for name in known}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            called |= {alias.asname: alias.name for alias in node.names if alias.asname and alias.name in known}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in called:
            yield called[node.func.id]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in known:
            # A console that was made as it should be prints.
            if node.func.attr not in ("print", "get_terminal_size"):
                yield node.func.attr
        elif isinstance(node, ast.Attribute) and node.attr in ("stdout", "__stdout__"):
            yield "stdout"


def test_whatever_is_printed_goes_one_way() -> None:
    files = {str(file.relative_to(TOCSIN.parent)): file.read_text(encoding="utf-8") for file in TOCSIN.rglob("*.py")}
    found = {name: set(ways_out(source)) for name, source in files.items()}
    assert {name: ways for name, ways in found.items() if ways} == WAYS_OUT


@pytest.mark.parametrize(
    ("source", "way"),
    [
        ("from rich.console import Console\nConsole().print('x')", "Console"),
        ("import rich.table as t\nt.Table()", "Table"),
        ("from rich.table import Table as Grid\nGrid()", "Table"),
        ("import typer\ntyper.echo('x')", "echo"),
        ("print('x')", "print"),
        ("import sys\nsys.stdout.write('x')", "stdout"),
    ],
)
def test_another_way_is_found(source: str, way: str) -> None:
    """The control."""
    assert set(ways_out(source)) == {way}


def group(name: str) -> GroupLag:
    part = PartitionLag("helpdesk.tickets", 0, Status.STALL, 7, 1.0, 3, 10, name, None)
    return GroupLag(name, "helpdesk.tickets", datetime.now(UTC), Status.ERR, [name], 7, 1.0, None, 0.0, [part] * 3)


@pytest.mark.parametrize("columns", ["20", "80", ""])
def test_a_table_is_whole_in_a_pipe(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    owner = "engine-" + "x" * 300
    _print([group(owner)], as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].count(owner) == 2
    assert sum(owner in line and "never at this pace" in line for line in lines) == 3
    assert not any("…" in line for line in lines)


def test_a_table_fits_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what makes it whole is that there is no terminal."""

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "dumb")  # of 80 columns
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    layout().print(table("t", ["a", "b"], [("x" * 100, "y")]))
    assert max(map(len, terminal.getvalue().splitlines())) <= 80


def test_messages_side_by_side_are_whole_in_a_pipe() -> None:
    one = Rendered("fr", "Sujet", "mot " * 200, None, None)
    other = Rendered("en", "Subject", "short", None, None)
    lines = [*side_by_side([one, other], None)]
    assert any(("mot " * 200).strip() in line for line in lines)
    assert all(line.index("│") == lines[0].index("│") for line in lines if "│" in line)
    assert max(map(len, side_by_side([one, other], 100))) <= 100


def test_nothing_acts_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    coloured = ((HOSTILE, "red"),)
    say(HOSTILE)
    warn(HOSTILE)
    say_json({"ticket": HOSTILE.replace("\ud800", "")})
    _print([group(HOSTILE)], as_json=False)
    layout().print(table(HOSTILE, ["x"], [(HOSTILE,), (coloured,)]))
    for text in capsys.readouterr():
        assert "\\x1b[2J" in text
        assert not any(one in text for one in ACTING)


def test_the_name_of_a_file_makes_no_line_and_need_not_be_utf_8(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for error in (
        FileNotFoundError(2, "No such file", "a\nFORGED"),
        DirectoryFilesError(Path("b\nFORGED"), [], tmp_path),
    ):
        with pytest.raises(typer.Exit), failures():
            raise error
    say_json({"file": "\udcff"})

    told = capsys.readouterr()
    assert "a\\nFORGED" in told.err
    assert "\nFORGED" not in told.err
    assert told.out == '{"file":"\\udcff"}\n'


def test_markup_of_others_is_a_text_as_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    layout().print(table("[red]t[/]", ["x"], [("[bold]:bomb:[/bold]",)]))
    out = capsys.readouterr().out
    assert "[red]t[/]" in out
    assert "[bold]:bomb:[/bold]" in out


def test_french_prose_keeps_its_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    say_lines("Sujet\N{NO-BREAK SPACE}: a\n\tb")
    assert capsys.readouterr().out == "Sujet\N{NO-BREAK SPACE}: a\n\tb\n"


@pytest.mark.parametrize("tell", [say, warn])
def test_a_text_is_one_line(tell: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    tell("Zo\u00e9\r\njob 1: delivered")
    assert "".join(capsys.readouterr()) == "Zo\u00e9\\r\\njob 1: delivered\n"


@pytest.mark.parametrize("text", [HOSTILE, "plain é ✓", "\xa0\xad\ue000\U0010ffff\ufeff"])
def test_json_means_the_same(text: str) -> None:
    for indent in (None, 2):
        document = json.dumps({text: [text]}, ensure_ascii=False, indent=indent)
        shown = printable_json(document)
        assert json.loads(shown) == json.loads(document)
        assert all(one.isprintable() or one == "\n" for one in shown)
