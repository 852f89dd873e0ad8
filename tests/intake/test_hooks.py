"""A helpdesk's webhook: what is answered to each post, and what of it is in the log."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

import pytest

from adapters.contract_lookup import DirectoryContracts
from intake.acceptance import Acceptance, Accepted, Refused, Repeated, Unavailable
from intake.hooks import Crowded, Doubted, Hooks, Kept, Pacing, Remarks, UnknownHook, Unsecured, unpaced
from intake.mappings.mapping import Mapping
from intake.observation import Ignored
from intake.ports import LogAwayError
from intake.post import Post
from intake.signatures.verifying import Doubt
from schemas.refusal import Refusal
from schemas.topics import DEAD_LETTERS, TICKETS
from tests.support.engine_on_fakes import Still
from tests.support.intake.in_memory_sink import InMemoryEventSink
from tests.support.intake.in_memory_states import InMemoryTicketStates
from tests.support.intake.mappings import RECEIVED, contracts, mapping

SECRET = "the-secret-of-this-helpdesk"
DESK = """
source: /desk
signature: {scheme: hub}
ignore: [{if: $.test, because: a test}]
moment: {from: $.event, map: {new: created, update: updated}, otherwise: unknown}
ticket:
  id: $.id
  customer: $.customer
  contract: {look_up: [customer]}
  external_description: $.text
  status: $.status
  closed_for_customer: $.closed
