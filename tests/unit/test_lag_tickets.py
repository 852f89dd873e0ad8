"""Which tickets wait the longest, of the records that do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from schemas.generate import FOLDER
from schemas.lag import GroupLag, PartitionLag, Status, WaitingTickets
from schemas.log import Record
from schemas.topics import TICKETS
from tests.support.helpdesk.files import created
from tests.support.sender.fakes import START
from tocsin.cli.lag import _print
from tocsin.operations.lag import collected, waiting_tickets

NOW = START + timedelta(hours=1)


def record(ticket: int, minute: int, partition: int = 0, offset: int = 0, value: bytes | None = None) -> Record:
    raw = json.dumps(created(ticket)).encode() if value is None else value
    return Record(TICKETS, partition, offset, START + timedelta(minutes=minute), b"T-%d" % ticket, raw)


def of(records: Sequence[Record], limit: int = 10, *, is_whole: bool = True, waits: int = 0) -> WaitingTickets:
    return waiting_tickets(collected(records), NOW, limit, is_whole, waits)


def test_the_longest_wait_comes_first_with_its_oldest_record() -> None:
    found = of([record(1, 9, 0, 4), record(1, 3, 0, 5), record(2, 5, 1, 7), record(1, 8, 0, 6)])
    assert [
        (one.ticket, one.contract, one.partition, one.offset, one.seconds, one.records) for one in found.tickets
    ] == [
        ("T-1", "C-7", 0, 5, 57 * 60.0, 3),
        ("T-2", "C-7", 1, 7, 55 * 60.0, 1),
    ]
    assert (found.more_tickets, found.more_records, found.is_whole) == (0, 0, True)


def test_how_many_more_wait_is_exact_where_all_was_read() -> None:
    found = of([record(one % 5, one, 0, one) for one in range(10)], limit=2, waits=99)
    assert [one.ticket for one in found.tickets] == ["T-0", "T-1"]
    assert (found.more_tickets, found.more_records) == (3, 6)


def test_else_it_follows_from_offsets() -> None:
    found = of([record(one, one, 0, one) for one in range(10)], limit=2, is_whole=False, waits=50)
    assert (found.more_tickets, found.more_records, found.is_whole) == (8, 48, False)


def test_records_that_name_no_ticket_stand_alone() -> None:
    nameless = [msgspec.structs.replace(record(1, one, 0, one, b"x"), key=None) for one in range(3)]
    found = of(nameless)
    assert [(one.ticket, one.records) for one in found.tickets] == [(None, 1)] * 3


def test_a_record_that_came_in_the_future_has_waited_all_the_same() -> None:
    (one,) = of([record(1, 600)]).tickets
    assert one.seconds > 0


def lag(waiting: Any = msgspec.UNSET) -> GroupLag:
    part = PartitionLag(TICKETS, 0, Status.STALL, 3, 1.0, 3, 6, "one", None)
    return GroupLag("engine", TICKETS, NOW, Status.ERR, ["one"], 3, 1.0, None, 0.0, [part], waiting)


def test_it_is_printed_as_table_and_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = json.dumps({"data": {"ticket": {"id": "T-\x1b[2J\u202e", "contract": "[red]"}}}).encode()
    found = of([record(1, 0, 2, 17, hostile), record(2, 1), record(3, 2)], limit=2)
    _print([lag(found)], as_json=False)
    printed = capsys.readouterr().out
    assert "T-\\x1b[2J\\u202e" in printed
    assert "[red]" in printed
    assert "1 more tickets with 1 records wait" in printed
    _print([lag(found), lag()], as_json=True)
    schema = Draft202012Validator(json.loads((FOLDER / "lag.schema.json").read_text()))
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    for one in (first, second):
        schema.validate(one)
    assert first["waiting"]["tickets"][0]["ticket"] == "T-\x1b[2J\u202e"
    assert "waiting" not in second


@pytest.mark.parametrize(
    ("waiting", "said"),
    [
        (WaitingTickets([], 0, 0, True), "no ticket waits for engine"),
        (WaitingTickets([], 0, 3, False), "what waits for engine was not read"),
        (of([record(1, 0)]), "no other record waits"),
        (of([record(1, 0)], is_whole=False, waits=9), "at least 0 more tickets, and with them about 8 records wait"),
    ],
)
def test_it_is_said_how_much_is_known(waiting: WaitingTickets, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    _print([lag(waiting)], as_json=False)
    assert said in capsys.readouterr().out
