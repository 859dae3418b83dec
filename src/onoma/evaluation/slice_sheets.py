"""A `SliceReport` in tables and charts: for the terminal, in Markdown, as a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from onoma.evaluation.bootstrap import Interval
from onoma.evaluation.sheets import Sheet, as_markdown, as_section
from onoma.evaluation.slices import UNEDITED, SliceReport, SliceScore
from onoma.evaluation.swap_scores import GroupScore, SwapReport
from onoma.pages.frame import page, paragraph, section, tiles

__all__ = ["markdown", "sheets", "web_page"]

TITLE = "Robustness of {}"
WHAT_NAMES_ARE = (
    "The names are lists of Onoma's own, compiled by hand: what is common where. A name does not say who "
    "bears it; the groups are lists of names, not of people. The sentences around the names were written "
    "about somebody else, and nothing in them was changed (he stays he, and the country stays the country)."
)
WHAT_IS_FLAGGED = (
    "A difference between the best and the worst group is flagged when its whole interval, corrected for "
    "having picked the two from all pairs, lies beyond 10 points."
)


def sheets(report: SliceReport) -> list[Sheet]:
    """The report as tables: the edits, then each kind of names."""
    return [_edits(report), *(sheet for swap in report.swaps for sheet in _swaps(swap))]


def markdown(report: SliceReport, about: Mapping[str, str]) -> str:
    """The report in Markdown; ``about`` names the ``model``, and what it was judged on."""
    facts = [f"* {name}: {value}" for name, value in _facts(report, about).items()]
    notes = [f"{note}\n" for note in (*report.notes, *_lists_note(report))]
    parts = [as_markdown(sheet) for sheet in sheets(report)]
    return "\n".join([f"# {TITLE.format(about['model'])}", "", *facts, "", *parts, *notes])


def web_page(report: SliceReport, about: Mapping[str, str]) -> str:
    """The report as a page of its own. The charts need matplotlib (extra ``report``)."""
    facts = [(name, value, "") for name, value in _facts(report, about).items()]
    parts = [tiles(facts), as_section(_edits(report), _edits_chart(report.slices))]
    for swap in report.swaps:
        charts = [_group_chart(swap, by) for by in swap.groups]
        parts += [as_section(*pair) for pair in zip(_swaps(swap), charts, strict=True)]
    notes = [*report.notes, *_lists_note(report)]
    if notes:
        parts.append(section("What this is, and is not", *map(paragraph, notes)))
    lead = "The same sentences written otherwise, and with other names in them."
    return page(TITLE.format(about["model"]), parts, lead=lead)


def _facts(report: SliceReport, about: Mapping[str, str]) -> dict[str, str]:
    own = "given the text alone" if report.tokens == "own" else "given the corpus's tokens"
    return {
        "corpus": about["corpus"],
        "sentences": f"{report.sentences:,}",
        "the tagger was": own,
        "words mistyped": f"{report.typo_rate:.0%}",
        "seed": str(report.seed),
        "resamples": f"{report.resamples:,}",
    }


def _lists_note(report: SliceReport) -> list[str]:
    return [WHAT_NAMES_ARE, WHAT_IS_FLAGGED] if report.swaps else []


def _edits(report: SliceReport) -> Sheet:
    head = ["slice", "F1", "95 %", "diff.", "95 %", "prec.", "rec."]
    return Sheet(
        "Written otherwise", head, "lrrrrrr", [*map(_edit_row, report.slices)], [*_about_edits(report)]
    )


def _edit_row(row: SliceScore) -> list[str]:
    first = row.name == UNEDITED
    return [
        row.name,
        _percent(row.f1.value),
        _range(row.f1),
        "" if first else _signed(row.difference.value),
        "" if first else _range(row.difference, _signed),
        _percent(row.counts.precision),
        _percent(row.counts.recall),
    ]


def _about_edits(report: SliceReport) -> Iterator[str]:
    yield (
        "Strict entity scores in %, all labels pooled, with 95 % intervals; diff.: F1 less that of the "
        "unedited sentences, on the same resamples."
    )
    yield "; ".join(f"{row.name}: {row.summary}" for row in report.slices[1:]) + "."
    altered = [f"{row.name} {row.changed:,}" for row in report.slices[1:] if row.changed < report.sentences]
    if altered:
        yield f"Sentences altered, where not all {report.sentences:,} were: {', '.join(altered)}."
    for row in report.slices[1:]:
        if row.lost_tokens or row.lost_entities:
            yield (
                f"{row.name}: {row.lost_tokens:,} tokens and {row.lost_entities:,} gold entities were "
                "nothing but what was removed, and are no more in the slice."
            )


def _swaps(swap: SwapReport) -> Iterator[Sheet]:
    head = ["names", "recall", "95 %", "F1", "95 %"]
    for by, groups in swap.groups.items():
        rows = [_group_row(row) for row in (swap.as_written, *groups)]
        yield Sheet(f"{swap.kind.capitalize()}, by {by}", head, "lrrrr", rows, list(_gaps(swap, by)))


_NAMES = {"recall": "recall", "f1": "F1"}


def _group_row(row: GroupScore) -> list[str]:
    return [row.name, _percent(row.recall.value), _range(row.recall), _percent(row.f1.value), _range(row.f1)]


def _gaps(swap: SwapReport, by: str) -> Iterator[str]:
    yield (
        f"{swap.entities:,} entities labelled {swap.label} in {swap.sentences:,} sentences got other names. "
        f"Recall: the share of them that was found, in %. F1: of all {swap.label} in those sentences."
    )
    for figure, gap in swap.gaps[by].items():
        sign = "FLAGGED" if gap.flagged else "Not flagged"
        correction = f", corrected for {gap.pairs} pairs" if gap.pairs > 1 else ""
        yield (
            f"{sign}: in {_NAMES[figure]}, {gap.best} is {_percent(gap.difference.value)} points above "
            f"{gap.worst} (interval {_range(gap.difference)}{correction})."
        )


def _edits_chart(rows: Sequence[SliceScore]) -> str:
    return _chart([row.name for row in rows], [row.f1 for row in rows], "F1 on each slice", "F1, %")


def _group_chart(swap: SwapReport, by: str) -> str:
    rows = [swap.as_written, *swap.groups[by]]
    title = f"Recall of the swapped {swap.kind}, by {by}"
    return _chart([row.name for row in rows], [row.recall for row in rows], title, "recall, %")


def _chart(names: Sequence[str], figures: Sequence[Interval], title: str, xlabel: str) -> str:
    from onoma.pages.charts import bars

    value, low, high = ([100 * number for number in column] for column in zip(*figures, strict=True))
    return bars(names, value, low=low, high=high, title=title, xlabel=xlabel, limit=100).svg()


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}"


def _range(interval: Interval, show: Callable[[float], str] = _percent) -> str:
    return f"{show(interval.low)}…{show(interval.high)}"
