"""Reads the file of endpoints: all of them, or every fault."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from adapters.shape import shaped
from adapters.yaml_files.faults import FaultyFileError
from adapters.yaml_files.source import Source
from schemas.endpoint_file import MOST_ENDPOINTS, EndpointEntry, EndpointFile
from schemas.problem import Problem

_PRINTABLE: Final = re.compile(r"[!-~]+")


def load_endpoints(path: Path) -> Sequence[EndpointEntry]:
    """The endpoints of a file. Raises FaultyFileError with every fault."""
    source = Source.of_file(path)
    if not isinstance(source.content, dict):
        advice = "start it with `endpoints:`, then a list"
        problem = Problem((), "a file of endpoints is a mapping, with `endpoints:`", suggestion=advice)
        raise FaultyFileError([source.fault(problem)])
    file, problems = shaped(source.content, EndpointFile, ())
    problems = [*problems, *(_of_the_whole(file.endpoints) if file is not None else ())]
    if problems or file is None:
        raise FaultyFileError([source.fault(problem) for problem in problems])
    return file.endpoints


def _of_the_whole(endpoints: Sequence[EndpointEntry]) -> Iterator[Problem]:
    if not endpoints:
        yield Problem(("endpoints",), "there is no endpoint", suggestion="leave the setting out to post nothing")
    if len(endpoints) > MOST_ENDPOINTS:
        advice = "let one address hand posts on"
        yield Problem(("endpoints",), f"there are more than {MOST_ENDPOINTS} endpoints", suggestion=advice)
    names = set[str]()
    for index, one in enumerate(endpoints):
        if one.name in names:
            yield Problem(("endpoints", index, "name"), "another endpoint has this name", suggestion="give it another")
        names.add(one.name)
        if (why := _why_no_url(one.url)) is not None:
            yield Problem(("endpoints", index, "url"), why, suggestion="write https://HOST/PATH", at_key=True)


def _why_no_url(url: str) -> str | None:
    """Why nothing can be posted there; None where it can. It never shows what may be a password."""
    if not _PRINTABLE.fullmatch(url):
        return "this is no URL: write other characters as %XX, and a host's name in its ASCII form"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "this is no URL"
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return "this is no URL with http or https and a host"
    if "@" in parts.netloc:
        return "a password has no place here: posts are signed, with a secret of `outcomes.secrets`"
    if "#" in url:
        return "what stands behind # is never sent"
    return None
