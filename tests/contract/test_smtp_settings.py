"""What the settings say of the relay is what it gets: the name to greet with, and whom to trust."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from sender.replies.reply import ReplyKind
from tests.support.mail.smtp_certificates import authority, server_context
from tests.support.mail.smtp_peers import FaultyPeer
from tests.support.mail.smtp_sending import mail
from tocsin.cli.app import app
from tocsin.config.settings.declared.mail import FROM, SMTP
from tocsin.config.settings.faults import SettingsError
from tocsin.config.settings.in_force import Settings
from tocsin.config.settings.reading import read_settings
from tocsin.config.wiring.mail import MailSettings

WRITER = "Support <support@desk.example>"


def mail_by(settings: Settings, port: int = 25) -> MailSettings:
    told = {SMTP: f"localhost:{port}", FROM: WRITER}
    return MailSettings.of(settings.with_options(told))


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    authority().cert_pem.write_to_path(file)
    return file


async def test_the_relay_is_greeted_by_the_name_and_trusted_by_the_authority_of_the_settings(ca: Path) -> None:
    variables = {"TOCSIN_SMTP_CA": str(ca), "TOCSIN_SMTP_HELLO": "alerts.desk.example"}
    async with FaultyPeer(tls=server_context()) as peer:
        transport = mail_by(read_settings(None, variables).settings, peer.port).transport()
        reply = await transport.send(mail())
        await transport.close()
    assert reply.kind is ReplyKind.ACCEPTED
    assert [command for command in peer.commands if command.startswith("EHLO")] == ["EHLO alerts.desk.example"] * 2


def test_the_file_stands_beside_the_settings_file_that_names_it(ca: Path, tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text(f"[mail]\nca = '{ca.name}'\n")
    context = mail_by(read_settings(tmp_path / "tocsin.toml", {}).settings).relay.tls_context
    assert context is not None
    assert len(context.get_ca_certs()) == 1


def test_without_it_the_system_s_are_trusted() -> None:
    assert mail_by(read_settings(None, {}).settings).relay.tls_context is None


def test_a_file_without_certificates_is_named_with_its_setting(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("-----BEGIN NONSENSE-----\n")
    said = f"TOCSIN_SMTP_CA: {file} holds no certificates in PEM form"
    with pytest.raises(SettingsError, match="holds no certificates") as raised:
        mail_by(read_settings(None, {"TOCSIN_SMTP_CA": str(file)}).settings)
    assert str(raised.value) == said
    start = ["up", "--data", str(tmp_path / "data"), "--directory", str(tmp_path), "--from", WRITER]
    result = CliRunner().invoke(app, start, env={"TOCSIN_SMTP_CA": str(file)})
    assert (result.exit_code, said in result.output.replace("\n", "")) == (5, True)
