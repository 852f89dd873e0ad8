"""Which record of the directory a Kafka key names: our own keys, KIND/ID, and the keys that connectors write.

A connector's key is the primary key of a table: a text in quotation marks, or an object with an `id` and perhaps a
`kind`. If the key has no kind, the record's value has it. That kind is remembered, because a later tombstone for the
key has no value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from schemas.column_values import check_is_text
from schemas.connect_rows import columns_of, unwrapped
from schemas.directory import RECORD_KINDS, Record, record_kind
from schemas.foreign_record import Claim, claim_of
from schemas.reading import IDENTIFIER_LENGTH
from schemas.refusal import Refusal, RefusedError

MAX_KEY_BYTES: Final = 16_384
"""Our own keys have a few hundred bytes at most. A key with Connect's schema has more."""


class Named(Struct, frozen=True):
    """Kind and id of a record. `instead_of` is the kind that its key had until now, if that was another one."""

    kind: str
    id: str
    instead_of: str | None = None


class RecordNames:
    """Names records by their keys. For keys without a kind it remembers the kind, until the record is removed."""

    def __init__(self) -> None:
        self._kinds: dict[bytes, str] = {}

    def of(self, key: bytes | None, value: bytes | None) -> Named | None:
        """The name of a record; None for the removal of a record that never came. Raises RefusedError."""
        try:
            return Named(*name_of(key))
        except RefusedError:
            if key is None or not _may_be_foreign(key):
                raise
        kind, record_id = _foreign_name(key)
        return Named(kind, record_id) if kind is not None else self._by_record(key, record_id, value)

    def forget(self, key: bytes | None) -> None:
        """Forget the kind of this key, because its record was removed."""
        self._kinds.pop(key or b"", None)

    def _by_record(self, key: bytes, record_id: str, value: bytes | None) -> Named | None:
        before = self._kinds.get(key)
        claim = Claim(None, is_removed=True) if value is None else _claim_in(value)
        if claim.kind is not None:
            self._kinds[key] = claim.kind
            return Named(claim.kind, record_id, before if before != claim.kind else None)
        if before is not None:
            return Named(before, record_id)
        if claim.is_removed:
            return None
        raise RefusedError("bad_key", Refusal("key", _NO_KIND))


def name_of(key: bytes | None, kinds: Sequence[str] = RECORD_KINDS) -> tuple[str, str]:
    """Kind and id from a key of our own form. Raises RefusedError, also for a kind that is not in `kinds`."""
    try:
        kind, slash, record_id = (key or b"").decode().partition("/")
    except UnicodeDecodeError:
        raise RefusedError("bad_key", Refusal("key", "a key is KIND/ID in UTF-8")) from None
    if kind not in kinds or not slash or not 0 < len(record_id) <= IDENTIFIER_LENGTH:
        raise RefusedError("bad_key", Refusal("key", f"a key is KIND/ID, with one of {', '.join(kinds)}"))
    return kind, record_id


def key_of(record: Record) -> bytes:
    """The key of a directory record."""
    return f"{record_kind(record)}/{record.id}".encode()


_NO_KIND: Final = (
    "neither the key nor the record says which kind it is of: add a field `kind` (transform InsertField), best of all "
    "to both"
)


def _may_be_foreign(key: bytes) -> bool:
    # A JSON object, a JSON text, or the mark of Schema Registry's serializers. Our own keys begin with a kind.
    return key[:1] in (b"{", b'"', b"\0")


def _foreign_name(key: bytes) -> tuple[str | None, str]:
    """Kind (None if the key has none) and id from a connector's key. Raises RefusedError."""
    try:
        whole, schema, _ = unwrapped(key, MAX_KEY_BYTES)
        number = whole.get("id") if isinstance(whole, dict) else None
        check_is_text(number, columns_of(schema).get("id", {}), "id")
    except RefusedError as error:
        raise RefusedError("bad_key", *(Refusal("key", refusal.reason) for refusal in error.refusals)) from None
    if isinstance(whole, str):
        return name_of(whole.encode())
    fields: dict[str, Any] = whole if isinstance(whole, dict) else {}
    kind = fields.get("kind")
    # Not `isinstance`: true and false are no ids, and Python counts bool as int.
    record_id = str(number) if type(number) is int else number
    if not isinstance(record_id, str) or not 0 < len(record_id) <= IDENTIFIER_LENGTH:
        raise RefusedError("bad_key", Refusal("key", "a key that is an object has an `id`, and best a `kind` as well"))
    if kind is not None and kind not in RECORD_KINDS:
        raise RefusedError("bad_key", Refusal("key", f"`kind` is one of {', '.join(RECORD_KINDS)}"))
    return kind, record_id


def _claim_in(value: bytes) -> Claim:
    try:
        return claim_of(value)
    except RefusedError:
        # Not reported here: the caller reads the value next, and reports the fault under the name that the key had.
        return Claim(None, is_removed=False)
