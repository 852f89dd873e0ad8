"""`tocsin up`, while files of its directory are broken: each event alerts whom it alerted before."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from adapters.mailbox.mailbox import HOST
from adapters.sqlite.event_log import SqliteLog
from schemas.job import JOB_DECODER
from schemas.topics import DEAD_LETTERS, DECISIONS, JOBS
from tests.faults.engines import until
from tests.faults.stoppable import PATIENCE, TOCSIN, Stoppable
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created, write_events
from tests.support.mail.mailbox_thread import mailbox_in
from tests.support.mail.relays.postfix import free_port

EVERYBODY = {"ct-1@acme.example", "ct-2@acme.example", "co-1@desk.example"}
NAMES = {"contract": "contracts.yaml", "contact": "contacts.yaml", "collaborator": "collaborators.jsonl"}


class RunningInstallation:
    """The service as a process of its own, on a helpdesk with a file for each kind of record."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self.data, self.directory = folder / "data", folder / "directory"
        self.port = free_port()
        self._emitted = 0
        relay = ["--smtp", f"{HOST}:{port}", "--tls", "none", "--from", "Support <support@desk.example>"]
        around = ["--data", str(self.data), "--directory", str(self.directory), "--listen", f"{HOST}:{self.port}"]
        self.command = ["up", "--storm-limit=0", *around, *relay]
        self.service = Stoppable(folder / "log", *self.command)
        self._write_directory()

    def _write_directory(self) -> None:
        desk = Helpdesk()
        desk.contact("ct-1", "contract/C-7", name="Zoé Martin")
        desk.contact("ct-2", "contract/C-7", name="Éric Noël")
        desk.collaborator("co-1", "contract/C-7")
        self.directory.mkdir()
        for record in desk.records.values():
            file = self.file(NAMES.get(record["kind"], "objects.yaml"))
            start = "" if file.suffix == ".jsonl" else "- "
            with file.open("a", encoding="utf-8") as out:
                out.write(start + json.dumps(record, ensure_ascii=False) + "\n")

    def file(self, name: str) -> Path:
        return self.directory / name

    def alerted(self, events: int = 5) -> list[set[str]]:
        """Let so many tickets be created; whom each of them alerts."""
        numbers = range(self._emitted, self._emitted + events)
        self._emitted += events
        file = write_events(self._folder / "events.jsonl", [created(number) for number in numbers])
        subprocess.run([*TOCSIN, "emit", "--data", str(self.data), str(file)], check=True, capture_output=True)
        with closing(SqliteLog(self.data / "tocsin.db")) as log:
            until(lambda: len(log.read(DECISIONS, limit=1_000)) == self._emitted, PATIENCE)
            assert log.read(DEAD_LETTERS) == []
            jobs = [JOB_DECODER.decode(record.value or b"") for record in log.read(JOBS, limit=1_000)]
        return [{job.address for job in jobs if job.event == f"E-{number}"} for number in numbers]

    def asked(self, path: str) -> str:
        with urlopen(f"http://{HOST}:{self.port}{path}", timeout=10) as answer:
            text: str = answer.read().decode()
            return text

    def unreadable(self) -> str:
        lines = self.asked("/metrics").splitlines()
        return next(line for line in lines if line.startswith("tocsin_directory_unreadable_files"))

    def faults(self) -> list[str]:
        found: list[str] = json.loads((self.data / "health.json").read_text())["directory_faults"]
        return found


@pytest.fixture
def program(tmp_path: Path) -> Iterator[RunningInstallation]:
    with mailbox_in(tmp_path / "mail") as port:
        yield RunningInstallation(tmp_path, port)


@contextmanager
def looked_at(program: RunningInstallation, times: int) -> Iterator[None]:
    """Change files in the block; behind it, they have been read so many more times."""
    before = program.service.said().count('"event":"directory_loaded"')
    yield
    until(lambda: program.service.said().count('"event":"directory_loaded"') >= before + times, PATIENCE)


def break_contracts(program: RunningInstallation) -> None:
    with program.file("contracts.yaml").open("a") as file:
        file.write("- kind: contract\n\tid: x\n")


def break_contacts(program: RunningInstallation) -> None:
    """As an editor that knows no UTF-8 saves it."""
    text = program.file("contacts.yaml").read_text(encoding="utf-8")
    program.file("contacts.yaml").write_text(text, encoding="cp1252")


def test_while_files_are_broken_each_event_alerts_as_before(program: RunningInstallation) -> None:
    good = {file: file.read_bytes() for file in program.directory.iterdir()}
    with program.service.running():
        assert program.alerted() == [EVERYBODY] * 5
        with looked_at(program, 1):
            break_contracts(program)
        assert program.alerted() == [EVERYBODY] * 5
        with looked_at(program, 1):
            break_contacts(program)
        assert program.alerted() == [EVERYBODY] * 5
        with looked_at(program, 1):
            program.file("collaborators.jsonl").write_bytes(b"")
        assert program.alerted() == [EVERYBODY] * 5
        check_told(program)
    # It was killed at the end of the block.
    with program.service.running():
        assert program.alerted() == [EVERYBODY] * 5
        check_told(program)
        with looked_at(program, 1):
            for file, content in good.items():
                file.write_bytes(content)
        assert program.alerted() == [EVERYBODY] * 5
        until(lambda: program.asked("/readyz") == "ok\n", PATIENCE)
        assert program.unreadable() == "tocsin_directory_unreadable_files 0.0"
        assert program.faults() == []


def check_told(program: RunningInstallation) -> None:
    """It is ready, and everybody who looks is told of the files."""
    state, *remarks = program.asked("/readyz").splitlines()
    assert state == "ok"
    places = ["collaborators.jsonl:1: ", "contacts.yaml:1: ", "contracts.yaml:3: "]
    assert [remark.startswith(f"directory: {place}") for remark, place in zip(remarks, places, strict=True)] == [
        True
    ] * 3
    assert program.faults() == [remark.removeprefix("directory: ") for remark in remarks]
    assert program.unreadable() == "tocsin_directory_unreadable_files 3.0"
    lines = [json.loads(line) for line in program.service.said().splitlines() if "directory_file_unreadable" in line]
    assert {line["problem"].split(": ")[0] for line in lines} >= {place.removesuffix(": ") for place in places}
    assert "Zo" not in "".join(remarks)


def test_what_a_broken_file_says_no_more_is_missed_without_a_copy(program: RunningInstallation) -> None:
    """The control: the check of whom events alert notices records that are gone."""
    with program.service.running("--remove-many"):
        assert program.alerted(1) == [EVERYBODY]
        with looked_at(program, 1):
            program.file("contacts.yaml").unlink()
        assert program.alerted(1) == [{"co-1@desk.example"}]


def test_a_start_with_a_broken_file_and_without_a_copy_names_it_and_ends(program: RunningInstallation) -> None:
    break_contracts(program)
    command = [*TOCSIN, *program.command]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 1
    (last,) = [json.loads(line) for line in done.stderr.splitlines() if "contracts.yaml" in line]
    assert f"{program.directory}/contracts.yaml:3: this is not YAML" in last["said"]
    assert "mend" in last["said"]
