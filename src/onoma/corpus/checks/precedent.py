"""How the same words are annotated elsewhere, for and against a suggestion.

A tagger that is asked about one sentence does not know that its words are annotated the same way a dozen
times: then they are meant so. Each such standing counts for what is present, each that is annotated as
suggested counts for the suggestion, and one of each is taken for granted (Laplace's rule of succession).
Errors being rare, neither witness is believed at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from onoma.corpus.checks.quick_crf import Ints, Sentences

__all__ = ["weighed", "with_precedent"]

_CAP = 0.95  # no tagger is surer than that of what it has not seen
# annotations that are wrong, for one that is right: 3.3 %, the mean of ten public test sets that Northcutt,
# Athalye & Mueller 2021 measured ("Pervasive Label Errors in Test Sets")
_ERRORS = 1 / 29


def with_precedent(probability: float, precedent: float) -> float:
    """How probable an error is by the tagger's probability and the corpus's, taken for independent witnesses.

    >>> [round(with_precedent(0.9, precedent), 2) for precedent in (0.1, 0.5, 0.9)]
    [0.03, 0.24, 0.74]
    """
    mine = min(probability, _CAP)
    both, neither = _ERRORS * mine * precedent, (1 - mine) * (1 - precedent)
    return both / (both + neither)


def weighed(sentences: Sentences, regions: Sequence[tuple[int, int, Ints]]) -> list[float]:
    """For each region (tokens ``[low, high)`` and the classes suggested): the probability of the suggestion
    by how the same words are annotated in all other places.

    >>> words, edges = np.array([0, 1, 0, 1, 0, 1]), np.array([0, 2, 4, 6])
    >>> some = Sentences(["in", "Rome"], words, edges, np.array([0, 1, 0, 1, 0, 0]), 2)
    >>> weighed(some, [(5, 6, np.array([1]))])
    [0.75]
    """
    keys = [sentences.tokens[low:high].tobytes() for low, high, _ in regions]
    seen = _standings(sentences, set(keys))
    return [
        _share(seen[key], low, sentences.classes[low:high].tobytes(), best.tobytes())
        for key, (low, high, best) in zip(keys, regions, strict=True)
    ]


def _share(standings: dict[int, bytes], here: int, present: bytes, suggested: bytes) -> float:
    others = [classes for at, classes in standings.items() if at != here]
    right, wrong = others.count(suggested), others.count(present)
    return (right + 1) / (right + wrong + 2)


def _standings(sentences: Sentences, keys: set[bytes]) -> dict[bytes, dict[int, bytes]]:
    """Where in the sentences each sequence of words stands, and the classes that it has there."""
    found: dict[bytes, dict[int, bytes]] = {key: {} for key in keys}
    lengths: dict[int, set[int]] = {}
    size = sentences.tokens.itemsize
    for key in keys:
        lengths.setdefault(int(np.frombuffer(key[:size], sentences.tokens.dtype)[0]), set()).add(
            len(key) // size
        )
    for at, end in _places(sentences, list(lengths)):
        for length in lengths[int(sentences.tokens[at])]:
            key = sentences.tokens[at : at + length].tobytes()
            if at + length <= end and key in found and not _part_of_more(sentences.classes, at, at + length):
                found[key][at] = sentences.classes[at : at + length].tobytes()
    return found


def _part_of_more(classes: Ints, low: int, high: int) -> bool:
    """Whether an entity reaches beyond the tokens ``[low, high)``: then it tells nothing about them alone."""
    before = low > 0 and classes[low] > 0 and classes[low - 1] == classes[low]
    after = high < len(classes) and classes[high - 1] > 0 and classes[high] == classes[high - 1]
    return bool(before or after)


def _places(sentences: Sentences, firsts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Every token that is one of ``firsts``, and the end of its sentence."""
    opens = np.zeros(len(sentences.words), dtype=bool)
    opens[list(firsts)] = True
    at = np.flatnonzero(opens[sentences.tokens])
    ends = sentences.edges[np.searchsorted(sentences.edges, at, side="right")]
    yield from zip(at.tolist(), ends.tolist(), strict=True)
