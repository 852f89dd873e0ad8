"""What a process answers by HTTP: to operators, and to whoever posts events or webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from typing import Final

from adapters.prometheus.intake_metrics import IntakeMetrics
from tocsin.config.wiring.http import HttpSettings
from tocsin.services.intake.posts import OUTCOMES, MonitoredPosts, Posts
from tocsin.services.lifecycle.loops import looking_again
from tocsin.services.monitoring.service import ServiceMonitor

BESIDE_OTHER_WORK: Final = 0.5
ALONE: Final = 1.0
"""Shares of one processor: of a process that also decides and sends, and of one that does nothing else."""


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

    posted = MonitoredPosts(
        IntakeMetrics(monitor.registry, OUTCOMES, lambda name: posts.hooks.mapping(name) is not None), posts
    )
    workers = Workers(WorkLimits(calls=http.posts), posted.metrics)
    reloading = ReloadingTokens(http.tokens)
    tokens = reloading.tokens
    taking = hooks(posted.take, posts.hooks.challenge, posts.clock, http.hooks.proxies, workers)
    api = [intake(posted.events, workers), taking, *posts.questions]
    parts = [*api, openapi(api, version("tocsin")), *posts.more]
    limits = ServerLimits(processor=http.processor or processor, stopping=workers.limits.within + 1.0)
    with ExitStack() as opened:
        opened.callback(workers.close)
        opened.enter_context(looking_again(reloading.refresh, "tokens"))
        opened.enter_context(posts.hooks.watching())
        if http.address == listen:
            opened.enter_context(monitor.answering(listen, parts, tokens, limits, posted.metrics))
        else:
            opened.enter_context(monitor.answering(listen))
            served = application([alive(), *parts], tokens, posted.metrics)
            opened.enter_context(serving(served, *http.address, limits, monitor.http))
        yield
