"""Traces that go on from whoever posts to the events that follow: for traces alone, no id depends on them."""

from __future__ import annotations

from typing import Final, Protocol

from schemas.trace_context import TraceContext


class PostTrace(Protocol):
    """The span of taking in one post."""

    @property
    def context(self) -> TraceContext | None:
        """What its events carry on; None where they belong to no trace."""

    def end(self, became: str, event: str | None) -> None:
        """The post was answered; `became` says what became of it, in a word, and `event` is the id of its event."""


class PostTracer(Protocol):
    """Follows posts into events."""

    def begin(self, to: str, found: TraceContext | None) -> PostTrace:
        """A post came, to `events` or to `hooks/NAME`, with this context, if any."""


class _PassedOn:
    def __init__(self, found: TraceContext | None) -> None:
        self._found = found

    @property
    def context(self) -> TraceContext | None:
        return self._found

    def end(self, became: str, event: str | None) -> None:
        """There is no span."""


class Untraced:
    """Where traces are off, what came is passed on: engines go on from whoever posts."""

    def begin(self, to: str, found: TraceContext | None) -> PostTrace:  # noqa: ARG002 - of the port
        """See PostTracer."""
        return _PassedOn(found)


UNTRACED: Final = Untraced()
