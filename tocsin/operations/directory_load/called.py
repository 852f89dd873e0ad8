"""Records of the directory by what people call them: id, reference, name, address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Struct

from adapters.kafka.held_records import Held
from adapters.kafka.record_names import name_of
from schemas.foreign_record import read_any_record
from schemas.mailbox import mailbox
from schemas.refusal import RefusedError
from tocsin.authoring.finding import first_found, plain

_NAMES: Final = ("reference", "name")


class Called(Struct, frozen=True):
    """A record by its key, with what people call it: names in their plain form, and mailboxes."""

    key: str
    id: str
    names: frozenset[str]
    mailboxes: frozenset[str]
    shown: tuple[str, ...]


def records_called(text: str, records: Iterable[Called]) -> list[Called]:
    """Those that a text may mean: by id, else by an address, else by reference or name."""
    wanted, name = mailbox(text), plain(text)
    ways: tuple[Callable[[Called], bool], ...] = (
        lambda one: one.id == text,
        lambda one: wanted in one.mailboxes,
        lambda one: name in one.names,
    )
    return first_found(ways, [*records]) if name else []


def called_in_topic(held: Held) -> Iterator[Called]:
    """Those of the topic that can be read: of the others nobody knows what they are called."""
    for key, record in held.items():
        try:
            kind, record_id = name_of(key or b"")
            found = None if record.value is None else read_any_record(record.value, kind)
        except RefusedError:
            continue
        if found is not None:
            yield called(kind, record_id, found)


def called(kind: str, record_id: str, record: object) -> Called:
    """What people call a record."""
    said = tuple(text for text in (getattr(record, name, None) for name in _NAMES) if isinstance(text, str))
    names = frozenset(map(plain, said))
    return Called(f"{kind}/{record_id}", record_id, names, frozenset(_mailboxes(record)), said)


def _mailboxes(record: object) -> Iterator[str]:
    # Modes are read one by one elsewhere, since a bad one costs only itself: here they may have any form.
    modes = getattr(record, "modes", None)
    for mode in modes if isinstance(modes, list) else ():
        address = mode.get("address") if isinstance(mode, dict) else None
        if isinstance(address, str):
            yield mailbox(address)
