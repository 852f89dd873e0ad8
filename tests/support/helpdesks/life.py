"""A ticket's life in one helpdesk: what it posts, step by step, and whom each step must tell."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from adapters.mapping_files.folder import SHIPPED_MAPPINGS
from intake.mappings.paths import Path
from tests.support.helpdesks.signing import Sign

TITLE: Final = "Invoices do not print"
DESCRIPTION: Final = "Since this morning nothing comes out."
REPLY: Final = "Please switch it off and on again."
NOTE: Final = "The customer has not paid for months."
"""Internal: whatever a helpdesk does with it, no contact may ever read it."""

Changes = Mapping[str, Any]
"""Values at paths of a payload."""


@dataclass
class Step:
    """One post. `told` is what both people are told of it; None: nobody gets a message."""

    name: str
    says: Changes = field(default_factory=dict)
    """What differs from the step before."""
    told: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    instead: Any = None
    """This is posted and not the ticket."""
    events: int = 1
    """What is answered: 0 where the post is about something else."""


@dataclass
class Desk:
    """A helpdesk: its hook, the shipped post that its posts are made of, and how it writes the time of a save."""

    name: str
    hook: str
    file: str
    reference: str
    """What the ticket is called."""
    customer: str
    """Its customer's id, as the helpdesk has it."""
    sign: Sign
    at: Callable[[datetime], Changes]
    steps: Sequence[Step]
    statuses: tuple[str, str, str]
    """As people are told them: after the creation, the change and the closing."""
    names_contract: Changes | None = None
    """Where the ticket names its contract, or else the customer by whom it is looked up; None: as in the file."""
    delivery: str | None = None
    """The header that has the id of a delivery."""
    is_form: bool = False
    """It posts a form and no JSON."""

    @property
    def contract(self) -> str:
        """The id of its only contract."""
        return f"C-{self.name}"

    @property
    def secret(self) -> str:
        """What it signs with."""
        return f"the-secret-of-{self.hook}"

    @property
    def people(self) -> tuple[str, str]:
        """The addresses of its contact and its collaborator: nobody else is ever told of its ticket."""
        return f"contact@{self.name}.example", f"collaborator@{self.name}.example"

    def posts(self, start: datetime) -> list[tuple[Step, bytes, dict[str, str]]]:
        """Each step as it is posted, without a signature; the ticket is saved each minute."""
        payload = json.loads((SHIPPED_MAPPINGS / "posts" / self.file).read_text())
        changed(payload, self.names_contract or {})
        made = []
        for number, step in enumerate(self.steps):
            changed(payload, self.at(start + timedelta(minutes=number)))
            changed(payload, step.says)
            body = self._written(payload if step.instead is None else step.instead)
            delivery = {} if self.delivery is None else {self.delivery: f"{self.name}-{number}"}
            content_type = "application/x-www-form-urlencoded" if self.is_form else "application/json"
            made.append((step, body, {"Content-Type": content_type, **delivery, **step.headers}))
        return made

    def _written(self, payload: Any) -> bytes:
        if not self.is_form:
            return json.dumps(payload).encode()
        return urlencode(
            {name: value if isinstance(value, str) else json.dumps(value) for name, value in payload.items()}
        ).encode()


def changed(payload: Any, changes: Changes) -> None:
    """Put these values into a payload."""
    for at, value in changes.items():
        place, steps = payload, Path(at).steps or ()
        for step in steps[:-1]:
            place = place[step]
        place[steps[-1]] = value


def iso(time: datetime) -> str:
    """As most helpdesks write times."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def plain(time: datetime) -> str:
    """As databases do, in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S")
