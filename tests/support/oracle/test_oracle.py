"""The oracle itself, held to cases that have one right outcome, and the comparison to its own alarms."""

import random
from collections import Counter
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from tests.support.oracle.chance import NOW, hours_from_now
from tests.support.oracle.compare import difference
from tests.support.oracle.helpdesk import random_helpdesk, random_settings
from tests.support.oracle.oracle import expected
from tests.support.oracle.people import Labels

Value = Any  # of JSON
Record = dict[str, Value]
EVERY = ["opened", "resolved", "closed", "status_changed"]


def person(kind: str, name: str, address: str | None = None, **fields: Value) -> Record:
    """Someone who wants everything, by e-mail."""
    modes = [{"channel": "email", "address": address or f"{name}@mail.example", "active": True}]
    return {"kind": kind, "id": name, "modes": modes, "alerts": EVERY} | fields


def contact(name: str, customer: str = "acme", address: str | None = None, **fields: Value) -> Record:
    """A contact at the main site of their customer."""
    return person("contact", name, address, customer=customer, sites=["S-main"]) | fields


def customer(name: str, *contacts: str, **fields: Value) -> Record:
    """A customer that has every trigger enabled."""
    enabled = {trigger: {"enabled": True} for trigger in EVERY}
    return {
        "kind": "customer",
        "id": name,
        "main_site": "S-main",
        "alerts": enabled,
        "contacts": [*contacts],
    } | fields


def contract(*ticked: str, **fields: Value) -> Record:
    """A contract of acme, with these categories ticked."""
    recipients: Record = {}
    for category in ticked or ("contract.contacts", "contract.collaborators"):
        kind, audience = category.split(".")
        recipients.setdefault(kind, {})[audience] = True
    return {
        "kind": "contract",
        "id": "C-1",
        "type": "commitment",
        "client": "acme",
        "recipients": recipients,
    } | fields


TICKET: Record = {
    "id": "T-1",
    "contract": "C-1",
    "customer": "acme",
    "title": "Invoices do not print",
    "external_description": "Since this morning",
    "status": "in_progress",
    "resolution_marked": False,
    "closed_for_customer": False,
}


def save(previous: Record | None, data: Record | None = None, **ticket: Value) -> Record:
    """A save of the ticket, a quarter of an hour ago."""
    content = {"ticket": TICKET | ticket, "previous": previous} | (data or {})
    time = hours_from_now(-0.25)
    return {"id": "e-1", "source": "/helpdesk", "type": "ticket.saved", "time": time, "data": content}


def declare(kind: str = "ticket.saved", triggers: list[str] | None = None, **ticket: Value) -> Record:
    """A save of which the platform knows no before."""
    event = save(None, **ticket) | {"type": kind}
    del event["data"]["previous"]
    if triggers is not None:
        event["data"]["triggers"] = triggers
    return event


def told(decision: Record) -> set[tuple[str, str, str]]:
    """Who is told what, on which channel."""
    return {(job["person"]["id"], job["channel"], job["trigger"]) for job in decision["jobs"]}


def whole_reason(decision: Record) -> str:
    """Why an event alerts nobody as a whole."""
    [skip] = decision["skipped"]
    assert (decision["jobs"], skip["person"], skip["category"]) == ([], None, None)
    return str(skip["reason"])


def reasons(decision: Record) -> dict[tuple[str | None, str], str]:
    """Why someone, or nobody in particular, was not reached through a category."""
    return {(skip["person"] and skip["person"]["id"], skip["category"]): skip["reason"] for skip in decision["skipped"]}


STAFF = [contract(collaborators=["co-1"]), person("collaborator", "co-1"), customer("acme")]
CREATED = save(None)


# --- triggers


def test_a_save_without_any_of_the_four_changes_alerts_nobody() -> None:
    assert whole_reason(expected(save({"title": "Invoices"}), STAFF, NOW)) == "no_trigger"


