"""Storms: who is in one, how it ends, and how a digest's jobs follow their carrier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from adapters.sql_ledger import names
from adapters.sql_ledger.moments import to_micros
from adapters.sql_ledger.rows import entry_of
from adapters.sql_ledger.session import Row, Session
from adapters.sql_ledger.statements import ENTRY
from adapters.sql_ledger.transactions import SqlTransactions
from adapters.sql_ledger.writes import Writes
from schemas.job import JOB_DECODER, Job
from sender.records import LedgerEntry, Report, reader_of, recipient_of
from sender.states import FINISHED, Hold, Transition
from sender.storms.digests import (
    LEAVES_ITS_DIGEST,
    Ahead,
    HeldJob,
    Over,
    apart,
    as_listed,
    digests,
    held_again,
    release_reports,
    unbundled_reports,
)
from sender.storms.storm import StormEnd, StormPolicy, saved_at

JOIN_STORM: Final = """
    UPDATE storms SET joined = CASE WHEN joined < :now THEN :now ELSE joined END WHERE recipient = :recipient
"""

COUNT_SAVES: Final = """
    SELECT COUNT(*) AS saves, (SELECT since FROM storms WHERE recipient = :recipient) AS storm FROM (
        SELECT 1 FROM jobs WHERE recipient = :recipient AND saved_at > :after AND saved_at <= :saved_at LIMIT :limit
    ) AS counted
"""

BEGIN_STORM: Final = "INSERT INTO storms (recipient, since, joined) VALUES (:recipient, :now, :now)"

STORM_THAT_IS_OVER: Final = """
    INSERT INTO storms (recipient, since, joined) SELECT recipient, 0, :now FROM jobs WHERE seq = :seq
    ON CONFLICT (recipient) DO NOTHING
"""

OVER: Final = """
    SELECT recipient FROM storms WHERE joined <= :quiet_since
    UNION ALL SELECT recipient FROM storms WHERE since <= :storm_since AND +joined > :quiet_since
    LIMIT :limit
"""

STILL_OVER: Final = """
    SELECT recipient FROM storms
    WHERE recipient = :recipient AND (joined <= :quiet_since OR since <= :storm_since) /*pg FOR UPDATE */
"""

END_STORM: Final = "DELETE FROM storms WHERE recipient = :recipient"

PRUNE_STORMS: Final = "DELETE FROM storms WHERE joined <= :before"

IN_STORM: Final = """
    SELECT id, attempt, lane, seq, person, domain FROM jobs
    WHERE recipient = :recipient AND hold = 'storm' ORDER BY seq
"""

ONE_IN_STORM: Final = "SELECT body FROM jobs WHERE recipient = :recipient AND hold = 'storm' LIMIT 1"

OTHERS_IN_LANES: Final = """
    SELECT lane, seq, CASE WHEN saved_at IS NOT NULL THEN NULL WHEN digest = 1 THEN seq ELSE carrier END AS digest
    FROM jobs
    WHERE in_lane = 1 AND NOT (recipient = :recipient AND COALESCE(hold, '') = 'storm')
        AND lane IN (SELECT lane FROM jobs WHERE recipient = :recipient AND hold = 'storm')
