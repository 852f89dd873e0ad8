"""The command line: one file for each command."""

from __future__ import annotations


def main() -> None:
    """The entry point of the `tocsin` command."""
    from tocsin.cli.app import app
    from tocsin.logs import crashes_told

    with crashes_told():
        app()
