"""The command line: one file for each command."""

from __future__ import annotations


def main() -> None:
    """The entry point of the `tocsin` command."""
    from tocsin.cli.app import app

    app()
