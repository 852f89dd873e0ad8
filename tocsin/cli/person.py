"""`tocsin person`: what is kept of a person, for them to have, and to be forgotten."""

from __future__ import annotations

import getpass
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import msgspec
import typer

from adapters.files.directory_folder import load_directory
from adapters.kafka.directory_topic import DirectoryTopic
from adapters.sqlite.event_log import SqliteLog
from engine.directory.directory import Directory
from schemas.job import PersonRef
from schemas.mailbox import mailbox
from schemas.person_export import KeptJob, KeptMail, KeptOfHistory, KeptOfPost, KeptSuppression, KeptValue, Line
from schemas.topics import SUPPRESSIONS
from schemas.vocabulary import Channel
from sender.privacy.forgetting import ID_PREFIX, Address
from tocsin.cli.console import FOUND_FAULTS, WRONG_SETTINGS, say, say_json, stop, warn
from tocsin.cli.ledger import opened_ledger, opened_outcomes
from tocsin.cli.names import Names
from tocsin.cli.options import KAFKA_CREDENTIALS, Form, add_command
from tocsin.cli.parsing import in_utf8
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.kafka import KAFKA
from tocsin.config.settings.declared.mail import MAIL_SECRETS
from tocsin.config.settings.declared.processes import DATA, DIRECTORY
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.history import opened_history
from tocsin.config.wiring.intake import opened_states
from tocsin.config.wiring.kafka import kafka_settings
from tocsin.config.wiring.opt_out import pseudonyms_of
from tocsin.operations.person.finding import Known, exported, known
from tocsin.operations.person.forgetting import forget as forget_person
from tocsin.operations.person.forgetting import noted, was_begun
from tocsin.operations.person.places import KeptOfPosts, Places, records_in, records_on
from tocsin.operations.person.telling import told

PersonArgument = Annotated[
    str, typer.Argument(help="Whom: contact/ct-1, collaborator/co-1; or an id, a name or an address.")
]
DIRECTORY_FORM: Final = Form(
    DIRECTORY, ("-d",), meaning="The directory's records of embedded mode, for addresses and names."
)
AddressOption = Annotated[
    list[str] | None,
    typer.Option("--address", help="One more address of theirs, CHANNEL/ADDRESS or an e-mail address; repeated."),
]
LISTED: Final = 1_000


def register(app: typer.Typer) -> None:
    """Add the commands. They work while everything else runs."""
    person = typer.Typer(help="People: what is kept of one, and forgetting them.", no_args_is_help=True)
    add_command(person, "person export", export, DIRECTORY_FORM, epilog=KAFKA_CREDENTIALS)
    add_command(person, "person forget", forget, DIRECTORY_FORM, epilog=KAFKA_CREDENTIALS)
    add_command(person, "person forgotten", forgotten)
    app.add_typer(person, name="person")


def export(
    person: PersonArgument,
    settings: Settings,
    address: AddressOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="A new file, for its owner alone. Else: printed.")] = None,
) -> None:
    """Write all that is kept of a person: JSON Lines, each with its `part`; the last one is `end`, with counts.

    Jobs with what became of them, decisions, outcomes, suppressions of theirs or of their addresses, tickets and dead
    letters that name them. docs/privacy.md says what that is, and what is kept elsewhere.
    """
    now = datetime.now(UTC)
    in_utf8(person, "PERSON")
    with _places(settings) as places:
        who = _who(person, places)
        one = known(places, who, _addresses(address))
        if out is None:
            for line in exported(places, one, now):
                say_json(line)
            return
        with _fresh(out) as file:
            number = sum(1 for line in exported(places, one, now) if file.write(msgspec.json.encode(line) + b"\n"))
    say(f"{out}: {number} lines")


def forget(
    person: PersonArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept, without what names the person.")],
    settings: Settings,
    address: AddressOption = None,
    by: Annotated[str | None, typer.Option("--by", help="Who does it. Else: the name of this process's user.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; else it is only said what there is.")] = False,
) -> None:
    """Take a person out of all that is kept, where that can be changed, and say what stays where, and until when.

    What waits for them is withdrawn. Counts stay, and so do opt-outs, complaints and bounces, as keyed hashes that hold
    when the mailbox or the id comes again: with the installation's secrets (`mail.secrets`), which engine and sender
    need too. Let the platform remove the person from its directory first: else alerts about new events go on after a
    week.
    """
    now = datetime.now(UTC)
    in_utf8(person, "PERSON")
    if not pseudonyms_of(settings, _folder(settings)):
        stop(f"{MAIL_SECRETS.names}: there is no secret; what people asked for is kept by it", WRONG_SETTINGS)
    with _places(settings, asks_for_directory=True) as places:
        who = _who(person, places)
        one = known(places, who, _addresses(address))
        counts = _counts(places, one, now)
        # One that was cut off, or could not write the file anew, is brought to its end.
        if not counts and not one.is_in_directory and not (yes and was_begun(places, who)):
            stop(_nothing(places, one), FOUND_FAULTS)
        if not yes:
            there = ", ".join(f"{number} {name}" for name, number in counts.items()) or "their record in the directory"
            stop(f"{who}: {there}: say --yes to forget them", FOUND_FAULTS)
        done = forget_person(places, one, by or _user(), reason, now)
        for line in told(places, one, done, now):
            say(line)
    if done.is_incomplete:
        raise typer.Exit(FOUND_FAULTS)


