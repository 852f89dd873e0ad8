"""`tocsin opt-out` and the links of `up` and `sender`: from the option to the suppression."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.jinja.sources import read_sources
from adapters.sqlite.ledger import SqliteLedger
from schemas.job import Job
from schemas.vocabulary import Channel
from sender.delivery_mode import LIVE
from sender.suppressions.opt_out import OptOutWriter
from tests.support.mail.messages import TEMPLATES, a_job, as_mail, as_read, read
from tests.support.settings.environments import settings_in
from tocsin.cli.app import app
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.mail import (
    FAX,
    FAX_PDF,
    FAX_SUBJECT,
    FROM,
    OPT_OUT_MAILTO,
    OPT_OUT_URL,
    SMTP_TLS,
)
from tocsin.config.settings.faults import SettingsError
from tocsin.config.settings.setting import Setting
from tocsin.config.wiring.mail import MailSettings

SECRET = "a-secret-of-the-tests"
ENVIRONMENT = {"TOCSIN_OPT_OUT_SECRETS": f"{SECRET} an-older-one-of-the-tests"}


def settings(
    url: str | None = None,
    mailto: str | None = None,
    subject: str = "{subject}",
    pdf: bool = False,
    environment: Mapping[str, str] = ENVIRONMENT,
) -> MailSettings:
    told: dict[Setting[Any], Any] = {
        SMTP_TLS: "none",
        FROM: "Support <support@desk.example>",
        FAX: "{number}@fax.example",
        FAX_SUBJECT: subject,
        FAX_PDF: pdf,
    }
    links = {one: value for one, value in ((OPT_OUT_URL, url), (OPT_OUT_MAILTO, mailto)) if value is not None}
    return MailSettings.of(settings_in(environment).with_options({**told, **links}))


@pytest.fixture
def base(tmp_path: Path) -> Iterator[str]:
    SqliteLedger(database_in(tmp_path)).close()
    command = [
        str(Path(sys.executable).with_name("tocsin")),
        "opt-out",
        "--data",
        str(tmp_path),
        "--listen",
        "127.0.0.1:0",
    ]
    with subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        port = next(found[1] for line in process.stderr if (found := re.search(r'"?port"?[=:] ?(\d+)', line)))
        yield f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def written(mail: MailSettings, job: Job) -> bytes:
    """The job's message, as a sender with these settings writes it."""
    with closing(mail.composer(LIVE)) as composer:
        composer.use(read_sources(TEMPLATES))
        return as_mail(asyncio.run(composer.compose(job, job.trigger, job.form))).mail.content


def test_a_link_of_a_message_leads_to_its_page_and_opts_out_by_post(base: str, tmp_path: Path) -> None:
    mail = settings(base)
    job = a_job()
    content = written(mail, job)
    link = str(read(content)["List-Unsubscribe"]).strip("<>")

    ledger = SqliteLedger(database_in(tmp_path))
    with urllib.request.urlopen(link) as page:  # noqa: S310 - on loopback
        assert b"<form method" in page.read()
    assert list(ledger.suppressions(10)) == []
    with urllib.request.urlopen(base + "/livez") as answer:  # noqa: S310 - likewise
        assert answer.read() == b"ok\n"
    with urllib.request.urlopen(link, data=b"List-Unsubscribe=One-Click") as page:  # noqa: S310 - likewise
        assert page.status == 200
    assert [record.id for record in ledger.suppressions(10)] == ["contact/p-1/email/opened"]
    ledger.accept([job], datetime.now(UTC))
    entry = ledger.find(job.id)
    assert entry is not None
    assert ledger.suppressing(entry, datetime.now(UTC)) is not None
    ledger.close()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(base + "/u/x")  # noqa: S310 - likewise


def test_without_a_secret_the_page_is_not_served(tmp_path: Path) -> None:
    SqliteLedger(database_in(tmp_path)).close()
    result = CliRunner().invoke(app, ["opt-out", "--data", str(tmp_path), "--listen", "127.0.0.1:0"], env={})
    assert result.exit_code == 5
    assert "TOCSIN_MAIL_SECRETS" in result.stderr


def test_settings_reach_the_messages() -> None:
    mail = settings("https://alerts.desk.example", "stop@desk.example", "{reference}", True)
    fax = a_job(channel=Channel.FAX, address="+33140000001", template="fax/alert")

    content = written(mail, fax)

    assert as_read(content).subject == "2026-1042"
    assert b"application/pdf" in content
    assert OptOutWriter(mail.opt_out).links(a_job(), []).mail is not None


@pytest.mark.parametrize(
    ("url", "mailto", "subject", "named"),
    [
        ("http://alerts.desk.example", None, "{subject}", "--opt-out-url"),
        (None, "nobody", "{subject}", "--opt-out-mailto"),
        (None, None, "{title}", "--fax-subject"),
    ],
)
def test_settings_that_can_not_be_used_are_named(url: str | None, mailto: str | None, subject: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        settings(url, mailto, subject)
    with pytest.raises(SettingsError, match="TOCSIN_MAIL_SECRETS"):
        settings("https://alerts.desk.example", environment={})
