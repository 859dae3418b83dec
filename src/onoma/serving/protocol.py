"""uvicorn's HTTP protocol, with patience that ends: a head that never comes or never ends is cut off.

uvicorn bounds idle connections and nothing before the first request, so a client that sends a byte now and
then holds a connection, and one that sends headers without end holds memory. This gives a message's head, and
what still comes of a body after its answer, so many seconds and bytes.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["HEAD_BYTES", "protocol_with"]

HEAD_BYTES = 64 << 10


def protocol_with(head_seconds: float) -> type[HttpToolsProtocol]:
    """The protocol for uvicorn's ``http`` setting."""
    return type("PatientProtocol", (_Patient,), {"head_seconds": head_seconds})


class _Patient(HttpToolsProtocol):
    head_seconds = 10.0

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

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._whole, self._head_bytes = False, 0

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._whole = True

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

    def _wait(self) -> None:
        self._patience = self.loop.call_later(self.head_seconds, self.timeout_keep_alive_handler)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
