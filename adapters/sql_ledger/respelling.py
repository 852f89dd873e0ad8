"""Brings what a ledger keeps by mailbox to the form that mailboxes have now (see schemas.mailbox).

A part of a migration: until then, letters beyond ASCII were kept as they were written, so that two spellings of one
mailbox had lanes, storms and suppressions of their own. What is in ASCII stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from adapters.sql_ledger.session import Row, Session
from adapters.sql_ledger.statements import DEMOTE, PROMOTE
from schemas.directory import SuppressionRecord
from schemas.job import JOB_DECODER
from schemas.mailbox import mailbox
from sender.records import domain_of, lane_of, recipient_of

_PAGE: Final = 500

_JOBS: Final = "SELECT seq, lane, recipient, body FROM jobs WHERE seq > :after ORDER BY seq LIMIT :limit"

_RESPELL: Final = "UPDATE jobs SET head = 0, lane = :lane, recipient = :recipient, domain = :domain WHERE seq = :seq"

_LEAVE_CARRIERS_LANE: Final = """
    UPDATE jobs SET in_lane = 0, head = 0 WHERE in_lane = 1 AND carrier IS NOT NULL
        AND lane = (SELECT of.lane FROM jobs AS of WHERE of.seq = jobs.carrier)
"""

_STORM: Final = "DELETE FROM storms WHERE recipient = :recipient RETURNING since, joined"

_JOIN: Final = """
    INSERT INTO storms (recipient, since, joined) VALUES (:recipient, :since, :joined)
    ON CONFLICT (recipient) DO UPDATE SET
        since = CASE WHEN excluded.since < storms.since THEN excluded.since ELSE storms.since END,
        joined = CASE WHEN excluded.joined > storms.joined THEN excluded.joined ELSE storms.joined END
"""

_SUPPRESSIONS: Final = "SELECT id, body FROM suppressions WHERE mailbox IS NOT NULL"

_RESPELL_SUPPRESSION: Final = "UPDATE suppressions SET mailbox = :mailbox WHERE id = :id"

_RECORD: Final = msgspec.json.Decoder(SuppressionRecord)


class _Address(msgspec.Struct):
    """The one member of a job that says whether its keys may have to change: the others need not be decoded."""

    address: str


_ADDRESS: Final = msgspec.json.Decoder(_Address)


def respell(session: Session) -> None:
    """Give jobs, storms and suppressions the keys of their mailboxes. Within the transaction of a migration."""
    lanes: set[str] = set()
    recipients: dict[str, str] = {}
    for row in _jobs_beyond_ascii(session):
        job = JOB_DECODER.decode(row["body"])
        new = {"lane": lane_of(job), "recipient": recipient_of(job), "domain": domain_of(job)}
        if (row["lane"], row["recipient"]) != (new["lane"], new["recipient"]):
            session.run(_RESPELL, {"seq": row["seq"], **new})
            lanes |= {row["lane"], new["lane"]}
            recipients[row["recipient"]] = new["recipient"]
    session.run(_LEAVE_CARRIERS_LANE, {})
    for lane in sorted(lanes):
        session.run(DEMOTE, {"lane": lane})
        session.run(PROMOTE, {"lane": lane})
    for old, recipient in recipients.items():
        for storm in session.rows(_STORM, {"recipient": old}):
            session.run(_JOIN, {"recipient": recipient, "since": storm["since"], "joined": storm["joined"]})
    session.run_each(_RESPELL_SUPPRESSION, list(_suppressions_beyond_ascii(session)))


def _jobs_beyond_ascii(session: Session) -> Iterator[Row]:
    after = 0
    while found := session.rows(_JOBS, {"after": after, "limit": _PAGE}):
        yield from (row for row in found if not _ADDRESS.decode(row["body"]).address.isascii())
        after = found[-1]["seq"]


def _suppressions_beyond_ascii(session: Session) -> Iterator[dict[str, Any]]:
    for row in session.rows(_SUPPRESSIONS, {}):
        address = _RECORD.decode(row["body"]).address
        if address and not address.isascii():
            yield {"id": row["id"], "mailbox": mailbox(address)}
