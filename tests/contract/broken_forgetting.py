"""Ledgers that break one promise about forgetting each: the controls of the contract."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from schemas.log import NewRecord
from sender.privacy.forgetting import Blanked, Forgetting, Forgotten
from tests.contract import forgetting_promises
from tests.contract.ledger_promises import Promise
from tests.support.sender.in_memory_ledger import InMemoryLedger, Kept


class KeepsWhatTheRelaySaid(InMemoryLedger):
    def blank_own(self, kept: Kept, forgetting: Forgetting) -> None:
        kept.entry = replace(kept.entry, job=forgetting.job(kept.entry.job))


class KeepsTextsOfOthers(InMemoryLedger):
    def blank_other(self, kept: Kept, forgetting: Forgetting) -> bool:
        return False


class BlanksWhatIsOpen(InMemoryLedger):
    def blank(self, forgetting: Forgetting, limit: int, after: int = 0) -> Blanked:
        for kept in self.jobs.values():
            if forgetting.is_theirs(kept.entry.job):
                self.blank_own(kept, forgetting)
        return super().blank(forgetting, limit, after)


class BlanksOnePage(InMemoryLedger):
    def blank(self, forgetting: Forgetting, limit: int, after: int = 0) -> Blanked:
        return replace(super().blank(forgetting, limit, after), after=None)


class ForgetsTheOutbox(InMemoryLedger):
    def blanked_records(self, forgetting: Forgetting) -> Iterator[tuple[int, NewRecord]]:
        yield from self.records.items()


class ForgetsWhoWasForgotten(InMemoryLedger):
    def forgotten(self, limit: int) -> Sequence[Forgotten]:
        return list({one.person: one for one in self.noted}.values())[:limit]


BROKEN_FORGETTING: dict[Promise, type[InMemoryLedger]] = {
    forgetting_promises.of_the_persons_own_jobs_nothing_is_left: KeepsWhatTheRelaySaid,
    forgetting_promises.of_others_jobs_what_names_the_person_is_taken_out: KeepsTextsOfOthers,
    forgetting_promises.open_jobs_stay_as_they_are: BlanksWhatIsOpen,
    forgetting_promises.a_person_is_taken_out_page_by_page: BlanksOnePage,
    forgetting_promises.what_waits_to_be_told_names_nobody_any_more: ForgetsTheOutbox,
    forgetting_promises.it_is_kept_who_was_forgotten: ForgetsWhoWasForgotten,
}
