"""What the ledger says to its database often, so that each has to find its rows by an index."""

from __future__ import annotations

from adapters.sql_ledger import listing, pauses, schedules, statements, storms, suppressions

SELDOM = {"COUNTS", "ENTRY", "PAUSES", "HOLDS"}

FREQUENT = {
    f"{module.__name__.split('.')[-1]}.{name}": statement
    for module in (statements, storms, suppressions, pauses, listing, schedules)
    for name, value in vars(module).items()
    if name.isupper() and not name.startswith("_") and isinstance(value, str | tuple | dict)
    if name not in SELDOM
    for statement in ([value] if isinstance(value, str) else value.values() if isinstance(value, dict) else value)
}
