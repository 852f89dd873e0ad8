"""One try by HTTP against real servers: every outcome is an answer, in a bounded time, and nothing else is asked."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.webhooks.poster import HttpPoster, NoAuthoritiesError
from outcomes.endpoint import Endpoint
from outcomes.retries import Answer, Verdict
from outcomes.signing import signed_headers
from tests.support.http.receivers import Answering, Receiver, receiving
from tests.support.mail.smtp_certificates import authority, server_context
from tests.support.outcomes import an_endpoint
from tocsin.clock import SystemClock

BODY = b'{"type":"job.delivered"}'
LIMIT = timedelta(seconds=1)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(Receiver()) as made:
        yield made


async def post(endpoint: Endpoint, tries: int = 1, limit: timedelta = LIMIT) -> Answer:
    poster = HttpPoster([endpoint], "0.1", SystemClock(), limit=limit)
    try:
        headers = signed_headers("msg_1", datetime.now(UTC), BODY, endpoint.secrets)
        *_, answer = [await poster.post(endpoint, headers, BODY) for _ in range(tries)]
    finally:
        await poster.close()
    return answer


async def test_what_is_taken_verifies_and_says_who_posts(receiver: Receiver) -> None:
    answer = await post(an_endpoint(url=receiver.url), tries=3)
    assert answer == Answer(204)
    [one, *_] = receiver.received
    assert (one.id, one.body) == ("msg_1", {"type": "job.delivered"})
    assert one.headers["content-type"] == "application/json"
    assert one.headers["user-agent"] == "tocsin/0.1"
    assert receiver.connections == 1


@pytest.mark.parametrize("status", [200, 400, 404, 410, 429, 500, 503])
async def test_a_status_is_the_answer(receiver: Receiver, status: int) -> None:
    receiver.rest = Answering(status, {"retry-after": "7"})
    answer = await post(an_endpoint(url=receiver.url))
    assert (answer.status, answer.retry_after) == (status, timedelta(seconds=7))


async def test_a_time_to_wait_may_be_a_date(receiver: Receiver) -> None:
    receiver.rest = Answering(503, {"retry-after": "Fri, 31 Dec 2100 23:59:59 GMT"})
    asked = (await post(an_endpoint(url=receiver.url))).retry_after
    assert asked is not None
    assert asked > timedelta(days=365)


@pytest.mark.parametrize("value", ["soon", "-5", "9" * 400, "٣", "Fri, 99 Dec 2100"])
async def test_what_is_no_time_to_wait_does_no_harm(receiver: Receiver, value: str) -> None:
    receiver.rest = Answering(503, {"retry-after": value.encode("utf-8").decode("latin-1")})
    assert (await post(an_endpoint(url=receiver.url))).verdict is Verdict.AWAY


async def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    with receiving(Receiver()) as elsewhere:
        receiver.rest = Answering(307, {"location": elsewhere.url})
        assert (await post(an_endpoint(url=receiver.url))).verdict is Verdict.REFUSED
        assert elsewhere.came == 0


async def test_proxies_of_the_environment_are_not_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(Receiver()) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "")
        assert (await post(an_endpoint(url=receiver.url))).status == 204
        assert proxy.came == 0


async def test_a_huge_answer_is_not_read(receiver: Receiver) -> None:
    receiver.rest = Answering(200, size=1_000_000_000)
    begun = time.monotonic()
    assert (await post(an_endpoint(url=receiver.url), limit=timedelta(seconds=10))).status == 200
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("answering", [Answering(after=30), Answering(200, drips=0.2)], ids=["silent", "drips"])
async def test_a_slow_answer_costs_a_bounded_time(receiver: Receiver, answering: Answering) -> None:
    receiver.rest = answering
    begun = time.monotonic()
    answer = await post(an_endpoint(url=receiver.url))
    assert (answer.verdict, answer.said) == (Verdict.AWAY, "no answer within 1 s")
    assert time.monotonic() - begun < 5


async def test_a_broken_connection_is_no_answer(receiver: Receiver) -> None:
    receiver.rest = Answering(breaks=True)
    answer = await post(an_endpoint(url=receiver.url))
    assert (answer.status, answer.verdict) == (None, Verdict.AWAY)
    assert "127.0.0.1" not in answer.said


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/", "http://no-such-host.invalid/x?token=hunter2", "http://[::1]:1/", "http://xn--a.invalid/"],
)
async def test_nobody_there_is_no_connection(url: str) -> None:
    answer = await post(an_endpoint(url=url), limit=timedelta(seconds=10))
    assert (answer.status, answer.verdict) == (None, Verdict.AWAY)
    assert "hunter2" not in answer.said


async def test_a_certificate_is_verified(tmp_path: Path) -> None:
    known = tmp_path / "ca.pem"
    authority().cert_pem.write_to_path(known)
    with receiving(Receiver(), server_context()) as receiver:
        url = f"https://localhost:{receiver.port}/hook"
        answer = await post(an_endpoint(url=url))
        assert answer.said == "its certificate can't be verified (unable to get local issuer certificate)"
        assert receiver.came == 0
        assert (await post(an_endpoint(url=url, ca=known))).status == 204


async def test_a_certificate_must_be_for_the_host(tmp_path: Path) -> None:
    known = tmp_path / "ca.pem"
    authority().cert_pem.write_to_path(known)
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("elsewhere.example").configure_cert(other)
    with receiving(Receiver(), other) as receiver:
        answer = await post(an_endpoint(url=f"https://localhost:{receiver.port}/", ca=known))
        assert answer.said.startswith("its certificate can't be verified (Hostname mismatch")
        assert receiver.came == 0


def test_a_file_of_authorities_that_holds_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(NoAuthoritiesError, match=r"endpoint desk: .*ca\.pem holds no certificates"):
        HttpPoster([an_endpoint(ca=tmp_path / "ca.pem")], "0.1", SystemClock())
