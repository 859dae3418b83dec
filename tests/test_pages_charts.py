"""Charts: sound SVG that takes its colours from the page, the same every time, and PNG that is whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.image
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from onoma.errors import InputError, OutputError
from onoma.pages.charts import bars, beside, grouped_bars, histogram, lines, matrix, reliability, scatter
from onoma.pages.markup import visible
from onoma.pages.measure import elided, folded, text_width
from onoma.pages.svg import SENTINELS
from onoma.pages.theme import DARK, LIGHT

FOREIGN = ["漢字ラベル", "שלום עולם"]
LABELS = ["per", "geo", "<b>&amp;", "$x^2$", "_hidden", *FOREIGN, "tab\tline\nend", "x" * 300]
OURS = ["url(#m)", 'style="fill: #fe0100"', "#fe0100"]  # what the SVG is edited by
NASTY = [*OURS, "</title><script>", "\x00\ud800\ufffe", "_", "$", "\\", ""]
anything = st.text(st.characters(), max_size=12) | st.sampled_from(NASTY)
numbers = st.floats(-1e6, 1e6) | st.integers(-1000, 1000)


def charts(names, values):
    """Every kind of chart of the same names and values."""
    title = " ".join(names)
    pairs = list(zip(names, values, strict=True))
    named = {f"{place}{name}": [value] * 2 for place, (name, value) in enumerate(pairs)}
    up = [abs(value) for value in values]
    shares = [value / max([*up, 1]) for value in up]
    points = [(value, value / 2, name) for name, value in pairs]
    sizes = [(abs(value) + 1, value, name) for name, value in pairs]
    about = {"title": title, "xlabel": title}
    both = {**about, "ylabel": title}
    return {
        "bars": bars(names, values, low=values, high=values, limit=9, **about),
        "grouped": grouped_bars(["a", "b"], named, **about),
        "lines": lines([1, 2], named, mark=1, mark_label=title, **both),
        "histogram": histogram(values, **both),
        "counts": histogram(dict(zip(values, up, strict=True)), **both),
        "matrix": matrix(names, names, [up for _ in names], **both),
        "reliability": reliability([(share, share, 3) for share in shares], title=title),
        "scatter": scatter(points, **both),
        "log": scatter(sizes, log_x=True, **both),
    }


KINDS = sorted(charts([], []))
ALL = charts(LABELS, [91.2, 88, 3.5, 0, -2, 1e5, 4, 5, 6])


def parsed(svg: str) -> ElementTree.Element:
    root = ElementTree.fromstring(svg)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    pointed = set(re.findall(r'(?:url\(#|href="#)(c[0-9a-f]{8}-\d+)', svg))
    assert pointed == set(ids)
    return root


def words(root: ElementTree.Element, kind: str = "text") -> list[str]:
    return [element.text or "" for element in root.iter() if element.tag.rpartition("}")[2] == kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_chart_is_sound_svg_in_colours_of_the_page(kind):
    svg = ALL[kind].svg()
    root = parsed(svg)
    styles = " ".join(element.get("style", "") for element in root.iter())
    assert "var(--ink)" in styles
    assert "#" not in styles.replace("url(#", "")  # no colour of its own
    assert root.get("role") == "img"
    assert words(root, "title")[0] == visible(ALL[kind].title)
    assert words(root, "desc")[0] == visible(ALL[kind].description)
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
        "svg", "g", "path", "use", "defs", "pattern", "clipPath", "rect", "text", "title", "desc"
    }  # fmt: skip


@settings(max_examples=8)
@given(st.lists(st.tuples(anything, numbers), max_size=5))
@example([(name, 1.0) for name in NASTY])
@example([("a", 0.0)])
@example([("a", 1e-9), ("b", 1e18)])
def test_any_names_and_numbers_make_sound_svg(pairs):
    for chart in charts([name for name, _ in pairs], [value for _, value in pairs]).values():
        root = parsed(chart.svg())
        assert not {"script", "style"} & {element.tag.rpartition("}")[2] for element in root.iter()}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_at_all_is_said_to_be_no_data(kind):
    chart = charts([], [])[kind]
    assert "no data" in words(parsed(chart.svg())) or kind == "grouped"


@pytest.mark.parametrize("kind", KINDS)
def test_one_datum_is_a_chart(kind):
    assert "no data" not in words(parsed(charts(["one"], [3])[kind].svg()))


def test_charts_are_drawn_the_same_in_every_thread():
    alone = {kind: ALL[kind].svg() for kind in KINDS}
    with ThreadPoolExecutor(4) as pool:
        assert dict(zip(KINDS, pool.map(lambda kind: ALL[kind].svg(), KINDS), strict=True)) == alone


PROGRAM = """
from onoma.pages.charts import grouped_bars, lines
print(lines([1, 2], {"a": [1, 2], "b": [2, 1]}, title="t", xlabel="x", ylabel="y", mark=1).svg())
print(grouped_bars(["n"], {"a": [1], "b": [2]}, title="t", xlabel="x").svg())
"""


def test_two_processes_draw_the_same():
    def drawn(seed: str) -> bytes:
        env, command = os.environ | {"PYTHONHASHSEED": seed}, [sys.executable, "-c", PROGRAM]
        return subprocess.run(command, capture_output=True, check=True, env=env).stdout

    assert drawn("1") == drawn("2")


def test_settings_of_the_process_are_neither_used_for_text_nor_changed():
    before = dict(mpl.rcParams)
    plain = ALL["bars"].svg()
    other = {"text.usetex": True, "svg.fonttype": "path", "text.parse_math": True, "svg.hashsalt": "x"}
    with mpl.rc_context(other):
        assert ALL["bars"].svg() == plain
    assert dict(mpl.rcParams) == before


def test_ids_of_different_charts_on_a_page_do_not_clash():
    ids = [set(re.findall(r' id="([^"]+)"', ALL[kind].svg())) for kind in KINDS]
    assert sum(map(len, ids)) == len(set.union(*ids)) > 0


def test_text_stays_text_and_what_is_cut_short_can_be_read_in_full():
    root = parsed(ALL["bars"].svg())
    shown = words(root)
    assert {"per", "<b>&amp;", "$x^2$", "_hidden", "漢字ラベル", "שלום עולם", "tab␉line␊end"} <= set(shown)
    assert any(name.startswith("xxx") and name.endswith("…") for name in shown)
    assert "x" * 300 in words(root, "title")


def test_a_legend_names_every_series_whatever_its_name():
    chart = lines([1], {"_hidden": [1], "$a$": [2], "": [3]}, title="t", xlabel="x", ylabel="y")
    assert {"_hidden", "$a$"} <= set(words(parsed(chart.svg())))


def test_values_and_intervals_are_said_in_words():
    chart = bars(["per", "geo"], [91.25, None], low=[90, None], high=[93, None], title="F1", xlabel="F1")
    assert chart.description == "F1. per: 91.2 (90 to 93); geo: –"
    assert {"91.2", "–"} <= set(words(parsed(chart.svg())))


def test_a_chart_of_hundreds_of_names_has_them_all():
    names = [f"label {n}" for n in range(400)]
    chart = bars(names, range(400), title="t", xlabel="x")
    assert set(names) <= set(words(parsed(chart.svg())))
    assert chart.height > 400 * 15


def widths(chart) -> tuple[float, float]:
    style = parsed(chart.svg()).get("style")
    return chart.width, float(re.search(r"min-width:(\d+)px", style)[1])


def test_a_chart_fits_a_phone_and_one_that_cannot_scrolls_rather_than_shrinks():
    assert widths(ALL["bars"])[1] <= 350
    names = [f"label {n}" for n in range(20)]
    natural, least = widths(matrix(names, names, [[1000] * 20] * 20, title="t", xlabel="x", ylabel="y"))
    assert least > 0.89 * natural > 600


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_refused(bad):
    calls = [
        lambda: bars(["a"], [bad], title="t", xlabel="x"),
        lambda: bars(["a"], [1], low=[bad], high=[2], title="t", xlabel="x"),
        lambda: grouped_bars(["a"], {"s": [bad]}, title="t", xlabel="x"),
        lambda: lines([1], {"s": [bad]}, title="t", xlabel="x", ylabel="y"),
        lambda: lines([bad], {"s": [1]}, title="t", xlabel="x", ylabel="y"),
        lambda: lines([1], {"s": [1]}, title="t", xlabel="x", ylabel="y", mark=bad),
        lambda: histogram([bad], title="t", xlabel="x", ylabel="y"),
        lambda: histogram({1: bad}, title="t", xlabel="x", ylabel="y"),
        lambda: matrix(["a"], ["b"], [[bad]], title="t", xlabel="x", ylabel="y"),
        lambda: reliability([(0.5, bad, 1)], title="t"),
        lambda: scatter([(bad, 1, "a")], title="t", xlabel="x", ylabel="y"),
        lambda: bars(["a"], [1], title="t", xlabel="x", limit=bad),
    ]
    for call in calls:
        with pytest.raises(InputError, match="finite numbers only"):
            call()


def test_what_does_not_go_together_is_refused():
    calls = [
        lambda: bars(["a"], [1, 2], title="t", xlabel="x"),
        lambda: bars(["a"], [1], low=[1, 2], high=[2], title="t", xlabel="x"),
        lambda: grouped_bars(["a"], {"length": [1, 2]}, title="t", xlabel="x"),
        lambda: lines([1, 2], {"what": [1]}, title="t", xlabel="x", ylabel="y"),
        lambda: matrix(["a"], ["b"], [[1, 2]], title="t", xlabel="x", ylabel="y"),
        lambda: matrix(["a"], ["b"], [[-1]], title="t", xlabel="x", ylabel="y"),
        lambda: reliability([(0.5, 1.5, 1)], title="t"),
        lambda: scatter([(0, 1, "a")], title="t", xlabel="x", ylabel="y", log_x=True),
    ]
    for call in calls:
        with pytest.raises(InputError):
            call()


@given(st.lists(st.integers(-500, 5000) | st.floats(-1e3, 1e3), max_size=50))
def test_a_histogram_counts_every_value_once_in_few_bins(values):
    chart = histogram(values, title="t", xlabel="x", ylabel="y")
    told = re.findall(r": ([\d,]+)(?:;|$)", chart.description)
    assert sum(int(count.replace(",", "")) for count in told) == len(values)
    assert len(told) <= 32


def test_whole_numbers_that_are_few_have_a_bar_each():
    chart = histogram({1: 50, 2: 30, 7: 1}, title="t", xlabel="tokens", ylabel="entities")
    assert chart.description == "entities by tokens. 1: 50; 2: 30; 7: 1"


@pytest.mark.parametrize(("kind", "dark"), [*((kind, False) for kind in KINDS), ("bars", True)])
def test_a_png_is_written_whole_in_real_colours(kind, dark, tmp_path):
    path = tmp_path / "chart.png"
    ALL[kind].save_png(path, dark=dark)  # warnings are errors: a glyph that no font has raises none
    pixels = matplotlib.image.imread(path)
    ground = (DARK if dark else LIGHT)["ground"]
    assert bytes(round(255 * float(part)) for part in pixels[0, 0, :3]).hex() == ground[1:]
    assert pixels.shape[1] == pytest.approx(ALL[kind].width * 160 / 72, abs=2)
    assert list(tmp_path.iterdir()) == [path]


def test_a_png_that_cannot_be_written_says_so_and_leaves_what_was_there(tmp_path):
    (tmp_path / "file").write_text("there")
    with pytest.raises(OutputError):
        ALL["bars"].save_png(tmp_path / "file" / "chart.png")
    assert (tmp_path / "file").read_text() == "there"


def test_charts_side_by_side_are_one(tmp_path: Path):
    both = beside([ALL["bars"], ALL["lines"]], title="both")
    assert both.width == ALL["bars"].width + ALL["lines"].width
    assert "91.2" in words(parsed(both.svg()))
    assert "var(--c2)" in both.svg()


def test_sentinels_are_no_colours_of_the_themes():
    assert not set(SENTINELS.values()) & {*LIGHT.values(), *DARK.values()}
    assert set(LIGHT) == set(DARK) == set(SENTINELS)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.2."""

    def light(colour: str) -> float:
        parts = [part / 255 for part in bytes.fromhex(colour[1:])]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted([light(one), light(other)], reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_words_can_be_read_on_their_ground(theme):
    assert contrast(theme["ink"], theme["ground"]) > 7
    assert contrast(theme["quiet"], theme["ground"]) > 4.5


@given(st.text(max_size=60), st.floats(1, 500))
def test_what_is_elided_fits_and_begins_the_same(words, room):
    shown = elided(words, room, 11)
    assert shown == words or (shown.endswith("…") and words.startswith(shown[:-1]))
    assert text_width(shown, 11) <= max(room, text_width("…", 11)) + 1e-6


def test_a_long_title_goes_over_several_lines():
    assert len(folded("a title that is long " * 5, 300, 13)) > 1
    assert folded("", 300, 13) == []
