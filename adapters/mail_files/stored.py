"""Mails one by one, from wherever a mail system leaves them. Of each no more is read than is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from msgspec import Struct

from adapters.files.opening import open_regular
from adapters.mail_files.mbox import mails_of

_SEEN: Final = ":2,S"
_DRAIN: Final = 1_048_576


class StoredMail(Struct, frozen=True):
    """A mail: where it lies, its first bytes, and what to call when it has been dealt with."""

    place: str
    content: bytes
    done: Callable[[], object]


def stored_mails(path: Path, limit: int, passed_over: Callable[[OSError], object]) -> Iterator[StoredMail]:
    """The mails of a file, an mbox, a folder of files, or what is new in a Maildir; at most `limit` bytes of each.

    What has been dealt with in a Maildir is moved from `new` to `cur`, and marked as seen: it doesn't come again. The
    others stay as they are. A file in a folder that can't be read is told to `passed_over`, and keeps no other one
    waiting. Raises OSError where the path itself can't be read.
    """
    if (path / "new").is_dir() and (path / "cur").is_dir():
        for file, content in _heads(path / "new", path, limit, passed_over):
            yield StoredMail(str(file), content, partial(_mark, file))
    elif path.is_dir():
        for file, content in _heads(path, path, limit, passed_over):
            yield StoredMail(str(file), content, _nothing)
    elif _head(path, 5) == b"From ":
        yield from _mbox(path, limit)
    else:
        yield StoredMail(str(path), _head(path, limit), _nothing)


def piped_mail(source: BinaryIO, limit: int) -> StoredMail:
    """The one mail that comes through a pipe. It is read to its end, so that its writer doesn't fail."""
    content = source.read(limit)
    while source.read(_DRAIN):
        pass
    return StoredMail("-", content, _nothing)


def _mbox(path: Path, limit: int) -> Iterator[StoredMail]:
    with open_regular(path) as opened:
        for number, content in enumerate(mails_of(opened, limit), 1):
            yield StoredMail(f"{path}#{number}", content, _nothing)


def _heads(
    folder: Path, within: Path, limit: int, passed_over: Callable[[OSError], object]
) -> Iterator[tuple[Path, bytes]]:
    for file in _files(folder):
        try:
            content = _head(file, limit, within)
        except OSError as error:
            passed_over(error)
        else:
            yield file, content


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))


def _head(file: Path, limit: int, within: Path | None = None) -> bytes:
    with open_regular(file, within) as opened:
        return opened.read(limit)


def _mark(file: Path) -> None:
    file.rename(file.parent.parent / "cur" / (file.name.partition(":")[0] + _SEEN))


def _nothing() -> None:
    pass
