"""What a save means: the triggers that it raises."""

from tests.support.oracle.reading import TRIGGERS, Record, declared, is_written


def triggers_of(event: Record) -> list[str]:
    """The triggers that this save raises, the most telling first."""
    data = event["data"]
    raised = raised_by_change(data) if "previous" in data else declared(event)
    return [trigger for trigger in TRIGGERS if trigger in raised]


def raised_by_change(data: Record) -> list[str]:
    """The triggers that follow from what was before and what is now."""
    now, previous = data["ticket"], data["previous"]
    created = previous is None
    before = CREATED if created else {**now, **previous}
    raised = []
    if is_opened(before, now):
        raised.append("opened")
    if now["resolution_marked"] and not before["resolution_marked"]:
        raised.append("resolved")
    if now["closed_for_customer"] and not before["closed_for_customer"]:
        raised.append("closed")
    if not created and now["status"] != before["status"]:
        raised.append("status_changed")
    return raised


CREATED: Record = {
    "external_description": None,
    "contract": None,
    "first_described_at": None,
    "resolution_marked": False,
    "closed_for_customer": False,
}


def is_opened(before: Record, now: Record) -> bool:
    """Whether description and contract are both there for the first time."""
    had_description = is_written(before["external_description"])
    had_contract = before["contract"] is not None
    if not (is_written(now["external_description"]) and now["contract"] is not None):
        return False
    if had_description and had_contract:
        return False
    return had_description or before.get("first_described_at") is None
