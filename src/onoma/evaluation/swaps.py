"""The same sentences with other names in them: of persons of other origins and genders, of other places.

The names are lists of our own (``names/*.toml``). They hold what is common where and nothing more: a name
does not say who bears it. What is measured is the tagger, on names as they are spelt in those lists, in
sentences that were written about somebody else.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from onoma.errors import InputError, nearest
from onoma.evaluation.perturb import carry, chance
from onoma.tagging.align import token_edges
from onoma.text.document import Document, Entity, Token
from onoma.text.tokenizer import tokenize

__all__ = [
    "SWAPS",
    "Group",
    "Rename",
    "Swapped",
    "cased",
    "guess_label",
    "person_groups",
    "place_groups",
    "swap",
]

Rename = Callable[[Sequence[str], object], dict[str, str]]
"""New names for the surfaces of one document, by old surface; what is not in it stays. The second argument is
what chance depends on."""


class Group(NamedTuple):
    """Names to swap in; ``parts`` says what they have in common, such as an origin and a gender."""

    parts: Mapping[str, str]
    rename: Rename


class Swapped(NamedTuple):
    """A document with other names, and which of its entities (by place in the document) got one."""

    document: Document
    places: list[int]


def swap(document: Document, label: str, rename: Rename, seed: int = 0) -> Swapped:
    """Give the entities of ``label`` other names; what is equal in a document stays equal.

    The new names are tokenised, all other tokens stay as they are. An entity that does not begin and end at
    token edges, or that overlaps another, is left alone, since what it shares would be changed as well.

    >>> [spanish] = [g for g in person_groups() if g.parts == {"origin": "Spanish", "gender": "feminine"}]
    >>> ada = Document.from_words(["Ada", "Lovelace", "wrote"], [(0, 2, "per")])
    >>> document, places = swap(ada, "per", spanish.rename)
    >>> document.words, places
    (['Rosa', 'Jiménez', 'wrote'], [0])
    """
    free = _free_places(document, label)
    surfaces = [document.surface(document.entities[i]) for i in free]
    names = rename(surfaces, (seed, _article(document)))
    chosen = [i for i, surface in zip(free, surfaces, strict=True) if surface in names]
    entities = [document.entities[i] for i in chosen]
    return Swapped(_rewritten(document, entities, names), chosen)


def _article(document: Document) -> object:
    return document.meta.get("document", document.text)


def _free_places(document: Document, label: str) -> list[int]:
    """Entities of ``label`` that share no character with another entity and no token with other text."""
    opens, closes = token_edges(document)
    alone: list[int] = []
    order = sorted(range(len(document.entities)), key=lambda i: document.entities[i].start)
    reach = 0
    for number, i in enumerate(order):
        entity = document.entities[i]
        after = document.entities[order[number + 1]].start if number + 1 < len(order) else len(document.text)
        whole = opens.get(entity.start, -1) < closes.get(entity.end, -1) and entity.start in opens
        if entity.label == label and whole and reach <= entity.start and entity.end <= after:
            alone.append(i)
        reach = max(reach, entity.end)
    return sorted(alone)


def _rewritten(document: Document, entities: Sequence[Entity], names: Mapping[str, str]) -> Document:
    pieces = list(document.text)
    inside: set[int] = set()
    for entity in entities:
        pieces[entity.start : entity.end] = [""] * (entity.end - entity.start)
        pieces[entity.start] = names[document.surface(entity)]
        inside.update(range(entity.start, entity.end))
    around = document.replace(tokens=[t for t in document.tokens if t.start not in inside])
    edited = carry(around, pieces)
    tokens = list(edited.document.tokens)
    for entity in entities:
        at = edited.offsets[entity.start]
        tokens += [Token(at + a, at + b) for a, b in tokenize(pieces[entity.start])]
    return edited.document.replace(tokens=sorted(tokens, key=lambda token: token.start))


def _read(name: str) -> str:
    return (resources.files("onoma.evaluation") / "names" / name).read_text(encoding="utf-8")


@cache
def _titles() -> frozenset[str]:
    """What stands before a name and belongs to no name; it stays when the name goes."""
    return frozenset(_read("titles.txt").split())


@cache
def _lists(kind: str) -> dict[str, dict[str, Any]]:
    """The lists of names of a kind (``persons``, ``places``), as `list` of `str` where they are lists."""
    tables = tomllib.loads(_read(f"{kind}.toml"))
    return {name: {key: _listed(value) for key, value in table.items()} for name, table in tables.items()}


def _listed(value: str) -> str | list[str]:
    words = [word.strip() for word in " ".join(value.split()).split(",")]
    return value if len(words) == 1 else words


def person_groups() -> list[Group]:
    """Feminine and masculine names of each origin.

    >>> len(person_groups()), sorted(person_groups()[0].parts)
    (26, ['gender', 'origin'])
    """
    return [
        Group({"origin": origin, "gender": gender}, _Persons(names[gender], names["family"], names["order"]))
        for origin, names in _lists("persons").items()
        for gender in ("feminine", "masculine")
    ]


def place_groups() -> list[Group]:
    """Cities and countries of each region.

    >>> [group.parts["region"] for group in place_groups()][:2]
    ['Western Europe', 'Eastern Europe']
    """
    regions = _lists("places")
    countries = _SHORT_COUNTRIES.union(*(names["countries"] for names in regions.values()))
    return [
        Group({"region": region}, _Places(names["cities"], names["countries"], countries))
        for region, names in regions.items()
    ]


SWAPS: dict[str, Callable[[], list[Group]]] = {"persons": person_groups, "places": place_groups}
"""What can be swapped, and the groups of names for it."""

_SHORT_COUNTRIES = frozenset(
    ["U.S.", "US", "USA", "U.S.A.", "UK", "U.K.", "America", "Holland", "UAE", "U.A.E."]
)

_POSSESSIVE = re.compile(r"\s?['’]s?$")
_ACRONYM = 3  # letters; in longer words, capitals throughout are a headline's


@dataclass(frozen=True)
class _Persons:
    """A `Rename` for persons: two words and more get a given and a family name, one word either of them.

    One word gets the part it has in a longer name of the same document; after a title, the family name; and
    else one by lot. A title stays, and so does a possessive ending; a mere title is no name.
    """

    given: Sequence[str]
    family: Sequence[str]
    order: str

    def __call__(self, surfaces: Sequence[str], key: object) -> dict[str, str]:
        parts = {surface: _parted(surface) for surface in surfaces}
        longer = [words for _, words, _ in parts.values() if len(words) > 1]
        first = {words[0] for words in longer}
        last = {words[-1] for title, words, _ in parts.values() if title or len(words) > 1}
        return {
            surface: cased(" ".join([*title, *self._named(words, first, last, key)]), surface) + ending
            for surface, (title, words, ending) in parts.items()
            if not _is_title(words[0])
        }

    def _named(self, words: Sequence[str], first: set[str], last: set[str], key: object) -> list[str]:
        given = chance("given", key, words[0]).choice(self.given)
        family = chance("family", key, words[-1]).choice(self.family)
        if len(words) > 1:
            return [given, family] if self.order == "given-first" else [family, given]
        word = words[0]
        if word in first or word in last:
            return [given if word in first else family]
        return [chance("part", key, word).choice([given, family])]


@dataclass(frozen=True)
class _Places:
    """A `Rename` for places: a country for a country, a city for what is none."""

    cities: Sequence[str]
    countries: Sequence[str]
    known_countries: frozenset[str]

    def __call__(self, surfaces: Sequence[str], key: object) -> dict[str, str]:
        return {surface: self._named(surface, key) for surface in surfaces}

    def _named(self, surface: str, key: object) -> str:
        ending = _POSSESSIVE.search(surface)
        bare = surface[: ending.start()] if ending else surface
        known = bare in self.known_countries or bare.title() in self.known_countries
        new = chance("place", key, bare).choice(self.countries if known else self.cities)
        return cased(new, bare) + (ending[0] if ending else "")


def _parted(surface: str) -> tuple[list[str], list[str], str]:
    """A person's title, the words of the name (one at least), and a possessive ending."""
    ending = _POSSESSIVE.search(surface)
    words = (surface[: ending.start()] if ending else surface).split() or [surface]
    titles = 0
    while titles < len(words) - 1 and _is_title(words[titles]):
        titles += 1
    return words[:titles], words[titles:], ending[0] if ending else ""


