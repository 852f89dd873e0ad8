"""What a service does at each change of its rule files and templates."""

from __future__ import annotations

from collections.abc import Callable

from adapters.writing.composer import ChildComposer
from schemas.clock import Clock
from tocsin.services.monitoring.health_file import HealthFile, health_of
from tocsin.services.monitoring.service import ServiceMonitor
from tocsin.services.reload.rules_in_force import ReloadingRules


def on_rules_change(
    monitor: ServiceMonitor, health: HealthFile | None, clock: Clock, composer: ChildComposer | None = None
) -> Callable[[ReloadingRules], None]:
    """What ReloadingRules calls: `monitor` and `health` show how the rules stand, and `composer` uses good templates.

    An engine has no composer, since it writes no messages.
    """

    def on_change(rules: ReloadingRules) -> None:
        monitor.rules_changed(rules)
        # Templates that were refused are never used; those that were kept are the good ones of an earlier run.
        if composer is not None and (not rules.faults or rules.kept_since is not None):
            composer.use(rules.loaded.templates, rules.loaded.rulebook.policy.fax_region)
        if health is not None:
            health.write(health_of(rules, clock.now()))

    return on_change
