"""Who gets what share of the traffic, the same answer for the same user every time.

Weighted rendezvous hashing (Thaler and Ravishankar 1998; weights as Schindelhauer and Schomaker 2005, their
logarithmic method): every choice draws a number from the user's name and its own, and the largest wins. A
changed weight moves only the users it must, and a choice that drops out leaves the others' users in place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from hashlib import blake2b

__all__ = ["point", "ranked", "within"]


def point(*names: str) -> float:
    """A number above 0 and below 1, evenly spread over names and the same on every machine.

    >>> point("canary", "ada") == point("canary", "ada"), point("canary", "ada") == point("other", "ada")
    (True, False)
    """
    digest = blake2b(
        "\0".join(f"{len(name)}:{name}" for name in names).encode("utf-8", "replace"), digest_size=7
    )
    return (int.from_bytes(digest.digest(), "big") + 0.5) / 2**56


def ranked(weights: Mapping[str, float], user: str, salt: str = "") -> list[str]:
    """All choices, the one ``user`` belongs to first, then those to fall back on in turn.

    Each choice comes first for a share of the users that is its weight's of the sum; ``salt`` makes the
    shares of one experiment independent of another's. A weight of 0 comes first for nobody.

    >>> ranked({"a": 90, "b": 10}, "ada") == ranked({"b": 10, "a": 90}, "ada")
    True
    """
    return sorted(weights, key=lambda name: (-_score(weights[name], name, user, salt), name))


def _score(weight: float, name: str, user: str, salt: str) -> float:
    return -weight / math.log(point(salt, name, user)) if weight > 0 else -1.0


def within(share: float, user: str, salt: str = "") -> bool:
    """Whether ``user`` is one of that ``share`` (0 to 1) of all; with a larger share still is.

    >>> sum(within(0.1, f"user {n}") for n in range(10_000))
    1018
    """
    return point(salt, user) < share
