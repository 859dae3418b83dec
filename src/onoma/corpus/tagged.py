"""From sentences of words and tags to documents with entities, many sentences at a time in array code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.corpus.facts import Facts, Repair, Repairs
from onoma.corpus.sources import quoted
from onoma.errors import CorpusError, TagError
from onoma.tagging.schemes import SCHEMES, detect_scheme, split_tag
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

__all__ = ["Sentence", "TagReading", "documents", "is_tag"]

_BLOCK = 1000  # sentences that go through the array code together


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


def is_tag(text: str) -> bool:
    """Whether ``text`` is ``O`` or a prefix, a hyphen and a label."""
    try:
        split_tag(text)
    except TagError:
        return False
    return True


def documents(sentences: Iterable[Sentence], reading: TagReading, facts: Facts) -> Iterator[Document]:
    """Documents of tagged ``sentences``, counted in ``facts``, which is complete when the stream ends.

    Policies for ill-formed tag sequences: ``conlleval`` reads them leniently, ``discard`` leaves out
    entities that do not open and close as the scheme demands (it must be given), ``error`` stops at the
    first. Raises `CorpusError` with file and line for a value that is no tag.
    """
    # which moves are ill-formed depends on the scheme, which may only be known at the end
    logs = {name: Repairs() for name in ([reading.scheme] if reading.scheme else SCHEMES)}
    for block in _blocks(sentences, reading, facts):
        facts.moves.update(count_moves(block.stream))
        spans = _POLICY[reading.policy](block, reading, logs)
        yield from map(facts.count, block.documents(spans))
    facts.scheme = reading.scheme or detect_scheme(facts.moves)
    facts.repairs = logs[facts.scheme]


@dataclass(slots=True)
class _Block:
    """Some sentences and their tags as one stream of tokens."""

    sentences: list[Sentence]
    starts: NDArray[np.int64]  # [sentence], token counted over the block
    stream: TagStream

    def place(self, token: int) -> tuple[Sentence, int]:
        """The sentence that ``token`` of the stream stands in, and which of its tokens it is."""
        at = int(np.searchsorted(self.starts, token, side="right")) - 1
        return self.sentences[at], token - int(self.starts[at])

    def documents(self, spans: Spans) -> Iterator[Document]:
        edges = np.searchsorted(spans.start, np.append(self.starts, np.iinfo(np.int64).max)).tolist()
        starts, ends = spans.start.tolist(), spans.end.tolist()
        names = [self.stream.labels[i] for i in spans.label.tolist()]
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
    rest = iter(sentences)
    while block := list(islice(rest, _BLOCK)):
        lengths = np.array([len(sentence.words) for sentence in block])
        starts = np.cumsum(lengths) - lengths
        first = np.zeros(lengths.sum(), dtype=bool)
        first[starts] = True
        tags = list(chain.from_iterable([sentence.tags for sentence in block]))
        try:
            stream = encode_tags(tags, first)
        except TagError:
            raise _bad_tag(block, reading, facts.columns) from None
        yield _Block(block, starts, stream)


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


def _lenient(block: _Block, reading: TagReading, logs: dict[str, Repairs]) -> Spans:
    for name, log in logs.items():
        _log_moves(block, illegal_moves(block.stream, SCHEMES[name]), reading.name, log)
    return lenient_spans(block.stream)


def _log_moves(block: _Block, at: NDArray[np.int64], name: str, log: Repairs) -> None:
    listed = min(len(at), log.room)
    for token in at[:listed].tolist():
        sentence, i = block.place(token)
        log.add(Repair(name, sentence.lines[i], sentence.tags[i], f"{_fault(sentence, i)}; read leniently"))
    log.count += len(at) - listed


def _fault(sentence: Sentence, i: int) -> str:
    """What is wrong at word ``i``: the tag before it, or the end of the sentence after it."""
    before = sentence.tags[i - 1] if i else "the sentence's start"
    where = f"after {before}"
    return where if i + 1 < len(sentence.tags) else f"{where}, the sentence's last"


def _strict(block: _Block, reading: TagReading, logs: dict[str, Repairs]) -> Spans:
    (name,) = logs
    found = lenient_spans(block.stream)
    kept = strict_spans(block.stream, SCHEMES[name], found)
    dropped = ~np.isin(found.end, kept.end)
    for token, end in zip(found.start[dropped].tolist(), found.end[dropped].tolist(), strict=True):
        sentence, i = block.place(token)
        surface = quoted(" ".join(sentence.words[i : i + end - token]))
        logs[name].add(Repair(reading.name, sentence.lines[i], sentence.tags[i], f"left out: {surface}"))
    return kept


def _none_wrong(block: _Block, reading: TagReading, logs: dict[str, Repairs]) -> Spans:
    (name,) = logs
    wrong = illegal_moves(block.stream, SCHEMES[name])
    if len(wrong):
        sentence, i = block.place(int(wrong[0]))
        raise CorpusError(
            f"{sentence.tags[i]} {_fault(sentence, i)} is ill-formed in the scheme {name}; mend it, or "
            "read with the policy conlleval or discard",
            path=reading.name,
            line=sentence.lines[i],
        )
    return lenient_spans(block.stream)


_Policy = Callable[[_Block, TagReading, "dict[str, Repairs]"], Spans]
_POLICY: dict[str, _Policy] = {"conlleval": _lenient, "discard": _strict, "error": _none_wrong}
