"""A message that goes to another address than its person's, and says so."""

from __future__ import annotations

import re
from html import escape
from typing import Final

from msgspec.structs import replace

from schemas.job import Job
from sender.messages.message import Bodies
from sender.messages.plain_text import one_line

ADDRESS: Final = 320
_BODY: Final = re.compile(r"<body\b[^>]*>", re.IGNORECASE)


def redirected_subject(job: Job, subject: str) -> str:
    """The subject, with the intended recipient before it."""
    return f"[to {_intended(job)}] {subject}"


def redirected_bodies(job: Job, bodies: Bodies) -> Bodies:
    """The bodies, with a first line that names the intended recipient."""
    notice = f"Redirected. Intended for {job.person} ({job.channel.value}: {_intended(job)})."
    if bodies.html is None:
        return replace(bodies, text=f"{notice}\n\n{bodies.text}")
    shown = f"<p>{escape(notice)}</p>"
    body = _BODY.search(bodies.html)
    at = body.end() if body else 0
    html = bodies.html[:at] + shown + bodies.html[at:]
    return replace(bodies, text=f"{notice}\n\n{bodies.text}", html=html)


def _intended(job: Job) -> str:
    return one_line(job.address, ADDRESS)
