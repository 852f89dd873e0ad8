"""`tocsin dlq`: the records that could not be used; seen, and sent again once the cause is mended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Final

import typer

from adapters.kafka.passing_over import pass_over
from schemas.dead_letter import ListedLetter
from schemas.topics import JOBS, TICKETS
from tocsin.authoring.finding import shown_contract
from tocsin.cli.console import FOUND_FAULTS, say, say_json, say_lines, stop, warn
from tocsin.cli.directory_at_hand import directory_at_hand
from tocsin.cli.named_records import contract_named, the_one
from tocsin.cli.names import NO_DIRECTORY
from tocsin.cli.options import KAFKA_CREDENTIALS, Form, add_command
from tocsin.cli.parsing import in_utf8
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.intake import MAPPINGS
from tocsin.config.settings.declared.kafka import KAFKA
from tocsin.config.settings.declared.processes import DATA, ENGINE_GROUP
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.intake import opened_states
from tocsin.config.wiring.kafka import kafka_in, kafka_settings
from tocsin.config.wiring.ledgers import NoLedgerError
from tocsin.operations.dead_letters.kept_posts import KeptPosts, Where, kept_posts
from tocsin.operations.dead_letters.letterbox import Letterbox, Redrive, letterbox_in, letterbox_on_kafka
from tocsin.operations.dead_letters.letters import Letter, Place, Wanted, is_written, tickets_called
from tocsin.operations.history.kept import tickets_in_data, tickets_on_kafka
from tocsin.printing.printable import printable

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object each, one a line.")]
TicketOption = Annotated[
    str | None, typer.Option("--ticket", help="Only those that name this ticket: id or reference.")
]
ContractOption = Annotated[
    str | None, typer.Option("--contract", help="Only those of this contract: id, reference or client.")
]
CodeOption = Annotated[str | None, typer.Option("--code", help="Only those with this fault, for example not_json.")]

_NOWHERE: Final = Place(-1, -1)
_LOOKED_BACK: Final = timedelta(days=14)
"""Events that tell which ticket has a reference: older ones than dead letters are kept need none."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    dlq = typer.Typer(help="Dead letters: records that could not be used.", no_args_is_help=True)
    add_command(dlq, "dlq list", list_letters, epilog=KAFKA_CREDENTIALS)
    add_command(dlq, "dlq show", show, epilog=KAFKA_CREDENTIALS)
    add_command(dlq, "dlq redrive", redrive, epilog=KAFKA_CREDENTIALS)
    add_command(dlq, "dlq pass-over", pass_over_batch, Form(KAFKA, is_needed=True), epilog=KAFKA_CREDENTIALS)
    app.add_typer(dlq, name="dlq")


def list_letters(
    settings: Settings,
    code: CodeOption = None,
    ticket: TicketOption = None,
    contract: ContractOption = None,
    as_json: JsonOption = False,
) -> None:
    """One line for each: its place, when and where its record first came, ticket and contract, and the fault.

    Ticket and contract are what its bytes name, as far as these can be read; where they name no ticket, its key.
    """
    with _letterbox(settings) as box:
        wanted = _wanted(settings, box, Wanted(code, ticket, contract))
        number = 0
        for letter in box.letters():
            if letter in wanted:
                number += 1
                say_json(letter.listed()) if as_json else say(_line(letter.listed()))
    warn(f"{number} dead letters")


def show(
    place: Annotated[str, typer.Argument(help="The place of one, PARTITION:OFFSET, as `list` names it.")],
    settings: Settings,
) -> None:
    """Show one with its fault, key, headers and value. Bytes that are no text are shown by number."""
    with _letterbox(settings) as box:
        letter = _at(box, place)
        if letter is None:
            stop(_nothing_at(place), FOUND_FAULTS)
        for line in _head(letter):
            # A line break in a key or header must not look like the next line.
            say(line)
        say_lines(_text(letter.record.value))


def redrive(
    settings: Settings,
    places: Annotated[list[str] | None, typer.Argument(help="Places, PARTITION:OFFSET, as `list` names them.")] = None,
    code: CodeOption = None,
    ticket: TicketOption = None,
    contract: ContractOption = None,
) -> None:
    """Send records again to the topic that they came from: these, or all that have a fault, ticket or contract.

    Key, headers, value and so the event's id are as they were, and its age is judged by when it first came. A record
    that was sent again twice doubles nothing, since its jobs have the same ids. The dead letter itself stays; where a
    record has left several, it is sent once. What can't be sent again is named, and the others are sent: exit code 1.

    What a helpdesk has posted, and its mapping could not read, is read by the mapping as it is now, and judged by what
    is known of its ticket: on Kafka in the database of the intake, --ledger.
    """
    wanted = Wanted(code, ticket, contract)
    if bool(places) == (wanted != Wanted()):
        raise typer.BadParameter("name places, or else a --code, --ticket or --contract")
    with _letterbox(settings) as box:
        wanted = _wanted(settings, box, wanted)
        missing: list[str] = []
        chosen = _found(box, places, missing) if places else (one for one in box.letters() if one in wanted)
        with ExitStack() as opened:
            redriving = Redrive(box.append, warn, _taking_posts(settings, opened))
            try:
                redriving.send(chosen)
            finally:
                say(f"{redriving.sent} records sent again")
        if left := redriving.refused + len(missing):
            stop(f"{left} can't be sent again, as named above", FOUND_FAULTS)


