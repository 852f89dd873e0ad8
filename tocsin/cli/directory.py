"""`tocsin directory`: the directory's topic, filled out of files, and looked through."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from adapters.files.wire_records import wire_records
from adapters.kafka.appender import KafkaAppender
from adapters.kafka.directory_topic import unreadable_on
from adapters.kafka.record_names import key_of
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topic_reader import TopicReader
from schemas.directory import Record
from schemas.log import NewRecord
from schemas.topics import DIRECTORY
from tocsin.cli.console import FOUND_FAULTS, say, stop, warn
from tocsin.cli.kafka_options import CREDENTIALS, KafkaOption, PrefixOption, cluster, kafka_failures

BATCH: Final = 5_000

_SLIPS: Final = (
    "nothing was written: keys and words that mean nothing are named above. Mend them; begin keys of your own with x-; "
    "or load the records without them: --accept-unknown"
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    directory = typer.Typer(help="Fill the directory's topic, and see what of it can't be read.", no_args_is_help=True)
    directory.command(epilog=CREDENTIALS)(load)
    directory.command(epilog=CREDENTIALS)(check)
    app.add_typer(directory, name="directory")


def load(
    path: Annotated[Path, typer.Argument(help="Folder (or file) with the directory's records, YAML or JSONL.")],
    kafka: KafkaOption,
    prefix: PrefixOption = "",
    remove_others: Annotated[
        bool, typer.Option("--remove-others", help="Remove the records of the topic that the files do not name.")
    ] = False,
    accept_unknown: Annotated[
        bool, typer.Option("--accept-unknown", help="Load records with keys and words that mean nothing, without them.")
    ] = False,
) -> None:
    """Write the records of files to topic helpdesk.directory, each under its key KIND/ID.

    A key that nothing reads, or a word that means nothing, is most often a slip that costs somebody their alerts: each
    is named, with what was probably meant, and nothing is written (docs/directory.md lists the keys and words).

    What can't be read is named and left out; the exit code is then 1, and --remove-others removes nothing: a slip in a
    file must not take its records away. Loading the same again changes nothing.
    """
    with kafka_failures():
        found = wire_records(path)
        for problem in found.problems:
            warn(f"directory: {problem.shown()}")
        if not accept_unknown and any(code.is_slip for code in found.problem_counts):
            stop(_SLIPS, FOUND_FAULTS)
        is_whole = all(code.is_warning or code.is_slip for code in found.problem_counts)
        settings = cluster(kafka, prefix)
        with closing(KafkaAppender(settings)) as appender:
            written = _append(appender, (_wire(record) for record in found.records))
            removed = _remove_others(settings, appender, found.records) if remove_others and is_whole else 0
    if remove_others and not is_whole:
        warn("nothing was removed, since not everything could be read")
    say(f"{written} records written, {removed} removed")
    raise typer.Exit(0 if is_whole else FOUND_FAULTS)


def check(kafka: KafkaOption, prefix: PrefixOption = "") -> None:
    """Name each record of the topics that can't be read by now: its place, and why.

    Whoever such a record might alert gets nothing until it is mended. Then send again the events that met it: tocsin
    dlq redrive --code unreadable_record. The exit code is 1 where there is such a record.
    """
    with kafka_failures():
        found = unreadable_on(cluster(kafka, prefix))
    for one in found:
        say(f"{one.record}  {one.topic} {one.partition}:{one.offset}  {one.code}: {one.problem}")
    warn(f"{len(found)} records can't be read")
    raise typer.Exit(FOUND_FAULTS if found else 0)


def _append(appender: KafkaAppender, records: Iterable[NewRecord]) -> int:
    written, rest = 0, iter(records)
    while batch := list(islice(rest, BATCH)):
        written += appender.append(batch)
    return written


def _wire(record: Record) -> NewRecord:
    return NewRecord(DIRECTORY, key_of(record), msgspec.json.encode(record))


def _remove_others(settings: KafkaSettings, appender: KafkaAppender, records: Sequence[Record]) -> int:
    named = {key_of(record) for record in records}
    there: set[bytes] = set()
    with closing(TopicReader(settings, [DIRECTORY])) as reader:
        for found in reader.read_to_end():
            (there.discard if found.value is None else there.add)(found.key)
    return _append(appender, (NewRecord(DIRECTORY, key, None) for key in sorted(there - named)))
