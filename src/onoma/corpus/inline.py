"""Text with entities between tags: ``<PER>Ada</PER> wrote``, a document a line.

Tags may stand inside others; ``<ENAMEX TYPE="PERSON">`` gives the label ``PERSON``, as MUC had it. Character
references (``&amp;``, ``&#233;``) are decoded. A tag without its partner, or one that crosses another, is
left in the text as it stands and reported. Lines of nothing but structure (a declaration, a comment,
``<doc>`` alone, blanks) are passed over, and so are ``<s>…</s>`` and the like around a whole line.

Source: the markup of MUC-6 and MUC-7 (Grishman & Sundheim 1996).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from html.entities import html5
from typing import NamedTuple

from onoma.corpus.annotated import Annotated, Span, documents, in_order
from onoma.corpus.blocks import Before
from onoma.corpus.columns import rows_split
from onoma.corpus.facts import Facts
from onoma.corpus.options import Options
from onoma.corpus.sources import TextSource, lines, quoted
from onoma.corpus.tagged import is_tag
from onoma.errors import InputError
from onoma.tagging.schemes import Scheme
from onoma.text.document import Document, Entity

__all__ = ["looks_like_inline", "read_inline", "write_block"]

_NAME = r"[^\W\d][\w.:-]*"
_TAG = re.compile(
    rf"<(?P<close>/)?(?P<name>{_NAME})(?P<rest>(?:\s+{_NAME}\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*)\s*(?P<alone>/)?>"
)
_TYPE = re.compile(r"\stype\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_REFERENCE = re.compile(r"&(?:#(?P<number>[0-9]{1,7})|#[xX](?P<hex>[0-9a-fA-F]{1,6})|(?P<name>\w+));")
_STRUCTURE = {"article", "body", "corpus", "doc", "document", "html", "p", "paragraph", "root", "s", "sent"}
_STRUCTURE |= {"sentence", "sentences", "text", "xml"}
_DECLARATIONS = {"<!--": "-->", "<?": "?>", "<!": ">"}  # how one begins, and where it ends


def looks_like_inline(head: list[str]) -> bool:
    """Whether a line among the first holds a pair of tags that is no mere structure, and not all are rows of
    columns, of which one may well hold the word ``<b>so</b>``."""
    if all(len(row) > 1 and is_tag(row[-1]) for row in rows_split(head)):
        return False
    return any("</" in line and any(not _is_structure(p.name) for p in _Line(line).pairs) for line in head)


def read_inline(source: TextSource, options: Options, facts: Facts) -> Iterator[Document]:
    """The documents of a file, streamed, one a line, tokenised; ids are their numbers."""
    return documents(_annotated(source, facts), str(source), options, facts)


def write_block(block: Sequence[Document], _: Before, __: Scheme) -> str:
    """A line for each document. Raises `InputError` for entities of which one begins inside the other and
    ends outside it."""
    return "".join(_written(document) + "\n" for document in block if document.text)


def _annotated(source: TextSource, facts: Facts) -> Iterator[Annotated]:
    number = 0
    with lines(source) as text:
        for at, raw in enumerate(text, 1):
            line = raw.rstrip("\r\n")
            if not line.strip():
                continue
            found = _Line(line)
            if found.is_structure():
                facts.comments += 1
                continue
            number += 1
            yield found.annotated(at, str(number))


class _Mark(NamedTuple):
    """A tag in a line."""

    start: int
    end: int
    name: str
    label: str
    close: bool


class _Pair(NamedTuple):
    """Two tags that belong together."""

    open: _Mark
    close: _Mark

    @property
    def name(self) -> str:
        return self.open.name


class _Line:
    """One line: its tags, those that make pairs, and those that do not."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.marks = [_mark(match) for match in _TAG.finditer(line)]
        self.pairs = _paired(self.marks)
        paired = {mark.start for pair in self.pairs for mark in pair}
        self.single = [mark for mark in self.marks if mark.start not in paired]

    def is_structure(self) -> bool:
        """Whether the line holds nothing but structure and blanks."""
        rest = _TAG.sub(lambda tag: "" if _is_structure(tag["name"]) else tag[0], self.line)
        return not (rest := rest.strip()) or _is_declaration(rest)

    def annotated(self, at: int, name: str) -> Annotated:
        around = [pair for pair in self.pairs if self._is_around(pair)]
        text, moved = self._text(around)
        spans = [
            Span(moved[pair.open.end], moved[pair.close.start], pair.open.label)
            for pair in self.pairs
            if pair not in around
        ]
        spans = [span if span.start < span.end else span._replace(lost="holds no text") for span in spans]
        left = [
            Span(None, None, self.line[m.start : m.end], lost="a tag without its partner")
            for m in self.single
        ]
        return Annotated(text, spans + left, at, id=name)

    def _is_around(self, pair: _Pair) -> bool:
        outside = self.line[: pair.open.start] + self.line[pair.close.end :]
        return _is_structure(pair.name) and not _TAG.sub("", outside).strip()

    def _text(self, around: list[_Pair]) -> tuple[str, dict[int, int]]:
        """The line without its paired tags, references decoded, and where the tags' edges came to lie."""
        gone = {mark.start: mark for pair in self.pairs for mark in pair}
        parts, moved, length, at = [], {}, 0, 0
        for mark in sorted(gone.values()):
            piece = _decoded(self.line[at : mark.start])
            parts.append(piece)
            length += len(piece)
            moved[mark.start] = moved[mark.end] = length
            at = mark.end
        return "".join(parts) + _decoded(self.line[at:]), moved


