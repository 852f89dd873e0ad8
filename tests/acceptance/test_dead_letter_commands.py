"""Dead letters, seen and sent again by the command line, in a file and on Kafka."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn, Protocol

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner, Result

from adapters.kafka.topics import create_topics
from adapters.sqlite.event_log import SqliteLog
from schemas.dead_letter import PREFIX, WHOLE_BYTES, Cause, dead_letter, first_came
from schemas.generate import FOLDER
from schemas.log import NewRecord, Record
from schemas.topics import TICKETS
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created, write_directory
from tocsin.cli.app import app
from tocsin.config.data_folder import database_in

CAME = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EVENT = json.dumps(created(1)).encode()


class Box(Protocol):
    options: list[str]

    def put(self, *letters: NewRecord) -> None: ...

    def tickets(self) -> list[Record]: ...


class InAFile:
    def __init__(self, data: Path) -> None:
        data.mkdir()
        self.options = ["--data", str(data)]
        self._path = database_in(data)

    def put(self, *letters: NewRecord) -> None:
        with closing(SqliteLog(self._path)) as log:
            log.append(letters, CAME + timedelta(days=7))

    def tickets(self) -> list[Record]:
        with closing(SqliteLog(self._path)) as log:
            return log.read(TICKETS)


class OnKafka:
    def __init__(self, cluster: Cluster) -> None:
        create_topics(settings_of(cluster), partitions=1, replication=1)
        self.options = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix]
        self._cluster = cluster

    def put(self, *letters: NewRecord) -> None:
        self._cluster.append(letters)

    def tickets(self) -> list[Record]:
        return self._cluster.read(TICKETS)


@pytest.fixture(params=["file", pytest.param("kafka", marks=pytest.mark.kafka)])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Box:
    return OnKafka(request.getfixturevalue("cluster")) if request.param == "kafka" else InAFile(tmp_path / "data")


def letter(value: bytes, code: str, topic: str = TICKETS) -> NewRecord:
    record = Record(topic, 3, 34, CAME, b"T-1", value, (("trace", b"\x00abc"),))
    return dead_letter(record, Cause(code, "what is wrong"))


def run(*arguments: str, expect: int = 0) -> Result:
    result = CliRunner().invoke(app, ["dlq", *arguments], catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result


def test_each_is_listed_with_its_place_and_its_fault(box: Box) -> None:
    box.put(letter(b"{", "not_json"), letter(EVENT, "unknown_contract"))
    lines = run("list", *box.options).stdout.splitlines()
    assert lines == [
        f"0:0  2026-03-02T09:00:00+00:00  {TICKETS} 3:34  ticket T-1, contract ?  not_json: what is wrong",
        f"0:1  2026-03-02T09:00:00+00:00  {TICKETS} 3:34  ticket T-1, contract C-7  unknown_contract: what is wrong",
    ]
    assert len(run("list", "--code", "not_json", *box.options).stdout.splitlines()) == 1


def test_those_about_one_ticket_or_contract_are_found_and_sent_again(box: Box) -> None:
    other = json.dumps(created(2, contract="C-8")).encode()
    box.put(letter(EVENT, "unknown_contract"), letter(other, "unknown_contract"), letter(b"{", "not_json"))
    assert [line[:3] for line in run("list", "--ticket", "T-1", *box.options).stdout.splitlines()] == ["0:0", "0:2"]
    assert [line[:3] for line in run("list", "--contract", "C-8", *box.options).stdout.splitlines()] == ["0:1"]
    assert run("list", "--ticket", "T-1", "--contract", "C-8", *box.options).stdout == ""
    run("redrive", "0:0", "--contract", "C-8", *box.options, expect=2)
    assert "1 records sent again" in run("redrive", "--contract", "C-8", *box.options).output
    assert [record.value for record in box.tickets()] == [other]


def test_those_about_one_ticket_are_found_by_its_reference(box: Box) -> None:
    def of(number: int, reference: str | None) -> NewRecord:
        event = json.dumps(created(number, reference=reference)).encode()
        return dead_letter(Record(TICKETS, 0, number, CAME, f"T-{number}".encode(), event, ()), Cause("x", "wrong"))

    box.put(of(1, "2026-1042"), of(1, None), of(2, "both"), of(3, "Both"), of(4, "T-1"))
    found = run("list", "--ticket", "2026-1042", *box.options)
    assert [line[:3] for line in found.stdout.splitlines()] == ["0:0", "0:1"]
    assert found.stderr == "'2026-1042': ticket T-1\n2 dead letters\n"
    assert len(run("list", "--ticket", "T-1", *box.options).stdout.splitlines()) == 2, "an id stays one"
    several = run("redrive", "--ticket", "BOTH", *box.options, expect=1).stderr
    assert several == "'BOTH' may be any of 2 tickets; name one by its id:\n  T-2\n  T-3\n"
    assert box.tickets() == [], "of several, none is sent again"
    assert "1 records" in run("redrive", "--ticket", "T-3", *box.options).output


def test_those_about_one_contract_are_found_by_its_reference(box: Box, tmp_path: Path) -> None:
    desk = Helpdesk()
    desk.put({"kind": "contract", "id": "C-7", "reference": "2026/ERP gold", "client": "acme"})
    desk.put({"kind": "contract", "id": "C-8", "reference": "2026/ERP", "client": "acme"})
    directory = ["--directory", str(write_directory(tmp_path / "directory", desk))]
    assert run("list", "--contract", "acme", *box.options, *directory).stdout == ""
    box.put(letter(EVENT, "x"), letter(json.dumps(created(2, contract="C-9")).encode(), "unknown_contract"))
    named = run("list", "--contract", "2026/erp GOLD", *box.options, *directory)
    assert [line[:3] for line in named.stdout.splitlines()] == ["0:0"]
    assert named.stderr.startswith("'2026/erp GOLD': contract C-7, 2026/ERP gold, of acme\n")
    assert len(run("list", "--contract", "C-9", *box.options, *directory).stdout.splitlines()) == 1
    several = run("redrive", "--contract", "acme", *box.options, *directory, expect=1).stderr
    assert several.startswith("'acme' may be any of 2 contracts; name one by its id:\n  C-7, ")
    wrong = run("redrive", "--contract", "C-99", *box.options, *directory, expect=1).stderr
    assert wrong == "the directory has no contract 'C-99': name it by its id, its reference, or its client\n"
    assert box.tickets() == []


def test_they_are_listed_as_data_too(box: Box) -> None:
    box.put(letter(EVENT, "unknown_contract"), letter(b"{", "not_json"))
    found = [json.loads(line) for line in run("list", "--json", *box.options).stdout.splitlines()]
    schema = Draft202012Validator(json.loads((FOLDER / "dead-letter.schema.json").read_text()))
    for one in found:
        schema.validate(one)
    assert [(one["place"], one["ticket"], one["contract"]) for one in found] == [
        ("0:0", "T-1", "C-7"),
        ("0:1", "T-1", None),
    ]
    assert found[0]["topic"] == TICKETS
    assert found[0]["origin"] == "3:34"


def test_no_letter_makes_a_line_of_another_or_acts_on_a_terminal(box: Box) -> None:
    hostile = "T-1\n0:9  2026\x1b[2J\u202e"
    value = json.dumps({"data": {"ticket": {"id": hostile, "contract": "C\u009b7"}}}, ensure_ascii=False).encode()
    record = Record(TICKETS, 0, 0, CAME, b"k\nkey: T-2", value, (("h\x1b", b"1\nheader forged: 2"),))
    box.put(dead_letter(record, Cause("co\nde", "m\x07\nforged")))
    listed, shown = run("list", *box.options).stdout, run("show", "0:0", *box.options).stdout
    assert len(listed.splitlines()) == 1
    assert "ticket T-1\\n0:9  2026\\x1b[2J\\u202e, contract C\\x9b7" in listed
    assert not any(line.startswith(("forged", "key: T-2", "header forged")) for line in shown.splitlines())
    (as_data,) = run("list", "--json", *box.options).stdout.splitlines()
    assert json.loads(as_data)["ticket"] == hostile
    for text in (listed, shown, as_data):
        assert all(one.isprintable() or one == "\n" for one in text)
    # An id can be asked for as it is shown.
    assert run("list", "--contract", "C\\x9b7", *box.options).stdout == listed


def test_one_is_shown_whole_and_harms_no_terminal(box: Box) -> None:
    box.put(letter(b"\x1b[2J \xff caf\xc3\xa9", "not_utf8"))
    shown = run("show", "0:0", *box.options).stdout
    assert "\\x1b[2J \\xff café" in shown
    assert "header trace: \\x00abc" in shown
    assert "key: T-1" in shown


def test_one_is_sent_again_as_it_came_with_the_time_when_it_first_came(box: Box) -> None:
    box.put(letter(b"{", "not_json"), letter(EVENT, "unknown_contract"))
    assert "1 records sent again" in run("redrive", "0:1", *box.options).output
    (record,) = box.tickets()
    assert (record.key, record.value) == (b"T-1", EVENT)
    assert dict(record.headers) == {"trace": b"\x00abc", PREFIX + "first_came": CAME.isoformat().encode()}
    assert first_came(record) == CAME


def test_all_with_one_fault_are_sent_again(box: Box) -> None:
    other = json.dumps(created(2)).encode()
    box.put(letter(EVENT, "unknown_contract"), letter(b"{", "not_json"), letter(other, "unknown_contract"))
    run("redrive", "--code", "unknown_contract", *box.options)
    assert [record.value for record in box.tickets()] == [EVENT, other]


def test_one_that_has_left_several_letters_is_sent_again_once(box: Box) -> None:
    """Sent again too early, it comes back: else each further try would send twice as many."""
    box.put(letter(EVENT, "unreadable_record"))
    run("redrive", "--code", "unreadable_record", *box.options)
    (again,) = box.tickets()
    box.put(dead_letter(again, Cause("unreadable_record", "another time")))
    assert "1 records sent again" in run("redrive", "--code", "unreadable_record", *box.options).output
    assert len(box.tickets()) == 2


def test_what_dies_again_keeps_the_first_time(box: Box) -> None:
    box.put(letter(EVENT, "unknown_contract"))
    run("redrive", "0:0", *box.options)
    (again,) = box.tickets()
    assert dict(dead_letter(again, Cause("x", "y")).headers)[PREFIX + "first_came"] == CAME.isoformat().encode()


def test_what_cannot_be_sent_again_is_named(box: Box) -> None:
    box.put(letter(EVENT, "x", topic="elsewhere"))
    assert "0:7" in run("redrive", "0:7", *box.options, expect=1).output
    assert "elsewhere" in run("redrive", "0:0", *box.options, expect=1).output
    run("redrive", *box.options, expect=2)
    run("list", expect=2)
    assert box.tickets() == []


def test_what_is_cut_is_named_with_the_place_of_the_whole_and_the_others_are_sent(box: Box) -> None:
    box.put(letter(EVENT, "too_old"), letter(b"x" * (WHOLE_BYTES + 1), "too_old"), letter(b"[]", "too_old"))
    for words in (("--code", "too_old"), ("0:0", "0:1", "0:2", "0:9")):
        before = len(box.tickets())
        result = run("redrive", *words, *box.options, expect=1)
        assert result.stdout == "2 records sent again\n"
        assert f"0:1: only its beginning is here, since it was too large; the whole lies in {TICKETS} 3:34" in (
            result.stderr
        )
        assert ("no dead letter at 0:9" in result.stderr) == ("0:9" in words)
        assert [record.value for record in box.tickets()[before:]] == [EVENT, b"[]"]


def test_places_are_found_without_reading_the_others(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """A million letters would take minutes."""
    box.put(*(letter(json.dumps(created(number)).encode(), "not_json") for number in range(5)))

    def read_all(*_: object) -> NoReturn:
        raise AssertionError("all are read")

    monkeypatch.setattr("adapters.kafka.topic_reader.TopicReader.read_to_end", read_all)
    reads: list[int] = []
    read = SqliteLog.read

    def count(log: SqliteLog, topic: str, offset: int = 0, limit: int = 1_000) -> list[Record]:
        reads.append(limit)
        return read(log, topic, offset, limit)

    monkeypatch.setattr(SqliteLog, "read", count)
    assert '"id": "E-3"' in run("show", "0:3", *box.options).stdout
    run("redrive", "0:4", "0:1", "0:4", *box.options)
    assert max(reads, default=0) <= 1
    monkeypatch.undo()
    assert [json.loads(record.value or b"")["id"] for record in box.tickets()] == ["E-1", "E-4"]


@pytest.mark.parametrize(
    "place", ["0:5", "1:0", "7", "0:00", "0:-1", "x:0", "0:\u0661", "0:" + "9" * 30, "9" * 30 + ":0"]
)
def test_where_there_is_none_is_said(box: Box, place: str) -> None:
    box.put(letter(EVENT, "not_json"))
    for command in ("show", "redrive"):
        assert f"no dead letter at {place}" in run(command, *box.options, "--", place, expect=1).stderr
    assert box.tickets() == []
