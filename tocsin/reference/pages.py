"""Writes what is made from the code: condition-fields.md, the lists in other pages, and the OpenAPI document.

`python -m tocsin.reference.pages`, `--check` to compare only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Final, cast

from adapters.web.asking import Desk
from adapters.web.decisions import DecisionArchive, decisions
from adapters.web.hooks import hooks
from adapters.web.intake import intake
from adapters.web.jobs import JobReadings, jobs
from adapters.web.openapi import openapi_document, written
from adapters.web.preview import Foreseeing, preview
from adapters.web.workers import Workers
from engine.rulebook.fields import BUILT_IN_FIELDS, Field, FieldType
from intake.acceptance import Accepted
from schemas.finding import FindingCode, Severity
from tocsin.authoring.lint.catalogue import CATALOGUE
from tocsin.clock import SystemClock
from tocsin.config.settings.page import MARK as SETTINGS_MARK
from tocsin.config.settings.page import settings_list
from tocsin.reference.records_page import MARK as RECORDS_MARK
from tocsin.reference.records_page import records_list

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
MARK: Final = "<!-- From here on written by `make schemas`: edit tocsin/authoring/lint/catalogue.py instead. -->"

_GROUPS: Final = {
    "trigger": "The save, and how it would be told",
    "channel": "The save, and how it would be told",
    "event": "The save, and how it would be told",
    "ticket": "The ticket, after the save",
    "previous": "The ticket, before the save",
    "actor": "Who made the save",
    "contract": "The contract",
    "customer": "The customer: the ticket's, else the contract client",
    "person": "The person who would be alerted, as in their own record",
}

_HEAD: Final = """# Condition fields

What `if` of a rule may compare. This page is written by `make schemas` from `engine/rulebook/fields.py`; how conditions
are written stands in [rules.md](rules.md).

A field that is missing or null makes every comparison with it false, so that `!=` and `not in` hold. `==` and `in`
compare text exactly, capitals included; `contains`, `starts with`, `ends with` and `contains word` don't mind capitals.
"""

_CUSTOM: Final = """## Custom fields

`ticket.custom.NAME`: a field of the platform's own tickets, of the type (`text`, `number`, `boolean`) that the rule
file declares under `settings: fields: NAME:`. Only numbers can be compared by order: `ticket.custom.severity >= 3`.
"""


def condition_fields() -> str:
    """The page on condition fields."""
    groups = groupby(BUILT_IN_FIELDS.values(), lambda field: _GROUPS[field.name.partition(".")[0]])
    return "\n".join([_HEAD, *(_table(title, fields) for title, fields in groups), _CUSTOM])


def _table(title: str, fields: Iterable[Field]) -> str:
    rows = [f"| `{field.name}` | {field.type} | {_meaning(field)} | `{_example(field)}` |" for field in fields]
    return "\n".join([f"## {title}\n", "| field | type | meaning | example |", "| --- | --- | --- | --- |", *rows, ""])


def _meaning(field: Field) -> str:
    meaning = f"{field.meaning[0].upper()}{field.meaning[1:]}."
    if field.values is not None:
        meaning += f" One of {', '.join(field.values)}."
    return meaning if field.audience is None else f"{meaning} {field.audience.capitalize()} only."


def _example(field: Field) -> str:
    if field.values is not None:
        return f'{field.name} == "{field.values[0]}"'
    if field.type is FieldType.BOOLEAN:
        return f"{field.name} == true"
    value = _VALUES.get(field.name, "…")
    if field.type is FieldType.LIST:
        return f'"{value}" in {field.name}'
    return f'{field.name} {_RELATIONS.get(field.name, "==")} "{value}"'


_RELATIONS: Final = {"ticket.title": "contains"}
_VALUES: Final = {
    "ticket.title": "outage",
    "contract.tags": "premium",
    "customer.tags": "key-account",
    "person.groups": "on-call",
    "person.sites": "S-paris",
    "ticket.priority": "high",
    "previous.priority": "low",
    "ticket.status": "waiting",
    "previous.status": "new",
    "ticket.product": "P-erp",
    "ticket.site": "S-paris",
    "customer.language": "fr",
    "person.language": "fr",
    "person.time_zone": "Europe/Paris",
    "person.customer": "acme",
    "contract.client": "acme",
}


def checking() -> str:
    """The page on what `tocsin check` finds: what stands before the mark is written by hand."""
    by_hand = (DOCS / "checking.md").read_text().partition(MARK)[0]
    return "\n".join([by_hand + MARK, "", *_findings()])


def _findings() -> Iterator[str]:
    for severity in Severity:
        yield f"## {severity.capitalize()}s\n"
        for code in FindingCode:
            if code.severity is severity:
                entry = CATALOGUE[code]
                example = f"```yaml\n{entry.example}\n```\n\n" if entry.example else ""
                yield f"### {code}\n\n{entry.meaning}\n\n{example}{entry.remedy}\n"


def settings() -> str:
    """The page on settings: what stands before the mark is written by hand."""
    by_hand = (DOCS / "settings.md").read_text().partition(SETTINGS_MARK)[0]
    return "\n".join([by_hand + SETTINGS_MARK, "", settings_list()])


def directory() -> str:
    """The page on the directory: what stands before the mark is written by hand."""
    by_hand = (DOCS / "directory.md").read_text().partition(RECORDS_MARK)[0]
    return "\n".join([by_hand + RECORDS_MARK, "", records_list()])


def api() -> str:
    """The OpenAPI document of the HTTP API."""
    workers = Workers()
    webhooks = hooks(lambda _name, _post: Accepted(), lambda _name, _query: None, SystemClock(), (), workers)
    with closing(Desk()) as desk:
        clock = SystemClock()
        asked = [
            preview(_NO_FORESIGHT, clock, desk),
            decisions(_NO_ARCHIVE, _NO_LEDGER, desk),
            jobs(_NO_LEDGER, clock, desk),
        ]
        parts = [intake(lambda _headers, _body: Accepted(), workers), webhooks, *asked]
        return written(openapi_document(parts, version("tocsin")))


# A document is written of routes and types alone: nothing is asked.
_NO_LEDGER: Final = cast("JobReadings", None)
_NO_FORESIGHT: Final = cast("Foreseeing", None)
_NO_ARCHIVE: Final = cast("DecisionArchive", None)


def pages() -> dict[Path, str]:
    """The text of every file that is written here."""
    return {
        DOCS / "condition-fields.md": condition_fields(),
        DOCS / "checking.md": checking(),
        DOCS / "directory.md": directory(),
        DOCS / "settings.md": settings(),
        ROOT / "schemas" / "openapi.json": api(),
    }


def stale() -> list[str]:
    """The files that differ from the code."""
    return [
        str(page.relative_to(ROOT)) for page, text in pages().items() if not page.exists() or page.read_text() != text
    ]


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check say which are stale: the exit code is then 1."""
    # Before writing, so that only pages that change are named.
    names = stale()
    if arguments == ["--check"]:
        sys.stdout.writelines(f"stale: {name}: run `make schemas`\n" for name in names)
        return 1 if names else 0
    for page, text in pages().items():
        page.write_text(text)
    sys.stdout.writelines(f"written: {name}\n" for name in names)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
