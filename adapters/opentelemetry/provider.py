"""The SDK, set up by its own variables: OTEL_EXPORTER_OTLP_*, OTEL_BSP_*, OTEL_TRACES_SAMPLER and all the others.

Spans wait in a queue of bounded length, and a thread of its own sends them: what can't be sent in time is dropped.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

CLOSE_SECONDS: Final = 3.0
"""How long a stop waits for the last spans."""
CLOSING: Final = "traces-closing"
"""The thread that goes on with them behind that."""
_LIMITS: Final = SpanLimits(max_attribute_length=256, max_events=0)


@contextmanager
def otlp_provider(service: str) -> Iterator[TracerProvider]:
    """Spans go to the endpoint of the environment; `service` is their name unless OTEL_SERVICE_NAME gives one."""
    provider = new_provider(service)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield provider
    finally:
        # An endpoint that does not answer must not hold up the stop, and the SDK's own wait has no limit that fits.
        closing = threading.Thread(target=provider.shutdown, name=CLOSING, daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)


def new_provider(service: str) -> TracerProvider:
    """A provider without an exporter."""
    # What the environment says goes before.
    resource = Resource.create({SERVICE_NAME: service}).merge(OTELResourceDetector().detect())
    return TracerProvider(resource=resource, span_limits=_LIMITS, shutdown_on_exit=False)
