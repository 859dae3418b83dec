"""Which words made an entity what it is: each is hidden in turn, and the probability is asked again.

Leave-one-out occlusion (Li, Monroe & Jurafsky, *Understanding neural networks through representation
erasure*, 2016) needs nothing of a tagger but its answers, so it explains any `Annotate`. Of a bundle it asks
the probability of exactly the span and label in question, found or not; of another tagger the score of the
entity where it finds that very one, else 0. A word is hidden alone: of two words of which either is enough,
neither weighs anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, get_args

from onoma.errors import InputError, nearest
from onoma.evaluation.perturb import carry
from onoma.runtime.explain_probes import Answer, Probe, asked_span, probe_of
from onoma.runtime.texts import tokenised
from onoma.text import Annotate, Document, Entity

__all__ = ["HIDDEN", "Explanation", "Hiding", "hide", "occlude"]

HIDDEN = "\ufffd"
"""Stands for a hidden word: no vocabulary, alphabet or shape has it, so a tagger sees an unknown word."""

Hiding = Literal["mask", "remove"]
"""``mask``: an unknown word stands in a hidden word's place; ``remove``: the text closes over it."""

OWN, AROUND = "own words", "other words"
_BATCH = 64  # texts that are asked about at a time


@dataclass(frozen=True, slots=True)
class Explanation:
    """What each word of a text had to do with one entity, by one method.

    ``weights`` has a number for each token of ``document``, of which the larger speaks the more for the
    entity, below 0 against it; ``unit`` says what it counts. ``probability`` is what the method started from
    (that of the network: the score that is shown may be mended by calibration).
    """

    method: str
    document: Document
    entity: Entity
    probability: float
    weights: Sequence[float]
    unit: str
    note: str = ""
    instead: Mapping[int, Entity] = field(default_factory=dict)  # token → how its place is read without it
    parts: Mapping[str, float] = field(default_factory=dict)  # weights of several words hidden at once

    def ranked(self) -> list[int]:
        """The tokens, the weightiest first.

        >>> ada = Document.from_text("Ada wrote")
        >>> Explanation("occlusion", ada, Entity(0, 3, "per"), 0.9, [0.1, -0.3], "probability").ranked()
        [1, 0]
        """
        return sorted(range(len(self.weights)), key=lambda i: (-abs(self.weights[i]), i))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        document = self.document
        tokens: list[dict[str, Any]] = [
            {"start": token.start, "end": token.end, "text": word, "weight": float(weight)}
            for token, word, weight in zip(document.tokens, document.words, self.weights, strict=True)
        ]
        for at, other in self.instead.items():
            tokens[at]["instead"] = _plain(document, other)
        about = {"method": self.method, "unit": self.unit, "note": self.note}
        entity = _plain(document, self.entity)
        parts = {name: float(weight) for name, weight in self.parts.items()}
        return {**about, "entity": entity, "probability": self.probability, "tokens": tokens, "parts": parts}


def _plain(document: Document, entity: Entity) -> dict[str, Any]:
    span = {"start": entity.start, "end": entity.end, "label": entity.label, "score": entity.score}
    return {**span, "text": document.surface(entity)}


def hide(document: Document, tokens: Iterable[int], how: Hiding = "mask", mask: str = HIDDEN) -> Document:
    """``document`` without the words ``tokens``; its entities move along, and go with their last word.

    >>> ada = Document.from_words(["Ada", "Lovelace", "wrote"], [(0, 2, "per")])
    >>> hide(ada, [0], mask="?").words, hide(ada, [0], "remove").text
    (['?', 'Lovelace', 'wrote'], 'Lovelace wrote')
    """
    pieces = list(document.text)
    for token in (document.tokens[i] for i in tokens):
        pieces[token.start : token.end] = [""] * (token.end - token.start)
        if how == "mask":
            pieces[token.start] = mask
        elif token.end < len(pieces) and pieces[token.end].isspace():
            pieces[token.end] = ""
    return carry(document, pieces).document


def occlude(annotate: Annotate, document: Document, entity: Entity, *, how: Hiding = "mask") -> Explanation:
    """How the probability of ``entity``, found or not, falls when each word of ``document`` is hidden.

    ``instead`` tells how the place is read without a word, where another reading is then the likelier. Words
    that a bundle does not read together with the entity weigh nothing. Takes one reading of the text (of a
    bundle: of those words) for each word. Raises `InputError` for a span that is
    no run of words, a label that a bundle does not have, an unknown ``how``.

    >>> from onoma.runtime.gazetteer import Gazetteer
    >>> places = Gazetteer({"geo": ["New York"]})
    >>> [document] = places(["She left New York in May."])
    >>> occlude(places, document, document.entities[0]).weights
    [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    """
    if how not in get_args(Hiding):
        raise InputError(f"there is no way of hiding called {how!r}; {nearest(how, get_args(Hiding))}")
    document = tokenised(document)
    span = asked_span(document, entity)
    probe = probe_of(annotate, document, entity)
    start, part = probe.start, probe.part
    [whole] = probe([part])
    alone = list(_asked(probe, part, [[i] for i in range(len(part.tokens))], how))
    own = range(span[0] - start, span[1] - start)
    around = [i for i in range(len(part.tokens)) if i not in own]
    own_gone, rest_gone = _asked(probe, part, [list(own), around], how)
    weights = [0.0] * len(document.tokens)
    weights[start : start + len(alone)] = [whole.probability - each.probability for each in alone]
    return Explanation(
        f"occlusion ({how})", document, entity, whole.probability, weights, "probability",
        _NOTES[how], dict(_readings(document, start, alone, how)),
        {OWN: whole.probability - own_gone.probability, AROUND: whole.probability - rest_gone.probability},
    )  # fmt: skip


_NOTES: dict[Hiding, str] = {
    "mask": "how much of the probability goes when an unknown word stands in the word's place",
    "remove": "how much of the probability goes when the word is taken out of the text",
}


def _asked(probe: Probe, part: Document, hidden: Sequence[list[int]], how: Hiding) -> Iterator[Answer]:
    """The answers with each of ``hidden`` hidden; an entity of which nothing is left has no probability."""
    variants = (hide(part, tokens, how) for tokens in hidden)
    while some := list(islice(variants, _BATCH)):
        answers = iter(probe([each for each in some if each.entities]))
        yield from (next(answers) if each.entities else Answer(0.0) for each in some)


def _readings(
    document: Document, start: int, answers: Sequence[Answer], how: Hiding
) -> Iterator[tuple[int, Entity]]:
    """The other readings, by hidden token, as entities of the whole document."""
    for at, answer in enumerate(answers):
        if answer.instead is not None:
            first, last, label, score = answer.instead
            left = [i for i in range(len(document.tokens)) if how == "mask" or i != start + at]
            begin, end = left[start + first], left[start + last - 1]
            yield start + at, Entity(document.tokens[begin].start, document.tokens[end].end, label, score)
