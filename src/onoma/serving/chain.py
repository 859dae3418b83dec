"""Lines that hang together: each bears a code over itself and the code before it, so none can be changed.

The code is keyed BLAKE2b (RFC 7693): who has no key can neither change a line and mend the chain, nor make
one up. What is at the end is sealed in a file of its own (`Head`), so lines cannot be cut off there either.
An older log put back together with its older head cannot be told from the log at that time: keep the head's
code elsewhere now and then where that matters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from hmac import compare_digest
from typing import Any, NamedTuple

__all__ = ["START", "Head", "Link", "Seal", "check_lines"]

START = "0" * 32
"""The code before the first line of all."""

_MARK = b',"code":"'
_TAIL = b'"}'


class Seal:
    """Codes made with one secret.

    >>> seal = Seal(b"secret")
    >>> line = seal.line(START, {"n": 1})
    >>> line
    b'{"n":1,"code":"a2ececb8128f9615d32817d74ee92e7b"}'
    """

    def __init__(self, secret: bytes) -> None:
        self._key = blake2b(secret, person=b"onoma chain").digest()
        self._text_key = blake2b(secret, person=b"onoma texts").digest()

    def code(self, before: str, body: bytes) -> str:
        """The code of ``body`` after what has the code ``before``."""
        return blake2b(before.encode() + body, key=self._key, digest_size=16).hexdigest()

    def line(self, before: str, record: Mapping[str, Any]) -> bytes:
        """``record`` as a line of JSON with its code, without the line's end."""
        body = json.dumps(record, ensure_ascii=True, separators=(",", ":"), default=str).encode()
        return body[:-1] + _MARK + self.code(before, body).encode() + _TAIL

    def hidden(self, text: str) -> str:
        """A hash of ``text`` that nobody can look up without the secret."""
        content = text.encode("utf-8", "surrogatepass")
        return blake2b(content, key=self._text_key, digest_size=16).hexdigest()


class Link(NamedTuple):
    """A line that was read: its code, its body, and what the body says."""

    code: str
    body: bytes
    record: dict[str, Any]


def link_of(line: bytes) -> Link | None:
    """A line as `Seal.line` made it; None for anything else."""
    start, mark, rest = line.rpartition(_MARK)
    if not mark or not rest.endswith(_TAIL):
        return None
    body = start + b"}"
    try:
        record = json.loads(body)
        return (
            Link(rest.removesuffix(_TAIL).decode("ascii"), body, record) if isinstance(record, dict) else None
        )
    except ValueError:
        return None


def check_lines(
    lines: Iterable[bytes], seal: Seal, before: str, number: int
) -> Iterator[tuple[int, Link | None, str]]:
    """Each line's place (from 1), what it says, and what is wrong with it (empty where nothing is).

    ``before`` is the code, and ``number`` the number ``n``, of the line before the first. After a line that
    does not fit, checking goes on from what that line says of itself, so that one fault is told once.
    """
    for place, line in enumerate(lines, 1):
        link = link_of(line)
        if link is None:
            yield place, None, "is no line of this log"
            continue
        whole = compare_digest(seal.code(before, link.body), link.code)
        n = link.record.get("n")
        fault = "" if whole and n == number + 1 else _fault(link, n, number, whole)
        before, number = link.code, n if isinstance(n, int) else number + 1
        yield place, link, fault


def _fault(link: Link, n: Any, number: int, whole: bool) -> str:
    if n == number + 1:
        return "was changed, or the line before it was"
    if isinstance(n, int) and n > number + 1:
        return f"follows number {number} and is number {n}: lines between them are missing"
    return f"is number {n} where {number + 1} belongs: lines were put in, repeated or reordered"


class Head(NamedTuple):
    """Where a log ends: its first and last segment, the last line's number and code."""

    first: int
    last: int
    n: int
    code: str

    def sealed(self, seal: Seal) -> str:
        """As JSON, with a code."""
        return seal.line("head", self._asdict()).decode() + "\n"

    @classmethod
    def opened(cls, content: bytes, seal: Seal) -> Head | None:
        """What `sealed` wrote; None for anything else.

        >>> head = Head(1, 1, 7, "c0de")
        >>> Head.opened(head.sealed(Seal(b"s")).encode(), Seal(b"s")) == head
        True
        >>> Head.opened(head.sealed(Seal(b"s")).replace("7", "6").encode(), Seal(b"s"))
        """
        link = link_of(content.strip())
        if link is None or not compare_digest(seal.code("head", link.body), link.code):
            return None
        return cls(**link.record)
