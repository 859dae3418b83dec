"""`RequestIds`: what a request is called in its response, in logs and in the audit log."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from itertools import count
from typing import Any

__all__ = ["RequestIds"]

_GIVEN = re.compile(rb"[\w.:-]{1,64}", re.ASCII)


class RequestIds:
    """Gives ids that no other process gives.

    >>> RequestIds().of({"headers": [(b"x-request-id", b"mine-1")]})
    'mine-1'
    """

    def __init__(self) -> None:
        self._prefix, self._number = secrets.token_hex(6), count(1)

    def of(self, scope: Mapping[str, Any]) -> str:
        """The id that came with a request, if it can be one, else the next of ours."""
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _GIVEN.fullmatch(value):
                return str(value, "ascii")
        return f"{self._prefix}-{next(self._number):x}"
