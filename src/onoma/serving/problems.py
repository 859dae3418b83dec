"""Errors as problem documents (RFC 9457), made from the one exception tree.

What a caller can mend is told in full. Of an error that is ours only its kind is told: what went wrong inside
is for the log, which names the kind of error and the place, never a text.
"""

from __future__ import annotations

import logging
import math
import traceback
from http import HTTPStatus
from typing import NamedTuple

import msgspec
from starlette.exceptions import HTTPException

from onoma.errors import BusyError, MissingExtraError, OnomaError
from onoma.serving.wire import ProblemDocument

__all__ = ["PROBLEM", "Problem", "kind_of", "problem_of", "status_of"]

PROBLEM = b"application/problem+json"
logger = logging.getLogger("onoma.serving")

_TOLD = (BusyError, MissingExtraError)  # errors of ours of which the caller may know all
_AGAIN = {429, 503}  # statuses that tell when to come again


class Problem(NamedTuple):
    """A response that tells of an error."""

    status: int
    headers: list[tuple[bytes, bytes]]
    document: ProblemDocument


def kind_of(error: BaseException) -> str:
    """The short name of a kind of error, for documents and metrics.

    >>> kind_of(BusyError("later")), kind_of(MissingExtraError("a", "b")), kind_of(ZeroDivisionError())
    ('busy', 'missing-extra', 'internal')
    """
    if isinstance(error, HTTPException):
        return f"http-{error.status_code}"
    if not isinstance(error, OnomaError):
        return "internal"
    name = type(error).__name__.removesuffix("Error")
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).strip("-")


def status_of(error: BaseException) -> int:
    """The status that an error is answered with."""
    return error.http_status if isinstance(error, OnomaError) else getattr(error, "status_code", 500)


def problem_of(error: BaseException, request: str = "") -> Problem:
    """``error`` as a response; ``request`` is the id of what was asked. What is ours to mend is logged.

    >>> found = problem_of(BusyError("too much is waiting", retry_after=1.2), "r7")
    >>> found.status, dict(found.headers)[b"retry-after"]
    (503, b'2')
    >>> found.document.type, found.document.title, found.document.instance
    ('urn:onoma:problem:busy', 'Nothing more is taken on for now', 'urn:onoma:request:r7')
    """
    status = status_of(error)
    told = status < 500 or isinstance(error, _TOLD)
    if not told:
        _log(error, request)
    detail = str(getattr(error, "detail", error)) if told else "the service failed; its log says how"
    instance = f"urn:onoma:request:{request}" if request else msgspec.UNSET
    document = ProblemDocument(f"urn:onoma:problem:{kind_of(error)}", _title(error), status, detail, instance)
    return Problem(status, _headers(error, status), document)


def _headers(error: BaseException, status: int) -> list[tuple[bytes, bytes]]:
    headers = [(b"content-type", PROBLEM), (b"cache-control", b"no-store")]
    if status in _AGAIN:
        seconds = getattr(error, "retry_after", None)
        headers.append((b"retry-after", b"%d" % max(math.ceil(seconds or 1), 1)))
    given = getattr(error, "headers", None) or {}
    return headers + [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in given.items()
    ]


def _title(error: BaseException) -> str:
    """What a kind of error means: the first words of its own documentation."""
    if not isinstance(error, OnomaError) or not error.__doc__:
        return HTTPStatus(status_of(error)).phrase
    return error.__doc__.partition("\n")[0].partition(":")[0].partition(";")[0].rstrip(".")


def _log(error: BaseException, request: str) -> None:
    places = traceback.extract_tb(error.__traceback__)
    way = " > ".join(f"{place.filename}:{place.lineno} {place.name}" for place in places)
    logger.error("request %s: %s at %s", request or "-", type(error).__qualname__, way)
