"""The engine's step from records to jobs, on fakes of its ports."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine import consumer as consumer_module
from engine.consumer import Consumer
from engine.decide import decide_all
from engine.directory.directory import Directory
from engine.directory.naming import NAMED_RECORDS
from engine.ports import RulesInForce
from engine.stages.s4_rule_matching import MatcherUnavailableError, Question, ReferenceMatcher
from schemas.dead_letter import PREFIX
from schemas.topics import DEAD_LETTERS, DECISIONS, JOBS, TICKETS
from tests.support.engine_on_fakes import FakeLog, Still, consumer_on
from tests.support.helpdesk.events import NOW, Helpdesk, default_rules, envelope


@pytest.fixture
def desk() -> Helpdesk:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    return desk


def letters(log: FakeLog) -> list[dict[str, str]]:
    return [
        {name.removeprefix(PREFIX): text.decode() for name, text in letter.headers if name.startswith(PREFIX)}
        for letter in log.topic(DEAD_LETTERS)
    ]


def jobs_of(log: FakeLog, since: int = 0) -> dict[str, str]:
    """The ids of the jobs behind the first `since`, by the person's id."""
    jobs = [json.loads(output.value or b"") for output in log.topic(JOBS)[since:]]
    return {job["person"]["id"]: job["id"] for job in jobs}


def test_jobs_and_the_decision_leave_with_the_offset(desk: Helpdesk) -> None:
    log = FakeLog()
    log.event()
    consumer_on(log, desk).step(0)
    assert [len(log.topic(topic)) for topic in (JOBS, DECISIONS, DEAD_LETTERS)] == [1, 1, 0]
    assert {output.key for output in log.outputs} == {b"T-1042"}
    assert log.committed == 1


def test_decisions_hold_ids_only(desk: Helpdesk) -> None:
    log = FakeLog()
    log.event()
    consumer_on(log, desk).step(0)
    decision = log.topic(DECISIONS)[0].value or b""
    assert b"@acme.example" not in decision
    assert b"Invoices" not in decision


def test_poison_is_dead_lettered_with_its_bytes_and_the_next_event_is_decided(desk: Helpdesk) -> None:
    log = FakeLog()
    log.append(b'{"truncated": ', ("trace", b"abc"))
    log.event()
    log.append(None)
    consumer_on(log, desk).step(0)
    (letter,) = log.topic(DEAD_LETTERS)
    assert (letter.value, letter.key) == (b'{"truncated": ', b"T-1042")
    assert ("trace", b"abc") in letter.headers
    assert letters(log)[0] | {"message": ""} == {
        "topic": TICKETS,
        "partition": "0",
        "offset": "0",
        "first_came": NOW.isoformat(),
        "code": "not_json",
        "message": "",
    }
    assert (len(log.topic(JOBS)), log.committed) == (1, 3)


def test_an_event_of_an_unknown_contract_can_be_sent_again_later(desk: Helpdesk) -> None:
    log = FakeLog()
    log.event({"contract": "C-99"})
    consumer_on(log, desk).step(0)
    assert [letter["code"] for letter in letters(log)] == ["unknown_contract"]
    assert json.loads(log.topic(DECISIONS)[0].value or b"")["skipped"][0]["reason"] == "unknown_contract"


def test_whom_a_record_that_cannot_be_read_keeps_back_is_told_once_it_is_mended(desk: Helpdesk) -> None:
    """The others at once; by the event that is sent again, nobody twice: the jobs have the same ids."""
    desk.collaborator("co-1", "contract/C-7")
    desk.unreadable = {"contact/ct-1"}
    log = FakeLog()
    log.event()
    consumer_on(log, desk).step(0)
    [letter] = letters(log)
    assert (letter["code"], "contact/ct-1" in letter["message"]) == ("unreadable_record", True)
    skipped = json.loads(log.topic(DECISIONS)[0].value or b"")["skipped"]
    assert [(one["reason"], one["record"]) for one in skipped] == [("unreadable_record", "contact/ct-1")]
    told = jobs_of(log)
    assert [*told] == ["co-1"]
    desk.unreadable = set()
    log.append(log.records[0].value, (PREFIX + "first_came", NOW.isoformat().encode()))
    consumer_on(log, desk).step(0)
    again = jobs_of(log, len(told))
    assert (sorted(again), again["co-1"]) == (["co-1", "ct-1"], told["co-1"])
    assert len(letters(log)) == 1