@pytest.mark.parametrize(
    ("event", "triggers"),
    [
        (save(None), ["opened"]),
        (save(None, external_description=" \n"), []),
        (save({"external_description": None, "first_described_at": None}), ["opened"]),
        (save(None, external_description="<p><br></p>"), []),
        (save({"external_description": "<p><br></p>"}), ["opened"]),
        (save({"external_description": "<!-- none --><p>&nbsp;\u200b</p><style>p {}</style>"}), ["opened"]),
        (save({"external_description": "<p>x</p>"}), []),
        (save({"external_description": "  "}, first_described_at="2026-03-01T09:00:00Z"), []),
        (save({"contract": None}, first_described_at="2026-03-01T09:00:00Z"), ["opened"]),
        (
            save({"status": "new", "external_description": ""}, first_described_at=NOW.isoformat()),
            ["status_changed"],
        ),
        (save({"status": "new"}, resolution_marked=True), ["status_changed"]),
        (save({"resolution_marked": False}, resolution_marked=True), ["resolved"]),
        (save({"closed_internally": False}, closed_internally=True), []),
        (save({"closed_for_customer": False}, closed_internally=True, closed_for_customer=True), ["closed"]),
        (save(None, resolution_marked=True, closed_for_customer=True), ["closed", "resolved", "opened"]),
        (declare(triggers=[]), []),
        (declare(triggers=["opened", "status_changed"]), ["opened", "status_changed"]),
        (declare("ticket.closed", closed_for_customer=True), ["closed"]),
    ],
)
def test_triggers_of_a_save(event: Record, triggers: list[str]) -> None:
    assert expected(event, STAFF, NOW)["triggers"] == triggers


def test_a_description_written_emptied_and_written_again_opens_once() -> None:
    first: Record = {"first_described_at": "2026-03-02T09:00:00Z"}
    life = [
        save({"external_description": None, "first_described_at": None}, **first),
        save({"external_description": "Since this morning"}, external_description="", **first),
        save({"external_description": ""}, **first),
    ]
    assert [expected(event, STAFF, NOW)["triggers"] for event in life] == [["opened"], [], []]


def test_a_ticket_that_gets_its_contract_later_opens_then() -> None:
    assert whole_reason(expected(save({"status": "new"}, contract=None), STAFF, NOW)) == "no_contract"
    assert told(expected(save({"contract": None}), STAFF, NOW)) == {("co-1", "email", "opened")}


def test_of_many_saves_only_those_that_mean_something_alert() -> None:
    saves = [save({"status": "new"} if number % 25 == 0 else {"title": "x"}) for number in range(500)]
    assert sum(bool(expected(event, STAFF, NOW)["jobs"]) for event in saves) == 20


def test_resolved_outranks_a_change_of_status_save_for_those_who_tick_only_that() -> None:
    desk = [
        contract(collaborators=["co-1", "co-2"]),
        person("collaborator", "co-1"),
        person("collaborator", "co-2", alerts=["status_changed"]),
    ]
    decision = expected(save({"status": "new", "resolution_marked": False}, resolution_marked=True), desk, NOW)
    assert told(decision) == {("co-1", "email", "resolved"), ("co-2", "email", "status_changed")}


@pytest.mark.parametrize(
    "event",
    [
        declare(),
        declare("ticket.closed"),
        declare("ticket.resolved"),
        declare("ticket.opened", external_description=" "),
        declare(triggers=["closed"]),
        declare(triggers=["reopened"]),
        save(None, resolution_marked=1),
        save(None, contract=7),
        save(None, created_at="2026-03-02T09:00:00"),
        save(None, {"notify": "nobody"}),
        {key: value for key, value in CREATED.items() if key != "id"},
    ],
)
def test_what_contradicts_itself_or_has_a_wrong_type_is_refused(event: Record) -> None:
    assert expected(event, STAFF, NOW) == {"refused": True}


@pytest.mark.parametrize("field", sorted(TICKET))
def test_each_required_field_of_the_ticket_is_required(field: str) -> None:
    event = deepcopy(CREATED)
    del event["data"]["ticket"][field]
    assert expected(event, STAFF, NOW) == {"refused": True}


# --- gates of the event


