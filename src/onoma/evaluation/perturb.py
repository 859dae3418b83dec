"""Texts as they also come: without case, mistyped, in odd white space, in other Unicode forms.

An edit names what becomes of each code point of a text. That is all that is needed to know where every
offset goes, so tokens and gold entities are carried along exactly, whatever grows, shrinks or disappears.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import blake2b
from itertools import accumulate, pairwise
from typing import Literal, NamedTuple

from onoma.errors import InputError, nearest
from onoma.text.document import Document, Entity, Token

__all__ = ["EDITS", "SUMMARIES", "Edit", "Edited", "carry", "chance", "edits_named", "perturb"]

Edit = Callable[[Document, random.Random], list[str]]
"""What becomes of each code point of a document's text; ``[code point]``."""


class Edited(NamedTuple):
    """A document after an edit, and what that cost.

    ``offsets`` ``[code points of the old text + 1]`` says where each old offset went. A token that is left
    without a character is lost, and so is an entity.
    """

    document: Document
    offsets: list[int]
    lost_tokens: int
    lost_entities: int


def perturb(document: Document, edit: Edit, seed: int = 0) -> Edited:
    """``document`` after ``edit``; chance depends on ``seed`` and the text alone, never on the order.

    >>> ada = Document.from_words(["Frau", "Groß", "kam"], [(0, 2, "per")])
    >>> loud = perturb(ada, EDITS["upper"]).document
    >>> loud.surface(loud.entities[0]), loud.words
    ('FRAU GROSS', ['FRAU', 'GROSS', 'KAM'])
    """
    return carry(document, edit(document, chance(seed, document.text)))


def chance(*key: object) -> random.Random:
    """A random generator that is the same wherever and whenever it is made from the same ``key``."""
    text = "\n".join(map(str, key)).encode("utf-8", "surrogatepass")
    return random.Random(blake2b(text, digest_size=16).digest())


def carry(document: Document, pieces: Sequence[str]) -> Edited:
    """Put ``pieces[i]`` where code point ``i`` of the text was, and move tokens and entities along.

    A token or entity that begins or ends with what is no more begins or ends at what is left of it.

    >>> yahoo = Document.from_words(["Yahoo", "!", "grows"], [(0, 2, "org")])
    >>> edited = carry(yahoo, [*"Yahoo", "", "", *" grows"])
    >>> edited.document.text, edited.document.entities, edited.lost_tokens
    ('Yahoo grows', (Entity(start=0, end=5, label='org', score=1.0),), 1)
    """
    assert len(pieces) == len(document.text), "an edit says of each code point what becomes of it"
    offsets = list(accumulate(map(len, pieces), initial=0))

    def moved(span: Token | Entity) -> tuple[int, int]:
        start, end = _left_of(document.text, pieces, span.start, span.end)
        return offsets[start], offsets[end]

    tokens = [Token(*moved(token)) for token in document.tokens]
    entities = [Entity(*moved(each), each.label, each.score) for each in document.entities]
    kept_tokens = [token for token in tokens if token.start < token.end]
    kept_entities = [entity for entity in entities if entity.start < entity.end]
    return Edited(
        document.replace(text="".join(pieces), tokens=kept_tokens, entities=kept_entities),
        offsets,
        len(tokens) - len(kept_tokens),
        len(entities) - len(kept_entities),
    )


def _left_of(text: str, pieces: Sequence[str], start: int, end: int) -> tuple[int, int]:
    """What is left of ``[start, end)`` where it begins or ends with what is no more, blanks beside it too."""
    if start < end and not pieces[start]:
        while start < end and (not pieces[start] or text[start].isspace()):
            start += 1
    if start < end and not pieces[end - 1]:
        while start < end and (not pieces[end - 1] or text[end - 1].isspace()):
            end -= 1
    return start, end


