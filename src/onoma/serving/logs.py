"""Logs as JSON, a line an event, that hold neither texts nor keys whatever is logged."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import traceback
from typing import IO, Any

from onoma.errors import OnomaError
from onoma.serving.asking import Quiet, Seen

__all__ = ["AccessLog", "JsonLines", "log_as_json"]

_SECRETS = re.compile(
    r"onoma_[0-9a-f]{8}_[\w-]+"  # keys
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]*"  # tokens
    r"|(?i:bearer|basic)\s+[^\s'\",;]+"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"  # passwords in addresses
)
_FIELDS = ("request", "caller", "method", "path", "status", "ms", "kind", "tagger", "texts", "times")


class JsonLines(logging.Formatter):
    r"""One line of JSON a record. Keys, tokens and passwords are blotted out.

    Of an exception that is not our own only its kind and its place are told: what it says may hold a text.

    >>> record = logging.LogRecord("onoma", 20, "", 0, "came with %s", ("Bearer abc",), None)
    >>> json.loads(JsonLines().format(record))["message"]
    'came with ***'
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _without_secrets(record.getMessage()),
        }
        told |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[1]:
            told["error"] = _error(record.exc_info[1])
        return json.dumps(told, default=str)


def _without_secrets(text: str) -> str:
    return _SECRETS.sub("***", text)


def _error(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    told: dict[str, Any] = {
        "kind": type(error).__name__,
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
    }
    if isinstance(error, OnomaError):
        told["message"] = _without_secrets(str(error))
    return told


def log_as_json(stream: IO[str] | None = None, level: int = logging.INFO) -> None:
    """Let every logger write JSON lines, to standard error unless told otherwise."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


class AccessLog(Quiet):
    """An `Observer` that logs requests: those that failed, and with ``all_requests`` every one."""

    def __init__(self, *, all_requests: bool = False) -> None:
        self._all = all_requests
        self._logger = logging.getLogger("onoma.serving.access")

    def seen(self, seen: Seen) -> None:
        """A request has been answered."""
        if seen.status < 500 and not self._all:
            return
        level = logging.WARNING if seen.status >= 500 else logging.INFO
        if not self._logger.isEnabledFor(level):
            return
        told: dict[str, Any] = {
            "request": seen.request,
            "caller": seen.caller,
            "method": seen.method,
            "path": seen.path,
            "status": seen.status,
            "ms": round(1000 * seen.seconds, 3),
            "kind": seen.kind,
        }
        if seen.answer:
            told |= {"tagger": seen.answer.tagger, "texts": len(seen.answer.documents)}
        self._logger.log(level, "%s %s %d", seen.method, seen.path, seen.status, extra=told)

    def sent_away(self, path: str, times: int, kind: str) -> None:
        """Requests were answered unread; a line for each would be more work than they were."""
        told = {"path": path, "status": 503, "kind": kind, "times": times}
        self._logger.warning("%d requests to %s sent away unread in the last second", times, path, extra=told)
