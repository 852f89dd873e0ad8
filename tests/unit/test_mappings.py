"""What a mapping makes of a payload: said, null and not said are three things, and nothing is guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from intake.mappings.mapping import Mapped
from intake.observation import Ignored, Moment, Observation
from schemas.event import Actor
from schemas.refusal import RefusedError
from schemas.vocabulary import ActorKind, Origin, Trigger
from tests.support.intake.mappings import RECEIVED, applied, contracts, mapping, ticket


def observed(text: str, payload: Any, headers: dict[str, str] | None = None) -> Observation:
    result = applied(text, payload, headers)
    assert isinstance(result, Mapped)
    return result.observation


def refused(text: str, payload: Any) -> list[tuple[str, str]]:
    with pytest.raises(RefusedError) as error:
        applied(text, payload)
    return [(refusal.field, refusal.reason) for refusal in error.value.refusals]


def test_a_field_that_the_payload_does_not_have_is_not_said_and_null_is() -> None:
    fields = "ticket: {id: $.id, title: $.title, product: $.product}"
    assert ticket(fields, {"id": "T-1", "product": None}) == {"id": "T-1", "product": None}


def test_numbers_become_ids_and_empty_ids_are_none() -> None:
    fields = "ticket: {id: $.id, customer: $.customer, site: $.site, product: 7}"
    found = ticket(fields, {"id": 42, "customer": 17.0, "site": "  "})
    assert found == {"id": "42", "customer": "17", "site": None, "product": "7"}


@pytest.mark.parametrize("value", [True, [1], {"a": 1}, 1.5e300, "a\u202eb", "x" * 257, 10**30])
def test_what_is_no_id_is_refused(value: Any) -> None:
    ((field, reason),) = refused("ticket: {id: $.id}", {"id": value})
    assert field == "ticket.id"
    assert reason.startswith("at $.id: ")


def test_the_reason_of_a_refusal_does_not_hold_the_value() -> None:
    with pytest.raises(RefusedError) as error:
        applied("{time: $.t, ticket: {id: $.id}}", {"id": "T-1", "t": "Zoé's birthday"})
    assert "Zoé" not in str(error.value)
    assert "Zoé" in error.value.shown()


def test_all_that_is_wrong_is_named_at_once() -> None:
    text = "{time: $.t, origin: $.o, ticket: {id: $.id, resolution_marked: $.r}}"
    assert [field for field, _ in refused(text, {"t": 1, "o": "x", "r": "yes"})] == [
        "time",
        "ticket.resolution_marked",
        "ticket.id",
        "origin",
    ]


def test_a_table_maps_texts_numbers_and_booleans() -> None:
    text = 'ticket: {id: "1", status: {from: $.s, map: {"1": new, "true": open, old: closed}, otherwise: other}}'
    found = [ticket(text, {"s": value})["status"] for value in (1, "1", 1.0, True, "old", "Old", 2)]
    assert found == ["new", "new", "new", "open", "closed", "other", "other"]


def test_what_a_table_does_not_have_is_kept_refused_or_not_said() -> None:
    text = 'ticket: {id: "1", status: {from: $.s, map: {a: b}, unmapped: %s}}'
    assert ticket(text % "keep", {"s": "c"})["status"] == "c"
    assert "status" not in ticket(text % "nothing", {"s": "c"})
    assert refused(text % "refuse", {"s": "c"}) == [("ticket.status", "at $.s: this value is not in `map`")]


def test_of_a_list_the_first_that_says_something_counts() -> None:
    text = "ticket: {id: [$.a, {from: $.b, write: 'b-{}'}, c]}"
    assert ticket(text, {"a": None, "b": 2})["id"] == "b-2"
    assert ticket(text, {})["id"] == "c"
    assert ticket("ticket: {id: x, title: [$.a, $.b]}", {"b": None}) == {"id": "x", "title": None}


def test_a_rule_says_nothing_where_its_condition_does_not_hold() -> None:
    text = "ticket: {id: x, external_description: {if: $.internal == false, from: $.body}}"
    assert "external_description" not in ticket(text, {"internal": True, "body": "secret"})
    assert "external_description" not in ticket(text, {"body": "secret"})
    assert ticket(text, {"internal": False, "body": "said"})["external_description"] == "said"


def test_a_condition_about_what_the_payload_does_not_have_says_nothing() -> None:
    text = "ticket: {id: x, resolution_marked: {is: $.resolution != null}}"
    assert "resolution_marked" not in ticket(text, {})
    assert ticket(text, {"resolution": None})["resolution_marked"] is False
    assert ticket(text, {"resolution": {"name": "Done"}})["resolution_marked"] is True


def test_several_values_at_a_path_are_refused_unless_it_is_said_which_to_take() -> None:
    payload = {"items": [{"field": "status", "to": "a"}, {"field": "status", "to": "b"}]}
    path = "$.items[?@.field == 'status'].to"
    assert refused(f'ticket: {{id: x, status: {{from: "{path}"}}}}', payload) == [
        ("ticket.status", f"at {path}: the path selects 2 values: say by `pick` which")
    ]
    assert ticket(f'ticket: {{id: x, status: {{from: "{path}", pick: last}}}}', payload)["status"] == "b"
    assert ticket(f'ticket: {{id: x, title: {{from: "{path}", pick: join}}}}', payload)["title"] == "a b"


def test_html_becomes_text() -> None:
    text = "ticket: {id: x, external_description: {from: $.d, text: html}}"
    found = ticket(text, {"d": "<p>Since <b>this</b> morning&nbsp;…</p><ul><li>one<li>two</ul><script>x()</script>"})
    assert found["external_description"] == "Since this morning\xa0…\n\n- one\n- two"


def test_times_are_in_utc_whatever_they_are_written_like() -> None:
    text = """