def _cut(text: str, whole: str, change: Callable[[str], str]) -> list[str]:
    """``whole``, the changed ``text``, cut into what came of each code point.

    What a code point becomes may depend on its neighbours (a final sigma, the order of marks); how long
    that is does not, for case and for decomposition.
    """
    ends = accumulate((len(change(c)) for c in text), initial=0)
    return [whole[start:end] for start, end in pairwise(ends)]


def _lower(document: Document, _: random.Random) -> list[str]:
    return _cut(document.text, document.text.lower(), str.lower)


def _upper(document: Document, _: random.Random) -> list[str]:
    return _cut(document.text, document.text.upper(), str.upper)


def _decomposed(document: Document, _: random.Random, *, form: Literal["NFD", "NFKD"]) -> list[str]:
    change = partial(unicodedata.normalize, form)
    return _cut(document.text, change(document.text), change)


def _full_width(document: Document, _: random.Random) -> list[str]:
    return [_WIDE.get(c, c) for c in document.text]


_WIDE = {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)} | {" ": "\u3000"}


def _no_punctuation(document: Document, _: random.Random) -> list[str]:
    """Without the characters of Unicode's category P; what stood between blanks takes one of them along."""
    pieces = ["" if unicodedata.category(c).startswith("P") else c for c in document.text]
    removed = False  # since the last character that was kept
    blank = True  # what was last kept is white space, or nothing was kept yet
    for i, (old, new) in enumerate(zip(document.text, pieces, strict=True)):
        if not new:
            removed = True
        elif old.isspace() and blank and removed:
            pieces[i] = ""
        else:
            blank, removed = old.isspace(), False
    _drop_blanks_before_the_removed_end(document.text, pieces)
    return pieces


def _drop_blanks_before_the_removed_end(text: str, pieces: list[str]) -> None:
    removed = False
    for i in reversed(range(len(text))):
        if pieces[i] and not (removed and text[i].isspace()):
            return
        removed = removed or not pieces[i]
        pieces[i] = ""


def _blanks_as(document: Document, _: random.Random, *, new: str) -> list[str]:
    return [new if c == " " else c for c in document.text]


def _wrapped(document: Document, _: random.Random, *, width: int = 40) -> list[str]:
    """Lines of at most ``width`` code points where the words allow it, as in e-mail and extracted pages."""
    pieces = list(document.text)
    gaps = [i for i, c in enumerate(pieces) if c in " \n"]
    begin = 0
    for gap, after in pairwise([*gaps, len(pieces)]):
        if pieces[gap] == " " and after - begin > width:
            pieces[gap] = "\n"
        if pieces[gap] == "\n":
            begin = gap + 1
    return pieces


def _curly(document: Document, _: random.Random) -> list[str]:
    """Quotation marks and apostrophes as a word processor sets them."""
    pieces = list(document.text)
    opened = False
    for i, c in enumerate(document.text):
        before, after = document.text[i - 1 : i], document.text[i + 1 : i + 2]
        if c == '"':
            opened = (not before or before in _BEFORE_OPENING) and not (opened and after in _BLANKS)
            pieces[i] = "“" if opened else "”"
        elif c == "'":
            opens = (not before or before in _BEFORE_OPENING) and after.isalpha()
            pieces[i] = "‘" if opens and not _is_clitic(document.text, i + 1) else "’"
        elif c == "`":
            pieces[i] = "‘"
    return pieces


_BLANKS = frozenset(["", " ", "\t", "\n", "\xa0"])
_BEFORE_OPENING = frozenset([*_BLANKS, "(", "[", "{", "-", "–", "—", "/"])
_CLITICS = frozenset(["s", "d", "m", "t", "re", "ve", "ll"])


def _is_clitic(text: str, start: int) -> bool:
    end = start
    while end < len(text) and end < start + 3 and text[end].isalpha():
        end += 1
    return text[start:end].lower() in _CLITICS


def _mistyped(document: Document, dice: random.Random, *, rate: float) -> list[str]:
    """One slip of the fingers in a share ``rate`` of the words of two letters and more."""
    pieces = list(document.text)
    for token in document.tokens:
        places = [i for i in range(token.start, token.end) if _is_key(document.text, i)]
        if len(places) > 1 and dice.random() < rate:
            _slip(document.text, places, pieces, dice)
    return pieces


