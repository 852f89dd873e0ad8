"""The groups of engine and sender, under the names that they have unless they are told otherwise."""

from __future__ import annotations

from typing import Final

ENGINE_GROUP: Final = "tocsin-engine"
SENDER_GROUP: Final = "tocsin-sender"
