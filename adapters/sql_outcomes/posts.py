"""All of the storage: the queue, and what people look at and change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from adapters.sql_ledger.moments import from_micros, to_micros
from adapters.sql_ledger.session import Row, Session
from adapters.sql_outcomes import statements as sql
from adapters.sql_outcomes.queue import SqlPostQueue, promote, reserve_lanes
from outcomes.ports import Disabled, Kept, KeptPost, PostState, Selection, Standing
from schemas.job import JOB_DECODER, Job

_PAGE: Final = 500

_Names = Sequence[str]
_PART_KEY: Final = ("endpoint", "source", "event", "job")


class SqlOutcomePosts(SqlPostQueue):
    """See outcomes.ports.Posts, and outcomes.ports.KnownJobs, whose jobs lie in the same database."""

    def jobs(self, ids: Sequence[str]) -> Mapping[str, Job]:
        """See outcomes.ports.KnownJobs."""
        with self._reading() as session:
            found = session.rows_of_each(sql.JOB, [{"id": one} for one in ids])
        return {row["id"]: JOB_DECODER.decode(row["body"]) for rows in found for row in rows}

    def disable(self, one: Disabled) -> None:
        """See outcomes.ports.EndpointSwitch."""
        values = {"endpoint": one.endpoint, "place": one.place, "since": to_micros(one.since), "why": one.why}
        self._transact(lambda session: session.run(sql.DISABLE, values))

    def enable(self, endpoint: str) -> bool:
        """See outcomes.ports.EndpointSwitch."""
        return bool(self._transact(lambda session: session.rows(sql.ENABLE, {"endpoint": endpoint})))

    def disabled(self) -> Sequence[Disabled]:
        """See outcomes.ports.EndpointSwitch."""
        rows = self._rows(sql.DISABLED, {})
        return [Disabled(row["endpoint"], row["place"], from_micros(row["since"]), row["why"]) for row in rows]

    def standing(self) -> Sequence[Standing]:
        """See outcomes.ports.PostListing."""
        given_up = {row["endpoint"]: row["posts"] for row in self._rows(sql.GIVEN_UP, {})}
        waiting = {row["endpoint"]: row for row in self._rows(sql.WAITING, {})}
        return [
            Standing(
                name,
                waiting[name]["posts"] if name in waiting else 0,
                from_micros(waiting[name]["oldest"]) if name in waiting else None,
                given_up.get(name, 0),
            )
            for name in sorted(given_up.keys() | waiting.keys())
        ]

    def list(self, selection: Selection, limit: int, before: str | None = None) -> Sequence[KeptPost]:
        """See outcomes.ports.PostListing."""
        with self._reading() as session:
            return [_kept_post(row) for row in _selected(session, selection, limit, before)]

    def resend(self, selection: Selection, now: datetime, limit: int = 1_000) -> int:
        """See outcomes.ports.PostListing."""

        def work(session: Session) -> int:
            is_wide = selection.id is None and selection.state is None
            rows = _selected(session, selection, limit, None, "state <> 'delivered'" if is_wide else "TRUE")
            reserve_lanes(session, rows)
            values = [{"seq": row["seq"], "now": to_micros(now)} for row in rows]
            session.run_each(sql.AT_ONCE, values)
            session.run_each(sql.RESEND, values)
            lanes = [{name: row[name] for name in ("endpoint", "source", "ticket")} for row in rows]
            session.run_each(sql.DEMOTE, lanes)
            promote(session, rows)
            return len(rows)

        return self._transact(work)

    def kept(self) -> Iterator[Kept]:
        """See outcomes.ports.KeptOutcomes."""
        for posts in self._pages_of_posts():
            yield from (Kept("outcome_posts", row["id"], row["body"]) for row in posts)
        for parts in self._pages_of_parts():
            yield from (Kept("outcome_parts", f"{row['endpoint']} {row['job']}", row["body"]) for row in parts)

    def rewrite(self, change: Callable[[bytes], bytes]) -> int:
        """See outcomes.ports.KeptOutcomes."""
        changed = 0
        for posts in self._pages_of_posts():
            changed += self._change(sql.BLANK_POST, posts, ["seq"], change)
        for parts in self._pages_of_parts():
            changed += self._change(sql.BLANK_PART, parts, _PART_KEY, change)
        return changed

    def _change(self, statement: str, rows: Sequence[Row], key: _Names, change: Callable[[bytes], bytes]) -> int:
        bodies = [(row, change(row["body"])) for row in rows]
        values = [{name: row[name] for name in key} | {"body": body} for row, body in bodies if body != row["body"]]
        if values:
            self._transact(lambda session: session.run_each(statement, values))
        return len(values)

    def _pages_of_posts(self) -> Iterator[Sequence[Row]]:
        after = 0
        while rows := self._rows(sql.POSTS_PAGE, {"after": after, "limit": _PAGE}):
            yield rows
            after = rows[-1]["seq"]

    def _pages_of_parts(self) -> Iterator[Sequence[Row]]:
        after = dict.fromkeys(_PART_KEY, "")
        while rows := self._rows(sql.PARTS_PAGE, after | {"limit": _PAGE}):
            yield rows
            after = {name: rows[-1][name] for name in after}


def _selected(
    session: Session, selection: Selection, limit: int, before: str | None, besides: str = "TRUE"
) -> Sequence[Row]:
    given = {"endpoint": selection.endpoint, "state": selection.state, "ticket": selection.ticket, "id": selection.id}
    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    conditions = [f"{name} = :{name}" for name in values]
    if before is not None:
        conditions.append("seq < (SELECT seq FROM outcome_posts WHERE id = :before)")
        values["before"] = before
    where = " AND ".join([*conditions, besides])
    statement = f"{sql.SELECTED} WHERE {where} ORDER BY seq DESC LIMIT :limit"
    return session.rows(statement, values | {"limit": limit})


def _kept_post(row: Row) -> KeptPost:
    return KeptPost(
        id=row["id"],
        endpoint=row["endpoint"],
        source=row["source"],
        ticket=row["ticket"],
        event=row["event"],
        type=row["type"],
        state=PostState(row["state"]),
        attempts=row["attempts"],
        made=from_micros(row["made"]),
        changed=from_micros(row["changed"]),
        due=from_micros(row["due"]) if row["open"] else None,
        said=row["said"],
        body=row["body"],
    )
