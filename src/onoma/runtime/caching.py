"""Answers remembered: a text that was read before by the same version of a tagger is not read again."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from sys import getsizeof
from typing import NamedTuple, Protocol

from onoma.errors import InputError
from onoma.runtime.foreign import check_same
from onoma.runtime.forks import fork_lock
from onoma.runtime.remembered import Remembered, pack, unpack
from onoma.runtime.texts import Text, checked_texts
from onoma.text import Annotate, Document, Token
from onoma.text.document import LATER

__all__ = ["Caching", "MemoryStore", "Store", "Tally", "key_of", "recall", "remember"]


_ENTRY = 200  # bytes of a key and its place in the table


class Store(Protocol):
    """Where answers are kept, under keys of 32 bytes; it may forget any of them at any time."""

    def get_many(self, keys: Sequence[bytes]) -> list[Remembered | None]:
        """What is known of each key."""

    def put_many(self, answers: Mapping[bytes, Remembered]) -> None:
        """Keep these."""


class Tally(NamedTuple):
    """How often an answer was remembered, and how often it had to be made."""

    hits: int
    misses: int

    @property
    def rate(self) -> float:
        """Hits among all; 0 before the first."""
        return self.hits / max(self.hits + self.misses, 1)


class Caching:
    """An `Annotate` that remembers the answers of another.

    An answer is found again by the text, the tokens and the tagger's version; the tagger is taken to depend
    on nothing else, so neither on ids nor on entities that a document comes with. A text that comes twice in
    one call is read once. Many threads may ask at once.

    >>> from onoma.text import Document
    >>> def tagger(documents):
    ...     print("reads", [document.text for document in documents])
    ...     return list(documents)
    >>> tag = Caching(tagger, version="1")
    >>> _ = tag(["Ada", "Bob", "Ada"])
    reads ['Ada', 'Bob']
    >>> tag([Document("Bob", id="b")])[0].id, tag.tally
    ('b', Tally(hits=2, misses=2))
    """

    def __init__(self, annotate: Annotate, store: Store | None = None, *, version: str | None = None) -> None:
        """``store`` is a `MemoryStore` unless given; ``version`` is that of ``annotate`` unless given.

        Raises `InputError` when neither tells the version: answers of another would be taken for its own.
        """
        told = version or getattr(annotate, "version", None)
        if not told:
            raise InputError("this tagger has no version; name one, and another whenever its answers change")
        self.annotate, self.store, self.version = (
            annotate,
            MemoryStore() if store is None else store,
            str(told),
        )
        self._lock = fork_lock()
        self._hits = self._misses = 0

    @property
    def tally(self) -> Tally:
        """Hits and misses so far; a text that came twice in one call is a miss and a hit."""
        return Tally(self._hits, self._misses)

    def __call__(self, texts: Sequence[Text]) -> list[Document]:
        """The answers, remembered or new. Raises `InputError` naming the position of what is no text."""
        documents = checked_texts(texts)
        keys = [key_of(self.version, document) for document in documents]
        wanted = list(dict.fromkeys(keys))
        known = dict(zip(wanted, self.store.get_many(wanted), strict=True)) if wanted else {}
        first = dict(zip(reversed(keys), reversed(documents), strict=True))
        missing = {key: first[key] for key in wanted if not _fits(known[key], first[key])}
        made = self._make(missing)
        with self._lock:
            self._hits, self._misses = self._hits + len(keys) - len(made), self._misses + len(made)
        answers = {key: each for key, each in (known | made).items() if each}
        return [recall(doc, answers[key]) for key, doc in zip(keys, documents, strict=True)]

    def _make(self, missing: Mapping[bytes, Document]) -> dict[bytes, Remembered]:
        if not missing:
            return {}
        documents = list(missing.values())
        answers = list(self.annotate(documents))
        check_same("the tagger", documents, answers)
        made = {key: remember(*pair) for key, *pair in zip(missing, documents, answers, strict=True)}
        self.store.put_many(made)
        return made


def key_of(version: str, document: Document) -> bytes:
    """32 bytes that differ wherever version, text or tokens do."""
    text = document.text.encode()
    digest = blake2b(f"{version}\0{len(text)}\0".encode(), digest_size=32)
    digest.update(text)
    digest.update(array("q", chain.from_iterable(document.tokens)).tobytes())
    return digest.digest()


def remember(document: Document, answer: Document) -> Remembered:
    """What to keep of ``answer``, which is that for ``document``."""
    tokens: tuple[Token, ...] | None = ()
    if not document.tokens_or_later:
        tokens = None if answer.tokens_or_later is LATER else answer.tokens
    return Remembered(answer.entities, answer.coverage, tokens)


def _fits(known: Remembered | None, document: Document) -> bool:
    """Whether what a store gives can be about this text: stores outside the process may be tampered with."""
    if known is None:
        return False
    spans = [*((each.start, each.end) for each in known.entities), *(known.tokens or ())]
    return all(0 <= start < end <= len(document.text) for start, end in spans)


def recall(document: Document, known: Remembered) -> Document:
    """``document`` with the answer that is remembered for it."""
    tokens = document.tokens_or_later or (LATER if known.tokens is None else known.tokens)
    return Document(document.text, tokens, known.entities, document.id, document.meta, known.coverage)


class MemoryStore:
    """A `Store` in this process: the answers asked for last, ``entries`` and ``size`` bytes of them at most.

    They are kept as bytes: of many thousand tuples Python's garbage collector would look through each, again
    and again, for a tenth of a second and more.

    >>> store = MemoryStore(entries=1)
    >>> nothing = Remembered((), None, ())
    >>> store.put_many({b"a": nothing, b"b": nothing})
    >>> store.get_many([b"a", b"b"]) == [None, nothing], len(store), store.size > 0
    (True, 1, True)
    """

    def __init__(self, entries: int = 100_000, size: int = 256 << 20) -> None:
        """Raises `InputError` unless both are at least 1."""
        if min(entries, size) < 1:
            raise InputError(f"a store of {entries} entries and {size} bytes can hold nothing")
        self.most_entries, self.most_size = entries, size
        self.size = 0
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = fork_lock()

    def __len__(self) -> int:
        """How many answers it holds."""
        return len(self._kept)

    def get_many(self, keys: Sequence[bytes]) -> list[Remembered | None]:
        """What is known of each key, which is then the last to be forgotten."""
        with self._lock:
            found = [self._get(key) for key in keys]
        return list(map(unpack, found))

    def _get(self, key: bytes) -> bytes | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put_many(self, answers: Mapping[bytes, Remembered]) -> None:
        """Keep these, and forget those not asked for longest where there is no room.

        An answer that would fill the store by itself is not kept.
        """
        packed = {key: pack(answer) for key, answer in answers.items()}
        with self._lock:
            for key, content in packed.items():
                if _bytes_of(content) > self.most_size:
                    continue
                self.size += _bytes_of(content) - _bytes_of(self._kept.pop(key, None))
                self._kept[key] = content
            while self.size > self.most_size or len(self._kept) > self.most_entries:
                self.size -= _bytes_of(self._kept.popitem(last=False)[1])


def _bytes_of(content: bytes | None) -> int:
    """What an entry takes, with its key; nothing where there is none."""
    return 0 if content is None else getsizeof(content) + _ENTRY
