"""What the ledger says to its database often, so that each has to find its rows by an index."""

from __future__ import annotations

from adapters.sql_ledger import listing, pauses, schedules, statements, storms, suppressions

# PEOPLE_AT answers a person at the command line; the rows of its one mailbox are found by an index all the same.
SELDOM = {"COUNTS", "ENTRY", "PAUSES", "HOLDS", "PEOPLE_AT"}

FREQUENT = {
    f"{module.__name__.split('.')[-1]}.{name}": statement
    for module in (statements, storms, suppressions, pauses, listing, schedules)
    for name, value in vars(module).items()
    if name.isupper() and not name.startswith("_") and isinstance(value, str | tuple | dict)
    if name not in SELDOM
    for statement in ([value] if isinstance(value, str) else value.values() if isinstance(value, dict) else value)
}
