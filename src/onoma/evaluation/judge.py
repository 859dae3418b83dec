"""Scoring tags, or spans, against gold: the one judge that training, the commands and the cards share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from onoma.errors import AlignmentError, TagError
from onoma.evaluation.counts import Counts, add_counts
from onoma.evaluation.matching import READINGS, count_spans
from onoma.evaluation.scores import EntityScores, Scores, TokenScores
from onoma.evaluation.tokens import all_right, count_tags
from onoma.tagging.schemes import PREFIXES, SCHEMES, E, O, S, Scheme, scheme_named, split_tag
from onoma.tagging.spans import Spans, TagStream, encode_tags, lenient_spans, scheme_of, write_spans

__all__ = [
    "TokenSpan",
    "first_flags",
    "paint",
    "read_streams",
    "score_painted",
    "score_spans",
    "score_streams",
    "score_tags",
]

TokenSpan = tuple[int, int, str]  # first token, one past the last, label
Flags = NDArray[np.bool_]


def score_tags(
    gold: Sequence[str] | Sequence[Sequence[str]],
    predicted: Sequence[str] | Sequence[Sequence[str]],
    first: Flags | None = None,
    *,
    scheme: str = "auto",
) -> Scores:
    """Score predicted tags against gold ones.

    Both are lists of sentences, or flat lists of tags; then ``first`` ``[token]`` marks each sentence's
    first token (without it, all is one sentence). ``scheme`` names the scheme of both; ``auto`` detects
    that of gold, and reads the prediction in the same one unless its tags show another.

    Raises `AlignmentError` when the two differ in length, `TagError` for what is no tag of the scheme.

    >>> scores = score_tags([["B-per", "I-per", "O"], ["B-geo"]], [["B-per", "I-per", "O"], ["O"]])
    >>> scores.strict.micro
    Counts(tp=1, fp=0, fn=1)
    >>> scores.sequence_accuracy
    0.5
    """
    return score_streams(*read_streams(gold, predicted, first, scheme=scheme))


def read_streams(
    gold: Sequence[str] | Sequence[Sequence[str]],
    predicted: Sequence[str] | Sequence[Sequence[str]],
    first: Flags | None = None,
    labels: Sequence[str] = (),
    *,
    scheme: str = "auto",
) -> tuple[TagStream, TagStream, Scheme, Scheme]:
    """Both sides of `score_tags` as streams that share one list of labels, and the scheme of each."""
    gold_tags, gold_first = _flat(gold, first)
    tags, tags_first = _flat(predicted, first)
    _check_same_shape(gold_first, tags_first, len(gold_tags), len(tags))
    names = sorted({split_tag(tag)[1] for tag in {*gold_tags, *tags}}.union(labels) - {""})
    a, b = (encode_tags(side, gold_first, names) for side in (gold_tags, tags))
    return a, b, *_schemes(a, b, scheme)


def score_spans(
    gold: Sequence[Sequence[TokenSpan]],
    predicted: Sequence[Sequence[TokenSpan]],
    lengths: Sequence[int],
    labels: Sequence[str] = (),
    *,
    misaligned: Sequence[Sequence[str]] | None = None,
) -> Scores:
    """Score predicted token spans against gold ones, sentence by sentence.

    Each sentence is a list of ``(first token, end token, label)``; ``lengths`` are its tokens. Labels
    come from the spans, ``labels`` adds to them. ``misaligned`` lists, for each sentence, the labels of
    predicted entities that no token span can express; they are false positives. Spans are well-formed by
    nature, so the strict and the lenient reading agree. A span given twice counts once.

    Raises `AlignmentError` when the number of sentences differs, `TagError` for a span outside its sentence.

    >>> scores = score_spans([[(0, 2, "per")]], [[(0, 2, "per"), (3, 4, "org")]], [5])
    >>> scores.strict.micro.precision, scores.tokens.accuracy, scores.all_o_floor.accuracy
    (0.5, 0.8, 0.6)
    """
    if not len(gold) == len(predicted) == len(lengths):
        raise AlignmentError(
            f"gold has {len(gold)} sentences, the prediction {len(predicted)}, lengths {len(lengths)}"
        )
    stray = misaligned or [[]] * len(gold)
    names = {label for side in (gold, predicted) for spans in side for *_, label in spans}
    labels = sorted(names.union(labels, *stray))
    first = first_flags(lengths)
    a, b = _to_spans(gold, lengths, labels), _to_spans(predicted, lengths, labels)
    spurious = [{label: Counts(fp=1)} for sentence in stray for label in sentence]
    types = EntityScores(add_counts([count_spans(a, b, labels), *spurious]))
    spoilt = np.array([bool(sentence) for sentence in stray], dtype=bool)[np.array(lengths, dtype=int) > 0]
    tags, guess = (paint(spans, first, labels) for spans in (a, b))
    return replace(score_painted(tags, guess, types, spoilt), misaligned=len(spurious))


def paint(spans: Spans, first: Flags, labels: list[str]) -> TagStream:
    """Token spans as IOB2 tags. A token has room for one tag: of spans that overlap, the one that begins
    first holds it, and of those that begin together the longest.

    >>> spans = Spans(np.array([0, 0]), np.array([1, 2]), np.array([0, 1], dtype=np.int32))
    >>> paint(spans, np.array([True, False]), ["geo", "per"]).label.tolist()
    [1, 1]
    """
    return write_spans(_apart(spans), first, labels, SCHEMES["iob2"])


def score_painted(tags: TagStream, guess: TagStream, types: EntityScores, spoilt: Flags) -> Scores:
    """`Scores` of spans that were counted in ``types`` and painted as tags; ``spoilt`` ``[sentence]`` marks
    sentences that are not right whatever their tags say. Sentences without tokens are no sentences here."""
    return _scores(tags, guess, types, types, spoilt, SCHEMES["iob2"], SCHEMES["iob2"])


def score_streams(gold: TagStream, predicted: TagStream, gold_scheme: Scheme, scheme: Scheme) -> Scores:
    """What `score_tags` says of tags already read by `read_streams`."""
    strict, conlleval = (
        EntityScores(count_spans(read(gold, gold_scheme), read(predicted, scheme), gold.labels))
        for read in (READINGS["strict"], READINGS["conlleval"])
    )
    if scheme != gold_scheme:  # the same entities are to get the same tags
        predicted = write_spans(lenient_spans(predicted), gold.first, gold.labels, gold_scheme)
    spoilt = np.zeros(int(gold.first.sum()), dtype=bool)
    return _scores(gold, predicted, strict, conlleval, spoilt, gold_scheme, scheme)


def _scores(
    gold: TagStream,
    predicted: TagStream,
    strict: EntityScores,
    conlleval: EntityScores,
    spoilt: Flags,
    gold_scheme: Scheme,
    scheme: Scheme,
) -> Scores:
    bare = all_right(gold, TagStream(gold.prefix * 0, gold.label * 0 - 1, gold.first, gold.labels))
    return Scores(
        strict=strict,
        conlleval=conlleval,
        tokens=TokenScores(count_tags(gold, predicted)),
        sentences=len(bare),
        sentences_right=int((all_right(gold, predicted) & ~spoilt).sum()),
        sentences_bare=int(bare.sum()),
        schemes={"gold": gold_scheme.name, "predicted": scheme.name},
    )


def _schemes(gold: TagStream, predicted: TagStream, scheme: str) -> tuple[Scheme, Scheme]:
    """The schemes to read both in."""
    if scheme != "auto":
        named = scheme_named(scheme)
        for side, stream in (("gold", gold), ("the prediction", predicted)):
            _check_prefixes(side, stream, named)
        return named, named
    gold_name = scheme_of(gold)
    return SCHEMES[gold_name], SCHEMES[_scheme_of_prediction(gold_name, predicted)]


def _scheme_of_prediction(gold: str, predicted: TagStream) -> str:
    """Gold's scheme, unless the prediction cannot be in it.

    A weak tagger's ``I`` without a ``B`` is a mistake in IOB2, not a sign of IOB1; so only gold in IOB1
    leaves the choice open. ``E`` and ``S``, or their absence from a prediction with entities, are plain.
    """
    marks = np.isin(predicted.prefix, (E, S)).any()
    if gold == "bioes":
        return "bioes" if marks or not (predicted.prefix != O).any() else "iob2"
    return scheme_of(predicted) if gold == "iob1" or marks else gold


def _check_prefixes(side: str, stream: TagStream, scheme: Scheme) -> None:
    foreign = ~np.isin(stream.prefix, [O, *scheme.roles])
    if foreign.any():
        at = int(np.argmax(foreign))
        tag = f"{PREFIXES[stream.prefix[at]]}-{stream.labels[stream.label[at]]}"
        raise TagError(f"{side} has the tag {tag!r} (token {at + 1}), which {scheme.name} does not know")


def _flat(tags: Sequence[str] | Sequence[Sequence[str]], first: Flags | None) -> tuple[Sequence[str], Flags]:
    """Tags in a row, and which of them begin a sentence."""
    if first is not None or all(isinstance(item, str) for item in tags[:1]):
        flags = first_flags([len(tags)]) if first is None else first
        return tags, flags  # type: ignore[return-value]  # a list of str, as just seen
    return list(chain.from_iterable(tags)), first_flags(list(map(len, tags)))


def first_flags(lengths: Sequence[int] | NDArray[np.int64]) -> Flags:
    """``[token]`` from sentence lengths; an empty sentence has no token to mark."""
    sizes = np.array(lengths, dtype=np.int64)
    flags = np.zeros(int(sizes.sum()), dtype=bool)
    flags[(np.cumsum(sizes) - sizes)[sizes > 0]] = True
    return flags


def _check_same_shape(gold: Flags, predicted: Flags, gold_count: int, count: int) -> None:
    if gold_count != count or len(gold) != gold_count:
        raise AlignmentError(
            f"gold has {gold_count} tags, the prediction {count}; they must be the same tokens"
        )
    if (gold != predicted).any():
        sentence = int(gold[: int(np.argmax(gold != predicted)) + 1].sum())
        raise AlignmentError(f"gold and the prediction break sentences differently, near sentence {sentence}")


def _to_spans(
    sentences: Sequence[Sequence[TokenSpan]], lengths: Sequence[int], labels: Sequence[str]
) -> Spans:
    """Spans over the whole stream, distinct, ordered by start."""
    index = {label: i for i, label in enumerate(labels)}
    rows: list[tuple[int, int, int]] = []
    offset = 0
    for number, (spans, length) in enumerate(zip(sentences, lengths, strict=True), 1):
        for start, end, label in sorted(set(spans)):
            if not 0 <= start < end <= length:
                where = f"sentence {number}, which has {length} tokens"
                raise TagError(f"span {label} [{start}, {end}) is empty or falls outside {where}")
            rows.append((start + offset, end + offset, index[label]))
        offset += length
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return Spans(columns[:, 0], columns[:, 1], columns[:, 2].astype(np.int32))


def _apart(spans: Spans) -> Spans:
    """The spans that begin after every earlier one has ended, ordered by start, the longer first."""
    order = np.lexsort((spans.label, -spans.end, spans.start))
    spans = Spans(spans.start[order], spans.end[order], spans.label[order])
    reach = np.maximum.accumulate(spans.end)
    return spans.keep(np.append(True, spans.start[1:] >= reach[:-1])[: len(spans.start)])
