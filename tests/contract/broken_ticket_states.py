"""Storages of ticket states that break one promise each: the controls of the contract."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from intake.ports import Append, Judge, Retention, Taken, Unpublished
from intake.states.judgement import Judged, TicketKey
from intake.states.ticket_state import TicketState
from tests.contract import ticket_state_promises as promises
from tests.contract.ticket_state_promises import Promise
from tests.support.intake.in_memory_states import Delivery, InMemoryTicketStates


class ForgetsStates(InMemoryTicketStates):
    def state(self, ticket: TicketKey) -> TicketState | None:
        return None


class JudgesAgain(InMemoryTicketStates):
    def take(self, ticket: TicketKey, event: str, judge: Judge, now: datetime) -> Taken:
        self.deliveries.pop(event, None)
        return super().take(ticket, event, judge, now)


class KeepsWhatFailed(InMemoryTicketStates):
    def take(self, ticket: TicketKey, event: str, judge: Judge, now: datetime) -> Taken:
        known = self.find(event)
        if known is None:
            self.deliveries[event] = Delivery(ticket, b"", now)
            judged = judge(self.state(ticket))
            self.keep(ticket, event, judged, now)
            return Taken(judged.event, False, False)
        return known


class PublishesChangesAlone(InMemoryTicketStates):
    def keep(self, ticket: TicketKey, event: str, judged: Judged, now: datetime) -> None:
        is_change = judged.state != self.state(ticket)
        super().keep(ticket, event, judged, now)
        self.deliveries[event].waits = is_change


class IgnoresSources(InMemoryTicketStates):
    def take(self, ticket: TicketKey, event: str, judge: Judge, now: datetime) -> Taken:
        return super().take(replace(ticket, source=""), event, judge, now)

    def state(self, ticket: TicketKey) -> TicketState | None:
        return super().state(replace(ticket, source=""))


class PublishesTheNewestFirst(InMemoryTicketStates):
    def in_order(self, waiting: list[Delivery]) -> list[Delivery]:
        return waiting[::-1]


class PublishesEverything(InMemoryTicketStates):
    def publish(self, append: Append, ticket: TicketKey | None = None) -> int:
        return super().publish(append)


class CountsNothing(InMemoryTicketStates):
    def unpublished(self) -> Unpublished:
        return Unpublished(0, None)


class SeedsOverAll(InMemoryTicketStates):
    def seed_one(self, ticket: TicketKey, state: TicketState, now: datetime) -> bool:
        self.states[ticket] = (state, now)
        return True


class ForgetsTogether(InMemoryTicketStates):
    def prune(self, now: datetime, retention: Retention, limit: int = 1_000) -> int:
        return super().prune(now, replace(retention, states=retention.deliveries), limit)


class ForgetsWhatWaits(InMemoryTicketStates):
    def is_over(self, one: Delivery, before: datetime) -> bool:
        return one.taken <= before


class KeepsBackAll(InMemoryTicketStates):
    def pages(self, waiting: list[Delivery]) -> list[list[Delivery]]:
        return [waiting] if waiting else []


class KeepsDeliveriesAsTheyAre(InMemoryTicketStates):
    def rewrite_deliveries(self, change: Callable[[bytes], bytes]) -> int:
        return 0


BROKEN: dict[Promise, type[Any]] = {
    promises.a_delivery_leads_to_its_event_and_the_next_state: ForgetsStates,
    promises.a_repeat_leads_to_the_same_event_and_is_not_judged: JudgesAgain,
    promises.what_a_judge_raises_leaves_everything_as_it_was: KeepsWhatFailed,
    promises.an_event_that_changes_no_state_is_published_too: PublishesChangesAlone,
    promises.tickets_of_two_sources_are_two: IgnoresSources,
    promises.what_the_log_did_not_take_goes_first_and_in_order: PublishesTheNewestFirst,
    promises.one_ticket_is_published_without_the_others: PublishesEverything,
    promises.what_the_log_refuses_for_good_keeps_back_its_ticket_alone: KeepsBackAll,
    promises.what_waits_is_counted: CountsNothing,
    promises.states_are_seeded_where_none_is_as_new: SeedsOverAll,
    promises.what_is_over_is_forgotten: ForgetsTogether,
    promises.what_was_not_published_is_not_forgotten: ForgetsWhatWaits,
    promises.a_word_is_taken_out_of_all_that_is_kept: KeepsDeliveriesAsTheyAre,
}
"""Every promise, with a storage that breaks it."""
