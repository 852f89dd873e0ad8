"""Which refusals mean a dead address, and what is noted down then."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.directory import SuppressionRecord
from schemas.vocabulary import Channel
from sender.bounce_codes import bounced, suppression_of
from sender.ports import Reply, ReplyKind, Stage
from tests.fakes import START, a_job

REFUSED = ReplyKind.REFUSED


def refusal(code: int | None, status: str | None, stage: Stage | None = Stage.RCPT) -> Reply:
    return Reply(REFUSED, code, "no", stage, status)


def test_the_record_of_a_dead_address() -> None:
    job = a_job(address="Zoe@ACME.example")
    assert suppression_of(job, refusal(550, "5.1.1"), START, timedelta(days=7)) == SuppressionRecord(
        id="email/zoe@acme.example",
        channel=Channel.EMAIL,
        address="Zoe@ACME.example",
        person=None,
        triggers=None,
        reason="hard_bounce",
        since="2026-03-02T09:00:00Z",
        until=START + timedelta(days=7),
    )


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *[(550, status) for status in ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1")],
        *[(554, "5.1.1"), (556, "5.1.10"), (550, None), (551, None), (553, None)],
    ],
)
def test_answers_that_mean_a_dead_address(code: int, status: str | None) -> None:
    record = suppression_of(a_job(), refusal(code, status), START)
    assert record is not None
    assert record.until == START + timedelta(days=90)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *[(550, "5.7.1"), (550, "5.7.26"), (550, "5.7.0"), (552, "5.2.2"), (550, "5.2.2"), (550, "5.2.0")],
        *[(550, "5.3.0"), (554, "5.3.4"), (550, "5.1.0"), (550, "5.1.8"), (550, "5.1.7"), (550, "5.0.0")],
        *[(550, "5.4.1"), (550, "4.1.1"), (552, None), (554, None), (501, None), (None, None)],
    ],
)
def test_other_refusals_do_not(code: int | None, status: str | None) -> None:
    assert suppression_of(a_job(), refusal(code, status), START) is None


@pytest.mark.parametrize("stage", [None, Stage.MAIL, Stage.DATA, Stage.DOT, Stage.CONNECT])
def test_only_the_answer_to_rcpt_is_about_an_address(stage: Stage | None) -> None:
    assert suppression_of(a_job(), refusal(550, "5.1.1", stage), START) is None


@pytest.mark.parametrize("kind", [kind for kind in ReplyKind if kind is not REFUSED])
def test_only_a_refusal_does(kind: ReplyKind) -> None:
    assert suppression_of(a_job(), Reply(kind, 550, "no", Stage.RCPT, "5.1.1"), START) is None


def test_a_fax_gateway_s_refusal_is_not_about_a_mailbox() -> None:
    job = a_job(address="+33 1 23 45 67 89", channel=Channel.FAX)
    assert suppression_of(job, refusal(550, "5.1.1"), START) is None


def test_a_refusal_of_another_address_than_the_job_s_is_not_held_against_it() -> None:
    job = a_job(address="zoé@müller.example")
    assert bounced(job, "everything@desk.example", refusal(550, "5.1.1"), START) is None
    assert bounced(job, "zoé@xn--mller-kva.example", refusal(550, "5.1.1"), START) is not None
