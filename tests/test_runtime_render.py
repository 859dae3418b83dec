from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from onoma.errors import InputError
from onoma.runtime.formats import FORMATS, View, format_named
from onoma.runtime.page import page
from onoma.runtime.render import HUES, entity_table, highlighted, hues, segments, visible
from onoma.text import Document, Entity

ADA = Document.from_text("Ada Lovelace met Charles Babbage. She lived in London.").replace(
    entities=[Entity(0, 12, "per", 0.99), Entity(17, 32, "per", 0.875), Entity(47, 53, "geo", 0.5)]
)
NASTY = Document(
    "<script>alert('x')</script> & \x1b[31mred\x00 \u202eevil\u202c אבג “quoted” 👩‍🚀",
    entities=(Entity(0, 8, "<b>"), Entity(30, 38, "a&b", 0.5)),
)


@st.composite
def documents(draw):
    text = draw(st.text(max_size=40))
    edges = st.integers(0, len(text))
    pairs = draw(st.lists(st.tuples(edges, edges), max_size=6))
    entities = [Entity(min(p), max(p), draw(st.sampled_from("xyz"))) for p in pairs if p[0] != p[1]]
    return Document(text, entities=tuple(entities))


def written(name: str, *given: Document, **view) -> str:
    return "".join(FORMATS[name](given, View(**view)))


@given(documents())
def test_segments_tile_the_text(document):
    assert "".join(segment.text for segment in segments(document)) == document.text


@given(documents())
def test_every_entity_opens_and_closes_once_even_where_entities_overlap(document):
    parts = list(segments(document))
    assert sorted(map(repr, document.entities)) == sorted(repr(e) for part in parts for e in part.opens)
    assert sorted(map(repr, document.entities)) == sorted(repr(e) for part in parts for e in part.closes)


@given(documents())
def test_a_segment_is_coloured_if_and_only_if_an_entity_covers_it(document):
    at = 0
    for part in segments(document):
        covering = [e for e in document.entities if e.start <= at and at + len(part.text) <= e.end]
        assert (part.entity in covering) if covering else part.entity is None
        at += len(part.text)


@given(documents())
def test_the_terminal_shows_all_text_and_labels(document):
    plain = highlighted(document, "xyz").plain
    assert len(plain) == len(document.text) + sum(3 + len(e.label) for e in document.entities)


def test_visible_keeps_all_but_control_characters():
    assert visible("a\tb\nc é 漢 👩‍🚀 אב") == "a\tb\nc é 漢 👩‍🚀 אב"
    assert visible("\x1b\x00\x7f\x9b\r") == "␛␀␡\ufffd␍"


def test_hues_are_stable_and_never_run_out():
    many = [f"label{n:02}" for n in range(20)]
    assert hues(many) == hues(list(reversed(many)))
    assert set(hues(many).values()) == set(range(len(HUES)))


def shown(renderable, **settings) -> str:
    console = Console(file=io.StringIO(), **settings)
    console.print(renderable)
    return console.file.getvalue()


def test_a_terminal_gets_colours_and_a_pipe_does_not():
    assert "\x1b[" in shown(highlighted(ADA, ["per", "geo"]), force_terminal=True, color_system="truecolor")
    assert shown(highlighted(ADA, []), width=200).startswith("[Ada Lovelace per] met [Charles Babbage per].")


def test_the_terminal_table_holds_offsets_label_score_and_text():
    rows = [line.split() for line in shown(entity_table(ADA), width=80).splitlines()]
    assert ["47", "53", "geo", "0.500", "London"] in rows


def test_text_cannot_steer_the_terminal():
    out = written("table", NASTY)
    assert "\x1b" not in out
    assert "\x00" not in out


def test_the_table_for_a_pipe_cuts_no_line():
    long = Document("Ada " * 500, entities=(Entity(0, 2000, "per"),))
    assert written("table", long, labels=["per"]).count("Ada " * 499 + "Ada") == 2


