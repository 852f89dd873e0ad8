"""`tocsin schema`: what editors read to complete and explain rule files."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from typing import Annotated, Final

import typer

from tocsin.cli.console import say


class Of(StrEnum):
    """Which files the schema is for."""

    RULES = "rules"
    TESTS = "tests"


_FILES: Final[Mapping[Of, str]] = {Of.RULES: "rule-file", Of.TESTS: "rule-test"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(schema)


def schema(of: Annotated[Of, typer.Argument(help="rules: of rule files; tests: of *.test.yaml files.")]) -> None:
    """Print the JSON Schema of rule files or of rule tests, by which an editor completes and explains them.

    Save it beside your rules, and name it in their first line:

      tocsin schema rules > rules.schema.json

      # yaml-language-server: $schema=rules.schema.json

    Editors with the YAML language server (VS Code with its YAML extension, Neovim, Emacs and others) then show what
    each key means, and what may stand there. What only the product knows (fields, names, what can never hold):
    tocsin check.
    """
    say((files("schemas") / "json" / f"{_FILES[of]}.schema.json").read_text(encoding="utf-8").rstrip())
