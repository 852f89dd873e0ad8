"""What comes back: bounces in the shape of several mail systems, complaints, automatic answers, opt-outs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.directory import SuppressionRecord
from schemas.vocabulary import Channel
from sender.bounces.policy import BEHIND_IT, NOT_DEAD, NOT_FAILED, NOT_OURS, NOT_TO_THEM, TOO_OLD, UNKNOWN_JOB
from sender.bounces.reading import MailKind, ReturnedMail, read_mail
from sender.messages.message import message_id
from tests.support.mail.judged_mails import JOB, NOW, SHAPES, US, judged
from tests.support.mail.messages import IDENTITY, a_job, compose
from tests.support.mail.returned_mails import ID, OURS, ZOE, a_mail, encoded, exchange, exim, postfix

BOUNCED = datetime(2026, 3, 2, 9, 16, 5, tzinfo=UTC)
THREAD = "<e812a361c45e1bc36e5e03202e145897.ticket@tocsin.desk.example>"


@pytest.mark.parametrize("content", SHAPES.values(), ids=SHAPES.keys())
def test_a_bounce_of_a_dead_address_suppresses_it(content: bytes) -> None:
    found = judged(content)
    assert (found.mail.kind, found.job) == (MailKind.BOUNCE, JOB)
    assert found.mail.fates[0].action == "failed"

    (record,) = found.records
    since = BOUNCED if b"09:16:01" not in content else BOUNCED - timedelta(seconds=4)
    assert record == SuppressionRecord(
        id="email/zoe@acme.example",
        channel=Channel.EMAIL,
        address=ZOE,
        reason="hard_bounce",
        since=since.isoformat().replace("+00:00", "Z"),
        until=since + timedelta(days=90),
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (postfix(status="5.7.1"), NOT_DEAD),
        (postfix(status="5.2.2"), NOT_DEAD),
        (postfix(status="5.3.0"), NOT_DEAD),
        (postfix(said="550 5.7.1 blocked: spam"), NOT_DEAD),
        (postfix(said="550 5.1.1 relaying denied"), NOT_DEAD),
        (postfix(said="450 mailbox busy"), NOT_DEAD),
        (postfix(status="5.1.2", said="550 5.1.2 host not found"), NOT_DEAD),
        (exim(said="550 blocked"), NOT_DEAD),
        (exim(said="550 relay not permitted"), NOT_DEAD),
        (exim(said="530 5.7.0 Authentication required"), NOT_DEAD),
        (exim(said="550 no such user here"), None),
        (exim(said="550 (#5.1.1) sorry"), None),
        (exim(said="550-5.1.1 The account\n    550-5.1.1 does not exist. Please look\n    550 5.1.1 again"), None),
        (postfix(action="delayed", status="4.4.1"), NOT_FAILED),
        (postfix(action="delivered", status="2.0.0"), NOT_FAILED),
        (postfix(action="relayed", status="5.1.1"), NOT_FAILED),
        (postfix(to="boss@acme.example"), NOT_TO_THEM),
        (exchange(to="boss@acme.example"), NOT_TO_THEM),
        (postfix(original=OURS.replace(ID.encode(), b"<x@tocsin.desk.example>")), NOT_OURS),
        (postfix(original=OURS.replace(ID.encode(), message_id(a_job(id="f" * 32), IDENTITY).encode())), UNKNOWN_JOB),
        (postfix(original=b"Subject: x\r\n\r\nx"), NOT_OURS),
        (postfix(date="Mon, 2 Mar 1970 09:16:01 +0000"), None),
        (postfix(date="Mon, 2 Mar 2099 09:16:01 +0000"), None),
        (postfix(date="nonsense"), None),
    ],
)
def test_only_a_failure_for_good_of_a_message_of_ours_to_that_address_counts(content: bytes, why: str | None) -> None:
    found = judged(content)

    assert found.mail.kind is MailKind.BOUNCE
    assert found.why == why
    assert len(found.records) == (why is None)
    for record in found.records:
        assert a_job().created + timedelta(days=90) <= (record.until or NOW) <= NOW + timedelta(days=90)


def test_an_address_that_others_forward_to_is_known_by_the_original_one() -> None:
    assert judged(postfix(to="zoe@elsewhere.example", original_recipient=ZOE)).records
    assert not judged(postfix(to="zoe@elsewhere.example", original_recipient="x@elsewhere.example")).records


def test_a_list_with_a_dead_member_stays_in_reach() -> None:
    found = judged(postfix(to="bob@acme.example", original_recipient=ZOE))
    assert (found.why, found.records) == (BEHIND_IT, ())
    # The control: of two recipients, the mailbox itself counts.
    block = b"Final-Recipient: rfc822; bob@x.example\r\nOriginal-Recipient: rfc822; %s\r\nAction: failed\r\n\r\nFinal-R"
    assert judged(postfix().replace(b"Final-R", block % ZOE.encode(), 1)).records


def test_case_and_an_international_domain_make_no_other_address() -> None:
    job = a_job(address="Zoe@müller.example")

    (record,) = judged(postfix(to="zoe@XN--MLLER-KVA.example", original=compose(job).mail.content), job).records

    assert record.id == "email/zoe@xn--mller-kva.example"


def test_a_bounce_of_a_message_that_went_to_another_address_or_to_a_fax_counts_for_nobody() -> None:
    assert judged(postfix(), a_job(address="li@acme.example")).why == NOT_TO_THEM
    fax = a_job(channel=Channel.FAX, address="+33140000001")
    assert judged(postfix(to="33140000001@fax.example"), fax).why == NOT_TO_THEM


def test_of_several_recipients_ours_counts() -> None:
    block = b"Final-Recipient: rfc822; boss@acme.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\nFinal-Recipient"

    (record,) = judged(postfix().replace(b"Final-Recipient", block, 1)).records

    assert record.address == ZOE


def test_reading_a_bounce_again_gives_the_same_and_after_its_term_nothing() -> None:
    assert judged(postfix()).records == judged(postfix(), now=NOW + timedelta(days=80)).records
    assert judged(postfix(), now=NOW + timedelta(days=90)).why == TOO_OLD


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (a_mail(Auto_Submitted="auto-replied"), MailKind.AUTOMATIC),
        (a_mail(Auto_Submitted='auto-replied; owner-email="zoe@acme.example"'), MailKind.AUTOMATIC),
        (a_mail(Auto_Submitted="AUTO-GENERATED (rejected)"), MailKind.AUTOMATIC),
        (a_mail(Auto_Submitted="no"), MailKind.OTHER),
        (a_mail(Auto_Submitted="No (a person)"), MailKind.OTHER),
        (a_mail(X_Autoreply="yes"), MailKind.AUTOMATIC),
        (a_mail(X_Autorespond="x"), MailKind.AUTOMATIC),
        (a_mail(Precedence="auto_reply"), MailKind.AUTOMATIC),
        (a_mail(Return_Path="<>"), MailKind.AUTOMATIC),
        (a_mail(Return_Path="<zoe@acme.example>"), MailKind.OTHER),
        (a_mail(From="Mail System <MAILER-DAEMON@acme.example>"), MailKind.AUTOMATIC),
        (a_mail(answers=ID, Precedence="bulk"), MailKind.AUTOMATIC),
        (a_mail(answers=THREAD, X_Auto_Response_Suppress="All"), MailKind.AUTOMATIC),
        (a_mail(Precedence="bulk"), MailKind.OTHER),
        (a_mail(answers="<x@acme.example>", X_Auto_Response_Suppress="All"), MailKind.OTHER),
        (a_mail("Automatic reply: out of office", answers=ID), MailKind.OTHER),
        (a_mail(answers=ID), MailKind.OTHER),
        (a_mail().replace(b'text/plain; charset="utf-8"', b'multipart/report; boundary="a"'), MailKind.AUTOMATIC),
    ],
)
def test_automatic_answers_are_told_from_what_a_person_wrote(content: bytes, kind: MailKind) -> None:
    assert read_mail(content, US).kind is kind


def test_an_automatic_answer_names_the_job_and_the_thread() -> None:
    content = a_mail(answers=ID, References=f"{THREAD} {ID}", Auto_Submitted="auto-replied")

    found = judged(content)

    assert (found.job, found.mail.thread) == (JOB, THREAD)
    assert found.entry is not None
    assert found.entry.job.ticket == "T-1042"
    assert not found.records


def test_a_bounce_of_our_own_opt_out_address_is_a_bounce() -> None:
    content = postfix().replace(b"Subject: Undelivered", b"Subject: unsubscribe x\r\nX: ", 1)
    assert read_mail(content, US).kind is MailKind.BOUNCE


@pytest.mark.parametrize("encoding", ["base64", "BASE64", "quoted-printable"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_a_report_is_read_whatever_encodes_its_parts(shape: bytes, encoding: str) -> None:
    content = encoded(shape.replace(b"Content-type:", b"Content-Type:"), encoding)
    # Only the returned message may tell whose it is.
    content = content.replace(b"\r\nIn-Reply-To:", b"\r\nX-A:").replace(b"\r\nReferences:", b"\r\nX-B:")

    assert b"Action: failed" not in content
    assert judged(content).records == judged(shape).records != ()


def test_a_report_with_letters_beyond_ascii_is_read() -> None:
    content = postfix(to="zoé@acme.example").replace(b"message/delivery-status", b"message/global-delivery-status")
    content = content.replace("rfc822; zoé".encode(), "utf-8; zoé".encode())

    assert read_mail(content, US).fates[0].status == "5.1.1"


NESTED = b"".join(
    b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (level, level) for level in range(20_000)
)
HOSTILE = {
    "nothing": b"",
    "zeros": b"\x00" * 100_000,
    "ten megabytes": postfix() + b"x" * 10_000_000,
    "ten megabytes before": b"X: " + b"x" * 10_000_000 + b"\r\n" + postfix(),
    "nested multiparts": NESTED,
    "nested messages": b"Content-Type: message/rfc822\r\n\r\n" * 20_000,
    "nested messages in other words": b"Content-Type:message/rfc822\r\n\r\n" * 20_000,
    "many headers": b"X: y\r\n" * 80_000,
    "many boundaries": b'Content-Type: multipart/report; boundary="a"\r\n\r\n' + b"--a\r\n\r\n" * 80_000,
    "many recipients": postfix().replace(
        b"Final-R", b"Final-Recipient: rfc822; a@b.example\r\n\r\n" * 9_000 + b"Final-R"
    ),
    "broken charset": b"Subject: =?nonsense?q?x_y?=\r\nContent-Type: text/plain; charset=\xff\xfe\r\n\r\n\xff",
    "a broken parameter": b"Content-Type: multipart/report; boundary*" + b"9" * 5_000 + b'*="a"\r\n\r\nx',
    "blanks": b"Subject: " + b" " * 400_000 + b"\r\n\r\n",
    "long ids": b"References: " + b"<" * 400_000 + b"\r\n\r\n",
    "long words": b"Subject: " + b"=?utf-8?q?" * 40_000 + b"\r\n\r\n",
    "no colon": b"=" * 500_000,
    "semicolons in quotes": b'Content-Type: multipart/report; a="' + b";" * 400_000 + b"\r\n\r\n",
    "semicolons in quotes of many parts": b'Content-Type: multipart/report; boundary="a"\r\n\r\n'
    + (b'--a\r\nContent-Type: text/plain; a="' + b";" * 10_000 + b"\r\n\r\n") * 50,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_mails_come_to_an_end_and_lead_to_nothing_wrong(content: bytes) -> None:
    before = process_time()
    found = judged(content)

    assert {record.address for record in found.records} <= {ZOE}
    assert process_time() - before < 5


@given(st.binary(max_size=400))
def test_no_bytes_raise(content: bytes) -> None:
    assert isinstance(read_mail(content, US), ReturnedMail)


@given(st.integers(0, len(postfix())), st.binary(min_size=1, max_size=20), st.sampled_from([postfix, exchange, exim]))
def test_no_bytes_within_a_bounce_raise_or_suppress_somebody_else(place: int, put: bytes, shape: object) -> None:
    assert callable(shape)
    whole = shape()
    found = judged(whole[:place] + put + whole[place + len(put) :])
    assert {record.address for record in found.records} <= {ZOE}
