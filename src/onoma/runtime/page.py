"""A web page of tagged documents: one file that needs nothing else, runs no script and fetches nothing.

It follows the reader's light or dark theme, fits a phone, sets each paragraph in its own direction, and
prints every entity's label beside it; the line under an entity has a style that goes with its colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from onoma.pages.frame import details, foot, head, table, text
from onoma.runtime.render import HUES, hues, segments
from onoma.text import Document, Entity

__all__ = ["page"]

_LINES = ("solid", "dashed", "double", "dotted")

_STYLE = """
body { line-height: 1.9; }
ul { list-style: none; padding: 0; margin: 0 0 1.4rem; display: flex; flex-wrap: wrap; gap: .3rem .8rem; }
article { border-top: 1px solid var(--rule); padding: 1.1rem 0; }
.text { white-space: pre-wrap; unicode-bidi: plaintext; text-align: start; }
mark { color: inherit; background: rgb(var(--hue) / .28); border-bottom: 3px solid rgb(var(--hue));
  border-radius: .2em .2em 0 0; padding: .1em .15em; box-decoration-break: clone;
  -webkit-box-decoration-break: clone; }
mark b { unicode-bidi: isolate; font-size: .72em; font-weight: 700; margin: 0 .3em;
  letter-spacing: .03em; }
@media print { mark { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def page(documents: Iterable[Document], labels: Sequence[str], *, title: str) -> Iterator[str]:
    """The page, piece by piece as ``documents`` come; ``labels`` are those of the legend.

    >>> document = Document("Ada <wrote>", entities=(Entity(0, 3, "per", 0.98),))
    >>> "".join(page([document], ["per"], title="A test")).count("&lt;wrote&gt;")
    1
    """
    places = hues(labels)
    legend = "".join(f"<li>{_mark(text(label), places[label])}</li>" for label in sorted(labels))
    yield head(title, _STYLE + _hue_rules())
    yield f'<ul aria-label="labels">{legend}</ul>\n'
    found = count = 0
    for document in documents:
        count, found = count + 1, found + len(document.entities)
        yield _article(document, places)
    yield foot(f"{_counted(count, 'text')}, {_counted(found, 'entity')}.")


def _hue_rules() -> str:
    """A colour and a line for each place in `HUES`."""
    rules = []
    for place, hue in enumerate(HUES):
        red, green, blue = bytes.fromhex(hue[1:])
        line = _LINES[place % len(_LINES)]
        rules.append(f".h{place} {{ --hue: {red} {green} {blue}; border-bottom-style: {line}; }}\n")
    return "".join(rules)


def _article(document: Document, places: dict[str, int]) -> str:
    name = document.meta.get("file")
    heading = f'<h2 dir="auto">{text(name)}</h2>' if name else ""
    marked = "".join(
        _mark(text(segment.text), places.get(segment.entity.label, 0), segment.closes)
        if segment.entity
        else text(segment.text)
        for segment in segments(document)
    )
    return f'<article>{heading}<div class="text" dir="auto">{marked}</div>{_details(document)}</article>\n'


def _mark(inner: str, place: int, closes: Sequence[Entity] = ()) -> str:
    badges = "".join(
        f'<b dir="ltr" title="probability {entity.score:.3f}">{text(entity.label)}</b>' for entity in closes
    )
    return f'<mark class="h{place}">{inner}{badges}</mark>'


def _details(document: Document) -> str:
    """The entities of ``document`` as a table that opens on demand; nothing when there are none."""
    if not document.entities:
        return ""
    rows = [
        (entity.start, entity.end, entity.label, f"{entity.score:.3f}", document.surface(entity))
        for entity in document.entities
    ]
    names = ("start", "end", "label", "score", "text")
    return details(_counted(len(rows), "entity"), table(names, rows, align="rrlrl"))


def _counted(count: int, noun: str) -> str:
    """
    >>> _counted(1, "text"), _counted(2, "entity")
    ('1 text', '2 entities')
    """
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"
