"""`Shedding`: sends requests away unread when more have come at once than the event loop can see to in time.

Reading a request, asking a tagger and writing the answer is work of the one event loop, and refusing one late
is nearly as much work as answering it: without this a service that is asked for twice what it can do
answers next to nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection

from onoma.errors import BusyError
from onoma.serving.types import App, Receive, Scope, Send

__all__ = ["Shedding"]


class Shedding:
    """Refuses requests to ``paths`` while the loop is behind.

    A turn of the loop goes through all that had come when it began. A request that is begun more than
    ``seconds`` after the first of its turn, and after ``least`` others, is refused: it would be answered
    late, and all that comes next later still.
    """

    def __init__(self, app: App, paths: Collection[str], seconds: float = 0.02, least: int = 32) -> None:
        self._app, self._paths = app, frozenset(paths)
        self._seconds, self._least = seconds, least
        self._began, self._count = 0.0, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; raises `BusyError` where there is no time for it."""
        if scope["type"] == "http" and scope["path"] in self._paths and self._shut():
            raise BusyError("more has come at once than can be answered; try again later", retry_after=1.0)
        await self._app(scope, receive, send)

    def _shut(self) -> bool:
        """Whether the next request is refused; it counts as one that came."""
        if not self._count:
            self._began = time.monotonic()
            asyncio.get_running_loop().call_soon(self._turned)
        self._count += 1
        return self._count > self._least and time.monotonic() - self._began > self._seconds

    def _turned(self) -> None:
        self._count = 0
