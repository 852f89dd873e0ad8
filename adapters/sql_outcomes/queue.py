"""Posts as they are kept, taken and answered, and sums as they are settled, each in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import asdict

from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sql_ledger.session import Row, Session
from adapters.sql_ledger.storage import OnStorage
from adapters.sql_outcomes import statements as sql
from outcomes.ports import Hear, Judge, NewPost, Part, Save, Taken
from outcomes.sums import Sum, Told
from schemas.hashing import hash_of


class SqlPostQueue(OnStorage):
    """See outcomes.ports.PostQueue."""

    def keep(self, posts: Sequence[NewPost], parts: Sequence[Part], hear: Hear, now: datetime) -> int:
        """See outcomes.ports.PostQueue."""

        def work(session: Session) -> int:
            # All at once and first: one by one, two transactions could wait for each other.
            of_posts = {_lane(one.endpoint, one.source, one.ticket) for one in posts}
            session.reserve(of_posts | {_lane(one.endpoint, one.source, one.ticket) for one in parts})
            kept = _keep_posts(session, posts, now)
            return kept + _keep_parts(session, parts, hear, now)

        return self._transact(work)

    def settle(self, now: datetime, limit: int, judge: Judge) -> int:
        """See outcomes.ports.PostQueue."""

        def work(session: Session) -> int:
            values = {"now": to_micros(now)}
            due = session.rows(sql.SUMS_DUE, values | {"limit": limit})
            if not due:
                return 0
            session.reserve({_lane(row["endpoint"], row["source"], row["ticket"]) for row in due})
            # One that another process has settled meanwhile is not due any more.
            found = session.rows_of_each(sql.SUM_DUE, [_key(row) | values for row in due])
            for row in (rows[0] for rows in found if rows):
                _settle(session, row, judge, now)
            return len(due)

        return self._transact(work)

    def take(self, endpoint: str, now: datetime, limit: int, lease: timedelta) -> Sequence[Taken]:
        """See outcomes.ports.PostQueue."""
        values = {"endpoint": endpoint, "now": to_micros(now), "until": to_micros(now + lease), "limit": limit}
        rows = self._transact(lambda session: session.rows(sql.TAKE, values))
        return [_taken(row) for row in sorted(rows, key=lambda row: (row["due"], row["seq"]))]

    def answered(self, post: Taken, said: str, now: datetime, due: datetime | None) -> bool:
        """See outcomes.ports.PostQueue."""
        values: dict[str, Any] = {"seq": post.seq, "said": said, "now": to_micros(now)}

        def work(session: Session) -> bool:
            if due is not None:
                put_off = values | {"due": to_micros(due), "attempt": post.attempt}
                return bool(session.rows(sql.PUT_OFF, put_off))
            lanes = session.rows(sql.LANE, {"seq": post.seq})
            session.reserve(_names(lanes))
            changed = session.rows(sql.DELIVERED, values)
            if changed:
                promote(session, lanes)
            return bool(changed)

        return self._transact(work)

    def give_up(self, before: datetime, now: datetime, limit: int = 1_000) -> Sequence[Taken]:
        """See outcomes.ports.PostQueue."""
        values = {"before": to_micros(before), "now": to_micros(now)}

        def work(session: Session) -> Sequence[Taken]:
            old = session.rows(sql.OLD, values | {"limit": limit})
            session.reserve(_names(old))
            ended = session.rows_of_each(sql.GIVE_UP, [values | {"seq": row["seq"]} for row in old])
            given_up = [row for row, gone in zip(old, ended, strict=True) if gone]
            promote(session, given_up)
            return [_taken(row) for row in given_up]

        return self._transact(work)

    def bring_back(self, now: datetime, longest: timedelta) -> int:
        """See outcomes.ports.PostQueue."""
        values = {"now": to_micros(now), "furthest": to_micros(now + longest)}
        return self._transact(lambda session: sum(len(session.rows(one, values)) for one in sql.BRING_BACK))

    def prune(self, before: datetime, limit: int = 1_000) -> int:
        """See outcomes.ports.PostQueue."""
        values = {"before": to_micros(before), "limit": limit}

        def work(session: Session) -> int:
            posts, sums = session.rows(sql.PRUNE_POSTS, values), session.rows(sql.PRUNE_SUMS, values)
            session.run_each(sql.PRUNE_PARTS, [_key(row) for row in sums])
            return len(posts) + len(sums)

        return self._transact(work)


def promote(session: Session, rows: Iterable[Row]) -> None:
    """Let the oldest open post of each of these endpoints and tickets be the next one."""
    lanes = {(row["endpoint"], row["source"], row["ticket"]) for row in rows}
    session.run_each(sql.PROMOTE, [dict(zip(("endpoint", "source", "ticket"), lane, strict=True)) for lane in lanes])


def reserve_lanes(session: Session, rows: Iterable[Row]) -> None:
    """Let nobody else change which posts of these endpoints and tickets are open."""
    session.reserve(_names(rows))


def _names(rows: Iterable[Row]) -> set[str]:
    return {_lane(row["endpoint"], row["source"], row["ticket"]) for row in rows}


def _lane(endpoint: str, source: str, ticket: str) -> str:
    return f"outcomes {hash_of(endpoint, source, ticket)}"


def _key(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("endpoint", "source", "event")}


def _taken(row: Row) -> Taken:
    return Taken(row["seq"], row["id"], row["endpoint"], row["attempts"], row["body"])


def _keep_posts(session: Session, posts: Sequence[NewPost], now: datetime) -> int:
    ids = [{"id": one.id} for one in posts]
    known = {one["id"] for one, rows in zip(ids, session.rows_of_each(sql.KNOWN, ids), strict=True) if rows}
    # What a record that came twice says stands in one batch, too.
    new = {one.id: one for one in reversed(posts) if one.id not in known}
    session.run_each(sql.INSERT_POST, [asdict(new[one]) | {"now": to_micros(now)} for one in reversed(new)])
    return len(new)


def _keep_parts(session: Session, parts: Sequence[Part], hear: Hear, now: datetime) -> int:
    values = [asdict(part) for part in parts]
    names = ("endpoint", "source", "event", "job", "sequence", "body")
    changed = session.rows_of_each(sql.PUT_PART, [{name: one[name] for name in names} for one in values])
    newest = {
        (one["endpoint"], one["source"], one["event"]): one for one, rows in zip(values, changed, strict=True) if rows
    }
    found = session.rows_of_each(sql.SUM, [_key(one) for one in newest.values()])
    for one, rows in zip(newest.values(), found, strict=True):
        _put_sum(session, one, hear(one["endpoint"], _sum_of(rows[0]) if rows else None), now)
    return len(newest)


def _settle(session: Session, row: Row, judge: Judge, now: datetime) -> None:
    jobs = [part["body"] for part in session.rows(sql.PARTS, _key(row))]
    place = (row["endpoint"], row["source"], row["ticket"], row["event"], row["reference"])
    after, post = judge(Save(*place, _sum_of(row), jobs))
    if post is not None:
        _keep_posts(session, [post], now)
    names = ("endpoint", "source", "event", "ticket", "reference")
    _put_sum(session, {name: row[name] for name in names}, after, now)


def _put_sum(session: Session, of: Mapping[str, Any], after: Sum, now: datetime) -> None:
    values = {name: of[name] for name in ("endpoint", "source", "event", "ticket", "reference")}
    due = None if after.due is None else to_micros(after.due)
    moments = {"since": to_micros(after.since), "due": due, "now": to_micros(now)}
    session.run(sql.PUT_SUM, values | moments | {"told": after.told.value, "posts": after.posts})


def _sum_of(row: Row) -> Sum:
    due = None if row["due"] is None else from_micros(row["due"])
    return Sum(from_micros(row["since"]), due, Told(row["told"]), row["posts"])
