"""What becomes of a message, by what the relay does and when: against a real server and against one that misbehaves."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP

from adapters.mailbox.mailbox import Mailbox
from adapters.smtp.relay import Relay, Tls
from adapters.smtp.transport import SmtpTransport
from sender.ports import OutgoingMail, Reply, ReplyKind
from tests.messages import a_job, as_read, compose, external
from tests.smtp_peers import DISCONNECT, HANG, STALL, TAKE_AND_DISCONNECT, Fault, FaultyPeer, Stage

ACCEPTED, REFUSED, DEFERRED, UNKNOWN = ReplyKind
CONTENT = b"Subject: hello\r\nMessage-ID: <1@x.example>\r\n\r\n.leading dot\r\n..two\r\nend\r\n"


def mail(recipient: str = "zoe@acme.example", content: bytes = CONTENT) -> OutgoingMail:
    return OutgoingMail("bounces@desk.example", recipient, content)


def transport_to(port: int, timeout: float = 5.0, final_timeout: float = 5.0) -> SmtpTransport:
    """A transport that waits long enough for a peer that answers, on a busy machine too."""
    relay = Relay(
        host="127.0.0.1",
        port=port,
        tls=Tls.NONE,
        timeout=timeout,
        final_timeout=final_timeout,
        hello="client.example",
    )
    return SmtpTransport(relay)


def impatient(port: int) -> SmtpTransport:
    """For peers that hang."""
    return transport_to(port, timeout=0.2, final_timeout=0.2)


async def send(peer: FaultyPeer, *mails: OutgoingMail, hangs: bool = False) -> list[Reply]:
    """Send these one after another by one transport."""
    transport = impatient(peer.port) if hangs else transport_to(peer.port)
    replies = [await transport.send(one) for one in mails]
    await transport.close()
    return replies


# ---------------------------------------------------------------- the matrix

MATRIX = [
    (Stage.CONNECT, "554 5.3.2 No service here", DEFERRED, 554),
    (Stage.CONNECT, "421 4.3.2 Too busy", DEFERRED, 421),
    (Stage.CONNECT, DISCONNECT, DEFERRED, None),
    (Stage.CONNECT, HANG, DEFERRED, None),
    (Stage.EHLO, "550 5.7.1 Not you", DEFERRED, 550),
    (Stage.EHLO, "421 4.3.2 Too busy", DEFERRED, 421),
    (Stage.EHLO, DISCONNECT, DEFERRED, None),
    (Stage.EHLO, HANG, DEFERRED, None),
    (Stage.MAIL, "552 5.3.4 Too large", REFUSED, 552),
    (Stage.MAIL, "451 4.3.0 Later", DEFERRED, 451),
    (Stage.MAIL, "421 4.3.2 Closing", DEFERRED, 421),
    (Stage.MAIL, DISCONNECT, DEFERRED, None),
    (Stage.MAIL, HANG, DEFERRED, None),
    (Stage.RCPT, "550 5.1.1 No such user", REFUSED, 550),
    (Stage.RCPT, "451 4.7.1 Greylisted", DEFERRED, 451),
    (Stage.RCPT, DISCONNECT, DEFERRED, None),
    (Stage.RCPT, HANG, DEFERRED, None),
    (Stage.DATA, "554 5.7.1 No", REFUSED, 554),
    (Stage.DATA, "452 4.3.1 Disk full", DEFERRED, 452),
    (Stage.DATA, "250 What?", DEFERRED, 250),
    (Stage.DATA, DISCONNECT, DEFERRED, None),
    (Stage.DATA, HANG, DEFERRED, None),
    (Stage.DOT, "554 5.6.0 Looks like spam", REFUSED, 554),
    (Stage.DOT, "451 4.3.0 Later", DEFERRED, 451),
    (Stage.DOT, "354 What?", UNKNOWN, 354),
    (Stage.DOT, "gibberish", UNKNOWN, None),
    (Stage.DOT, DISCONNECT, UNKNOWN, None),
    (Stage.DOT, TAKE_AND_DISCONNECT, UNKNOWN, None),
    (Stage.DOT, HANG, UNKNOWN, None),
    (Stage.MAIL, "gibberish", DEFERRED, None),
    (Stage.RCPT, "250", ACCEPTED, 250),
    (Stage.RCPT, "251 2.1.5 Forwarded", ACCEPTED, 250),
]


@pytest.mark.parametrize(("stage", "action", "kind", "code"), MATRIX)
async def test_what_a_relay_does_and_when_decides_what_becomes_of_the_message(
    stage: Stage, action: str, kind: ReplyKind, code: int | None
) -> None:
    async with FaultyPeer([Fault(stage, action)]) as peer:
        [reply] = await send(peer, mail(), hangs=action == HANG)

    assert (reply.kind, reply.code) == (kind, code)
    assert reply.text or action == "250"
    assert len(peer.taken) == (kind is ACCEPTED or action == TAKE_AND_DISCONNECT)


@pytest.mark.parametrize("action", ["554 5.7.1 No", "451 4.3.0 Later", DISCONNECT, HANG])
@pytest.mark.parametrize("stage", [one for one in Stage if one is not Stage.RSET])
async def test_after_any_trouble_the_next_message_goes_through(stage: Stage, action: str) -> None:
    # EHLO is followed by HELO, which meets the same stage.
    times = 2 if stage is Stage.EHLO and action[0] in "45" else 1
    async with FaultyPeer([Fault(stage, action, times)]) as peer:
        replies = await send(peer, mail(), mail("li@desk.example"), hangs=action == HANG)

    assert replies[0].kind is not ACCEPTED
    assert replies[1].kind is ACCEPTED
    assert [taken.recipient for taken in peer.taken] == ["li@desk.example"]


async def test_a_peer_without_faults_takes_everything() -> None:
    """The control of the matrix: without the fault, the same message is accepted."""
    async with FaultyPeer() as peer:
        [reply] = await send(peer, mail())

    assert reply == Reply(ACCEPTED, 250, "2.0.0 Queued")
    assert peer.taken[0].content == CONTENT
    assert (peer.taken[0].sender, peer.taken[0].recipient) == ("bounces@desk.example", "zoe@acme.example")


async def test_nobody_listens() -> None:
    async with FaultyPeer() as peer:
        port = peer.port

    reply = await transport_to(port).send(mail())

    assert (reply.kind, reply.code) == (DEFERRED, None)
    assert reply.text.startswith("connect: SMTPConnectError: ")


# ---------------------------------------------------------------- several messages


async def test_one_of_fifty_recipients_is_refused_and_the_others_get_theirs() -> None:
    people = [f"person-{number}@acme.example" for number in range(50)]
    refusal = Fault(Stage.RCPT, "550 5.1.1 No such user", recipient=people[17])
    async with FaultyPeer([refusal]) as peer:
        replies = await send(peer, *map(mail, people))

    assert [reply.kind for reply in replies] == [REFUSED if number == 17 else ACCEPTED for number in range(50)]
    assert [taken.recipient for taken in peer.taken] == [*people[:17], *people[18:]]
    assert sum(people[17] in command for command in peer.commands) == 1, "one attempt"
    assert peer.connections == 1, "one connection for all"


async def test_each_recipient_is_a_transaction_of_its_own() -> None:
    async with FaultyPeer() as peer:
        await send(peer, mail("a@acme.example"), mail("b@acme.example"))

    verbs = [command.partition(" ")[0] for command in peer.commands]
    assert verbs == ["EHLO", "MAIL", "RCPT", "DATA", "MAIL", "RCPT", "DATA", "QUIT"]


async def test_a_relay_that_says_later_for_a_while_takes_the_message_afterwards() -> None:
    async with FaultyPeer([Fault(Stage.RCPT, "451 4.7.1 Greylisted", times=3)]) as peer:
        replies = await send(peer, *[mail()] * 4)

    assert [reply.kind for reply in replies] == [DEFERRED] * 3 + [ACCEPTED]
    assert len(peer.taken) == 1


async def test_a_connection_that_the_relay_closed_in_between_is_no_failure() -> None:
    async with FaultyPeer() as peer:
        transport = transport_to(peer.port)
        first = await transport.send(mail())
        peer.cut_connections()
        second = await transport.send(mail())
        await transport.close()

    assert (first.kind, second.kind) == (ACCEPTED, ACCEPTED)
    assert (peer.connections, len(peer.taken)) == (2, 2)


async def test_a_relay_that_announces_the_end_of_an_idle_connection_is_asked_again_once() -> None:
    async with FaultyPeer([Fault(Stage.MAIL, "421 4.4.2 Idle", recipient="zoe@acme.example")]) as peer:
        replies = await send(peer, mail(), mail())

    assert [reply.kind for reply in replies] == [ACCEPTED, ACCEPTED]
    assert peer.connections == 2


async def test_a_message_of_unknown_outcome_is_not_sent_again_by_the_transport() -> None:
    async with FaultyPeer([Fault(Stage.DOT, TAKE_AND_DISCONNECT, times=1, recipient="zoe@acme.example")]) as peer:
        replies = await send(peer, mail("li@desk.example"), mail())

    assert [reply.kind for reply in replies] == [ACCEPTED, UNKNOWN]
    assert [taken.recipient for taken in peer.taken] == ["li@desk.example", "zoe@acme.example"]


async def test_messages_that_are_sent_at_once_do_not_mix() -> None:
    people = [f"person-{number}@acme.example" for number in range(20)]
    async with FaultyPeer() as peer:
        transport = transport_to(peer.port)
        replies = await asyncio.gather(*(transport.send(mail(one, one.encode() + b"\r\n")) for one in people))
        await transport.close()

    assert {reply.kind for reply in replies} == {ACCEPTED}
    assert {(taken.recipient, taken.content) for taken in peer.taken} == {
        (one, one.encode() + b"\r\n") for one in people
    }


async def test_a_message_that_could_not_be_sent_whole_is_deferred_and_never_finished() -> None:
    """While bytes wait on this side, the dot can't have arrived, though the relay has said nothing."""
    async with FaultyPeer([Fault(Stage.DATA, STALL)]) as peer:
        [reply] = await send(peer, mail(content=(b"x" * 78 + b"\r\n") * 250_000), hangs=True)

        await peer.read_on_to_the_end()

    assert reply.kind is DEFERRED
    assert peer.taken == []


