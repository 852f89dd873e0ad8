"""Every reason of a decision that was kept, in words that hold ids alone: no names, no addresses, no texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from schemas.decision import Skip
from schemas.vocabulary import Reason

_SUPPRESSION: Final = "suppression"
_WORDS: Final[Mapping[Reason, str]] = {
    Reason.NO_TRIGGER: "the save neither opened, resolved or closed the ticket nor changed its status",
    Reason.NOTIFY_OFF: "the platform forbade alerts for the save (data.notify)",
    Reason.ORIGIN: "the save came from an import, a merge, a test or an automatic answer (data.origin)",
    Reason.STALE: "the event was too old when it was decided (the rule file's stale_after_hours)",
    Reason.NO_CONTRACT: "the ticket named no contract",
    Reason.UNKNOWN_CONTRACT: "the directory had no record of the ticket's contract",
    Reason.NOT_COMMITMENT: "the contract was not of type commitment",
    Reason.ALERTS_DISABLED: "alerts were disabled on the contract",
    Reason.NOT_IN_FORCE: "the contract was not active, or the ticket was created outside its dates",
    Reason.CATEGORY_OFF: "the contract's tick for {category} was off",
    Reason.OBJECT_NOT_ATTACHED: "the {object} that the ticket named was not attached to the contract",
    Reason.OBJECT_UNKNOWN: "the directory had no record of the {object} that the ticket named",
    Reason.NO_RULE: "no rule for {category} matched{trigger}",
    Reason.UNKNOWN_PERSON: "the directory had no record of the person",
    Reason.NO_ACTIVE_MODE: "they had no active address on a channel by which a rule would have told them{channel}",
    Reason.CUSTOMER_TRIGGER_OFF: "no record of a customer of theirs had it enabled{trigger}",
    Reason.NOT_MAIN_SITE: "the contact was not linked to a main site of their customer, as e-mails ask for",
    Reason.OWN_TICK_OFF: "the person's own tick was off{trigger}",
    Reason.NOT_VISIBLE: "customers could not see the ticket, or the save",
    Reason.NOT_OWN: "the ticket was not of the contact's customer, nor of one they act for",
    Reason.STATUS_INTERNAL: "the status that customers see did not change",
    Reason.OWN_SAVE: "the person made the save, or it was made with an e-mail address of theirs",
    Reason.SUPPRESSED: "a suppression stood for the person, or for every address of theirs{trigger}{channel}",
    Reason.SAME_MAILBOX: "a contact who reads the same mailbox got the message",
    Reason.UNREADABLE_RECORD: "the directory's record {record} could not be read",
}


def was(skip: Skip) -> str:
    """The reason of an entry in words."""
    # Words are filled in from the entry; what it does not have, its words do not name.
    kind = "" if skip.category is None else skip.category.object_kind.value
    trigger = "" if skip.trigger is None else f" for `{skip.trigger}`"
    channel = "" if skip.channel is None else f" ({skip.channel})"
    return _WORDS[skip.reason].format(
        category=skip.category, object=kind, trigger=trigger, channel=channel, record=skip.record
    )


def masked(skip: Skip, personal: bool) -> Skip:
    """The entry for somebody who may see what is `personal`, or who may not.

    The id of a suppression may be an address, so then only the kind of that record is left.
    """
    if personal or skip.record is UNSET or not skip.record.startswith(f"{_SUPPRESSION}/"):
        return skip
    return replace(skip, record=_SUPPRESSION)
