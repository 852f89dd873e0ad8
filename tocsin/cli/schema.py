"""`tocsin schema`: what editors read to complete and explain the files that people write."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from typing import Annotated, Final

import typer

from tocsin.cli.console import say_document
from tocsin.cli.options import add_command
from tocsin.config.settings.schema import settings_schema


class Of(StrEnum):
    """Which files the schema is for."""

    RULES = "rules"
    TESTS = "tests"
    DIRECTORY = "directory"
    SETTINGS = "settings"
    MAPPINGS = "mappings"
    MAPPING_TESTS = "mapping-tests"


_FILES: Final[Mapping[Of, str]] = {
    Of.RULES: "rule-file",
    Of.TESTS: "rule-test",
    Of.DIRECTORY: "directory-file",
    Of.MAPPINGS: "mapping-file",
    Of.MAPPING_TESTS: "mapping-test",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, "schema", schema)


def schema(
    of: Annotated[
        Of,
        typer.Argument(
            help="rules: of rule files; tests: of *.test.yaml files; directory: of the directory's files (YAML, or one "
            "line of JSONL); settings: of the settings file; mappings, mapping-tests: of the files by which "
            "webhooks are read, and of their tests."
        ),
    ],
) -> None:
    """Print the JSON Schema of files that people write: editors complete them by it.

    Save it beside your rules, and name it in their first line:

      tocsin schema rules > rules.schema.json

      # yaml-language-server: $schema=rules.schema.json

    Editors with the YAML language server (VS Code with its YAML extension, Neovim, Emacs and others) then show what
    each key means, and what may stand there. What only the product knows (fields, names, what can never hold):
    tocsin check. In a settings file the first line is `#:schema ./settings.schema.json`, for editors with Taplo.
    """
    if of is Of.SETTINGS:
        say_document(settings_schema())
        return
    say_document((files("schemas") / "json" / f"{_FILES[of]}.schema.json").read_text(encoding="utf-8").rstrip())
