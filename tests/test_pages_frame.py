"""Pages: whatever text is given comes out as text, and a page needs nothing from elsewhere."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onoma.errors import InputError
from onoma.pages.frame import Html, details, foot, head, page, paragraph, section, table, text, tiles, visible

SCRIPT = "<script>alert(1)</script>"
NASTY = [SCRIPT, "\"'>&amp;</td></table>", "\x00\x1b[31m\x85", "a\ud800b\ufffe", "שלום", "漢字 👩‍🚀"]
anything = st.text(st.characters(), max_size=20) | st.sampled_from(NASTY)  # surrogates and controls as well


class Reader(HTMLParser):
    """Checks that tags close in order; collects the text of each kind of element, and all attributes."""

    EMPTY = frozenset({"meta"})

    def __init__(self):
        super().__init__()
        self.open, self.texts, self.tags, self.attributes = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.EMPTY:
            self.open.append((tag, len(self.texts)))
            self.texts.append((tag, ""))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.open:
            tag, place = self.open[-1]
            self.texts[place] = (tag, self.texts[place][1] + data)

    def inside(self, tag):
        return [words for name, words in self.texts if name == tag]


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def everything(words: str) -> str:
    rows = [[words, 1], [None, words]]
    parts = [
        section(words, paragraph(words), note=words, id=words or None),
        table([words, words], rows, caption=words, align="lr"),
        tiles([(words, words, words)]),
        details(words, table([words], [])),
    ]
    return page(words, parts, lead=words, footer=words)


@given(anything)
@example(SCRIPT)
def test_any_text_anywhere_comes_out_as_text_and_nothing_else(words):
    reader, plain = read(everything(words)), read(everything("x"))
    assert reader.tags == plain.tags or not words  # an empty caption or note has no element
    shown = visible(words)
    assert reader.inside("h1") == [shown]
    assert reader.inside("td") == [shown, "1", "", shown, "none"]
    assert reader.inside("h2") == [shown]
    assert reader.inside("title") == [shown]
    everything(words).encode()


@given(anything)
def test_visible_keeps_the_length_and_what_is_left_can_be_written(words):
    assert len(visible(words)) == len(words)
    controls = {*range(9), *range(11, 32), *range(127, 160), *range(0xD800, 0xE000)}
    assert not {ord(character) for character in visible(words)} & controls


def test_markup_passes_and_text_does_not():
    assert text(Html("<b>")) == "<b>"
    assert text(5) == "5"
    assert '<td dir="auto"><b>x</b></td>' in table(["a"], [[Html("<b>x</b>")]])


def test_a_page_runs_nothing_and_fetches_nothing():
    html = everything("words")
    names = {name for name, _ in read(html).attributes}
    assert not names & {"src", "href", "srcset", "data", "onclick", "onload"}
    assert "default-src 'none'" in html
    assert "url(" not in html
    assert "@import" not in html
    assert "width=device-width" in html
    assert "prefers-color-scheme: dark" in html


def test_a_page_can_be_written_piece_by_piece():
    pieces = head("Title", ".own { color: red; }") + section("One") + foot("End.")
    assert page("Title", [section("One")], footer="End.", extra_style=".own { color: red; }") == pieces


def test_a_chart_gets_a_box_that_scrolls_and_can_be_reached_by_keyboard():
    chart = "<svg></svg>"
    boxed = f'<div class="scroll" tabindex="0" role="region" aria-label="chart">{chart}</div>'
    for html in (section("s", chart), details("s", chart), page("t", [chart])):
        assert boxed in html


def test_numbers_stand_on_the_right():
    html = table(["name", "F1"], [["per", "91.2"]], align="lr")
    assert '<th class="n">F1</th>' in html
    assert '<td class="n">91.2</td>' in html


@pytest.mark.parametrize(("rows", "align"), [([["one"]], "lr"), ([["one", "two"]], "l"), ([[1, 2, 3]], None)])
def test_a_table_that_does_not_fit_its_head_is_refused(rows, align):
    with pytest.raises(InputError, match="the table has 2 columns"):
        table(["a", "b"], rows, align=align)


def test_rows_may_come_one_by_one():
    assert table(["n"], ([n] for n in range(1000))).count("<tr>") == 1001
