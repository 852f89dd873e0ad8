"""Complaints of mail providers, and mails that opt out: whom they stop mails to, and of which kind."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

import pytest

from schemas.directory import SuppressionRecord
from schemas.job import PersonRef
from schemas.vocabulary import Channel, PersonKind, Trigger
from sender.bounces.policy import BAD_TOKEN, NO_COMPLAINT, NOT_OURS, NOT_PROVEN, UNKNOWN_JOB
from sender.bounces.reading import MailKind
from sender.messages.message import message_id
from sender.suppressions.opt_out import OptOutRequest, OptOutTokens, in_one_case
from tests.support.mail.judged_mails import JOB, TOKENS, judged, return_path
from tests.support.mail.messages import IDENTITY, a_job
from tests.support.mail.returned_mails import OLD_ID, a_mail, complaint, encoded

REQUEST = OptOutRequest(PersonKind.CONTACT, "ct-1", Channel.EMAIL, (Trigger.OPENED,), "fr")


@pytest.mark.parametrize("encoding", [None, "base64", "quoted-printable"])
@pytest.mark.parametrize(
    "content",
    [complaint(), complaint("opt-out"), complaint(original="X: y", mail_from=return_path(a_job()))],
    ids=["abuse", "opt-out", "by the return path"],
)
def test_a_complaint_stops_that_persons_mails_of_that_kind(content: bytes, encoding: str | None) -> None:
    found = judged(encoded(content, encoding) if encoding else content)

    assert (found.mail.kind, found.job) == (MailKind.COMPLAINT, JOB)
    (record,) = found.records
    assert record == SuppressionRecord(
        id="contact/p-1/email/opened",
        channel=Channel.EMAIL,
        person="contact/p-1",
        triggers=["opened"],
        reason="complaint",
        since="2026-03-02T09:16:05Z",
    )


def test_a_complaint_about_a_digest_is_about_all_that_it_told_its_person() -> None:
    other = PersonRef(PersonKind.CONTACT, "p-2")
    bundled = (a_job(trigger=Trigger.CLOSED), a_job(trigger=Trigger.RESOLVED, person=other))

    ids = [record.id for record in judged(complaint(), bundled=bundled).records]

    assert ids == ["contact/p-1/email/closed", "contact/p-1/email/opened"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (complaint(original=f"Message-ID: {OLD_ID}"), NOT_PROVEN),
        (complaint(original="X: y"), NOT_OURS),
        (complaint("not-spam"), NO_COMPLAINT),
        (complaint("virus"), NO_COMPLAINT),
        (complaint(""), NO_COMPLAINT),
        (complaint(original=f"Message-ID: {message_id(a_job(id='f' * 32), IDENTITY)}"), UNKNOWN_JOB),
    ],
)
def test_a_complaint_without_proof_or_about_something_else_stops_nothing(content: bytes, why: str) -> None:
    assert (judged(content).why, judged(content).records) == (why, ())


def test_a_mail_with_a_token_opts_out_even_where_a_program_wrote_it() -> None:
    for more in ({}, {"Auto_Submitted": "auto-generated"}):
        found = judged(a_mail(f"unsubscribe {TOKENS.write(REQUEST)}", **more))
        assert found.mail.kind is MailKind.OPT_OUT
        assert [record.id for record in found.records] == ["contact/ct-1/email/opened"]


@pytest.mark.parametrize("token", ["x", OptOutTokens(["another secret of it"]).write(REQUEST)])
def test_a_mail_with_a_token_of_somebody_else_opts_nobody_out(token: str) -> None:
    found = judged(a_mail(f"unsubscribe {token}"))
    assert (found.why, found.records) == (BAD_TOKEN, ())


SUBJECTS = (
    "[EXTERNAL] unsubscribe {}",
    "Re: unsubscribe {}",
    "[SPAM?] RE: Unsubscribe   {}",
    "AW: [EXT] unsubscribe <{}>.",
    "unsubscribe {} [Ticket#4711]",
    "{}",
)


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("change", [str, str.lower, str.upper], ids=["as it was", "lower", "upper"])
def test_a_token_opts_out_wherever_it_stands_in_the_subject(subject: str, change: Callable[[str], str]) -> None:
    found = judged(a_mail(change(subject.format(in_one_case(TOKENS.write(REQUEST))))))

    assert [record.id for record in found.records] == ["contact/ct-1/email/opened"]


def test_a_subject_that_was_folded_within_its_token_or_encoded_opts_out() -> None:
    token = in_one_case(TOKENS.write(REQUEST))
    folded = f"Subject: [EXTERNAL]\r\n unsubscribe\r\n {token[:60]}\r\n {token[60:]}\r\n\r\nx"
    words = "\r\n ".join(f"=?utf-8?q?{part}?=" for part in ("=5BExt=5D_unsubscribe_", token[:40], token[40:]))
    based = b64encode(f"[Externe] unsubscribe {token}".encode()).decode()
    for content in (folded, f"Subject: {words}\r\n\r\nx", f"Subject: =?iso-8859-1?b?{based}?=\r\n\r\nx"):
        assert [record.id for record in judged(content.encode()).records] == ["contact/ct-1/email/opened"]


def test_a_token_in_the_body_opts_nobody_out() -> None:
    """Answers quote the message, which holds its link."""
    token = TOKENS.write(REQUEST)
    for text in (token, in_one_case(token)):
        assert not judged(a_mail().replace(b"I am away", f"> /u/{text}\n> unsubscribe {text}".encode())).records


HOST_NAME = "web-07.frontend.eu-central.provider.example"


@pytest.mark.parametrize("subject", [f"Automatic reply: {HOST_NAME} is down", f"How to unsubscribe from {HOST_NAME}"])
def test_a_long_word_in_the_subject_makes_no_mail_that_opts_out(subject: str) -> None:
    found = judged(a_mail(subject, answers=message_id(a_job(), IDENTITY), Auto_Submitted="auto-replied"))

    assert (found.mail.kind, found.job, found.why) == (MailKind.AUTOMATIC, JOB, None)
    # The control: where it is a token of ours, it is one.
    subject = subject.replace(HOST_NAME, in_one_case(TOKENS.write(REQUEST)))
    assert judged(a_mail(subject, Auto_Submitted="auto-replied")).mail.kind is MailKind.OPT_OUT
