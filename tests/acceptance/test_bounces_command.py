"""`tocsin bounces read`: from files, folders, an mbox, a Maildir or a pipe into the ledger's suppressions."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapters.mailbox.mailbox import HOST
from adapters.sqlite.event_log import SqliteLog
from adapters.sqlite.ledger import SqliteLedger
from schemas.job import Job
from schemas.log import NewRecord
from schemas.topics import SUPPRESSIONS, TICKETS
from schemas.vocabulary import Channel, PersonKind, Trigger
from sender.bounces.policy import NOT_OURS, NOT_PROVEN
from sender.proof import tokens_in
from sender.suppressions.opt_out import OptOutRequest, OptOutTokens, in_one_case
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created, write_directory
from tests.support.mail.mailbox_thread import mailbox_in
from tests.support.mail.messages import IDENTITY, a_job, compose, read
from tests.support.mail.returned_mails import ID, OLD_ID, a_mail, complaint, postfix, without_the_original
from tocsin.cli.app import app
from tocsin.config.data_folder import database_in
from tocsin.config.wiring.signing import NAME

SECRET = IDENTITY.secrets[0]
REQUEST = OptOutRequest(PersonKind.CONTACT, "ct-1", Channel.EMAIL, (Trigger.OPENED,), "en")


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The installation's secrets: a newer one, and the one of the tests."""
    (tmp_path / "secrets").write_text(f"a-newer-secret-of-it\n{SECRET}\n", encoding="utf-8")
    monkeypatch.setenv("TOCSIN_MAIL_SECRETS_FILE", str(tmp_path / "secrets"))


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
    assert "1 bounces, 0 complaints, 0 automatic answers, 0 opt-outs, 0 others; 1 suppressed" in result.stderr
    assert suppressed(data) == ["email/zoe@acme.example"]


def test_a_bounce_with_the_id_of_a_job_alone_suppresses_only_where_it_is_asked_for(data: Path, sent: Job) -> None:
    forged = postfix(original=f"Message-ID: {OLD_ID}".encode())

    (line,) = lines(run(data, "-", mail=forged))
    assert (line["job"], line["why"], suppressed(data)) == (sent.id, NOT_PROVEN, [])
    # The control: so every bounce was judged before there were proofs.
    run(data, "-", "--unproven", mail=forged)
    assert suppressed(data) == ["email/zoe@acme.example"]


def test_a_complaint_suppresses_its_person_for_that_kind(data: Path) -> None:
    result = run(data, "-", mail=complaint())

    (line,) = lines(result)
    assert (line["kind"], line["feedback"], line["suppressed"]) == ("complaint", "abuse", ["contact/p-1/email/opened"])
    assert "1 complaints" in result.stderr
    listed = CliRunner().invoke(app, ["suppressions", "list", "--data", str(data)])
    assert "complaint" in listed.stdout


def test_a_mail_that_opts_out_suppresses_its_person_and_only_once(data: Path) -> None:
    token = in_one_case(OptOutTokens([SECRET]).write(REQUEST))
    for day in ("Mon, 02 Mar 2026", "Tue, 03 Mar 2026"):
        mail = a_mail(f"[EXTERNAL] Unsubscribe {token}").replace(b"Mon, 02 Mar 2026", day.encode())
        (line,) = lines(run(data, "-", mail=mail))
        assert line["suppressed"] == suppressed(data) == ["contact/ct-1/email/opened"]
    ledger = SqliteLedger(database_in(data))
    assert [one.record.topic for one in ledger.outbox(10)].count(SUPPRESSIONS) == 1
    ledger.close()

    forged = in_one_case(OptOutTokens(["somebody-elses-secret"]).write(REQUEST))
    (line,) = lines(run(data, "-", mail=a_mail(f"unsubscribe {forged}")))
    assert line["why"] == "its token is none of this installation's"


