"""The templates in force, followed as their files change."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adapters.jinja.renderer import JinjaRenderer
from sender.ports import Clock, Part
from tocsin.running.health import HealthFile
from tocsin.running.rules_in_force import WatchedRules, health_of
from tocsin.running.service_watch import ServiceWatch


class CurrentRenderer:
    """A Renderer of the templates in force: swapped whole, so that a message is never of two versions."""

    def __init__(self) -> None:
        self._renderer: JinjaRenderer | None = None

    def use(self, renderer: JinjaRenderer) -> None:
        """Render with these templates from now on."""
        self._renderer = renderer

    def render(self, template: str, language: str, part: Part, variables: Mapping[str, object]) -> str:
        """See sender.ports.Renderer."""
        if self._renderer is None:
            raise RuntimeError("no templates are in force yet")
        return self._renderer.render(template, language, part, variables)


def keeping_current(
    renderer: CurrentRenderer, watch: ServiceWatch, health: HealthFile, clock: Clock
) -> Callable[[WatchedRules], None]:
    """What is to be done at each change of rule files and templates: good ones are used, and both kinds are told of."""

    def on_change(watched: WatchedRules) -> None:
        watch.rules_changed(watched)
        if not watched.faults or watched.kept_since is not None:
            renderer.use(JinjaRenderer(watched.loaded.templates))
        health.write(health_of(watched, clock.now()))

    return on_change
