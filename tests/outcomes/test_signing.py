"""Posts are signed as Standard Webhooks says: an independent implementation verifies them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from outcomes.signing import Secret, signed_headers
from tests.support.http.receivers import OLD_SECRET, SECRET


def now() -> datetime:
    """The real time: whoever verifies reads it, and believes no message of some minutes ago."""
    return datetime.now(UTC)


def test_the_example_of_the_specification() -> None:
    moment = datetime.fromtimestamp(1614265330, UTC)
    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", moment, b'{"test": 2432232314}', [Secret(SECRET)])
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(max_size=300), st.binary(min_size=24, max_size=64))
def test_what_is_signed_verifies(body: bytes, key: bytes) -> None:
    text = f"whsec_{base64.b64encode(key).decode()}"
    body = base64.b64encode(body)
    headers = dict(signed_headers("msg_1", now(), b'"%s"' % body, [Secret(text)]))
    assert Webhook(text).verify(b'"%s"' % body, headers) == body.decode()


@pytest.mark.parametrize("known", [SECRET, OLD_SECRET])
def test_while_secrets_are_rotated_either_verifies(known: str) -> None:
    headers = dict(signed_headers("msg_1", now(), b"{}", [Secret(SECRET), Secret(OLD_SECRET)]))
    Webhook(known).verify(b"{}", headers)


@pytest.mark.parametrize("change", ["body", "id", "time", "secret", "replay"])
def test_control_a_forgery_does_not_verify(change: str) -> None:
    moment = now() - timedelta(minutes=10) if change == "replay" else now()
    headers = dict(signed_headers("msg_1", moment, b"{}", [Secret(OLD_SECRET if change == "secret" else SECRET)]))
    headers |= {"id": {"webhook-id": "msg_2"}, "time": {"webhook-timestamp": str(int(moment.timestamp()) + 1)}}.get(
        change, {}
    )
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(b"[]" if change == "body" else b"{}", headers)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "hunter2hunter2hunter2hunter2hunter2",
        SECRET.removeprefix("whsec_"),
        f"whsec_{base64.b64encode(bytes(23)).decode()}",
        f"whsec_{base64.b64encode(bytes(65)).decode()}",
        f"{SECRET}!",
        f"{SECRET[:-1]}é",
    ],
)
def test_what_is_no_secret_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match="a secret is whsec_ and 24 to 64 bytes") as caught:
        Secret(text)
    assert not text[6:] or text[6:] not in str(caught.value)


def test_a_secret_shows_nothing() -> None:
    assert SECRET[6:] not in repr([Secret(SECRET)])
