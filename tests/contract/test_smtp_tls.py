"""Encryption: what is asked for is what happens, or nothing is sent."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP
from aiosmtplib import SMTPConnectError

from adapters.smtp.relay import Relay, Tls
from adapters.smtp.tls import CertificatesError, context_trusting, why_it_failed
from adapters.smtp.transport import SmtpTransport
from sender.replies.reply import Reply, ReplyKind
from tests.support.mail.smtp_certificates import server_context, trusting_context
from tests.support.mail.smtp_peers import FaultyPeer
from tests.support.mail.smtp_sending import mail

ACCEPTED, REFUSED, DEFERRED, UNKNOWN = ReplyKind


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Key and certificate for `localhost`, and the certificate of the authority that signed it."""
    folder = tmp_path_factory.mktemp("certificate")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    chain, trusted = folder / "chain.pem", folder / "authority.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(chain)
    authority.cert_pem.write_to_path(trusted)
    return chain, trusted


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
    context.load_cert_chain(certificate[0])
    trust = ssl.create_default_context(cafile=str(certificate[1])) if trusted else None
    return await sent_to(context, trust, tls, implicit=tls is Tls.IMPLICIT)


async def sent_to(
    context: ssl.SSLContext, trust: ssl.SSLContext | None, tls: Tls, implicit: bool = False
) -> tuple[Reply, list[bool]]:
    """Send one message to a server that encrypts so: the reply, and whether each message that came was encrypted."""
    handler = Handler()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="localhost", loop=loop, tls_context=None if implicit else context),
        "127.0.0.1",
        0,
        ssl=context if implicit else None,
    )
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


def presenting(authority: trustme.CA, issued: trustme.LeafCert | None = None) -> ssl.SSLContext:
    """A relay's side of TLS, with this certificate, or the authority's own one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if issued is not None:
        issued.configure_cert(context)
        return context
    with authority.private_key_pem.tempfile() as key, authority.cert_pem.tempfile() as own:
        context.load_cert_chain(own, key)
    return context


async def why(server: ssl.SSLContext, trust: ssl.SSLContext, tls: Tls = Tls.STARTTLS) -> str | None:
    """The reason that one try gives against such a relay."""
    reply, over_tls = await sent_to(server, trust, tls)
    assert reply.is_about_the_relay == (reply.kind is not ACCEPTED)
    assert over_tls == ([True] if reply.kind is ACCEPTED else [])
    return reply.why


async def test_the_reason_of_a_failure_is_named(tmp_path: Path) -> None:
    known, unknown = trustme.CA(), trustme.CA()
    known.cert_pem.write_to_path(tmp_path / "authority.pem")
    trust = context_trusting(tmp_path / "authority.pem")
    past = datetime(2020, 1, 1, tzinfo=UTC)

    def with_certificate(name: str = "localhost", **more: Any) -> ssl.SSLContext:
        return presenting(known, known.issue_cert(name, **more))

    assert await why(with_certificate(), trust) is None
    assert await why(with_certificate(not_before=past, not_after=past + timedelta(days=1)), trust) == (
        "certificate_expired"
    )
    assert await why(with_certificate(not_before=datetime(2100, 1, 1, tzinfo=UTC)), trust) == (
        "certificate_not_yet_valid"
    )
    assert await why(with_certificate("other.example"), trust) == "certificate_of_another_host"
    assert await why(presenting(unknown), trust) == "certificate_self_signed"
    assert await why(presenting(unknown, unknown.issue_cert("localhost")), trust) == (
        "certificate_of_unknown_authority"
    )
    assert await why(with_certificate(), trust, Tls.IMPLICIT) == "not_encrypted"


def handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> Exception | None:
    """What the client says of a handshake. Each side hears the other's alerts, of which asyncio's servers send none."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    theirs = server.wrap_bio(there, back, server_side=True)
    ours = client.wrap_bio(back, there, server_hostname="localhost")
    for side in (ours, theirs, ours, theirs, ours):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            if side is ours:
                return error
    return None


def test_what_the_two_sides_do_not_share_is_named() -> None:
    server, client = server_context(), trusting_context()
    assert handshake(server, client) is None
    strict = ssl.create_default_context()
    strict.minimum_version = ssl.TLSVersion.TLSv1_3
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    picky = ssl.create_default_context()
    picky.maximum_version = ssl.TLSVersion.TLSv1_2
    picky.set_ciphers("ECDHE-RSA-AES256-GCM-SHA384")
    old.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    for theirs, ours, word in ((old, strict, "no_shared_protocol"), (old, picky, "no_shared_cipher")):
        error = SMTPConnectError("Error connecting to relay.example")
        error.__cause__ = handshake(theirs, ours)
        assert why_it_failed(error) == word


async def test_a_private_authority_is_trusted_in_place_of_the_system_s(certificate: tuple[Path, Path]) -> None:
    trust = context_trusting(certificate[1])
    assert [one["serialNumber"] for one in trust.get_ca_certs()] != []
    assert (trust.verify_mode, trust.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(trust.get_ca_certs()) == 1


def test_what_is_no_file_of_certificates_is_named(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    key = tmp_path / "key.pem"
    trustme.CA().private_key_pem.write_to_path(key)
    (tmp_path / "text.pem").write_text("not a certificate")
    (tmp_path / "empty.pem").touch()
    for name in ("key.pem", "text.pem", "empty.pem"):
        with pytest.raises(CertificatesError, match=f"{name} holds no certificates in PEM form"):
            context_trusting(tmp_path / name)
    with pytest.raises(CertificatesError, match=r"absent\.pem can't be read: No such file"):
        context_trusting(tmp_path / "absent.pem")


async def test_a_relay_without_starttls_is_named() -> None:
    async with FaultyPeer() as peer:
        transport = SmtpTransport(Relay(host="127.0.0.1", port=peer.port, timeout=5, hello="client.example"))
        reply = await transport.send(mail())
        await transport.close()
    assert reply.why == "starttls_not_offered"


async def test_other_failures_are_named_by_the_error_at_their_bottom() -> None:
    async with FaultyPeer() as peer:
        port = peer.port
    for host, name in (("127.0.0.1", "ConnectionRefusedError"), ("relay.invalid", "gaierror")):
        transport = SmtpTransport(Relay(host=host, port=port, timeout=5, hello="client.example"))
        reply = await transport.send(mail())
        await transport.close()
        assert reply.why == name


@pytest.mark.parametrize(
    "name", ["alerts.desk.example", "localhost", "a-1.example", "[192.0.2.1]", "[IPv6:2001:db8::1]"]
)
async def test_the_name_to_greet_with_is_said(name: str) -> None:
    async with FaultyPeer() as peer:
        transport = SmtpTransport(Relay(host="127.0.0.1", port=peer.port, tls=Tls.NONE, timeout=5, hello=name))
        await transport.send(mail())
        await transport.close()
    assert peer.commands[0] == f"EHLO {name}"


NO_NAMES = ["", " ", "a b", "a..b", ".a", "a.", "-a.example", "a_b.example", "é.example", "a\r\nMAIL", "192.0.2.1"]
NO_LITERALS = ["[a]", "[IPv6:192.0.2.1]", "[2001:db8::1]", "[192.0.2.1"]


@pytest.mark.parametrize("name", [*NO_NAMES, *NO_LITERALS, "a." * 130 + "a", "a" * 64])
def test_what_can_not_be_greeted_with_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        Relay(host="127.0.0.1", port=25, tls=Tls.NONE, hello=name)
