"""What may be posted: JSON or a form, within bounds, so that whatever a mapping does with it takes bounded work."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from intake.mappings.forms import read_form
from schemas.reading import check_size, read_json, without_mark
from schemas.refusal import Refusal, RefusedError, refuse

MAX_POST_BYTES: Final = 1_048_576
MAX_VALUES: Final = 20_000
"""Values in a payload, members of lists and objects included. Those of helpdesks have some hundreds."""
MAX_DEPTH: Final = 64

UNSUPPORTED: Final = "unsupported_media_type"
"""The code of a refusal for a body in a format that is not read."""

_JSON: Final = msgspec.json.Decoder()
_FORM: Final = "application/x-www-form-urlencoded"
_OF_JSON: Final = ("", "application/json", "text/json", "text/plain", "application/octet-stream")
"""Media types of bodies that are JSON, or may be; besides, all that end with `+json`."""

_UTF8: Final = ("", "utf-8", "utf8", "us-ascii", "ascii")
_OLDER: Final = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
    "iso-8859-15": "iso-8859-15",
}
"""Charsets of older installations. ISO 8859-1 is read as browsers do (WHATWG Encoding, section 4.2)."""

_IN_A_FIELD: Final = "payload"
"""The only field of forms that hold JSON, as some webhooks send it."""


def read_payload(body: bytes, content_type: str = "") -> Any:
    """What a body of this `Content-Type` holds.

    Raises RefusedError: `unsupported_media_type` for other formats; else the codes of `schemas.reading.read_json`.
    """
    media_type, charset = _media_type(content_type)
    is_form = media_type == _FORM
    if not is_form and media_type not in _OF_JSON and not media_type.endswith("+json"):
        raise refuse("content-type", media_type, "only JSON and form-encoded bodies are read", UNSUPPORTED)
    check_size(body, MAX_POST_BYTES)
    charset = _known(charset)
    body = _in_utf8(body, charset)
    # Many a script sends JSON without saying so: curl calls it a form then.
    if is_form and not without_mark(body).lstrip().startswith((b"{", b"[")):
        payload = _of_form(body, charset)
    else:
        payload = read_json(body, _JSON, MAX_POST_BYTES)
    return _bounded(payload)


def _media_type(content_type: str) -> tuple[str, str]:
    """The media type without its parameters, and its charset, both in small letters."""
    media_type, *parameters = content_type.lower().split(";")
    named = dict(part.strip().partition("=")[::2] for part in parameters)
    return media_type.strip(), named.get("charset", "").strip(' "')


def _known(charset: str) -> str:
    """The charset as Python names it."""
    known = "utf-8" if charset in _UTF8 else _OLDER.get(charset)
    if known is None:
        reason = "only UTF-8, ISO 8859-1, ISO 8859-15 and Windows-1252 are read: send UTF-8"
        raise refuse("content-type", charset, reason, UNSUPPORTED)
    return known


def _in_utf8(body: bytes, charset: str) -> bytes:
    """The body in UTF-8. Many name an older charset and send UTF-8 all the same, which nothing else looks like."""
    if charset == "utf-8":
        return body
    try:
        body.decode()
    except UnicodeDecodeError:
        return body.decode(charset, "replace").encode()
    return body


def _of_form(body: bytes, charset: str) -> Any:
    try:
        text = without_mark(body).decode()
    except UnicodeDecodeError as error:
        raise RefusedError("not_utf8", Refusal("", f"this is not UTF-8 (byte {error.start})")) from None
    form = read_form(text, charset, MAX_VALUES, MAX_DEPTH)
    held = form.get(_IN_A_FIELD)
    if len(form) == 1 and isinstance(held, str) and held.lstrip().startswith("{"):
        return read_json(held.encode(), _JSON, MAX_POST_BYTES)
    return form


def _bounded(payload: Any) -> Any:
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
