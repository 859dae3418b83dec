"""Headers that make a browser careful with what a service sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onoma.serving.types import App, Message, Receive, Scope, Send

__all__ = ["Careful", "careful"]

_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
_OVER_TLS = (b"strict-transport-security", b"max-age=31536000")


def careful(scope: Mapping[str, Any], given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers with those of ours that are not among them. Over TLS they ask for TLS ever after.

    >>> [name for name, _ in careful({"scheme": "http"}, [(b"cache-control", b"no-cache")])][:2]
    [b'cache-control', b'x-content-type-options']
    """
    ours = [*_HEADERS, _OVER_TLS] if scope.get("scheme") == "https" else _HEADERS
    names = {name for name, _ in given}
    return [*given, *(each for each in ours if each[0] not in names)]


class Careful:
    """Wraps an app: all its responses have these headers."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""

        async def carefully(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = careful(scope, message.get("headers", []))
            await send(message)

        await self._app(scope, receive, carefully if scope["type"] == "http" else send)
