"""Tells Tocsin of a new ticket over HTTP: asks who will be told, posts the event, and follows each message.

Python 3.11 or later, nothing else:

    TOCSIN_URL=http://127.0.0.1:8080 TOCSIN_TOKEN=… python helpdesk.py

The token needs the scopes events:write, decisions:read and jobs:read.
"""

import json
import os
import time
import uuid
from datetime import UTC, datetime
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

URL, TOKEN = os.environ["TOCSIN_URL"], os.environ["TOCSIN_TOKEN"]

TICKET = {
    "id": "T-1042",
    "contract": "C-7",
    "customer": "acme",
    "title": "Invoices do not print",
    "external_description": "Since this morning nothing prints.",
    "status": "new",
    "resolution_marked": False,
    "closed_for_customer": False,
}
DONE = {"delivered", "failed", "expired", "dropped", "cancelled", "withdrawn"}


def call(path, body=None, content_type="application/json"):
    """The answer, as data. What is wrong comes as a problem (RFC 9457)."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": content_type}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(URL + path, data, headers), timeout=30) as answer:
            return json.load(answer)
    except HTTPError as error:
        raise SystemExit(f"{path}: {error.code} {error.read().decode()}") from None


def person(one):
    return f"{one['person']['kind']}/{one['person']['id']} by {one['channel']}"


# Before the ticket is saved it has no id: who will be told?
form = {name: value for name, value in TICKET.items() if name != "id"}
for one in call("/v1/decisions:preview", {"ticket": form})["told"]:
    print(f"will be told: {person(one)}, {one['trigger']}")

# It is saved, so the event is posted. The same source and id, posted again, would alert nobody a second time.
event = {
    "specversion": "1.0",
    "id": str(uuid.uuid4()),
    "source": "/helpdesk",
    "type": "ticket.saved",
    "time": datetime.now(UTC).isoformat(),
    "data": {"ticket": TICKET, "previous": None},
}
print("posted:", call("/v1/events", event, "application/cloudevents+json")["events"])

# What becomes of each message? Decisions and messages come some moments later.
jobs = []
for _ in range(240):
    jobs = [
        one for one in call("/v1/jobs?" + urlencode({"ticket": TICKET["id"]}))["jobs"] if one["event"] == event["id"]
    ]
    if jobs and all(one["state"] in DONE for one in jobs):
        break
    time.sleep(0.25)
for one in jobs:
    print(f"{one['state']}: {person(one)}, job {one['id']}")
