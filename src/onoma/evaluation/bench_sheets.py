"""A `Bench` in tables: for the terminal and as a page with a chart."""

from __future__ import annotations

from collections.abc import Sequence

from onoma.evaluation.bench import Bench, Figures
from onoma.evaluation.sheets import Sheet, as_section
from onoma.pages.charts import Chart, grouped_bars
from onoma.pages.frame import page, tiles

__all__ = ["chart", "sheets", "web_page"]

_LEAD = "Medians over rounds in which every setting takes its turn, on {}."


def sheets(bench: Bench) -> list[Sheet]:
    """Speed by sentences a call, then the time of one sentence, then memory and loading."""
    return [_speed(bench), _latency(bench), _memory(bench)]


def chart(bench: Bench) -> Chart:
    """Tokens a second, a group of bars for each number of sentences a call."""
    sizes = _sizes(bench)
    series = {
        _threads(each).capitalize(): [round(each.tokens_per_second[size]) for size in sizes]
        for each in bench.figures
    }
    return grouped_bars([_a_call(size) for size in sizes], series, title="Speed", xlabel="tokens a second")


def web_page(bench: Bench) -> str:
    """The tables and the chart as a page of its own; the chart needs the extra ``report``."""
    best = max(rate for each in bench.figures for rate in each.tokens_per_second.values())
    median = min(each.latency_ms["p50"] for each in bench.figures)
    facts = [
        ("tokens a second", f"{best:,.0f}", "the best setting"),
        ("one sentence", f"{median:.2f} ms", "median, the best setting"),
        ("peak memory", _mib(bench.memory.peak), "all settings in one process"),
    ]
    first, *rest = sheets(bench)
    parts = [tiles(facts), as_section(first, chart(bench).svg()), *map(as_section, rest)]
    return page(f"How fast {bench.model} is", parts, lead=_LEAD.format(bench.machine))


def _speed(bench: Bench) -> Sheet:
    sizes = _sizes(bench)
    rows = [
        [_threads(each), *(f"{each.tokens_per_second[size]:,.0f}" for size in sizes)]
        for each in bench.figures
    ]
    note = (
        f"{bench.sentences:,} sentences, {bench.tokens:,} tokens of {bench.source}; medians of "
        f"{bench.rounds} rounds after one to warm up, in which words were learned."
    )
    title, align = f"{bench.model}: tokens a second", "l" + "r" * len(sizes)
    return Sheet(title, ["", *map(_a_call, sizes)], align, rows, [note, bench.machine])


def _latency(bench: Bench) -> Sheet:
    rows = [
        [_threads(each), *(f"{milliseconds:.2f}" for milliseconds in each.latency_ms.values())]
        for each in bench.figures
    ]
    return Sheet("One sentence, milliseconds", ["", "p50", "p95", "p99"], "lrrr", rows)


def _memory(bench: Bench) -> Sheet:
    rows = [[_threads(each), f"{each.load_seconds:.2f}", _mib(each.load_mib)] for each in bench.figures]
    note = (
        f"Resident memory of the whole process: {_mib(bench.memory.now)} now, {_mib(bench.memory.peak)} at "
        "its peak."
    )
    return Sheet("Loading", ["", "seconds", "memory"], "lrr", rows, [note])


def _sizes(bench: Bench) -> Sequence[int]:
    return list(bench.figures[0].tokens_per_second)


def _a_call(size: int) -> str:
    return "1 sentence" if size == 1 else f"{size} sentences"


def _threads(figures: Figures) -> str:
    if figures.threads is None:
        return "threads left to it"
    return f"{figures.threads} thread" + "s" * (figures.threads != 1)


def _mib(mib: float | None) -> str:
    return "not told" if mib is None else f"{mib:,.0f} MiB"
