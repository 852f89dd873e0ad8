"""Which commands use which settings, by their first word."""

from __future__ import annotations

from typing import Final

SERVICE_COMMANDS: Final = ("engine", "sender", "up", "opt-out", "intake serve")
"""Commands that go on until they are stopped, by all their words."""

SERVICES: Final = tuple(words.partition(" ")[0] for words in SERVICE_COMMANDS)

INTAKE_TOOLS: Final = ("intake try", "intake check", "intake seed")
"""The other commands of the intake."""

REPLAYERS: Final = ("diff", "match", "check", "coverage", "preview")
"""Commands that judge recorded events."""
NAMING: Final = ("jobs", "pause", "resume", "suppressions", "person", "dlq")
"""Commands that find whom they are about by name, and so may ask the directory."""
KAFKA: Final = (
    "engine",
    "sender",
    "intake",
    "topics",
    "directory",
    "emit",
    "lag",
    "explain",
    "history",
    *NAMING,
    *REPLAYERS,
)
MAIL: Final = ("sender", "up")
LEDGER_TOOLS: Final = (
    "jobs",
    "pause",
    "resume",
    "pauses",
    "suppressions",
    "bounces",
    "person",
    "console",
    "outcomes",
    "history",
)
LEDGER: Final = ("sender", "opt-out", "explain", *LEDGER_TOOLS)
JUDGES: Final = ("validate", "decide", "explain", "derive", "preview", "check", "coverage", "match")
"""Commands that say what rules do in a directory; nothing is sent."""
SIGNED: Final = ("sender", "up", "opt-out", "bounces", "jobs", "engine", "intake", "diff", "person")
"""Commands that write or read what is signed with the installation's secrets."""
