"""A Hugging Face token classifier as an `Annotate`.

The library's own pipeline splits a word such as ``U.S.`` at its punctuation and may then tag the parts apart;
its chunks of long text lose what lies across two. Here words are the documents' own tokens, each gets one
tag, and a text of any length is read whole, in windows that overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForTokenClassification, AutoTokenizer

from onoma.corpus.tagged import is_tag
from onoma.errors import BundleError, InputError, nearest
from onoma.tagging.spans import encode_tags, lenient_spans
from onoma.text import Document, Entity

__all__ = ["AGGREGATIONS", "TokenClassifier"]

_ROWS = 32  # windows a network call
_LONGEST = 512  # pieces a window where the tokenizer names no limit of its own

Probabilities = NDArray[np.float64]  # [piece, tag]

AGGREGATIONS: dict[str, Callable[[Probabilities], Probabilities]] = {
    "first": lambda pieces: pieces[0],
    "average": lambda pieces: pieces.mean(axis=0),
    "max": lambda pieces: pieces[pieces.max(axis=1).argmax()],
}
"""How a word's pieces give it one distribution over tags: as in the library's pipeline, ``[piece, tag]`` to
``[tag]``."""


class _Window(NamedTuple):
    """Some pieces of a document that are read together."""

    document: int
    words: list[int | None]  # [piece], which word of the document; None: a special token or padding
    tags: Probabilities


class TokenClassifier:
    """An `Annotate` made from a model for token classification and its tokenizer.

    Tags may be in any scheme; a label without a prefix is read as ``I-`` of it. An entity's score is the mean
    probability of its words' tags, as in the library's pipeline.
    """

    kind = "Hugging Face token classifier"

    def __init__(self, name: str | Path, *, aggregation: str = "first", device: str = "cpu") -> None:
        """Load the model ``name``, a folder or a name that the library can find.

        Raises `BundleError` when it cannot be loaded or has no fast tokenizer (no other tells which word each
        piece is of), `InputError` for an unknown ``aggregation``.
        """
        if aggregation not in AGGREGATIONS:
            raise InputError(f"unknown aggregation {aggregation!r}; {nearest(aggregation, AGGREGATIONS)}")
        self.name, self._device = str(name), device
        self._merge = AGGREGATIONS[aggregation]
        self._tokenizer, self._model = _loaded(str(name))
        self._model.to(device).eval()
        self._limit = _longest(self._tokenizer, self._model.config)
        names = self._model.config.id2label
        self._tags = [_as_tag(names[i]) for i in range(len(names))]

    @property
    def labels(self) -> list[str]:
        """The labels it knows."""
        return sorted({tag.partition("-")[2] for tag in self._tags} - {""})

    @property
    def parameters(self) -> int:
        """Learned numbers."""
        return sum(weight.numel() for weight in self._model.parameters())

    @property
    def folder(self) -> Path | None:
        """Where it lies, if it was given as a folder."""
        return Path(self.name) if Path(self.name).is_dir() else None

    def __call__(self, documents: Sequence[Document]) -> list[Document]:
        """The documents with the model's entities, in the same order."""
        best: list[dict[int, tuple[int, Probabilities]]] = [{} for _ in documents]
        for number, words, tags in self._windows([document.words for document in documents]):
            for word, pieces in _by_word(words).items():
                # of the windows that hold a word, the one with most context on its poorer side
                context = min(pieces[0], len(words) - 1 - pieces[-1])
                if context > best[number].get(word, (-1,))[0]:
                    best[number][word] = context, self._merge(tags[pieces])
        return [self._tagged(a, b) for a, b in zip(documents, best, strict=True)]

    def _windows(self, documents: list[list[str]]) -> Iterator[_Window]:
        """Every window of every document that has words; documents of like length are read together."""
        order = sorted((i for i, words in enumerate(documents) if words), key=lambda i: len(documents[i]))
        for at in range(0, len(order), _ROWS):
            group = order[at : at + _ROWS]
            encoded = self._encoded([documents[i] for i in group])
            owners = encoded.pop("overflow_to_sample_mapping").tolist()
            for row, tags in enumerate(self._run(encoded)):
                yield _Window(group[owners[row]], encoded.word_ids(row), tags)

    def _encoded(self, documents: list[list[str]]) -> Any:
        return self._tokenizer(
            documents,
            is_split_into_words=True,
            padding=True,
            truncation=True,
            max_length=self._limit,
            stride=self._limit // 4,
            return_overflowing_tokens=True,
            return_tensors="pt",
        )

    def _run(self, encoded: Any) -> Iterator[Probabilities]:
        """The tag probabilities of each row of ``encoded``."""
        for at in range(0, len(encoded["input_ids"]), _ROWS):
            rows = {name: values[at : at + _ROWS].to(self._device) for name, values in encoded.items()}
            with torch.no_grad():
                yield from self._model(**rows).logits.double().softmax(-1).cpu().numpy()

    def _tagged(self, document: Document, best: dict[int, tuple[int, Probabilities]]) -> Document:
        """The document with the entities that its words' likeliest tags stand for.

        A word that the tokenizer makes nothing of, such as a lone control character, is ``O``.
        """
        tags, scores = ["O"] * len(document.tokens), np.zeros(len(document.tokens))
        for word, (_, distribution) in best.items():
            tag = int(distribution.argmax())
            tags[word], scores[word] = self._tags[tag], distribution[tag]
        return document.replace(entities=_entities(document, tags, scores))


def _entities(document: Document, tags: list[str], scores: NDArray[np.float64]) -> Iterator[Entity]:
    stream = encode_tags(tags, np.arange(len(tags)) == 0)
    tokens = document.tokens
    for start, end, label in zip(*lenient_spans(stream), strict=True):
        score = float(scores[start:end].mean())
        yield Entity(tokens[start].start, tokens[end - 1].end, stream.labels[label], score)


def _by_word(words: Sequence[int | None]) -> dict[int, list[int]]:
    """The pieces of each word.

    >>> _by_word([None, 0, 0, 1, None])
    {0: [1, 2], 1: [3]}
    """
    pieces: dict[int, list[int]] = {}
    for piece, word in enumerate(words):
        if word is not None:
            pieces.setdefault(word, []).append(piece)
    return pieces


def _as_tag(name: str) -> str:
    """A model's label as a tag.

    >>> _as_tag("B-PER"), _as_tag("O"), _as_tag("PER")
    ('B-PER', 'O', 'I-PER')
    """
    return name if is_tag(name) else f"I-{name}"


def _longest(tokenizer: Any, config: Any) -> int:
    """How many pieces a window may have; some tokenizers name an absurd limit for want of one."""
    places = getattr(config, "max_position_embeddings", None) or _LONGEST
    return int(min(tokenizer.model_max_length, places, _LONGEST))


def _loaded(name: str) -> tuple[Any, Any]:
    try:
        # words are given apart, so a tokenizer that puts spaces before words must do so at the first one too
        tokenizer = AutoTokenizer.from_pretrained(name, add_prefix_space=True)
        model = AutoModelForTokenClassification.from_pretrained(name)
    except (OSError, ValueError, ImportError, KeyError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise BundleError(f"transformers cannot load a token classifier from {name!r}: {reason}") from error
    if not tokenizer.is_fast:
        raise BundleError(f"{name} has no fast tokenizer, and only those tell the word of each piece")
    tokenizer.padding_side = "right"
    return tokenizer, model
