"""`tocsin up --http`: what is posted becomes a message; who may post; one address or two."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from typer.testing import CliRunner

from adapters.mailbox.mailbox import HOST, Mailbox
from tests.support.helpdesk.files import created
from tests.support.intake.embedded import HEADERS, HOOK_SECRET, TOKEN, command, up
from tests.support.intake.service import a_free_address
from tocsin.cli.app import app
from tocsin.cli.console import WRONG_SETTINGS


async def test_what_is_posted_is_told_by_mail(tmp_path: Path) -> None:
    async with Mailbox(tmp_path / "mail") as mailbox:
        address = a_free_address()
        with up(tmp_path, address, "--smtp", f"{HOST}:{mailbox.port}", "--listen", address) as client:
            answer = await asyncio.to_thread(client.post, "/v1/events", headers=HEADERS, json=created(1))
            assert (answer.status_code, answer.json()) == (202, {"events": 1})
            assert await asyncio.wait_for(mailbox.wait_for(1), 60)
            # One address for both: probes and metrics are there, without a token.
            assert client.get("/metrics").status_code == 200
            assert client.get("/openapi.json").json()["openapi"] == "3.1.0"


async def test_what_is_asked_before_and_after_is_answered(tmp_path: Path) -> None:
    async with Mailbox(tmp_path / "mail") as mailbox:
        with up(tmp_path, a_free_address(), "--smtp", f"{HOST}:{mailbox.port}") as client:
            client.headers = httpx.Headers(HEADERS)
            posted = created(1)
            foreseen = client.post("/v1/decisions:preview", json=posted).json()["told"]
            assert [(one["person"]["id"], one["address"]) for one in foreseen] == [("ct-1", "ct-1@acme.example")]
            assert client.get("/v1/jobs").json()["jobs"] == []  # nothing of it was kept
            client.post("/v1/events", json=posted)
            await asyncio.wait_for(mailbox.wait_for(1), 60)
            job = await asyncio.to_thread(the_first, client, "jobs", "/v1/jobs?state=delivered")
            assert (job["subject"], job["ticket"]) == (foreseen[0]["subject"], "T-1")
            decision = await asyncio.to_thread(the_first, client, "decisions", "/v1/tickets/%2Fhelpdesk/T-1/decisions")
            assert [(one["job"], one["state"]) for one in decision["told"]] == [(job["id"], "delivered")]
            assert client.get(f"/v1/jobs/{job['id']}").json()["changes"][-1]["transition"] == "delivered"


def the_first(client: httpx.Client, what: str, path: str) -> dict[str, Any]:
    """Of a list, once it has one: what has happened is written down a moment later."""
    for _ in range(100):
        found: list[dict[str, Any]] = client.get(path).json()[what]
        if found:
            return found[0]
        time.sleep(0.1)
    raise AssertionError(f"{path} stays empty")


async def test_a_suppression_that_the_sender_has_just_made_is_foreseen(tmp_path: Path) -> None:
    async with Mailbox(tmp_path / "mail") as mailbox:
        with up(tmp_path, a_free_address(), "--smtp", f"{HOST}:{mailbox.port}") as client:
            client.headers = httpx.Headers(HEADERS)
            told = ["suppressions", "add", "--address", "ct-1@acme.example", "--data", str(tmp_path / "data")]
            assert CliRunner().invoke(app, told).exit_code == 0
            foreseen = client.post("/v1/decisions:preview", json=created(1)).json()
            while foreseen["told"]:
                await asyncio.sleep(0.1)
                foreseen = client.post("/v1/decisions:preview", json=created(1)).json()
            assert [one["reason"] for one in foreseen["not_told"] if one["person"]] == ["suppressed"]


async def test_what_a_helpdesk_posts_is_told_by_mail_once(tmp_path: Path) -> None:
    async with Mailbox(tmp_path / "mail") as mailbox:
        with up(tmp_path, a_free_address(), "--smtp", f"{HOST}:{mailbox.port}") as client:
            post = zammad_posts("T-81", "Nothing comes out")
            answers = [await asyncio.to_thread(client.post, "/v1/hooks/zammad", **post) for _ in range(2)]
            assert [(one.status_code, one.json()) for one in answers] == [(202, {"events": 1}), (202, {"events": 0})]
            [message] = await asyncio.wait_for(mailbox.wait_for(1), 60)
            assert "T-81" in message.path.read_text()
            forged = {**post, "content": post["content"].replace(b"Nothing", b"Anything")}
            assert client.post("/v1/hooks/zammad", **forged).status_code == 403
            assert client.post("/v1/hooks/jira", json={}).status_code == 503  # nobody has given it a secret
            assert client.post("/v1/hooks/zamad", json={}).status_code == 404


def zammad_posts(ticket: str, text: str) -> dict[str, Any]:
    """What Zammad posts of a ticket that was created just now, and signs with the hook's secret."""
    now = datetime.now(UTC).isoformat()
    article = {"id": 1, "internal": False, "body": f"<p>{text}</p>", "sender": "Customer"}
    told = {"number": ticket, "contract": "C-7", "title": text, "state": "new", "article_ids": [1], "updated_at": now}
    content = json.dumps({"ticket": told, "article": article}).encode()
    signature = hmac.digest(HOOK_SECRET.encode(), content, hashlib.sha1).hex()
    headers = {
        "Content-Type": "application/json",
        "X-Hub-Signature": f"sha1={signature}",
        "X-Zammad-Delivery": f"of {ticket}",
        "X-Zammad-Trigger": "Tocsin: created",
    }
    return {"content": content, "headers": headers}


def test_two_addresses_are_two_doors(tmp_path: Path) -> None:
    outer, inner = a_free_address(), a_free_address()
    with up(tmp_path, outer, "--listen", inner) as client:
        assert client.get("/livez").status_code == 200
        assert [client.get(path).status_code for path in ("/metrics", "/readyz")] == [404, 404]
        assert client.post("/v1/events", json=created(1)).status_code == 401
        inside = httpx.Client(base_url=f"http://{inner}")
        assert inside.get("/metrics").status_code == 200
        assert inside.post("/v1/events", headers=HEADERS, json=created(1)).status_code == 404
        inside.close()


def test_without_a_token_nobody_could_post_so_it_does_not_start(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, command(tmp_path, "--http", f"{HOST}:0"), env={"TOCSIN_HTTP_TOKEN": ""})
    assert result.exit_code == WRONG_SETTINGS
    assert "give one by TOCSIN_HTTP_TOKEN or TOCSIN_HTTP_TOKEN_FILE" in result.output


def test_an_address_that_is_taken_is_named_by_what_set_it(tmp_path: Path) -> None:
    with socket.socket() as bound:
        bound.bind((HOST, 0))
        bound.listen()
        taken = f"{HOST}:{bound.getsockname()[1]}"
        told = command(tmp_path, "--http", taken, "--listen", f"{HOST}:0")
        result = CliRunner().invoke(app, told, env={"TOCSIN_HTTP_TOKEN": TOKEN})
    assert f"--http: {taken} can't be listened on" in result.output
