"""Bearer tokens of somebody else's making: JWT (RFC 7519) signed by a key that OpenID Connect publishes.

Only signatures by key pairs are taken: with a shared secret whoever can check a token could make one.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from pydantic import ConfigDict

from onoma.errors import InputError, UnknownCallerError
from onoma.serving.callers import Caller, Role, role_named

if TYPE_CHECKING:
    from jwt import PyJWK

__all__ = ["TokenRules", "Tokens"]

_PAIRS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
_AGAIN = 30.0  # seconds between fetches because of a key that nobody has heard of
_MOST = 1 << 20  # bytes of a key set
_KEPT = 4096  # tokens that were checked and are remembered


@dataclass(frozen=True)
class TokenRules:
    """``keys``: a file or an https address with a key set (JWKS). ``issuer`` and ``audience`` have to be
    those of the token. Roles stand in the claim ``claim`` (a dot goes deeper), under their own names or
    those that ``roles`` maps to them. ``leeway`` and ``refresh`` are in seconds.

    >>> TokenRules(keys="keys.json", issuer="https://a", audience="onoma", algorithms=("HS256",))
    Traceback (most recent call last):
      ...
    onoma.errors.InputError: tokens may be signed with ES256, ES384, ES512, EdDSA, ... and not with HS256
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    keys: str
    issuer: str
    audience: str
    algorithms: tuple[str, ...] = ("RS256", "ES256", "EdDSA")
    claim: str = "roles"
    roles: Mapping[str, str] = field(default_factory=dict)
    leeway: float = 30.0
    refresh: float = 600.0

    def __post_init__(self) -> None:
        if strange := set(self.algorithms) - _PAIRS:
            allowed = ", ".join(sorted(_PAIRS))
            raise InputError(f"tokens may be signed with {allowed} and not with {', '.join(sorted(strange))}")
        for role in self.roles.values():
            role_named(role)
        address = urlsplit(self.keys)
        if address.scheme == "http" and address.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise InputError(f"{self.keys}: keys that come over http could be anybody's; use https")


class Tokens:
    """Checks tokens by the keys of a file or an address; makes no connection before it is asked."""

    def __init__(self, rules: TokenRules, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.rules = rules
        self._clock = clock
        self._keys: dict[str, PyJWK] = {}
        self._fetched = float("-inf")
        self._one_at_a_time = asyncio.Lock()
        self._checked: dict[bytes, tuple[Caller, float]] = {}  # until when (seconds since 1970)

    async def caller_of(self, text: str) -> Caller:
        """Who comes with the token ``text``; raises `UnknownCallerError` that says why it does not hold."""
        digest = blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
        known = self._checked.get(digest)
        if known and time.time() < known[1] and self._clock() - self._fetched < self.rules.refresh:
            return known[0]
        claims = await self._claims(text)
        caller = Caller(f"token:{claims['sub']}", self._role(claims), by="token")
        if len(self._checked) >= _KEPT:
            self._checked.clear()
        self._checked[digest] = caller, float(claims["exp"])
        return caller

    async def _claims(self, text: str) -> dict[str, Any]:
        import jwt

        try:
            header = jwt.get_unverified_header(text)
            key = await self._key(str(header.get("kid", "")))
            claims: dict[str, Any] = jwt.decode(
                text,
                key,
                algorithms=list(self.rules.algorithms),
                audience=self.rules.audience,
                issuer=self.rules.issuer,
                leeway=self.rules.leeway,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise UnknownCallerError(f"the token does not hold: {error}") from None
        return claims

    async def _key(self, name: str) -> PyJWK:
        if self._stale(name):
            async with self._one_at_a_time:
                if self._stale(name):
                    await self._fetch()
        if name not in self._keys:
            raise UnknownCallerError("the token does not hold: it is signed with a key that is not published")
        return self._keys[name]

    def _stale(self, name: str) -> bool:
        """Whether the key set is old, or lacks a key that may have been published since."""
        age = self._clock() - self._fetched
        return age > self.rules.refresh or (name not in self._keys and age > _AGAIN)

    async def _fetch(self) -> None:
        """Read the key set; where that fails the keys known before are used on."""
        self._fetched = self._clock()
        try:
            content = await asyncio.to_thread(_read, self.rules.keys)
            self._keys = _keys_in(content)
            self._checked.clear()
        except (OSError, ValueError, InputError) as error:
            if not self._keys:
                raise UnknownCallerError("tokens cannot be checked now: their keys cannot be read") from error

    def _role(self, claims: Mapping[str, Any]) -> Role:
        found: Any = claims
        for part in self.rules.claim.split("."):
            found = found.get(part, ()) if isinstance(found, Mapping) else ()
        names = found.split() if isinstance(found, str) else found if isinstance(found, list) else ()
        roles = [self.rules.roles.get(str(name), str(name)) for name in names]
        return max((Role[name] for name in roles if name in Role.__members__), default=Role.nobody)


def _read(place: str) -> bytes:
    if urlsplit(place).scheme in ("http", "https"):
        with urlopen(place, timeout=5) as response:  # the scheme was checked
            content: bytes = response.read(_MOST)
            return content
    return Path(place).read_bytes()


def _keys_in(content: bytes) -> dict[str, PyJWK]:
    import jwt

    try:
        found = jwt.PyJWKSet.from_dict(json.loads(content)).keys
    except (jwt.PyJWTError, AttributeError, TypeError) as error:
        raise InputError(f"this is no set of keys: {error}") from error
    return {key.key_id or "": key for key in found if key.key_type != "oct"}