async def test_a_relay_that_closes_after_the_message_is_believed_and_not_asked_again() -> None:
    async with FaultyPeer([Fault(Stage.DOT, "421 4.3.0 Closing", recipient="zoe@acme.example")]) as peer:
        replies = await send(peer, mail("li@desk.example"), mail(), mail("li@desk.example"))

    assert [(reply.kind, reply.code) for reply in replies] == [(ACCEPTED, 250), (DEFERRED, 421), (ACCEPTED, 250)]
    assert peer.commands.count("DATA") == 3
    assert peer.connections == 2


async def test_a_send_that_is_cancelled_leaves_a_transport_that_works() -> None:
    async with FaultyPeer([Fault(Stage.DATA, HANG, times=1)]) as peer:
        transport = transport_to(peer.port)
        sending = asyncio.create_task(transport.send(mail("first@acme.example")))
        await peer.wait_for_command("DATA")
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        reply = await transport.send(mail())
        await transport.close()

    assert reply.kind is ACCEPTED
    assert [taken.recipient for taken in peer.taken] == ["zoe@acme.example"]


async def test_a_transport_that_is_closed_connects_anew() -> None:
    async with FaultyPeer() as peer:
        transport = transport_to(peer.port)
        await transport.send(mail())
        await transport.close()
        await transport.close()
        assert (await transport.send(mail())).kind is ACCEPTED
        await transport.close()

    assert peer.connections == 2


