"""What may be chosen when a corpus is read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from onoma.errors import InputError, nearest
from onoma.tagging.schemes import scheme_named

__all__ = ["POLICIES", "Options"]

POLICIES = ("conlleval", "discard", "error")


@dataclass(frozen=True, slots=True)
class Options:
    """The choices; together with a file's content they decide the documents, so both make its fingerprint.

    >>> Options(scheme="bilou").scheme
    'bioes'
    """

    tag_column: int | str | None = None
    scheme: str | None = None
    policy: str = "conlleval"
    labels: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise InputError(f"unknown policy {self.policy!r}; {nearest(self.policy, POLICIES)}")
        if self.scheme is not None:
            object.__setattr__(self, "scheme", scheme_named(self.scheme).name)

    def to_json(self) -> str:
        """A text that is the same for the same choices."""
        return json.dumps(asdict(self), sort_keys=True)
