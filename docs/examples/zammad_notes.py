"""Writes into each ticket of Zammad who was told by Tocsin, as an internal note: takes its webhooks, and verifies them.

Python 3.11 or later and `pip install standardwebhooks`:

    TOCSIN_SECRET=whsec_… ZAMMAD_URL=https://desk.example ZAMMAD_TOKEN=… python zammad_notes.py 127.0.0.1 8090

The token is one of Zammad's (Profile → Token Access) with the permission ticket.agent. Tell Tocsin of tickets:
docs/outcomes.md. Put a server with TLS in front where requests cross a network.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from standardwebhooks import Webhook, WebhookVerificationError

WEBHOOK = Webhook(os.environ["TOCSIN_SECRET"])
URL, TOKEN = os.environ["ZAMMAD_URL"], os.environ["ZAMMAD_TOKEN"]
MOST_BYTES, MOST_IDS = 1_000_000, 10_000
noted: dict[str, None] = {}  # ids of posts whose note is written: Tocsin posts at least once


def note(data):
    """The note's text: who was told, who was not and why, and for whom it waits."""

    def person(job):
        return job["person"]["name"] or f"{job['person']['kind']}/{job['person']['id']}"

    lines = [f"Told by {job['channel']}: {person(job)} ({job['trigger']})" for job in data["told"]]
    lines += [
        f"NOT told: {person(job)}: {job['state']}, {job['transition']} {job['reply'] or ''}".rstrip()
        for job in data["not_told"]
    ]
    lines += [f"Waits: {person(job)}: {job['state']}" for job in data["waiting"]]
    lines += [f"and {data['left_out']} more"] if data["left_out"] else []
    return "\n".join(lines)


def zammad(path, body=None):
    """One request to Zammad's API. Raises URLError."""
    headers = {"Authorization": f"Token token={TOKEN}", "Content-Type": "application/json"}
    content = None if body is None else json.dumps(body).encode()
    with urlopen(Request(f"{URL}/api/v1/{path}", content, headers), timeout=10) as answer:
        return json.load(answer)


def write_note(data):
    """Write the note into the ticket with this number. A note alerts nobody: it changes no status."""
    query = urlencode({"query": f"number:{data['ticket']['id']}", "limit": 1, "expand": "true"})
    for ticket in zammad(f"tickets/search?{query}"):
        article = {"ticket_id": ticket["id"], "subject": "Tocsin", "body": note(data), "type": "note"}
        zammad("ticket_articles", article | {"internal": True, "content_type": "text/plain"})


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 once the note is written; with anything else Tocsin posts again, under the same webhook-id."""

    timeout = 10

    def do_POST(self):
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), MOST_BYTES))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            post = WEBHOOK.verify(body, headers)  # signature and age; the raw body, as it came
        except WebhookVerificationError:
            return self.answer(401)
        if post["type"] == "ticket.told" and headers["webhook-id"] not in noted:
            try:
                write_note(post["data"])
            except URLError as error:
                self.log_error("Zammad: %s", error)
                return self.answer(502)
            noted[headers["webhook-id"]] = None
            if len(noted) > MOST_IDS:
                noted.pop(next(iter(noted)))
        return self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


if __name__ == "__main__":
    ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Receiver).serve_forever()
