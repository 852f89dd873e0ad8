"""The OpenAPI 3.1 document of the API: written from the routes and their types, served beside them, and published."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from litestar import Litestar, MediaType, Response, Router, get
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from adapters.web.tokens import SECURITY
from schemas.event import TicketCloudEvent

PATH: Final = "/openapi.json"

_DESCRIPTION: Final = "Errors are problem details (RFC 9457). Requests need a token: `Authorization: Bearer TOKEN`."


def openapi_document(parts: Sequence[Router], version: str) -> dict[str, Any]:
    """The document on those routes of the parts that are in it."""
    described = Litestar(
        route_handlers=[*parts],
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title="Tocsin",
            version=version,
            description=_DESCRIPTION,
            components=Components(security_schemes={SECURITY: SecurityScheme(type="http", scheme="bearer")}),
        ),
    )
    document = described.openapi_schema.to_schema()
    # What is read by its media type, and so is the parameter of no route.
    _, types = msgspec.json.schema_components((TicketCloudEvent,), ref_template="#/components/schemas/{name}")
    document["components"]["schemas"] |= types
    return document


def openapi(parts: Sequence[Router], version: str) -> Router:
    """A part of an application: the document on the other parts. It is open to all."""
    document = written(openapi_document(parts, version)).encode()

    @get(PATH, include_in_schema=False)
    async def of_the_api() -> Response[bytes]:
        return Response(document, media_type=MediaType.JSON)

    return Router("/", route_handlers=[of_the_api])


def written(document: dict[str, Any]) -> str:
    """As it is published."""
    return json.dumps(document, indent=2) + "\n"
