"""Where a form was sent from: only the console's own pages may change anything."""

from __future__ import annotations

from urllib.parse import urlsplit

from litestar.datastructures import Headers

from adapters.web.console.routing import BASE


class Site:
    """The console as browsers know it. `url` is its public address where there is a server in front."""

    def __init__(self, url: str | None = None) -> None:
        parts = urlsplit(url or "")
        self.url = url
        self.is_secure = parts.scheme == "https"
        self._origin = f"{parts.scheme}://{parts.netloc}".lower() if url else None

    def sent(self, headers: Headers) -> bool:
        """Whether one of our pages has sent this form. Every browser says so by one of these two fields.

        Sec-Fetch-Site is by W3C Fetch Metadata, section 2.4, Origin by RFC 6454, section 7. What has neither was sent
        by no browser of today.
        """
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None and site != "same-origin":
            return False
        if origin is None:
            return site is not None
        if self._origin is not None:
            return origin.lower() == self._origin
        # Without a public address the one that was asked for is ours, whatever is in front.
        asked = headers.get("host", "")
        return urlsplit(origin).netloc.lower() == asked.lower() != ""


def safe_return(path: str) -> str:
    """Where to go after signing in: a page of the console, else its start; never another site."""
    is_ours = path == BASE or path.startswith((f"{BASE}/", f"{BASE}?"))
    is_plain = all("!" <= one <= "~" and one != "\\" for one in path)
    return path if is_ours and is_plain and len(path) <= 2_000 and ".." not in path else BASE  # noqa: PLR2004
