"""What the commands about the directory's topic share."""

from __future__ import annotations

from typing import Annotated

import typer

from schemas.ownership import owner_named
from schemas.refusal import RefusedError

OwnerOption = Annotated[
    str | None,
    typer.Option("--owner", help="Name of the source: only records of that name count as its own."),
]


def owner_given(owner: str | None) -> str | None:
    """The owner. Ends the command where it is no name."""
    try:
        return None if owner is None else owner_named(owner)
    except RefusedError as error:
        raise typer.BadParameter(error.shown(), param_hint="--owner") from None
