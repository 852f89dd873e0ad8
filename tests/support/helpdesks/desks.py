"""Each helpdesk that a mapping is shipped for, with the life of one ticket there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from tests.support.helpdesks import signing
from tests.support.helpdesks.life import DESCRIPTION, NOTE, REPLY, TITLE, Desk, Step, iso, plain

_UPDATED: Final = {"X-Zammad-Trigger": "Tocsin: updated"}

ZAMMAD: Final = Desk(
    name="zammad",
    statuses=("new", "open", "closed"),
    hook="zammad",
    file="zammad-created.json",
    reference="10081",
    customer="3",
    names_contract={"$.ticket.contract": "C-zammad"},
    sign=signing.zammad,
    delivery="X-Zammad-Delivery",
    at=lambda time: {"$.ticket.updated_at": iso(time)},
    steps=[
        Step("creation", {}, "Opened", {"X-Zammad-Trigger": "Tocsin: created"}),
        Step(
            "reply",
            {"$.ticket.article_ids": [104, 105], "$.article.id": 105, "$.article.body": REPLY},
            headers=_UPDATED,
        ),
        Step(
            "note",
            {
                "$.ticket.article_ids": [104, 105, 106],
                "$.article.id": 106,
                "$.article.body": NOTE,
                "$.article.internal": True,
            },
            headers=_UPDATED,
        ),
        # The last article stands beside every change.
        Step("change", {"$.ticket.state": "open"}, "Status", _UPDATED),
        Step("closing", {"$.ticket.state": "closed"}, "Closed", _UPDATED),
        Step("test of the webhook", instead={"ping": True}, events=0),
    ],
)


def _glpi_followup(text: str, is_private: bool) -> Any:
    item = {"id": 9, "content": f"<p>{text}</p>", "is_private": is_private}
    return {"item": item, "parent_item": {"id": 412, "name": TITLE}, "event": "new"}


GLPI: Final = Desk(
    name="glpi",
    statuses=("new", "assigned", "closed"),
    hook="glpi",
    file="glpi-update.json",
    reference="412",
    customer="12",
    sign=signing.glpi,
    at=lambda time: {"$.item.date_mod": time.strftime("%Y-%m-%dT%H:%M:%S+00:00")},
    steps=[
        Step("creation", {"$.event": "new", "$.item.status.id": 1}, "Opened"),
        Step("reply", instead=_glpi_followup(REPLY, is_private=False), events=0),
        Step("note", instead=_glpi_followup(NOTE, is_private=True), events=0),
        Step("change", {"$.event": "update", "$.item.status.id": 2}, "Status"),
        Step("closing", {"$.item.status.id": 6}, "Closed"),
        Step("post that can't be read", instead={"item": {"id": [1], "status": {"id": 1}}, "event": "new"}, events=0),
    ],
)


def _jira_change(*changes: tuple[str, str | None, str | None]) -> dict[str, Any]:
    items = [
        {"field": name, "fieldtype": "jira", "from": before, "fromString": before, "to": now, "toString": now}
        for name, before, now in changes
    ]
    return {"$.webhookEvent": "jira:issue_updated", "$.changelog": {"id": "1", "items": items}}


def _cloud_comment(text: str, is_public: bool) -> Any:
    comment = {"id": "1", "body": text, "jsdPublic": is_public}
    return {"timestamp": 1, "webhookEvent": "comment_created", "comment": comment, "issue": {"id": "1", "key": "SUP-1"}}


_JIRA_CREATED: Final = {
    "$.webhookEvent": "jira:issue_created",
    "$.issue.fields.description": DESCRIPTION,
    "$.issue.fields.resolution": None,
    "$.issue.fields.status.name": "Waiting for support",
    "$.changelog": None,
}
_JIRA_CLOSED: Final = {
    **_jira_change(("resolution", None, "Done"), ("status", "In Progress", "Closed")),
    "$.issue.fields.resolution": {"id": "10000", "name": "Done"},
    "$.issue.fields.status.name": "Closed",
}

JIRA_CLOUD: Final = Desk(
    name="jira-cloud",
    statuses=("Waiting for support", "In Progress", "Closed"),
    hook="jira",
    file="jira-updated.json",
    reference="SUP-154",
    customer="7",
    sign=signing.jira,
    delivery="X-Atlassian-Webhook-Identifier",
    at=lambda time: {"$.timestamp": int(time.timestamp() * 1_000)},
    steps=[
        Step("creation", _JIRA_CREATED, "Opened"),
        Step("reply", instead=_cloud_comment(REPLY, is_public=True), events=0),
        Step("note", instead=_cloud_comment(NOTE, is_public=False), events=0),
        Step(
            "change",
            {
                **_jira_change(("status", "Waiting for support", "In Progress")),
                "$.issue.fields.status.name": "In Progress",
            },
            "Status",
        ),
        Step("closing", _JIRA_CLOSED, "Closed"),
        Step("another event", instead={"timestamp": 1, "webhookEvent": "user_created", "user": {}}, events=0),
    ],
)

JIRA_DATA_CENTER: Final = Desk(
    name="jira-data-center",
    statuses=("Waiting for support", "In Progress", "Closed"),
    hook="jira",
    file="jira-data-center-commented.json",
    reference="DESK-12",
    customer="8",
    sign=signing.jira,
    at=lambda time: {"$.timestamp": int(time.timestamp() * 1_000)},
    steps=[
        Step("creation", {**_JIRA_CREATED, "$.comment": None}, "Opened"),
        # Data Center posts comments as updates of their issue, without a list of changes.
        Step("reply", {"$.webhookEvent": "jira:issue_updated", "$.comment": {"id": "10100", "body": REPLY}}),
        Step(
            "note",
            {
                "$.comment": {
                    "id": "10101",
                    "body": NOTE,
                    "properties": [{"key": "sd.public.comment", "value": {"internal": True}}],
                }
            },
        ),
        Step(
            "change",
            {
                **_jira_change(("status", "Waiting for support", "In Progress")),
                "$.issue.fields.status.name": "In Progress",
            },
            "Status",
        ),
        Step("closing", _JIRA_CLOSED, "Closed"),
    ],
)


def _zendesk(event: str, number: int, **says: Any) -> dict[str, Any]:
    return {"$.type": f"zen:event-type:ticket.{event}", "$.id": f"cbe4028c-{number}", "$.event": says}


def _comment(text: str, is_public: bool) -> dict[str, Any]:
    return {"comment": {"id": "9", "body": text, "is_public": is_public, "author": {"id": "1", "is_staff": True}}}


ZENDESK: Final = Desk(
    name="zendesk",
    statuses=("new", "open", "closed"),
    hook="zendesk",
    file="zendesk-status-changed.json",
    reference="5158",
    customer="8447346622462",
    names_contract={"$.detail.external_id": "C-zendesk"},
    sign=signing.zendesk,
    at=lambda time: {"$.detail.updated_at": time.strftime("%Y-%m-%dT%H:%M:%SZ"), "$.time": iso(time)},
    steps=[
        Step("creation", {**_zendesk("created", 1), "$.detail.status": "NEW"}, "Opened"),
        Step("reply", _zendesk("comment_added", 2, **_comment(REPLY, is_public=True)), events=0),
        Step("note", _zendesk("comment_added", 3, **_comment(NOTE, is_public=False)), events=0),
        Step(
            "change",
            {**_zendesk("status_changed", 4, current="OPEN", previous="NEW"), "$.detail.status": "OPEN"},
            "Status",
        ),
        Step(
            "closing",
            {**_zendesk("status_changed", 5, current="CLOSED", previous="OPEN"), "$.detail.status": "CLOSED"},
            "Closed",
        ),
    ],
)

_FRESHDESK: Final = {"X-Tocsin-Moment": "updated"}

FRESHDESK: Final = Desk(
    name="freshdesk",
    statuses=("open", "pending", "closed"),
    hook="freshdesk",
    file="freshdesk-updated.json",
    reference="2048",
    customer="ACME",
    names_contract={"$.freshdesk_webhook.ticket_cf_contract": "C-freshdesk"},
    sign=signing.token,
    at=lambda _time: {},
    steps=[
        Step("creation", {"$.freshdesk_webhook.ticket_status": "Open"}, "Opened", {"X-Tocsin-Moment": "created"}),
        Step("reply", {"$.freshdesk_webhook.ticket_latest_public_comment": f"Li Wei : {REPLY}"}, headers=_FRESHDESK),
        Step("note", {"$.freshdesk_webhook.ticket_latest_private_comment": f"Li Wei : {NOTE}"}, headers=_FRESHDESK),
        Step("change", {"$.freshdesk_webhook.ticket_status": "Pending"}, "Status", _FRESHDESK),
        Step("closing", {"$.freshdesk_webhook.ticket_status": "Closed"}, "Closed", _FRESHDESK),
    ],
)


def _thread(number: int, kind: str, text: str) -> dict[str, Any]:
    return {"id": number, "type": kind, "status": "active", "state": "published", "body": f"<div>{text}<br></div>"}


_THREADS: Final = "$._embedded.threads"
_WRITTEN: Final = [_thread(62, "message", REPLY), _thread(61, "customer", DESCRIPTION)]

FREESCOUT: Final = Desk(
    name="freescout",
    statuses=("active", "pending", "closed"),
    hook="freescout",
    file="freescout-created.json",
    reference="28",
    customer="14",
    names_contract={"$.customFields": [{"id": 3, "name": "Contract", "value": "C-freescout", "text": ""}]},
    sign=signing.freescout,
    at=lambda time: {"$.updatedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ")},
    steps=[
        Step("creation", {}, "Opened", {"X-FreeScout-Event": "convo.created"}),
        Step("reply", {_THREADS: _WRITTEN}, headers={"X-FreeScout-Event": "convo.agent.reply.created"}),
        Step(
            "note",
            {_THREADS: [_thread(63, "note", NOTE), *_WRITTEN], "$.preview": NOTE},
            headers={"X-FreeScout-Event": "convo.note.created"},
        ),
        Step("change", {"$.status": "pending"}, "Status", {"X-FreeScout-Event": "convo.status"}),
        Step("closing", {"$.status": "closed"}, "Closed", {"X-FreeScout-Event": "convo.status"}),
        Step("new customer", headers={"X-FreeScout-Event": "customer.created"}, instead={"id": 14}, events=0),
    ],
)

OSTICKET: Final = Desk(
    name="osticket",
    statuses=("Open", "Waiting", "Closed"),
    hook="osticket",
    file="osticket-created.json",
    reference="482913",
    customer="5",
    names_contract={"$.ticket.contract": "C-osticket"},
    sign=signing.token,
    at=lambda time: {"$.ticket.updated": plain(time)},
    steps=[
        Step("creation", {}, "Opened"),
        # The plugin posts that the ticket was saved, and of its thread the first message alone.
        Step("reply", {"$.event": "updated"}),
        Step("note", {"$.ticket.note": NOTE}),
        Step("change", {"$.ticket.status": {"name": "Waiting", "state": "open"}}, "Status"),
        Step("closing", {"$.ticket.status": {"name": "Closed", "state": "closed"}}, "Closed"),
    ],
)


def _mod(count: int) -> dict[str, Any]:
    return {"$.delivery": f"9d385017c611228701d22104cc95c371-{count}"}


SERVICENOW: Final = Desk(
    name="servicenow",
    statuses=("new", "in_progress", "closed"),
    hook="servicenow",
    file="servicenow-update.json",
    reference="INC0010042",
    customer="31bea3d53790200044e0bfc8bcbe5dec",
    names_contract={
        "$.current.contract": "C-servicenow",
        "$.current.business_service": "",
        "$.current.close_notes": "",
    },
    sign=signing.token,
    at=lambda time: {"$.current.sys_updated_on": plain(time)},
    steps=[
        Step("creation", {**_mod(0), "$.operation": "insert", "$.previous": None, "$.current.state": "1"}, "Opened"),
        Step("reply", {**_mod(1), "$.operation": "update", "$.previous": {}, "$.current.comments": REPLY}),
        Step("note", {**_mod(2), "$.current.work_notes": NOTE}),
        Step("change", {**_mod(3), "$.previous": {"state": "1"}, "$.current.state": "2"}, "Status"),
        Step("closing", {**_mod(4), "$.previous": {"state": "2"}, "$.current.state": "7"}, "Closed"),
    ],
)

GENERIC: Final = Desk(
    name="generic",
    statuses=("new", "waiting", "closed"),
    hook="generic",
    file="generic-created.json",
    reference="2026-77",
    customer="generic-customer",
    names_contract={"$.customer": "generic-customer"},
    sign=signing.token,
    delivery="Idempotency-Key",
    at=lambda time: {"$.time": iso(time)},
    steps=[
        Step("creation", {}, "Opened"),
        Step("reply", {"$.moment": "updated", "$.last_reply": REPLY}),
        # Colleagues read internal notes in their messages.
        Step("note", {"$.internal_notes": NOTE}),
        Step("change", {"$.status": "waiting"}, "Status"),
        Step("closing", {"$.status": "closed", "$.resolved": True, "$.closed": "1"}, "Closed"),
    ],
)

GENERIC_FORM: Final = replace(
    GENERIC,
    name="generic-form",
    reference="2026-78",
    names_contract={"$.id": 78, "$.reference": "2026-78", "$.customer": "form-customer"},
    customer="form-customer",
    is_form=True,
)

DESKS: Final = {
    desk.name: desk
    for desk in (
        ZAMMAD,
        GLPI,
        JIRA_CLOUD,
        JIRA_DATA_CENTER,
        ZENDESK,
        FRESHDESK,
        FREESCOUT,
        OSTICKET,
        SERVICENOW,
        GENERIC,
        GENERIC_FORM,
    )
}
