"""From tags to entity spans, in array code over a whole stream of sentences at once.

The lenient reading is that of the CoNLL-2000 script ``conlleval``: any tag that cannot continue the
entity before it opens a new one, whatever its prefix. The strict reading keeps those spans whose first
and last tags may open and close an entity in the scheme; it equals seqeval's strict mode.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.errors import TagError, nearest
from onoma.tagging.schemes import B, E, I, O, S, Scheme, detect_scheme, split_tag

__all__ = [
    "Spans",
    "TagStream",
    "count_moves",
    "encode_tags",
    "illegal_moves",
    "lenient_spans",
    "scheme_of",
    "strict_spans",
    "write_spans",
]


class Spans(NamedTuple):
    """Entity spans over a stream of tokens, ordered by start: three arrays ``[span]``."""

    start: NDArray[np.int64]  # first token, counted over the whole stream
    end: NDArray[np.int64]  # one past the last token
    label: NDArray[np.int32]  # index into the stream's labels

    def keep(self, mask: NDArray[np.bool_]) -> Spans:
        """The spans where ``mask`` holds."""
        return Spans(self.start[mask], self.end[mask], self.label[mask])


@dataclass(slots=True)
class TagStream:
    """Tags of many sentences in a row, as arrays.

    ``prefix``, ``label`` and ``first`` have shape ``[token]``; ``first`` marks each sentence's first
    token; ``label`` indexes ``labels`` and is -1 for ``O``.
    """

    prefix: NDArray[np.int8]
    label: NDArray[np.int32]
    first: NDArray[np.bool_]
    labels: list[str] = field(default_factory=list)

    def before(self) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
        """Prefix and label of the token before each token; ``O`` before a sentence's first."""
        prefix = np.where(self.first, O, np.roll(self.prefix, 1)).astype(np.int8)
        label = np.where(self.first, -1, np.roll(self.label, 1)).astype(np.int32)
        return prefix, label

    def after(self) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
        """Prefix and label of the token after each token; ``O`` after a sentence's last."""
        last = self.last()
        prefix = np.where(last, O, np.roll(self.prefix, -1)).astype(np.int8)
        label = np.where(last, -1, np.roll(self.label, -1)).astype(np.int32)
        return prefix, label

    def last(self) -> NDArray[np.bool_]:
        """``[token]``: whether it ends its sentence."""
        last = np.roll(self.first, -1)
        last[-1:] = True
        return last


def encode_tags(
    tags: Sequence[str], first: NDArray[np.bool_], labels: Sequence[str] | None = None
) -> TagStream:
    """Parse each distinct tag once; labels come out sorted unless given. Raises `TagError`.

    ``labels``, when given, must hold every label in ``tags``: streams to be compared share one list.

    >>> stream = encode_tags(["B-per", "I-per", "O"], np.array([True, False, False]))
    >>> stream.prefix.tolist(), stream.labels
    ([1, 2, 0], ['per'])
    """
    order = defaultdict[str, int]()
    order.default_factory = order.__len__  # a tag seen for the first time gets the next number
    ids = np.fromiter(map(order.__getitem__, tags), dtype=np.int32, count=len(tags))
    known = [split_tag(tag) for tag in order]
    used = {label for _, label in known if label}
    names = sorted(used) if labels is None else list(labels)
    if unknown := sorted(used.difference(names)):
        raise TagError(f"unknown label {unknown[0]!r}; {nearest(unknown[0], names)}")
    index = {name: i for i, name in enumerate(names)} | {"": -1}
    pairs = np.array([(p, index[label]) for p, label in known], dtype=np.int32).reshape(-1, 2)
    prefix, label = pairs[:, 0].astype(np.int8), pairs[:, 1].copy()
    return TagStream(prefix.take(ids), label.take(ids), first, names)


def lenient_spans(stream: TagStream) -> Spans:
    """Spans as ``conlleval`` reads them.

    >>> stream = encode_tags(["O", "I-per", "I-org"], np.array([True, False, False]))
    >>> lenient_spans(stream).start.tolist()
    [1, 2]
    """
    prefix, label = stream.prefix, stream.label
    before, label_before = stream.before()
    after, label_after = stream.after()
    inside = prefix != O
    starts = inside & _breaks(before, label_before, prefix, label)
    ends = inside & ((after == O) | _breaks(prefix, label, after, label_after))
    start = np.flatnonzero(starts)
    return Spans(start, np.flatnonzero(ends) + 1, label[start])


def _breaks(
    before: NDArray[np.int8],
    label_before: NDArray[np.int32],
    prefix: NDArray[np.int8],
    label: NDArray[np.int32],
) -> NDArray[np.bool_]:
    """Whether an entity boundary lies between each pair of neighbouring tags."""
    fresh = (prefix == B) | (prefix == S)
    done = (before == O) | (before == E) | (before == S)
    result: NDArray[np.bool_] = fresh | done | (label != label_before)
    return result