@pytest.mark.parametrize("origin", ["import", "merge", "test", "auto_reply"])
def test_saves_that_no_one_made_alert_nobody(origin: str) -> None:
    event = save({"status": "new"}, {"origin": origin}, closed_for_customer=True)
    assert whole_reason(expected(event, STAFF, NOW)) == "origin"


def test_an_old_event_is_stale_and_one_of_exactly_the_limit_is_not() -> None:
    assert expected(CREATED | {"time": hours_from_now(-72)}, STAFF, NOW)["jobs"]
    assert whole_reason(expected(CREATED | {"time": hours_from_now(-72.01)}, STAFF, NOW)) == "stale"
    assert whole_reason(expected(CREATED, STAFF, NOW + timedelta(days=120))) == "stale"
    assert expected(CREATED | {"time": hours_from_now(24)}, STAFF, NOW)["jobs"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"id": "C-2"}, "unknown_contract"),
        ({"products": "P-1"}, "unreadable_record"),
        ({"type": "time_and_material"}, "not_commitment"),
        ({"alerts_enabled": False}, "alerts_disabled"),
        ({"status": "suspended"}, "not_in_force"),
    ],
)
def test_the_contract_holds_alerts_back(fields: Record, reason: str) -> None:
    assert whole_reason(expected(CREATED, [contract(**fields)], NOW)) == reason


@pytest.mark.parametrize(
    ("created_at", "in_force"),
    [
        ("2026-02-23T09:00:00Z", True),
        ("2026-03-01T23:59:59Z", True),
        ("2026-03-02T00:30:00+01:00", True),
        ("2026-03-01T23:30:00-01:00", False),
        ("2026-03-02T08:00:00Z", False),
        (None, False),
    ],
)
def test_a_contract_that_ended_yesterday_covers_the_tickets_of_before(created_at: str, in_force: bool) -> None:
    desk = [contract(collaborators=["co-1"], valid_to="2026-03-01"), STAFF[1]]
    decision = expected(save({"status": "new"}, created_at=created_at), desk, NOW)
    assert bool(decision["jobs"]) == in_force
    assert in_force or whole_reason(decision) == "not_in_force"


# --- people


def test_one_person_through_three_categories_gets_one_message_that_lists_them() -> None:
    ticked = ("product.contacts", "site.contacts", "contract.contacts")
    desk = [
        contract(*ticked, products=["P-1"], sites=["S-main"], contacts=["ct-1"]),
        {"kind": "product", "id": "P-1", "contacts": ["ct-1"]},
        {"kind": "site", "id": "S-main", "contacts": ["ct-1"]},
        customer("acme"),
        contact("ct-1"),
    ]
    [job] = expected(CREATED, desk, NOW)["jobs"]
    assert job["categories"] == list(ticked)
    assert job["rules"] == ["product-contacts", "site-contacts", "contract-contacts"]


def test_a_named_object_must_be_attached_and_an_unnamed_one_means_all() -> None:
    desk = [
        contract("product.collaborators", products=["P-1", "P-2", "P-3"]),
        {"kind": "product", "id": "P-1", "collaborators": ["co-1"]},
        {"kind": "product", "id": "P-2", "collaborators": ["co-2"]},
        {"kind": "product", "id": "P-4", "collaborators": ["co-1"]},
        person("collaborator", "co-1"),
        person("collaborator", "co-2"),
    ]
    assert {name for name, _, _ in told(expected(CREATED, desk, NOW))} == {"co-1", "co-2"}
    assert {name for name, _, _ in told(expected(save(None, product="P-1"), desk, NOW))} == {"co-1"}
    unattached, unknown = (expected(save(None, product=name), desk, NOW) for name in ("P-4", "P-3"))
    assert reasons(unattached)[None, "product.collaborators"] == "object_not_attached"
    assert reasons(unattached)[None, "product.contacts"] == "category_off"
    assert reasons(unknown)[None, "product.collaborators"] == "object_unknown"
    assert not expected(CREATED, desk, NOW, when_unnamed={"product"})["jobs"]


def test_a_contact_whose_record_comes_after_the_list_that_names_them_is_alerted() -> None:
    desk = [contract(contacts=["ct-1"]), customer("acme"), contact("ct-1")]
    assert expected(CREATED, desk, NOW)["jobs"] == expected(CREATED, desk[::-1], NOW)["jobs"] != []


