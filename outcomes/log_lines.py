"""What lines of the log say of posts: names of endpoints, ids and statuses. No text, no word of an endpoint."""

from __future__ import annotations

import logging
from typing import Final

from outcomes.ports import Taken
from outcomes.retries import Answer, Verdict

_log: Final = logging.getLogger(__name__)


def tell_answer(post: Taken, answer: Answer) -> None:
    """A line where a post was not taken."""
    fields = {"endpoint": post.endpoint, "post": post.id, "attempt": post.attempt, "said": answer.said}
    if answer.verdict is Verdict.GONE:
        _log.warning("outcome_endpoint_gone", extra=fields)
    elif answer.verdict is Verdict.REFUSED:
        _log.warning("outcome_refused", extra=fields)


def tell_pause(endpoint: str, answer: Answer, was_open: bool, is_open: bool) -> None:
    """A line where an endpoint began to be away, or came back."""
    if is_open and not was_open:
        _log.warning("outcome_endpoint_away", extra={"endpoint": endpoint, "said": answer.said})
    elif was_open and not is_open:
        _log.info("outcome_endpoint_back", extra={"endpoint": endpoint})


def tell_given_up(post: Taken) -> None:
    """A line for a post that was given up."""
    _log.warning("outcome_given_up", extra={"endpoint": post.endpoint, "post": post.id, "attempt": post.attempt})


def tell_brought_back(number: int) -> None:
    """A line where a clock had been ahead."""
    _log.warning("outcomes_brought_back", extra={"waits": number})


def tell_enabled(endpoint: str) -> None:
    """A line where a person has enabled an endpoint again."""
    _log.info("outcome_endpoint_enabled", extra={"endpoint": endpoint})
