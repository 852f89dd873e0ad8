"""Answers of the API that say what is wrong: `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from litestar import Response
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct

from schemas.problem_details import ProblemDetails, ProblemField

MEDIA_TYPE: Final = "application/problem+json"

API: Final = "/v1/"
"""What is below this path is the API, for machines; all else is for people and probes."""

_CODES: Final = {
    HTTPStatus.BAD_REQUEST: "bad_request",
    HTTPStatus.UNAUTHORIZED: "no_valid_token",
    HTTPStatus.FORBIDDEN: "not_in_scope",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.TOO_MANY_REQUESTS: "too_many_requests",
    HTTPStatus.INTERNAL_SERVER_ERROR: "failed",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}

STATUSES: Final = {
    "unsupported_media_type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}
"""Of what was refused, by the code; of all else it is 400."""


def problem(
    status: int,
    code: str | None = None,
    detail: str | None = None,
    errors: Sequence[ProblemField] = (),
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """The answer. Without a `code` it is named by its status."""
    of_status = HTTPStatus(status)
    said = ProblemDetails(
        title=of_status.phrase,
        status=status,
        code=code or _CODES.get(of_status, of_status.name.lower()),
        detail=detail,
        errors=errors,
    )
    return Response(said.encoded(), media_type=MEDIA_TYPE, status_code=status, headers=headers)


def documented(*statuses: HTTPStatus) -> dict[int, ResponseSpec]:
    """These problems, for the OpenAPI document."""
    return {
        int(status): ResponseSpec(
            ProblemDetails, generate_examples=False, description=status.phrase, media_type=MEDIA_TYPE
        )
        for status in statuses
    }


def answers(kind: type[Struct], *statuses: HTTPStatus) -> dict[int, ResponseSpec]:
    """What a question is answered with, for the OpenAPI document: this type, and the problems of every question."""
    always = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    busy = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
    found = ResponseSpec(kind, generate_examples=False, description="The answer.")
    return {int(HTTPStatus.OK): found, **documented(*always, *statuses, *busy)}
