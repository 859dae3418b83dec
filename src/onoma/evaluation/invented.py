"""English sentences made up as they are asked for, for measuring speed and memory: no text need be at hand.

They have the lengths and the share of names, numbers and dates of news, and two words in a hundred are
new however many were made before, as in real text. Nobody should judge by them how well a tagger finds names.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from itertools import islice

__all__ = ["invented_sentences"]

_FRAMES = (
    "{person} was born in {place}.",
    "{org} said on {day} that profits rose {number} percent to ${number} million.",
    "{person}, the {role} of {org}, met {person} in {place} on {day} to speak about {topic}.",
    "It rained.",
    (
        "The {role} of {place} told reporters that {topic} would be settled by {month}, that {org} had sent "
        "{number} people to {place} until then, and that nobody there had reason to worry about {topic}."
    ),
    "In {year}, {number} people lived in {place}; today there are {number}.",
    "Nobody expected {topic} to last until {month}.",
    '"We shall talk about {topic} with {org}," said {person}.',
    "After {number} days of rain the road from {place} to {place} was closed again, the {role} said.",
    "{place}, {day}",
    "Police in {place} are looking for {number} men who left {org} without paying, {person} reported.",
    (
        "The agreement between {org} and {org}, signed in {place} in {month} {year} by {person} and "
        "{person}, covers {topic}, {topic} and the pay of {number} workers, but not what they were promised."
    ),
    "{person} 6-{number} {person}",
    "Why had {person} gone back to {place} so soon, and who had paid for it?",
    "{org} shares fell {number} percent in {place} after its {role}, {person}, resigned over {topic}.",
    "They waited for the {role} at the station, but no train came from {place} that {day}.",
)
_ROLES = ("president", "mayor", "chairwoman", "secretary", "coach", "foreign minister", "chief engineer")
_TOPICS = (
    "the price of grain", "trade", "the new bridge", "fishing rights", "the strike", "school reform",
    "the border", "next year's budget", "flood control", "the election", "water", "the cease-fire",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("January", "March", "April", "June", "August", "September", "October", "December")
_FIRST = ("Ada", "Boris", "Chen", "Dina", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kemi", "Lena")
_PLACES = ("London", "Oldport", "Paris", "Red Rock", "Nairobi", "New Haven", "Lima", "Green Hollow", "Oslo")
_KINDS = ("Bank", "Corp.", "Group", "Ministry", "Steel Works", "Union", "University", "Airlines", "United")
_STARTS = ("b", "br", "c", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "st", "t", "v", "z")
_ENDS = ("an", "ar", "el", "en", "er", "i", "in", "ir", "o", "ol", "on", "or", "u", "un", "ez", "ow")
_NEW = 0.15  # of the names that are made up, not taken from a list

Source = Callable[[random.Random], str]


def _one_of(values: tuple[str, ...]) -> Source:
    return lambda chance: values[int(chance.random() * len(values))]


_start, _end = _one_of(_STARTS), _one_of(_ENDS)


def _name(chance: random.Random) -> str:
    """A name of two to four syllables: there are seven thousand million."""
    return "".join(_start(chance) + _end(chance) for _ in range(2 + int(3 * chance.random()))).capitalize()


def _listed_or_new(values: tuple[str, ...]) -> Source:
    listed = _one_of(values)
    return lambda chance: _name(chance) if chance.random() < _NEW else listed(chance)


_surname, _place = _listed_or_new(("Stone", "Moor", "Rivers", "Field", "Lane")), _listed_or_new(_PLACES)
_first, _kind = _one_of(_FIRST), _one_of(_KINDS)
_SLOTS: dict[str, Source] = {
    "person": lambda chance: f"{_first(chance)} {_surname(chance)}",
    "org": lambda chance: f"{_place(chance)} {_kind(chance)}",
    "place": _place,
    "role": _one_of(_ROLES),
    "topic": _one_of(_TOPICS),
    "day": _one_of(_DAYS),
    "month": _one_of(_MONTHS),
    "year": lambda chance: str(1900 + int(130 * chance.random())),
    "number": lambda chance: f"{int(10 ** (1 + 4 * chance.random())):,}",
}


def _part(piece: str) -> Source:
    return _SLOTS[piece[1:-1]] if piece.startswith("{") else lambda chance: piece


_SENTENCES = [[_part(piece) for piece in re.split(r"(\{\w+\})", frame) if piece] for frame in _FRAMES]


def invented_sentences(seed: int = 0, count: int | None = None) -> Iterator[str]:
    """``count`` sentences, without it endlessly many; the same ``seed`` gives the same ones.

    >>> for sentence in invented_sentences(seed=7, count=2):
    ...     print(sentence)
    Police in Red Rock are looking for 15 men who left London Union without paying, Kemi Stone reported.
    Why had Ada Starfonzol gone back to Oslo so soon, and who had paid for it?
    """
    chance = random.Random(seed)
    endless = ("".join(part(chance) for part in chance.choice(_SENTENCES)) for _ in iter(int, 1))
    return islice(endless, count)