def _is_key(text: str, i: int) -> bool:
    """A letter that carries no mark: one stroke of a key, which goes wrong as a whole."""
    return text[i].isalpha() and not (i + 1 < len(text) and unicodedata.combining(text[i + 1]))


def _slip(text: str, places: Sequence[int], pieces: list[str], dice: random.Random) -> None:
    """Of the slips that change the word at a letter drawn by lot, make one."""
    i = dice.choice(places)
    slips = [{i: ""}, {i: text[i] * 2}]
    if i + 1 in places and text[i] != text[i + 1]:
        slips.append({i: text[i + 1], i + 1: text[i]})
    if neighbours := _NEIGHBOURS.get(text[i].lower()):
        typed = dice.choice(neighbours)
        slips.append({i: typed.upper() if text[i].isupper() else typed})
    for place, new in dice.choice(slips).items():
        pieces[place] = new


def _neighbours(*rows: str) -> dict[str, str]:
    """The letters beside, above and below each on a keyboard; each row stands half a key further right."""
    at = {(2 * x + y, y): c for y, row in enumerate(rows) for x, c in enumerate(row)}
    around = [(-2, 0), (2, 0), (-1, -1), (1, -1), (-1, 1), (1, 1)]
    return {c: "".join(at.get((x + dx, y + dy), "") for dx, dy in around) for (x, y), c in at.items()}


_NEIGHBOURS = _neighbours("qwertyuiop", "asdfghjkl", "zxcvbnm")


EDITS: dict[str, Edit] = {
    "lower": _lower,
    "upper": _upper,
    "typos": partial(_mistyped, rate=0.1),
    "no-punctuation": _no_punctuation,
    "no-break-spaces": partial(_blanks_as, new="\xa0"),
    "tabs": partial(_blanks_as, new="\t"),
    "double-blanks": partial(_blanks_as, new="  "),
    "line-breaks": _wrapped,
    "zero-width": partial(_blanks_as, new=" \u200b"),
    "nfd": partial(_decomposed, form="NFD"),
    "nfkd": partial(_decomposed, form="NFKD"),
    "full-width": _full_width,
    "curly-quotes": _curly,
}
"""Every edit by name; ``typos`` at the rate of one word in ten."""

SUMMARIES = {
    "lower": "all letters lower case",
    "upper": "all letters upper case",
    "typos": "slips on the keyboard",
    "no-punctuation": "every punctuation character removed",
    "no-break-spaces": "a no-break space for each blank",
    "tabs": "a tab for each blank",
    "double-blanks": "two blanks for each",
    "line-breaks": "lines wrapped at 40 characters",
    "zero-width": "a zero-width space after each blank",
    "nfd": "letters and their marks apart (Unicode NFD)",
    "nfkd": "compatibility forms taken apart (Unicode NFKD)",
    "full-width": "ASCII in full-width forms",
    "curly-quotes": "curly quotation marks and apostrophes",
}
"""What each edit does, in a few words."""


def edits_named(names: Sequence[str] | None = None, typo_rate: float = 0.1) -> dict[str, Edit]:
    """The edits called ``names`` (None: all), with ``typo_rate`` the share of words mistyped.

    Raises `InputError` for an unknown name and for a rate that is no share.

    >>> list(edits_named(["lower", "typos"], typo_rate=0.2))
    ['lower', 'typos']
    """
    if not 0 <= typo_rate <= 1:
        raise InputError(f"the typo rate is the share of words mistyped, from 0 to 1, not {typo_rate}")
    known = EDITS | {"typos": partial(_mistyped, rate=typo_rate)}
    for name in names or ():
        if name not in known:
            raise InputError(f"there is no slice {name!r}; {nearest(name, known)}")
    return {name: known[name] for name in (known if names is None else dict.fromkeys(names))}