def test_a_record_that_cannot_be_read_hides_its_older_self() -> None:
    decision = expected(CREATED, [*STAFF, person("collaborator", "co-1", alerts="opened")], NOW)
    assert reasons(decision)["co-1", "contract.collaborators"] == "unreadable_record"


def test_someone_without_any_address_is_skipped_and_the_others_are_told() -> None:
    desk = [contract(collaborators=["co-1", "co-2"]), person("collaborator", "co-2", modes=[]), *STAFF[1:]]
    decision = expected(CREATED, desk, NOW)
    assert told(decision) == {("co-1", "email", "opened")}
    assert reasons(decision) == {("co-2", "contract.collaborators"): "no_active_mode"}


def modes(email: bool, fax: bool) -> list[Record]:
    """An e-mail address and a fax number, each active or not."""
    return [
        {"channel": "email", "address": "zoe@acme.example", "active": email},
        {"channel": "fax", "address": "+33140000001", "active": fax},
    ]


def test_inactive_by_email_means_fax_alone_and_both_inactive_nobody() -> None:
    by_fax, by_none = (
        expected(CREATED, [contract(contacts=["ct-1"]), customer("acme"), contact("ct-1", modes=modes(*on))], NOW)
        for on in ((False, True), (False, False))
    )
    assert told(by_fax) == {("ct-1", "fax", "opened")}
    assert reasons(by_none) == {("ct-1", "contract.contacts"): "no_active_mode"}


def test_off_the_main_site_a_contact_gets_the_fax_alone() -> None:
    away = contact("ct-1", modes=modes(email=True, fax=True), sites=["S-other"])
    desk = [contract(contacts=["ct-1"]), customer("acme"), away]
    assert told(expected(CREATED, desk, NOW)) == {("ct-1", "fax", "opened")}
    assert len(expected(CREATED, desk, NOW, main_site="off")["jobs"]) == 2
    assert len(expected(CREATED, desk, NOW, main_site="not_site")["jobs"]) == 1


def test_a_customer_without_the_trigger_stops_its_contacts() -> None:
    for alerts in ({}, {"opened": {"enabled": False}}, None):
        desk = [contract(contacts=["ct-1"]), customer("acme", alerts=alerts), contact("ct-1")]
        decision = expected(CREATED, desk, NOW)
        assert reasons(decision) == {("ct-1", "contract.contacts"): "customer_trigger_off"}


# --- whose ticket


def lab_desk(**fields: Value) -> list[Record]:
    """A contract of acme with two beneficiaries, customers' contacts ticked."""
    return [
        contract("customer.contacts", "product.contacts", beneficiaries=["lab", "shop"], products=["P-1"], **fields),
        {"kind": "product", "id": "P-1", "contacts": ["ct-shop"]},
        *(customer(name, f"ct-{name}") for name in ("acme", "lab", "shop")),
        *(contact(f"ct-{name}", name) for name in ("acme", "lab", "shop")),
    ]


def test_a_beneficiarys_ticket_is_read_by_it_and_by_the_client_not_by_another_beneficiary() -> None:
    decision = expected(save(None, customer="lab"), lab_desk(), NOW)
    assert {name for name, _, _ in told(decision)} == {"ct-acme", "ct-lab"}
    assert reasons(decision) == {("ct-shop", "product.contacts"): "not_own"}


def test_the_client_reads_beneficiaries_tickets_only_if_the_contract_lets_it() -> None:
    decision = expected(save(None, customer="lab"), lab_desk(client_reads_beneficiaries=False), NOW)
    assert {name for name, _, _ in told(decision)} == {"ct-lab"}


def test_a_ticket_without_a_customer_is_the_clients() -> None:
    desk = lab_desk(client_reads_beneficiaries=False)
    assert {name for name, _, _ in told(expected(save(None, customer=None), desk, NOW))} == {"ct-acme"}


