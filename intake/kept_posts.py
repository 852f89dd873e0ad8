"""A post that could not be read, as a dead letter; and read back, once its mapping is mended."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from intake.post import Post
from schemas.dead_letter import Cause, dead_letter
from schemas.log import NewRecord, Record
from schemas.refusal import RefusedError

KEPT_AS: Final = "hooks/"
"""Before the hook's name, this stands as the topic in the dead letter of a post: it came from no topic."""

_HEADER: Final = "http."
"""Before the name of a header of the post, in that of the letter."""

_CREDENTIALS: Final = frozenset({"authorization", "proxy-authorization", "cookie", "x-hub-signature"})


def letter_of(hook: str, post: Post, error: RefusedError, secrets: Collection[str], proof: str | None) -> NewRecord:
    """The dead letter: the body byte by byte, and the headers that a mapping may read.

    No header is kept that proves who posts: none of those in which credentials stand, not `proof`, and none that holds
    one of the secrets.
    """
    left_out = _CREDENTIALS | {(proof or "").lower()}
    headers = tuple(
        (_HEADER + name, value.encode("latin-1", "replace"))
        for name, value in post.headers.items()
        if name not in left_out and "signature" not in name and not any(secret in value for secret in secrets)
    )
    record = Record(KEPT_AS + hook, 0, -1, post.received, None, post.body, headers)
    return dead_letter(record, Cause(error.code, str(error)))


def hook_of(topic: str) -> str | None:
    """The hook to which the record of a dead letter was posted; None where it came from a topic."""
    return topic.removeprefix(KEPT_AS) if topic.startswith(KEPT_AS) else None


def post_of(body: bytes, headers: Iterable[tuple[str, bytes]], came: datetime) -> Post:
    """The post, by the body of its dead letter and the headers with which it came."""
    named = {name.removeprefix(_HEADER): value.decode("latin-1") for name, value in headers if name.startswith(_HEADER)}
    return Post(body, named, came)
