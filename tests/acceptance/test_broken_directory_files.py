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


class House:
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
def house(tmp_path: Path) -> Iterator[House]:
    with mailbox_in(tmp_path / "mail") as port:
        yield House(tmp_path, port)


@contextmanager
def looked_at(house: House, times: int) -> Iterator[None]:
    """Change files in the block; behind it, they have been read so many more times."""
    before = house.service.said().count('"event":"directory_loaded"')
    yield
    until(lambda: house.service.said().count('"event":"directory_loaded"') >= before + times, PATIENCE)


def break_contracts(house: House) -> None:
    with house.file("contracts.yaml").open("a") as file:
        file.write("- kind: contract\n\tid: x\n")


def break_contacts(house: House) -> None:
    """As an editor that knows no UTF-8 saves it."""
    text = house.file("contacts.yaml").read_text(encoding="utf-8")
    house.file("contacts.yaml").write_text(text, encoding="cp1252")


def test_while_files_are_broken_each_event_alerts_as_before(house: House) -> None:
    good = {file: file.read_bytes() for file in house.directory.iterdir()}
    with house.service.running():
        assert house.alerted() == [EVERYBODY] * 5
        with looked_at(house, 1):
            break_contracts(house)
        assert house.alerted() == [EVERYBODY] * 5
        with looked_at(house, 1):
            break_contacts(house)
        assert house.alerted() == [EVERYBODY] * 5
        with looked_at(house, 1):
            house.file("collaborators.jsonl").write_bytes(b"")
        assert house.alerted() == [EVERYBODY] * 5
        check_told(house)
    # It was killed at the end of the block.
    with house.service.running():
        assert house.alerted() == [EVERYBODY] * 5
        check_told(house)
        with looked_at(house, 1):
            for file, content in good.items():
                file.write_bytes(content)
        assert house.alerted() == [EVERYBODY] * 5
        until(lambda: house.asked("/readyz") == "ok\n", PATIENCE)
        assert house.unreadable() == "tocsin_directory_unreadable_files 0.0"
        assert house.faults() == []


def check_told(house: House) -> None:
    """It is ready, and everybody who looks is told of the files."""
    state, *remarks = house.asked("/readyz").splitlines()
    assert state == "ok"
    places = ["collaborators.jsonl:1: ", "contacts.yaml:1: ", "contracts.yaml:3: "]
    assert [remark.startswith(f"directory: {place}") for remark, place in zip(remarks, places, strict=True)] == [
        True
    ] * 3
    assert house.faults() == [remark.removeprefix("directory: ") for remark in remarks]
    assert house.unreadable() == "tocsin_directory_unreadable_files 3.0"
    lines = [json.loads(line) for line in house.service.said().splitlines() if "directory_file_unreadable" in line]
    assert {line["problem"].split(": ")[0] for line in lines} >= {place.removesuffix(": ") for place in places}
    assert "Zo" not in "".join(remarks)


def test_what_a_broken_file_says_no_more_is_missed_without_a_copy(house: House) -> None:
    """The control: the check of whom events alert notices records that are gone."""
    with house.service.running("--remove-many"):
        assert house.alerted(1) == [EVERYBODY]
        with looked_at(house, 1):
            house.file("contacts.yaml").unlink()
        assert house.alerted(1) == [{"co-1@desk.example"}]


def test_a_start_with_a_broken_file_and_without_a_copy_names_it_and_ends(house: House) -> None:
    break_contracts(house)
    command = [*TOCSIN, *house.command]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 1
    (last,) = [json.loads(line) for line in done.stderr.splitlines() if "contracts.yaml" in line]
    assert f"{house.directory}/contracts.yaml:3: this is not YAML" in last["said"]
    assert "mend" in last["said"]