"""
CREATED = {"event": "new", "id": "T-1", "customer": "acme", "text": "It does not print", "status": "new"}


class Heard(Remarks):
    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def warned(self, hook: str, warnings: Sequence[Refusal]) -> None:
        self.said += [(hook, one.field) for one in warnings]


class Desk:
    """Hooks on fakes, and a helpdesk that posts to the one of the name `desk`."""

    def __init__(self, text: str = DESK, secrets: Sequence[str] = (SECRET,), pacing: Pacing = unpaced) -> None:
        self.mappings: dict[str, Mapping] = {"desk": mapping(text)}
        self.sink = InMemoryEventSink()
        self.heard = Heard()
        directory = contracts(**{"C-7": {"client": "acme", "products": []}})
        acceptance = Acceptance(InMemoryTicketStates(), self.sink, Still(RECEIVED))
        lookup = DirectoryContracts(lambda: directory)
        self.hooks = Hooks(self.mappings.get, {"desk": secrets}, lookup, acceptance, self.heard, pacing)

    def posts(self, payload: Any, secret: str = SECRET, hook: str = "desk", **headers: str) -> Any:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        signed = f"sha256={hmac.digest(secret.encode(), body, hashlib.sha256).hex()}"
        return self.hooks.take(hook, Post(body, {"x-hub-signature": signed, **headers}, RECEIVED))

    def events(self) -> list[Any]:
        return [json.loads(one.value or b"") for one in self.sink.records if one.topic == TICKETS]

    def letters(self) -> list[tuple[bytes | None, dict[str, str]]]:
        found = [one for one in self.sink.records if one.topic == DEAD_LETTERS]
        return [(one.value, {name: text.decode() for name, text in one.headers}) for one in found]


def test_a_signed_post_becomes_an_event() -> None:
    desk = Desk()
    assert isinstance(desk.posts(CREATED), Accepted)
    [event] = desk.events()
    assert (event["source"], event["data"]["ticket"]["contract"], event["data"]["previous"]) == ("/desk", "C-7", None)


def test_the_next_post_is_judged_by_what_was_told_before() -> None:
    desk = Desk()
    desk.posts(CREATED)
    desk.posts({"event": "update", "id": "T-1", "status": "solved", "closed": True})
    event = desk.events()[1]
    assert event["data"]["previous"]["status"] == "new"
    assert event["data"]["ticket"]["external_description"] == "It does not print"


def test_a_post_that_comes_twice_is_one_event() -> None:
    desk = Desk()
    first = desk.posts(CREATED)
    assert desk.posts(CREATED) == Repeated(first.id)
    assert len(desk.events()) == 1


@pytest.mark.parametrize("secrets", [[SECRET, "the-next-secret-of-it"], ["the-next-secret-of-it", SECRET]])
def test_while_secrets_are_changed_posts_with_either_are_taken(secrets: list[str]) -> None:
    assert isinstance(Desk(secrets=secrets).posts(CREATED), Accepted)


def test_what_somebody_else_posts_is_not_even_read() -> None:
    desk = Desk()
    assert desk.posts(b"{", secret="a-guess-at-the-secret") == Doubted(Doubt.WRONG_SIGNATURE)
    assert desk.sink.records == []


def test_a_helpdesk_that_posts_too_often_is_told_so_and_nobody_else_can_use_up_its_posts() -> None:
    waits = [0.0, 2.5]
    desk = Desk(pacing=lambda _name: waits.pop(0))
    for _ in range(3):
        assert isinstance(desk.posts(CREATED, secret="a-guess-at-the-secret"), Doubted)
    assert isinstance(desk.posts(CREATED), Accepted)
    assert desk.posts({**CREATED, "id": "T-2"}) == Crowded(2.5)
    assert len(desk.sink.records) == 1


def test_a_hook_without_a_secret_takes_nothing() -> None:
    desk = Desk(secrets=())
    answer = desk.posts(CREATED)
    assert isinstance(answer, Unsecured)
    assert "needs a secret" in answer.why
    assert desk.sink.records == []


def test_a_mapping_that_does_not_say_who_may_post_takes_nothing() -> None:
    desk = Desk(DESK.replace("signature: {scheme: hub}\n", ""))
    assert isinstance(desk.posts(CREATED), Unsecured)


def test_everybody_may_post_only_where_that_is_said() -> None:
    desk = Desk(DESK.replace("scheme: hub", "scheme: none"), secrets=())
    assert isinstance(desk.posts(CREATED, secret="nobody's-secret"), Accepted)


def test_a_hook_that_nobody_has_set_up() -> None:
    assert Desk().posts(CREATED, hook="dsek") == UnknownHook()


def test_a_mapping_in_force_from_now_on_reads_the_next_post() -> None:
    desk = Desk()
    desk.posts(CREATED)
    desk.mappings["desk"] = mapping(DESK.replace("/desk", "/other"))
    desk.posts({**CREATED, "id": "T-2"})
    assert [event["source"] for event in desk.events()] == ["/desk", "/other"]


def test_a_post_about_something_else_is_passed_over() -> None:
    desk = Desk()
    assert desk.posts({"test": True}) == Ignored("a test")
    assert desk.sink.records == []


@pytest.mark.parametrize("payload", [b"{", b"\xff", {"event": "new"}, {**CREATED, "closed": "perhaps"}], ids=str)
def test_what_can_not_be_read_is_refused_or_kept_as_the_mapping_says(payload: Any) -> None:
    refusing, keeping = Desk(), Desk("on_malformed: accept" + DESK)
    assert isinstance(refusing.posts(payload), Refused)
    assert refusing.sink.records == []
    assert isinstance(keeping.posts(payload), Kept)
    [(body, headers)] = keeping.letters()
    assert body == (payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    assert headers["dead_letter.topic"] == "hooks/desk"
    assert headers["dead_letter.message"]


def test_nothing_is_promised_while_the_log_is_away() -> None:
    desk = Desk("on_malformed: accept" + DESK)
    desk.sink.why = LogAwayError("away", "the log is away")
    assert [type(desk.posts(one)) for one in (CREATED, {"event": "new"})] == [Unavailable, Unavailable]
    desk.sink.why = None
    assert isinstance(desk.posts(CREATED), Repeated)
    assert len(desk.events()) == 1


def test_what_a_mapping_could_not_tell_is_remarked() -> None:
    desk = Desk()
    desk.posts({**CREATED, "customer": "nobody-knows"})
    assert desk.heard.said == [("desk", "ticket.contract")]


def test_glpi_asks_before_it_posts() -> None:
    desk = Desk(DESK.replace("scheme: hub", "scheme: glpi"))
    token = hmac.digest(SECRET.encode(), b"validate_cra_challenge", hashlib.sha256).hex()
    answer = hmac.digest(SECRET.encode(), token.encode(), hashlib.sha256).hex()
    assert desk.hooks.challenge("desk", {"crc_token": token}) == answer
    assert desk.hooks.challenge("other", {"crc_token": token}) is None
