"""What a process answers by HTTP: to operators, and to whoever posts events or webhooks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from schemas.clock import Clock
from tocsin.config.wiring.http import HttpSettings
from tocsin.services.intake.hooks import ServiceHooks
from tocsin.services.lifecycle.loops import looking_again
from tocsin.services.monitoring.service import ServiceMonitor

if TYPE_CHECKING:
    from litestar import Router

    from adapters.web.intake import TakeEvents

BESIDE_OTHER_WORK: Final = 0.5
ALONE: Final = 1.0
"""Shares of one processor: of a process that also decides and sends, and of one that does nothing else."""


class Posts(Struct, frozen=True):
    """Who takes in what is posted, events and webhooks, and by which clock; and the parts that answer questions.

    `more` are parts that are no API.
    """

    events: TakeEvents
    hooks: ServiceHooks
    clock: Clock
    questions: Sequence[Router] = ()
    more: Sequence[Router] = ()


@contextmanager
def answering(
    monitor: ServiceMonitor,
    listen: tuple[str, int] | None,
    http: HttpSettings,
    posts: Posts,
    processor: float = BESIDE_OTHER_WORK,
) -> Iterator[None]:
    """Answer within the block: operators at `listen`, others as `http` says. One address for both is one server.

    It takes that share of one processor at most, unless `http` says another. Raises AddressError, and FaultyFileError
    where the file of tokens can't be used.
    """
    # Here, since the commands that serve nothing need not wait until a server is imported.
    from adapters.web.application import application  # noqa: PLC0415
    from adapters.web.hooks import hooks  # noqa: PLC0415
    from adapters.web.intake import intake  # noqa: PLC0415
    from adapters.web.limits import ServerLimits  # noqa: PLC0415
    from adapters.web.openapi import openapi  # noqa: PLC0415
    from adapters.web.operations import alive  # noqa: PLC0415
    from adapters.web.serving import serving  # noqa: PLC0415
    from adapters.web.workers import Workers, WorkLimits  # noqa: PLC0415
    from tocsin.services.reload.tokens_in_force import ReloadingTokens  # noqa: PLC0415

    workers = Workers(WorkLimits(calls=http.posts))
    reloading = ReloadingTokens(http.tokens)
    tokens = reloading.tokens
    taking = hooks(posts.hooks.take, posts.hooks.challenge, posts.clock, http.hooks.proxies, workers)
    api = [intake(posts.events, workers), taking, *posts.questions]
    parts = [*api, openapi(api, version("tocsin")), *posts.more]
    limits = ServerLimits(processor=http.processor or processor, stopping=workers.limits.within + 1.0)
    with ExitStack() as opened:
        opened.callback(workers.close)
        opened.enter_context(looking_again(reloading.refresh, "tokens"))
        opened.enter_context(posts.hooks.watching())
        if http.address == listen:
            opened.enter_context(monitor.answering(listen, parts, tokens, limits))
        else:
            opened.enter_context(monitor.answering(listen))
            opened.enter_context(serving(application([alive(), *parts], tokens), *http.address, limits))
        yield
