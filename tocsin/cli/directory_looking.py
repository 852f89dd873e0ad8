"""`tocsin directory show` and `directory diff`: what the topic holds, and what a load would change of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from adapters.files.wire_records import wire_records
from adapters.kafka.held_records import Held, HeldRecord, held_records
from adapters.kafka.record_names import name_of
from adapters.kafka.records import moment_of
from adapters.kafka.topics import refuse_missing
from schemas.directory import record_kind
from schemas.foreign_record import read_any_record
from schemas.ownership import owner_named
from schemas.refusal import RefusedError
from schemas.topics import DIRECTORY
from tocsin.cli.console import FOUND_FAULTS, say, say_document, stop, told, warn
from tocsin.cli.diff import CHANGED, failing_with_two
from tocsin.cli.named_records import the_one
from tocsin.cli.progress import progress_bar
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.kafka import kafka_settings
from tocsin.operations.directory_load.called import records_called
from tocsin.operations.directory_load.plan import plan
from tocsin.operations.directory_load.report import as_json, report
from tocsin.printing.printable import printable

_SHOWN_BYTES: Final = 4_000

OwnerOption = Annotated[
    str | None,
    typer.Option("--owner", help="Name of the source: only records of that name count as its own."),
]


def owner_given(owner: str | None) -> str | None:
    """The owner. Ends the command where it is no name."""
    try:
        return None if owner is None else owner_named(owner)
    except RefusedError as error:
        raise typer.BadParameter(error.shown(), param_hint="--owner") from None


def show(
    record: Annotated[
        str, typer.Argument(help="Key of the record, contact/ct-1; or an id, a reference, a name or an address.")
    ],
    settings: Settings,
) -> None:
    """Show a record as topic helpdesk.directory holds it: where it is, when it came, whose it is, and its fields.

    The exit code is 1 where there is none, and where it can't be read; then it says why.
    """
    with progress_bar("Reading the topic", None) as progress:
        there = held_records(kafka_settings(settings), progress)
    key = _key(record, there)
    held = there.get(key)
    if held is None:
        stop(
            f"{printable(record)}: the topic holds no such record, by key, id, reference, name or address", FOUND_FAULTS
        )
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
    found = the_one(text, "records", records_called(text, there), lambda one: (one.key, *one.shown))
    if found is None:
        return key
    warn(f"{text!r}: {found.key}")
    return found.key.encode(errors="surrogateescape")


def _place(held: HeldRecord) -> list[str]:
    came = moment_of(held.timestamp).isoformat(timespec="seconds")
    owner = "nobody's" if held.owner is None else f"owner {printable(held.owner)}"
    lines = [f"partition {held.partition}, offset {held.offset}, came {came}, {owner}"]
    if held.elsewhere is not None:
        lines.append(f"an older one stands in partition {held.elsewhere}, where nothing takes its place")
    return lines


def diff(
    path: Annotated[Path, typer.Argument(help="Folder (or file) with the directory's records, YAML or JSONL.")],
    settings: Settings,
    remove_others: Annotated[
        bool, typer.Option("--remove-others", help="Count as removed what the files do not name.")
    ] = False,
    owner: OwnerOption = None,
    examples: Annotated[int, typer.Option("--examples", min=0, max=100_000, help="Shown of each kind of change.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what `tocsin directory load` of these files would change in the topic. Nothing is written.

    Exit codes: 0, nothing; 1, something; 2, that can't be said (what is wrong was named).
    """
    with failing_with_two():
        mine = owner_given(owner)
        found = wire_records(path)
        told(found)
        cluster = kafka_settings(settings)
        refuse_missing(cluster, [DIRECTORY])
        with progress_bar("Reading the topic", None) as progress:
            held = held_records(cluster, progress)
        planned = plan(found.records, held, mine, remove_others)
        if any(not code.is_warning for code in found.problem_counts):
            warn("of what was named above, a load would take in nothing, and remove nothing at all")
    for line in [msgspec.json.encode(as_json(planned, examples)).decode()] if json else report(planned, examples):
        say(line)
    raise typer.Exit(CHANGED if planned.size else 0)
