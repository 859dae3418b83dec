"""How much one request may bring, and how long it may take to bring it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from onoma.errors import InputError, LateError, MediaError, TooLargeError
from onoma.serving.types import Message, Receive

__all__ = ["DEFAULT", "Limits", "check_json", "check_texts", "read_body"]


class Limits(NamedTuple):
    """Bytes of a body (and of a line of a stream), texts in a request, characters of a text and of all.

    Seconds a body may take to come (``upload``), an answer to be made (``answer``), a head to come
    (``head``), and an idle connection or stream may last (``idle``).
    """

    body: int = 8 << 20
    texts: int = 1024
    characters: int = 2_000_000
    all_characters: int = 4_000_000
    upload: float = 20.0
    answer: float = 30.0
    head: float = 10.0
    idle: float = 30.0


DEFAULT = Limits()


def check_json(headers: Mapping[bytes, bytes], allowed: Sequence[bytes] = (b"application/json",)) -> None:
    """Raise `MediaError` unless the body says that it is of an ``allowed`` type.

    >>> check_json({b"content-type": b"application/json; charset=utf-8"})
    >>> check_json({b"content-type": b"text/plain"})
    Traceback (most recent call last):
      ...
    onoma.errors.MediaError: the body is text/plain; send it as application/json
    """
    told = headers.get(b"content-type", b"")
    if told in allowed:
        return
    kind = told.partition(b";")[0].strip().lower()
    if kind not in allowed:
        named = kind.decode("latin-1") or "of no stated type"
        raise MediaError(f"the body is {named}; send it as {b' or '.join(allowed).decode()}")


async def read_body(receive: Receive, headers: Mapping[bytes, bytes], limits: Limits) -> bytes:
    """The whole body.

    Raises `TooLargeError` where it is more than ``limits.body`` bytes, before reading it where it says so,
    and `LateError` where the client went away before its end.
    """
    told = headers.get(b"content-length")
    if told is not None and _number(told) > limits.body:
        raise _too_large(limits)
    message = await receive()
    if not message.get("more_body"):
        body = _body(message)
        if len(body) > limits.body:
            raise _too_large(limits)
        return body
    parts, size = [_body(message)], len(_body(message))
    while message.get("more_body"):
        message = await receive()
        parts.append(_body(message))
        size += len(parts[-1])
        if size > limits.body:
            raise _too_large(limits)
    return b"".join(parts)


def _number(told: bytes) -> int:
    if not told.isdigit():
        raise InputError("content-length is no number")
    return int(told[:20])


def _body(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise LateError("the connection was closed before the body had come")
    body: bytes = message.get("body", b"")
    return body


def _too_large(limits: Limits) -> TooLargeError:
    return TooLargeError(f"the body is more than {limits.body:,} bytes; send less at a time, or stream it")


def check_texts(texts: Sequence[str], limits: Limits) -> None:
    """Raise `TooLargeError` for too many texts or characters.

    >>> check_texts(["Ada", "Bob"], Limits(texts=1))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
      ...
    onoma.errors.TooLargeError: 2 texts, of 3 characters at most and 6 in all: ...
    """
    sizes = [len(text) for text in texts]
    longest, characters = max(sizes, default=0), sum(sizes)
    if len(sizes) > limits.texts or longest > limits.characters or characters > limits.all_characters:
        raise TooLargeError(
            f"{len(sizes):,} texts, of {longest:,} characters at most and {characters:,} in all: "
            f"a request may bring {limits.texts:,} texts, of {limits.characters:,} and "
            f"{limits.all_characters:,} characters; send less at a time, or stream it"
        )
