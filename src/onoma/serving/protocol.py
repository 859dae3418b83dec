"""uvicorn's HTTP protocol, with patience that ends, and an early word for those there is no time for.

uvicorn bounds idle connections and nothing before the first request, so a client that sends a byte now and
then holds a connection, and one that sends headers without end holds memory. This gives a message's head, and
what still comes of a body after its answer, so many seconds and bytes. Under too much load it answers
requests before an app is asked, see `onoma.serving.shedding`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from onoma.serving.shedding import Shedding

__all__ = ["HEAD_BYTES", "protocol_with"]

HEAD_BYTES = 64 << 10


def protocol_with(head_seconds: float, shedding: Shedding) -> type[HttpToolsProtocol]:
    """The protocol for uvicorn's ``http`` setting."""
    return type("Protocol", (_Protocol,), {"head_seconds": head_seconds, "shedding": shedding})


class _Protocol(HttpToolsProtocol):
    head_seconds: float
    shedding: Shedding

    def __init__(self, *settings: Any, **more: Any) -> None:
        super().__init__(*settings, **more)
        self._whole = True  # whether no message is halfway
        self._head_bytes = 0
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._wait_no_more()
        for cycle, _ in self.pipeline:  # they are never begun
            self.shedding.ended(cycle.scope)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._whole, self._head_bytes = False, 0

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._whole = True
        if not self.cycle.response_complete:
            self.shedding.began(self.cycle.scope)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        in_head = self.cycle is None or self.cycle.scope is not self.scope
        if self._whole or not (in_head or self.cycle.response_complete):  # an endpoint has a limit of its own
            self._wait_no_more()
            return
        self._head_bytes += len(data) if in_head else 0
        if self._head_bytes > HEAD_BYTES:
            self.transport.close()
        elif self._patience is None:
            self._wait()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Those that came in a pipeline are begun one after another anyway, and never sent away."""
        if self.pipeline or not self.shedding.refuses(cycle.scope):
            super()._start_asgi_task(cycle, self._counted)
        else:
            self._send_away(cycle)

    async def _counted(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self.app(scope, receive, send)
        finally:
            self.shedding.ended(scope)

    def _send_away(self, cycle: RequestResponseCycle) -> None:
        status, headers, body = self.shedding.refusal(cycle.scope)
        close = [] if cycle.keep_alive else [(b"connection", b"close")]
        lines = [b"%s: %s\r\n" % each for each in (*self.server_state.default_headers, *headers, *close)]
        self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", body]))
        cycle.response_started = cycle.response_complete = True
        if close:
            self.transport.close()
        cycle.on_response()

    def _wait(self) -> None:
        self._patience = self.loop.call_later(self.head_seconds, self.timeout_keep_alive_handler)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