# ---------------------------------------------------------------- addresses and extensions


@pytest.mark.parametrize(
    "recipient",
    ["", "nobody", "a@b.example, c@d.example", "a@b.example>\r\nRCPT TO:<c@d.example", "+33 1 23 45", "a b@c.example"],
)
async def test_what_is_not_one_address_is_refused_without_asking_the_relay(recipient: str) -> None:
    async with FaultyPeer() as peer:
        [reply] = await send(peer, mail(recipient))

    assert (reply.kind, reply.code) == (REFUSED, None)
    assert "is not one e-mail address" in reply.text
    assert peer.connections == 0


async def test_an_address_beyond_ascii_needs_a_relay_that_takes_it() -> None:
    async with FaultyPeer(extensions=["8BITMIME"]) as peer:
        [refused] = await send(peer, mail("josé@acme.example"))
    assert (refused.kind, refused.code) == (REFUSED, None)
    assert "SMTPUTF8" in refused.text
    assert not any(command.startswith("MAIL") for command in peer.commands)

    async with FaultyPeer() as peer:
        [accepted] = await send(peer, mail("josé@müller.example"))
    assert accepted.kind is ACCEPTED
    assert "MAIL FROM:<bounces@desk.example> SMTPUTF8" in peer.commands
    assert peer.taken[0].recipient == "josé@xn--mller-kva.example"


async def test_a_message_of_eight_bits_needs_a_relay_that_takes_it() -> None:
    async with FaultyPeer(extensions=[]) as peer:
        [refused] = await send(peer, mail(content="é\r\n".encode()))
    assert (refused.kind, refused.code) == (REFUSED, None)

    async with FaultyPeer(extensions=["8BITMIME", "SIZE 1000"]) as peer:
        [accepted] = await send(peer, mail(content="é\r\n".encode()))
    assert accepted.kind is ACCEPTED
    assert "MAIL FROM:<bounces@desk.example> SIZE=4 BODY=8BITMIME" in peer.commands


async def test_a_relay_without_extensions_takes_what_the_composer_writes() -> None:
    content = compose(a_job(external(title="請求書"))).mail.content
    async with FaultyPeer([Fault(Stage.EHLO, "502 5.5.1 What?", times=1)]) as peer:
        [reply] = await send(peer, mail(content=content))

    assert reply.kind is ACCEPTED
    assert [command.partition(" ")[0] for command in peer.commands][:2] == ["EHLO", "HELO"]
    assert peer.taken[0].content == content


