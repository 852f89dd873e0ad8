"""What may be posted: JSON within bounds, so that whatever a mapping does with it takes bounded time and memory."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from schemas.reading import read_json
from schemas.refusal import Refusal, RefusedError

MAX_POST_BYTES: Final = 1_048_576
MAX_VALUES: Final = 20_000
"""Values in a payload, members of lists and objects included. Those of helpdesks have some hundreds."""
MAX_DEPTH: Final = 64

_JSON: Final = msgspec.json.Decoder()


def read_payload(body: bytes) -> Any:
    """The JSON of a body. Raises RefusedError; the codes are those of `schemas.reading.read_json`."""
    payload = read_json(body, _JSON, MAX_POST_BYTES)
    level, count = [payload], 1
    for _ in range(MAX_DEPTH):
        level = [member for value in level for member in _members(value)]
        count += len(level)
        if count > MAX_VALUES:
            raise RefusedError("too_large", Refusal("", f"the payload holds more than {MAX_VALUES} values"))
        if not level:
            return payload
    raise RefusedError("too_deep", Refusal("", f"the payload is nested more than {MAX_DEPTH} levels deep"))


def _members(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
