"""Whether traces are wanted, as the standard variables of OpenTelemetry say; and who follows events and jobs then.

Without them nothing of OpenTelemetry is imported, and no record gets a header.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from msgspec import Struct

from engine.ports import Tracer as EventTracer
from engine.ports import Untraced as NoEvents
from intake.tracing import UNTRACED, PostTracer
from schemas.errors import WrongSettingError
from sender.tracing import Tracer as JobTracer
from sender.tracing import Untraced as NoJobs
from tocsin.config.groups import ENGINE_GROUP, SENDER_GROUP

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
EXPORTER: Final = "OTEL_TRACES_EXPORTER"
DISABLED: Final = "OTEL_SDK_DISABLED"


class TracingSettingsError(WrongSettingError, ValueError):
    """Traces are asked for in a way that there is not."""


class Tracers(Struct, frozen=True):
    """Who follows events through the engine, jobs through the sender, and posts through the intake."""

    events: EventTracer
    jobs: JobTracer
    posts: PostTracer


OFF: Final = Tracers(NoEvents(), NoJobs(), UNTRACED)


def are_wanted(environment: Mapping[str, str]) -> bool:
    """Whether the environment asks for traces: it names an endpoint or the exporter `otlp`, and disables nothing.

    Raises TracingSettingsError for another exporter.
    """
    exporter = environment.get(EXPORTER, "").strip().lower()
    if exporter not in ("", "none", "otlp"):
        raise TracingSettingsError(f"{EXPORTER}: {exporter!r} is neither `otlp` nor `none`")
    if exporter == "none" or environment.get(DISABLED, "").strip().lower() == "true":
        return False
    return exporter == "otlp" or any(environment.get(name) for name in ENDPOINTS)


@contextmanager
def tracing(
    service: str,
    engine_group: str = ENGINE_GROUP,
    sender_group: str = SENDER_GROUP,
    system: str = "kafka",
    environment: Mapping[str, str] = os.environ,
) -> Iterator[Tracers]:
    """The tracers within the block; spans that are left are sent at its end. Raises TracingSettingsError."""
    if not are_wanted(environment):
        yield OFF
        return
    try:
        from adapters.opentelemetry.engine_tracer import EngineTracer  # noqa: PLC0415 - an extra, and slow to import
        from adapters.opentelemetry.intake_tracer import IntakeTracer  # noqa: PLC0415 - likewise
        from adapters.opentelemetry.provider import otlp_provider  # noqa: PLC0415 - likewise
        from adapters.opentelemetry.sender_tracer import SenderTracer  # noqa: PLC0415 - likewise
    except ImportError as error:
        message = f"traces are asked for, and {error.name} is not installed: pip install 'tocsin[tracing]'"
        raise TracingSettingsError(message) from error
    with otlp_provider(service) as provider:
        engine, sender = EngineTracer(provider, engine_group, system), SenderTracer(provider, sender_group, system)
        yield Tracers(engine, sender, IntakeTracer(provider))
