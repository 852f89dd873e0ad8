"""`tocsin directory diff`: what a load would change of what the topic holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from adapters.files.wire_records import wire_records
from adapters.kafka.held_records import held_records
from adapters.kafka.topics import refuse_missing
from schemas.ownership import owner_named
from schemas.refusal import RefusedError
from schemas.topics import DIRECTORY
from tocsin.cli.console import say, told, warn
from tocsin.cli.diff import CHANGED, failing_with_two
from tocsin.cli.progress import progress_bar
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.kafka import kafka_settings
from tocsin.operations.directory_load.plan import plan
from tocsin.operations.directory_load.report import as_json, report

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
