"""The page to opt out, over real HTTP: only a POST does it, whatever fetches its links."""

from __future__ import annotations

import gzip
import hashlib
import re
import subprocess
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.sqlite.ledger import SqliteLedger
from adapters.web.client_rates import Limit
from adapters.web.limits import ServerLimits
from adapters.web.opt_out import MAX_BODY, opt_out_application
from adapters.web.serving import serving
from schemas.directory import SuppressionRecord
from schemas.job import PersonRef
from schemas.vocabulary import Channel, PersonKind, Trigger
from sender.ledger.port import LedgerUnavailableError
from sender.suppressions.opt_out import OptOut, OptOutRequest, OptOutTokens, OptOutWriter
from tests.support.http.clients import Clients, status
from tests.support.mail.messages import a_job, as_read, compose
from tests.support.required import required_browser
from tests.support.sender.fakes import FakeClock

NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
TOKENS = OptOutTokens(["a secret of the tests"])
FRENCH = OptOutRequest(PersonKind.CONTACT, "ct-1", Channel.EMAIL, (Trigger.OPENED,), "fr")


class Kept:
    """Keeps suppressions, or fails."""

    def __init__(self) -> None:
        self.records: dict[str, SuppressionRecord] = {}
        self.fails = False

    def suppress(self, records: Sequence[SuppressionRecord], now: datetime) -> int:
        if self.fails:
            raise LedgerUnavailableError("ledger_locked", "the ledger is locked")
        new = {record.id: record for record in records if record.id not in self.records}
        self.records |= {record.id: record for record in records}
        return len(new)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def base(kept: Kept) -> Iterator[str]:
    with serving(opt_out_application(TOKENS, kept, FakeClock(NOW)), "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


def page(base: str, request: OptOutRequest = FRENCH) -> str:
    return f"{base}/u/{TOKENS.write(request)}"


async def test_a_get_asks_and_changes_nothing(base: str, kept: Kept, client: httpx.AsyncClient) -> None:
    answer = await client.get(page(base))
    text = answer.text

    assert answer.status_code == 200
    assert '<html lang="fr">' in text
    assert "courriel" in text
    assert "ouverture de demandes d\u2019assistance" in text
    assert '<form method="post">' in text
    assert kept.records == {}


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {},
    ],
    ids=["one click", "one click as multipart", "the page's form"],
)
async def test_a_post_does_it_and_says_so(
    base: str, kept: Kept, client: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    answer = await client.post(page(base), **body)
    text = answer.text

    assert answer.status_code == 200
    assert "C\u2019est fait" in text
    (record,) = kept.records.values()
    assert (record.id, record.person, record.channel, record.triggers, record.reason, record.until) == (
        *("contact/ct-1/email/opened", "contact/ct-1", Channel.EMAIL),
        *(["opened"], "opted_out", None),
    )


async def test_a_post_may_come_again(base: str, kept: Kept, client: httpx.AsyncClient) -> None:
    for _ in range(3):
        answer = await client.post(page(base), data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    assert len(kept.records) == 1


async def test_doing_it_again_writes_nothing(tmp_path: Path, client: httpx.AsyncClient) -> None:
    ledger, clock = SqliteLedger(tmp_path / "tocsin.db"), FakeClock(NOW)
    with serving(opt_out_application(TOKENS, ledger, clock), "127.0.0.1", 0) as port:
        for _ in range(20):
            answer = await client.post(page(f"http://127.0.0.1:{port}"))
            assert answer.status_code == 200
            clock.advance(timedelta(seconds=1))

    assert len(ledger.outbox(100)) == 1
    (record,) = ledger.suppressions(10)
    assert record.since == "2026-03-02T09:15:00Z"
    ledger.close()


async def test_one_address_may_ask_only_so_often(kept: Kept, client: httpx.AsyncClient) -> None:
    limit = Limit(rate=0.1)
    with serving(opt_out_application(TOKENS, kept, FakeClock(NOW), limit), "127.0.0.1", 0) as port:
        base = f"http://127.0.0.1:{port}"

        async def posted(address: str | None, url: str = page(base)) -> int:
            headers = {} if address is None else {"X-Forwarded-For": address}
            answer = await client.post(url, headers=headers)
            assert answer.status_code != 429 or int(answer.headers["Retry-After"]) in range(1, 11)
            return answer.status_code

        # 20 seconds' worth are two. What anybody wrote into the header before the proxy did counts for nothing.
        assert [await posted(f"192.0.2.{one}, 198.51.100.7") for one in range(4)] == [200, 200, 429, 429]
        assert await posted("203.0.113.9") == 200
        # The control, and what a proxy is that doesn't tell who asks: nobody is limited.
        assert [await posted(None) for _ in range(4)] == [200] * 4
        answer = await client.get(f"{base}/livez", headers={"X-Forwarded-For": "198.51.100.7"})
        assert answer.status_code == 200


async def test_a_mail_scanner_that_fetches_every_link_opts_nobody_out(
    base: str, kept: Kept, client: httpx.AsyncClient
) -> None:
    settings = OptOut(base, "unsubscribe@desk.example", ("a secret of the tests",))
    link = OptOutWriter(settings).links(a_job(), [Trigger.OPENED]).page
    mail = as_read(compose(a_job(), opt_out=settings).mail.content)
    links = {found for text in (mail.text, mail.html or "") for found in re.findall(r"http://127[^\s\"]+", text)}

    assert links == {link}
    for link in links:
        for method in ("HEAD", "GET", "OPTIONS", "PUT", "DELETE"):
            answer = await client.request(method, link)
            assert answer.status_code in ((200,) if method in ("HEAD", "GET") else (405,))
    assert kept.records == {}
    # The control: the same links do opt out.
    for link in links:
        answer = await client.post(link)
        assert answer.status_code == 200
    assert kept.records


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_a_token_that_is_none_of_ours_is_not_found(
    base: str, kept: Kept, client: httpx.AsyncClient, method: str
) -> None:
    forged = OptOutTokens(["another secret of it"]).write(FRENCH)
    for path in (f"/u/{forged}", "/u/x", "/u/" + "a" * 3_000, "/u/%00", "/u/", "/", "/u/a/b"):
        answer = await client.request(method, base + path)
        assert answer.status_code == 404
        assert len(answer.text) < 40
    assert kept.records == {}


async def test_where_the_ledger_fails_it_is_to_be_tried_again(base: str, kept: Kept, client: httpx.AsyncClient) -> None:
    kept.fails = True
    answer = await client.post(page(base))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "300"
    assert "locked" not in answer.text
    kept.fails = False
    answer = await client.post(page(base))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"List-Unsubscribe=One-Click", mtime=0)),
        ("gzip", gzip.compress(b"x" * 10_000_000, mtime=0)),
        ("gzip", b"this is no gzip"),
        ("deflate", b"nor this"),
        ("br", b"\x0b\x0c\x80List"),
        ("zstd", b"List-Unsubscribe=One-Click"),
        ("gzip, foo", b""),
    ],
)
async def test_a_post_may_have_any_content_encoding(
    base: str, kept: Kept, client: httpx.AsyncClient, encoding: str, body: bytes
) -> None:
    for _ in range(2):
        answer = await client.post(page(base), content=body, headers={"Content-Encoding": encoding})
        assert answer.status_code == 200
    assert len(kept.records) == 1


