"""`tocsin up`, where a record of the folder can't be read: the others are told at once, the missed after mending."""

from __future__ import annotations

import subprocess
from contextlib import closing
from pathlib import Path

import msgspec

from adapters.sqlite.event_log import SqliteLog
from schemas.job import JOB_DECODER
from schemas.outcome import Outcome
from schemas.topics import DECISIONS, JOBS, OUTCOMES
from tests.acceptance.test_broken_directory_files import EVERYBODY, RunningInstallation
from tests.faults.engines import until
from tests.faults.stoppable import PATIENCE, TOCSIN
from tests.support.helpdesk.files import created, write_events
from tests.support.mail.mailbox_thread import mailbox_in


def tocsin(*arguments: str) -> str:
    return subprocess.run([*TOCSIN, *arguments], check=True, capture_output=True, text=True).stdout


def jobs_after(program: RunningInstallation, decisions: int) -> list[str]:
    """The addresses of all jobs, once there are so many decisions."""
    with closing(SqliteLog(program.data / "tocsin.db")) as log:
        until(lambda: len(log.read(DECISIONS, limit=100)) == decisions, PATIENCE)
        return [JOB_DECODER.decode(record.value or b"").address for record in log.read(JOBS, limit=100)]


def delivered(program: RunningInstallation) -> int:
    """Of how many jobs it is written down that they were delivered."""
    with closing(SqliteLog(program.data / "tocsin.db")) as log:
        outcomes = [msgspec.json.decode(record.value or b"", type=Outcome) for record in log.read(OUTCOMES, limit=100)]
    return [outcome.state for outcome in outcomes].count("delivered")


def test_whom_a_record_keeps_back_is_told_after_mending_and_nobody_twice(tmp_path: Path) -> None:
    mails = tmp_path / "mail"
    with mailbox_in(mails) as port:
        program = RunningInstallation(tmp_path, port)
        contacts = program.file("contacts.yaml")
        good = contacts.read_text(encoding="utf-8")
        contacts.write_text(good.replace('"alerts": [', '"alerts": 7, "x-was": [', 1), encoding="utf-8")
        data = ("--data", str(program.data))
        with program.service.running():
            tocsin("emit", *data, str(write_events(tmp_path / "events.jsonl", [created(1)])))
            assert set(jobs_after(program, 1)) == EVERYBODY - {"ct-1@acme.example"}
            assert 'tocsin_directory_unreadable_records{kind="contact"} 1.0' in program.asked("/metrics")
            assert "records: contact/ct-1 can't be read" in program.asked("/readyz")
            # The kill is to leave none of them in doubt: those would be tried again in half an hour.
            until(lambda: delivered(program) == len(EVERYBODY) - 1, PATIENCE)
        assert "contact/ct-1" in tocsin("dlq", "list", *data, "--code", "unreadable_record")
        # It was killed at the end of the block: what it knew is read anew.
        with program.service.running():
            assert "1 records sent again" in tocsin("dlq", "redrive", *data, "--code", "unreadable_record")
            assert set(jobs_after(program, 2)) == EVERYBODY - {"ct-1@acme.example"}
            contacts.write_text(good, encoding="utf-8")
            until(lambda: program.asked("/readyz") == "ok\n", PATIENCE)
            assert "1 records sent again" in tocsin("dlq", "redrive", *data, "--code", "unreadable_record")
            assert set(jobs_after(program, 3)) == EVERYBODY
            until(lambda: len(list(mails.glob("*.eml"))) == len(EVERYBODY), PATIENCE)
        lines = tocsin("dlq", "list", *data, "--code", "unreadable_record").splitlines()
        assert len(lines) == 2
        past = tocsin("explain", "E-1", "--details", *data)
        assert "the directory's record contact/ct-1 could not be read [unreadable_record]" in past
    assert len(list(mails.glob("*.eml"))) == len(EVERYBODY)
