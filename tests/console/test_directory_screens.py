"""People and objects: the sentences and figures of `coverage`, `derive` and `explain`, to each what they may see."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.web.console.desk_screens import Desk
from adapters.web.console.directory_screens import record_path
from console.people.roles import Role
from console.screens.attachments import Attachments
from console.screens.lookup import NotReadError
from console.screens.person import answer_of, records_found
from console.screens.record import ContractPage, contract_of, object_of
from console.screens.viewer import Viewer
from engine.directory.directory import Directory
from schemas.directory import ContactRecord, ContractRecord, CustomerRecord, SiteRecord
from schemas.job import PersonRef
from schemas.vocabulary import Category, ObjectKind, PersonKind
from tests.support.console.lookups import HELPDESK, Fixed, lookup_of
from tests.support.console.served import Served, empty_desk, parts, served
from tests.support.history.in_memory_history import InMemoryHistory
from tocsin.authoring.reach.contracts import contract_gaps
from tocsin.cli.app import app
from tocsin.clock import SystemClock
from tocsin.services.console.lookup import LookupInForce

ALL = Viewer()
NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
ID = '"><script>alert(1)</script>{{ 7*7 }}'
"""An id that an address can hold: the console takes no address with a character that turns text around."""

ATTACK = '"><script>alert(1)</script>\u202e{{ 7*7 }}'
PATHS = [f"/console/directory?q={one}" for one in ("zoe", "C-101", "moulin", "S-lyon")]


def ran(*command: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(part) for part in command], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout


MORE = """
- kind: contact
  id: ct-mute
  name: Mute Muller
  customer: moulin
  modes: [{channel: email, address: mute@moulin.example, active: false}]
  alerts: [opened, closed]
- kind: contract
  id: C-901
  type: commitment
  client: moulin
  sites: [S-none]
  contacts: [ct-mute]
  recipients:
    site: {contacts: true}
    contract: {contacts: true, collaborators: true}
    service: {collaborators: true}
"""
"""A contract of which nobody is told."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("people") / "directory"
    shutil.copytree(HELPDESK / "directory", made)
    (made / "more.yaml").write_text(MORE, "utf-8")
    return made


@pytest.fixture(scope="module")
def lookup(folder: Path) -> LookupInForce:
    return lookup_of(folder)


@pytest.fixture(scope="module")
def desk(lookup: LookupInForce) -> Desk:
    bare = empty_desk()
    return Desk(bare.ledger, bare.history, bare.standing, lookup)


def every_record(lookup: LookupInForce) -> list[tuple[str, str]]:
    kinds = [*ObjectKind, *PersonKind]
    return [(kind.value, one) for kind in kinds for one in sorted(lookup.in_force().directory.ids()[kind.value])]


def test_gaps_of_contracts_are_those_of_coverage(folder: Path, lookup: LookupInForce) -> None:
    told = json.loads(
        ran(
            *("coverage", HELPDESK / "rules.yaml", "--directory", folder),
            *("--json", "--examples", 10_000, "--now", NOW.isoformat()),
            code=1,
        )
    )
    of_coverage = [*told["gaps"]["category_reaches_nobody"]["examples"]]
    of_coverage += told["remarks"]["contract_out_of_use"]["examples"]
    found = [
        gap
        for contract in lookup.in_force().directory.contracts()
        for page in [contract_of(lookup, contract.id, ALL, NOW)]
        if page is not None
        for gap in page.gaps
    ]
    assert sorted((one.record, one.why, one.change) for one in found) == sorted(
        (one["record"], one["why"], one["change"]) for one in of_coverage
    )
    assert len(found) > 5


def test_rules_of_a_contract_are_those_of_derive(folder: Path, lookup: LookupInForce) -> None:
    for contract in lookup.in_force().directory.contracts():
        told = ran("derive", contract.id, "--rules", HELPDESK / "rules.yaml", "--directory", folder)
        named = re.findall(r"^  (\S.*): put in force by the tick (\S+),", told, re.MULTILINE)
        page = contract_of(lookup, contract.id, ALL, NOW)
        assert page is not None
        assert [(rule.name, rule.category.value) for rule in page.rules] == named
        assert (page.as_a_whole is not None) == any(one.record == f"contract/{contract.id}" for one in page.gaps)


def test_a_ticked_cell_that_tells_nobody_is_a_gap(lookup: LookupInForce) -> None:
    for contract in lookup.in_force().directory.contracts():
        page = contract_of(lookup, contract.id, ALL, NOW)
        assert page is not None
        if page.as_a_whole is not None:
            continue
        silent = [one.category for one in page.cells if one.is_ticked and not one.told]
        nobody = {f"contract/{contract.id}, category {one}" for one in silent}
        missing = {gap.record for gap in page.gaps}
        # Whoever stands behind another's mailbox is told by it, and so is no gap.
        assert missing <= nobody
        assert all(not one.told for one in page.cells if not one.is_ticked)
        # Everybody else is told why.
        assert all(one.is_told or one.gate for cell in page.cells for one in cell.members)


