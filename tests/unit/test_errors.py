"""Every error of the packages is of one family, and ends a command in words and with its family's exit code."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from adapters.kafka.errors import InstanceTakenError, KafkaSettingsError
from adapters.yaml_files.faults import Fault, FaultyFileError
from schemas.errors import InputError, TocsinError, UnusableError, WrongSettingError
from schemas.refusal import Refusal, RefusedError
from sender.ledger.port import LedgerAwayError
from tocsin.cli.app import app
from tocsin.cli.failures import failures
from tocsin.config.data_folder import database_in
from tocsin.config.settings.faults import SettingsError

ROOT = Path(__file__).parents[2]
PACKAGES = ("engine", "sender", "intake", "outcomes", "history", "console", "schemas", "adapters", "tocsin")
FAMILIES = (InputError, UnusableError, WrongSettingError)

OUTSIDE = {
    "NoAnswerError": "psycopg's own, so that it is dealt with as any other that psycopg raises",
    "WrongValueError": "an answer: a value of a post can't be used; the mapping refuses the post and names it",
    "WithheldError": "an answer: a message must not be handed over; the sender writes down why",
    "CrowdedError": "an answer of the console: so many requests wait that this one is to come again",
    "WrongFilterError": "an answer of the console: the page names the filter",
    "NoLetterError": "an answer of the console: the page says why the message can't be shown just now",
    "UnguardedRouteError": "a slip in the code, seen by the first test that serves the console",
    "StoppedError": "an answer: it was asked to stop, and did",
}


def exceptions_in(root: Path, *packages: str) -> Iterator[str]:
    """Every class of these packages that is an exception by the names of its bases, as `package.module.Name`."""
    found = {
        name for name, one in vars(builtins).items() if isinstance(one, type) and issubclass(one, BaseException)
    } | {"OperationalError"}
    classes = [
        (file, one, {base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in one.bases})
        for package in packages
        for file in sorted((root / package).rglob("*.py"))
        for one in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(one, ast.ClassDef)
    ]
    while new := {one.name for _, one, bases in classes if bases & found} - found:
        found |= new
    for file, one, bases in classes:
        if bases & found:
            module = ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
            yield f"{module}.{one.name}"


EXCEPTIONS = sorted(exceptions_in(ROOT, *PACKAGES))


def class_of(name: str) -> Any:
    module, _, called = name.rpartition(".")
    return getattr(import_module(module), called)


def test_every_exception_is_of_a_family_or_named_with_a_reason() -> None:
    assert len(EXCEPTIONS) > 35
    others = {name.rpartition(".")[2] for name in EXCEPTIONS if not issubclass(class_of(name), FAMILIES)}
    assert others == {"TocsinError", *OUTSIDE}


def test_an_exception_of_none_is_found(tmp_path: Path) -> None:
    """The control."""
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "late.py").write_text(
        "import psycopg\nclass Late(Early): ...\nclass Early(ValueError): ...\n"
        "class Gone(psycopg.OperationalError): ...\nclass Plain: ...\n"
    )
    assert set(exceptions_in(tmp_path, "desk")) == {"desk.late.Late", "desk.late.Early", "desk.late.Gone"}


def test_each_family_has_a_code_of_its_own() -> None:
    assert [family.exit_code for family in FAMILIES] == [1, 3, 5]
    assert not hasattr(TocsinError, "exit_code")


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (RefusedError("wrong", Refusal("data.ticket.id", "is missing")), 1, ["data.ticket.id: is missing"]),
        (
            FaultyFileError([Fault("a.yaml", 1, 2, "one"), Fault("b.yaml", 3, 4, "two")]),
            1,
            ["a.yaml:1:2", "b.yaml:3:4"],
        ),
        (LedgerAwayError("away", "postgresql: it does not answer"), 3, ["postgresql: it does not answer"]),
        (InstanceTakenError("joining: taken"), 3, ["joining: taken"]),
        (SettingsError.at("tocsin.toml:2", "a\nb"), 5, ["tocsin.toml:2: a"]),
        (KafkaSettingsError("PLAIN sends it"), 5, ["PLAIN sends it"]),
        (FileNotFoundError(2, "No such file", "rules.yaml"), 3, ["rules.yaml: No such file"]),
    ],
)
def test_a_command_ends_with_the_words_and_the_code_of_its_error(
    error: Exception, code: int, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, failures():
        raise error
    assert ended.value.exit_code == code
    said = capsys.readouterr().err.splitlines()
    assert [line.startswith(start) for line, start in zip(said, lines, strict=True)] == [True] * len(lines)


def test_what_is_of_no_family_goes_on() -> None:
    with pytest.raises(KeyError), failures():
        raise KeyError("a slip in the code")


@pytest.mark.parametrize("command", [["dlq", "list"], ["emit", "-"], ["jobs", "list"]])
def test_whatever_a_command_does_with_a_damaged_file_ends_in_words(command: list[str], tmp_path: Path) -> None:
    database_in(tmp_path).write_bytes(b"no database" * 1_000)
    result = CliRunner().invoke(app, [*command, "--data", str(tmp_path)], input="{}\n")
    assert (result.exit_code, result.exception.__class__) == (3, SystemExit)
    assert str(database_in(tmp_path)) in result.output