"""

AT_A_TIME: Final = 500
"""How many of the jobs of one digest are read at a time: each has texts of its own."""

_CARRIER: Final = "(SELECT seq FROM jobs WHERE id = :carrier)"

BUNDLE: Final = f"{ENTRY} WHERE carrier = {_CARRIER} AND seq > :after ORDER BY seq LIMIT {AT_A_TIME}"

BUNDLED: Final = f"{ENTRY} WHERE carrier = :carrier ORDER BY seq"

BUNDLED_IDS: Final = "SELECT id, attempt FROM jobs WHERE carrier = :carrier ORDER BY seq"

LEASE_OF_CARRIER: Final = "SELECT lease_until FROM jobs WHERE seq = :carrier /*pg FOR UPDATE */"

DOUBT_BUNDLE: Final = "UPDATE jobs SET unknowns = unknowns + 1 WHERE carrier = :carrier"


class SqlStorms(SqlTransactions):
    """See sender.ledger.storms.Storms."""

    def end_storms(self, now: datetime, storm: StormPolicy, limit: int = 10) -> int:
        """See sender.ledger.storms.Storms."""
        return self._write(now, lambda writes: _end_storms(writes, storm, limit))

    def bundle(self, carrier: str) -> list[LedgerEntry]:
        """See sender.ledger.storms.Storms."""
        with self._reading() as session:
            return list(_bundle(session, carrier))


def _bundle(session: Session, carrier: str) -> Iterator[LedgerEntry]:
    after = 0
    while rows := session.rows(BUNDLE, {"carrier": carrier, "after": after}):
        yield from (as_listed(entry_of(row)) for row in rows)
        after = rows[-1]["seq"]


def is_buried(writes: Writes, job: Job, storm: StormPolicy) -> bool:
    """Whether this new job comes in a storm, which it may have begun."""
    if storm.limit == 0:
        return False
    to = {"recipient": recipient_of(job), "now": writes.micros}
    saved = saved_at(job)
    window = {"after": to_micros(saved - storm.window), "saved_at": to_micros(saved), "limit": storm.limit}
    (earlier,) = writes.session.rows(COUNT_SAVES, {"recipient": to["recipient"]} | window)
    if earlier["storm"] is None and earlier["saves"] < storm.limit:
        return False
    writes.session.run(BEGIN_STORM if earlier["storm"] is None else JOIN_STORM, to)
    return True


def _end_storms(writes: Writes, storm: StormPolicy, limit: int) -> int:
    over = {
        "quiet_since": to_micros(writes.now - storm.quiet),
        "storm_since": to_micros(writes.now - storm.longest),
        "limit": limit,
    }
    recipients = [row["recipient"] for row in writes.session.rows(OVER, over)]
    buried = {one: mailbox for one in recipients for mailbox in _mailbox_of(writes.session, one)}
    writes.session.reserve(buried.values())
    return sum(_end(writes, storm, over | {"recipient": one}, one in buried) for one in recipients)


def _mailbox_of(session: Session, recipient: str) -> Iterator[str]:
    """The name of the mailbox, where the storm holds a job for it."""
    for row in session.rows(ONE_IN_STORM, {"recipient": recipient}):
        yield names.of_mailbox(JOB_DECODER.decode(row["body"]))


def _end(writes: Writes, storm: StormPolicy, over: dict[str, Any], reserved: bool) -> bool:
    """End one storm, where nobody else has. One that has held its first job only just now ends the next time."""
    if not writes.session.rows(STILL_OVER, over):
        return False
    recipient = {"recipient": over["recipient"]}
    found = writes.session.rows(IN_STORM, recipient)
    if found and not reserved:
        return False
    writes.session.run(END_STORM, recipient)
    if found and storm.end is StormEnd.DIGEST:
        others, size = (
            map(ahead_of, writes.session.rows(OTHERS_IN_LANES, recipient)),
            storm.size_for(found[0]["domain"]),
        )
        let_go(writes, digests(map(held_of, found), others, size), Over.STORM)
    return True


def held_of(row: Row) -> HeldJob:
    """The held job in a row of `jobs`."""
    return HeldJob(row["id"], row["attempt"], row["lane"], row["seq"], reader_of(row["person"]))


def ahead_of(row: Row) -> Ahead:
    """The open job in a row of `jobs` that may be ahead of held ones.

    With the carrier of the digest that it is in, where its schedule had held it: such a job has no `saved_at`.
    """
    return Ahead(row["lane"], row["seq"], row["digest"])


def let_go(writes: Writes, groups: Iterable[Sequence[HeldJob]], over: Over) -> None:
    """Send out what is in these groups, each as a digest; `over` says why it is no longer held."""
    for group in groups:
        first, *rest = release_reports(group, writes.now, over)
        carrier = _move(writes, first)
        for report in _looked_up(writes, rest):
            _move(writes, report, carrier)


def _looked_up(writes: Writes, reports: Sequence[Report]) -> Iterator[Report]:
    # One by one, a database that is far away would be asked as often as there are jobs.
    for start in range(0, len(reports), AT_A_TIME):
        some = reports[start : start + AT_A_TIME]
        writes.look_up([one.job for one in some])
        yield from some


def _move(writes: Writes, report: Report, carrier: Row | None = None) -> Row:
    row = writes.find(report.job)
    if row is None or writes.move(row, report, carrier) is None:
        raise RuntimeError(f"job {report.job} can't be {report.transition.value}: the ledger is damaged")
    return row


def is_under_way(writes: Writes, row: Row) -> bool:
    """Whether the digest that lists this job is just being sent: then it can't be changed apart from it."""
    if row["carrier"] is None:
        return False
    carriers = writes.session.rows(LEASE_OF_CARRIER, {"carrier": row["carrier"]})
    return any(carrier["lease_until"] is not None for carrier in carriers)


def follow_carrier(writes: Writes, row: Row, carrier: LedgerEntry, report: Report) -> None:
    """The jobs of a digest end as their carrier ends, and may have arrived where it may."""
    of = {"carrier": row["seq"]}
    if carrier.standing.unknowns > row["unknowns"]:
        writes.session.run(DOUBT_BUNDLE, of)
        writes.forget_found()
    if report.transition in LEAVES_ITS_DIGEST:
        _regroup(writes, row, report.transition)
        return
    if report.transition is Transition.DIVIDED:
        _divide(writes, row)
        return
    if carrier.standing.state not in FINISHED:
        return
    ends = [
        Report(one["id"], one["attempt"], report.transition, code=report.code, text=report.text)
        for one in writes.session.rows(BUNDLED_IDS, of)
    ]
    for one in _looked_up(writes, ends):
        _move(writes, one)


def _divide(writes: Writes, row: Row) -> None:
    """Send out the older half of what this carrier's digest lists as another one."""
    half = apart([entry_of(one) for one in writes.session.rows(BUNDLED, {"carrier": row["seq"]})])
    for entry in half:
        _move(writes, held_again(entry, Over.SIZE))
    found = [one for entry in half if (one := writes.find(entry.job.id)) is not None]
    let_go(writes, [[held_of(one) for one in found]] if found else [], Over.SIZE)


def _regroup(writes: Writes, row: Row, why: Transition) -> None:
    """Hold again what was bundled with this carrier, by what is over."""
    for one in writes.session.rows(BUNDLED, {"carrier": row["seq"]}):
        reports = unbundled_reports(entry_of(one), why, writes.now)
        for report in reports:
            _move(writes, report)
        if reports[-1].hold is Hold.STORM:
            let_go_again(writes, row)


def let_go_again(writes: Writes, row: Row) -> None:
    """See that what is held of this job's recipient, by no storm that lasts, goes out at once."""
    writes.session.run(STORM_THAT_IS_OVER, {"seq": row["seq"], "now": writes.micros})
