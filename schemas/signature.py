"""How a helpdesk proves that a post is its own: the block `signature` of a mapping file."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct


class Scheme(StrEnum):
    """The ways in which helpdesks sign their posts, or send a secret with them."""

    HUB = "hub"
    """`X-Hub-Signature` with `sha1=` or `sha256=` and hexadecimal digits, as Zammad and Jira send it."""

    GLPI = "glpi"
    """`X-GLPI-signature` over the body and `X-GLPI-timestamp`."""

    ZENDESK = "zendesk"
    """`X-Zendesk-Webhook-Signature` over `X-Zendesk-Webhook-Signature-Timestamp` and the body."""

    FREESCOUT = "freescout"
    """`X-FreeScout-Signature` over the body."""

    STANDARD_WEBHOOKS = "standard-webhooks"
    """`webhook-signature` over `webhook-id`, `webhook-timestamp` and the body, as the Standard Webhooks say."""

    BEARER = "bearer"
    """The secret as a token in `Authorization: Bearer` (RFC 6750, section 2.1)."""

    BASIC = "basic"
    """The secret, `user:password`, in `Authorization: Basic` (RFC 7617)."""

    HEADER = "header"
    """The secret as it stands, in the header that the block names."""

    PROXY = "proxy"
    """The server in front has checked a client certificate and says so in the header that the block names."""

    NONE = "none"
    """Whoever reaches the address may post."""


NAMES_HEADER: Final = frozenset({Scheme.HEADER, Scheme.PROXY})
"""Schemes that need `header`."""

HAS_TIME: Final = frozenset({Scheme.GLPI, Scheme.ZENDESK, Scheme.STANDARD_WEBHOOKS})
"""Schemes whose signature covers a time, so that an old post can be told from a new one."""

HeaderName = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=100, description="A header's name (RFC 9110)."),
]


class Signature(Struct, frozen=True, forbid_unknown_fields=True):
    """How posts are signed. The secrets are no part of it: they stand in the settings."""

    scheme: Scheme
    header: Annotated[HeaderName | None, Meta(description="Of `header` and `proxy`: where it stands.")] = None
    window_minutes: Annotated[
        Annotated[int, Meta(ge=1, le=10_080)] | None,
        Meta(description="Of schemes that sign a time: how old a post may be. Absent: as the scheme's helpdesk needs."),
    ] = None
