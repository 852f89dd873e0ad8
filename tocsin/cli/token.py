"""`tocsin token`: tokens of the HTTP API."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Annotated

import typer

from schemas.token_file import CALLED, ApiScope
from tocsin.cli.console import say
from tocsin.cli.options import add_command


def register(app: typer.Typer) -> None:
    """Add the command."""
    token = typer.Typer(help="Tokens of the HTTP API: docs/http.md.", no_args_is_help=True)
    # A group of one command: without a callback typer would make a command of it.
    token.callback()(lambda: None)
    add_command(token, "token new", new)
    app.add_typer(token, name="token")


def new(
    name: Annotated[str, typer.Argument(help="Who will use it: letters, digits, '.', '_' and '-'.")],
    scope: Annotated[list[ApiScope], typer.Option("--scope", help="What it allows; may be repeated.")],
) -> None:
    """Make a token: its secret for whoever uses it, and its entry for the file of tokens (http.tokens).

    The secret is shown this once, and kept nowhere: the entry has its SHA-256.
    """
    if not re.fullmatch(CALLED, name):
        raise typer.BadParameter("use letters, digits, '.', '_' and '-', up to 80", param_hint="NAME")
    secret = secrets.token_urlsafe(32)
    say(f"secret: {secret}")
    say("entry, below `tokens:`:")
    say(f"- name: {name}")
    say(f"  sha256: {hashlib.sha256(secret.encode()).hexdigest()}")
    say(f"  scopes: [{', '.join(dict.fromkeys(scope))}]")
