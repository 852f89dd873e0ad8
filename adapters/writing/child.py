"""The child process that writes messages and checks templates. Started as a module, see adapters.children."""

from __future__ import annotations

from pathlib import Path

import msgspec

from adapters.children.serving import serve
from adapters.jinja.check import TemplateCheck
from adapters.jinja.renderer import JinjaRenderer
from adapters.jinja.sources import TemplateSources
from adapters.writing.protocol import Check, Checked, Setup, Stationery, Write, Written, requests
from sender.messages.composer import MessageWriter
from sender.messages.fax import FaxForm
from sender.ports import OutgoingMail, Renderer


class RequestHandler:
    """Answers requests by the last setup. While a new setup is under way, and after it failed, none is in force."""

    def __init__(self) -> None:
        self._writer: MessageWriter | None = None
        self._check: TemplateCheck | None = None

    def answer(self, data: bytes) -> bytes:
        """The answer to a request."""
        request = requests.decode(data)
        if isinstance(request, Setup):
            self._set_up(request)
            return b""
        if isinstance(request, Check):
            return msgspec.msgpack.encode(self._checked(request))
        return msgspec.msgpack.encode(self._written(request))

    def _checked(self, request: Check) -> Checked:
        assert self._check is not None  # noqa: S101  (a setup goes before all else)
        return Checked(list(self._check.problems(request.path, request.subject)))

    def _written(self, request: Write) -> Written:
        assert self._writer is not None  # noqa: S101  (likewise)
        try:
            composed = self._writer.write(request.draft)
        except Exception as error:  # noqa: BLE001 - whatever the pages of a fax meet: it is told by its name
            return Written(failed=type(error).__name__)
        if isinstance(composed.message, OutgoingMail):
            return Written(mail=composed.message, fault=composed.fault)
        return Written(text=composed.message, fault=composed.fault)

    def _set_up(self, setup: Setup) -> None:
        self._writer = self._check = None
        sources = TemplateSources(setup.texts, {}, "")
        if setup.stationery is None:
            self._check = TemplateCheck(sources)
        else:
            self._writer = _writer(setup.stationery, JinjaRenderer(sources), setup.fax_region)


def _writer(stationery: Stationery, renderer: Renderer, region: str | None) -> MessageWriter:
    form = FaxForm(stationery.fax_subject)
    if stationery.fax_folder is not None:
        # To read the fonts takes a second, and most installations draw no faxes.
        from adapters.fax.fonts import Fonts  # noqa: PLC0415
        from adapters.fax.pages import PdfPages  # noqa: PLC0415

        form = FaxForm(stationery.fax_subject, PdfPages(Fonts(Path(stationery.fax_folder))))
    return MessageWriter(renderer, stationery.identity, stationery.mode, form, region, stationery.texts)


if __name__ == "__main__":
    serve(RequestHandler().answer)
