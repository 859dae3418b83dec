"""Masked-token replacement: an encoder's own guess stands in for a word outside of names.

Each guess is drawn from the encoder's ten likeliest whole words at the place, as its probabilities weigh
them. Kobayashi, *Contextual Augmentation*, NAACL 2018, with a masked language model in place of an LSTM.
Sentences are read one at a time, so that what a sentence becomes does not depend on its neighbours.
"""

from __future__ import annotations

import math
import random
from functools import partial
from typing import Any

from pydantic import Field

from onoma.corpus import Corpus
from onoma.errors import InputError
from onoma.text import Document
from onoma.training.augment.part import Change, Part, in_the_case_of, outside, with_words

__all__ = ["Masked"]

_LIKELIEST = 10
_BEGINS = ("Ġ", "▁")  # marks of pieces that begin a word, byte-level and unigram; WordPiece marks the rest
_LONGEST = 200  # words read at once, around the first that is masked
_PIECES = 256  # of them, which every encoder can read


class Masked(Part):
    """Other words that fit, for a share of the words outside of entities."""

    sentences: float = Field(0.3, gt=0, le=1, description="share of the sentences that are changed")
    words: float = Field(0.15, gt=0, le=1, description="share of its words outside of entities")
    encoder: str = Field(description="a masked language model: folder, hub name or installed package")

    def ready(self, corpus: Corpus) -> Change:
        """Load the encoder; raises `InputError` when it has no head that guesses masked words."""
        return partial(_changed, guesser=_Guesser(self.encoder), share=self.words)


def _changed(document: Document, dice: random.Random, *, guesser: _Guesser, share: float) -> Document:
    words = document.words
    places = [i for i in outside(document) if words[i].isalpha() and dice.random() < share]
    if not places:
        return document
    first = max(0, places[0] - _LONGEST // 4)
    near = [i - first for i in places if i < first + _LONGEST]
    guessed = guesser(words[first : first + _LONGEST], near, dice)
    new = {i + first: in_the_case_of(word, words[i + first]) for i, word in guessed.items()}
    return with_words(document, new)


class _Guesser:
    """A masked language model and its tokenizer."""

    def __init__(self, encoder: str) -> None:
        import torch

        from onoma.training.encoders import load_masked

        # what a head draws for weights it does not find must not shift the run's own chance
        with torch.random.fork_rng():
            model, self._tokenizer = load_masked(encoder)
        self._model = model.to("cuda" if torch.cuda.is_available() else "cpu")
        self._whole = _whole_words(self._tokenizer, self._model.config.vocab_size)
        self._allowed = torch.tensor(list(self._whole))

    def __call__(self, words: list[str], places: list[int], dice: random.Random) -> dict[int, str]:
        """A new word for each place where the encoder knows one; words of several pieces stay."""
        encoded = self._tokenizer(
            words, is_split_into_words=True, truncation=True, max_length=_PIECES, return_tensors="pt"
        )
        at: dict[int, list[int]] = {}
        numbers = encoded.word_ids(0)
        for piece, word in enumerate(numbers):
            at.setdefault(-1 if word is None else word, []).append(piece)
        if len(numbers) == _PIECES:
            del at[max(at)]  # it may have been cut in two
        single = {i: at[i][0] for i in places if len(at.get(i, [])) == 1}
        return self._guesses(encoded, single, dice) if single else {}

    def _guesses(self, encoded: Any, single: dict[int, int], dice: random.Random) -> dict[int, str]:
        import torch

        rows = {name: values.to(self._model.device) for name, values in encoded.items()}
        pieces = list(single.values())
        before = rows["input_ids"][0, pieces].tolist()
        rows["input_ids"][0, pieces] = self._tokenizer.mask_token_id
        with torch.no_grad():
            logits = logits_at(self._model, rows, pieces).double().cpu()
        places = zip(single, logits, before, strict=True)
        return {i: self._drawn(row, piece, dice) for i, row, piece in places}

    def _drawn(self, logits: Any, before: int, dice: random.Random) -> str:
        """One of the likeliest whole words other than the piece that stood there; logits ``[vocabulary]``."""
        logits[before] = -math.inf
        likeliest = logits[self._allowed].topk(min(_LIKELIEST, len(self._allowed)))
        chosen = dice.choices(likeliest.indices.tolist(), likeliest.values.softmax(-1).tolist())[0]
        return self._whole[int(self._allowed[chosen])]


def logits_at(model: Any, rows: dict[str, Any], pieces: list[int]) -> Any:
    """What a masked language model says of some pieces of one sentence: ``[piece, vocabulary]``.

    The vocabulary is scored for those alone; for all, it would cost a small encoder as much as reading.
    """
    head = model.get_output_embeddings()
    if head is None:
        return model(**rows).logits[0, pieces]
    hook = head.register_forward_pre_hook(lambda _, given: (given[0][:, pieces],))
    try:
        return model(**rows).logits[0]
    finally:
        hook.remove()


def _whole_words(tokenizer: Any, size: int) -> dict[int, str]:
    """The pieces of the vocabulary that are words of letters alone, with the words."""
    names = tokenizer.convert_ids_to_tokens(list(range(min(size, len(tokenizer)))))
    marks = [mark for mark in _BEGINS if any(name.startswith(mark) for name in names)] or [""]
    words = {i: name.removeprefix(marks[0]) for i, name in enumerate(names) if name.startswith(marks[0])}
    # bytes beyond ASCII stand in byte-level pieces as other letters
    found = {i: word for i, word in words.items() if word.isalpha() and (word.isascii() or marks != ["Ġ"])}
    if len(found) < 2 or tokenizer.mask_token_id is None:
        raise InputError("the encoder's tokenizer has no mask token or no whole words; choose another")
    return found
