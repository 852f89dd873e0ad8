"""How helpdesks sign what they post: written after their own documentation, and without the code that checks it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

Sign = Callable[[str, bytes, datetime], Mapping[str, str]]
"""The headers that prove who posts this body at that time with this secret."""


def zammad(secret: str, body: bytes, _now: datetime) -> Mapping[str, str]:
    """`HMAC SHA1 Signature Token` of a webhook."""
    return {"X-Hub-Signature": f"sha1={hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()}"}


def jira(secret: str, body: bytes, _now: datetime) -> Mapping[str, str]:
    """The secret of a webhook, as WebSub signs."""
    return {"X-Hub-Signature": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"}


def glpi(secret: str, body: bytes, now: datetime) -> Mapping[str, str]:
    """The time stands behind the body."""
    time = str(int(now.timestamp()))
    digest = hmac.new(secret.encode(), body + time.encode(), hashlib.sha256).hexdigest()
    return {"X-GLPI-signature": digest, "X-GLPI-timestamp": time}


def zendesk(secret: str, body: bytes, now: datetime) -> Mapping[str, str]:
    """The time stands before the body."""
    time = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hmac.new(secret.encode(), time.encode() + body, hashlib.sha256).digest()
    return {
        "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
        "X-Zendesk-Webhook-Signature-Timestamp": time,
    }


def freescout(secret: str, body: bytes, _now: datetime) -> Mapping[str, str]:
    """`base64_encode(hash_hmac('sha1', $body, $secret, true))`."""
    digest = hmac.new(secret.encode(), body, hashlib.sha1).digest()
    return {"X-FreeScout-Signature": base64.b64encode(digest).decode()}


def token(secret: str, _body: bytes, _now: datetime) -> Mapping[str, str]:
    """A token in a header, for those that sign nothing."""
    return {"Authorization": f"Bearer {secret}"}
