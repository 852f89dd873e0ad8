"""`tocsin diff`: what would change with other rules, on real events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from msgspec import Struct

from adapters.files.directory_folder import load_directory
from adapters.kafka.directory_topic import DirectoryTopic
from adapters.kafka.settings import KafkaSettings
from adapters.rule_files.load import load_rulebook
from engine.directory.directory import Directory
from engine.ports import RulesInForce
from tocsin.authoring.deciding import rule_engine
from tocsin.authoring.diff.replay import Side, replay
from tocsin.authoring.diff.report import as_json, report
from tocsin.authoring.diff.tally import Tally
from tocsin.cli.console import FOUND_FAULTS, UNUSABLE, say, say_json, stop, told, warn
from tocsin.cli.event_options import LOG, EventsOption, recorded, size_of
from tocsin.cli.failures import failures
from tocsin.cli.options import KAFKA_CREDENTIALS, Form, add_command
from tocsin.cli.parsing import NowOption, moment
from tocsin.cli.progress import progress_bar
from tocsin.config.settings.declared.kafka import KAFKA
from tocsin.config.settings.declared.processes import DIRECTORY
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.kafka import kafka_in
from tocsin.config.wiring.opt_out import pseudonyms_of

CHANGED: Final = 1
FAILED: Final = 2


def register(app: typer.Typer) -> None:
    """Add the command."""
    forms = (
        Form(DIRECTORY, ("-d",), "The directory's records; where Kafka is named instead: those of its topic."),
        LOG,
    )
    add_command(app, "diff", diff, *forms, epilog=KAFKA_CREDENTIALS)


class ToldOf(Struct, frozen=True):
    """How much is told of what changes, and how."""

    examples: Annotated[int, typer.Option("--examples", min=0, max=1000, help="Shown of each kind of change.")] = 3
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False


def diff(
    old: Annotated[str, typer.Argument(help="Rule file as it is; `default`: the ten default rules.")],
    new: Annotated[str, typer.Argument(help="Rule file as it would be; `default`: the ten default rules.")],
    events: EventsOption,
    settings: Settings,
    told_of: ToldOf,
    new_directory: Annotated[
        Path | None, typer.Option("--new-directory", help="Directory for the new rules, where it is another.")
    ] = None,
    now: NowOption = "event",
) -> None:
    """Replay real events against two rule files: who gains a message, who loses one, whose is another. Nothing is sent.

    Each event is judged as at its own time. Messages are summed up by rule and contract, with some examples; a message
    that several rules brought counts for each. New rules that match none of the events are named.

    Exit codes: 0, nothing changes; 1, something does; 2, that can't be said (what is wrong was named).
    """
    at = moment(now)
    with failing_with_two():
        cluster = kafka_in(settings)
        known = _directory(settings.either(KAFKA, DIRECTORY)[DIRECTORY], cluster, settings)
        changed = known if new_directory is None else _directory(new_directory, None, settings)
        tally = Tally(told_of.examples)
        with _side(old, known) as before, _side(new, changed) as after:
            lines = recorded(events, settings)
            with progress_bar("Replaying", size_of(events)) as progress:
                replay(lines, before, after, at, tally, progress)
    if not tally.events:
        warn(f"{events}: there is no event that can be read")
        raise typer.Exit(FAILED)
    if told_of.json:
        say_json(as_json(tally))
    else:
        for line in report(tally, known, changed):
            say(line)
    raise typer.Exit(CHANGED if tally.is_changed else 0)


@contextmanager
def failing_with_two() -> Iterator[None]:
    """End with 2 whatever is wrong, since 1 says that something changed."""
    try:
        with failures():
            yield
    except typer.Exit as ended:
        raise typer.Exit(FAILED if ended.exit_code in (FOUND_FAULTS, UNUSABLE) else ended.exit_code) from None
    except typer.BadParameter:
        raise
    except Exception as error:  # noqa: BLE001 - whatever went wrong, it is no change of who is alerted
        stop(f"{type(error).__name__}: {error}", FAILED)


def _directory(path: Path | None, cluster: KafkaSettings | None, settings: Settings) -> Directory:
    if path is not None:
        loaded = load_directory(path)
        told(loaded)
        return loaded.directory
    if cluster is None:
        raise typer.BadParameter("name the directory's folder", param_hint="--directory")
    source = DirectoryTopic(cluster, pseudonyms=pseudonyms_of(settings))
    try:
        return source.current()
    finally:
        source.close()


@contextmanager
def _side(rules: str, directory: Directory) -> Iterator[Side]:
    is_shipped = rules == "default"
    rulebook = load_rulebook(None if is_shipped else Path(rules))
    with rule_engine(rulebook) as matcher:
        yield Side(directory, RulesInForce(rulebook, matcher), is_shipped)
