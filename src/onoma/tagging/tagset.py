"""The tags of one model: a scheme applied to a list of labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from onoma.errors import InputError, TagError, nearest
from onoma.tagging.schemes import PREFIXES, B, E, I, O, S, Scheme, scheme_named
from onoma.tagging.spans import TagStream, lenient_spans

__all__ = ["TagSet"]


class TagSet:
    """Every tag of ``labels`` under ``scheme``, numbered with ``O`` first.

    >>> tags = TagSet(["per", "geo"], "iob2")
    >>> tags.names
    ['O', 'B-per', 'I-per', 'B-geo', 'I-geo']
    >>> tags.encode([(0, 2, "per")], length=3).tolist()
    [1, 2, 0]
    >>> tags.decode(np.array([1, 2, 0]))
    [(0, 2, 'per')]
    """

    def __init__(self, labels: Sequence[str], scheme: str = "iob2") -> None:
        if len(set(labels)) != len(labels) or not all(labels):
            raise InputError(f"labels must be distinct and non-empty, got {list(labels)}")
        self.labels = list(labels)
        self.scheme: Scheme = scheme_named(scheme)
        used = [p for p in (B, I, E, S) if p in self.scheme.roles]
        rows = [(O, -1), *((p, i) for i in range(len(self.labels)) for p in used)]
        self.prefix: NDArray[np.int8] = np.array([p for p, _ in rows], dtype=np.int8)  # [tag]
        self.label: NDArray[np.int32] = np.array([i for _, i in rows], dtype=np.int32)  # [tag], O: -1
        self.names = ["O"] + [f"{PREFIXES[p]}-{self.labels[i]}" for p, i in rows[1:]]
        self._rows = rows
        self._code = {row: tag for tag, row in enumerate(rows)}
        self._label_index = {label: i for i, label in enumerate(self.labels)}

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def legal(self) -> NDArray[np.bool_]:
        """``[tag, tag]``: whether the second may follow the first."""
        move = self.scheme.legal
        return np.array([[move(p, q, same_label=a == b >= 0) for q, b in self._rows] for p, a in self._rows])

    @cached_property
    def legal_start(self) -> NDArray[np.bool_]:
        """``[tag]``: whether a sentence may begin with it; a row of `legal`, that of ``O``."""
        start: NDArray[np.bool_] = self.legal[0]
        return start

    @cached_property
    def legal_end(self) -> NDArray[np.bool_]:
        """``[tag]``: whether a sentence may end with it."""
        end: NDArray[np.bool_] = self.legal[:, 0]
        return end

    @cached_property
    def continuation(self) -> NDArray[np.bool_]:
        """``[tag, tag]``: whether the second carries on the entity that the first is part of."""
        same = (self.label[:, None] == self.label[None, :]) & (self.label >= 0)
        carries = np.isin(self.prefix, [p for p, role in self.scheme.roles.items() if role.continues])
        extends = np.isin(self.prefix, [p for p, role in self.scheme.roles.items() if role.extends])
        result: NDArray[np.bool_] = same & extends[:, None] & carries[None, :]
        return result

    def encode(self, spans: Iterable[tuple[int, int, str]], length: int) -> NDArray[np.int64]:
        """Tag ids ``[length]`` of non-overlapping ``spans`` (first token, end token, label).

        Raises `TagError` when spans overlap, fall outside, or carry an unknown label.
        """
        ids = np.zeros(length, dtype=np.int64)
        previous: tuple[int, int] | None = None  # end and label index of the span before
        for start, end, label in sorted(spans):
            at = self._index(label)
            if not 0 <= start < end <= length or ids[start:end].any():
                where = f"[{start}, {end}) of {length} tokens"
                raise TagError(f"span {label} {where} is empty, overlaps another or falls outside")
            ids[start:end] = self._span_ids(end - start, at, touching=previous == (start, at))
            previous = (end, at)
        return ids

    def _index(self, label: str) -> int:
        if label not in self._label_index:
            raise TagError(f"unknown label {label!r}; {nearest(label, self.labels)}")
        return self._label_index[label]

    def _span_ids(self, length: int, label: int, *, touching: bool) -> list[int]:
        """Tags of one entity; ``touching``: it follows one of the same label without a gap."""
        if self.scheme.name == "bioes":
            codes = [S] if length == 1 else [B, *[I] * (length - 2), E]
        elif self.scheme.name == "iob1" and not touching:
            codes = [I] * length
        else:
            codes = [B, *[I] * (length - 1)]
        return [self._code[code, label] for code in codes]

    def stream(self, ids: NDArray[np.integer], first: NDArray[np.bool_]) -> TagStream:
        """Tag ids of many sentences in a row, ready for `lenient_spans`."""
        return TagStream(self.prefix[ids], self.label[ids], first, self.labels)

    def decode(self, ids: NDArray[np.integer]) -> list[tuple[int, int, str]]:
        """The spans of one sentence's tag ids, read leniently (the same as strictly when well-formed)."""
        if not len(ids):
            return []
        first = np.zeros(len(ids), dtype=bool)
        first[0] = True
        start, end, label = lenient_spans(self.stream(ids, first))
        return [(int(a), int(b), self.labels[c]) for a, b, c in zip(start, end, label, strict=True)]
