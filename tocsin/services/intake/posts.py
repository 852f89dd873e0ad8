"""Who takes in what is posted, and what became of it, as metrics tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from adapters.prometheus.intake_metrics import EVENTS, HOOKS, IntakeMetrics
from intake.acceptance import Accepted, Answer, Refused, Repeated, Unavailable
from intake.hooks import Crowded, Doubted, HookAnswer, Kept, UnknownHook, Unsecured
from intake.observation import Ignored
from intake.post import Post
from schemas.clock import Clock
from tocsin.services.intake.hooks import ServiceHooks

if TYPE_CHECKING:
    from litestar import Router

    from adapters.web.intake import TakeEvents

_WORDS: Final[dict[type[HookAnswer], str]] = {
    Accepted: "accepted",
    Repeated: "repeated",
    Ignored: "ignored",
    Kept: "kept",
    Refused: "refused",
    Doubted: "doubted",
    Unsecured: "unsecured",
    Crowded: "crowded",
    UnknownHook: "unknown",
    Unavailable: "unavailable",
}
OUTCOMES: Final = tuple(_WORDS.values())
"""What becomes of posts, in words for metrics."""


class Posts(Struct, frozen=True):
    """Who takes in what is posted, events and webhooks, and by which clock; and the parts that answer questions.

    `more` are parts that are no API.
    """

    events: TakeEvents
    hooks: ServiceHooks
    clock: Clock
    questions: Sequence[Router] = ()
    more: Sequence[Router] = ()


class MonitoredPosts:
    """Takes in posts, and tells metrics what became of them."""

    def __init__(self, metrics: IntakeMetrics, posts: Posts) -> None:
        self.metrics = metrics
        self._posts = posts

    def events(self, headers: list[tuple[bytes, bytes]], body: bytes) -> Answer:
        """Take in events."""
        answer = self._posts.events(headers, body)
        self._tell(EVENTS, answer)
        return answer

    def take(self, name: str, post: Post) -> HookAnswer:
        """Take in a post to a hook."""
        answer = self._posts.hooks.take(name, post)
        self._tell(HOOKS + name, answer)
        return answer

    def _tell(self, to: str, answer: HookAnswer) -> None:
        self.metrics.posted(to, _WORDS[type(answer)], answer.events if isinstance(answer, Accepted) else 0)
