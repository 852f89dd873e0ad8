"""`tocsin topics`: the topics, made and checked."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.kafka.topics import TOPICS, Level, check_topics, create_topics
from tocsin.cli.console import FOUND_FAULTS, say, warn
from tocsin.cli.options import KAFKA_CREDENTIALS, add_command
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.kafka import kafka_settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    topics = typer.Typer(help="Make the topics, or see what is wrong with them.", no_args_is_help=True)
    add_command(topics, "topics create", create, epilog=KAFKA_CREDENTIALS)
    add_command(topics, "topics check", check, epilog=KAFKA_CREDENTIALS)
    app.add_typer(topics, name="topics")


def create(
    settings: Settings,
    partitions: Annotated[
        int, typer.Option("--partitions", min=1, help="Of each topic: as many engines can share the work.")
    ] = 12,
    replication: Annotated[int, typer.Option("--replication", min=1, help="Brokers that have each record.")] = 3,
) -> None:
    """Make the topics that are missing, with the retention, compaction and sizes that they need.

    What is there already is not changed. To add partitions later would send a ticket's events to another partition,
    behind its earlier ones' back: choose a number that lasts.
    """
    made = create_topics(kafka_settings(settings), partitions, replication)
    for name in made:
        say(f"{name}: made")
    say(f"{len(made)} topics made, {len(TOPICS) - len(made)} were there")


def check(settings: Settings) -> None:
    """Name what is missing or wrong: topics, compaction, retention, sizes, replicas. The exit code is then 1."""
    problems = check_topics(kafka_settings(settings))
    for problem in problems:
        warn(f"{problem.level.value}: {problem}")
    faults = [problem for problem in problems if problem.level is not Level.NOTE]
    say(f"{len(faults)} faults in {len(TOPICS)} topics")
    raise typer.Exit(FOUND_FAULTS if faults else 0)
