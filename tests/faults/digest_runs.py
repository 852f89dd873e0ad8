"""A helpdesk whose messages are mostly collected, and the judge of a run: each part in one digest or message, once.

A part is one job. Its title stands in each message that tells of it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from msgspec import Struct

from schemas.job import Job
from schemas.mailbox import mailbox
from sender.ledger.port import Ledger
from sender.records import Selection, reader_of
from sender.states import State, Transition
from tests.support.helpdesk.events import CONTRACT, CUSTOMER, Helpdesk, email, envelope

HOUR = timedelta(hours=1)
TICKETS = 6
"""Tickets of each customer: so there are several parts of one lane."""

RULES = """
extends: default
defaults:
  contacts: {digest: {template: digest/parts, format: text}}
  collaborators: {digest: {template: digest/parts, format: text}}
rules:
  - rule: contract-contacts
    for: contract.contacts
    send: {digest: hourly}
  - rule: contract-collaborators
    for: contract.collaborators
    send: {digest: hourly}
"""
"""Collaborators of the product are told at once."""

TEMPLATE = "{% for one in messages %}{{ one.title }}\n{% endfor %}"
"""The shipped one goes by tickets, and names each once, by its last title."""

_PART = re.compile(r"part-[0-9]+")


def helpdesk() -> Helpdesk:
    """Contacts of two customers share a mailbox, two collaborators another one; one collaborator does not wait."""
    desk = Helpdesk()
    desk.put({**CUSTOMER, "id": "rival", "name": "Rival", "main_site": "S-rome"})
    desk.put({"kind": "site", "id": "S-rome", "contacts": [], "collaborators": []})
    desk.put({**CONTRACT, "id": "C-8", "client": "rival", "sites": ["S-rome"], "services": []})
    shared, team = [email("shared@agency.example")], [email("Team@desk.example")]
    for contract in ("contract/C-7", "contract/C-8"):
        desk.collaborator(f"co-{contract[-1]}", contract, modes=team, time_zone="Australia/Lord_Howe")
    desk.contact("ct-1", "contract/C-7", modes=shared)
    desk.contact("ct-2", "contract/C-8", modes=shared, customer="rival", sites=["S-rome"])
    desk.contact("ct-3", "contract/C-7", time_zone="Pacific/Kiritimati")
    desk.collaborator("co-urgent", "product/P-erp")
    return desk


def saves(numbers: Sequence[int], now: datetime) -> Iterator[dict[str, Any]]:
    """Saves of the last ten minutes: of two customers in turn, several of each ticket."""
    for place, number in enumerate(numbers):
        contract, customer = (("C-7", "acme"), ("C-8", "rival"))[number % 2]
        ticket = {
            "id": f"T-{customer}-{number // 2 % TICKETS}",
            "contract": contract,
            "customer": customer,
            "product": "P-erp",
            "title": f"part-{number:05}",
        }
        time = now - timedelta(minutes=10) + timedelta(minutes=9) * place / len(numbers)
        data = {"previous": {"status": "new"}}
        yield envelope(ticket, data, id=f"E-{number}", time=time.isoformat())


class Arrival(Struct, frozen=True):
    """A message that came: which one, for whom, and the parts that it tells of."""

    message: str
    address: str
    parts: frozenset[str]


def arrivals(mails: Path) -> list[Arrival]:
    """What has come, in that order."""
    return [_read(file) for file in sorted(mails.glob("*.eml"))]


def _read(file: Path) -> Arrival:
    found = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
    body = found.get_body(("plain",))
    assert body is not None
    parts = frozenset(_PART.findall(f"{found['Subject']} {body.get_content()}"))
    return Arrival(str(found["Message-ID"]), mailbox(found["To"].addresses[0].addr_spec), parts)


def judge(jobs: Collection[Job], arrived: Sequence[Arrival]) -> int:
    """Each part came to its mailbox in one message, once or under the same Message-ID; says how many copies came."""
    wanted = {(mailbox(job.address), job.context.ticket.title): job for job in jobs}
    assert len(wanted) == len(jobs), "the run can't be judged: two jobs of one mailbox have one title"
    messages: dict[str, Arrival] = {}
    for one in arrived:
        assert messages.setdefault(one.message, one) == one, f"a copy of {one.message} says something else"
    told = Counter((one.address, part) for one in messages.values() for part in one.parts)
    lost, doubled = set(wanted) - set(told), {part for part, times in told.items() if times > 1}
    assert not lost, f"lost: {sorted(lost)[:9]}"
    assert not doubled, f"in two messages: {sorted(doubled)[:9]}"
    assert not set(told) - set(wanted), "nobody was to be told of this"
    for one in messages.values():
        listed = [wanted[one.address, part] for part in one.parts]
        assert len({reader_of(str(job.person)) for job in listed}) == 1, f"{one.message} mixes readers"
    return len(arrived) - len(messages)


def judge_ledger(ledger: Ledger, jobs: Collection[Job]) -> None:
    """All were delivered, none before it was due and none after its time."""
    entries = {line.entry.job.id: line.entry for line in ledger.list(Selection(), 1_000_000)}
    assert set(entries) == {job.id for job in jobs}
    stuck = [job for job, entry in entries.items() if entry.standing.state is not State.DELIVERED]
    assert not stuck, [f"{one.transition} at {one.at}: {one.text}" for one in ledger.history(stuck[0])]
    for entry in entries.values():
        (at,) = (one.at for one in ledger.history(entry.job.id) if one.transition is Transition.DELIVERED)
        assert at < entry.job.expires
        assert entry.schedule is None or at >= entry.schedule.at


def digests(arrived: Collection[Arrival]) -> Mapping[str, list[int]]:
    """The lengths of the digests that came to each mailbox."""
    found: dict[str, list[int]] = defaultdict(list)
    for one in arrived:
        if len(one.parts) > 1:
            found[one.address].append(len(one.parts))
    return found
