"""The command line: one file for each command."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """The entry point of the `tocsin` command."""
    _open_standard_streams()
    from tocsin.cli.app import app
    from tocsin.logs import crashes_told

    with crashes_told():
        app()


def _open_standard_streams() -> None:
    """A process may be started without them: a database or socket would get their numbers, and lines of the log."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
