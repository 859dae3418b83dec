"""Gold and predictions of the same text under other tokens or other sentences, compared by characters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain
from typing import NamedTuple

from onoma.corpus.sources import quoted
from onoma.errors import AlignmentError
from onoma.evaluation.predictions import align_predictions
from onoma.text.document import Document, Entity, Token

__all__ = ["Respaced", "by_characters", "common_breaks"]

_CONTEXT = 30  # characters shown on each side of a difference


class Respaced(NamedTuple):
    """Both sides on the texts of gold, and how far their tokens differ."""

    gold: list[Document]
    predicted: list[Document]
    differing: int  # gold tokens that are no token of the prediction
    tokens: int  # of gold

    def __str__(self) -> str:
        share = self.differing / max(self.tokens, 1)
        return (
            f"compared by characters: {self.differing:,} of {self.tokens:,} gold tokens ({share:.1%}) are "
            "divided otherwise in the prediction"
        )


def common_breaks(sides: Iterable[Sequence[Document]]) -> set[int]:
    """After how many characters other than white space a document ends on all sides.

    >>> one, other = [Document("a b"), Document("c")], [Document("a"), Document("b"), Document("c")]
    >>> sorted(common_breaks([one, other]))
    [2, 3]
    """
    return set.intersection(*(set(_Packed(side).ends) for side in sides))


def by_characters(
    gold: Sequence[Document], predicted: Sequence[Document], breaks: set[int] | None = None
) -> Respaced:
    """Both sides with the texts and tokens of gold, if all their characters but white space agree.

    Where the two break sentences differently, the sentences between two breaks that both have become one
    document; ``breaks`` are those that further predictions have as well, so that all get the same documents
    (see `common_breaks`). Raises `AlignmentError` showing the first difference in its context.

    >>> one = Document.from_words(["New", "York", "'s"], [(0, 2, "geo")])
    >>> other = Document.from_words(["New", "York's"], [(0, 2, "geo")])
    >>> print(by_characters([one], [other]))
    compared by characters: 2 of 3 gold tokens (66.7%) are divided otherwise in the prediction
    >>> by_characters([one], [other]).predicted[0].entities
    (Entity(start=0, end=11, label='geo', score=1.0),)
    """
    a, b = _Packed(gold), _Packed(predicted)
    if a.characters != b.characters:
        raise AlignmentError(_first_difference(a.characters, b.characters))
    cuts = sorted(common_breaks([gold, predicted]) if breaks is None else breaks)
    one, other = (list(side.between(cuts)) for side in (a, b))
    tokens = a.tokens()
    return Respaced(one, align_predictions(one, other), len(tokens - b.tokens()), len(tokens))


class _Packed:
    """Documents in a row, counted in characters other than white space; those of nothing else left out."""

    def __init__(self, documents: Sequence[Document]) -> None:
        packed = [(document, "".join(document.text.split())) for document in documents]
        self.documents = [document for document, characters in packed if characters]
        self.characters = "".join(characters for _, characters in packed)
        self.ends = list(accumulate(len(characters) for _, characters in packed if characters))

    def between(self, cuts: Sequence[int]) -> Iterator[Document]:
        """One document for all those that end at each cut or after the cut before."""
        rest = iter(zip(self.documents, self.ends, strict=True))
        for cut in cuts:
            group = []
            for document, end in rest:
                group.append(document)
                if end == cut:
                    break
            yield _joined(group)

    def tokens(self) -> set[tuple[int, int]]:
        """Where the tokens stand."""
        return set(chain.from_iterable(map(_packed_tokens, self.documents, [0, *self.ends])))


def _packed_tokens(document: Document, base: int) -> Iterator[tuple[int, int]]:
    before = list(accumulate((not character.isspace() for character in document.text), initial=base))
    for token in document.tokens:
        yield before[token.start], before[token.end]


def _joined(documents: Sequence[Document]) -> Document:
    """Several documents as one, a space between them; the first one's id and meta."""
    if len(documents) == 1:
        return documents[0]
    starts = accumulate((len(document.text) + 1 for document in documents), initial=0)
    placed = list(zip(documents, starts, strict=False))
    tokens = [Token(t.start + base, t.end + base) for d, base in placed for t in d.tokens]
    entities = [
        Entity(e.start + base, e.end + base, e.label, e.score) for d, base in placed for e in d.entities
    ]
    text = " ".join(document.text for document in documents)
    return documents[0].replace(text=text, tokens=tokens, entities=entities)


def _first_difference(a: str, b: str) -> str:
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    shown = [quoted(side[max(at - _CONTEXT, 0) : at + _CONTEXT]) for side in (a, b)]
    marks = [repr(side[at]) if at < len(side) else "its end" for side in (a, b)]
    return (
        f"gold and the prediction are not the same text: after {at:,} characters other than white space gold "
        f"has {marks[0]}, the prediction {marks[1]}: {shown[0]} against {shown[1]}"
    )
