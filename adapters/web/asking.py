"""Questions over HTTP: how they are read, and answered beside the work of the service, never in its way."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import unquote

import msgspec
import structlog
from litestar import Request, Response
from msgspec import Struct
from msgspec.structs import replace

from adapters.web.problems import STATUSES, problem
from adapters.web.workers import Workers, WorkLimits
from schemas.errors import UnusableError
from schemas.hashing import hash_of
from schemas.problem_details import problem_fields
from schemas.reading import refusal_of
from schemas.refusal import Refusal, RefusedError, refuse, shown_value
from schemas.suggestion import closest
from schemas.token_file import ApiScope

log = structlog.get_logger()

Query = TypeVar("Query", bound=Struct)
Asked = Request[Any, Any, Any]

LIMITS: Final = WorkLimits(calls=18, size=8 * 1_048_576, threads=2, within=10.0)
"""Of all questions together: posts have threads of their own, and never wait for one."""
_LATER: Final = "5"
"""Seconds after which a question may come again that could not be answered."""
_PLACE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""An id of a job, or a number: whoever makes up a cursor can name nothing else."""


class Desk:
    """Answers questions in a few threads, each within a time, and turns away what would wait for too long."""

    def __init__(self, limits: WorkLimits = LIMITS) -> None:
        self._workers = Workers(limits)

    async def answer(self, ask: Callable[[], Any], size: int = 0) -> Response[Any]:
        """What `ask` gives, as JSON, or the response that it makes itself; its errors as problems.

        `size` is the bytes that it holds meanwhile. Raises HTTPException where there is too much to do.
        """
        try:
            found = await self._workers.do(ask, size)
        except RefusedError as error:
            return refused(error)
        except UnusableError as error:
            code = getattr(error, "code", "unavailable")
            # The message may name files and hosts, so it is for the log alone.
            log.warning("question_not_answered", error=code, said=str(error))
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, code, headers={"Retry-After": _LATER})
        return found if isinstance(found, Response) else Response(found)

    def close(self) -> None:
        """Let the threads end that have nothing to do."""
        self._workers.close()


def refused(error: RefusedError) -> Response[Any]:
    """A question that can't be read, with each field that is wrong."""
    return problem(STATUSES.get(error.code, HTTPStatus.BAD_REQUEST), error.code, errors=problem_fields(error.refusals))


def may_see_people(request: Asked) -> bool:
    """Whether the answer may hold names, addresses and texts."""
    return ApiScope.PERSONAL_READ in request.auth


def read_path(field: str, text: str) -> str:
    """A part of a path, its escapes read: an id of any characters. Raises RefusedError where it is no UTF-8."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise refuse(field, text, "this is not UTF-8, by its escapes", "not_utf8") from None


def read_query(request: Asked, kind: type[Query], lists: Iterable[str] = ()) -> Query:
    """The parameters of a question. Raises RefusedError: a slip in a name would answer another question.

    A parameter may come several times where it is among `lists`.
    """
    many, names = set(lists), [field.encode_name for field in msgspec.structs.fields(kind)]
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name not in names:
            meant = closest(name, names) or f"there are {', '.join(names)}"
            raise refuse(name[:80], msgspec.UNSET, f"there is no such parameter: {meant}")
        if name in many:
            given.setdefault(name, []).append(value)
        elif name in given:
            raise refuse(name, value, "this parameter comes once")
        else:
            given[name] = _number(value) if name == "limit" else value
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        refusal = refusal_of(error, given, kind)
        # Which of several values of one parameter it is tells nobody anything.
        named = (replace(one, field=one.field.partition("[")[0]) for one in refusal.refusals)
        raise RefusedError(refusal.code, *named) from None


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text  # noqa: PLR2004 - fits any limit


def cursor_of(question: object, place: str) -> str:
    """Where the next page of this very question begins. It is opaque to whoever asks."""
    return base64.urlsafe_b64encode(f"{_digest(question)}.{place}".encode()).decode().rstrip("=")


def place_in(question: object, cursor: str | None) -> str | None:
    """The place that a cursor of this question holds; None where there is no cursor. Raises RefusedError."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), "-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise _no_cursor(cursor) from None
    digest, _, place = raw.partition(".")
    if digest != _digest(question) or not _PLACE.fullmatch(place):
        raise _no_cursor(cursor)
    return place


def _no_cursor(cursor: str) -> RefusedError:
    reason = "this is no cursor of this question: take `next` of its last page, and change nothing else but `limit`"
    return RefusedError("invalid_cursor", Refusal("cursor", reason, shown_value(cursor)))


def _digest(question: object) -> str:
    return hash_of(msgspec.json.encode(question).decode())[:16]