def forgotten(settings: Settings) -> None:
    """List who was forgotten, the last one first: when, by whom and why, under a hash in the place of the person."""
    with opened_ledger(settings) as opened:
        for one in opened.forgotten(LISTED):
            say(f"{one.at.isoformat(timespec='seconds')}  {one.person}  by {one.who}: {one.why}")


def _who(text: str, places: Places) -> PersonRef:
    """The one person who is meant; by kind and id also somebody of whom nothing is known."""
    return Names(places.ledger, lambda: places.directory if len(places.directory) else None, acts=True).person(text)


def _counts(places: Places, one: Known, now: datetime) -> dict[str, int]:
    """How much is kept of them, besides what is kept by hashes."""
    names = {KeptJob: "jobs", KeptSuppression: "suppressions", KeptValue: "records of topics", KeptMail: "mails"}
    names[KeptOfHistory] = "decisions and titles of tickets"
    names[KeptOfPost] = "states of tickets, deliveries and posts to helpdesks"
    counts: Counter[str] = Counter()
    for line in exported(places, one, now):
        if type(line) in names and not _is_by_hash(line):
            counts[names[type(line)]] += 1
    return dict(counts)


def _is_by_hash(line: Line) -> bool:
    if isinstance(line, KeptValue):
        return line.topic == SUPPRESSIONS
    return isinstance(line, KeptSuppression) and line.suppression.id.startswith(ID_PREFIX)


def _nothing(places: Places, one: Known) -> str:
    before = noted(places, one.person)
    if before is not None:
        return f"{one.person}: was forgotten at {before.at.isoformat(timespec='seconds')}, and nothing is kept since"
    return f"{one.person}: nothing is kept of anybody of this kind and id"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run as a number that has no name.
        return f"uid {os.getuid()}"


def _addresses(given: list[str] | None) -> list[Address]:
    found: list[Address] = []
    for text in given or ():
        channel, slash, address = text.partition("/")
        if slash and channel in tuple(Channel):
            found.append(Address(Channel(channel), mailbox(address)))
        else:
            found.append(Address(Channel.EMAIL, mailbox(text)))
    return found


def _folder(settings: Settings) -> Path | None:
    """The data folder of embedded mode; None where it is a cluster that is meant, or nothing."""
    return None if settings.is_named(KAFKA) else settings.either(KAFKA, DATA)[DATA]


@contextmanager
def _places(settings: Settings, *, asks_for_directory: bool = False) -> Iterator[Places]:
    """All places of this installation: with a cluster, its topics and the sender's ledger; else the data folder."""
    folder, directory = _folder(settings), settings[DIRECTORY]
    pseudonyms = pseudonyms_of(settings, folder)
    kept_in = settings.either(LEDGER, DATA)[DATA]
    database = None if kept_in is None else database_in(kept_in)
    with ExitStack() as opened:
        sender_ledger = opened.enter_context(opened_ledger(settings))
        states = opened.enter_context(opened_states(settings))
        of_outcomes = opened.enter_context(opened_outcomes(settings))
        posts = KeptOfPosts(states, of_outcomes)
        history = opened.enter_context(opened_history(settings))
        if folder is None and settings[KAFKA] is not None:
            cluster = kafka_settings(settings)
            source = opened.enter_context(closing(DirectoryTopic(cluster, pseudonyms=pseudonyms)))
            yield Places(
                sender_ledger, posts, history, records_on(cluster), source.current(), pseudonyms, None, database
            )
            return
        if folder is None:
            raise typer.BadParameter("name the data folder of `tocsin up`, or --kafka HOST:PORT and the ledger")
        if directory is None and asks_for_directory:
            raise typer.BadParameter("name the --directory too: it says which mailboxes are others' as well")
        log = opened.enter_context(closing(SqliteLog(database_in(folder))))
        known_people = Directory() if directory is None else load_directory(directory).directory
        if directory is None:
            warn("without --directory, addresses and names are those of jobs")
        yield Places(sender_ledger, posts, history, records_in(log), known_people, pseudonyms, folder, database)


@contextmanager
def _fresh(path: Path) -> Iterator[BinaryIO]:
    """A new file that only its owner can read, at no place where there is anything, be it a link."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        stop(f"{path}: there is something by this name, which is not overwritten: name a new file", FOUND_FAULTS)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
