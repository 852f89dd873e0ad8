"""`tocsin directory show`: one record of the directory, as the topic or a folder holds it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from adapters.files.wire_records import WireRecords, wire_records
from adapters.kafka.held_records import Held, HeldRecord, held_records
from adapters.kafka.record_names import name_of
from adapters.kafka.records import moment_of
from adapters.kafka.settings import KafkaSettings
from schemas.directory import record_kind
from schemas.foreign_record import read_any_record
from schemas.refusal import RefusedError
from tocsin.cli.console import FOUND_FAULTS, say, say_document, stop, warn
from tocsin.cli.directory_at_hand import source_at_hand
from tocsin.cli.named_records import the_one
from tocsin.cli.progress import progress_bar
from tocsin.config.settings.declared.kafka import KAFKA
from tocsin.config.settings.declared.processes import DIRECTORY
from tocsin.config.settings.in_force import Settings
from tocsin.operations.directory_load.called import Called, called, called_in_topic, records_called
from tocsin.printing.printable import printable

_SHOWN_BYTES: Final = 4_000
_HOW: Final = "by key, id, reference, name or address"


def show(
    record: Annotated[
        str, typer.Argument(help="Key of the record, contact/ct-1; or an id, a reference, a name or an address.")
    ],
    settings: Settings,
) -> None:
    """Show a record of the directory: where it is, whose it is, when it came, and its fields.

    It is looked for in topic helpdesk.directory; with --directory, or where settings name a folder, in that folder. The
    exit code is 1 where there is none, and where it can't be read; then it says why.
    """
    where = source_at_hand(settings)
    if where is None:
        raise typer.BadParameter(f"name the directory: {DIRECTORY.names}, or {KAFKA.names}", param_hint="--directory")
    if isinstance(where, KafkaSettings):
        _show_of_topic(record, where)
    else:
        _show_of_folder(record, where)


def _show_of_folder(text: str, folder: Path) -> None:
    found = wire_records(folder, with_places=True)
    records = {f"{record_kind(one)}/{one.id}": one for one in found.records}
    about = _said_of(text, found)
    key = text if about else _named(text, (called(*_parts(one), records[one]) for one in records))
    if key not in records:
        stop("\n".join(about) or f"{printable(text)}: {folder} holds no such record, {_HOW}", FOUND_FAULTS)
    file, line = found.places[_parts(key)]
    say(f"{printable(str(folder / file if folder.is_dir() else folder))}, line {line}")
    for fault in _said_of(key, found):
        warn(fault)
    say_document(msgspec.json.format(msgspec.json.encode(records[key])).decode())


def _said_of(key: str, found: WireRecords) -> list[str]:
    """What is wrong with the record of this key."""
    return [one.shown() for one in found.problems if f"{one.kind}/{one.id}" == key]


def _parts(key: str) -> tuple[str, str]:
    kind, _, record_id = key.partition("/")
    return kind, record_id


def _show_of_topic(record: str, cluster: KafkaSettings) -> None:
    with progress_bar("Reading the topic", None) as progress:
        there = held_records(cluster, progress)
    key = _key(record, there)
    held = there.get(key)
    if held is None:
        stop(f"{printable(record)}: the topic holds no such record, {_HOW}", FOUND_FAULTS)
    kind, record_id = name_of(key)
    for line in _place(held):
        say(line)
    if held.value is None:
        stop("removed: the newest record of this key is a tombstone (a null value)", FOUND_FAULTS)
    try:
        found = read_any_record(held.value, kind)
    except RefusedError as error:
        say(held.value[:_SHOWN_BYTES].decode(errors="backslashreplace"))
        stop(f"it can't be read: {error.shown()}", FOUND_FAULTS)
    say_document(msgspec.json.format(held.value).decode())
    if found is None:
        stop("removed: the record says that it was deleted", FOUND_FAULTS)
    if (record_kind(found), found.id) != (kind, record_id):
        stop("it can't be used: kind and id of the record are not those of its key", FOUND_FAULTS)


def _key(text: str, there: Held) -> bytes:
    """The key that a text means. Ends the command where it may mean several records."""
    key = text.encode(errors="surrogateescape")
    if key in there or (not key.isascii() and text.encode(errors="replace") != key):
        return key
    return _named(text, called_in_topic(there)).encode(errors="surrogateescape")


def _named(text: str, records: Iterable[Called]) -> str:
    """The key of the one of these records that a text means; the text itself where it means none."""
    found = the_one(text, "records", records_called(text, records), lambda one: (one.key, *one.shown))
    if found is None:
        return text
    warn(f"{text!r}: {found.key}")
    return found.key


def _place(held: HeldRecord) -> list[str]:
    came = moment_of(held.timestamp).isoformat(timespec="seconds")
    owner = "nobody's" if held.owner is None else f"owner {printable(held.owner)}"
    lines = [f"partition {held.partition}, offset {held.offset}, came {came}, {owner}"]
    if held.elsewhere is not None:
        lines.append(f"an older one stands in partition {held.elsewhere}, where nothing takes its place")
    return lines
