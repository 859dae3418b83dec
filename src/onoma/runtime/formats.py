"""Tagged documents as text to write, one format a function; each yields its pieces as the documents come."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from onoma.errors import InputError, nearest
from onoma.runtime.page import page
from onoma.runtime.render import entity_table, highlighted, visible
from onoma.tagging import TagSet
from onoma.tagging.align import token_spans
from onoma.text import Document
from onoma.text.sentences import sentence_starts

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["FORMATS", "Format", "View", "format_named"]


@dataclass(frozen=True)
class View:
    """What a format may want to know besides the documents."""

    labels: Sequence[str] = ()  # all that the tagger knows
    title: str = "Onoma"
    console: Console | None = None  # the terminal, if it is one


Format = Callable[[Iterable[Document], View], Iterator[str]]


def as_jsonl(documents: Iterable[Document], view: View) -> Iterator[str]:
    """JSON Lines: ``text`` and ``entities`` (start, end, label, score, text); ``file`` first, if it has one.

    Last comes ``coverage``, if a tagger set it: how many characters were read, in how many windows, by which
    tagger.

    >>> from onoma.text import Entity
    >>> print(*as_jsonl([Document("Ada", entities=(Entity(0, 3, "per", 0.75),))], View()), end="")
    {"text": "Ada", "entities": [{"start": 0, "end": 3, "label": "per", "score": 0.75, "text": "Ada"}]}
    """
    for document in documents:
        entities = [dict(zip(_FIELDS, row, strict=True)) for row in _rows(document)]
        file = {"file": document.meta["file"]} if "file" in document.meta else {}
        read = {"coverage": document.coverage._asdict()} if document.coverage else {}
        record = {**file, "text": document.text, "entities": entities, **read}
        yield json.dumps(record, ensure_ascii=False) + "\n"


def as_csv(documents: Iterable[Document], view: View) -> Iterator[str]:
    """Comma-separated values with a header: an entity a row; ``document`` is its file, or its number from 1.

    The text is exact, also where a spreadsheet would read a leading ``=`` as a formula.

    >>> from onoma.text import Entity
    >>> print(*as_csv([Document("Ada", entities=(Entity(0, 3, "per", 0.75),))], View()), sep="", end="")
    document,start,end,label,score,text
    1,0,3,per,0.75,Ada
    """
    yield _csv_lines([("document", *_FIELDS)])
    for number, document in enumerate(documents, start=1):
        name = document.meta.get("file", number)
        yield _csv_lines((name, *row) for row in _rows(document))


def as_conll(documents: Iterable[Document], view: View) -> Iterator[str]:
    """A token and its IOB2 tag a line, a tab between; an empty line after each sentence.

    >>> from onoma.text import Entity
    >>> document = Document.from_text("Ada wrote").replace(entities=[Entity(0, 3, "per")])
    >>> "".join(as_conll([document], View()))
    'Ada\\tB-per\\nwrote\\tO\\n\\n'
    """
    for document in documents:
        spans = token_spans(document)
        tags = TagSet(sorted({label for _, _, label in spans}))
        names = [tags.names[tag] for tag in tags.encode(spans, len(document.tokens))]
        starts = set(sentence_starts(document.text, document.tokens)) - {0}
        for at, (word, name) in enumerate(zip(document.words, names, strict=True)):
            # an entity is never torn by the end of a sentence, should the two disagree
            gap = "\n" if at in starts and not name.startswith("I-") else ""
            yield f"{gap}{word}\t{name}\n"
        yield "\n"


def as_html(documents: Iterable[Document], view: View) -> Iterator[str]:
    """A web page; see `onoma.runtime.page`."""
    return page(documents, view.labels, title=view.title)


def as_table(documents: Iterable[Document], view: View) -> Iterator[str]:
    """For people: the text with its entities highlighted, then a table of them."""
    from rich.console import Console

    # what is not a terminal has no width to keep to
    console = view.console or Console(file=io.StringIO(), width=1_000_000, no_color=True)
    for document in documents:
        with console.capture() as captured:
            if "file" in document.meta:
                console.print(
                    visible(str(document.meta["file"])), style="bold", markup=False, highlight=False
                )
            console.print(highlighted(document, view.labels), soft_wrap=not console.is_terminal)
            if document.entities:
                console.print(entity_table(document))
            else:
                console.print("no entities\n", style="dim")
        yield captured.get()


FORMATS: dict[str, Format] = {
    "table": as_table,
    "jsonl": as_jsonl,
    "conll": as_conll,
    "html": as_html,
    "csv": as_csv,
}


def format_named(name: str) -> Format:
    """The format called ``name``; raises `InputError` naming the nearest known one."""
    if name not in FORMATS:
        raise InputError(f"unknown format {name!r}; {nearest(name, FORMATS)}")
    return FORMATS[name]


_FIELDS = ("start", "end", "label", "score", "text")


def _rows(document: Document) -> Iterator[tuple[int, int, str, float, str]]:
    """The entities of ``document`` as rows of `_FIELDS`."""
    for entity in document.entities:
        yield entity.start, entity.end, entity.label, round(entity.score, 6), document.surface(entity)


def _csv_lines(rows: Iterable[Sequence[object]]) -> str:
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows(rows)
    return lines.getvalue()
