"""What the shipped mappings make of a ticket's life, post by post: the triggers that its events raise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.mapping_files.folder import SHIPPED_MAPPINGS
from adapters.mapping_files.load import load_mapping
from engine.stages.s1_triggers import raised_triggers
from intake.mappings.mapping import Mapped
from intake.mappings.paths import Path
from intake.states.judgement import judge
from intake.states.ticket_state import TicketState
from schemas.event import read_event
from tests.support.intake.mappings import RECEIVED, applied, contracts

Change = Mapping[str, Any]
Step = tuple[Mapping[str, str], Change, list[str]]
"""Headers of a post, what differs from the shipped one, and the triggers that must come of it."""

ZENDESK = "zen:event-type:ticket."
SOLVED = {"field": "resolution", "from": None, "fromString": None, "to": "1", "toString": "Done"}
MOVED = {"field": "status", "from": "3", "fromString": "In Progress", "to": "5", "toString": "Resolved"}
CLOSED = {"field": "status", "from": "5", "fromString": "Resolved", "to": "6", "toString": "Closed"}

SAME_SAVE: Mapping[str, str] = {"x-test": "the post is about the same save as the one before"}

LIVES: dict[str, tuple[str, list[Step]]] = {
    "zammad": (
        "zammad-created.json",
        [
            ({"X-Zammad-Trigger": "Tocsin: created"}, {}, ["opened"]),
            ({"X-Zammad-Trigger": "Tocsin: updated"}, {"$.ticket.state": "open"}, ["status_changed"]),
            (
                {"X-Zammad-Trigger": "Tocsin: updated"},
                {"$.ticket.state": "closed", "$.article": None},
                ["closed", "resolved", "status_changed"],
            ),
        ],
    ),
    "glpi": (
        "glpi-update.json",
        [
            ({}, {"$.event": "new", "$.item.status.id": 1, "$.item.content": ""}, []),
            ({}, {"$.item.status.id": 1}, ["opened"]),
            ({}, {"$.item.status.id": 5}, ["resolved", "status_changed"]),
            ({}, {"$.item.status.id": 6}, ["closed", "status_changed"]),
        ],
    ),
    "jira": (
        "jira-updated.json",
        [
            (
                {},
                {
                    "$.webhookEvent": "jira:issue_created",
                    "$.issue.fields.resolution": None,
                    "$.issue.fields.status.name": "In Progress",
                },
                ["opened"],
            ),
            ({}, {"$.changelog.items": [SOLVED, MOVED]}, ["resolved", "status_changed"]),
            ({}, {"$.changelog.items": [{"field": "labels", "from": None, "to": None}]}, []),
            ({}, {"$.issue.fields.status.name": "Closed", "$.changelog.items": [CLOSED]}, ["closed", "status_changed"]),
        ],
    ),
    "zendesk": (
        "zendesk-status-changed.json",
        [
            ({}, {"$.type": f"{ZENDESK}created", "$.detail.status": "NEW", "$.event": {}}, ["opened"]),
            # One save, two posts, each with the whole ticket: the change of the status is told once.
            ({}, {"$.type": f"{ZENDESK}priority_changed", "$.event.previous": "LOW"}, ["resolved", "status_changed"]),
            (SAME_SAVE, {"$.event.previous": "NEW"}, []),
            ({}, {"$.detail.status": "CLOSED", "$.event.previous": "SOLVED"}, ["closed", "status_changed"]),
        ],
    ),
    "freshdesk": (
        "freshdesk-updated.json",
        [
            ({"X-Tocsin-Moment": "created"}, {"$.freshdesk_webhook.ticket_status": "Open"}, ["opened"]),
            ({"X-Tocsin-Moment": "updated"}, {}, ["resolved", "status_changed"]),
            (
                {"X-Tocsin-Moment": "updated"},
                {"$.freshdesk_webhook.ticket_status": "Closed"},
                ["closed", "status_changed"],
            ),
        ],
    ),
    "freescout": (
        "freescout-created.json",
        [
            ({"X-FreeScout-Event": "convo.created"}, {}, ["opened"]),
            (
                {"X-FreeScout-Event": "convo.status"},
                {"$.status": "closed", "$._embedded.threads": []},
                ["closed", "resolved", "status_changed"],
            ),
        ],
    ),
    "osticket": (
        "osticket-created.json",
        [
            ({}, {}, ["opened"]),
            (
                {},
                {"$.event": "updated", "$.ticket.status": {"name": "Done", "state": "resolved"}},
                ["resolved", "status_changed"],
            ),
        ],
    ),
    "servicenow": (
        "servicenow-update.json",
        [
            ({}, {"$.operation": "insert", "$.previous": None, "$.current.state": "1"}, ["opened"]),
            ({}, {"$.previous": {"state": "1"}}, ["resolved", "status_changed"]),
            ({}, {"$.current.state": "7", "$.previous": {"state": "6"}}, ["closed", "status_changed"]),
        ],
    ),
}


def changed(payload: Any, changes: Change) -> Any:
    for at, value in changes.items():
        place = payload
        steps = Path(at).steps or ()
        for step in steps[:-1]:
            place = place[step]
        place[steps[-1]] = value
    return payload


@pytest.mark.parametrize("name", LIVES)
def test_a_ticket_from_its_first_post_to_its_last(name: str) -> None:
    file, steps = LIVES[name]
    mapping = load_mapping(SHIPPED_MAPPINGS / f"{name}.yaml")
    directory = contracts(one={"client": "12"}, two={"client": "7"})
    state: TicketState | None = None
    saved = RECEIVED
    for number, (headers, changes, expected) in enumerate(steps):
        payload = changed(json.loads((SHIPPED_MAPPINGS / "posts" / file).read_text()), changes)
        result = applied(mapping, payload, headers, directory)
        assert isinstance(result, Mapped)
        received = RECEIVED + timedelta(minutes=number)
        saved = saved if headers is SAME_SAVE else received
        judged = judge(replace(result.observation, time=saved), state, str(number), received)
        state = judged.state
        event = read_event(judged.event, received)
        assert list(raised_triggers(event)) == expected, f"post {number + 1}"


def test_every_shipped_mapping_has_a_life() -> None:
    assert {*LIVES, "generic"} == {file.stem for file in SHIPPED_MAPPINGS.glob("*.yaml") if ".test" not in file.name}
