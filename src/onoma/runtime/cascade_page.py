"""A fitted cascade in tables and charts: for the terminal and as a page."""

from __future__ import annotations

from onoma.evaluation.sheets import Sheet, as_section
from onoma.pages.charts import Chart, lines
from onoma.pages.frame import page, tiles
from onoma.runtime.cascade_fit import Fit, Point

__all__ = ["charts", "sheets", "web_page"]

_ROWS = 11  # of the frontier in the table
_MEANING = (
    "Sentences go on when the cheap tagger is less certain than the threshold; ms are a sentence. The oracle "
    "knows what each sentence would gain and sends on at most as many; the regret is how far it is ahead. By "
    "lot: as many sentences drawn at random. The threshold was chosen on these very sentences: its F1 "
    "flatters a little."
)


def sheets(fit: Fit) -> list[Sheet]:
    """The chosen point beside each tagger alone, and the frontier."""
    head = ["", "threshold", "goes on", "ms", "F1", "oracle", "regret", "by lot"]
    named = [("cheap alone", fit.cheap), ("chosen", fit.chosen), ("all go on", fit.costly)]
    rows = [[name, *_cells(point)] for name, point in named]
    step = max((len(fit.frontier) - 1) // (_ROWS - 1), 1)
    along = [["", *_cells(point)] for point in fit.frontier[::step]]
    align = "l" + "r" * (len(head) - 1)
    return [
        Sheet(f"The threshold for: {fit.budget.in_words}", head, align, rows, [_MEANING]),
        Sheet("The frontier", head, align, along, [f"Measured on {fit.sentences:,} sentences."]),
    ]


def _cells(point: Point) -> list[str]:
    scores = (point.f1, point.oracle, point.regret, point.by_lot)
    told = [f"{point.threshold:.4f}", f"{point.share:.1%}", f"{point.ms:.3f}"]
    return [*told, *(f"{100 * score:.2f}" for score in scores)]


def charts(fit: Fit) -> list[Chart]:
    """F1 by the share of sentences that go on, and by time."""
    series = {
        "cascade": [100 * point.f1 for point in fit.frontier],
        "oracle": [100 * point.oracle for point in fit.frontier],
        "by lot": [100 * point.by_lot for point in fit.frontier],
    }
    shares = [100 * point.share for point in fit.frontier]
    times = [point.ms for point in fit.frontier]
    return [
        lines(
            shares, series, title="F1 by what goes on", xlabel="% of sentences that go on", ylabel="F1",
            mark=100 * fit.chosen.share, mark_label="chosen",
        ),
        lines(
            times, {"cascade": series["cascade"]}, title="F1 by time", xlabel="ms a sentence", ylabel="F1",
            mark=fit.chosen.ms, mark_label="chosen",
        ),
    ]  # fmt: skip


def web_page(fit: Fit, cheap: str, costly: str, corpus: str) -> str:
    """The tables and charts as a page of its own; needs the extra ``report``."""
    chosen = fit.chosen
    facts = [
        ("threshold", f"{chosen.threshold:.4f}", "certainty below which a sentence goes on"),
        ("go on", f"{chosen.share:.1%}", "of the sentences"),
        ("F1", f"{100 * chosen.f1:.2f}", f"cheap {100 * fit.cheap.f1:.2f}, costly {100 * fit.costly.f1:.2f}"),
        ("time", f"{chosen.ms:.3f} ms", "a sentence"),
        ("regret", f"{100 * chosen.regret:.2f}", "points of F1 behind the oracle"),
    ]
    chosen_sheet, frontier = sheets(fit)
    drawn = [chart.svg() for chart in charts(fit)]
    parts = [tiles(facts), as_section(chosen_sheet, *drawn), as_section(frontier)]
    lead = f"{cheap} answers, {costly} where it is unsure; fitted on {corpus}."
    return page("A cascade of two taggers", parts, lead=lead)
