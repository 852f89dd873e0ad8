"""The Transport of the sender on a service that Apprise knows."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from datetime import timedelta
from typing import Final

from adapters.apprise.service import Service
from sender.ports import HandingOver, OutgoingText, unasked
from sender.replies.reply import Reply, ReplyKind

AT_A_TIME: Final = 8
LIMIT: Final = timedelta(seconds=60)


class AppriseTransport:
    """Takes texts to a service, each in a thread of its own, at most `at_a_time`.

    A thread can't be stopped: one that has no answer within `limit` is left alone, and its place is taken until it
    ends. Where all places are taken for so long, a message is deferred.
    """

    def __init__(self, service: Service, at_a_time: int = AT_A_TIME, limit: timedelta = LIMIT) -> None:
        self._service = service
        self._places = asyncio.Semaphore(at_a_time)
        self._limit = limit

    async def send(self, message: OutgoingText, /, handing_over: HandingOver = unasked) -> Reply:
        """See sender.ports.Transport."""
        try:
            async with asyncio.timeout(self._limit.total_seconds()):
                await self._places.acquire()
        except TimeoutError:
            return Reply(ReplyKind.DEFERRED, None, f"the service answered none of those before within {self._limit}")
        try:
            await handing_over()
        except BaseException:
            self._places.release()
            raise
        answer = self._ask_in_thread(message)
        try:
            async with asyncio.timeout(self._limit.total_seconds()):
                return await answer
        except TimeoutError:
            return Reply(ReplyKind.UNKNOWN, None, f"the service gave no answer within {self._limit}")

    async def close(self) -> None:
        """See sender.ports.Transport. There is no connection from one message to the next."""

    def _ask_in_thread(self, message: OutgoingText) -> asyncio.Future[Reply]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Reply] = loop.create_future()

        def done(reply: Reply) -> None:
            self._places.release()
            if not answer.done():
                answer.set_result(reply)

        def ask() -> None:
            try:
                reply = self._service.ask(message)
            except Exception as error:  # noqa: BLE001 - the port promises a reply; it may have been handed over before
                reply = Reply(ReplyKind.UNKNOWN, None, f"Apprise failed: {type(error).__name__}")
            with suppress(RuntimeError):  # the loop is gone, and with it who asked
                loop.call_soon_threadsafe(done, reply)

        # No executor: a process waits for the threads of one at its end, and this one may never come back.
        threading.Thread(target=ask, name="apprise", daemon=True).start()
        return answer
