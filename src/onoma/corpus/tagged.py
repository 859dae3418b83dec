"""From sentences of words and tags to documents with entities, many sentences at a time in array code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.corpus.blocks import blocks
from onoma.corpus.facts import Facts, Fate, Fates
from onoma.corpus.label_map import DROPPED, LabelMap
from onoma.corpus.sources import quoted
from onoma.errors import CorpusError, InputError, TagError
from onoma.tagging.schemes import SCHEMES, Scheme, detect_scheme, split_tag
from onoma.tagging.spans import (
    Spans,
    TagStream,
    count_moves,
    encode_tags,
    illegal_moves,
    lenient_spans,
    strict_spans,
)
from onoma.text.document import Document, Entity, Token

__all__ = ["Sentence", "TagReading", "documents", "is_tag", "same_spans"]


class Sentence(NamedTuple):
    """One sentence as a file holds it; ``lines`` says on which line each word stands."""

    words: list[str]
    tags: list[str]
    lines: list[int]
    id: str
    meta: Mapping[str, Any]


class TagReading(NamedTuple):
    """How tags are to be read; ``scheme`` None: found out from the tags (``conlleval`` needs none)."""

    name: str  # of the source, for messages
    scheme: str | None
    policy: str
    column: str  # which column or field the tags come from, for messages
    map: LabelMap | None = None


def is_tag(text: str) -> bool:
    """Whether ``text`` is ``O`` or a prefix, a hyphen and a label."""
    try:
        split_tag(text)
    except TagError:
        return False
    return True


def documents(sentences: Iterable[Sentence], reading: TagReading, facts: Facts) -> Iterator[Document]:
    """Documents of tagged ``sentences``; the fate of each entity stands in ``facts`` when the stream ends.

    Policies for ill-formed tag sequences: ``conlleval`` reads them leniently, ``discard`` leaves out
    entities that do not open and close as the scheme demands (it must be given), ``error`` stops at the
    first. Entities whose label the map drops are left out before they are judged. Raises `CorpusError` with
    file and line for a value that is no tag.
    """
    # which moves are ill-formed depends on the scheme, which may only be known at the end
    logs = {name: Fates() for name in ([reading.scheme] if reading.scheme else SCHEMES)}
    for block in _blocks(sentences, reading, facts):
        facts.moves.update(count_moves(block.stream))
        found = lenient_spans(block.stream)
        for log in logs.values():
            log.read += len(found.start)
        spans = _POLICY[reading.policy](block, _wanted(block, found, reading, facts, logs), reading, logs)
        yield from block.documents(spans)
    facts.scheme = reading.scheme or detect_scheme(facts.moves)
    facts.fates.add(logs[facts.scheme])


@dataclass(slots=True)
class _Block:
    """Some sentences and their tags as one stream of tokens."""

    sentences: list[Sentence]
    starts: NDArray[np.int64]  # [sentence], token counted over the block
    stream: TagStream
    names: list[str]  # what the stream's labels are called in documents

    def place(self, token: int) -> tuple[Sentence, int]:
        """The sentence that ``token`` of the stream stands in, and which of its tokens it is."""
        at = int(np.searchsorted(self.starts, token, side="right")) - 1
        return self.sentences[at], token - int(self.starts[at])

    def documents(self, spans: Spans) -> Iterator[Document]:
        edges = np.searchsorted(spans.start, np.append(self.starts, np.iinfo(np.int64).max)).tolist()
        starts, ends = spans.start.tolist(), spans.end.tolist()
        names = [self.names[i] for i in spans.label.tolist()]
        for sentence, base, a, b in zip(
            self.sentences, self.starts.tolist(), edges[:-1], edges[1:], strict=True
        ):
            tokens = _tokens(sentence.words)
            entities = [
                Entity(tokens[starts[i] - base].start, tokens[ends[i] - base - 1].end, names[i])
                for i in range(a, b)
            ]
            text = " ".join(sentence.words)
            yield Document(text, tuple(tokens), tuple(entities), sentence.id, sentence.meta)


_SHARED: dict[tuple[int, int], Token] = {}  # tokens are immutable, and most sentences need the same few
_SHARED_END = 600


def _tokens(words: list[str]) -> list[Token]:
    """Tokens of words joined by single spaces."""
    tokens = []
    at = 0
    for word in words:
        end = at + len(word)
        token = _SHARED.get((at, end))
        if token is None:
            token = Token(at, end)
            if end < _SHARED_END:
                _SHARED[at, end] = token
        tokens.append(token)
        at = end + 1
    return tokens


def _blocks(sentences: Iterable[Sentence], reading: TagReading, facts: Facts) -> Iterator[_Block]:
    for block in blocks(sentences):
        lengths = np.array([len(sentence.words) for sentence in block])
        starts = np.cumsum(lengths) - lengths
        first = np.zeros(lengths.sum(), dtype=bool)
        first[starts] = True
        tags = list(chain.from_iterable([sentence.tags for sentence in block]))
        try:
            stream = encode_tags(tags, first)
        except TagError:
            raise _bad_tag(block, reading, facts.columns) from None
        yield _Block(block, starts, stream, stream.labels)


def _bad_tag(block: list[Sentence], reading: TagReading, columns: str) -> CorpusError:
    line, tag = next(
        (line, tag)
        for sentence in block
        for line, tag in zip(sentence.lines, sentence.tags, strict=True)
        if not is_tag(tag)
    )
    choice = f"; choose the column that holds the tags: {columns}" if columns else ""
    return CorpusError(
        f"{quoted(tag)} in {reading.column} is no tag (O, or B- I- E- S- L- U- M- before a label){choice}",
        path=reading.name,
        line=line,
    )


def _wanted(block: _Block, found: Spans, reading: TagReading, facts: Facts, logs: dict[str, Fates]) -> Spans:
    """The entities whose label is not dropped; the block learns what the labels are called from now on."""
    if reading.map is None:
        return found
    block.names = [_mapped(block, label, reading, reading.map) for label in block.stream.labels]
    counts = np.bincount(found.label, minlength=len(block.names)).tolist()
    pairs = zip(block.stream.labels, block.names, strict=True)
    facts.mapped.update(dict(zip(pairs, counts, strict=True)))
    dropped = np.array([name == DROPPED for name in block.names], dtype=bool)[found.label]
    for log in logs.values():
        _log(block, found.keep(dropped), _Verdict("label dropped", False, _dropped), reading, log)
    return found.keep(~dropped)


def _mapped(block: _Block, label: str, reading: TagReading, names: LabelMap) -> str:
    try:
        return names.new(label)
    except InputError as error:
        token = int(np.flatnonzero(block.stream.label == block.stream.labels.index(label))[0])
        sentence, i = block.place(token)
        raise CorpusError(str(error), path=reading.name, line=sentence.lines[i]) from error


class _Verdict(NamedTuple):
    """What is done with some entities, whether they are kept, and the words for one of them."""

    name: str
    kept: bool
    words: Callable[[_Block, int, int], str]  # of its first token and its end


def _log(block: _Block, spans: Spans, verdict: _Verdict, reading: TagReading, log: Fates) -> None:
    """Enter the same fate for each of ``spans``: all counted, listed while there is room."""
    counts = log.repaired if verdict.kept else log.left_out
    if not len(spans.start):
        return
    counts[verdict.name] += len(spans.start)
    listed = slice(0, max(log.room, 0))
    for start, end in zip(spans.start[listed].tolist(), spans.end[listed].tolist(), strict=True):
        sentence, i = block.place(start)
        done = verdict.words(block, start, end)
        log.listed.append(Fate(reading.name, sentence.lines[i], sentence.tags[i], done))


def _dropped(block: _Block, start: int, end: int) -> str:
    return f"left out, its label is dropped: {_surface(block, start, end)}"


def _left_out(block: _Block, start: int, end: int) -> str:
    return f"left out: {_surface(block, start, end)}"


def _read_leniently(scheme: Scheme, block: _Block, start: int, end: int) -> str:
    sentence, i = block.place(start)
    last = sentence.tags[i + end - start - 1]
    role = scheme.roles.get(split_tag(last)[0])
    fault = _fault(sentence, i) if role is not None and role.closes else f"{last} does not close it"
    return f"{fault}; read leniently"


def _surface(block: _Block, start: int, end: int) -> str:
    sentence, i = block.place(start)
    return quoted(" ".join(sentence.words[i : i + end - start]))


def _fault(sentence: Sentence, i: int) -> str:
    """What is wrong at word ``i``: the tag before it, or the end of the sentence after it."""
    before = sentence.tags[i - 1] if i else "the sentence's start"
    where = f"after {before}"
    return where if i + 1 < len(sentence.tags) else f"{where}, the sentence's last"


def _lenient(block: _Block, found: Spans, reading: TagReading, logs: dict[str, Fates]) -> Spans:
    for name, log in logs.items():
        verdict = _Verdict("read leniently", True, partial(_read_leniently, SCHEMES[name]))
        formed = same_spans(found, strict_spans(block.stream, SCHEMES[name], found))
        log.kept += int(formed.sum())
        _log(block, found.keep(~formed), verdict, reading, log)
    return found


def _strict(block: _Block, found: Spans, reading: TagReading, logs: dict[str, Fates]) -> Spans:
    ((name, log),) = logs.items()
    kept = strict_spans(block.stream, SCHEMES[name], found)
    formed, ends = same_spans(found, kept), np.isin(found.end, kept.end)
    log.kept += int(formed.sum())
    _log(block, found.keep(~ends), _Verdict("ill-formed", False, _left_out), reading, log)
    _log(block, found.keep(ends & ~formed), _Verdict("shortened", True, _shortened), reading, log)
    return kept


def _shortened(block: _Block, start: int, end: int) -> str:
    return f"kept without its first word, whose tag continues nothing: {_surface(block, start, end)}"


def same_spans(spans: Spans, others: Spans) -> NDArray[np.bool_]:
    """``[span]``: whether it is among ``others``, of which no two end together.

    >>> one = Spans(np.array([0, 3]), np.array([2, 4]), np.array([0, 0], dtype=np.int32))
    >>> same_spans(one, one.keep(np.array([False, True]))).tolist()
    [False, True]
    """
    if not len(others.end):
        return np.zeros(len(spans.end), dtype=bool)
    at = np.minimum(np.searchsorted(others.end, spans.end), len(others.end) - 1)
    same: NDArray[np.bool_] = (others.end[at] == spans.end) & (others.start[at] == spans.start)
    return same


def _none_wrong(block: _Block, found: Spans, reading: TagReading, logs: dict[str, Fates]) -> Spans:
    ((name, log),) = logs.items()
    wrong = illegal_moves(block.stream, SCHEMES[name])
    if len(wrong):
        sentence, i = block.place(int(wrong[0]))
        raise CorpusError(
            f"{sentence.tags[i]} {_fault(sentence, i)} is ill-formed in the scheme {name}; mend it, or "
            "read with the policy conlleval or discard",
            path=reading.name,
            line=sentence.lines[i],
        )
    log.kept += len(found.start)
    return found


_Policy = Callable[[_Block, Spans, TagReading, "dict[str, Fates]"], Spans]
_POLICY: dict[str, _Policy] = {"conlleval": _lenient, "discard": _strict, "error": _none_wrong}
