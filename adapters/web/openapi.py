"""The OpenAPI 3.1 document of the API: written from the routes and their types, served beside them, and published."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from litestar import Litestar, MediaType, Response, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import HTTPRoute

from adapters.web.openapi_webhooks import webhooks
from adapters.web.tokens import SECURITY
from schemas.event import TicketCloudEvent
from schemas.event_conditions import with_conditions
from schemas.portable_schema import tidied

PATH: Final = "/openapi.json"

QUERY: Final = "query"
"""The key of a route's `opt` whose value is the type of its query."""

_REFERENCE: Final = "#/components/schemas/{name}"
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
    # What routes read by themselves, and so is the parameter of none: bodies by their media type, and queries.
    queries = {one.operation_id: one.opt[QUERY] for one in _handlers(described) if QUERY in one.opt}
    _, types = msgspec.json.schema_components((TicketCloudEvent, *queries.values()), ref_template=_REFERENCE)
    for path in document["paths"].values():
        for operation in path.values():
            if (query := queries.get(operation["operationId"])) is not None:
                operation.setdefault("parameters", []).extend(_parameters(tidied(types.pop(query.__name__))))
    # Events have to agree with themselves, as the published schema says.
    document["components"]["schemas"] |= with_conditions({"$defs": tidied(types)})["$defs"]
    document["webhooks"], told = webhooks(_REFERENCE)
    known = document["components"]["schemas"]
    known |= {name: one for name, one in told.items() if name not in known}
    return document


def _handlers(described: Litestar) -> Iterator[HTTPRouteHandler]:
    for route in described.routes:
        if isinstance(route, HTTPRoute):
            yield from route.route_handlers


def _parameters(query: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, schema in query["properties"].items():
        said = {"description": schema["description"]} if "description" in schema else {}
        yield {"name": name, "in": "query", "required": False, **said, "schema": schema}


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
