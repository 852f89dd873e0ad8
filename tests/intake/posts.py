"""Made-up lives of a ticket: its saves, what a helpdesk posts of them, and in which order the posts arrive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from msgspec import Struct

from intake.observation import Moment, Observation

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RECEIVED = START + timedelta(days=1)
SOURCE = "/helpdesk"
TICKET = "T-1042"

_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "contract": st.sampled_from([None, "C-7", "C-8"]),
    "external_description": st.sampled_from([None, "", " \u200b", "It does not print", "<p>Nor does it scan</p>"]),
    "status": st.sampled_from(["new", "open", "solved"]),
    "resolution_marked": st.booleans(),
    "closed_for_customer": st.booleans(),
    "priority": st.sampled_from([None, "high"]),
}
_MARKS = ("resolution_marked", "closed_for_customer")


class Post(Struct, frozen=True):
    """What is posted of one save, under an id that a repeat has as well."""

    delivery: str
    observation: Observation


def whole(**fields: Any) -> dict[str, Any]:
    """A ticket as a helpdesk posts it whole."""
    return {"id": TICKET, "customer": "acme", "title": "Printer", "contract": "C-7", "status": "new"} | {
        "external_description": "It does not print",
        "resolution_marked": False,
        "closed_for_customer": False,
        **fields,
    }


def post(number: int, ticket: dict[str, Any], moment: Moment = Moment.UPDATED, **rest: Any) -> Post:
    """A post of a save so many minutes after the start."""
    time = rest.pop("time", START + timedelta(minutes=number))
    return Post(
        f"d-{number}", Observation(source=SOURCE, ticket={"id": TICKET} | ticket, time=time, moment=moment, **rest)
    )


@st.composite
def lives(draw: st.DrawFn) -> list[Post]:
    """Posts in the order in which they arrive: of some saves none, of others more than once, some too late."""
    tells_before, tells_moment = draw(st.booleans()), draw(st.booleans())
    ticket = draw(st.fixed_dictionaries(_VALUES)) | dict.fromkeys(_MARKS, False)
    posts = [post(0, _some(draw, ticket), Moment.CREATED if tells_moment else Moment.UNKNOWN)]
    minute = 0
    for number in range(1, draw(st.integers(1, 8))):
        # Some saves have the time of the one before: the helpdesk's clock counts minutes, or it is the same save.
        minute += draw(st.integers(0, 1))
        after = ticket | draw(st.fixed_dictionaries({}, optional=_VALUES))
        changed = {name: value for name, value in after.items() if value != ticket[name]}
        told = {name: ticket[name] for name in changed} if tells_before else None
        says = after if draw(st.booleans()) else changed
        moment = Moment.UPDATED if tells_moment else Moment.UNKNOWN
        time = START + timedelta(minutes=minute)
        posts.append(post(number, dict(says), moment, time=time, before=told))
        ticket = after
    return [posts[one] for one in draw(st.lists(st.integers(0, len(posts) - 1), max_size=14))]


def _some(draw: st.DrawFn, ticket: dict[str, Any]) -> dict[str, Any]:
    left_out = draw(st.sets(st.sampled_from(sorted(_VALUES)), max_size=3))
    return {name: value for name, value in ticket.items() if name not in left_out}