async def test_a_large_body_is_refused(base: str, kept: Kept, client: httpx.AsyncClient) -> None:
    answer = await client.post(page(base), content=b"x" * (MAX_BODY + 1))
    assert answer.status_code == 413
    assert kept.records == {}


def test_a_body_that_does_not_end_is_given_up(kept: Kept) -> None:
    application = opt_out_application(TOKENS, kept, FakeClock(NOW))
    with serving(application, "127.0.0.1", 0, ServerLimits(body=0.05)) as port:
        post = f"POST {page('')} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
        client = Clients()
        assert status(client(port, post.encode()).answer()) == 408
        client.close()
    assert kept.records == {}


async def test_every_answer_has_the_headers_and_no_cookie(base: str, client: httpx.AsyncClient) -> None:
    for method, url in (("GET", page(base)), ("POST", page(base)), ("GET", base + "/u/x"), ("PUT", page(base))):
        answer = await client.request(method, url)
        headers = answer.headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Server"] == "tocsin"
        assert "Set-Cookie" not in headers


async def test_the_policy_lets_the_style_of_the_page_through_and_no_other(base: str, client: httpx.AsyncClient) -> None:
    answer = await client.get(page(base))
    style = answer.text.partition("<style>")[2].partition("</style>")[0]
    policy = answer.headers["Content-Security-Policy"]
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in policy


async def test_nothing_of_a_token_is_shown(base: str, client: httpx.AsyncClient) -> None:
    request = OptOutRequest(PersonKind.CONTACT, "<script>alert(1)</script>", Channel.EMAIL, (Trigger.OPENED,), "<b>")
    answer = await client.get(page(base, request))
    text = answer.text
    assert '<html lang="en">' in text
    assert "alert" not in text


async def test_on_a_real_ledger_an_opt_out_stands_for_the_persons_next_jobs(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    ledger = SqliteLedger(tmp_path / "tocsin.db")
    request = OptOutRequest(PersonKind.CONTACT, "p-1", Channel.EMAIL, (Trigger.OPENED,), "en")
    with serving(opt_out_application(TOKENS, ledger, FakeClock(NOW)), "127.0.0.1", 0) as port:
        answer = await client.post(page(f"http://127.0.0.1:{port}", request))
        assert answer.status_code == 200

    person = PersonRef(PersonKind.CONTACT, "p-1")
    jobs = [
        a_job(id="1" * 32, person=person, ticket="T-1"),
        a_job(id="2" * 32, person=person, trigger=Trigger.CLOSED, ticket="T-2"),
    ]
    ledger.accept(jobs, NOW)
    found = [ledger.find(job.id) for job in jobs]
    standing = [entry is not None and ledger.suppressing(entry, NOW) is not None for entry in found]
    assert standing == [True, False]
    ledger.close()


def test_a_browser_shows_the_page_and_opts_nobody_out(base: str, kept: Kept, tmp_path: Path) -> None:
    command = [
        required_browser(),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--dump-dom",
        f"--user-data-dir={tmp_path}",
    ]
    shown = subprocess.run([*command, page(base)], capture_output=True, text=True, timeout=60, check=True)

    assert "Ne plus recevoir ces messages" in shown.stdout
    assert kept.records == {}