def told_in(page: ContractPage, ref: PersonRef) -> set[Category]:
    return {cell.category for cell in page.cells for one in cell.members if one.person == ref and one.is_told}


def test_why_somebody_gets_nothing_is_one_sentence_with_its_smallest_change(lookup: LookupInForce) -> None:
    known = lookup.in_force()
    silent = []
    for person in known.directory.people():
        ref = PersonRef(person.kind, person.id)
        answer = answer_of(lookup, ref, ALL, NOW)
        told = {way.contract: {*way.told} for way in answer.ways if way.told}
        # The same tickets, seen from the contracts.
        pages = [contract_of(lookup, one.id, ALL, NOW) for one in known.directory.contracts()]
        seen = {page.contract.id: found for page in pages if page is not None and (found := told_in(page, ref))}
        assert told == seen
        if answer.ways and not answer.is_told:
            silent.append(ref)
            assert answer.first is not None
            assert answer.first.why
            assert answer.first.record
    assert silent


def test_a_gate_is_that_of_coverage(lookup: LookupInForce) -> None:
    known = lookup.in_force()
    contract = known.directory.contract("C-501")
    assert contract is not None
    [gap] = contract_gaps(contract, known.directory, known.rulebook, NOW)
    reach = lookup.reach(contract, NOW)
    assert reach.as_a_whole is not None
    assert (gap.why, gap.change) == (
        reach.as_a_whole.why,
        f"{reach.as_a_whole.record}, field {reach.as_a_whole.field}: {reach.as_a_whole.change}",
    )


def test_records_are_found_by_what_people_call_them(lookup: LookupInForce) -> None:
    for text, kind, name in (
        ("zoé  MARTIN", "contact", "ct-zoe"),
        ("zoe.martin@moulin.example", "contact", "ct-zoe"),
        ("CT-2024-101", "contract", "C-101"),
        ("moulin", "customer", "moulin"),
        ("S-lyon", "site", "S-lyon"),
        ("P-till", "product", "P-till"),
    ):
        assert (kind, name) in [(one.kind, one.id) for one in records_found(lookup, text, ALL)], text
    assert records_found(lookup, "  ", ALL) == []
    assert records_found(lookup, "no such thing", ALL) == []


def test_attachments_are_the_directorys() -> None:
    directory = Directory()
    directory.apply(ContractRecord(id="C", type="commitment", client="a", sites=["S"], contacts=["x", "x"]))
    directory.apply(SiteRecord(id="S", contacts=["x", "y"]))
    found = Attachments(directory)
    x, y, nobody = (PersonRef(PersonKind.CONTACT, one) for one in ("x", "y", "z"))
    assert found.objects_of(x) == [(ObjectKind.CONTRACT, "C"), (ObjectKind.SITE, "S")]
    assert (found.contracts_to(x), found.contracts_to(y), found.contracts_to(nobody)) == (["C"], ["C"], [])
    assert found.contracts_of(ObjectKind.CUSTOMER, "a") == ["C"]


def test_a_directory_that_is_read_again_is_looked_up_anew() -> None:
    made, first, second = lookup_of(), Directory(), Directory()
    source = Fixed(first)
    rulebook = made.in_force().rulebook
    made.open(source, lambda: rulebook)
    assert records_found(made, "S", ALL) == []
    second.apply(SiteRecord(id="S"))
    source.directory = second
    assert [one.id for one in records_found(made, "S", ALL)] == ["S"]


def test_before_anything_is_read_the_page_says_so() -> None:
    with pytest.raises(NotReadError):
        LookupInForce().in_force()
    with served(parts()) as world:
        answer = world.signed_in(Role.ADMIN).get(record_path("contract", "C-1"))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


# ------------------------------------------------------------------ who may see what


@pytest.fixture(scope="module")
def world(desk: Desk) -> Iterator[Served]:
    with served(parts(desk, clock=SystemClock())) as made:
        yield made


def test_every_record_has_a_page(world: Served, lookup: LookupInForce) -> None:
    for language in ("en", "fr"):
        admin = world.signed_in(Role.ADMIN)
        admin.headers["Accept-Language"] = language
        for kind, name in every_record(lookup):
            assert admin.get(record_path(kind, name)).status_code == 200, (kind, name)