def _is_title(word: str) -> bool:
    return word.rstrip(".").lower() in _titles()


def cased(new: str, old: str) -> str:
    """``new`` in the case of ``old``, where that is all small or the capitals of a headline.

    >>> cased("Oldport", "RED ROCK"), cased("Oldport", "USA"), cased("Oldport", "rock")
    ('OLDPORT', 'Oldport', 'oldport')
    """
    if old.islower():
        return new.lower()
    headline = old.isupper() and any(len(word) > _ACRONYM for word in re.findall(r"\w+", old))
    return new.upper() if headline else new


_LABELS = {"persons": ("per", "person", "people"), "places": ("geo", "loc", "location", "gpe", "place")}


def guess_label(kind: str, labels: Iterable[str]) -> str | None:
    """Which of ``labels`` is that of ``persons`` or of ``places``, going by its name; None if none is.

    The first that fits in the order of customary names: in a set with both ``geo`` and ``gpe``, the
    latter is for peoples. Raises `InputError` for a ``kind`` that nothing is known of.

    >>> guess_label("persons", ["LOC", "PER"]), guess_label("places", ["geo", "gpe"])
    ('PER', 'geo')
    """
    if kind not in _LABELS:
        raise InputError(f"there are no names to swap for {kind!r}; {nearest(kind, _LABELS)}")
    by_name = {label.lower(): label for label in sorted(labels, reverse=True)}
    return next((by_name[name] for name in _LABELS[kind] if name in by_name), None)
