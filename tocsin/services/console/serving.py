"""The console, served: its people, what it reads, and the link that signs the first person in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from console.people.administration import Administration, Link
from console.people.journal import KEPT_FOR
from console.people.ports import PeopleStore, StoreUnavailableError
from console.people.sessions import Limits
from schemas.clock import Clock
from tocsin.config.wiring.console import ConsoleSettings
from tocsin.services.lifecycle.loops import in_background

if TYPE_CHECKING:
    from litestar import Router

    from adapters.web.console.desk_screens import Desk

log = structlog.get_logger()

TIDY_SECONDS: Final = 600.0
_ANY_LONGER: Final = timedelta(minutes=5)
_AT_ONCE: Final = 1_000


@contextmanager
def console_part(
    settings: ConsoleSettings, people: PeopleStore, desk: Desk, clock: Clock, tell: Callable[[str], None]
) -> Iterator[Router]:
    """The part of an application; `tell` is told the first person's link. Raises StoreUnavailableError."""
    # Here, since the commands that serve nothing need not wait until a server is imported.
    from adapters.argon2.hasher import Argon2Hasher  # noqa: PLC0415
    from adapters.web.console.part import ConsoleParts, console  # noqa: PLC0415

    made_of = ConsoleParts(people, desk, Argon2Hasher(), clock, settings.limits, settings.url, settings.proxies)
    with ExitStack() as opened:
        opened.enter_context(in_background(lambda stop: _tidy(people, clock, settings.limits, stop), "console-tidy", 5))
        part = opened.enter_context(console(made_of))
        _invite_first(settings, people, clock, tell)
        yield part


def link_text(beginning: str, link: Link) -> str:
    """The whole link."""
    return f"{beginning}{link.path}"


def _invite_first(settings: ConsoleSettings, people: PeopleStore, clock: Clock, tell: Callable[[str], None]) -> None:
    link = Administration(people, "tocsin up").invite_first(clock.now())
    if link is None:
        log.info("console", url=f"{settings.begins}/console")
        return
    until = link.until.strftime("%H:%M UTC")
    tell(f"console: {link_text(settings.begins, link)} signs the first person in, once, until {until}")


def _tidy(people: PeopleStore, clock: Clock, limits: Limits, stop: threading.Event) -> None:
    """Forget what is over, in portions, now and then."""
    while not stop.wait(TIDY_SECONDS):
        now = clock.now()
        try:
            while not stop.is_set() and people.prune(now - limits.idle - _ANY_LONGER, now - KEPT_FOR, _AT_ONCE):
                pass
        except StoreUnavailableError as error:
            log.warning("console_store_unavailable", code=error.code, said=str(error))
