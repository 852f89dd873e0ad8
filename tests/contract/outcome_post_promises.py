"""What every storage of outcome posts promises. Each promise is a function that fails where one breaks it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from outcomes.ports import Disabled, NewPost, Part, Posts, PostState, Save, Selection
from outcomes.sums import Sum, Told
from tests.support.sender.fakes import START

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
LEASE = MINUTE

Promise = Callable[[Posts], None]


def a_post(name: str, ticket: str = "T-1", endpoint: str = "desk", source: str = "/helpdesk") -> NewPost:
    return NewPost(f"msg_{name}", endpoint, source, ticket, f"e-{name}", "job.delivered", name.encode())


def a_part(job: str, sequence: int = 1, event: str = "e-1", endpoint: str = "desk") -> Part:
    return Part(endpoint, "/helpdesk", "T-1", event, "2026-1", job, sequence, f"{job}/{sequence}".encode())


def hear(_endpoint: str, before: Sum | None) -> Sum:
    return Sum(START, START + SECOND, posts=0 if before is None else before.posts)


def keep(posts: Posts, *new: NewPost, now: datetime = START) -> int:
    return posts.keep(new, (), hear, now)


def taken(posts: Posts, now: datetime = START, endpoint: str = "desk", limit: int = 10) -> list[bytes]:
    return [one.body for one in posts.take(endpoint, now, limit, LEASE)]


def what_is_kept_comes_once(posts: Posts) -> None:
    assert keep(posts, a_post("a"), a_post("a")) == 1
    assert keep(posts, a_post("a"), a_post("b", "T-2")) == 1
    assert taken(posts) == [b"a", b"b"]
    assert taken(posts) == []


def a_delivered_one_is_still_known(posts: Posts) -> None:
    keep(posts, a_post("a"))
    [one] = posts.take("desk", START, 1, LEASE)
    assert posts.answered(one, "HTTP 200", START, None)
    assert keep(posts, a_post("a")) == 0
    assert taken(posts, START + DAY) == []


def posts_of_a_ticket_go_one_after_the_other(posts: Posts) -> None:
    keep(posts, a_post("a"), a_post("b"), a_post("other", "T-2"), a_post("elsewhere", source="/other"))
    first, *others = posts.take("desk", START, 10, LEASE)
    assert (first.body, sorted(one.body for one in others)) == (b"a", [b"elsewhere", b"other"])
    assert posts.answered(first, "HTTP 200", START, None)
    assert taken(posts) == [b"b"]


def one_that_is_put_off_keeps_its_ticket_back(posts: Posts) -> None:
    keep(posts, a_post("a"), a_post("b"))
    [first] = posts.take("desk", START, 10, LEASE)
    posts.answered(first, "HTTP 500", START, START + MINUTE)
    assert taken(posts, START + MINUTE - SECOND) == []
    [again] = posts.take("desk", START + MINUTE, 10, LEASE)
    assert (again.id, again.body, again.attempt) == (first.id, b"a", 2)


def endpoints_do_not_wait_for_each_other(posts: Posts) -> None:
    keep(posts, a_post("a"), a_post("b", endpoint="other"))
    assert taken(posts) == [b"a"]
    assert taken(posts, endpoint="other") == [b"b"]


def the_longest_due_goes_first(posts: Posts) -> None:
    for number in range(5):
        keep(posts, a_post(f"{number}", f"T-{number}"), now=START + (5 - number) * SECOND)
    assert taken(posts, START + MINUTE, limit=3) == [b"4", b"3", b"2"]
    assert taken(posts, START + MINUTE) == [b"1", b"0"]


def a_lease_that_has_ended_lets_others_try(posts: Posts) -> None:
    keep(posts, a_post("a"))
    [lost] = posts.take("desk", START, 1, LEASE)
    assert taken(posts, START + LEASE - SECOND) == []
    [again] = posts.take("desk", START + LEASE, 1, LEASE)
    # The first one may have been held up: it puts nothing off for the second.
    assert not posts.answered(lost, "no answer", START + LEASE, START + DAY)
    assert posts.answered(again, "HTTP 500", START + LEASE, START + LEASE + SECOND)
    # Yet where it was taken, that counts.
    assert posts.answered(lost, "HTTP 200", START + LEASE, None)
    assert taken(posts, START + DAY) == []


def what_is_old_is_given_up(posts: Posts) -> None:
    keep(posts, a_post("a"), a_post("b"))
    keep(posts, a_post("new"), now=START + DAY)
    posts.take("desk", START, 1, LEASE)
    assert [one.body for one in posts.give_up(START, START + SECOND)] == [b"b"]
    assert [one.body for one in posts.give_up(START, START + LEASE)] == [b"a"]
    assert posts.give_up(START, START + LEASE) == []
    assert {one.id: one.state for one in posts.list(Selection(), 10)} == {
        "msg_a": PostState.GIVEN_UP,
        "msg_b": PostState.GIVEN_UP,
        "msg_new": PostState.WAITING,
    }
    assert taken(posts, START + DAY) == [b"new"]


def what_is_resent_goes_before_later_ones(posts: Posts) -> None:
    keep(posts, a_post("a"), a_post("b", "T-2"))
    posts.give_up(START, START)
    keep(posts, a_post("later"), now=START + MINUTE)
    assert posts.resend(Selection(endpoint="desk", ticket="T-1"), START + DAY) == 2
    assert taken(posts, START + DAY) == [b"a"]
    assert posts.resend(Selection(id="msg_b"), START + DAY) == 1
    assert taken(posts, START + DAY) == [b"b"]
    # Its time begins anew.
    assert posts.give_up(START + SECOND, START + 2 * DAY) == []


def what_was_delivered_is_resent_by_its_id_alone(posts: Posts) -> None:
    keep(posts, a_post("a"))
    [one] = posts.take("desk", START, 1, LEASE)
    posts.answered(one, "HTTP 200", START, None)
    assert posts.resend(Selection(endpoint="desk"), START) == 0
    assert taken(posts) == []
    assert posts.resend(Selection(id="msg_a"), START) == 1
    assert taken(posts) == [b"a"]


def a_list_says_how_posts_stand(posts: Posts) -> None:
    keep(posts, a_post("a"), a_post("b", "T-2"))
    keep(posts, a_post("c", endpoint="other"), now=START + SECOND)
    [first, _] = posts.take("desk", START, 2, LEASE)
    posts.answered(first, "HTTP 404", START + SECOND, START + MINUTE)
    newest, *others = posts.list(Selection(), 10)
    assert (newest.id, newest.made, newest.said) == ("msg_c", START + SECOND, None)
    assert [one.id for one in others] == ["msg_b", "msg_a"]
    assert (others[1].said, others[1].attempts, others[1].due) == ("HTTP 404", 1, START + MINUTE)
    assert [one.id for one in posts.list(Selection(), 1, "msg_b")] == ["msg_a"]
    assert [one.id for one in posts.list(Selection(ticket="T-2"), 10)] == ["msg_b"]
    assert [one.id for one in posts.list(Selection(endpoint="other", state=PostState.WAITING), 10)] == ["msg_c"]
    assert posts.list(Selection(state=PostState.DELIVERED), 10) == []
    assert [(one.endpoint, one.waiting, one.oldest, one.given_up) for one in posts.standing()] == [
        ("desk", 2, START, 0),
        ("other", 1, START + SECOND, 0),
    ]


def a_save_is_summed_when_it_is_due(posts: Posts) -> None:
    assert posts.keep((), [a_part("j-1"), a_part("j-2"), a_part("j-1", 3), a_part("j-1", 2)], hear, START) == 1
    saves: list[Save] = []

    def judge(save: Save) -> tuple[Sum, NewPost | None]:
        saves.append(save)
        return replace(save.sum, due=None, told=Told.ALL, posts=save.sum.posts + 1), a_post("sum")

    assert posts.settle(START, 10, judge) == 0
    assert posts.settle(START + SECOND, 10, judge) == 1
    [save] = saves
    assert (save.endpoint, save.source, save.ticket, save.event) == ("desk", "/helpdesk", "T-1", "e-1")
    assert (save.reference, sorted(save.jobs), save.sum) == ("2026-1", [b"j-1/3", b"j-2/1"], hear("", None))
    assert posts.settle(START + DAY, 10, judge) == 0
    assert taken(posts, START + DAY) == [b"sum"]
    # What comes again changes nothing; what is new opens it again.
    assert posts.keep((), [a_part("j-1", 3)], hear, START) == 0
    assert posts.keep((), [replace(a_part("j-1", 4), reference=None)], hear, START) == 1
    assert posts.settle(START + DAY, 10, judge) == 1
    assert (saves[1].reference, saves[1].sum.posts) == ("2026-1", 1)


def what_a_judge_raises_leaves_the_sum_as_it_was(posts: Posts) -> None:
    posts.keep((), [a_part("j-1")], hear, START)

    def fails(_save: Save) -> tuple[Sum, NewPost | None]:
        raise KeyError("a fault of ours")

    for _ in range(2):
        try:
            posts.settle(START + SECOND, 10, fails)
        except KeyError:
            continue
        raise AssertionError("what a judge raises is raised")


def what_a_clock_that_was_ahead_put_off_comes_back(posts: Posts) -> None:
    keep(posts, a_post("a"), now=START + 400 * DAY)
    posts.keep((), [a_part("j-1")], lambda _name, _before: Sum(START + 400 * DAY, START + 400 * DAY), START)
    assert taken(posts) == []
    assert posts.bring_back(START, DAY) > 0
    assert taken(posts) == [b"a"]
    assert posts.settle(START, 10, lambda save: (replace(save.sum, due=None), None)) == 1
    posts.give_up(START, START + LEASE)
    assert [one.state for one in posts.list(Selection(), 1)] == [PostState.GIVEN_UP]
    assert posts.bring_back(START, DAY) == 0


def what_ended_long_ago_is_forgotten(posts: Posts) -> None:
    keep(posts, a_post("a"), a_post("waits"))
    [one] = posts.take("desk", START, 1, LEASE)
    posts.answered(one, "HTTP 200", START, None)
    posts.keep((), [a_part("j-1")], hear, START)
    assert posts.prune(START) == 0 + 1
    assert [one.id for one in posts.list(Selection(), 10)] == ["msg_waits"]
    posts.settle(START + SECOND, 10, lambda save: (replace(save.sum, due=None), None))
    assert posts.prune(START) == 0
    assert posts.prune(START + SECOND) == 1
    assert [one.place for one in posts.kept()] == ["outcome_posts"]


def a_disabled_endpoint_is_known_until_it_is_enabled(posts: Posts) -> None:
    posts.disable(Disabled("desk", "one", START, "HTTP 410"))
    posts.disable(Disabled("desk", "two", START + SECOND, "HTTP 410"))
    assert posts.disabled() == [Disabled("desk", "two", START + SECOND, "HTTP 410")]
    assert posts.enable("desk")
    assert not posts.enable("desk")
    assert posts.disabled() == []


def all_bodies_can_be_rewritten(posts: Posts) -> None:
    keep(posts, *(a_post(f"{number}", f"T-{number}") for number in range(3)))
    posts.keep((), [a_part("zoe"), a_part("li")], hear, START)
    assert sorted(one.body for one in posts.kept()) == [b"0", b"1", b"2", b"li/1", b"zoe/1"]
    assert posts.rewrite(lambda body: body.replace(b"zoe", b"-").replace(b"1", b"-")) == 3
    assert sorted(one.body for one in posts.kept()) == [b"-", b"-/-", b"0", b"2", b"li/-"]


PROMISES: list[Promise] = [
    value
    for value in list(vars().values())
    if callable(value) and list(getattr(value, "__annotations__", {})) == ["posts", "return"]
]
