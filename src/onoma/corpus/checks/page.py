"""A report as a web page: sizes, plots, and every finding with its examples, the gravest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from onoma.corpus.checks.codes import CODES
from onoma.corpus.checks.distribution import PERCENTS, Lengths
from onoma.corpus.checks.finding import Example, Finding
from onoma.corpus.checks.report import Report
from onoma.corpus.checks.survey import Survey
from onoma.pages.charts import grouped_bars, histogram
from onoma.pages.frame import Html, details, paragraph, section, table, text, tiles
from onoma.pages.frame import page as framed

__all__ = ["page"]

_OPEN = 3  # examples that stand open; the rest opens on demand
_MARKS = {"error": "✖", "warning": "▲", "note": "●"}  # shapes, so that no colour has to tell them apart
_STYLE = """
.tiles .value { overflow-wrap: normal; font-size: 1.25rem; }
a { color: var(--c1); }
mark { color: inherit; background: none; font-weight: 700; border-bottom: 3px solid var(--c2); }
.finding { border-inline-start: 4px solid var(--rule); padding-inline-start: .8rem; margin: 0 0 1.4rem; }
.error { border-color: var(--c2); }
.warning { border-color: var(--c5); }
.note-finding { border-color: var(--c1); }
.finding h3 { font-size: 1rem; line-height: 1.4; margin: 0 0 .2rem; }
.finding ul { list-style: none; padding: 0; margin: .3rem 0 .6rem; }
.finding li { margin: 0 0 .5rem; unicode-bidi: plaintext; font-size: .92rem; line-height: 1.5; }
.finding li span { display: block; color: var(--quiet); font-size: .85rem; }
.finding p { font-size: .95rem; margin: 0 0 .4rem; }
.finding code { color: var(--quiet); font-weight: 400; font-size: .85rem; }
"""


def page(report: Report) -> str:
    """The page as one HTML document; it runs no script and fetches nothing.

    Raises ModuleNotFoundError without the extra ``report``, which draws the plots.
    """
    surveys = report.surveys
    names = ", ".join(each.name for each in surveys)
    several = len(surveys) > 1
    parts = [
        _overview(report),
        _index(report.findings, [each.name for each in surveys]),
        _corpora(surveys),
        *_findings(report.findings, several),
        _plots(surveys),
    ]
    lead = "What is in the corpus, and what an annotator ought to look at, the gravest first."
    return framed(f"Checked: {names}", parts, lead=lead, extra_style=_STYLE)


def _overview(report: Report) -> Html:
    surveys = report.surveys
    counts = [(f"{severity}s", f"{count:,}", "") for severity, count in report.totals.items()]
    sizes = [
        ("sentences", f"{sum(map(len, surveys)):,}", ""),
        ("tokens", f"{sum(len(each.tokens) for each in surveys):,}", ""),
        ("entities", f"{sum(len(each.entities.label) for each in surveys):,}", ""),
    ]
    return tiles(sizes + counts)


def _index(findings: Sequence[Finding], names: Sequence[str]) -> Html:
    """One line for each severity and code: how often in each corpus, and a link to where it is told."""
    counts: dict[str, dict[str, list[str]]] = {}
    lines = {_anchor(each): each for each in findings}
    for each in findings:
        counts.setdefault(_anchor(each), {}).setdefault(each.corpus, []).append(f"{each.count:,}")
    rows = [
        [_link(lines[anchor]), *(" + ".join(found.get(name, [])) for name in names)]
        for anchor, found in counts.items()
    ]
    note = (
        f"How often in each corpus; {', '.join(f'{mark} {severity}' for severity, mark in _MARKS.items())}."
    )
    if not rows:
        return section("Findings", paragraph("Nothing was found to be wrong."))
    return section("Findings", table(["", *names], rows, align="l" + "r" * len(names)), note=note)


def _link(finding: Finding) -> Html:
    return Html(f'{_MARKS[finding.severity]} <a href="#{_anchor(finding)}">{text(finding.code)}</a>')


def _anchor(finding: Finding) -> str:
    return f"{finding.severity}-{finding.code}"


def _corpora(surveys: Sequence[Survey]) -> Html:
    names = [each.name for each in surveys]
    align = "l" + "r" * len(surveys)
    return section(
        "What is in it",
        table(["", *names], _sizes(surveys), align=align),
        table(
            ["tokens at most, of so many in 100", *map(str, PERCENTS)],
            [row for each in surveys for row in _lengths(each)],
            align="l" + "r" * len(PERCENTS),
        ),
    )


def _sizes(surveys: Sequence[Survey]) -> Iterator[list[str]]:
    yield ["sentences", *(f"{len(each):,}" for each in surveys)]
    yield ["of them different", *(f"{len(each.groups):,}" for each in surveys)]
    yield ["with an entity", *(f"{each.annotated:.1%}" for each in surveys)]
    yield ["tokens", *(f"{len(each.tokens):,}" for each in surveys)]
    yield ["different words", *(f"{(each.word_counts > 0).sum():,}" for each in surveys)]
    for label in sorted({label for each in surveys for label in each.labels}):
        yield [f"{label} entities", *(f"{each.facts.entities[label]:,}" for each in surveys)]
    yield ["format", *(each.source.format or "in memory" for each in surveys)]
    yield ["tag scheme", *(each.facts.scheme or "none" for each in surveys)]


def _lengths(found: Survey) -> Iterator[list[str]]:
    for what, lengths in (("sentences", found.sentence_tokens), ("entities", found.entity_tokens)):
        values = lengths.percentiles or dict.fromkeys(PERCENTS, None)
        yield [f"{found.name}: {what}", *("" if v is None else f"{v:,}" for v in values.values())]


def _plots(surveys: Sequence[Survey]) -> Html:
    labels = sorted({label for each in surveys for label in each.labels})
    charts = [_labels_chart(surveys, labels)] if labels else []
    for each in surveys:
        for what, lengths in (("sentences", each.sentence_tokens), ("entities", each.entity_tokens)):
            if lengths.counts.sum():
                charts.append(_histogram(f"{each.name}: length of {what}", what, lengths))
    return section("Distributions", *charts)


def _labels_chart(surveys: Sequence[Survey], labels: Sequence[str]) -> str:
    shares = {
        each.name: [100 * each.facts.entities[label] / max(len(each.entities.label), 1) for label in labels]
        for each in surveys
    }
    return grouped_bars(labels, shares, title="Entities by label", xlabel="% of the part's entities").svg()


def _histogram(title: str, what: str, lengths: Lengths) -> str:
    counts = {float(i): float(n) for i, n in enumerate(lengths.counts) if n}
    return histogram(counts, title=title, xlabel="tokens", ylabel=what).svg()


def _findings(findings: Sequence[Finding], several: bool) -> Iterator[str]:
    """A section for each severity, in it each code with all corpora it was found in."""
    for severity, some in groupby(findings, key=lambda finding: finding.severity):
        blocks = [_block(list(each), several) for _, each in groupby(some, key=lambda finding: finding.code)]
        yield section(f"{severity.capitalize()}s", *blocks)


def _block(findings: Sequence[Finding], several: bool) -> Html:
    severity, code = findings[0].severity, findings[0].code
    kind = "note-finding" if severity == "note" else severity
    meaning = text(CODES[code].meaning[:1].upper() + CODES[code].meaning[1:])
    inner = "".join(_finding(finding, several) for finding in findings)
    return Html(
        f'<div class="finding {kind}" id="{_anchor(findings[0])}">'
        f'<h3><span aria-hidden="true">{_MARKS[severity]}</span> {meaning} '
        f"<code>{text(code)}</code></h3>\n{paragraph(f'→ {findings[0].advice}')}{inner}</div>\n"
    )


def _finding(finding: Finding, several: bool) -> str:
    said = paragraph(f"{finding.corpus}: {finding.message}" if several else finding.message)
    shown, rest = finding.examples[:_OPEN], finding.examples[_OPEN:]
    return said + _list(shown) + (details(f"{len(rest)} more", _list(rest)) if rest else "")


def _list(examples: Sequence[Example]) -> str:
    return f"<ul>{''.join(map(_item, examples))}</ul>\n" if examples else ""


def _item(example: Example) -> str:
    before, stretch, after = map(text, example.parts(300))
    marked = f"<mark>{stretch}</mark>" if stretch else ""
    said = "; ".join(filter(None, (example.place, example.note)))
    return f'<li dir="auto">{before}{marked}{after}<span>{text(said)}</span></li>\n'