def test_a_reader_sees_no_name_and_no_address(world: Served, lookup: LookupInForce) -> None:
    people = [*lookup.in_force().directory.people()]
    texts = {mode.address for one in people for mode in one.modes} | {one.name or "@" for one in people}
    reader, agent = world.signed_in(Role.READER), world.signed_in(Role.AGENT)
    shown = 0
    for path in [*PATHS, *(record_path(*one) for one in every_record(lookup))]:
        page = unescape(reader.get(path).text)
        assert [text for text in texts if text in page] == [], path
        whole = unescape(agent.get(path).text)
        shown += any(text in whole for text in texts)
    # The control: the same pages show them to an agent.
    assert shown > 20
    for text in ("Zoé Martin", "zoe.martin@moulin.example"):
        assert "ct-zoe" not in reader.get("/console/directory", params={"q": text}).text


def test_somebody_of_one_customer_sees_nothing_of_another(world: Served, lookup: LookupInForce) -> None:
    directory = lookup.in_force().directory
    mine = world.signed_in(Role.AGENT, name="of-moulin", customers=frozenset({"moulin"}))
    others = [one for one in directory.people() if one.customer != "moulin"]
    texts = {mode.address for one in others for mode in one.modes} | {one.name for one in others if one.name}
    # A mailbox that two people share is as much the other one's.
    texts -= {mode.address for one in directory.people() if one.customer == "moulin" for mode in one.modes}
    opened = []
    for kind, name in every_record(lookup):
        answer = mine.get(record_path(kind, name))
        assert answer.status_code in (200, 404)
        if answer.status_code == 200:
            opened.append((kind, name))
            assert [text for text in texts if text in unescape(answer.text)] == [], (kind, name)
    assert ("customer", "moulin") in opened
    assert ("contract", "C-101") in opened
    foreign = {("customer", "harbour"), ("contract", "C-201"), ("contract", "C-301"), ("contact", "ct-maeve")}
    assert not foreign & {*opened}
    for text in ("harbour", "C-201", "ct-maeve", "S-bristol"):
        assert "/console/record?kind" not in mine.get("/console/directory", params={"q": text}).text
        assert "/console/person?kind" not in mine.get("/console/directory", params={"q": text}).text


def test_whatever_a_record_says_is_text() -> None:
    directory = Directory()
    directory.apply(CustomerRecord(id=ID, name=ATTACK, main_site=ID, contacts=[ID]))
    directory.apply(SiteRecord(id=ID, name=ATTACK, contacts=[ID]))
    directory.apply(ContractRecord(id=ID, type=ATTACK, reference=ATTACK, client=ID, sites=[ID], contacts=[ID]))
    directory.apply(ContactRecord(id=ID, name=ATTACK, customer=ID, groups=[ATTACK], languages=[ATTACK], sites=[ATTACK]))
    made = lookup_of()
    rulebook = made.in_force().rulebook
    made.open(Fixed(directory), lambda: rulebook)
    bare = empty_desk()
    with served(parts(Desk(bare.ledger, InMemoryHistory(), bare.standing, made))) as world:
        admin = world.signed_in(Role.ADMIN)
        paths = [record_path(kind, ID) for kind in ("contact", "contract", "customer", "site")]
        for path in [*paths, record_path(ATTACK, ATTACK)]:
            answer = admin.get(path)
            assert answer.status_code == (404 if path not in paths else 200), path
            assert "<script>alert" not in answer.text
            assert path not in paths or "&lt;script&gt;alert(1)" in answer.text
        assert "<script>alert" not in admin.get("/console/directory", params={"q": ATTACK}).text


RUBBISH = ["", "x", "\0", "9" * 400, "-1", "é" * 2_000, "../../etc", "%00", "\ud7ff", "contact/x"]


@pytest.mark.parametrize("value", RUBBISH, ids=range(len(RUBBISH)))
def test_rubbish_in_an_address_is_no_failure(world: Served, value: str) -> None:
    agent = world.signed_in(Role.AGENT)
    for path in ("directory", "person", "record"):
        for field in ("q", "kind", "id", "before"):
            given = {"kind": "contact" if path == "person" else "contract", "id": "ct-zoe", field: value}
            assert agent.get(f"/console/{path}", params=given).status_code in (200, 400, 404), (path, field)


def test_an_object_names_its_contracts_and_their_ticks(lookup: LookupInForce) -> None:
    page = object_of(lookup, ObjectKind.SITE, "S-lyon", ALL)
    assert page is not None
    for one in page.through:
        ticked = [c.audience for c in Category if c.object_kind is ObjectKind.SITE and c.bit & one.contract.ticks]
        assert one.ticked == ticked
    assert [one.contract.id for one in page.through] == ["C-101"]


def test_paths_are_of_this_console() -> None:
    assert record_path("site", "a/b?c&d") == "/console/record?kind=site&id=a%2Fb%3Fc%26d"
