"""Retries: when a job is tried again, and when it is given up. Pure: the time and the chance are passed in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from sender.replies.reply import ReplyKind
from sender.states import Standing, Transition

Chance = Callable[[], float]
"""A source of random numbers, at least 0 and below 1."""

FREED_AT_ONCE: Final = 3
"""How often a job goes out again at once whose sender ended before it was handed over.

After that it waits longer each time, since the job itself may be what ends its senders.
"""

_ENOUGH_DOUBLINGS: Final = 64
_FASTEST_GROWTH: Final = 10.0


_FOR_EACH_LISTED: Final = timedelta(seconds=1)


class RetryPolicy(Struct, frozen=True):
    """How patient the sender is.

    After the n-th attempt that was put off, a job waits `first_delay * growth ** (n - 1)`, at most `longest_delay`.
    A random part of up to `jitter` is added to each wait, so that jobs that failed together do not return together.
    The number of these attempts has no limit: the job's expiry ends them.

    After an attempt that may have arrived, a job waits `unknown_delay`: long enough for a slow relay to finish, since a
    second copy is worse than a late one. It gets at most `unknown_tries` attempts of that kind. A message that can't be
    composed gets `fault_tries`.

    Where no session with the relay was possible, the job waits only `relay_delay`. The circuit breaker keeps the relay
    from being asked too often, and once the relay is back, jobs should go out soon.
    """

    first_delay: timedelta = timedelta(seconds=30)
    growth: float = 2.0
    longest_delay: timedelta = timedelta(minutes=15)
    jitter: float = 0.25
    unknown_delay: timedelta = timedelta(minutes=30)
    unknown_tries: int = 5
    fault_tries: int = 4
    relay_delay: timedelta = timedelta(seconds=10)

    def __post_init__(self) -> None:
        """Raise ValueError for a policy that would hammer the relay or never try."""
        if not timedelta(0) < self.first_delay <= self.longest_delay <= self.unknown_delay:
            raise ValueError("delays must hold 0 < first_delay <= longest_delay <= unknown_delay")
        if not (0 <= self.jitter <= 1 and 1 + self.jitter <= self.growth <= _FASTEST_GROWTH):
            raise ValueError("jitter lies between 0 and 1, growth between 1 + jitter and 10, so that waits grow")
        if self.relay_delay <= timedelta(0):
            raise ValueError("relay_delay is more than 0")
        if self.unknown_tries < 1 or self.fault_tries < 1:
            raise ValueError("unknown_tries and fault_tries are at least 1")


class Verdict(Struct, frozen=True):
    """What happens to the job now, and until when it waits where it is tried again."""

    transition: Transition
    until: datetime | None = None


def after_reply(policy: RetryPolicy, standing: Standing, kind: ReplyKind, now: datetime, chance: Chance) -> Verdict:
    """The verdict on the relay's answer to the present attempt."""
    match kind:
        case ReplyKind.ACCEPTED:
            return Verdict(Transition.DELIVERED)
        case ReplyKind.REFUSED:
            return Verdict(Transition.REFUSED)
        case ReplyKind.DEFERRED:
            return Verdict(Transition.DEFERRED, now + _growing(policy, standing.attempt, chance))
        case ReplyKind.UNKNOWN:
            return _after_unknown(policy, standing, Transition.UNDECIDED, now, chance)


def after_size(now: datetime, listed: int, expires: datetime) -> Verdict:
    """The verdict on a digest of so many jobs that the relay finds too large: it goes out in two.

    The newer half waits, for the older one may have to be divided again, and is to come before it; not past its expiry.
    """
    later = now + listed * _FOR_EACH_LISTED
    return Verdict(Transition.DIVIDED, later if later < expires else now)


def after_no_session(policy: RetryPolicy, now: datetime) -> Verdict:
    """The verdict on an attempt for which no session with the relay was possible."""
    return Verdict(Transition.DEFERRED, now + policy.relay_delay)


def after_lapse(policy: RetryPolicy, standing: Standing, now: datetime, chance: Chance) -> Verdict:
    """The verdict on an attempt whose sender is gone, or whose lease has ended.

    Where it is certain that nothing was handed over, the job is freed. Else its message may have arrived.
    """
    if standing.never_offered:
        again = standing.freed + 1 - FREED_AT_ONCE
        return Verdict(Transition.FREED, now if again <= 0 else now + _growing(policy, again, chance))
    verdict = _after_unknown(policy, standing, Transition.LAPSED, now, chance)
    if verdict.until is None or standing.lease_until is None:
        return verdict
    # A process that counts as gone may still live, cut off from the ledger, and send until its lease ends.
    return Verdict(verdict.transition, max(verdict.until, standing.lease_until))


def after_withholding(now: datetime) -> Verdict:
    """The verdict of its own sender on an attempt of which nothing was handed over, through no fault of the relay.

    It is put off until now, and not `freed`: if the ledger's answer was lost, the ledger may have written down that the
    message was handed over, and would then refuse to free it.
    """
    return Verdict(Transition.DEFERRED, now)


def after_fault(policy: RetryPolicy, standing: Standing, now: datetime, chance: Chance) -> Verdict:
    """The verdict on an attempt whose message could not be composed."""
    if standing.faults + 1 >= policy.fault_tries:
        return Verdict(Transition.GAVE_UP)
    return Verdict(Transition.BROKEN, now + _growing(policy, standing.faults + 1, chance))


def out_of_time(standing: Standing) -> Verdict:
    """The verdict on a job that has expired."""
    return Verdict(Transition.LEFT_UNKNOWN if standing.unknowns else Transition.EXPIRED)


def _after_unknown(
    policy: RetryPolicy, standing: Standing, transition: Transition, now: datetime, chance: Chance
) -> Verdict:
    if standing.unknowns + 1 >= policy.unknown_tries:
        return Verdict(Transition.LEFT_UNKNOWN)
    return Verdict(transition, now + _jittered(policy.unknown_delay, policy, chance))


def _growing(policy: RetryPolicy, nth: int, chance: Chance) -> timedelta:
    factor = policy.growth ** min(nth - 1, _ENOUGH_DOUBLINGS)
    # Compared as numbers first: a timedelta of that many doublings overflows.
    capped = min(policy.first_delay.total_seconds() * factor, policy.longest_delay.total_seconds())
    return _jittered(timedelta(seconds=capped), policy, chance)


def _jittered(delay: timedelta, policy: RetryPolicy, chance: Chance) -> timedelta:
    return delay * (1 + policy.jitter * chance())
