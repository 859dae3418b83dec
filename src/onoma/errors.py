"""Every error that Onoma raises on purpose, with its exit code and HTTP status.

::

    OnomaError                    1  500
    ├── InputError                2  400   what was given cannot be used (arguments, text, options)
    │   ├── CorpusError           3  422   a corpus file cannot be read as one; names file and line
    │   ├── TagError              3  422   a tag or a tag sequence breaks its scheme
    │   ├── AlignmentError        3  422   gold and predictions are not about the same tokens
    │   ├── RecipeError           4  422   a recipe does not describe a run
    │   ├── ForbiddenError        2  403   the caller is known, and may not do this
    │   ├── LateError             2  408   a request did not come in time, or not to its end
    │   ├── MediaError            2  415   what was sent is of a type that is not read here
    │   ├── NotFoundError         2  404   nothing of that name is here
    │   ├── LimitError            2  429   the caller has asked too often; tells when to ask again
    │   ├── TooLargeError         2  413   more was given at once than is taken
    │   ├── UnknownCallerError    2  401   who asks is not known: no key or token, or none that holds
    │   └── UnprocessableError    2  422   a request reads well, and a part of it is not what it may be
    ├── BundleError               5  500   a bundle is missing, damaged, or of a newer format
    ├── OutputError               6  507   a result cannot be written; nothing half-written is left
    ├── TrainingError             7  500   a run had to stop; its last good checkpoint is kept
    ├── MissingExtraError         8  501   the feature needs an optional dependency; gives the install line
    ├── BusyError                 9  503   too much is waiting already; the same request may succeed later
    │   └── DownError             9  503   a tagger failed, or does not answer; it is being started again
    └── RefusedError             10  409   a gate did not let a change pass; what was there before is kept

Exit codes 0 (done) and 130 (interrupted) complete the list; every command documents the same table.

>>> CorpusError("a row has 3 columns, 4 were expected", path="a.csv", line=7).exit_code
3
>>> str(CorpusError("a row has 3 columns, 4 were expected", path="a.csv", line=7))
'a.csv:7: a row has 3 columns, 4 were expected'
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from os import PathLike
from typing import ClassVar

__all__ = [
    "AlignmentError",
    "BundleError",
    "BusyError",
    "CorpusError",
    "DownError",
    "ForbiddenError",
    "InputError",
    "LateError",
    "LimitError",
    "MediaError",
    "MissingExtraError",
    "NotFoundError",
    "OnomaError",
    "OutputError",
    "RecipeError",
    "RefusedError",
    "TagError",
    "TooLargeError",
    "TrainingError",
    "UnknownCallerError",
    "UnprocessableError",
    "nearest",
]


class OnomaError(Exception):
    """Root of the tree: catch this to catch everything Onoma raises on purpose."""

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500


class InputError(OnomaError):
    """What was given cannot be used; the message says what is allowed."""

    exit_code = 2
    http_status = 400


class CorpusError(InputError):
    """A corpus cannot be read. ``path`` and ``line`` (1-based) say where, when known."""

    exit_code = 3
    http_status = 422

    def __init__(
        self, message: str, *, path: str | PathLike[str] | None = None, line: int | None = None
    ) -> None:
        self.path, self.line = path, line
        where = "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "
        super().__init__(where + message)


class TagError(InputError):
    """A tag, or a sequence of tags, is not legal in its scheme."""

    exit_code = 3
    http_status = 422


class AlignmentError(InputError):
    """Gold and predicted annotations do not cover the same tokens."""

    exit_code = 3
    http_status = 422


class RecipeError(InputError):
    """A recipe has an unknown key, a value out of range, or parts that do not fit together."""

    exit_code = 4
    http_status = 422


class LateError(InputError):
    """A request did not come in time, or not to its end."""

    http_status = 408


class MediaError(InputError):
    """What was sent is of a type that is not read here; the message says which are."""

    http_status = 415


class NotFoundError(InputError):
    """Nothing of that name is here; the message names what is."""

    http_status = 404


class TooLargeError(InputError):
    """More was given at once than is taken; the message says how much may be."""

    http_status = 413


class UnprocessableError(InputError):
    """A request can be read, and a part of it is not what it may be; the message names the part."""

    http_status = 422


class UnknownCallerError(InputError):
    """Who asks is not known: there is no key or token with the request, or none that holds."""

    http_status = 401


class ForbiddenError(InputError):
    """The caller is known, and may not do this; the message says what it takes."""

    http_status = 403


class LimitError(InputError):
    """The caller asked for more than its limit allows; ``retry_after`` is in seconds."""

    http_status = 429

    def __init__(self, message: str, *, retry_after: float) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class BundleError(OnomaError):
    """A bundle is missing, incomplete, changed since it was written, or of a newer format."""

    exit_code = 5


class OutputError(OnomaError):
    """A result cannot be written (permissions, full disk); what was there before is untouched."""

    exit_code = 6
    http_status = 507


class TrainingError(OnomaError):
    """A training run had to stop; its last good checkpoint is kept."""

    exit_code = 7


class MissingExtraError(OnomaError):
    """An optional dependency is not installed.

    >>> str(MissingExtraError("training", "train"))
    "training needs optional packages; install them with: pip install 'onoma[train]'"
    """

    exit_code = 8
    http_status = 501

    def __init__(self, feature: str, extra: str) -> None:
        self.extra = extra
        super().__init__(
            f"{feature} needs optional packages; install them with: pip install 'onoma[{extra}]'"
        )


class BusyError(OnomaError):
    """Nothing more is taken on for now: too much is waiting already, or the work is being shut down.

    ``retry_after`` is a guess, in seconds, of when to try again; None where that is no use.
    """

    exit_code = 9
    http_status = 503

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class DownError(BusyError):
    """A tagger failed for reasons of its own, or does not answer in time; another may."""


class RefusedError(OnomaError):
    """A change was measured and found not good enough; what was there before is kept."""

    exit_code = 10
    http_status = 409


def nearest(name: str, allowed: Iterable[str]) -> str:
    """A sentence tail that helps with a misspelt name: the closest allowed one, then all of them.

    >>> nearest("epoch", ["epochs", "seed"])
    "did you mean 'epochs'? Allowed: epochs, seed"
    >>> nearest("zzz", ["epochs", "seed"])
    'Allowed: epochs, seed'
    """
    known = sorted(allowed)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}Allowed: {', '.join(known)}"