@pytest.mark.parametrize("reply", ["550 " + "x" * 6_000, "550-" + "\r\n550-".join(["y" * 70] * 200) + "\r\n550 end"])
async def test_a_reply_is_kept_as_one_bounded_line(reply: str) -> None:
    async with FaultyPeer([Fault(Stage.RCPT, reply)]) as peer:
        [got] = await send(peer, mail())

    assert got.kind is REFUSED
    assert len(got.text) == 500
    assert got.text.isprintable()


async def test_an_endless_reply_is_no_reply() -> None:
    async with FaultyPeer([Fault(Stage.RCPT, "550-" + "x" * 100_000)]) as peer:
        [got] = await send(peer, mail())

    assert got.kind is DEFERRED
    assert len(got.text) <= 500


# ---------------------------------------------------------------- a real server


async def test_a_composed_message_arrives_as_it_was_written(tmp_path: Path) -> None:
    composed = compose(a_job(external(description=".\r\n..\r\n. dots\r\n", title="É" * 300), language="fr")).mail
    async with Mailbox(tmp_path) as mailbox:
        transport = transport_to(mailbox.port)
        reply = await transport.send(composed)
        await transport.close()

    assert reply == Reply(ACCEPTED, 250, "2.0.0 Kept")
    [received] = mailbox.received
    assert (received.sender, received.recipients) == ("bounces@desk.example", ("zoe@acme.example",))
    assert received.path.read_bytes() == composed.content
    assert as_read(received.path.read_bytes()).subject.endswith("É" * 300)


async def test_an_address_beyond_ascii_goes_to_a_real_server(tmp_path: Path) -> None:
    composed = compose(a_job(address="josé@müller.example")).mail
    async with Mailbox(tmp_path) as mailbox:
        transport = transport_to(mailbox.port)
        reply = await transport.send(composed)
        await transport.close()

    assert reply.kind is ACCEPTED
    assert mailbox.received[0].recipients == ("josé@xn--mller-kva.example",)


# ---------------------------------------------------------------- encryption


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for `localhost`, signed by itself, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    paths = folder / "certificate.pem", folder / "key.pem"
    asked = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    asked += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*asked, "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
    return paths


class Handler:
    """Keeps what it gets."""

    def __init__(self) -> None:
        self.over_tls: list[bool] = []

    async def handle_DATA(self, server: SMTP, session: object, envelope: object) -> str:  # noqa: N802
        self.over_tls.append(server.transport is not None and server.transport.get_extra_info("sslcontext") is not None)
        return "250 Kept"


async def encrypted(certificate: tuple[Path, Path], tls: Tls, trusted: bool) -> tuple[Reply, list[bool]]:
    """Send one message to a server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    handler = Handler()
    loop = asyncio.get_running_loop()
    implicit = tls is Tls.IMPLICIT
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="localhost", loop=loop, tls_context=None if implicit else context),
        "127.0.0.1",
        0,
        ssl=context if implicit else None,
    )
    trust = ssl.create_default_context(cafile=str(certificate[0])) if trusted else None
    port = server.sockets[0].getsockname()[1]
    relay = Relay(
        host="localhost", port=port, tls=tls, timeout=5, final_timeout=5, hello="c.example", tls_context=trust
    )
    transport = SmtpTransport(relay)
    reply = await transport.send(mail())
    await transport.close()
    server.close()
    await server.wait_closed()
    return reply, handler.over_tls


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
async def test_a_message_goes_over_tls(certificate: tuple[Path, Path], tls: Tls) -> None:
    reply, over_tls = await encrypted(certificate, tls, trusted=True)

    assert reply.kind is ACCEPTED
    assert over_tls == [True]


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
async def test_a_certificate_that_is_not_trusted_defers_the_message(certificate: tuple[Path, Path], tls: Tls) -> None:
    reply, over_tls = await encrypted(certificate, tls, trusted=False)

    assert (reply.kind, reply.code) == (DEFERRED, None)
    assert "CERTIFICATE_VERIFY_FAILED" in reply.text
    assert over_tls == []


async def test_there_is_no_way_back_from_starttls_to_plain_text() -> None:
    async with FaultyPeer() as peer:
        transport = SmtpTransport(Relay(host="127.0.0.1", port=peer.port, timeout=5, hello="client.example"))
        reply = await transport.send(mail())
        await transport.close()

    assert (reply.kind, reply.code) == (DEFERRED, None)
    assert "STARTTLS" in reply.text
    assert not any(command.startswith("MAIL") for command in peer.commands)


def test_a_password_is_never_sent_in_plain_text_nor_shown() -> None:
    with pytest.raises(ValueError, match="TLS only"):
        Relay(host="relay.example", port=25, tls=Tls.NONE, username="tocsin", password="secret")

    assert "secret" not in repr(Relay(host="relay.example", port=587, username="tocsin", password="secret"))
