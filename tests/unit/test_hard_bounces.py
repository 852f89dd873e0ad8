"""What is noted down of a dead address, and which answers do not count."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from schemas.directory import SuppressionRecord
from schemas.vocabulary import Channel
from sender.bounces.hard_bounces import bounced, suppression_of
from sender.replies.refusals import About
from sender.replies.reply import Reply, ReplyKind, Stage
from tests.support.sender.fakes import START, a_job

DEAD = Reply(ReplyKind.REFUSED, 550, "no", Stage.RCPT, "5.1.1", About.MAILBOX)


def test_the_record_of_a_dead_address() -> None:
    job = a_job(address="Zoe@ACME.example")
    assert suppression_of(job, DEAD, START, timedelta(days=7)) == SuppressionRecord(
        id="email/zoe@acme.example",
        channel=Channel.EMAIL,
        address="Zoe@ACME.example",
        person=None,
        triggers=None,
        reason="hard_bounce",
        since="2026-03-02T09:00:00Z",
        until=START + timedelta(days=7),
    )


@pytest.mark.parametrize("about", [about for about in About if about is not About.MAILBOX])
def test_a_refusal_of_anything_but_the_mailbox_suppresses_nobody(about: About) -> None:
    assert suppression_of(a_job(), replace(DEAD, about=about), START) is None


@pytest.mark.parametrize("stage", [None, Stage.MAIL, Stage.DATA, Stage.DOT, Stage.CONNECT])
def test_only_the_answer_to_rcpt_is_about_an_address(stage: Stage | None) -> None:
    assert suppression_of(a_job(), replace(DEAD, stage=stage), START) is None


@pytest.mark.parametrize("kind", [kind for kind in ReplyKind if kind is not ReplyKind.REFUSED])
def test_only_a_refusal_does(kind: ReplyKind) -> None:
    assert suppression_of(a_job(), replace(DEAD, kind=kind), START) is None


def test_a_fax_gateway_s_refusal_is_not_about_a_mailbox() -> None:
    job = a_job(address="+33 1 23 45 67 89", channel=Channel.FAX)
    assert suppression_of(job, DEAD, START) is None


def test_a_refusal_of_another_address_than_the_job_s_is_not_held_against_it() -> None:
    job = a_job(address="zoé@müller.example")
    assert bounced(job, "everything@desk.example", DEAD, START) is None
    assert bounced(job, "zoé@xn--mller-kva.example", DEAD, START) is not None
