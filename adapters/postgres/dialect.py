"""The ledger's statements (see adapters.sql_ledger.statements) as psycopg and PostgreSQL take them."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from typing import Final

from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap
from psycopg.types.numeric import Int8BinaryDumper
from psycopg.types.string import StrDumperUnknown

_OWN: Final = re.compile(r"/\*pg (.*?)\*/")
_FOREIGN: Final = re.compile(r"INDEXED BY \w+")
_VALUE: Final = re.compile(r"(?<![:\w]):([a-z_]+)")


@cache
def translated(statement: str) -> str:
    """The statement with its values named as `%(name)s`."""
    own = _FOREIGN.sub("", _OWN.sub(r"\1", statement)).replace("json_each(", "json_array_elements_text(")
    return _VALUE.sub(r"%(\1)s", own)


def lock_key(name: str) -> int:
    """The key of an advisory lock: 64 bits of a hash, as PostgreSQL has them. Two names with one key just wait more."""
    return int.from_bytes(hashlib.sha256(f"tocsin {name}".encode()).digest()[:8], "big", signed=True)


def adapt(adapters: AdaptersMap) -> None:
    """How values of the ledger go to the server."""
    adapters.register_dumper(int, Int8BinaryDumper)
    adapters.register_dumper(str, _TextDumper)


class _TextDumper(StrDumperUnknown):
    """Text, with NUL, which PostgreSQL can't keep, as U+2400.

    Only columns by which jobs are found and what a relay said go this way; a job itself is kept as its bytes.
    """

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\0", "\u2400"))
