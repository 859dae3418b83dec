"""What a chain believes of all tag sequences of a sentence: the probability of every move between two tags.

The moves' probabilities say all there is to a linear chain: the expected score of any other chain under this
one needs nothing else. That makes them what a student learns from (Wang et al., *Structural Knowledge
Distillation: Tractably Distilling Information for Structured Predictor*, ACL 2021). They add: the mean over
several chains is that of drawing one of the chains and believing it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.errors import InputError
from onoma.tagging.chain import Chain, Floats, TagScores
from onoma.tagging.lattice import Lattice
from onoma.tagging.schemes import PREFIXES, B, E, I, S
from onoma.tagging.tagset import TagSet

__all__ = ["Bridge", "Moved", "check_same_labels", "sparse_moves"]

_FOLDED = {B: B, S: B, I: I, E: I}  # what the tags of bioes are in iob2
_SCHEMES = ("iob2", "bioes")
_ROOM = 1 << 22  # probabilities held at a time


class Moved(NamedTuple):
    """The likely moves of one sentence, ``[move]`` each, ordered by token.

    A move leads from tag ``source`` at the token before to ``target`` at ``token``; into the first token it
    leads from ``len(tags)``. The probabilities of the moves into one token sum to 1.
    """

    token: NDArray[np.int32]
    source: NDArray[np.int16]
    target: NDArray[np.int16]
    weight: NDArray[np.float32]

    def only(self, which: NDArray[Any]) -> Moved:
        """Those moves that a mask, or their numbers, say."""
        return Moved(self.token[which], self.source[which], self.target[which], self.weight[which])

    def tags(self, length: int, count: int) -> NDArray[np.float32]:
        """The probability of each tag at each token, ``[length, count]``."""
        found = np.zeros((length, count), np.float32)
        np.add.at(found, (self.token, self.target), self.weight)
        return found


class Bridge:
    """A teacher's chain, read in a student's tags: the same labels, in any order, iob2 or bioes.

    Legal sequences of the one scheme are those of the other, one to one, so nothing is lost on the way.
    Raises `InputError` when the labels differ.

    >>> teacher = Chain(TagSet(["per"], "bioes"), TagScores(np.zeros((0, 0, 5))))
    >>> [moves] = Bridge(teacher, TagSet(["per"], "iob2")).moves(np.zeros((1, 2, 5)), np.array([2]))
    >>> moves[1].round(2).tolist()  # O, B, I before: O, B, I now
    [[0.2, 0.2, 0.0], [0.2, 0.2, 0.2], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """

    def __init__(self, chain: Chain, tags: TagSet) -> None:
        check_same_labels(chain.tags.labels, tags.labels)
        for each in (chain.tags, tags):
            if each.scheme.name not in _SCHEMES:
                raise InputError(f"tags of the scheme {each.scheme.name} cannot be taught; {_SCHEMES} can")
        finer = tags.scheme.name == "bioes" and chain.tags.scheme.name != "bioes"
        self.tags, within = tags, tags if finer else chain.tags
        self._image = _images(within, chain.tags)  # tag of the lattice → the teacher's
        self._fold = _images(within, tags)  # tag of the lattice → the student's
        image, log = self._image, chain.log
        scores = (log.between[image][:, image], log.start[image], log.end[image])
        self._chain = Chain(within, TagScores(np.zeros((0, 0, 0)), *scores), chain.sharpness)

    def moves(self, emissions: Floats, lengths: NDArray[np.integer]) -> list[Floats]:
        """The probability of each move ``[time, 1 + tag, tag]`` (from, to), for each row of ``emissions``.

        The emissions are the teacher's. Last in each token's table are moves from before the sentence.
        """
        lattice = Lattice(self._chain, emissions[..., self._image], lengths)
        forward, backward, scale = lattice.forward_backward()
        leaving = lattice.emit * backward
        return [
            self._folded(forward[i, :n], leaving[i, :n], scale[i, :n]) for i, n in enumerate(lengths.tolist())
        ]

    def _folded(self, forward: Floats, leaving: Floats, scale: Floats) -> Floats:
        """The moves of one row, of the lattice's tags, added up to those of the student's."""
        time, count = forward.shape
        own = len(self.tags)
        found = np.zeros((time, own + 1, own))
        onto = np.zeros((count, own))
        onto[np.arange(count), self._fold] = 1.0
        step = max(_ROOM // count**2, 1)
        for t in range(1, time, step):
            until = min(t + step, time)
            both = forward[t - 1 : until - 1, :, None] * self._chain.weight.between
            both = both * (leaving[t:until] / scale[t:until, None])[:, None]  # [time, from, to]
            found[t:until, :own] = onto.T @ both @ onto
        found[0, own] = (self._chain.weight.start * leaving[0]) @ onto
        found /= found.sum((1, 2), keepdims=True)
        return found


def check_same_labels(teacher: Sequence[str], student: Sequence[str]) -> None:
    """Raise `InputError` unless both have the same labels, saying which do not fit.

    >>> check_same_labels(["geo", "per"], ["per", "geo"])
    """
    differing = {
        "only the teacher has": sorted({*teacher} - {*student}),
        "only the student has": sorted({*student} - {*teacher}),
    }
    told = "; ".join(f"{who} {', '.join(names)}" for who, names in differing.items() if names)
    if told:
        raise InputError(
            f"teacher and student must have the same labels: {told}. Rename those of the student's corpus "
            "(corpus.map), or train the teacher on the student's labels"
        )


def _images(tags: TagSet, others: TagSet) -> NDArray[np.int64]:
    """``[tag]``: for each of ``tags`` that of ``others`` that says the same, as far as they can."""
    names = {name: at for at, name in enumerate(others.names)}
    coarser = others.scheme.name != "bioes"
    found = [0]
    for prefix, label in zip(tags.prefix[1:], tags.label[1:], strict=True):
        kept = _FOLDED[prefix] if coarser else prefix
        found.append(names[f"{PREFIXES[kept]}-{tags.labels[label]}"])
    return np.array(found)


def sparse_moves(moves: Floats, least: float = 1e-3) -> Moved:
    """The moves that are at least ``least`` likely, made to sum to 1 again at each token.

    >>> moved = sparse_moves(np.array([[[0.0, 0.0], [0.0, 0.0], [0.9995, 0.0005]]]))
    >>> moved.source.tolist(), moved.target.tolist(), moved.weight.tolist()
    ([2], [0], [1.0])
    """
    token, source, target = np.nonzero(moves >= least)
    weight = moves[token, source, target]
    whole = np.bincount(token, weight, len(moves))
    weight = weight / whole[token]
    return Moved(
        token.astype(np.int32), source.astype(np.int16), target.astype(np.int16), weight.astype(np.float32)
    )
