"""Who takes in what is posted, and what became of it, as metrics tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from adapters.prometheus.intake_metrics import EVENTS, HOOKS, IntakeMetrics
from intake.acceptance import Accepted, Answer, Refused, Repeated, Unavailable
from intake.hooks import Crowded, Doubted, HookAnswer, Kept, UnknownHook, Unsecured
from intake.observation import Ignored
from intake.post import Post
from intake.tracing import UNTRACED, PostTrace, PostTracer
from schemas.clock import Clock
from schemas.trace_context import trace_context_in
from tocsin.services.intake.hooks import ServiceHooks

if TYPE_CHECKING:
    from litestar import Router

    from adapters.web.intake import TakeEvents

Taken = TypeVar("Taken", bound=HookAnswer)

_OF_TRACES: Final = (b"traceparent", b"tracestate")
"""Headers of W3C Trace Context."""

_WORDS: Final[dict[type, str]] = {
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
    tracer: PostTracer = UNTRACED


class MonitoredPosts:
    """Takes in posts, and tells metrics and traces what became of them."""

    def __init__(self, metrics: IntakeMetrics, posts: Posts) -> None:
        self.metrics = metrics
        self._posts = posts

    def events(self, headers: list[tuple[bytes, bytes]], body: bytes) -> Answer:
        """Take in events."""
        given = {name: value.decode("latin-1") for name, value in headers if name in _OF_TRACES}
        trace = self._posts.tracer.begin(EVENTS, trace_context_in(given.get(b"traceparent"), given.get(b"tracestate")))
        carried = () if trace.context is None else trace.context.headers
        others = [one for one in headers if one[0] not in _OF_TRACES]
        passed_on = [*others, *((name.encode(), value) for name, value in carried)]
        return self._told(EVENTS, trace, lambda: self._posts.events(passed_on, body))

    def take(self, name: str, post: Post) -> HookAnswer:
        """Take in a post to a hook."""
        found = trace_context_in(post.headers.get("traceparent"), post.headers.get("tracestate"))
        trace = self._posts.tracer.begin(HOOKS + name, found)
        traced = replace(post, trace=trace.context)
        return self._told(HOOKS + name, trace, lambda: self._posts.hooks.take(name, traced))

    def _told(self, to: str, trace: PostTrace, take: Callable[[], Taken]) -> Taken:
        try:
            answer = take()
        except BaseException:
            trace.end("failed", None)
            raise
        became, event = _WORDS[type(answer)], answer.id if isinstance(answer, Accepted | Repeated) else None
        self.metrics.posted(to, became, answer.events if isinstance(answer, Accepted) else 0)
        trace.end(became, event)
        return answer
