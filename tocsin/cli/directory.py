"""`tocsin directory`: the directory's topic, filled out of files, and looked through."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Final, NoReturn

import typer

from adapters.files.wire_records import WireRecords, wire_records
from adapters.kafka.held_records import HeldRecord, held_records
from adapters.kafka.one_transaction import OneTransaction, time_for
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import refuse_missing
from schemas.topics import DIRECTORY
from tocsin.cli.console import FOUND_FAULTS, say, say_json, stop, told, warn
from tocsin.cli.directory_diff import OwnerOption, diff, owner_given
from tocsin.cli.directory_show import show
from tocsin.cli.options import KAFKA_CREDENTIALS, Form, add_command
from tocsin.cli.progress import progress_bar
from tocsin.config.settings.declared.kafka import KAFKA
from tocsin.config.settings.declared.processes import DIRECTORY as FOLDER
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.kafka import kafka_settings
from tocsin.operations.directory_load.faults import faults_in
from tocsin.operations.directory_load.plan import Plan, plan
from tocsin.printing.printable import printable

TRANSACTION: Final = "tocsin-directory-load"
"""One name for all loads of an installation: of two at a time the later one ends the earlier one."""
_LISTED: Final = 5
_LARGE: Final = 1_000_000
"""Bytes of files that are read within a second or two."""
_SLIPS: Final = (
    "nothing was written: keys and words that mean nothing are named above. Mend them; begin keys of your own with x-; "
    "or load the records without them: --accept-unknown"
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    directory = typer.Typer(help="Fill the directory's topic, and look into it.", no_args_is_help=True)
    for command in (load, diff, check):
        name = f"directory {command.__name__}"
        add_command(directory, name, command, Form(KAFKA, is_needed=True), epilog=KAFKA_CREDENTIALS)
    add_command(directory, "directory show", show, Form(FOLDER, ("-d",)), epilog=KAFKA_CREDENTIALS)
    app.add_typer(directory, name="directory")


def load(
    path: Annotated[Path, typer.Argument(help="Folder (or file) with the directory's records, YAML or JSONL.")],
    settings: Settings,
    remove_others: Annotated[
        bool, typer.Option("--remove-others", help="Remove this owner's records that the files do not name.")
    ] = False,
    remove_many: Annotated[
        bool, typer.Option("--remove-many", help="Even where that is more than a fifth of a kind.")
    ] = False,
    owner: OwnerOption = None,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="Also write records that are held as another owner's: they change hands."),
    ] = False,
    accept_unknown: Annotated[
        bool, typer.Option("--accept-unknown", help="Load records with keys and words that mean nothing, without them.")
    ] = False,
) -> None:
    """Bring the records of files to topic helpdesk.directory, each under its key KIND/ID, in one transaction.

    An event is decided by the directory as it was before or as it is after, never by half of a load; one that fails or
    is killed changes nothing. What the topic holds already is not written again.

    A key that nothing reads, or a word that means nothing, is most often a slip that costs somebody their alerts: each
    is named, with what was probably meant, and nothing is written (docs/directory.md lists the keys and words).

    What can't be read is named and left out; the exit code is then 1, and --remove-others removes nothing: a slip in a
    file must not take its records away.
    """
    with _stopped_tidily():
        mine, cluster = owner_given(owner), kafka_settings(settings)
        if _takes_long(path):
            refuse_missing(cluster, [DIRECTORY])
        found = wire_records(path)
        told(found)
        if not accept_unknown and any(code.is_slip for code in found.problem_counts):
            stop(_SLIPS, FOUND_FAULTS)
        is_whole = all(code.is_warning or code.is_slip for code in found.problem_counts)
        refuse_missing(cluster, [DIRECTORY])
        done = _load(cluster, found, mine, (remove_others and is_whole, remove_many, take_over))
    if remove_others and not is_whole:
        warn("nothing was removed, since not everything could be read")
    written = len(done.added) + len(done.changed)
    say(f"{written} records written, {len(done.removed)} removed, {done.unchanged} as they were")
    raise typer.Exit(0 if is_whole else FOUND_FAULTS)


def check(
    settings: Settings,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Name what is wrong in the directory's topics by now: each fault with its place, and why.

    Records that can't be read, keys that stand in two partitions, records that name one that is not there, records
    that disagree, and parts that are not used: modes of reception and reply_to that can't be read, languages and time
    zones that there are not. The exit code is 1 where there is any.

    Whoever a record might alert that can't be read gets nothing until it is mended. Then send again the events that met
    it: tocsin dlq redrive --code unreadable_record. One whose key names no record changes nothing: write it under
    KIND/ID, and remove the wrong key by a null value.
    """
    found = faults_in(kafka_settings(settings))
    if json:
        say_json(found)
    else:
        for one in (*found.unreadable, *found.parts, *found.keys, *found.disagreements):
            say(str(one))
        warn(
            f"{len(found.unreadable)} records can't be read, {len(found.keys)} keys stand twice, "
            f"{len(found.disagreements)} records do not fit together, {len(found.parts)} parts of records are not used"
        )
    raise typer.Exit(FOUND_FAULTS if found.count else 0)


def _takes_long(path: Path) -> bool:
    """Whether to read these files takes longer than anybody should wait for what could be said at once."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) > _LARGE


def _load(cluster: KafkaSettings, found: WireRecords, owner: str | None, allowed: tuple[bool, bool, bool]) -> Plan:
    remove_others, remove_many, take_over = allowed
    limit = time_for(2 * len(found.records))
    with closing(OneTransaction(cluster, TRANSACTION, limit)) as transaction:
        # Only now: what an earlier load left open is aborted, and one that is at work can't be committed any more.
        with progress_bar("Reading the topic", None) as progress:
            held = held_records(cluster, progress)
        planned = plan(found.records, held, owner, remove_others)
        if planned.foreign and not take_over:
            stop(_foreign(planned.foreign, owner), FOUND_FAULTS)
        if planned.too_many() and not remove_many:
            stop(_too_many(planned), FOUND_FAULTS)
        if planned.size:
            with progress_bar("Writing", planned.size) as progress:
                transaction.append(planned.outputs(), progress)
    return planned


def _foreign(foreign: Sequence[HeldRecord], owner: str | None) -> str:
    owners = Counter("of no owner" if one.owner is None else f"of {printable(one.owner)}" for one in foreign)
    counted = ", ".join(f"{count} {name}" for name, count in owners.most_common(_LISTED))
    keys = ", ".join(printable((one.key or b"").decode(errors="replace")) for one in foreign[:_LISTED])
    whom = "no owner" if owner is None else owner
    return (
        f"records that are not held as {whom}'s: {counted}; {keys}{', …' if len(foreign) > _LISTED else ''}. "
        "Nothing was changed. If they are to change hands: --take-over"
    )


def _too_many(planned: Plan) -> str:
    counted = ", ".join(f"{count} of {of} ({kind})" for kind, (count, of) in planned.too_many().items())
    return f"more than a fifth would be removed: {counted}. Nothing was changed. If that is meant: --remove-many"


@contextmanager
def _stopped_tidily() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, so that a transaction is not left open."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