MIXED = [
    contract(contacts=["ct-1"], collaborators=["co-1"]),
    customer("acme"),
    contact("ct-1"),
    person("collaborator", "co-1"),
]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (save({"status": "new"}, status="closed_int"), "status_internal"),
        (save({"status": "waiting"}), "status_internal"),
        (declare("ticket.status_changed", status="closed_int"), "status_internal"),
        (save({"status": "new"}, visible_to_customer=False), "not_visible"),
        (save({"status": "new"}, {"notify": "internal"}), "not_visible"),
    ],
)
def test_what_customers_do_not_see_reaches_collaborators_only(event: Record, reason: str) -> None:
    running = {"en": "Running", "fr": "En cours"}
    labels: Labels = {"closed_int": "internal", "waiting": running, "in_progress": running}
    decision = expected(event, MIXED, NOW, status_labels=labels)
    assert told(decision) == {("co-1", "email", "status_changed")}
    assert reasons(decision) == {("ct-1", "contract.contacts"): reason}


# --- own saves and suppressions


@pytest.mark.parametrize(
    "actor", [{"kind": "contact", "id": "ct-1"}, {"kind": None, "id": None, "email": " CT-1@Mail.example "}]
)
def test_a_contact_is_told_of_their_own_ticket_but_not_of_their_own_change_of_status(actor: Record) -> None:
    assert ("ct-1", "email", "opened") in told(expected(save(None, {"actor": actor}), MIXED, NOW))
    decision = expected(save({"status": "new"}, {"actor": actor}), MIXED, NOW)
    assert reasons(decision) == {("ct-1", "contract.contacts"): "own_save"}


def test_a_collaborator_is_told_of_no_save_of_their_own() -> None:
    decision = expected(save(None, {"actor": {"kind": "collaborator", "id": "co-1"}}), MIXED, NOW)
    assert reasons(decision) == {("co-1", "contract.collaborators"): "own_save"}


@pytest.mark.parametrize(
    ("fields", "stands"),
    [
        ({"channel": "email", "address": "CO-1@mail.example"}, True),
        ({"channel": "fax", "address": "co-1@mail.example"}, False),
        ({"channel": None, "person": "collaborator/co-1"}, True),
        ({"channel": "fax", "person": "collaborator/co-1"}, False),
        ({"person": "collaborator/co-1", "triggers": ["closed"]}, False),
        ({"person": "collaborator/co-1", "until": NOW.isoformat()}, False),
        ({"person": "collaborator/co-1", "until": hours_from_now(1)}, True),
    ],
)
def test_a_suppression_stands_for_an_address_or_a_person(fields: Record, stands: bool) -> None:
    decision = expected(CREATED, [*STAFF, {"kind": "suppression", "id": "s-1"} | fields], NOW)
    assert bool(decision["jobs"]) != stands
    assert not stands or reasons(decision) == {("co-1", "contract.collaborators"): "suppressed"}


# --- one mailbox


def test_two_people_at_one_mailbox_get_one_message_with_the_categories_of_both() -> None:
    desk = [
        contract("contract.contacts", "customer.contacts", contacts=["ct-2"]),
        customer("acme", "ct-10"),
        contact("ct-10", address="Zoe@ACME.example"),
        contact("ct-2", address="zoe@acme.EXAMPLE"),
    ]
    decision = expected(CREATED, desk, NOW)
    [job] = decision["jobs"]
    assert (job["person"]["id"], job["address"], decision["skipped"]) == ("ct-10", "Zoe@ACME.example", [])
    assert job["categories"] == ["contract.contacts", "customer.contacts"]


def test_two_spellings_of_one_mailbox_are_one() -> None:
    desk = [
        contract("contract.contacts", "customer.contacts", contacts=["ct-2", "ct-3"]),
        customer("acme", "ct-1"),
        contact("ct-1", address="zo\u00e9@b\u00fccher.example"),
        contact("ct-2", address="Zoe\u0301@xn--bcher-kva.example"),
        contact("ct-3", address="zo\u00e9@bu\u0308cher.example"),
    ]
    [job] = expected(CREATED, desk, NOW)["jobs"]
    assert (job["person"]["id"], job["categories"]) == ("ct-1", ["contract.contacts", "customer.contacts"])
    held = {"kind": "suppression", "id": "s-1", "channel": "email", "address": "zoe\u0301@B\u00dcCHER.example"}
    assert expected(CREATED, [*desk, held], NOW)["jobs"] == []


