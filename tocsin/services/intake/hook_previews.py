"""What a hook would make of a payload, by the state of its ticket, and whom that would tell. Nothing is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from intake.cloudevents.unsaved import UNSAVED
from intake.mappings.mapping import Mapped, apply
from intake.observation import Ignored
from intake.post import Post
from intake.states.judgement import TicketKey, judge, ticket_key
from intake.states.ticket_state import TicketState
from schemas.api_answers import Preview
from schemas.event import Event, read_event
from schemas.problem_details import problem_fields
from tocsin.services.intake.hooks import ServiceHooks
from tocsin.services.intake.previewing import NotYetError, Previews

_DELIVERY: Final = "preview"


class Foresight:
    """See adapters.web.preview.Foreseeing. `state` is what was known of a ticket."""

    def __init__(
        self, previews: Previews, hooks: ServiceHooks, state: Callable[[TicketKey], TicketState | None]
    ) -> None:
        self._previews = previews
        self._hooks = hooks
        self._state = state

    def event(self, event: Event, *, personal: bool) -> Preview:
        """See Foreseeing."""
        return self._previews.of(event, personal=personal)

    def post(self, name: str, post: Post, *, personal: bool) -> Preview | None:
        """See Foreseeing."""
        mapping, lookup = self._hooks.mapping(name), self._hooks.lookup
        if mapping is None:
            return None
        if lookup is None:
            raise NotYetError("the hooks are not open yet")
        said = apply(mapping, post, lookup, UNSAVED)
        if isinstance(said, Ignored):
            return self._previews.of_nothing(mapping.source, said.because)
        preview = self._previews.of(self._event(said, post), personal=personal)
        return replace(preview, could_not_tell=problem_fields(said.warnings))

    def _event(self, said: Mapped, post: Post) -> Event:
        """The event that the post would become: read, and judged by what is known, and nothing of it kept."""
        key = ticket_key(said.observation)
        state = None if key.ticket == UNSAVED else self._state(key)
        return read_event(judge(said.observation, state, _DELIVERY, post.received).event, post.received)
