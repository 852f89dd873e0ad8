"""Jobs, pauses and suppressions are found by what people call them; who would act on a guess does nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import time_machine
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from adapters.files.directory_source import FolderDirectory
from adapters.files.kept_files import FOLDER, KeptFiles
from adapters.postgres.ledger import PostgresLedger
from adapters.sqlite.ledger import SqliteLedger
from schemas.job import Job, PersonRef
from schemas.vocabulary import PersonKind
from sender.ledger.port import Ledger
from sender.states import State
from tests.support.helpdesk.events import Helpdesk, email
from tests.support.helpdesk.files import write_directory
from tests.support.sender.fakes import START, a_job
from tocsin.cli.app import app
from tocsin.config.data_folder import database_in

ZOE, PAUL, ANA = "contact/ct-1", "contact/ct-2", "collaborator/ct-1"


def a_named_job(ticket: str, reference: str, person: str, name: str, customer: str) -> Job:
    kind, _, person_id = person.partition("/")
    made = a_job(f"e-{ticket}-{name}", ticket, f"{name.split(maxsplit=1)[0].lower()}@acme.example", customer=customer)
    about = replace(made.context.ticket, reference=reference)
    context = replace(made.context, ticket=about, person_name=name, customer_name=f"{customer.upper()} Ltd")
    return replace(made, person=PersonRef(PersonKind(kind), person_id), context=context)


JOBS = [
    a_named_job("T-1", "2026-1042", ZOE, "Zoé Martin", "acme"),
    a_named_job("T-2", "both", PAUL, "Paul Martin", "acme"),
    a_named_job("T-3", "Both", ANA, "Ana Silva", "rival"),
    a_named_job("2026-1042x", "other", PAUL, "Paul Martin", "acme"),
]


def fill(ledger: Ledger) -> None:
    ledger.accept(JOBS, START)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The options that name a ledger with these jobs."""
    if request.param == "sqlite":
        (tmp_path / "data").mkdir()
        with closing(SqliteLedger(database_in(tmp_path / "data"))) as made:
            fill(made)
        yield ["--data", str(tmp_path / "data")]
        return
    url = request.getfixturevalue("postgres_url")
    with closing(PostgresLedger(url)) as ledger:
        fill(ledger)
    monkeypatch.setenv("TOCSIN_LEDGER", url)
    yield []


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    desk = Helpdesk()
    desk.put({"kind": "customer", "id": "rival", "name": "Rival & Sons"})
    desk.put({"kind": "customer", "id": "quiet", "name": "Quiet Co"})
    desk.contact("ct-1", "contract/C-7", name="Zoé Martin", modes=[email("zoe.m@acme.example")])
    desk.contact("ct-9", "contract/C-7", name="Mia Roy", modes=[email("mia@quiet.example")])
    return write_directory(tmp_path / "directory", desk)


def run(*arguments: str, expect: int = 0) -> Result:
    with time_machine.travel(START, tick=False):
        result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result


def jobs(*arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("jobs", "list", "--json", *arguments).stdout.splitlines()]


def people(*arguments: str) -> set[str]:
    return {one["person"] for one in jobs(*arguments)}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--ticket", "T-1"], {ZOE}),
        (["--ticket", "2026-1042"], {ZOE}),
        (["--ticket", "OTHER"], {PAUL}),
        (["--person", ZOE], {ZOE}),
        (["--person", "ct-2"], {PAUL}),
        (["--person", "zoe martin"], {ZOE}),
        (["--person", "ana"], {ANA}),
        (["--person", "Paul@ACME.example"], {PAUL}),
        (["--customer", "ACME ltd"], {ZOE, PAUL}),
        (["--customer", "rival"], {ANA}),
    ],
)
def test_jobs_are_found_by_what_people_call_them(filters: list[str], found: set[str], place: list[str]) -> None:
    assert people(*place, *filters) == found


@pytest.mark.parametrize(
    ("filters", "listed"),
    [
        (["--ticket", "both"], ["T-2", "T-3"]),
        (["--person", "martin"], [ZOE, PAUL]),
        (["--person", "ct-1"], [ANA, ZOE]),
    ],
)
@pytest.mark.parametrize("act", ["list", "cancel", "hold"])
def test_of_several_none_is_taken(filters: list[str], listed: list[str], act: str, place: list[str]) -> None:
    said = run("jobs", act, *place, *filters, *(["--yes"] if act != "list" else []), expect=1)
    lines = said.stderr.splitlines()
    assert sorted(line.split(",")[0].strip() for line in lines if line.startswith("  ")) == sorted(listed)
    assert {one["state"] for one in jobs(*place)} == {"queued"}


def test_an_act_takes_no_part_of_a_name(place: list[str]) -> None:
    assert people(*place, "--person", "ana") == {ANA}, "a list does"
    said = run("jobs", "cancel", *place, "--person", "ana", expect=1).stderr
    assert said.startswith("'ana' is only a part of a name; name whom you mean by id, or by the whole name:\n  collab")
    assert {one["state"] for one in jobs(*place)} == {"queued"}
    done = run("jobs", "cancel", *place, "--person", "Ana Silva")
    assert done.stderr == "'Ana Silva': collaborator/ct-1, Ana Silva\n"
    assert people(*place, "--state", State.CANCELLED) == {ANA}


