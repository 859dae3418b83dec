"""What may be chosen when a corpus is read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from onoma.corpus.label_map import LabelMap
from onoma.errors import InputError, nearest
from onoma.tagging.schemes import scheme_named

__all__ = ["OVERLAPS", "POLICIES", "Options"]

POLICIES = ("conlleval", "discard", "error")
OVERLAPS = ("keep", "outermost", "error")
_LATER = {"overlaps": "keep", "map": None}  # choices younger than the first fingerprints, with their defaults


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
    overlaps: str = "keep"
    map: LabelMap | None = None

    def __post_init__(self) -> None:
        for value, allowed, name in (
            (self.policy, POLICIES, "policy"),
            (self.overlaps, OVERLAPS, "overlaps"),
        ):
            if value not in allowed:
                raise InputError(f"unknown {name} {value!r}; {nearest(value, allowed)}")
        if self.scheme is not None:
            object.__setattr__(self, "scheme", scheme_named(self.scheme).name)

    def to_json(self) -> str:
        """A text that is the same for the same choices; later choices are named only where they are made."""
        chosen = asdict(self)
        for name, default in _LATER.items():
            if chosen[name] == default:
                del chosen[name]
        return json.dumps(chosen, sort_keys=True)
