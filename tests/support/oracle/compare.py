"""What two decisions on the same event disagree about, in words."""

from collections import Counter
from typing import Any

Decision = dict[str, Any]
JobKey = tuple[str, str, str]


def difference(expected: Decision, actual: Decision) -> list[str]:
    """One readable line for each disagreement; the order of lists never matters. Empty: the same decision."""
    refused = bool(expected.get("refused")), bool(actual.get("refused"))
    if refused == (True, True):
        return []
    if refused == (True, False):
        return ["the event must be refused, and was decided"]
    if refused == (False, True):
        return [f"the event must be decided, and was refused: {actual['refused']!r}"]
    return [
        *event_differences(expected, actual),
        *job_differences(expected["jobs"], actual["jobs"]),
        *skip_differences(expected["skipped"], actual["skipped"]),
    ]


def event_differences(expected: Decision, actual: Decision) -> list[str]:
    """Another event, or other triggers."""
    lines = []
    if expected["event"] != actual["event"]:
        lines.append(f"event: expected {expected['event']}, got {actual['event']}")
    if set(expected["triggers"]) != set(actual["triggers"]):
        lines.append(f"triggers: expected {texts(expected['triggers'])}, got {texts(actual['triggers'])}")
    return lines


def job_differences(expected: list[Decision], actual: list[Decision]) -> list[str]:
    """Jobs that are missing, too many, or not the same."""
    wanted, found = by_key(expected), by_key(actual)
    lines = [f"{job_name(key)}: missing, expected {job_text(wanted[key][0])}" for key in wanted if key not in found]
    lines += [f"{job_name(key)}: not expected, got {job_text(found[key][0])}" for key in found if key not in wanted]
    for key in wanted:
        if key not in found:
            continue
        if len(wanted[key]) != len(found[key]):
            lines.append(f"{job_name(key)}: expected {len(wanted[key])} times, got {len(found[key])} times")
        lines += content_differences(job_name(key), wanted[key][0], found[key][0])
    return lines


def content_differences(name: str, expected: Decision, actual: Decision) -> list[str]:
    """What differs between two jobs to the same address."""
    lines = []
    if expected["trigger"] != actual["trigger"]:
        lines.append(f"{name}: trigger: expected {expected['trigger']}, got {actual['trigger']}")
    if expected.get("due") != actual.get("due"):
        lines.append(f"{name}: due: expected {expected.get('due')}, got {actual.get('due')}")
    if expected.get("languages") != actual.get("languages"):
        lines.append(f"{name}: languages: expected {expected.get('languages')}, got {actual.get('languages')}")
    differing = [field for field in ("categories", "rules") if set(expected[field]) != set(actual[field])]
    return lines + [
        f"{name}: {field}: expected {texts(expected[field])}, got {texts(actual[field])}" for field in differing
    ]


def skip_differences(expected: list[Decision], actual: list[Decision]) -> list[str]:
    """Skips that are missing, too many, or for another reason."""
    wanted, found = Counter(map(skip_text, expected)), Counter(map(skip_text, actual))
    missing, added = sorted((wanted - found).elements()), sorted((found - wanted).elements())
    return [f"skip missing: {text}" for text in missing] + [f"skip not expected: {text}" for text in added]


def by_key(jobs: list[Decision]) -> dict[JobKey, list[Decision]]:
    """Jobs by person, channel and address."""
    grouped: dict[JobKey, list[Decision]] = {}
    for job in jobs:
        grouped.setdefault((person_text(job["person"]), job["channel"], job["address"]), []).append(job)
    return grouped


def person_text(person: Decision | None) -> str:
    """`contact/ct-1`; a dash for nobody in particular."""
    return "-" if person is None else f"{person['kind']}/{person['id']}"


def job_name(key: JobKey) -> str:
    """How a line begins that is about one job."""
    return "job for {} by {} to {}".format(*key)


def job_text(job: Decision) -> str:
    """The rest of a job."""
    return f"{job['trigger']} through {texts(job['categories'])}"


def skip_text(skip: Decision) -> str:
    """A skip in one line, which is also what makes two of them equal."""
    # Of several suppressions that may hold somebody back, any is named.
    record = skip.get("record") or ""
    record = f" ({'suppression' if record.startswith('suppression/') else record})" if record else ""
    return f"{person_text(skip['person'])} through {skip['category'] or '-'}: {skip['reason']}{record}"


def texts(names: list[str]) -> str:
    """Names in a fixed order."""
    return ", ".join(sorted(names)) or "none"