def test_an_id_that_is_another_tickets_reference_stays_an_id(place: list[str]) -> None:
    run("jobs", "hold", *place, "--ticket", "T-1")
    assert {one["ticket"] for one in jobs(*place, "--hold", "person")} == {"T-1"}
    nothing = run("jobs", "cancel", *place, "--ticket", "2026")
    assert nothing.stderr.startswith("the ledger has no job about a ticket of this id or reference: 2026\n0 cancelled")


def test_the_directory_knows_more(place: list[str], directory: Path) -> None:
    with_it = [*place, "--directory", str(directory)]
    assert people(*with_it, "--person", "zoe.m@acme.example") == {ZOE}
    assert run("jobs", "list", *with_it, "--person", "Mia Roy").stdout == ""
    assert "no directory is at hand" in run("jobs", "list", *place, "--person", "Mia Roy", expect=1).stderr
    assert "did you mean `contact/ct-1`?" in run("jobs", "list", *with_it, "--person", "contact ct 1", expect=1).stderr


def test_customers_are_paused_by_name(place: list[str], directory: Path) -> None:
    with_it = [*place, "--directory", str(directory)]
    assert run("pause", "--customer", "Quiet Co", *with_it).stdout == "customer quiet is paused\n"
    assert run("pause", "--customer", "acme ltd", *place).stdout == "customer acme is paused\n"
    wrong = run("pause", "--customer", "Quite Co", *with_it, expect=1)
    assert wrong.stderr == (
        "neither the ledger nor the directory has a customer 'Quite Co': name it by its id or its name\n"
    ), "nobody else's customer is proposed"
    taken = run("pause", "--customer", "Quite Co", *place)
    assert "no directory is at hand" in taken.stderr
    assert "it is taken as an id" in taken.stderr
    listed = run("pauses", *place).stdout
    paused = {line.split("  ")[0] for line in listed.splitlines()}
    assert paused == {"customer Quite Co", "customer acme", "customer quiet"}
    assert run("resume", "--customer", "QUIET CO", *with_it).stdout == "customer quiet is resumed\n"
    assert run("resume", "--customer", "Quite Co", *with_it).stdout == "customer Quite Co is resumed\n"


def test_people_are_suppressed_and_let_go_by_name(place: list[str], directory: Path) -> None:
    with_it = [*place, "--directory", str(directory)]
    assert run("suppressions", "add", "--person", "Mia Roy", *with_it).stdout == "contact/ct-9: suppressed\n"
    run("suppressions", "add", "--person", "Mia", *with_it, expect=1)
    assert run("suppressions", "add", "--person", "Paul Martin", *place).stdout == "contact/ct-2: suppressed\n"
    run("suppressions", "add", "--address", "zoe.m@acme.example", *place)
    run("suppressions", "add", "--person", "Zoe Martin", "--trigger", "closed", *place)

    def kept(*whom: str) -> list[str]:
        return [line.split("  ")[0] for line in run("suppressions", "list", *with_it, *whom).stdout.splitlines()]

    assert kept("--person", "zoe") == [f"{ZOE}/*/closed", "email/zoe.m@acme.example"]
    assert kept("--person", "Mia Roy") == ["contact/ct-9"]
    assert run("suppressions", "lift", "Zoe.M@acme.example", *place).stdout == "email/zoe.m@acme.example: lifted\n"
    run("suppressions", "add", "--person", "Zoe Martin", *place)
    several = run("suppressions", "lift", "Zoe Martin", *place, expect=1).stderr
    assert several.startswith("'Zoe Martin' may be any of 2 suppressions; name one by its id:\n")
    assert len(kept("--person", ZOE)) == 2, "nothing is lifted"
    assert run("suppressions", "lift", "MIA roy", *with_it).stdout == "contact/ct-9: lifted\n"
    assert "no such suppression" in run("suppressions", "lift", "Mia Roy", *with_it, expect=1).stderr


def test_the_directory_of_the_data_folder_is_at_hand(tmp_path: Path, directory: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with closing(SqliteLedger(database_in(data))) as ledger:
        fill(ledger)
    asked = ["suppressions", "add", "--person", "Mia Roy", "--data", str(data)]
    assert "no directory is at hand" in run(*asked, expect=1).stderr
    FolderDirectory(directory, KeptFiles(data / FOLDER, directory), lambda _source: None)
    assert run(*asked).stdout == "contact/ct-9: suppressed\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["jobs", "list", "--ticket", "\udcff"],
        ["jobs", "cancel", "--person", "\udcff"],
        ["pause", "--customer", "\udcff"],
        ["suppressions", "lift", "\udcff"],
    ],
)
def test_what_is_no_text_is_refused(arguments: list[str], tmp_path: Path) -> None:
    with closing(SqliteLedger(database_in(tmp_path))):
        pass
    assert "is not UTF-8" in run(*arguments, "--data", str(tmp_path), expect=2).stderr
