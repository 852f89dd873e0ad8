"""Renders templates of one snapshot of the templates folder."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any, Final

from jinja2 import TemplateSyntaxError

from adapters.jinja.environment import TemplateEnvironment
from adapters.jinja.inlining import inlined
from adapters.jinja.limits import OUTPUT_BYTES, LimitError, rendering
from adapters.jinja.sources import TemplateFile, TemplateSources
from sender.messages.plain_text import one_line
from sender.ports import Part, TemplateFaultError

_SHOWN_NAME: Final = 200


class JinjaRenderer:
    """A Renderer of one snapshot. A changed folder gets a renderer of its own, once the change has been checked.

    Each file is compiled once, when it is first used.
    """

    def __init__(self, sources: TemplateSources) -> None:
        self.digest = sources.digest
        self._texts = sources.texts
        self._environment = TemplateEnvironment(sources)

    def render(self, template: str, language: str, part: Part, variables: Mapping[str, object]) -> str:
        """The text of one template, at most 1 MiB of UTF-8. In HTML, styles are written into the elements.

        Raises TemplateFaultError for whatever goes wrong.
        """
        path = TemplateFile(template, language, part).path
        if path not in self._texts:
            raise TemplateFaultError(one_line(path, _SHOWN_NAME), None, "TemplateNotFound")
        try:
            with rendering(str(variables.get("language", language)), str(variables.get("time_zone", "UTC"))):
                text = self._run(path, variables)
            return inlined(text) if part is Part.HTML else text
        except Exception as error:
            name, line = self._place(error, path)
            raise TemplateFaultError(name, line, type(error).__name__) from error

    def _run(self, path: str, variables: Mapping[str, Any]) -> str:
        # Piece by piece, so that an endless text ends before it fills the memory.
        pieces: list[str] = []
        size = 0
        for piece in self._environment.get_template(path).generate(variables):
            size += len(piece.encode("utf-8", "replace"))
            if size > OUTPUT_BYTES:
                raise LimitError(f"the text is longer than {OUTPUT_BYTES} bytes")
            pieces.append(piece)
        return "".join(pieces)

    def _place(self, error: Exception, path: str) -> tuple[str, int | None]:
        """The file and line where it went wrong, which may be an extended, included or imported file."""
        if isinstance(error, TemplateSyntaxError):
            return error.name or path, error.lineno
        # Jinja gives every frame of a template the file and line of its source.
        frames = [
            (frame.f_code.co_filename, line)
            for frame, line in traceback.walk_tb(error.__traceback__)
            if frame.f_code.co_filename in self._texts
        ]
        return frames[-1] if frames else (path, None)
