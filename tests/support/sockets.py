"""A socket in the file system, where a test needs something that is no file."""

import socket
from contextlib import chdir
from pathlib import Path


def put_socket(path: Path) -> None:
    """Leave a Unix socket at `path`.

    It is bound by its name alone: the address of a socket holds some hundred bytes, and paths of tests are longer.
    """
    with chdir(path.parent), socket.socket(socket.AF_UNIX) as bound:
        bound.bind(path.name)