def test_at_one_mailbox_the_more_telling_trigger_goes_out() -> None:
    desk = [
        contract(contacts=["ct-1", "ct-2"]),
        customer("acme"),
        contact("ct-1", address="team@acme.example", alerts=["opened"]),
        contact("ct-2", address="team@acme.example", alerts=["resolved"]),
    ]
    assert told(expected(save(None, resolution_marked=True), desk, NOW)) == {("ct-2", "email", "resolved")}


def test_a_collaborator_behind_a_contacts_mailbox_is_skipped() -> None:
    decision = expected(CREATED, [*MIXED, person("collaborator", "co-1", "CT-1@mail.example")], NOW)
    assert told(decision) == {("ct-1", "email", "opened")}
    assert reasons(decision) == {("co-1", "contract.collaborators"): "same_mailbox"}


# --- the comparison, and the random helpdesks


def test_the_order_of_lists_is_no_difference() -> None:
    decision = expected(CREATED, [*lab_desk(), *STAFF], NOW)
    shuffled = {key: value[::-1] if isinstance(value, list) else value for key, value in decision.items()}
    assert difference(decision, shuffled) == []


def test_a_changed_job_a_lost_skip_and_a_wrong_reason_are_differences() -> None:
    decision = expected(save(None, customer="lab"), lab_desk(), NOW)
    job, skip = decision["jobs"][0], decision["skipped"][0]
    broken: list[tuple[Record, str]] = [
        (
            {"jobs": [job | {"trigger": "closed"}, *decision["jobs"][1:]]},
            "trigger: expected opened, got closed",
        ),
        (
            {"jobs": [job | {"categories": []}, *decision["jobs"][1:]]},
            "categories: expected customer.contacts, got none",
        ),
        ({"jobs": decision["jobs"][1:]}, "missing, expected opened through customer.contacts"),
        ({"jobs": [*decision["jobs"], job]}, "expected 1 times, got 2 times"),
        (
            {"skipped": decision["skipped"][1:]},
            "skip missing: contact/ct-shop through product.contacts: not_own",
        ),
        ({"skipped": [skip | {"reason": "suppressed"}]}, "skip not expected: contact/ct-shop"),
        ({"triggers": ["closed"]}, "triggers: expected opened, got closed"),
    ]
    for change, line in broken:
        assert any(line in found for found in difference(decision, decision | change)), line


def test_refusals_are_equal_to_refusals_only() -> None:
    decision = expected(CREATED, STAFF, NOW)
    assert difference({"refused": True}, {"refused": "data.ticket.id: missing"}) == []
    assert len(difference({"refused": True}, decision)) == len(difference(decision, {"refused": "why"})) == 1


def test_random_helpdesks_meet_every_reason_and_alert_about_every_second_time() -> None:
    met: Counter[str] = Counter()
    for seed in range(300):
        rng = random.Random(seed)
        directory, events = random_helpdesk(rng)
        settings = random_settings(rng)
        for event in events:
            decision = expected(event, directory, NOW, **settings)
            met.update(skip["reason"] for skip in decision.get("skipped", []))
            met["event"] += 1
            met["refused"] += "refused" in decision
            met["alerting"] += bool(decision.get("jobs"))
    assert 0.4 < met["alerting"] / met["event"] < 0.65
    assert not {reason for reason in REASONS if met[reason] < 5}


REASONS = [
    "refused",
    "no_trigger",
    "notify_off",
    "origin",
    "stale",
    "no_contract",
    "unknown_contract",
    "not_commitment",
    "alerts_disabled",
    "not_in_force",
    "category_off",
    "object_not_attached",
    "object_unknown",
    "unknown_person",
    "no_active_mode",
    "customer_trigger_off",
    "not_main_site",
    "own_tick_off",
    "not_visible",
    "not_own",
    "status_internal",
    "own_save",
    "suppressed",
    "same_mailbox",
    "unreadable_record",
]