def strict_spans(stream: TagStream, scheme: Scheme, spans: Spans | None = None) -> Spans:
    """Of the lenient ``spans``, those that open and close as ``scheme`` demands.

    An IOB1 ``B`` that follows no entity of its label stands for nothing: it is passed over, so an ``I``
    straight after it opens an entity, and an entity whose own last tag is a ``B`` is not closed by it.
    Both as in seqeval 1.2.2, where they concern ill-formed sequences only.

    >>> from onoma.tagging.schemes import SCHEMES
    >>> stream = encode_tags(["O", "I-per", "B-org"], np.array([True, False, False]))
    >>> strict_spans(stream, SCHEMES["iob2"]).start.tolist()
    [2]
    """
    spans = lenient_spans(stream) if spans is None else spans
    stray = _stray_splits(stream, scheme)
    start, last = spans.start + stray[spans.start], spans.end - 1
    filled = start <= last
    start = np.minimum(start, last)
    splits = np.isin(stream.prefix, list(scheme.splits))
    blocked = splits[last] & np.append(stray, False)[spans.end] & ~stream.last()[last]
    opens = _role(scheme, "opens")[stream.prefix[start]]
    closes = _role(scheme, "closes")[stream.prefix[last]]
    return Spans(start, spans.end, spans.label).keep(filled & opens & closes & ~blocked)


def _stray_splits(stream: TagStream, scheme: Scheme) -> NDArray[np.bool_]:
    """``[token]``: whether its prefix opens only after an entity of the same label, and there is none."""
    before, label_before = stream.before()
    splits = np.isin(stream.prefix, list(scheme.splits))
    stray: NDArray[np.bool_] = splits & ((before == O) | (label_before != stream.label))
    return stray


def _role(scheme: Scheme, name: str) -> NDArray[np.bool_]:
    """One column of the scheme's table as an array over prefixes; absent prefixes may do nothing."""
    return np.array([p in scheme.roles and getattr(scheme.roles[p], name) for p in (O, B, I, E, S)])


def illegal_moves(stream: TagStream, scheme: Scheme) -> NDArray[np.int64]:
    """Positions whose tag may not follow the one before it, or may not end its sentence.

    >>> from onoma.tagging.schemes import SCHEMES
    >>> stream = encode_tags(["O", "I-per", "I-per"], np.array([True, False, False]))
    >>> illegal_moves(stream, SCHEMES["iob2"]).tolist(), illegal_moves(stream, SCHEMES["iob1"]).tolist()
    ([1], [])
    """
    before, label_before = stream.before()
    allowed = _legal_moves(scheme)
    wrong = ~allowed[before, stream.prefix, (label_before == stream.label).astype(np.int8)]
    wrong |= stream.last() & ~allowed[stream.prefix, O, 0]
    return np.flatnonzero(wrong)


def _legal_moves(scheme: Scheme) -> NDArray[np.bool_]:
    """``[prefix before, prefix, same label]``; a prefix foreign to the scheme is itself the fault, not its
    neighbour: what follows it is judged as if it followed ``O``."""
    allowed = np.zeros((5, 5, 2), dtype=bool)
    for a in (O, B, I, E, S):
        before = a if a in scheme.roles else O
        for b in (O, *scheme.roles):
            for same in (False, True):
                allowed[a, b, int(same)] = scheme.legal(before, b, same_label=same)
    return allowed


def scheme_of(stream: TagStream) -> str:
    """The scheme ``stream`` is written in; see `detect_scheme`."""
    return detect_scheme(count_moves(stream))


def count_moves(stream: TagStream) -> Counter[tuple[int, int, bool]]:
    """How often each move (prefix before, prefix, same label) is made; counts of parts add up to the whole's.

    >>> stream = encode_tags(["I-per", "I-per"], np.array([True, False]))
    >>> count_moves(stream) == {(O, I, False): 1, (I, I, True): 1}
    True
    """
    before, label_before = stream.before()
    same = label_before == stream.label
    codes, counts = np.unique(before * 16 + stream.prefix * 2 + same, return_counts=True)
    moves = [(int(code) >> 4, (int(code) >> 1) & 7, bool(code & 1)) for code in codes]
    return Counter(dict(zip(moves, counts.tolist(), strict=True)))


def write_spans(spans: Spans, first: NDArray[np.bool_], labels: list[str], scheme: Scheme) -> TagStream:
    """The tags of non-overlapping ``spans`` in ``scheme``, ``first`` marking each sentence's first token.

    >>> from onoma.tagging.schemes import SCHEMES
    >>> spans = Spans(np.array([0]), np.array([2]), np.array([0], dtype=np.int32))
    >>> write_spans(spans, np.array([True, False, False]), ["per"], SCHEMES["bioes"]).prefix.tolist()
    [1, 3, 0]
    """
    length = spans.end - spans.start
    label = np.full(len(first), -1, dtype=np.int32)
    prefix = np.full(len(first), O, dtype=np.int8)
    inside = np.repeat(spans.start - np.append(0, np.cumsum(length)[:-1]), length) + np.arange(length.sum())
    label[inside], prefix[inside] = np.repeat(spans.label, length), I
    prefix[spans.start] = B
    stream = TagStream(prefix, label, first, labels)
    if scheme.splits:
        prefix[_stray_splits(stream, scheme)] = I
    if E in scheme.roles:
        prefix[spans.end - 1] = np.where(length == 1, S, E)
    return stream
