"""spaCy's ``DocBin`` (``.spacy``): the text exactly, tokens, and entities in ``doc.ents`` and a span group.

Entities that overlap are written to the span group ``sc``, which spaCy's span categoriser reads, and those of
them that spaCy's entity recogniser can learn from (the longest first, none overlapping) to ``doc.ents``.
Read are both; ``tag_column`` names another group, or ``ents``.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onoma.corpus.annotated import Annotated, Span, outermost
from onoma.corpus.facts import Facts
from onoma.corpus.json_lines import identity, naming
from onoma.corpus.options import Options
from onoma.corpus.sources import ByteSource, content, unpacked_limit
from onoma.errors import CorpusError
from onoma.files import whole_file
from onoma.tagging.schemes import Scheme
from onoma.text.document import Document, Entity, Token

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

__all__ = ["looks_like_docbin", "pack", "records", "save"]

GROUP = "sc"
_STEP = 1 << 20  # bytes unpacked together
_KEYS = 200  # bytes in which the keys of a ``DocBin`` begin
_OURS = "onoma"  # the key of `Doc.user_data` for what spaCy has no place for
_BEGIN = b"\x81\xa5" + _OURS.encode() + b"\xdb"  # MessagePack: a mapping of one, the key, a text


def looks_like_docbin(head: bytes) -> bool:
    """Whether a file's first bytes unpack to the keys of a ``DocBin``."""
    try:
        begin = zlib.decompressobj().decompress(head, _KEYS)
    except zlib.error:
        return False
    return b"version" in begin and b"attrs" in begin


def records(source: ByteSource, options: Options, facts: Facts) -> Iterator[Annotated]:
    """The documents of a file as they stand; ``facts.passed`` counts the spans of groups not read."""
    group = None if options.tag_column is None else str(options.tag_column)
    for number, (doc, ours) in enumerate(_unpacked(content(source), str(source)), 1):
        yield _annotated(doc, ours, number, group, facts.passed)


def save(documents: Iterable[Document], path: Path, _: Scheme) -> None:
    """Write a ``.spacy`` file."""
    with whole_file(path, "wb") as file:
        file.write(pack(documents))


def pack(documents: Iterable[Document]) -> bytes:
    """The bytes of a ``.spacy`` file; ``doc.text`` is each document's text."""
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    vocab = Vocab()
    packed = DocBin()
    for number, document in enumerate(documents, 1):
        doc = _doc(document, vocab)
        packed.add(doc)
        packed.user_data.append(_user_data(_further(document, doc, number)))
    packed.store_user_data = True
    return packed.to_bytes()


def _user_data(further: dict[str, Any]) -> bytes | None:
    """A mapping of one text, packed here: the library takes most of its time for this."""
    if not further:
        return None
    content = json.dumps(further, ensure_ascii=False).encode()
    return _BEGIN + len(content).to_bytes(4, "big") + content


def _ours(user_data: bytes | None) -> dict[str, Any]:
    """What `_user_data` packed; nothing for what other tools put there."""
    if user_data is None or _OURS.encode() not in user_data:
        return {}
    content: str | bytes = user_data[len(_BEGIN) + 4 :]
    if not user_data.startswith(_BEGIN):  # the library packed it again
        import srsly

        content = srsly.msgpack_loads(user_data).get(_OURS, "{}")
    found: dict[str, Any] = json.loads(content)
    return found


def _unpacked(packed_docs: bytes, name: str) -> Iterator[tuple[Doc, dict[str, Any]]]:
    """The documents of a ``.spacy`` file with what is ours, streamed. Raises `CorpusError` if it is none."""
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    _check_size(packed_docs, name)
    try:
        packed = DocBin().from_bytes(packed_docs)
        user_data, packed.user_data = packed.user_data, []
        yield from zip(packed.get_docs(Vocab()), map(_ours, user_data), strict=True)
    except Exception as error:  # whatever the library stumbles over
        raise CorpusError(f"this is no spaCy DocBin, or it is damaged: {error}", path=name) from error