def test_a_dead_letter_names_the_first_of_many_records_that_cannot_be_read(desk: Helpdesk) -> None:
    for number in range(9):
        desk.contact(f"ct-{number}", "contract/C-7", "site/S-paris")
    desk.unreadable = {f"contact/ct-{number}" for number in range(9)}
    log = FakeLog()
    log.event()
    consumer_on(log, desk).step(0)
    [letter] = letters(log)
    assert letter["message"].count("contact/") == NAMED_RECORDS
    assert "and 4 more" in letter["message"]


def test_a_dead_letter_sent_again_after_a_week_is_judged_by_when_it_first_came(desk: Helpdesk) -> None:
    log = FakeLog()
    week_later = NOW + timedelta(days=7)
    value = json.dumps(envelope(data={"previous": None})).encode()
    log.append(value, (PREFIX + "first_came", NOW.isoformat().encode()), at=week_later)
    log.append(value, at=week_later)
    consumer_on(log, desk, week_later).step(0)
    reasons = [[skip["reason"] for skip in json.loads(one.value or b"")["skipped"]] for one in log.topic(DECISIONS)]
    assert (len(log.topic(JOBS)), reasons) == (1, [[], ["stale"]])


def test_what_was_not_committed_is_decided_again(desk: Helpdesk) -> None:
    log = FakeLog()
    log.event()
    log.fail = 1
    engine = consumer_on(log, desk)
    with pytest.raises(OSError, match="no space"):
        engine.step(0)
    assert log.outputs == []
    engine.step(0)
    assert len(log.topic(JOBS)) == 1


def test_an_event_that_nobody_foresaw_stops_itself_alone(desk: Helpdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    real = decide_all

    def fragile(cases: Any, *around: Any) -> Any:
        if any(event.id == "E-bad" for event, _ in cases):
            raise ZeroDivisionError
        return real(cases, *around)

    monkeypatch.setattr(consumer_module, "decide_all", fragile)
    log = FakeLog()
    for name in ("E-1", "E-bad", "E-2"):
        log.event(id=name)
    consumer_on(log, desk).step(0)
    assert [letter["code"] for letter in letters(log)] == ["undecidable"]
    assert len(log.topic(JOBS)) == 2


class BrokenMatcher:
    def match(self, questions: Sequence[Question]) -> Any:
        raise MatcherUnavailableError("no child starts")


def test_where_nothing_can_be_decided_nothing_leaves(desk: Helpdesk) -> None:
    log = FakeLog()
    log.event()
    with pytest.raises(MatcherUnavailableError):
        consumer_on(log, desk, matcher=BrokenMatcher()).step(0)
    assert (log.outputs, log.committed) == ([], 0)


def test_long_descriptions_for_many_people_leave_in_several_transactions() -> None:
    desk = Helpdesk()
    for number in range(40):
        desk.contact(f"ct-{number}", "contract/C-7")
    log = FakeLog()
    for number in range(200):
        log.event({"external_description": "x" * 30_000}, id=f"E-{number}")
    consumer_on(log, desk).step(0)
    sizes: Callable[[], int] = lambda: sum(len(output.value or b"") for output in log.outputs)  # noqa: E731
    assert (len(log.topic(JOBS)), log.committed) == (8_000, 200)
    assert log.commits >= sizes() // (200 * 1_048_576)
    assert log.commits > 1


def test_an_event_without_a_time_is_of_when_it_came(desk: Helpdesk) -> None:
    wire = envelope(data={"previous": None})
    del wire["time"]
    log = FakeLog()
    log.append(json.dumps(wire).encode(), at=datetime(2025, 1, 1, tzinfo=UTC))
    log.append(json.dumps(wire).encode())
    consumer_on(log, desk).step(0)
    assert len(log.topic(JOBS)) == 1


def test_an_empty_directory_is_a_control(desk: Helpdesk) -> None:
    log = FakeLog()
    log.event()
    rules = RulesInForce(default_rules(), ReferenceMatcher())
    Consumer(log, Still(Directory()), Still(rules), Still(NOW)).step(0)
    assert (log.topic(JOBS), [letter["code"] for letter in letters(log)]) == ([], ["unknown_contract"])
