"""Reads the file of tokens: all of them, or every fault. No fault shows what may be a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from adapters.shape import shaped
from adapters.web.tokens import ApiToken
from adapters.yaml_files.faults import Fault, FaultyFileError
from adapters.yaml_files.source import Source
from schemas.problem import Problem
from schemas.token_file import MOST_TOKENS, TokenEntry, TokenFile

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_ADVICE: Final = "`tocsin token new` makes token and entry"


def load_tokens(path: Path) -> list[ApiToken]:
    """The tokens of a file. Raises FaultyFileError with every fault."""
    try:
        source = Source.of_file(path)
    except FaultyFileError as error:
        raise FaultyFileError([_unquoted(fault) for fault in error.faults]) from None
    file, problems = _content(source.content)
    problems = [*problems, *(_of_the_whole(file.tokens) if file is not None else ())]
    if problems or file is None:
        raise FaultyFileError([_unquoted(source.fault(problem)) for problem in problems])
    return [
        ApiToken(one.name, bytes.fromhex(one.sha256), frozenset(one.scopes), None if one.rate is None else one.rate)
        for one in file.tokens
    ]


def _unquoted(fault: Fault) -> Fault:
    """Without the line of the file: somebody may have written a secret there."""
    return replace(fault, text="")


def _content(whole: object) -> tuple[TokenFile | None, list[Problem]]:
    if not isinstance(whole, dict):
        advice = "start it with `tokens:`, then a list"
        return None, [Problem((), "a file of tokens is a mapping, with `tokens:`", suggestion=advice)]
    listed = whole.get("tokens")
    for index, entry in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(entry, dict):
            advice = "write `name`, `sha256` and `scopes`"
            return None, [Problem(("tokens", index), "this is no token", suggestion=advice)]
    return shaped(whole, TokenFile, ())


def _of_the_whole(tokens: Sequence[TokenEntry]) -> Iterator[Problem]:
    if len(tokens) > MOST_TOKENS:
        yield Problem(("tokens",), f"there are more than {MOST_TOKENS} tokens", suggestion="take out what nobody uses")
    names, digests = set[str](), set[str]()
    for index, one in enumerate(tokens):
        path = ("tokens", index)
        if not isinstance(one.sha256, str) or not _SHA256.fullmatch(one.sha256):
            message = "this is no SHA-256 in 64 hexadecimal digits (0-9, a-f)"
            yield Problem((*path, "sha256"), message, suggestion=_ADVICE, at_key=True)
        elif one.sha256 in digests:
            yield Problem((*path, "sha256"), "another token has the same secret", suggestion=_ADVICE, at_key=True)
        else:
            digests.add(one.sha256)
        if one.name in names:
            yield Problem((*path, "name"), "another token has this name", suggestion="name each by who uses it")
        names.add(one.name)
