"""Encryption: what is asked for is what happens, or nothing is sent."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme
from aiosmtpd.smtp import SMTP

from adapters.smtp.relay import Relay, Tls
from adapters.smtp.transport import SmtpTransport
from sender.ports import Reply, ReplyKind
from tests.smtp_peers import FaultyPeer
from tests.smtp_sending import mail

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
    handler = Handler()
    loop = asyncio.get_running_loop()
    implicit = tls is Tls.IMPLICIT
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="localhost", loop=loop, tls_context=None if implicit else context),
        "127.0.0.1",
        0,
        ssl=context if implicit else None,
    )
    trust = ssl.create_default_context(cafile=str(certificate[1])) if trusted else None
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
