"""What can be seen of engine and sender in one process: all that they show apart, but for Kafka's part of it."""

from __future__ import annotations

from tocsin.running.engine_watch import DecidingWatch
from tocsin.running.sender_watch import SendingWatch


class EmbeddedWatch(DecidingWatch, SendingWatch):
    """Sees everything that `tocsin up` does, and shows it."""

    def __init__(self) -> None:
        super().__init__({})
