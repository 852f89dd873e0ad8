"""One child process that writes messages, and its replacement when it fails."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import Final

import msgspec

from adapters.children.process import Child, ChildFailedError
from adapters.children.stream import OthersFailedError, Stream
from adapters.writing.protocol import CHILD, WRITING, Write, Written, encoded
from schemas.errors import UnusableError
from sender.messages.composer import Draft
from sender.ports import Composed

TRIES: Final = 2
"""How often a message at which the child ended is tried. Once may be chance, such as a kill from outside."""

MAX_WAITS: Final = 6
"""How often a message may wait for another child, where the child ended at somebody else's message."""

BARRED_SECONDS: Final = 60.0
"""How long a kind of message is not tried after it ended the child twice, or exceeded a limit."""

MAX_BARRED: Final = 1_000
"""How many such kinds are remembered."""

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 10.0
"""Seconds of pause before a child is started after several in a row that wrote nothing. Each pause is twice as long."""

MOST_IN_VAIN: Final = 6
"""After this many children in a row that wrote nothing, no message waits for a pause any more."""

ANSWER_SECONDS: Final = WRITING.seconds + 5.0
"""For a message and for a setup. The child's own limits come first, so that its end tells what was exceeded."""

_log: Final = logging.getLogger(__name__)

Kind = tuple[str, tuple[str, ...]]
"""Template and languages: messages of one kind end a child in the same way."""


class WritingFailedError(UnusableError):
    """The child wrote no message. The words say why, and hold no value of a ticket."""


class ChildWriter:
    """Asks a child for messages, many at a time, for one event loop. All templates are replaced together.

    Where the child ends at a message, those behind it are asked for again. `ends` counts the children that ended.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._setup: bytes | None = None
        self._loaded: bytes | None = None
        self._spare: Child | None = None
        self._stream: Stream | None = None
        self._starting = asyncio.Lock()
        self._barred: dict[Kind, float] = {}
        self._in_vain = 0
        self._ended_at = 0.0
        self.ends = 0

    @property
    def pid(self) -> int | None:
        """The process id of the child that works now."""
        return self._stream.pid if self._stream is not None and self._stream.is_open else None

    def use(self, setup: bytes) -> None:
        """Write with this setup from now on. Any thread may call it. The first call starts a child."""
        with self._lock:
            is_first, self._setup = self._setup is None, setup
            # The old templates may have ended the children, so the new ones start without bans and pauses.
            self._barred, self._in_vain = {}, 0
            if is_first:
                try:
                    self._spare = _start()
                except ChildFailedError as error:
                    self._note(str(error))

    async def write(self, draft: Draft) -> Composed:
        """The message. Raises WritingFailedError."""
        kind = ("" if draft.texts else draft.form.template, draft.job.languages)
        self._check(kind)
        request = encoded(Write(draft))
        tries = waits = 0
        while True:
            try:
                stream = await self._open_stream()
                answer = await stream.ask(request, ANSWER_SECONDS)
            except OthersFailedError as error:
                waits += 1
                if waits == MAX_WAITS:
                    raise WritingFailedError(f"the process that writes messages failed: {error}") from None
            except ChildFailedError as error:
                self._note(str(error))
                tries += 1
                if tries == TRIES or error.is_limit:
                    self._bar(kind)
                    raise WritingFailedError(f"the process that writes messages failed at it: {error}") from None
            else:
                self._in_vain = 0
                return _composed(msgspec.msgpack.decode(answer, type=Written))

    def close(self) -> None:
        """End the child. No message may be asked for afterwards."""
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None:
            spare.close()
        if self._stream is not None:
            self._stream.close()

    async def _open_stream(self) -> Stream:
        """A child that has the templates in force. Raises ChildFailedError where none can be started."""
        async with self._starting:
            stream = self._stream
            if stream is None or not stream.is_open or not stream.is_of(asyncio.get_running_loop()):
                stream = self._stream = await self._next_stream()
                self._loaded = None
            setup = self._setup
            if setup is None:
                raise WritingFailedError("no templates are in force yet")
            if self._loaded is not setup:
                self._loaded = setup
                # Not awaited: the child answers in order, so the setup comes before the message.
                stream.ask(setup, ANSWER_SECONDS).add_done_callback(self._heard)
            return stream

    async def _next_stream(self) -> Stream:
        if self._stream is not None:
            self._stream.close()
        with self._lock:
            child, self._spare = self._spare, None
        if child is None:
            await self._pause()
            try:
                child = await asyncio.to_thread(_start)
            except ChildFailedError as error:
                # It was not asked for anything yet, so no message is to blame.
                self._note(str(error))
                raise OthersFailedError(str(error)) from None
        stream = Stream(child)
        stream.greeting.add_done_callback(self._heard)
        return stream

    async def _pause(self) -> None:
        """Wait until another child may be started. Raises WritingFailedError once messages no longer wait for that."""
        if self._in_vain <= 1:
            return
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._in_vain, 10))
        left = self._ended_at + pause - time.monotonic()
        if left > 0 and self._in_vain >= MOST_IN_VAIN:
            raise WritingFailedError(f"the process that writes messages has ended {self._in_vain} times in a row")
        await asyncio.sleep(max(0.0, left))

    def _heard(self, answer: asyncio.Future[bytes]) -> None:
        """Note a greeting or a setup that failed: no message waits for it, so nothing else would."""
        error = None if answer.cancelled() else answer.exception()
        if error is not None and not isinstance(error, OthersFailedError):
            self._note(str(error))

    def _check(self, kind: Kind) -> None:
        until = self._barred.get(kind)
        if until is not None and time.monotonic() < until:
            raise WritingFailedError("it ended the process that writes messages, and is not tried for a minute")

    def _bar(self, kind: Kind) -> None:
        if len(self._barred) < MAX_BARRED:
            self._barred[kind] = time.monotonic() + BARRED_SECONDS

    def _note(self, how: str) -> None:
        self.ends += 1
        self._in_vain += 1
        self._ended_at = time.monotonic()
        _log.warning("message_process_ended", extra={"said": how})


def _start() -> Child:
    # Quiet, since the report of a crash in C may quote a text, which does not belong into the log.
    return Child(CHILD, WRITING, quiet=True)


def _composed(written: Written) -> Composed:
    message = written.mail or written.text
    if message is None:
        raise WritingFailedError(written.failed or "nothing was written")
    return Composed(message, written.fault)
