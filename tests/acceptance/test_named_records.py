"""People, contracts and tickets are found as people call them; several are listed; nobody else's is proposed."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from adapters.sqlite.event_log import SqliteLog
from schemas.log import NewRecord
from schemas.suggestion import respelled
from schemas.topics import DECISIONS, TICKETS
from tests.support.helpdesk.events import Helpdesk, email, envelope, event_of
from tests.support.helpdesk.files import write_directory, write_events
from tocsin.cli.app import app
from tocsin.config.data_folder import database_in


@pytest.fixture
def desk() -> Helpdesk:
    desk = Helpdesk()
    desk.put({"kind": "contract", "id": "C-7", "reference": "2026/ERP gold"})
    desk.put({"kind": "contract", "id": "C-71", "type": "commitment", "client": "rival"})
    desk.put({"kind": "customer", "id": "rival", "name": "Rival Ltd"})
    desk.contact("ct-1", "contract/C-7", name="Zoé Martin", modes=[email("zoe@acme.example")])
    desk.contact("ct-2", "contract/C-7", name="Paul Martin", alerts=["closed"])
    desk.collaborator("ct-2", name="Ana Silva")
    return desk


@pytest.fixture
def directory(desk: Helpdesk, tmp_path: Path) -> str:
    return str(write_directory(tmp_path / "d", desk))


def run(*arguments: str, expect: int = 0) -> Result:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result


@pytest.mark.parametrize(
    "called", ["contact/ct-1", "ct-1", "Zoé Martin", "zoe martin", "ZOÉ", "Zoe@ACME.example", "contact/CT-1"]
)
def test_a_person_is_found_by_id_name_and_address(called: str, directory: str, tmp_path: Path) -> None:
    event = str(write_events(tmp_path / "e.json", [envelope({}, {"previous": None})]))
    arguments = ("preview", "external/opened", "-e", event, "-d", directory, "-p", called)
    if called == "contact/CT-1":
        assert "did you mean `contact/ct-1`?" in run(*arguments, expect=1).stderr
    else:
        assert run(*arguments).stdout.startswith("Zoé Martin (contact/ct-1) gets `opened`")
    if called != "contact/CT-1":
        found = json.loads(run("explain", "-e", event, "-d", directory, "-p", called, "--json").stdout)
        assert [one["person"]["id"] for one in found["reached"]] == ["ct-1"]


@pytest.mark.parametrize(
    ("called", "found"), [("martin", ["contact/ct-1", "contact/ct-2"]), ("ct-2", ["contact/ct-2", "collaborator/ct-2"])]
)
def test_several_are_listed_and_none_is_taken(called: str, found: list[str], directory: str, tmp_path: Path) -> None:
    event = str(write_events(tmp_path / "e.json", [envelope({}, {"previous": None})]))
    said = run("explain", "-e", event, "-d", directory, "-p", called, expect=1).stderr.splitlines()
    assert said[0] == f"{called!r} may be any of 2 people; name one by its id:"
    assert [line.split(",")[0].strip() for line in said[1:]] == found


@pytest.mark.parametrize("called", ["C-7", "2026/erp GOLD", "acme"])
def test_a_contract_is_found_by_id_reference_and_client(called: str, directory: str) -> None:
    assert run("derive", called, "-d", directory).stdout.startswith("Contract C-7: ")


def test_a_contract_that_is_only_near_is_not_proposed(directory: str) -> None:
    assert "did you mean `C-7`?" in run("derive", "c7", "-d", directory, expect=1).stderr
    said = run("derive", "C-711", "-d", directory, expect=1).stderr
    assert "C-71'" not in said
    assert "did you mean" not in said
    # A control: near it is.
    assert respelled("C-711", ["C-71"]) == ""
    assert respelled("c 7", ["C-7", "c_7"]) == "", "of two that are as near, none is meant"


def test_a_ticket_is_found_by_its_reference(desk: Helpdesk, tmp_path: Path) -> None:
    with closing(SqliteLog(database_in(tmp_path))) as log:
        for ticket, reference, event in (("T-1", "2026-1042", "E-1"), ("T-2", "Both", "E-2"), ("T-3", "Both", "E-3")):
            wire = envelope({"id": ticket, "reference": reference}, {"previous": None}, id=event)
            decision = desk.decide(event_of(wire))
            log.append([NewRecord(TICKETS, ticket.encode(), json.dumps(wire).encode())], datetime.now(UTC))
            record = msgspec.json.encode(decision.record())
            log.append([NewRecord(DECISIONS, ticket.encode(), record)], datetime.now(UTC))
    found = run("explain", "2026-1042", "--data", str(tmp_path)).stdout
    assert found.startswith("Ticket T-1: event E-1 of ")
    said = run("explain", "both", "--data", str(tmp_path), expect=1).stderr
    assert said == "'both' may be any of 2 tickets; name one by its id:\n  T-2\n  T-3\n"
    assert "no decision about 2026-1 is kept" in run("explain", "2026-1", "--data", str(tmp_path), expect=1).stderr
    of_one = run("explain", "T-1", "--data", str(tmp_path), "--person", "ct-1").stdout
    assert "contact/ct-1 by email: opened" in of_one
    nobody = run("explain", "T-1", "--data", str(tmp_path), "--person", "Zoé", expect=1).stderr
    assert "these decisions name nobody 'Zoé'" in nobody


@pytest.mark.parametrize("called", ["contact/ct-1", "ct-1", "Zoé Martin", "Zoe@ACME.example"])
def test_a_record_of_a_folder_is_shown_with_its_file_and_line(called: str, directory: str) -> None:
    said = run("directory", "show", called, "--directory", directory).stdout
    place, document = said.split("\n", 1)
    file, _, line = place.partition(", line ")
    assert json.loads(Path(file).read_text().splitlines()[int(line) - 1])["id"] == "ct-1"
    assert json.loads(document)["name"] == "Zoé Martin"


def test_what_a_folder_does_not_hold_or_can_not_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text("- {kind: contact, id: ct-1, name: 5}\n")
    said = run("directory", "show", "contact/ct-1", "--directory", str(tmp_path), expect=1).stderr
    assert "people.yaml:1: contact ct-1: name: expected `str | null`, got `int`" in said
    said = run("directory", "show", "ct-2", "--directory", str(tmp_path), expect=1).stderr
    assert f"ct-2: {tmp_path} holds no such record" in said
    assert "name the directory" in run("directory", "show", "ct-2", expect=2).stderr
