"""Histories that break one promise each: the controls of the contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec.structs import replace

from history.entries import Count, Entry, Kind, Sighting
from history.ports import Batch, Choice, KeptDecision, KeptTicket, Page
from history.words import words_of
from schemas.job import PersonRef
from tests.contract import history_promises as promises
from tests.contract.history_promises import Promise
from tests.support.history.in_memory_history import InMemoryHistory
from tests.support.history.made_decisions import START


class LooksAtNoPosition(InMemoryHistory):
    def fill(self, batch: Batch) -> int | None:
        self.reached.clear()
        return super().fill(replace(batch, moves=[replace(one, expected=None) for one in batch.moves]))


class KeepsTicketsFirst(InMemoryHistory):
    def fill(self, batch: Batch) -> int | None:
        for one in batch.sightings:
            self.see(one)
        return super().fill(batch)


class KeepsTwice(InMemoryHistory):
    def fill(self, batch: Batch) -> int | None:
        kept = super().fill(batch)
        if kept is not None:
            known = [one for one in batch.entries if sum(one == other for other in self.kept.values()) == 1]
            for one in known[: len(batch.entries) - kept]:
                self.keep(one)
        return kept


class KnowsByPlaceAlone(InMemoryHistory):
    def fill(self, batch: Batch) -> int | None:
        known = {(one.partition, one.offset) for one in self.kept.values()}
        return super().fill(
            replace(batch, entries=[one for one in batch.entries if (one.partition, one.offset) not in known])
        )


class IgnoresSources(InMemoryHistory):
    def of_ticket(self, source: str, ticket: str, limit: int, before: int | None = None) -> Sequence[KeptDecision]:
        return self.page(lambda one: one.decision.ticket == ticket, self.by_time, limit, before)


class ListsAsItCame(InMemoryHistory):
    def by_time(self, seq: int) -> tuple[datetime, int, int]:
        return START, seq, 0


class MixesUpOutcomes(InMemoryHistory):
    def concerns(self, choice: Choice, person: PersonRef, one: Entry) -> bool:
        return super().concerns(replace(choice, told=None), person, one)


class ForgetsTimes(InMemoryHistory):
    def is_chosen(self, choice: Choice, one: Entry) -> bool:
        return super().is_chosen(replace(choice, since=None, until=None), one)


class CountsRulesByHour(InMemoryHistory):
    def counts(self, since: datetime, until: datetime) -> Counter[Count]:
        found: Counter[Count] = Counter()
        for one, number in super().counts(since, until).items():
            found[replace(one, begin=one.begin.replace(hour=9)) if one.kind is Kind.RULE else one] += number
        return found


class TakesNamesAsTheyStand(InMemoryHistory):
    def tickets_named(self, name: str, limit: int) -> Sequence[KeptTicket]:
        return [self.ticket(seq) for seq, one in self.tickets.items() if name in (one.ticket, one.reference)]


class CutsNames(InMemoryHistory):
    def see(self, sighting: Sighting) -> None:
        super().see(replace(sighting, ticket=sighting.ticket[:9], reference=None))


class FindsInTheMiddle(InMemoryHistory):
    def tickets_with(self, text: str, limit: int, before: int | None = None) -> Page[KeptTicket]:
        found = [
            self.ticket(seq)
            for seq, one in self.tickets.items()
            if any(begin in word for word in one.words for begin in words_of(text))
        ]
        return Page(found[::-1])


class TakesTheLastSighting(InMemoryHistory):
    def see(self, sighting: Sighting) -> None:
        for seq, known in self.tickets.items():
            if known.ticket == sighting.ticket:
                self.tickets[seq] = sighting
                return
        super().see(sighting)


class ListsFromTheBeginning(InMemoryHistory):
    def every_ticket(self, limit: int, after: int = 0) -> Sequence[KeptTicket]:
        return super().every_ticket(limit)


class KeepsCounts(InMemoryHistory):
    def __init__(self) -> None:
        super().__init__()
        self.ever: dict[int, Entry] = {}

    def keep(self, entry: Entry) -> None:
        super().keep(entry)
        self.ever[self.last] = entry

    def counts(self, since: datetime, until: datetime) -> Counter[Count]:
        kept, self.kept = self.kept, self.kept | self.ever
        try:
            return super().counts(since, until)
        finally:
            self.kept = kept


class ForgetsPositionsAtOnce(InMemoryHistory):
    def begin_anew(self, since: datetime, limit: int) -> int:
        self.reached.clear()
        return super().begin_anew(since, limit)


class RewritesBodiesAlone(InMemoryHistory):
    def rewrite(self, person: PersonRef, body: Callable[[bytes], bytes], text: Callable[[str], str]) -> int:
        decisions = {seq: one.decision for seq, one in self.kept.items()}
        changed = super().rewrite(person, body, text)
        self.kept = {seq: replace(one, decision=decisions[seq]) for seq, one in self.kept.items()}
        return changed


BROKEN: dict[Promise, Callable[[], InMemoryHistory]] = {
    promises.a_batch_is_kept_once_with_its_position: LooksAtNoPosition,
    promises.a_position_that_is_not_there_keeps_the_whole_batch_out: KeepsTicketsFirst,
    promises.a_decision_that_is_read_again_is_known: KeepsTwice,
    promises.the_same_place_at_another_time_is_another_decision: KnowsByPlaceAlone,
    promises.the_decisions_of_a_ticket_are_those_of_its_source: IgnoresSources,
    promises.lists_are_by_time_whatever_came_first: ListsAsItCame,
    promises.a_person_is_found_by_what_became_of_them: MixesUpOutcomes,
    promises.contract_customer_and_reason_lead_to_decisions_of_a_time: ForgetsTimes,
    promises.counts_are_by_hour_and_those_of_rules_by_day: CountsRulesByHour,
    promises.a_ticket_is_found_by_its_names: TakesNamesAsTheyStand,
    promises.names_of_any_length_and_letters_are_kept: CutsNames,
    promises.a_ticket_is_found_by_the_beginnings_of_its_words: FindsInTheMiddle,
    promises.a_ticket_is_as_its_newest_event_has_it: TakesTheLastSighting,
    promises.every_ticket_is_listed_once: ListsFromTheBeginning,
    promises.what_is_too_old_is_forgotten_in_portions_with_its_counts: KeepsCounts,
    promises.all_is_read_anew_from_a_moment_on: ForgetsPositionsAtOnce,
    promises.somebody_who_is_forgotten_is_found_no_more: RewritesBodiesAlone,
}
