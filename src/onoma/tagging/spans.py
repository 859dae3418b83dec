"""From tags to entity spans, in array code over a whole stream of sentences at once.

The lenient reading is that of the CoNLL-2000 script ``conlleval``: any tag that cannot continue the
entity before it opens a new one, whatever its prefix. The strict reading keeps those spans whose first
and last tags may open and close an entity in the scheme; it equals seqeval's strict mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.tagging.schemes import B, E, I, O, S, Scheme, detect_scheme, split_tag

__all__ = ["Spans", "TagStream", "encode_tags", "illegal_moves", "lenient_spans", "scheme_of", "strict_spans"]


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
        last = np.roll(self.first, -1)
        if last.size:
            last[-1] = True
        prefix = np.where(last, O, np.roll(self.prefix, -1)).astype(np.int8)
        label = np.where(last, -1, np.roll(self.label, -1)).astype(np.int32)
        return prefix, label


def encode_tags(
    tags: Sequence[str], first: NDArray[np.bool_], labels: Sequence[str] | None = None
) -> TagStream:
    """Parse each distinct tag once; labels come out sorted unless given. Raises `TagError`.

    ``labels``, when given, must hold every label in ``tags``: streams to be compared share one list.

    >>> stream = encode_tags(["B-per", "I-per", "O"], np.array([True, False, False]))
    >>> stream.prefix.tolist(), stream.labels
    ([1, 2, 0], ['per'])
    """
    known = {tag: split_tag(tag) for tag in dict.fromkeys(tags)}
    names = sorted({label for _, label in known.values() if label}) if labels is None else list(labels)
    index = {name: i for i, name in enumerate(names)} | {"": -1}
    codes = {tag: (prefix, index[label]) for tag, (prefix, label) in known.items()}
    pairs = np.array([codes[tag] for tag in known], dtype=np.int32).reshape(-1, 2)
    order = {tag: i for i, tag in enumerate(known)}
    ids = np.fromiter(map(order.__getitem__, tags), dtype=np.int32, count=len(tags))
    if not known:
        return TagStream(np.zeros(0, np.int8), np.zeros(0, np.int32), first, names)
    return TagStream(pairs[ids, 0].astype(np.int8), pairs[ids, 1], first, names)


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

    >>> from onoma.tagging.schemes import SCHEMES
    >>> stream = encode_tags(["O", "I-per", "B-org"], np.array([True, False, False]))
    >>> strict_spans(stream, SCHEMES["iob2"]).start.tolist()
    [2]
    """
    spans = lenient_spans(stream) if spans is None else spans
    before, label_before = stream.before()
    opens = _role(scheme, "opens")[stream.prefix[spans.start]]
    closes = _role(scheme, "closes")[stream.prefix[spans.end - 1]]
    splits = np.isin(stream.prefix[spans.start], list(scheme.splits))
    after_same = (before[spans.start] != O) & (label_before[spans.start] == spans.label)
    return spans.keep(opens & closes & (~splits | after_same))


def _role(scheme: Scheme, name: str) -> NDArray[np.bool_]:
    """One column of the scheme's table as an array over prefixes; absent prefixes may do nothing."""
    return np.array([p in scheme.roles and getattr(scheme.roles[p], name) for p in (O, B, I, E, S)])


def illegal_moves(stream: TagStream, scheme: Scheme) -> NDArray[np.int64]:
    """Positions whose tag may not follow the one before it, or may not end its sentence."""
    before, label_before = stream.before()
    allowed = np.zeros((5, 5, 2), dtype=bool)
    known = [O, *scheme.roles]
    for a in known:
        for b in known:
            for same in (0, 1):
                allowed[a, b, same] = scheme.legal(a, b, same_label=bool(same))
    wrong = ~allowed[before, stream.prefix, (label_before == stream.label).astype(np.int8)]
    last = np.roll(stream.first, -1)
    if last.size:
        last[-1] = True
    wrong |= last & ~allowed[stream.prefix, O, 0]
    return np.flatnonzero(wrong)


def scheme_of(stream: TagStream) -> str:
    """The scheme ``stream`` is written in; see `detect_scheme`."""
    before, label_before = stream.before()
    codes = np.unique(before * 16 + stream.prefix * 2 + (label_before == stream.label))
    return detect_scheme((int(c) >> 4, (int(c) >> 1) & 7, bool(c & 1)) for c in codes)
