"""`tocsin bounces read`: from files, folders, an mbox, a Maildir or a pipe into the ledger's suppressions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapters.sqlite.ledger import SqliteLedger
from schemas.job import Job
from schemas.vocabulary import Channel, PersonKind, Trigger
from sender.opt_out import OptOutRequest, OptOutTokens
from tests.messages import a_job, compose
from tests.returned_mails import ID, a_mail, postfix
from tocsin.cli.app import app
from tocsin.running.embedded import database_in

SECRET = "a secret of the tests"
TOKEN = OptOutTokens([SECRET]).write(OptOutRequest(PersonKind.CONTACT, "ct-1", Channel.EMAIL, (Trigger.OPENED,), "en"))


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text(f"{'a newer secret of it'.replace(' ', '-')}\n{SECRET.replace(' ', '-')}\n", encoding="utf-8")
    monkeypatch.setenv("TOCSIN_OPT_OUT_SECRETS_FILE", str(file))


@pytest.fixture
def sent() -> Job:
    created = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    return a_job(created=created, expires=created + timedelta(hours=72))


@pytest.fixture
def data(tmp_path: Path, sent: Job) -> Path:
    (tmp_path / "data").mkdir()
    ledger = SqliteLedger(database_in(tmp_path / "data"))
    ledger.accept([sent], datetime.now(UTC))
    ledger.close()
    return tmp_path / "data"


@pytest.fixture
def bounce(sent: Job) -> bytes:
    return postfix(original=compose(sent).mail.content)


def run(data: Path, *arguments: str, mail: bytes = b"", expect: int = 0) -> Result:
    options = ["--data", str(data), "--installation", "tocsin.desk.example"]
    result = CliRunner().invoke(app, ["bounces", "read", *arguments, *options], input=mail)
    assert result.exit_code == expect, result.output
    return result


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def suppressed(data: Path) -> list[str]:
    ledger = SqliteLedger(database_in(data))
    try:
        return [record.id for record in ledger.suppressions(10)]
    finally:
        ledger.close()


def test_a_bounce_through_a_pipe_suppresses_its_address(data: Path, bounce: bytes, sent: Job) -> None:
    result = run(data, "-", mail=bounce)

    (line,) = lines(result)
    assert line == {
        "file": "-",
        "kind": "bounce",
        "job": sent.id,
        "source": "/helpdesk",
        "ticket": "T-1042",
        "action": "failed",
        "status": "5.1.1",
        "said": "smtp; 550 5.1.1 <zoe@acme.example>: Recipient address rejected: User unknown",
        "suppressed": ["email/zoe@acme.example"],
    }
    assert "1 bounces, 0 automatic answers, 0 opt-outs, 0 others; 1 suppressed" in result.stderr
    assert suppressed(data) == ["email/zoe@acme.example"]


def test_a_mail_that_opts_out_suppresses_its_person(data: Path) -> None:
    token = OptOutTokens([SECRET.replace(" ", "-")]).write(
        OptOutRequest(PersonKind.CONTACT, "ct-1", Channel.EMAIL, (Trigger.OPENED,), "en")
    )

    (line,) = lines(run(data, "-", mail=a_mail(f"unsubscribe {token}")))

    assert line["suppressed"] == suppressed(data) == ["contact/ct-1/email/opened"]
    (line,) = lines(run(data, "-", mail=a_mail(f"unsubscribe {TOKEN}")))
    assert line["why"] == "its token is none of this installation's"


def test_an_automatic_answer_is_named_with_its_ticket_and_suppresses_nobody(data: Path) -> None:
    (line,) = lines(run(data, "-", mail=a_mail(answers=ID, Auto_Submitted="auto-replied")))

    assert (line["kind"], line["ticket"]) == ("automatic", "T-1042")
    assert suppressed(data) == []


def test_a_dry_run_changes_nothing(data: Path, bounce: bytes) -> None:
    assert lines(run(data, "-", "--dry-run", mail=bounce))[0]["suppressed"]
    assert suppressed(data) == []


def test_what_is_new_in_a_maildir_is_read_once(data: Path, bounce: bytes, tmp_path: Path) -> None:
    for folder in ("new", "cur", "tmp"):
        (tmp_path / "mail" / folder).mkdir(parents=True)
    (tmp_path / "mail" / "new" / "1.host").write_bytes(bounce)
    (tmp_path / "mail" / "new" / "2.host").write_bytes(a_mail())
    (tmp_path / "mail" / "cur" / "0.host:2,S").write_bytes(bounce)

    result = run(data, str(tmp_path / "mail"))

    assert [line["kind"] for line in lines(result)] == ["bounce", "other"]
    assert sorted(file.name for file in (tmp_path / "mail" / "cur").iterdir()) == [
        "0.host:2,S",
        "1.host:2,S",
        "2.host:2,S",
    ]
    assert lines(run(data, str(tmp_path / "mail"))) == []


def test_files_folders_and_an_mbox_are_read_mail_by_mail(data: Path, bounce: bytes, tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(bounce)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "b.eml").write_bytes(a_mail())
    (tmp_path / "folder" / "a.eml").write_bytes(b"")
    stamp = b"From MAILER-DAEMON Mon Mar  2 09:16:05 2026\n"
    (tmp_path / "mbox").write_bytes(stamp + bounce.replace(b"\r\n", b"\n") + b"\n" + stamp + a_mail() + b"\n")

    result = run(data, str(tmp_path / "one.eml"), str(tmp_path / "folder"), str(tmp_path / "mbox"))

    assert [(Path(line["file"]).name, line["kind"]) for line in lines(result)] == [
        ("one.eml", "bounce"),
        ("a.eml", "other"),
        ("b.eml", "other"),
        ("mbox#1", "bounce"),
        ("mbox#2", "other"),
    ]


def test_a_file_that_is_not_there_is_named(data: Path, tmp_path: Path) -> None:
    assert "nowhere" in run(data, str(tmp_path / "nowhere"), expect=3).stderr


def test_a_pipe_is_asked_to_come_again_where_the_ledger_can_not_be_used(data: Path, bounce: bytes) -> None:
    database_in(data).write_bytes(b"this is no database, whatever its name says" * 100)

    run(data, "-", mail=bounce, expect=75)
    run(data, "/dev/null", expect=3)


def test_a_folder_without_a_ledger_is_none(data: Path, tmp_path: Path) -> None:
    assert "no ledger" in run(tmp_path, "-", expect=75).stderr
    assert not database_in(tmp_path).exists()