def _mark(match: re.Match[str]) -> _Mark:
    kind = _TYPE.search(match["rest"])
    label = match["name"] if kind is None else _decoded(kind[1] if kind[1] is not None else kind[2])
    name = match["name"] if not match["alone"] else ""
    return _Mark(match.start(), match.end(), name, label or match["name"], match["close"] is not None)


def _paired(marks: list[_Mark]) -> list[_Pair]:
    """The tags that open and close in good order; of two that cross, the one that closes first."""
    pairs: list[_Pair] = []
    stack: list[_Mark] = []
    waiting = Counter[str]()
    for mark in marks:
        if not mark.name:
            continue
        if not mark.close:
            stack.append(mark)
            waiting[mark.name] += 1
        elif waiting[mark.name]:
            while (opened := stack.pop()).name != mark.name:
                waiting[opened.name] -= 1
            waiting[mark.name] -= 1
            pairs.append(_Pair(opened, mark))
    return sorted(pairs, key=lambda pair: pair.open.start)


def _is_structure(name: str) -> bool:
    return name.lower() in _STRUCTURE


def _is_declaration(line: str) -> bool:
    """Whether the line is one declaration or comment and nothing else."""
    end = next((end for start, end in _DECLARATIONS.items() if line.startswith(start)), None)
    return end is not None and line.find(end) == len(line) - len(end)


def _decoded(text: str) -> str:
    """``text`` with its character references decoded; those that name no character stay.

    >>> _decoded("R&amp;D &#233; &#xe9; &nonsense; &#xd800; &")
    'R&D é é &nonsense; &#xd800; &'
    """
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    if (name := match["name"]) is not None:
        return html5.get(f"{name};", match[0])
    number = int(match["hex"], 16) if match["hex"] else int(match["number"])
    fits = 0 < number < 0x110000 and not 0xD800 <= number < 0xE000
    return chr(number) if fits else match[0]


def _written(document: Document) -> str:
    """The document's line: an entity that ends closes before one that begins opens."""
    text, at, parts = document.text, 0, []
    open_now: list[Entity] = []
    for entity in [*in_order(document.entities), None]:
        while open_now and (entity is None or open_now[-1].end <= entity.start):
            closed = open_now.pop()
            parts += [_escaped(text[at : closed.end]), f"</{_element(closed.label)[0]}>"]
            at = closed.end
        if entity is None:
            break
        if open_now and entity.end > open_now[-1].end:
            raise _crossing(document, entity, open_now[-1])
        parts += [_escaped(text[at : entity.start]), f"<{''.join(_element(entity.label))}>"]
        at = entity.start
        open_now.append(entity)
    line = "".join(parts) + _escaped(text[at:])
    return line if line.strip() else "".join(f"&#{ord(character)};" for character in text)


def _crossing(document: Document, entity: Entity, other: Entity) -> InputError:
    name = document.id or quoted(document.text)
    return InputError(
        f"document {name}: the entities {other.label} [{other.start}, {other.end}) and {entity.label} "
        f"[{entity.start}, {entity.end}) cross, which tags in a text cannot say; write jsonl-spans instead"
    )


def _element(label: str) -> tuple[str, str]:
    """The element and its attribute for a label: its own, if that may be an element's name."""
    if re.fullmatch(_NAME, label) and not _is_structure(label):
        return label, ""
    return "ENAMEX", f' TYPE="{_escaped(label, quote=True)}"'


def _escaped(text: str, quote: bool = False) -> str:
    """``text`` without what a reader would take for markup or for the end of a line."""
    return escape(text, quote).replace("\n", "&#10;").replace("\r", "&#13;")
