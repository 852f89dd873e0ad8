"""A bounce is believed only with the token of a message of ours: in its Message-ID, or in a return path of its own."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.vocabulary import Channel
from sender.bounces.policy import NOT_OURS, NOT_PROVEN
from sender.messages.addresses import MailIdentity
from sender.messages.message import message_id
from sender.messages.message import return_path as path_of
from sender.proof import Proofs, tokens_in
from tests.support.mail.judged_mails import JOB, PROOFS, SHAPES, US, entry_of, judged, return_path
from tests.support.mail.messages import IDENTITY, OPT_OUT, FixedRenderer, MessageComposer, a_job, as_mail, compose
from tests.support.mail.returned_mails import ID, OLD_ID, ZOE, postfix, without_the_original

VERP = msgspec.structs.replace(IDENTITY, envelope_from="bounces+{token}@desk.example")


def test_message_ids_of_every_job_lead_back_to_it() -> None:
    for job in (a_job(), a_job(id="a" * 46), a_job(id="A_b-1"), a_job(id="a b/é")):
        assert judged(postfix(original=compose(job).mail.content), job).job == job.id
    assert judged(postfix(original=compose(a_job(id="a" * 70)).mail.content)).why == NOT_OURS


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_a_bounce_with_a_computed_id_of_a_job_suppresses_nobody(shape: bytes) -> None:
    forged = shape.replace(ID.encode(), OLD_ID.encode())

    found = judged(forged)
    assert (found.why, found.records, found.job) == (NOT_PROVEN, (), JOB)
    assert found.entry is not None
    # The control: as bounces were judged before there were proofs, and as the setting has it still.
    (record,) = judged(forged, unproven=True).records
    assert record.address == ZOE


def test_a_message_of_ones_own_proves_nothing_about_that_of_another() -> None:
    mine, theirs = a_job(id="1" * 32, address="mallory@acme.example"), a_job(id="2" * 32)
    own = message_id(mine, IDENTITY)
    for forged in (own, own.replace(own[1:5], "aaaa"), f"<{'2' * 52}@{US}>", f"<{'2' * 32}.job@{US}>"):
        assert not judged(postfix(original=b"Message-ID: " + forged.encode()), mine, theirs).records
    # The control: their own message does.
    assert judged(postfix(original=b"Message-ID: " + message_id(theirs, IDENTITY).encode()), mine, theirs).records


def test_without_the_secret_nothing_is_proven_and_old_secrets_still_prove() -> None:
    assert judged(postfix(), proofs=Proofs()).why == NOT_OURS
    assert judged(postfix(), proofs=Proofs(["another secret of it"])).why == NOT_OURS
    assert judged(postfix(), proofs=Proofs(["another secret of it", *IDENTITY.secrets])).records


@pytest.mark.parametrize("header", ["To", "Delivered-To", "X-Original-To", "Envelope-To"])
def test_a_return_path_of_its_own_proves_what_a_bounce_without_the_original_is_of(header: str) -> None:
    for address in (return_path(a_job()), return_path(a_job()).upper(), f"prvs=1234abcdef={return_path(a_job())}"):
        (record,) = judged(without_the_original(address, header)).records
        assert record.address == ZOE
    assert judged(without_the_original("bounces@desk.example", header)).why == NOT_OURS
    changed = return_path(a_job()).replace("+", "+a").replace("@", "a@")
    assert judged(without_the_original(changed, header)).why == NOT_OURS


@given(st.integers(0, 2**128 - 1))
def test_no_header_and_no_text_tells_the_id_of_a_job(number: int) -> None:
    """It can be computed from the event's id: whoever knows how could name the message of anybody."""
    job = a_job(id=f"{number:032x}")
    fax = a_job(id=job.id, channel=Channel.FAX, address="+33140000001", template="fax/alert")
    composer = MessageComposer(FixedRenderer(), VERP, opt_out=OPT_OUT)
    digest = as_mail(composer.digest(entry_of(job), [entry_of(job)]))

    for mail in (compose(job, FixedRenderer(), VERP, opt_out=OPT_OUT).mail, digest.mail, compose(fax).mail):
        for text in (job.id, job.id[:16], job.id[16:]):
            assert text not in mail.content.decode().lower() + mail.envelope_from
    # The control: it does name the job, to whoever has the secret.
    assert PROOFS.first(tokens_in(message_id(job, IDENTITY))) == job.id


def test_every_try_has_the_same_id_and_return_path_within_64_octets() -> None:
    one, two = (compose(a_job(), FixedRenderer(), VERP).mail for _ in range(2))

    assert one == two
    assert one.envelope_from == return_path(a_job()) == path_of(a_job(), VERP)
    assert len(one.envelope_from.partition("@")[0]) <= 64
    assert compose(a_job(), FixedRenderer()).mail.envelope_from == "bounces@desk.example"


def test_a_fax_and_a_job_whose_id_is_too_long_have_the_writers_address_as_return_path() -> None:
    fax = a_job(channel=Channel.FAX, address="+33140000001")
    for job in (fax, a_job(id="a-longer-id-of-somebody-else")):
        assert path_of(job, VERP) == "support@desk.example"


def test_without_a_secret_an_id_is_the_same_on_every_try_and_leads_back_to_nothing() -> None:
    bare = msgspec.structs.replace(IDENTITY, secrets=())

    assert re.fullmatch(rf"<[0-9a-f]{{32}}\.hash@{US}>", message_id(a_job(), bare))
    assert message_id(a_job(), bare) == message_id(a_job(), bare) != message_id(a_job(id="f" * 32), bare)
    assert judged(postfix(original=compose(a_job(), identity=bare).mail.content)).why == NOT_OURS


@pytest.mark.parametrize(
    "pattern",
    [
        *("{token}", "bounces{token}@desk.example", "b+{token}x@desk.example", "b@{token}.desk.example"),
        *("more-than-twelve+{token}@desk.example", "{token}+{token}@desk.example", "b+{token}@nowhere at all"),
    ],
)
def test_a_return_path_that_can_not_hold_a_token_is_refused(pattern: str) -> None:
    fields: dict[str, Any] = {**msgspec.structs.asdict(IDENTITY), "envelope_from": pattern}
    with pytest.raises(ValueError, match="envelope_from"):
        MailIdentity(**fields)


@given(st.integers(0, 51), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_no_other_token_leads_to_the_job(place: int, letter: str) -> None:
    token = PROOFS.write(JOB) or ""
    changed = token[:place] + letter + token[place + 1 :]

    assert PROOFS.read(changed) == (JOB if changed == token else None)
    assert PROOFS.read(changed.upper()) == PROOFS.read(changed)


@given(st.text(max_size=80))
def test_any_id_has_one_token_that_only_its_secret_reads_and_that_does_not_hold_it(job: str) -> None:
    token, other = PROOFS.write(job), Proofs(["another secret of it"])

    assert token == PROOFS.write(job)
    if token is not None and not job.startswith("\0") and job.isprintable():
        assert PROOFS.read(token) == job
        assert tokens_in(f"<{token}@x>") == (token,)
        assert other.read(token) is None
        assert token != other.write(job)
    assert PROOFS.read(job) is None
