"""Tag schemes as tables.

A tag is ``O`` or a prefix, a hyphen and a label (``B-per``). What a prefix may do is one row of its
scheme's table; legal moves, encoding, decoding and the CRF's forbidden transitions all follow from it.

Sources: Ramshaw & Marcus 1995 (IOB1), Ratnaparkhi 1998 (IOB2), Ratinov & Roth 2009 (BILOU, here BIOES).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from onoma.errors import InputError, TagError, nearest

__all__ = [
    "B",
    "E",
    "I",
    "O",
    "PREFIXES",
    "Role",
    "S",
    "SCHEMES",
    "Scheme",
    "detect_scheme",
    "scheme_named",
    "split_tag",
]

O, B, I, E, S = range(5)  # noqa: E741 - the field's own names
PREFIXES = "OBIES"
_CODES = {"B": B, "I": I, "E": E, "S": S, "L": E, "U": S, "M": I}  # BILOU and BMES spellings


class Role(NamedTuple):
    """What a prefix may do in its scheme."""

    opens: bool  # may be an entity's first token
    continues: bool  # may be a later token of the entity before it
    closes: bool  # may be an entity's last token
    extends: bool  # may be followed by another token of the same entity


@dataclass(frozen=True, slots=True)
class Scheme:
    """A named table of prefix roles.

    ``splits`` holds prefixes that open an entity only straight after one of the same label (IOB1's ``B``).

    >>> SCHEMES["bioes"].legal(I, E, same_label=True), SCHEMES["bioes"].legal(I, O, same_label=False)
    (True, False)
    """

    name: str
    roles: dict[int, Role]
    splits: frozenset[int] = frozenset()

    def legal(self, before: int, after: int, *, same_label: bool) -> bool:
        """Whether prefix ``after`` may follow ``before``; ``O`` also stands for both ends of a sentence."""
        inside = after != O and before != O and same_label
        if inside and self.roles[before].extends and self.roles[after].continues:
            return True
        return self.may_close(before) and self.may_open(before, after, same_label=same_label)

    def may_close(self, prefix: int) -> bool:
        """Whether an entity may end on ``prefix`` (no entity at all may, too)."""
        return prefix == O or self.roles[prefix].closes

    def may_open(self, before: int, prefix: int, *, same_label: bool) -> bool:
        """Whether an entity may begin with ``prefix`` after ``before`` (or none may begin: ``O``)."""
        if prefix == O:
            return True
        fits = prefix not in self.splits or (before != O and same_label)
        return self.roles[prefix].opens and fits


SCHEMES: dict[str, Scheme] = {
    #                                  opens  continues closes extends
    "iob1": Scheme(
        "iob1",
        {
            I: Role(True, True, True, True),
            B: Role(True, False, True, True),
        },
        splits=frozenset({B}),
    ),
    "iob2": Scheme(
        "iob2",
        {
            B: Role(True, False, True, True),
            I: Role(False, True, True, True),
        },
    ),
    "bioes": Scheme(
        "bioes",
        {
            B: Role(True, False, False, True),
            I: Role(False, True, False, True),
            E: Role(False, True, True, False),
            S: Role(True, False, True, False),
        },
    ),
}

_ALIASES = {"bio": "iob2", "bio1": "iob1", "bio2": "iob2", "bilou": "bioes", "iobes": "bioes"}


def scheme_named(name: str) -> Scheme:
    """The scheme called ``name`` (``bio``, ``bilou`` and the like are understood).

    >>> scheme_named("BILOU").name
    'bioes'
    """
    key = name.lower()
    key = _ALIASES.get(key, key)
    if key not in SCHEMES:
        raise InputError(f"unknown tag scheme {name!r}; {nearest(key, [*SCHEMES, *_ALIASES])}")
    return SCHEMES[key]


def split_tag(tag: str) -> tuple[int, str]:
    """A tag's prefix code and label; raises `TagError` for anything but ``O`` or ``prefix-label``.

    >>> split_tag("B-per") == (B, "per"), split_tag("U-chemical-compound") == (S, "chemical-compound")
    (True, True)
    """
    if tag == "O":
        return O, ""
    prefix, hyphen, label = tag.partition("-")
    if not hyphen or not label or prefix not in _CODES:
        raise TagError(f"{tag!r} is not a tag: expected O, or one of B- I- E- S- L- U- M- before a label")
    return _CODES[prefix], label


def detect_scheme(moves: Iterable[tuple[int, int, bool]] | Mapping[tuple[int, int, bool], int]) -> str:
    """The scheme a corpus is written in, from its moves (prefix before, prefix, same label), ``O`` at ends.

    ``moves`` is every move, or a count for each distinct one. ``E`` or ``S`` anywhere means BIOES. Else
    each ``I`` that opens an entity speaks for IOB1 and each ``B`` that opens one where IOB1 needs no ``B``
    speaks for IOB2: the more frequent wins, so that a slip does not turn a file. Texts in which nothing
    tells the two apart are read as IOB2.

    >>> detect_scheme([(O, I, False), (I, B, True)]), detect_scheme([(O, B, False), (O, I, False)])
    ('iob1', 'iob2')
    """
    seen = Counter(moves)
    if any(after in (E, S) for _, after, _ in seen):
        return "bioes"
    opens = Counter[int]()
    for (before, after, same), count in seen.items():
        if before == O or not same:
            opens[after] += count
    return "iob1" if opens[I] > opens[B] else "iob2"
