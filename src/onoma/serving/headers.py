"""Headers that make a browser careful with what a service sends."""

from __future__ import annotations

from onoma.serving.types import App, Message, Receive, Scope, Send

__all__ = ["Careful"]

_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
_OVER_TLS = (b"strict-transport-security", b"max-age=31536000")


class Careful:
    """Wraps an app. Over TLS it says besides that it is to be asked over TLS only."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        headers = [*_HEADERS, _OVER_TLS] if scope.get("scheme") == "https" else _HEADERS

        async def carefully(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message.get("headers", [])
                names = {name for name, _ in given}
                message["headers"] = [*given, *(each for each in headers if each[0] not in names)]
            await send(message)

        await self._app(scope, receive, carefully if scope["type"] == "http" else send)
