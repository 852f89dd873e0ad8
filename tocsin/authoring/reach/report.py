"""A survey as a person reads it, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tocsin.authoring.reach.gaps import Found, GapCode, Survey

_MOST_GROUPS: Final = 10


def report(found: Survey, counts: Mapping[str, int]) -> Iterator[str]:
    """The lines of the report: gaps first."""
    yield ", ".join(_number(count, kind) for kind, count in counts.items() if count) or "no records"
    for code in GapCode:
        if code in found.found:
            yield ""
            yield from _kind(code, found.found[code])
    yield ""
    yield f"{_number(found.gaps, 'gap')}, {_number(found.remarks, 'remark')}"


def _kind(code: GapCode, found: Found) -> Iterator[str]:
    groups = [f"{count} {group}" for group, count in found.groups.most_common(_MOST_GROUPS)]
    if len(found.groups) > _MOST_GROUPS:
        groups.append("…")
    yield f"{code.heading}: {found.count}" + (f" ({', '.join(groups)})" if groups else "")
    for gap in found.examples:
        yield f"  {gap.record}: {gap.why}"
        if gap.change:
            yield f"      → {gap.change}"
    if found.count > len(found.examples) and code is not GapCode.LANGUAGE_WITHOUT_TEMPLATES:
        yield f"  and {found.count - len(found.examples)} more"


def _number(count: int, one: str) -> str:
    return f"{count or 'no'} {one}{'' if count == 1 else 's'}"


def as_json(found: Survey, counts: Mapping[str, int]) -> dict[str, Any]:
    """The same as plain data: all counts, and the examples."""
    return {
        "records": dict(counts),
        "gaps": {code: _view(found.found[code]) for code in GapCode if code in found.found and code.is_gap},
        "remarks": {code: _view(found.found[code]) for code in GapCode if code in found.found and not code.is_gap},
    }


def _view(found: Found) -> dict[str, Any]:
    examples = [
        {"record": gap.record, "why": gap.why, "change": gap.change, "group": gap.group} for gap in found.examples
    ]
    return {"count": found.count, "groups": dict(found.groups.most_common()), "examples": examples}
