"""What goes between a service and its workers: JSON in frames, over a socket; never pickle."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Sequence
from typing import Any

from onoma.errors import DownError, InputError, OnomaError
from onoma.runtime.caching import recall, remember
from onoma.runtime.remembered import pack, unpack
from onoma.text import Document, Token

__all__ = ["answered", "answers", "asked", "failed", "questions", "receive", "send"]

_HEAD = struct.Struct("!I")
_MOST = 1 << 30  # bytes of a frame
_AT_ONCE = 1 << 20
_WELL, _GIVEN, _FAILED = b"well", b"given", b"failed"


def send(link: socket.socket, content: bytes, timeout: float | None = None) -> None:
    """Send one frame; raises `TimeoutError` when it has not gone out after ``timeout`` seconds."""
    link.settimeout(timeout)
    link.sendall(_HEAD.pack(len(content)) + content)


def receive(link: socket.socket, timeout: float | None = None) -> bytes:
    """The next frame; raises `TimeoutError` after ``timeout`` seconds, `EOFError` when the other is gone."""
    until = None if timeout is None else time.monotonic() + timeout
    (size,) = _HEAD.unpack(_exactly(link, _HEAD.size, until))
    if size > _MOST:
        raise EOFError(f"a frame of {size} bytes is none of ours")
    return _exactly(link, size, until)


def _exactly(link: socket.socket, size: int, until: float | None) -> bytes:
    content = bytearray()
    while len(content) < size:
        left = None if until is None else until - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError("no answer in time")
        link.settimeout(left)
        part = link.recv(min(size - len(content), _AT_ONCE))
        if not part:
            raise EOFError("the other side is gone")
        content += part
    return bytes(content)


def asked(documents: Sequence[Document]) -> bytes:
    """Documents for a tagger: their texts and tokens, which is all that it reads."""
    return json.dumps([[each.text, each.tokens] for each in documents]).encode()


def questions(content: bytes) -> list[Document]:
    """What `asked` wrote.

    >>> questions(asked([Document("Ada wrote.")]))[0].text
    'Ada wrote.'
    """
    rows: list[list[Any]] = json.loads(content)
    return [Document(text, tuple(map(Token._make, tokens))) for text, tokens in rows]


def answered(documents: Sequence[Document], found: Sequence[Document]) -> bytes:
    """What a tagger made of ``documents``: a line each, after one that says that all went well."""
    return b"\n".join([_WELL, *(pack(remember(a, b)) for a, b in zip(documents, found, strict=True))])


def failed(error: Exception) -> bytes:
    """What became of a call that failed; only what is our own to say goes out with its words."""
    kind = _GIVEN if isinstance(error, InputError) else _FAILED
    told = str(error) if isinstance(error, OnomaError) else type(error).__name__
    return kind + b"\n" + told.encode("utf-8", "replace")


def answers(documents: Sequence[Document], content: bytes) -> list[Document]:
    """What `answered` wrote, put on ``documents``.

    Raises the `InputError` that a worker tells of, and `DownError` for any other failure.

    >>> answers([Document("Ada")], answered([Document("Ada")], [Document("Ada")]))[0].text
    'Ada'
    >>> answers([], failed(KeyError("Ada")))
    Traceback (most recent call last):
      ...
    onoma.errors.DownError: the tagger failed: KeyError
    """
    kind, _, rest = content.partition(b"\n")
    if kind == _GIVEN:
        raise InputError(rest.decode())
    if kind != _WELL:
        raise DownError(f"the tagger failed: {rest.decode()}")
    rows = [unpack(row) for row in rest.split(b"\n")] if rest else []
    if len(rows) != len(documents) or None in rows:
        raise DownError("a worker's answer is not about what it was asked")
    return [recall(a, b) for a, b in zip(documents, rows, strict=True) if b is not None]
