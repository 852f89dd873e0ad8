"""Two decisions held against each other: nothing that a person would notice goes by unseen."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from engine.decide import Decision
from tests.support.helpdesk.events import Helpdesk, email, fax, rules, saved
from tocsin.authoring.diff import tally as tallying
from tocsin.authoring.diff.changes import Change, ChangeKind, changes
from tocsin.authoring.diff.tally import OTHERS, Tally

AS_IT_IS_MADE = ("rules", "categories", "rulebook", "created")
"""What a job says of how it came about, and nobody reads."""


def messages(decision: Decision) -> list[dict[str, Any]]:
    plain = [msgspec.structs.asdict(job) for job in decision.jobs]
    return sorted(
        ({k: v for k, v in job.items() if k not in AS_IT_IS_MADE} for job in plain), key=lambda job: str(job["id"])
    )


RULES = st.lists(
    st.fixed_dictionaries(
        {"for": st.sampled_from(["product.contacts", "contract.collaborators", "product.collaborators"])},
        optional={
            "on": st.sampled_from([["opened"], ["closed", "status_changed"]]),
            "if": st.sampled_from(['ticket.priority == "high"', 'person.language == "fr"']),
            "instead_of": st.sampled_from(["product-contacts", "contract-collaborators"]),
            "send": st.sampled_from(
                [{"channels": ["fax"]}, {"keyword": "[X]"}, {"format": "text"}, {"languages": ["fr", "en"]}]
            ),
        },
    ),
    max_size=2,
)
SETTINGS = st.sampled_from([{}, {"statuses": {"in_progress": {"en": "On it"}}}, {"deliver_within_hours": 5}])


def book(own: list[dict[str, Any]], settings: dict[str, Any]) -> Any:
    named = [{"rule": f"own-{number}", **rule} for number, rule in enumerate(own)]
    audience = {"product-contacts": "contacts", "contract-collaborators": "collaborators"}
    for rule in named:
        if not str(rule["for"]).endswith(audience.get(str(rule.get("instead_of")), "")):
            del rule["instead_of"]
    return rules(settings, *named)


@given(RULES, SETTINGS, RULES, SETTINGS, st.sampled_from([None, {"status": "new"}]), st.sampled_from(["high", "low"]))
def test_something_changes_exactly_where_a_message_differs(
    old: list[Any], old_settings: Any, new: list[Any], new_settings: Any, previous: Any, priority: str
) -> None:
    desk = Helpdesk()
    desk.contact("ct", "product/P-erp", modes=[email("a@acme.example"), fax("+33140000001")])
    desk.collaborator("co", "product/P-erp", "contract/C-7", language="fr")
    event = saved(previous, {"priority": priority})
    before, after = desk.decide(event, book(old, old_settings)), desk.decide(event, book(new, new_settings))
    assert bool([*changes(before, after)]) is (messages(before) != messages(after))


def test_counters_are_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr(tallying, "MOST_KEYS", 2)
    monkeypatch.setattr(tallying, "MOST_PEOPLE", 2)
    desk = Helpdesk()
    for number in range(4):
        desk.contact(f"ct-{number}", "product/P-erp")
    decision = desk.decide(saved(None))
    tally = Tally(examples=3)
    for number in range(5):
        event = saved(None, {"contract": f"C-{number}"})
        lost = [Change(ChangeKind.LOSES, job.person, job, None) for job in decision.jobs]
        tally.add(event, lost, lambda _: None)
    loses = tally.kinds[ChangeKind.LOSES]
    assert loses.contracts == {"C-0": 4, "C-1": 4, OTHERS: 12}
    assert (loses.messages, len(loses.people), len(loses.examples)) == (20, 2, 3)