class Reader(HTMLParser):
    """Checks that tags close in order; collects the text, the marks, and every attribute."""

    EMPTY = frozenset({"meta"})

    def __init__(self):
        super().__init__()
        self.open, self.text, self.marks, self.tags, self.attributes = [], "", [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.EMPTY:
            self.open.append((tag, dict(attrs).get("class")))
        if tag == "mark" and ("div", "text") in self.open:
            self.marks.append("")

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        inside = [tag for tag, _ in self.open]
        if ("div", "text") in self.open and "b" not in inside:
            self.text += data
            if "mark" in inside:
                self.marks[-1] += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


@given(documents())
def test_the_page_is_well_formed_and_holds_the_text(document):
    expected = visible(document.text)
    assert read("".join(page([document], "xyz", title="t"))).text == expected


def test_the_page_marks_the_entities():
    reader = read("".join(page([ADA], ["per", "geo"], title="Ada")))
    assert reader.marks == ["Ada Lovelace", "Charles Babbage", "London"]


def test_the_page_escapes_everything():
    html = "".join(page([NASTY.replace(meta={"file": "<i>.txt"})], ["<b>"], title="<t>"))
    reader = read(html)
    assert not {"script", "i", "t"} & set(reader.tags)
    assert "<script" not in html
    assert "\x1b" not in html


def test_the_page_needs_nothing_from_elsewhere():
    html = "".join(page([ADA], ["per"], title="t"))
    names = {name for name, _ in read(html).attributes}
    assert not names & {"src", "href", "srcset", "data", "onclick", "onload"}
    assert "url(" not in html
    assert "@import" not in html
    assert "width=device-width" in html
    assert "prefers-color-scheme: dark" in html


def test_the_page_sets_each_text_in_its_own_direction():
    html = "".join(page([Document("אבג")], [], title="t"))
    assert '<div class="text" dir="auto">אבג' in html
    assert "unicode-bidi: plaintext" in html


def test_the_page_of_nothing_is_a_page():
    assert read("".join(page([], [], title="t"))).text == ""
    assert "0 entities" in "".join(page([Document("")], [], title="t"))


@given(st.lists(documents(), max_size=4))
def test_jsonl_holds_every_text_and_entity_exactly(given_documents):
    lines = written("jsonl", *given_documents).split("\n")
    assert lines.pop() == ""
    for line, document in zip(lines, given_documents, strict=True):
        row = json.loads(line)
        assert list(row) == ["text", "entities"]
        assert row["text"] == document.text
        assert [(e["start"], e["end"], e["label"]) for e in row["entities"]] == [
            (e.start, e.end, e.label) for e in document.entities
        ]
        assert all(e["text"] == row["text"][e["start"] : e["end"]] for e in row["entities"])


def test_jsonl_names_the_file_when_there_is_one():
    assert json.loads(written("jsonl", ADA.replace(meta={"file": "a.txt"})))["file"] == "a.txt"


def test_csv_reads_back():
    comma = Document('a "b", c\nd', entities=(Entity(0, 10, "x", 0.25),))
    rows = list(csv.DictReader(io.StringIO(written("csv", ADA, comma.replace(meta={"file": "f"})))))
    assert [row["document"] for row in rows] == ["1", "1", "1", "f"]
    assert rows[-1] == {
        "document": "f", "start": "0", "end": "10", "label": "x", "score": "0.25", "text": 'a "b", c\nd'
    }  # fmt: skip


def test_conll_has_a_token_a_line_and_an_empty_line_after_each_sentence():
    assert written("conll", ADA, Document(""), Document.from_text("Hi")) == (
        "Ada\tB-per\nLovelace\tI-per\nmet\tO\nCharles\tB-per\nBabbage\tI-per\n.\tO\n\n"
        "She\tO\nlived\tO\nin\tO\nLondon\tB-geo\n.\tO\n\n"
        "\n"
        "Hi\tO\n\n"
    )


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_yields_as_documents_come(name):
    def endless():
        while True:
            yield ADA

    pieces = FORMATS[name](endless(), View(["per", "geo"]))
    assert [next(pieces) for _ in range(5)]


def test_an_unknown_format_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'jsonl'"):
        format_named("json")