def pass_over_batch(
    settings: Settings,
    partition: Annotated[int, typer.Option("--partition", min=0, help="As the log line batch_damaged names it.")],
    offset: Annotated[int, typer.Option("--offset", min=0, help="Likewise.")],
    topic: Annotated[str, typer.Option("--topic", help="helpdesk.tickets or tocsin.jobs.")] = TICKETS,
) -> None:
    """Let a group go on behind a batch of records that can't be decoded.

    What can be had of it becomes dead letters. First try to have it mended: another replica of the partition may be
    whole. The group's processes may run meanwhile; they go on within seconds. For topic tocsin.jobs name the senders'
    group.
    """
    if topic not in (TICKETS, JOBS):
        raise typer.BadParameter(f"{topic!r} is neither {TICKETS} nor {JOBS}", param_hint="--topic")
    passed = pass_over(kafka_settings(settings), settings.given(ENGINE_GROUP), topic, partition, offset)
    say(f"{passed.batch}")
    became = f"{passed.records} of its records are dead letters" if passed.records else "it is a dead letter"
    say(f"passed over; {became}")


def _taking_posts(settings: Settings, opened: ExitStack) -> Callable[[Letter], None]:
    """Takes in posts of helpdesks, by what is opened for the first of them."""

    @cache
    def posts() -> KeptPosts:
        of_log = settings.either(KAFKA, DATA)
        cluster = kafka_in(of_log)
        if cluster is not None and settings[LEDGER] is None:
            raise NoLedgerError("a post of a helpdesk is judged by the intake's states of tickets: name its --ledger")
        kept_in = of_log.without(LEDGER) if cluster is None else settings.without(DATA)
        states = opened.enter_context(opened_states(kept_in))
        where = Where(settings[MAPPINGS], directory_at_hand(settings))
        return opened.enter_context(kept_posts(where, states, cluster or database_in(of_log.given(DATA))))

    return lambda letter: posts().take(letter)


def _line(letter: ListedLetter) -> str:
    came = letter.came.isoformat(timespec="seconds")
    about = f"ticket {letter.ticket or '?'}, contract {letter.contract or '?'}"
    return printable(
        f"{letter.place}  {came}  {letter.topic} {letter.origin}  {about}  {letter.code}: {letter.message}"
    )


def _head(letter: Letter) -> Iterator[str]:
    subject = letter.subject
    yield f"from {letter.origin} {letter.origin_place}, first came {letter.came.isoformat()}"
    yield f"{letter.code}: {letter.message}"
    if letter.cut is not None:
        yield f"cut: {letter.cut}"
    yield f"ticket: {subject.ticket or '?'}"
    yield f"contract: {subject.contract or '?'}"
    yield f"key: {_text(letter.record.key)}"
    for name, value in letter.own_headers:
        yield f"header {name}: {_text(value)}"


def _wanted(settings: Settings, box: Letterbox, asked: Wanted) -> Wanted:
    """The same by ids. Ends the command where a name means several tickets or contracts, or no contract."""
    ticket = None if asked.ticket is None else _ticket(settings, box, in_utf8(asked.ticket, "--ticket"))
    contract = None if asked.contract is None else _contract(settings, box, in_utf8(asked.contract, "--contract"))
    return Wanted(asked.code, ticket, contract)


def _ticket(settings: Settings, box: Letterbox, text: str) -> str:
    # A letter need not have the reference that another record of its ticket has.
    found = tickets_called(text, box.letters()) or (_of_events(settings, text) if any(box.letters()) else [])
    the_only = the_one(text, "tickets", found)
    if the_only is not None and the_only != text:
        warn(f"{text!r}: ticket {the_only}")
    return the_only or text


def _of_events(settings: Settings, text: str) -> list[str]:
    since, settings = datetime.now(UTC) - _LOOKED_BACK, settings.either(KAFKA, DATA)
    data, cluster = settings[DATA], kafka_in(settings)
    if data is not None:
        return tickets_in_data(database_in(data))(text, since)
    return [] if cluster is None else tickets_on_kafka(cluster)(text, since)


def _contract(settings: Settings, box: Letterbox, text: str) -> str:
    named = {letter.subject.contract for letter in box.letters()} - {None}
    if not named or any(is_written(text, one) for one in named):
        return text
    directory = directory_at_hand(settings)
    if directory is None:
        warn(f"no dead letter names a contract {text!r}, and {NO_DIRECTORY}: it is taken as an id")
        return text
    found = contract_named(text, directory)
    if found.id != text:
        warn(f"{text!r}: contract {', '.join(shown_contract(found))}")
    return found.id


def _found(box: Letterbox, places: Sequence[str], missing: list[str]) -> Iterator[Letter]:
    """The letters at these places, as they lie in the topic. Where there is none, it is said, and put to `missing`."""
    for place in sorted(set(places), key=lambda text: (Place.of(text) or _NOWHERE, text)):
        letter = _at(box, place)
        if letter is None:
            warn(_nothing_at(place))
            missing.append(place)
        else:
            yield letter


def _at(box: Letterbox, text: str) -> Letter | None:
    place = Place.of(text)
    return None if place is None else box.at(place)


def _nothing_at(place: str) -> str:
    return f"there is no dead letter at {place}: tocsin dlq list"


@contextmanager
def _letterbox(settings: Settings) -> Iterator[Letterbox]:
    with _opened(settings) as box:
        yield box


def _opened(settings: Settings) -> AbstractContextManager[Letterbox]:
    settings = settings.either(KAFKA, DATA)
    kafka, data = settings[KAFKA], settings[DATA]
    if kafka is not None and data is None:
        return letterbox_on_kafka(kafka_settings(settings))
    if data is not None and kafka is None:
        if not data.is_dir():
            stop(f"{data}: there is no such folder")
        return letterbox_in(data)
    raise typer.BadParameter("name one log: --data DATA, or --kafka HOST:PORT")


def _text(value: bytes | None) -> str:
    if value is None:
        return "(null)"
    return value.decode(errors="backslashreplace")
