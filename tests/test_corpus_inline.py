"""Entities between tags in a text: exact offsets, references decoded, what makes no pair reported."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma import Document, Entity, InputError
from onoma.corpus import read, write


@pytest.fixture
def corpus(tmp_path):
    def make(text, **options):
        path = tmp_path / "a.xml"
        path.write_text(text, encoding="utf-8")
        return read(path, **options)

    return make


def spans(corpus):
    return [[(document.surface(e), e.label) for e in document.entities] for document in corpus]


def test_tags_inside_others_and_the_markup_of_muc(corpus):
    found = corpus('<ENAMEX TYPE="ORG">Bank of <geo>Oldport</geo></ENAMEX> opened\n<per >Ada</per > wrote\n')
    assert found.source.format == "inline"
    assert spans(found) == [[("Bank of Oldport", "ORG"), ("Oldport", "geo")], [("Ada", "per")]]
    assert [document.text for document in found] == ["Bank of Oldport opened", "Ada wrote"]


def test_references_are_decoded_and_offsets_stay_exact(corpus):
    (document,) = corpus("a &lt; b &amp;amp; <org>R&amp;D &#233;&#xe9;</org> &nonsense; &#xD800; &amp\n")
    assert document.text == "a < b &amp; R&D éé &nonsense; &#xD800; &amp"
    assert [document.surface(e) for e in document.entities] == ["R&D éé"]


@pytest.mark.parametrize(
    ("line", "text", "kept", "left"),
    [
        ("<per>Ada wrote", "<per>Ada wrote", [], ["<per>"]),
        ("Ada</per> wrote", "Ada</per> wrote", [], ["</per>"]),
        ("<a>x <b>y</a> z</b>", "x <b>y z</b>", [("x <b>y", "a")], ["<b>", "</b>"]),
        ("<a>x <a>y</a>", "<a>x y", [("y", "a")], ["<a>"]),
        ("one<br/>two <a>x</a>", "one<br/>two x", [("x", "a")], ["<br/>"]),
        ("1 < 2 <3 <a b> <a>x</a>", "1 < 2 <3 <a b> x", [("x", "a")], []),
    ],
)
def test_what_makes_no_pair_stays_in_the_text_and_is_reported(corpus, line, text, kept, left):
    found = corpus(f"<a>x</a>\n{line}\n")
    document = list(found)[1]
    assert (document.text, spans(found)[1]) == (text, kept)
    assert [(fate.line, fate.tag) for fate in found.fates] == [(2, each) for each in left]
    assert found.fates.left_out.total() == len(left)


def test_a_word_with_tags_makes_columns_no_text(corpus):
    found = corpus("they O\nwere O\n<b>so</b> O\nkind O\n")
    assert (found.source.format, len(found)) == ("conll", 1)


def test_an_empty_pair_and_blanks_inside_one_have_fates(corpus):
    found = corpus("<a></a>x <b> y </b>z\n")
    assert spans(found) == [[("y", "b")]]
    assert (dict(found.fates.left_out), dict(found.fates.repaired)) == (
        {"holds no text": 1},
        {"blanks at its edges": 1},
    )


def test_structure_is_passed_over(corpus):
    found = corpus(
        '<?xml version="1.0"?>\n<!-- a note -->\n<!DOCTYPE doc>\n<doc>\n\n'
        "<s><per>Ada</per> wrote</s>\n<p>plain</p>\n</doc>\n"
    )
    assert [document.text for document in found] == ["Ada wrote", "plain"]
    assert found.facts.comments == 5
    assert not len(found.fates)


def test_thousands_of_open_tags_are_read_in_a_moment(corpus):
    (document,) = corpus("<a>x</a>" + "<a>" * 9_000 + "</b>" * 9_000 + "\n", format="inline")
    assert len(document.entities) == 1


def test_entities_that_cross_cannot_be_written(tmp_path):
    crossing = Document.from_text("one two three", id="7").replace(
        entities=[Entity(0, 7, "a"), Entity(4, 13, "b")]
    )
    with pytest.raises(InputError, match=r"document 7: the entities a \[0, 7\) and b \[4, 13\) cross"):
        write([crossing], tmp_path / "a.xml", "inline")


LINES = st.text(st.sampled_from("<>/abs \"'=&;#1x\n"), max_size=60)


@given(LINES)
def test_any_line_is_read_and_the_counts_balance(tmp_path_factory, line):
    path = tmp_path_factory.mktemp("corpus") / "a.xml"
    path.write_text(f"<a>x</a>\n{line}\n")
    found = read(path, format="inline")
    for document in found:
        for entity in document.entities:
            assert document.surface(entity)
    assert found.fates.read == found.fates.kept + len(found.fates)
