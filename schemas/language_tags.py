"""Language tags (RFC 5646): how many languages a message may have, and whether a tag is one that exists."""

from __future__ import annotations

from typing import Final

MOST_LANGUAGES: Final = 4
"""Languages of one message."""
