"""The door: each route states the role it needs; who comes is known, allowed, within limits, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from onoma.errors import ForbiddenError, InputError, UnknownCallerError
from onoma.serving.callers import ANYBODY, CALLER, HERE, Caller, Role
from onoma.serving.keys import Keyring
from onoma.serving.rate import Limiter, address_of
from onoma.serving.tokens import Tokens
from onoma.serving.types import App, Receive, Scope, Send

__all__ = ["NEEDS", "Door"]

NEEDS: Mapping[tuple[str, str], Role] = {
    ("GET", "/health/live"): Role.nobody,
    ("GET", "/health/ready"): Role.nobody,
    ("GET", "/openapi.json"): Role.reader,
    ("GET", "/v1/models"): Role.reader,
    ("POST", "/v1/entities"): Role.reader,
    ("POST", "/v1/stream"): Role.reader,
    ("POST", "/extract-entities"): Role.reader,
    ("GET", "/metrics"): Role.operator,
    ("GET", "/v1/rollout"): Role.operator,
    ("POST", "/v1/rollout"): Role.admin,
    ("POST", "/admin/reload"): Role.admin,
}
"""What each route needs. What stands here not at all needs an admin, whether there is such a route or not."""


class Door:
    """Wraps the app; see `onoma.serving.app.build`.

    Without keys and tokens everybody on this machine is an admin, except pages of other sites in a browser.
    """

    def __init__(
        self,
        app: App,
        *,
        keys: Keyring | None = None,
        tokens: Tokens | None = None,
        limiter: Limiter | None = None,
        needs: Mapping[tuple[str, str], Role] = NEEDS,
    ) -> None:
        self._app = app
        self._keys, self._tokens, self._limiter, self._needs = keys, tokens, limiter or Limiter(), needs
        # who may use a path with one method may learn that it has no other
        self._paths = {path: max(needs[each] for each in needs if each[1] == path) for _, path in needs}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in. Raises `UnknownCallerError`, `ForbiddenError` or `LimitError`."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        route = (scope["method"], scope["path"])
        need = self._needs.get(route, self._paths.get(route[1], Role.admin))
        if route in self._needs:
            scope["pattern"] = scope["path"]  # so that metrics tell of what is refused, too
        if need is Role.nobody:
            await self._app(scope, receive, send)
            return
        headers, address = dict(scope["headers"]), address_of(scope.get("client"))
        caller = await self._caller(headers, address)
        scope["state"]["caller"] = caller.name
        _check(caller, need)
        await self._limiter.ask(caller, address)
        before = CALLER.set(caller)
        try:
            with self._limiter.place(caller, address):
                await self._app(scope, receive, send)
        finally:
            CALLER.reset(before)

    async def _caller(self, headers: Mapping[bytes, bytes], address: str) -> Caller:
        if self._keys is None and self._tokens is None:
            _check_origin(headers)
            return HERE
        shown = _shown(headers)
        if not shown:
            return ANYBODY
        try:
            return await self._known(shown)
        except UnknownCallerError as error:
            await self._limiter.failed(address)
            raise _challenged(error) from None

    async def _known(self, shown: str) -> Caller:
        if found := self._keys and self._keys.caller_of(shown):
            return found
        if self._tokens and shown.count(".") == 2:
            return await self._tokens.caller_of(shown)
        raise UnknownCallerError("this key is not known, or holds no longer")


def _shown(headers: Mapping[bytes, bytes]) -> str:
    """The key or token that came with a request; empty where none did."""
    scheme, _, rest = headers.get(b"authorization", b"").partition(b" ")
    shown = rest.strip() if scheme.lower() == b"bearer" else headers.get(b"x-api-key", b"").strip()
    return shown.decode("ascii", "replace")


def _check(caller: Caller, need: Role) -> None:
    if caller.role >= need:
        return
    if caller is ANYBODY:
        raise _challenged(UnknownCallerError("this needs a key or a token: Authorization: Bearer …"))
    raise ForbiddenError(f"this needs the role {need.name}, and {caller.name} has {caller.role.name}")


def _challenged(error: InputError) -> InputError:
    """The error with the header that RFC 9110 asks of a 401."""
    told: Any = error
    told.headers = {"WWW-Authenticate": 'Bearer realm="onoma"'}
    return error


def _check_origin(headers: Mapping[bytes, bytes]) -> None:
    """Keep out pages of other sites, which a browser on this machine would let ask on their behalf."""
    origin = headers.get(b"origin")
    if origin and urlsplit(origin.decode("latin-1")).hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ForbiddenError(
            "a service without keys answers no pages of other sites; make a key: onoma keys add"
        )
