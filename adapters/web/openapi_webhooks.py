"""What is posted to others, for the OpenAPI document (`webhooks`, OpenAPI 3.1, section 4.8.1)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from schemas.outcome_posts import JobPost, TicketPost
from schemas.portable_schema import tidied

_HEADERS: Final = {
    "webhook-id": "The same on every try: what was worked on under it need not be again.",
    "webhook-timestamp": "When this try was made, in seconds since 1970.",
    "webhook-signature": "For each secret `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64; blanks between.",
}
_ANSWERS: Final = {
    "2XX": "It was taken.",
    "410": "Nothing more is posted to this address.",
    "default": "It is posted again later. Redirects are not followed.",
}


def webhooks(reference: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The webhooks, and the types that they name. `reference` says how a type is referred to, by its `{name}`."""
    bodies, types = msgspec.json.schema_components((JobPost, TicketPost), ref_template=reference)
    operation = {
        "operationId": "Outcomes",
        "summary": "What became of messages",
        "description": "Posted to the addresses of `outcomes.endpoints`, signed as Standard Webhooks 1.0 says: one "
        "post for each message, or one for each save of a ticket. At least once; those of one ticket in order.",
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": said, "schema": {"type": "string"}}
            for name, said in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"oneOf": list(bodies)}}}},
        "responses": {status: {"description": said} for status, said in _ANSWERS.items()},
    }
    return {"outcomes": {"post": operation}}, tidied(types)
