"""A quick tagger to doubt labels with: a linear-chain CRF on hand-made features, asked what it has not seen.

A token's class is the label of its entity, or none: prefixes of tags say nothing about labels, and without
them there are half as many classes. Words are described once each, not once a token.

Source: Lafferty, McCallum & Pereira 2001, "Conditional Random Fields"; the training is CRFsuite's L-BFGS
(Okazaki 2007), which gives the same model for the same data.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Sentences", "out_of_sample"]

Ints = NDArray[np.integer[Any]]
Floats = NDArray[np.float32]

_ITERATIONS = 40  # of L-BFGS; more gain nothing that doubting labels needs
_PENALTY = 0.05  # both L1 and L2
_LEAST = 2  # standings of a feature


class Sentences(NamedTuple):
    """Sentences as numbers: tokens ``edges[i]`` to ``edges[i + 1]`` are sentence i."""

    words: Sequence[str]
    tokens: Ints  # [token], an index of ``words``
    edges: Ints  # [sentence + 1]
    classes: Ints  # [token], 0: no entity
    kinds: int  # classes there are

    def __len__(self) -> int:
        return len(self.edges) - 1


def out_of_sample(
    sentences: Sentences, folds: Ints, jobs: int = 1, done: Callable[[], object] = lambda: None
) -> Floats:
    """``[token, class]``: the probability of each class by a CRF trained on the other folds.

    ``folds`` is the fold of each sentence. With ``jobs`` above 1 as many processes share the folds; the
    numbers are the same. ``done`` is called after each fold. Raises ModuleNotFoundError without the extra
    ``check``.
    """
    result = np.zeros((len(sentences.tokens), sentences.kinds), dtype=np.float32)
    held = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
    judge = partial(_judged, sentences)
    for which, probabilities in _each(judge, held, jobs):
        result[_tokens_of(sentences, which)] = probabilities
        done()
    return result


def _each(judge: Callable[[Ints], Floats], held: Sequence[Ints], jobs: int) -> Iterator[tuple[Ints, Floats]]:
    """Every fold with what ``judge`` says of it, in this process or in several fresh ones."""
    if jobs <= 1:
        yield from ((which, judge(which)) for which in held)
        return
    # fresh processes: a fork would copy the threads that draw the progress bar, half alive
    with ProcessPoolExecutor(min(jobs, len(held)), mp_context=get_context("spawn")) as pool:
        running = {pool.submit(judge, which): which for which in held}
        yield from ((running[future], future.result()) for future in as_completed(running))


def _judged(sentences: Sentences, held: Ints) -> Floats:
    """``[token of held, class]``: the marginals of a CRF trained on all other sentences."""
    import pycrfsuite

    rows = _Rows(sentences)
    trainer = pycrfsuite.Trainer("lbfgs", verbose=False)
    trainer.set_params(
        {"c1": _PENALTY, "c2": _PENALTY, "max_iterations": _ITERATIONS, "feature.minfreq": _LEAST}
    )
    for i in np.setdiff1d(np.arange(len(sentences)), held).tolist():
        if features := rows.features(i):
            trainer.append(features, rows.classes(i))
    with TemporaryDirectory() as folder:
        place = os.path.join(folder, "crf")  # noqa: PTH118 - what CRFsuite takes
        trainer.train(place)
        tagger = pycrfsuite.Tagger()
        with tagger.open(place):
            parts = [_marginals(tagger, features) for i in held.tolist() if (features := rows.features(i))]
            return _by_class(tagger.labels(), parts, sentences.kinds)


def _marginals(tagger: Any, features: Any) -> Floats:
    """``[token, label of the tagger]``."""
    tagger.set(features)
    length, labels = len(features), tagger.labels()
    marginal = tagger.marginal
    return np.array([[marginal(label, at) for label in labels] for at in range(length)], dtype=np.float32)


def _by_class(labels: Sequence[str], parts: Sequence[Floats], count: int) -> Floats:
    """The parts joined, their columns put where the classes are; a class not trained on has probability 0."""
    result = np.zeros((sum(map(len, parts)), count), dtype=np.float32)
    if parts:
        result[:, [int(label) for label in labels]] = np.concatenate(parts)
    return result


def _tokens_of(sentences: Sentences, which: Ints) -> Ints:
    """The tokens of some sentences, in order."""
    chosen = np.zeros(len(sentences), dtype=bool)
    chosen[which] = True
    return np.flatnonzero(np.repeat(chosen, np.diff(sentences.edges)))


class _Rows:
    """Sentences as CRFsuite takes them: a list of features a token."""

    def __init__(self, sentences: Sentences) -> None:
        words = sentences.words
        self._at = {
            0: [_of_word(word) for word in words],
            -1: [_of_neighbour(word, "-") for word in words],
            1: [_of_neighbour(word, "+") for word in words],
            -2: [[f"--w={word.lower()}"] for word in words],
            2: [[f"++w={word.lower()}"] for word in words],
        }
        self._tokens, self._edges = sentences.tokens.tolist(), sentences.edges.tolist()
        self._classes = [str(label) for label in sentences.classes.tolist()]

    def classes(self, sentence: int) -> list[str]:
        """The class of each token."""
        return self._classes[self._edges[sentence] : self._edges[sentence + 1]]

    def features(self, sentence: int) -> list[list[str]]:
        """Those of each token."""
        words = self._tokens[self._edges[sentence] : self._edges[sentence + 1]]
        inside = range(len(words))
        edges = [["begins"] if at == 0 else ["ends"] if at == inside[-1] else [] for at in inside]
        return [
            edges[at]
            + [
                feature
                for step, known in self._at.items()
                if at + step in inside
                for feature in known[words[at + step]]
            ]
            for at in inside
        ]


def _of_word(word: str) -> list[str]:
    low = word.lower()
    parts = [f"p{n}={low[:n]}" for n in (3, 4)] + [f"s{n}={low[-n:]}" for n in (2, 3)]
    return ["bias", f"w={word}", f"l={low}", f"shape={_shape(word)}", *parts]


def _of_neighbour(word: str, where: str) -> list[str]:
    return [f"{where}w={word}", f"{where}shape={_shape(word)}", f"{where}s3={word[-3:].lower()}"]


def _shape(word: str) -> str:
    """Kinds of characters, repeats once: ``Xx`` for London, ``0-0`` for 12-6."""
    kinds = ["X" if c.isupper() else "x" if c.islower() else "0" if c.isdigit() else c for c in word]
    return "".join(kind for i, kind in enumerate(kinds) if i == 0 or kind != kinds[i - 1])
