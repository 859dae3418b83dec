"""A web page of tagged documents: one file that needs nothing else, runs no script and fetches nothing.

It follows the reader's light or dark theme, fits a phone, sets each paragraph in its own direction, and
prints every entity's label beside it; the line under an entity has a style that goes with its colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from onoma.pages.markup import visible
from onoma.runtime.render import HUES, hues, segments
from onoma.text import Document, Entity

__all__ = ["page"]

_LINES = ("solid", "dashed", "double", "dotted")

_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1b1b1b; --quiet: #595959; --rule: #d8d8d8; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #16181c; --ink: #ececec; --quiet: #b0b0b0; --rule: #3c4048; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem; max-width: 46rem; background: var(--ground); color: var(--ink);
  font: 1.05rem/1.9 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.3rem; line-height: 1.3; margin: 0 0 .4rem; }
h2 { font-size: 1rem; margin: 0 0 .4rem; color: var(--quiet); font-weight: 600; }
ul { list-style: none; padding: 0; margin: 0 0 1.4rem; display: flex; flex-wrap: wrap; gap: .3rem .8rem; }
article { border-top: 1px solid var(--rule); padding: 1.1rem 0; }
.text { white-space: pre-wrap; unicode-bidi: plaintext; text-align: start; }
mark { color: inherit; background: rgb(var(--hue) / .28); border-bottom: 3px solid rgb(var(--hue));
  border-radius: .2em .2em 0 0; padding: .1em .15em; box-decoration-break: clone;
  -webkit-box-decoration-break: clone; }
mark b { unicode-bidi: isolate; font-size: .72em; font-weight: 700; margin: 0 .3em;
  letter-spacing: .03em; }
details { margin-top: .8rem; font-size: .9rem; line-height: 1.5; }
summary { cursor: pointer; color: var(--quiet); }
table { border-collapse: collapse; margin-top: .4rem; }
th, td { text-align: start; padding: .15rem .8rem .15rem 0; vertical-align: top; }
td.n { font-variant-numeric: tabular-nums; }
td:last-child { unicode-bidi: plaintext; white-space: pre-wrap; }
footer { border-top: 1px solid var(--rule); padding-top: .6rem; color: var(--quiet); font-size: .85rem; }
@media print { mark { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def page(documents: Iterable[Document], labels: Sequence[str], *, title: str) -> Iterator[str]:
    """The page, piece by piece as ``documents`` come; ``labels`` are those of the legend.

    >>> document = Document("Ada <wrote>", entities=(Entity(0, 3, "per", 0.98),))
    >>> "".join(page([document], ["per"], title="A test")).count("&lt;wrote&gt;")
    1
    """
    places = hues(labels)
    yield _head(title, labels, places)
    found = count = 0
    for document in documents:
        count, found = count + 1, found + len(document.entities)
        yield _article(document, places)
    yield f"<footer>{_counted(count, 'text')}, {_counted(found, 'entity')}. Made with Onoma.</footer>\n"
    yield "</body>\n</html>\n"


def _head(title: str, labels: Sequence[str], places: dict[str, int]) -> str:
    legend = "".join(f"<li>{_mark(escape(visible(label)), places[label])}</li>" for label in sorted(labels))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(visible(title))}</title>\n<style>{_STYLE}{_hue_rules()}</style>\n</head>\n<body>\n"
        f'<h1>{escape(visible(title))}</h1>\n<ul aria-label="labels">{legend}</ul>\n'
    )


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
    heading = f'<h2 dir="auto">{escape(visible(str(name)))}</h2>' if name else ""
    text = "".join(
        _mark(escape(visible(segment.text)), places.get(segment.entity.label, 0), segment.closes)
        if segment.entity
        else escape(visible(segment.text))
        for segment in segments(document)
    )
    return f'<article>{heading}<div class="text" dir="auto">{text}</div>{_details(document)}</article>\n'


def _mark(inner: str, place: int, closes: Sequence[Entity] = ()) -> str:
    badges = "".join(
        f'<b dir="ltr" title="probability {entity.score:.3f}">{escape(visible(entity.label))}</b>'
        for entity in closes
    )
    return f'<mark class="h{place}">{inner}{badges}</mark>'


def _details(document: Document) -> str:
    """The entities of ``document`` as a table that opens on demand; nothing when there are none."""
    if not document.entities:
        return ""
    names = "".join(f"<th>{name}</th>" for name in ("start", "end", "label", "score", "text"))
    rows = "".join(_row(document, entity) for entity in document.entities)
    summary = f"<summary>{_counted(len(document.entities), 'entity')}</summary>"
    return f"<details>{summary}<table><tr>{names}</tr>{rows}</table></details>"


def _row(document: Document, entity: Entity) -> str:
    numbers = "".join(f'<td class="n">{value}</td>' for value in (entity.start, entity.end))
    label, surface = escape(visible(entity.label)), escape(visible(document.surface(entity)))
    return f'<tr>{numbers}<td>{label}</td><td class="n">{entity.score:.3f}</td><td>{surface}</td></tr>'


def _counted(count: int, noun: str) -> str:
    """
    >>> _counted(1, "text"), _counted(2, "entity")
    ('1 text', '2 entities')
    """
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"