zone: Europe/Paris
time: {from: $.t, time: milliseconds}
ticket:
  id: x
  created_at: $.c
  first_described_at: {from: $.f, time: "%d/%m/%Y %H:%M", zone: America/New_York}
"""
    found = observed(text, {"t": 1772442900123, "c": "2026-07-02T09:00:00", "f": "02/03/2026 05:00"})
    assert found.time == datetime(2026, 3, 2, 9, 15, 0, 123_000, tzinfo=UTC)
    assert found.ticket["created_at"] == "2026-07-02T07:00:00Z"
    assert found.ticket["first_described_at"] == "2026-03-02T10:00:00Z"


def test_a_post_that_says_no_time_was_saved_when_it_came() -> None:
    assert observed("{time: $.t, ticket: {id: x}}", {}).time == RECEIVED


def test_what_is_said_beside_the_ticket() -> None:
    text = """
source: /desk
delivery: {header: X-Delivery}
moment: {from: $.event, map: {new: created, update: updated}, otherwise: unknown}
ticket: {id: x, links: {agent: {from: $.n, write: "https://desk.example/{}"}}, custom: {severity: $.severity}}
before: {if: $.changes, status: $.changes.status}
actor: {kind: {from: $.role, map: {agent: collaborator}, otherwise: contact}, email: $.mail}
origin: [{if: $.merged == true, value: merge}, user]
notify: {from: $.silent, map: {"true": false}, otherwise: true}
"""
    payload = {
        "event": "new",
        "n": 7,
        "severity": 2,
        "changes": {"status": "new"},
        "role": "agent",
        "mail": "a@b.example",
    }
    assert observed(text, payload | {"silent": True}, {"x-DELIVERY": "d-1"}) == Observation(
        source="/desk",
        ticket={"id": "x", "links": {"agent": "https://desk.example/7"}, "custom": {"severity": 2}},
        time=RECEIVED,
        moment=Moment.CREATED,
        before={"status": "new"},
        delivery="d-1",
        actor=Actor(ActorKind.COLLABORATOR, None, "a@b.example"),
        origin=Origin.USER,
        notify=False,
    )


def test_changes_of_other_fields_are_known_and_none_at_all_are_unknown() -> None:
    told = "{ticket: {id: x}, before: {if: $.changes, status: $.changes.status}}"
    assert observed(told, {"changes": {"colour": "red"}}).before == {}
    assert observed(told, {}).before is None
    assert observed("{ticket: {id: x}, before: {status: $.old}}", {}).before is None
    assert observed("{ticket: {id: x}, before: {status: $.old}}", {"old": None}).before == {"status": None}


def test_declared_triggers_come_from_a_word_or_a_list() -> None:
    text = "{ticket: {id: x}, triggers: {from: $.t, map: {solved: resolved, shut: closed}, unmapped: nothing}}"
    assert observed(text, {"t": ["solved", "shut", "other"]}).triggers == (Trigger.CLOSED, Trigger.RESOLVED)
    assert observed(text, {"t": "solved"}).triggers == (Trigger.RESOLVED,)
    assert observed(text, {"t": []}).triggers == ()
    assert observed(text, {}).triggers is None


def test_posts_about_other_things_are_ignored() -> None:
    text = """