def test_the_data_folder_and_the_former_setting_give_secrets_too(
    data: Path, bounce: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOCSIN_MAIL_SECRETS_FILE")
    result = run(data, "-", "--dry-run", mail=bounce)
    assert "TOCSIN_MAIL_SECRETS" in result.stderr
    assert lines(result)[0]["why"] == NOT_OURS
    assert not (data / NAME).exists()

    monkeypatch.setenv("TOCSIN_OPT_OUT_SECRETS", f"a-newer-secret-of-it {SECRET}")
    assert "suppressed" in lines(run(data, "-", "--dry-run", mail=bounce))[0]
    monkeypatch.delenv("TOCSIN_OPT_OUT_SECRETS")

    (data / NAME).write_text("short")
    assert "each secret needs at least 16" in run(data, "-", mail=bounce, expect=75).stderr
    (data / NAME).write_text(f"{SECRET}\n")
    assert "suppressed" in lines(run(data, "-", "--dry-run", mail=bounce))[0]


def test_the_job_of_a_message_is_found_by_its_message_id(data: Path, sent: Job) -> None:
    result = CliRunner().invoke(app, ["jobs", "show", ID, "--data", str(data)])

    assert result.exit_code == 0, result.output
    assert sent.id in result.stdout
    unknown = CliRunner().invoke(app, ["jobs", "show", "<x@tocsin.desk.example>", "--data", str(data)])
    assert unknown.exit_code == 1


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


def test_a_file_that_can_not_be_read_or_has_an_odd_name_keeps_no_other_waiting(
    data: Path, bounce: bytes, tmp_path: Path
) -> None:
    for folder in ("new", "cur", "tmp"):
        (tmp_path / "mail" / folder).mkdir(parents=True)
    new = tmp_path / "mail" / "new"
    (tmp_path / "elsewhere").write_bytes(a_mail())
    (new / "1\nFORGED").symlink_to(tmp_path / "elsewhere")
    (new / os.fsdecode(b"2\xff")).write_bytes(a_mail())
    (new / "3").write_bytes(bounce)

    result = run(data, str(tmp_path / "mail"), expect=3)

    assert [line["kind"] for line in lines(result)] == ["other", "bounce"]
    assert suppressed(data) == ["email/zoe@acme.example"]
    assert "1 files could not be read" in result.stderr
    assert "\nFORGED" not in result.stderr
    assert [file.name for file in new.iterdir()] == ["1\nFORGED"]


def test_a_file_that_is_not_there_is_named(data: Path, tmp_path: Path) -> None:
    assert "nowhere" in run(data, str(tmp_path / "nowhere"), expect=3).stderr


def test_a_pipe_is_asked_to_come_again_where_the_ledger_can_not_be_used(data: Path, bounce: bytes) -> None:
    database_in(data).write_bytes(b"this is no database, whatever its name says" * 100)

    run(data, "-", mail=bounce, expect=75)
    run(data, "/dev/null", expect=3)


def test_a_folder_without_a_ledger_is_none(data: Path, tmp_path: Path) -> None:
    assert "no ledger" in run(tmp_path, "-", expect=75).stderr
    assert not database_in(tmp_path).exists()


def test_a_bounce_of_what_up_sent_counts_by_the_secret_that_up_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOCSIN_MAIL_SECRETS_FILE")
    data, mails, desk = tmp_path / "up", tmp_path / "mails", Helpdesk()
    desk.contact("ct-1", "contract/C-7", name="Zoé Martin")
    data.mkdir()
    log = SqliteLog(database_in(data))
    log.append([NewRecord(TICKETS, b"k", json.dumps(created(1)).encode())], datetime.now(UTC))
    log.close()
    with mailbox_in(mails) as port:
        command = [
            *(str(Path(sys.executable).with_name("tocsin")), "up", "--drain", "--data", str(data), "--tls", "none"),
            *("--directory", str(write_directory(tmp_path / "directory", desk)), "--smtp", f"{HOST}:{port}"),
            *("--from", "Support <support@desk.example>", "--installation", "tocsin.desk.example"),
        ]
        environment = {"TOCSIN_RETURN_PATH": "bounces+{token}@desk.example"}
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
    (mail,) = mails.glob("*.eml")
    content = mail.read_bytes()

    assert stat.S_IMODE((data / NAME).stat().st_mode) == 0o600
    (proof,) = tokens_in(str(read(content)["Message-ID"]))
    to = str(read(content)["To"]).rpartition("<")[2].rstrip(">")
    for bounce in (postfix(to, original=content), without_the_original(f"bounces+{proof}@desk.example", to=to)):
        (line,) = lines(run(data, "-", "--dry-run", mail=bounce))
        assert line["suppressed"] == [f"email/{to}"]
    (line,) = lines(run(data, "-", mail=postfix(to, original=f"Message-ID: <{line['job']}.job@x>".encode())))
    assert line["why"] == NOT_OURS