def _check_size(packed_docs: bytes, name: str) -> None:
    """Refuse what would fill the memory, before the library unpacks it all at once."""
    unpacking, size, most = zlib.decompressobj(), 0, unpacked_limit(len(packed_docs))
    left = packed_docs
    while left and size <= most:
        try:
            size += len(unpacking.decompress(left, _STEP))
        except zlib.error:
            return  # the library will say what is wrong
        left = unpacking.unconsumed_tail
    if size > most:
        fault = f"this unpacks to more than {most:,} bytes, far more than a DocBin of its size does"
        raise CorpusError(fault, path=name)


def _annotated(
    doc: Doc, ours: dict[str, Any], number: int, group: str | None, passed: Counter[str]
) -> Annotated:
    found: dict[tuple[int, int, str], None] = {}
    for name, spans in (("ents", doc.ents), *doc.spans.items()):
        if name == group or (group is None and name in ("ents", GROUP)):
            found |= dict.fromkeys((span.start_char, span.end_char, span.label_) for span in spans)
        elif spans:
            passed[f"spans of the spaCy group {name}"] += len(spans)
    scores = {tuple(key): score for *key, score in ours.get("scores", ())}
    spans = [Span(*key, scores.get(key, 1.0)) for key in found]
    tokens = ours["tokens"] if "tokens" in ours else _edges(doc)
    return Annotated(doc.text, spans, None, [(a, b) for a, b in tokens], *identity(ours, number))


def _doc(document: Document, vocab: Vocab) -> Doc:
    from spacy.tokens import Doc

    pieces = _pieces(document)
    words = [document.text[a:b] for a, b, _ in pieces]
    doc = Doc(vocab, words=words, spaces=[space for _, _, space in pieces])
    entities = [document.entities[i] for i in outermost(document.entities)]
    doc.ents = tuple(_spans(doc, entities))
    if len(entities) < len(document.entities):
        doc.spans[GROUP] = _spans(doc, document.entities)
    return doc


def _pieces(document: Document) -> list[tuple[int, int, bool]]:
    """The text cut into spaCy's tokens, as (start, end, whether one blank follows): nothing is left over.

    Between two cuts stands a token, an entity's part of one, or what no token holds; a single blank there
    goes to the token before it, and every other blank becomes a token, as spaCy's own tokenizer has it.
    """
    text = document.text
    begins = {token.start for token in document.tokens}
    marks: list[Token | Entity] = [*document.tokens, *document.entities]
    edges = sorted({0, len(text), *(mark.start for mark in marks), *(mark.end for mark in marks)})
    pieces: list[tuple[int, int, bool]] = []
    for start, end in pairwise(edges):
        if pieces and text[start] == " " and not pieces[-1][2] and start not in begins:
            pieces[-1] = (*pieces[-1][:2], True)
            start += 1
        if start < end:
            pieces.append((start, end, False))
    return pieces


def _spans(doc: Doc, entities: Iterable[Entity]) -> list[Any]:
    return [doc.char_span(entity.start, entity.end, label=entity.label) for entity in entities]


def _further(document: Document, doc: Doc, number: int) -> dict[str, Any]:
    """What spaCy has no place for: identity, scores, and tokens where reading would find others."""
    further = naming(document)
    if further.get("id") == str(number):
        del further["id"]
    tokens = [(token.start, token.end) for token in document.tokens]
    if tokens != _edges(doc):
        further["tokens"] = tokens
    scores = [(e.start, e.end, e.label, e.score) for e in document.entities if e.score != 1.0]
    return further | ({"scores": scores} if scores else {})


def _edges(doc: Doc) -> list[tuple[int, int]]:
    return [(token.idx, token.idx + len(token)) for token in doc if not token.text.isspace()]