ignore:
  - {if: "!$.ticket", because: a test}
  - {header: X-Event, not_in: [ticket.saved], because: another event}
ticket: {id: $.ticket}
"""
    assert applied(text, {}) == Ignored("a test")
    assert applied(text, {"ticket": 1}, {"X-Event": "ticket.deleted"}) == Ignored("another event")
    assert applied(text, {"ticket": 1}) == Ignored("another event")
    assert isinstance(applied(text, {"ticket": 1}, {"X-Event": "ticket.saved"}), Mapped)


LOOKED_UP = """
ticket:
  id: x
  customer: $.customer
  product: $.product
  contract: [$.contract, {look_up: [customer, product]}]
"""


@pytest.mark.parametrize(
    ("payload", "contract"),
    [
        ({"customer": "acme", "product": "P-erp"}, "one"),
        ({"customer": "acme", "product": None, "contract": "C-9"}, "C-9"),
        ({"customer": "lab", "product": None}, "three"),
        ({"customer": "acme", "product": None}, None),
        ({"customer": "acme", "product": "P-none"}, None),
        ({"customer": None, "product": "P-crm"}, None),
        ({"customer": "gone", "product": None}, None),
    ],
)
def test_a_contract_is_looked_up_and_never_guessed(payload: dict[str, Any], contract: str | None) -> None:
    directory = contracts(
        one={"client": "acme", "products": ["P-erp"]},
        two={"client": "acme", "products": ["P-crm"]},
        three={"client": "holding", "beneficiaries": ["lab"]},
        four={"client": "gone", "valid_to": "2026-03-01"},
    )
    assert ticket(LOOKED_UP, payload, directory)["contract"] == contract


@pytest.mark.parametrize(
    ("created", "contract"),
    [("2026-02-10T00:00:00Z", "old"), ("2026-03-01T00:00:00Z", "new"), ("2025-01-01T00:00:00Z", None), (None, "new")],
)
def test_the_contract_is_that_of_the_time_at_which_the_ticket_was_created(
    created: str | None, contract: str | None
) -> None:
    text = "ticket: {id: x, customer: $.customer, contract: {look_up: [customer]}, created_at: $.created}"
    directory = contracts(
        old={"client": "acme", "valid_from": "2025-03-01", "valid_to": "2026-02-28"},
        new={"client": "acme", "valid_from": "2026-03-01"},
    )
    assert ticket(text, {"customer": "acme", "created": created}, directory)["contract"] == contract


def test_without_the_customer_nothing_is_said() -> None:
    directory = contracts(one={"client": "acme", "products": ["P-erp"]})
    assert "contract" not in ticket(LOOKED_UP, {"product": "P-erp"}, directory)


def test_a_post_that_leaves_out_the_product_says_the_one_contract_of_the_customer_or_nothing() -> None:
    one = {"client": "acme", "products": ["P-erp"]}
    assert ticket(LOOKED_UP, {"customer": "acme"}, contracts(one=one))["contract"] == "one"
    assert "contract" not in ticket(LOOKED_UP, {"customer": "acme"}, contracts(one=one, two=one))


def test_several_contracts_are_a_warning_without_values() -> None:
    directory = contracts(one={"client": "acme"}, two={"client": "acme"})
    result = applied(LOOKED_UP, {"customer": "acme", "product": None}, directory=directory)
    assert isinstance(result, Mapped)
    (warning,) = result.warnings
    assert str(warning) == (
        "ticket.contract: several contracts are in force in the directory for this customer: none is taken"
    )
    assert warning.value is None


def test_a_contract_is_looked_up_by_its_reference() -> None:
    directory = contracts(one={"reference": "CT-7"}, two={"reference": "CT-8"})
    text = "ticket: {id: x, contract: {from: $.c, look_up: [reference]}}"
    assert ticket(text, {"c": "CT-8"}, directory)["contract"] == "two"
    assert ticket(text, {"c": "CT-9"}, directory)["contract"] is None
    assert ticket(text, {"c": None}, directory)["contract"] is None
    assert "contract" not in ticket(text, {}, directory)


def test_the_source_is_that_of_the_file_or_its_name() -> None:
    assert mapping("ticket: {id: $.id}").source == "/desk"
    assert mapping("{source: /north, ticket: {id: $.id}}").source == "/north"
