"""The templates in force, followed as their files change."""

from __future__ import annotations

from collections.abc import Callable

from adapters.writing.composer import ChildComposer
from schemas.clock import Clock
from tocsin.services.monitoring.health_file import HealthFile
from tocsin.services.monitoring.service import ServiceWatch
from tocsin.services.reload.rules_in_force import WatchedRules, health_of


def keeping_current(
    composer: ChildComposer, watch: ServiceWatch, health: HealthFile, clock: Clock
) -> Callable[[WatchedRules], None]:
    """What is to be done at each change of rule files and templates: good ones are used, and both kinds are told of."""

    def on_change(watched: WatchedRules) -> None:
        watch.rules_changed(watched)
        if not watched.faults or watched.kept_since is not None:
            composer.use(watched.loaded.templates, watched.loaded.rulebook.policy.fax_region)
        health.write(health_of(watched, clock.now()))

    return on_change
