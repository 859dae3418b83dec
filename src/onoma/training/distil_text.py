"""Unlabelled sentences for teachers to label: plain text, corpora without their labels, changed sentences."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, pairwise
from pathlib import Path

from onoma.corpus import Corpus
from onoma.corpus.corpus import Source
from onoma.corpus.facts import Facts
from onoma.errors import InputError
from onoma.evaluation.perturb import chance
from onoma.tagging.align import token_spans
from onoma.text import Document
from onoma.text.sentences import sentence_starts
from onoma.training.augment.part import Change

__all__ = [
    "bare",
    "crossed",
    "in_sentences",
    "joined",
    "new_sentences",
    "plain_text",
    "raw_corpus",
    "renamed",
]


def plain_text(path: str | Path, encoding: str = "utf-8") -> Document:
    """A file as one document; raises `InputError` saying why it cannot be read as text."""
    try:
        text = Path(path).read_text(encoding=encoding)
    except (OSError, UnicodeDecodeError, LookupError) as error:
        raise InputError(f"cannot read {path} as text in {encoding}: {error}") from error
    if "\0" in text:
        raise InputError(f"{path} is no text: it holds zero bytes")
    return Document.from_text(text, id=Path(path).name)


def in_sentences(document: Document) -> Iterator[Document]:
    """The sentences of ``document``, each a document without labels that knows whose it is.

    >>> [each.text for each in in_sentences(Document.from_text("Ada wrote. Bob read."))]
    ['Ada wrote.', 'Bob read.']
    """
    tokens = document.tokens
    edges = [*sentence_starts(document.text, tokens), len(tokens)]
    meta = {} if document.id is None else {"document": document.id}
    for first, last in pairwise(edges):
        start, end = tokens[first].start, tokens[last - 1].end
        moved = [
            token._replace(start=token.start - start, end=token.end - start) for token in tokens[first:last]
        ]
        yield Document(document.text[start:end], tuple(moved), meta=meta)


def bare(document: Document) -> Document:
    """``document`` without its labels, as one of its own: it is no more beside its neighbours.

    >>> bare(Document.from_words(["Ada"], [(0, 1, "per")])).entities
    ()
    """
    return Document(document.text, document.tokens)


def crossed(documents: Sequence[Document], seed: int) -> Iterator[Document]:
    """A new sentence for each of ``documents``: its beginning with the end of another, no name cut in two.

    What comes of it is seldom sense, but its phrases are, and a teacher says what it sees in it.

    >>> ada = Document.from_words(["Ada", "Lovelace", "wrote"], [(0, 2, "per")])
    >>> {each.text for each in crossed([ada, ada], seed=1)} <= {"Ada Lovelace wrote", "wrote", "wrote wrote",
    ...     "Ada Lovelace Ada Lovelace wrote", "Ada Lovelace wrote wrote", "Ada Lovelace"}
    True
    """
    for document in documents:
        dice = chance("cross", seed, document.text)
        other = documents[dice.randrange(len(documents))]
        words = document.words[: _cut(document, dice)] + other.words[_cut(other, dice) :]
        if words:
            yield Document.from_words(words)


def renamed(documents: Sequence[Document], change: Change, seed: int) -> Iterator[Document]:
    """A new sentence for each of ``documents`` with entities: ``change`` gives them other names.

    >>> bob = lambda document, dice: Document.from_words(["Bob", "wrote"], [(0, 1, "per")])
    >>> ada = Document.from_words(["Ada", "wrote"], [(0, 1, "per")])
    >>> [each.text for each in renamed([ada], bob, seed=1)]
    ['Bob wrote']
    """
    for document in documents:
        if document.entities:
            yield bare(change(document, chance("rename", seed, document.text)))


def _cut(document: Document, dice: random.Random) -> int:
    """A token before which no entity is open, likelier in the middle."""
    inside = {i for start, end, _ in token_spans(document) for i in range(start + 1, end)}
    free = [i for i in range(len(document.tokens) + 1) if i not in inside]
    return free[round((len(free) - 1) * (dice.random() + dice.random()) / 2)]


def new_sentences(documents: Iterable[Document], known: Iterable[Document]) -> Iterator[Document]:
    """``documents`` that have words, each sequence of words once, without those that are ``known``.

    >>> ada = Document.from_text("Ada wrote.")
    >>> bob = Document.from_text("Bob.")
    >>> len(list(new_sentences([ada, ada, bob, Document("")], known=[bob])))
    1
    """
    seen = {_mark(document) for document in known}
    for document in documents:
        mark = _mark(document)
        if document.tokens and mark not in seen:
            seen.add(mark)
            yield document


def _mark(document: Document) -> bytes:
    return hashlib.blake2b("\0".join(document.words).encode(errors="replace"), digest_size=12).digest()


def raw_corpus(sources: Callable[[], Iterable[Document]], name: str) -> Corpus:
    """What ``sources`` gives each time it is called, as a corpus without labels; it is read as a stream.

    Raises `InputError` when that is nothing.

    >>> len(raw_corpus(lambda: [Document.from_text("Ada wrote.")], "notes"))
    1
    """
    digest, count = hashlib.sha256(), 0
    for document in sources():
        digest.update(_mark(document))
        count += 1
    if not count:
        raise InputError(f"{name} holds no sentence that is new")

    def stream(facts: Facts) -> Iterator[Document]:
        return map(facts.count, sources())

    return Corpus(stream, Source(None, None, None), digest.hexdigest, [])


def joined(corpora: Sequence[Corpus]) -> Corpus:
    """Corpora one after another as one.

    >>> ada, bob = (Corpus.from_documents([Document.from_text(name)]) for name in ("Ada", "Bob"))
    >>> [document.text for document in joined([ada, bob])]
    ['Ada', 'Bob']
    """
    marks = " ".join(corpus.fingerprint for corpus in corpora)
    labels = sorted({label for corpus in corpora for label in corpus.labels})

    def stream(facts: Facts) -> Iterator[Document]:
        for corpus in corpora:
            facts.fates.add(corpus.fates)
        return map(facts.count, chain.from_iterable(corpora))

    mark = hashlib.sha256(marks.encode()).hexdigest()
    return Corpus(stream, corpora[0].source, lambda: mark, labels)
