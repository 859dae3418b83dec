"""`Shedding`: sends requests away unread when more are under way than can be answered in time.

Reading a request, asking a tagger and writing the answer is work of the one event loop, and refusing one late
is nearly as much work as answering it: without this a service that is asked for twice what it can do answers
next to nothing. So it is decided before an app is asked, and the response is written at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping
from statistics import median
from typing import Any, NamedTuple

from onoma.errors import BusyError
from onoma.serving.endpoints import Desk
from onoma.serving.headers import careful
from onoma.serving.problems import kind_of, problem_of
from onoma.serving.wire import encode

__all__ = ["Refusal", "Shedding"]

_BUSY = BusyError("more has come at once than can be answered; try again later", retry_after=1.0)
_TELL = 1.0  # seconds between tellings of how many were sent away


class Refusal(NamedTuple):
    """A response, whole but for what the server adds to every one."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Shedding:
    """Says which requests to ``paths`` there is no time for, and what they are told.

    So many may be under way at once as are answered after a wait of ``seconds``; what a tagger takes to read
    is no part of that, as a slow one may well read much at once. The number is learnt from the median of
    every ``least`` waits: it shrinks in proportion when that is longer, and grows by one while it holds some
    back: additive increase, multiplicative decrease, as TCP has it (Chiu and Jain, Analysis of the Increase
    and Decrease Algorithms for Congestion Avoidance, 1989). While it holds nobody back it returns to eight
    times ``least``: many who come at once after a pause are welcome. ``least`` may be under way in any case.
    """

    def __init__(self, paths: Collection[str], desk: Desk, seconds: float = 0.025, least: int = 16) -> None:
        self._paths, self._desk = frozenset(paths), desk
        self._seconds, self._least = seconds, least
        self._usual = 8.0 * least
        self._limit, self.under_way, self._full = self._usual, 0, False
        self._waits: list[float] = []
        self._away: dict[str, int] = {}

    def refuses(self, scope: Mapping[str, Any]) -> bool:
        """Whether a request whose head has come is to be sent away."""
        if scope["path"] not in self._paths or self._desk.draining:
            return False  # of those who ask for the last time the app sees to their connections too
        full = self.under_way >= self._limit
        self._full |= full
        return full

    def began(self, scope: Mapping[str, Any]) -> None:
        """A request is whole, and is to be answered now. One whose body is still to come is no work yet."""
        if scope["path"] in self._paths:
            self.under_way += 1
            scope["state"]["came"] = time.monotonic()

    def ended(self, scope: Mapping[str, Any]) -> None:
        """It has been answered, or nobody waits for it any more."""
        came = scope["state"].pop("came", None)
        if came is None:
            return
        self.under_way -= 1
        if asked := scope["state"].get("asked"):
            self._learn(time.monotonic() - came - asked[1].timings.get("tag", 0.0))

    def _learn(self, wait: float) -> None:
        self._waits.append(wait)
        if len(self._waits) < self._least:
            return
        wait, self._waits = median(self._waits), []
        if wait > self._seconds:
            self._limit = max(self._least, self._limit * self._seconds / wait)
        elif self._full:
            self._limit += 1
        elif self._limit < self._usual:
            self._limit = min(2 * self._limit, self._usual)
        self._full = False

    def refusal(self, scope: Mapping[str, Any]) -> Refusal:
        """What one that is sent away is told; the observer will be told of it within a second."""
        if not self._away:
            asyncio.get_running_loop().call_later(_TELL, self._tell)
        self._away[scope["path"]] = self._away.get(scope["path"], 0) + 1
        request = self._desk.ids.of(scope)
        status, headers, document = problem_of(_BUSY, request)
        body = encode(document)
        more = [(b"content-length", b"%d" % len(body)), (b"x-request-id", request.encode())]
        return Refusal(status, careful(scope, [*headers, *more]), body)

    def _tell(self) -> None:
        away, self._away = self._away, {}
        for path, times in away.items():
            self._desk.observer.sent_away(path, times, kind_of(_BUSY))
