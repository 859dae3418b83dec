"""Who asks, and what they may do."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from onoma.errors import InputError, nearest

__all__ = ["ANYBODY", "CALLER", "HERE", "Caller", "Role", "role_named"]


class Role(IntEnum):
    """What a caller may do, each with all that those below may: ``reader`` asks taggers, ``operator`` looks
    at metrics and trials, ``admin`` changes what is served. ``nobody`` may ask whether the service is alive.
    """

    nobody = 0
    reader = 1
    operator = 2
    admin = 3


def role_named(name: str) -> Role:
    """The role called ``name``; raises `InputError` naming those that may be given.

    >>> role_named("reader")
    <Role.reader: 1>
    """
    if name not in Role.__members__ or name == "nobody":
        raise InputError(f"there is no role {name!r}; {nearest(name, [r.name for r in Role if r])}")
    return Role[name]


@dataclass(frozen=True, slots=True)
class Caller:
    """``name`` is what logs call it; ``models`` are the taggers it may ask, none meaning all.

    ``rate``, as in ``100/second``, is its own limit where it has one, and ``quota`` how many texts a day.
    """

    name: str
    role: Role
    models: frozenset[str] = frozenset()
    rate: str = ""
    quota: int | None = None
    by: Literal["key", "token", "nothing"] = "nothing"


ANYBODY = Caller("", Role.nobody)
"""Who has shown neither key nor token."""

HERE = Caller("", Role.admin)
"""Whoever asks a service that has no keys: somebody on this machine."""

CALLER: ContextVar[Caller] = ContextVar("onoma caller", default=HERE)
"""The caller of the request that is being answered."""
