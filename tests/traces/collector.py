"""A collector of traces: OTLP by HTTP on loopback, as the specification has it."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass
class Received:
    """A span that came. Ids are in hexadecimal digits, `parent` is empty where a trace begins."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]
    links: list[str]
    failed: bool


@dataclass
class Collector:
    """All spans that came, and all that was sent as text. It answers while `answering` is set."""

    endpoint: str = ""
    spans: list[Received] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)
    answering: threading.Event = field(default_factory=threading.Event)

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        self.texts.append(str(request))
        for resource in request.resource_spans:
            service = _values(resource.resource.attributes)["service.name"]
            self.spans += [_received(service, span) for scope in resource.scope_spans for span in scope.spans]

    def named(self, name: str, **attributes: Any) -> list[Received]:
        """The spans of this name with these attributes."""
        wanted = {f"tocsin.{key}": value for key, value in attributes.items()}
        return [one for one in self.spans if one.name == name and wanted.items() <= one.attributes.items()]


def _received(service: str, span: Any) -> Received:
    return Received(
        service,
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        _values(span.attributes),
        [link.span_id.hex() for link in span.links],
        span.status.code == 2,
    )


def _values(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    found = getattr(value, kind)
    return [_value(one) for one in found.values] if kind == "array_value" else found


@contextmanager
def collector(answers: bool = True) -> Iterator[Collector]:
    """A collector in threads of its own. One that does not answer begins to at the end of the block."""
    made = Collector()
    if answers:
        made.answering.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.asked.set()
            made.answering.wait()
            made.take(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    made.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield made
    finally:
        made.answering.set()
        server.shutdown()
        thread.join()
        server.server_close()
