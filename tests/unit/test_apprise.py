"""SMS and chats: what is asked of a service, what its answers mean, and what is never told of it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.apprise.service import HIDDEN, Service, ServiceError
from adapters.apprise.transport import AppriseTransport
from schemas.mailbox import address_fault
from schemas.vocabulary import Channel
from sender.ports import OutgoingText
from sender.replies.reply import Reply, ReplyKind
from tests.support.http.peers import HttpPeer
from tests.support.settings.environments import settings_in
from tocsin.config.settings.faults import SettingsError
from tocsin.config.wiring.texts import text_transports

SECRET = "s3cr3t-t0k3n"
MESSAGE = OutgoingText(Channel.CHAT, "#support", "subject", "text")


def service_at(peer: HttpPeer, more: str = "") -> Service:
    return Service(f"json://{SECRET}:password@127.0.0.1:{peer.port}/{SECRET}/{{address}}?format=text{more}")


async def ask(peer: HttpPeer, message: OutgoingText = MESSAGE) -> Reply:
    return await AppriseTransport(service_at(peer)).send(message)


@pytest.mark.parametrize("status", ["400 Bad Request", "403 Forbidden", "404 Not Found", "500 No", "503 Later"])
async def test_whatever_a_service_says_that_is_no_yes_is_deferred_with_its_number(status: str) -> None:
    async with HttpPeer(deque([status]), words=b"Socket Exception: in the service's own words") as peer:
        reply = await ask(peer)
    assert reply.kind is ReplyKind.DEFERRED
    assert f"error={status[:3]}" in reply.text


class Lines(logging.Handler):
    """What a program sees that keeps every line of every library."""

    def __init__(self) -> None:
        super().__init__(1)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


@pytest.fixture
def lines() -> Iterator[list[str]]:
    root, handler = logging.getLogger(), Lines()
    before = root.level
    root.addHandler(handler)
    root.setLevel(1)
    yield handler.lines
    root.setLevel(before)
    root.removeHandler(handler)


async def test_credentials_are_in_no_reply_no_log_no_error_and_no_representation(lines: list[str]) -> None:
    logging.getLogger("tests").debug("the control: this level is kept")
    service = Service(f"json://{SECRET}.invalid/{SECRET}/{{address}}")
    reply = await AppriseTransport(service).send(MESSAGE)
    async with HttpPeer(deque(["500 No"])) as peer:
        refused = await ask(peer)
    with pytest.raises(ServiceError) as caught:
        Service(f"nonsense://{SECRET}/{{address}}")
    assert HIDDEN in reply.text, "the host's name is a token for many services"
    for told in (reply.text, refused.text, repr(service), str(caught.value), *lines):
        assert SECRET not in told
    assert "tests: the control: this level is kept" in lines


@pytest.mark.parametrize(
    "pattern", ["", "json://localhost/", "nonsense", "nope://x/{address}", "json://{address}/{address}"]
)
def test_a_url_that_can_not_be_used_is_refused_at_the_start(pattern: str) -> None:
    with pytest.raises(ServiceError):
        Service(pattern)


@given(address=st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_no_address_leads_to_two_or_to_another_part_of_the_url(address: str) -> None:
    pattern = Service("json://localhost/room/{address}/end?format=text")
    made = pattern._at(address)
    if address_fault(Channel.CHAT, address) is not None:
        return
    assert made is not None
    [one] = made
    assert unquote(one.fullpath) == f"/room/{address}/end"
    assert one.host == "localhost"


@pytest.mark.parametrize("address", ["", "a b", "a,b", "a;b", "a/b", "a\\b", "a\nb", "a\x00", "x" * 201, " a"])
def test_what_is_no_chat_address_is_refused_where_it_is_read(address: str) -> None:
    assert address_fault(Channel.CHAT, address) is not None


@pytest.mark.parametrize(
    "address", ["#support", "@zoe", "-100123456", "C02AB", "ops@desk.example", "équipe", "!a:b.example"]
)
def test_what_is_a_chat_address(address: str) -> None:
    assert address_fault(Channel.CHAT, address) is None


def test_an_sms_goes_to_a_number() -> None:
    assert address_fault(Channel.SMS, "+33 6 12 34 56 78") is None
    assert "sms number" in (address_fault(Channel.SMS, "zoe@acme.example") or "")


class Stuck(Service, frozen=True):
    """A service that answers when it is told to."""

    def ask(self, message: OutgoingText) -> Reply:
        GO_ON.wait(10)
        return Reply(ReplyKind.ACCEPTED, None, "at last")


GO_ON = threading.Event()


async def test_a_service_that_never_answers_is_left_and_keeps_only_its_places() -> None:
    GO_ON.clear()
    transport = AppriseTransport(Stuck("json://localhost/{address}"), at_a_time=2, limit=timedelta(milliseconds=50))
    stuck = await asyncio.gather(transport.send(MESSAGE), transport.send(MESSAGE))
    assert {reply.kind for reply in stuck} == {ReplyKind.UNKNOWN}
    assert (await transport.send(MESSAGE)).kind is ReplyKind.DEFERRED, "no place is free: nothing was handed over"
    GO_ON.set()
    while (reply := await transport.send(MESSAGE)).kind is ReplyKind.DEFERRED:
        pass
    assert reply == Reply(ReplyKind.ACCEPTED, None, "at last")


class Broken(Service, frozen=True):
    """A service whose code fails."""

    def ask(self, message: OutgoingText) -> Reply:
        raise KeyError(message.recipient)


async def test_a_library_that_fails_has_perhaps_handed_it_over() -> None:
    reply = await AppriseTransport(Broken("json://localhost/{address}")).send(MESSAGE)
    assert reply == Reply(ReplyKind.UNKNOWN, None, "Apprise failed: KeyError")


def test_settings_come_from_the_environment_or_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "sms"
    file.write_text("json://localhost/{address}\n", encoding="utf-8")
    assert text_transports(settings_in({})).keys() == set()
    assert text_transports(settings_in({"TOCSIN_APPRISE_CHAT": "json://localhost/{address}"})).keys() == {Channel.CHAT}
    assert text_transports(settings_in({"TOCSIN_APPRISE_SMS_FILE": str(file)})).keys() == {Channel.SMS}


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"TOCSIN_APPRISE_SMS": f"nonsense://{SECRET}/{{address}}"}, "TOCSIN_APPRISE_SMS: Apprise knows no service"),
        ({"TOCSIN_APPRISE_CHAT": f"json://{SECRET}"}, "TOCSIN_APPRISE_CHAT: it needs {address} once"),
        ({"TOCSIN_APPRISE_CHAT_FILE": "/no/such/file"}, "TOCSIN_APPRISE_CHAT_FILE: /no/such/file can't be read"),
    ],
)
def test_a_bad_setting_is_named_without_its_value(environment: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError) as caught:
        text_transports(settings_in(environment))
    assert str(caught.value).startswith(named)
    assert SECRET not in str(caught.value)
