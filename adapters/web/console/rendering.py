"""Pages of the console: their templates, and the header fields that each has."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

import jinja2
from litestar import Response

from adapters.web.console.answers import Document
from adapters.web.console.routing import BASE
from adapters.web.console.visit import Visit
from console.people.secrets import form_token

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Content-Security-Policy of every page: what it uses is ours, and in files of its own."""

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    # Not `no-referrer`: with that, a browser sends `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

_PACKAGE: Final = "adapters.web.console"
_MEDIA: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_FOR_EVER: Final = "public, max-age=31536000, immutable"


class Files:
    """Style, script and icon: each by a name that has a hash of its content, so that a browser may keep it."""

    def __init__(self) -> None:
        folder = files(_PACKAGE).joinpath("static")
        contents = {one.name: one.read_bytes() for one in folder.iterdir() if one.name.rpartition(".")[2] in _MEDIA}
        self._names = {name: _hashed(name, content) for name, content in contents.items()}
        self._found = {
            self._names[name]: Document(content, _MEDIA[name.rpartition(".")[2]], {"Cache-Control": _FOR_EVER})
            for name, content in contents.items()
        }

    def path(self, name: str) -> str:
        """Where a page finds a file."""
        return f"{BASE}/static/{self._names[name]}"

    def find(self, name: str) -> Document | None:
        """The file of this name with its hash."""
        return self._found.get(name)


class Pages:
    """Writes pages. A template that uses what it is not given is an error, and so is an unknown word."""

    def __init__(self, static: Files) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.PackageLoader(_PACKAGE),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["file"] = static.path
        self._environment.globals["base"] = BASE

    def written(self, template: str, visit: Visit, given: Mapping[str, Any]) -> str:
        """The HTML of a page."""
        signed_in = visit.signed_in
        return self._environment.get_template(template).render(
            {
                "visit": visit,
                "account": signed_in.account if signed_in else None,
                "form_token": form_token(signed_in.secret) if signed_in else "",
                "words": visit.words,
                "times": visit.times,
                **given,
            }
        )

    def names(self) -> list[str]:
        """Of all templates."""
        return self._environment.list_templates()


def page_response(html: str, status: int, headers: Mapping[str, str] | None = None) -> Response[str]:
    """A page as it is sent."""
    return Response(html, media_type="text/html", status_code=status, headers={**HEADERS, **(headers or {})})


def _hashed(name: str, content: bytes) -> str:
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:16]}.{ending}"
