"""The built-in mailbox: what comes is there as files, in order."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiosmtpd.smtp import Envelope
from aiosmtplib import SMTP, SMTPDataError

from adapters.mailbox.mailbox import HOST, Mailbox

CONTENT = b"Subject: hello\r\n\r\nbody\r\n"


async def deliver(mailbox: Mailbox, *recipients: str) -> None:
    async with SMTP(hostname=HOST, port=mailbox.port, start_tls=False, local_hostname="c.example", timeout=5) as client:
        await client.ehlo()
        await client.mail("a@b.example", options=["SMTPUTF8"])
        for recipient in recipients:
            await client.rcpt(recipient, encoding="utf-8")
        await client.data(CONTENT)


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


async def test_messages_become_files_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    async with Mailbox(tmp_path / "inbox") as mailbox:
        for number in range(3):
            await deliver(mailbox, "Zoé.Martin+x@acme.example", f"other-{number}@acme.example")
        received = await asyncio.wait_for(mailbox.wait_for(3), timeout=5)

    assert [one.path.name for one in received] == [
        "000001-zo-.martin-x-acme.example.eml",
        "000002-zo-.martin-x-acme.example.eml",
        "000003-zo-.martin-x-acme.example.eml",
    ]
    assert received[2].recipients == ("Zoé.Martin+x@acme.example", "other-2@acme.example")
    assert received[0].path.read_bytes() == b"Subject: hello\r\n\r\nbody\r\n"
    assert sorted(tmp_path.joinpath("inbox").iterdir()) == [one.path for one in received], (
        "nothing half written is left"
    )


@pytest.mark.parametrize("recipient", ["../../etc/passwd@x.example", "/", "..", "", "\x00", "." * 300, "é/\n"])
async def test_no_address_leads_out_of_the_folder(tmp_path: Path, recipient: str) -> None:
    envelope = Envelope()
    envelope.rcpt_tos = [recipient]
    envelope.original_content = CONTENT
    async with Mailbox(tmp_path / "inbox") as mailbox:
        await mailbox.keep(envelope)

    assert names(tmp_path) == ["inbox"]
    [name] = names(tmp_path / "inbox")
    assert name.startswith("000001-")
    assert name.endswith(".eml")
    assert len(name) < 80


async def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        async with Mailbox(tmp_path) as mailbox:
            await deliver(mailbox, "a@b.example")

    assert names(tmp_path) == ["000001-a-b.example.eml", "000002-a-b.example.eml"]


async def test_it_listens_on_loopback_alone(tmp_path: Path) -> None:
    async with Mailbox(tmp_path) as mailbox:
        assert mailbox._server is not None
        assert [socket.getsockname()[0] for socket in mailbox._server.sockets] == ["127.0.0.1"]
        assert mailbox.port > 0


async def test_it_closes_while_a_client_is_connected(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    await mailbox.start()
    reader, writer = await asyncio.open_connection(HOST, mailbox.port)
    assert (await reader.readline()).startswith(b"220 ")

    await asyncio.wait_for(mailbox.close(), timeout=5)
    await mailbox.close()

    assert await asyncio.wait_for(reader.read(), timeout=5) == b""
    writer.close()
    with pytest.raises(RuntimeError, match="not started"):
        _ = mailbox.port


async def test_what_can_not_be_written_is_not_accepted(tmp_path: Path) -> None:
    async with Mailbox(tmp_path / "inbox") as mailbox:
        (tmp_path / "inbox").rmdir()
        with pytest.raises(SMTPDataError) as caught:
            await deliver(mailbox, "a@b.example")

    assert caught.value.code == 451
    assert mailbox.received == []
