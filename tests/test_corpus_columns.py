"""CoNLL columns: layouts, comments, articles, odd characters, wrong rows."""

from __future__ import annotations

import pytest

from onoma import CorpusError, InputError
from onoma.corpus import columns, read


@pytest.fixture
def corpus(tmp_path):
    def make(text, **options):
        path = tmp_path / "a.conll"
        path.write_text(text, encoding="utf-8", newline="")
        return read(path, **options)

    return make


def spans(corpus):
    return [[(document.surface(e), e.label) for e in document.entities] for document in corpus]


@pytest.mark.parametrize(
    "text",
    [
        "Ada B-per\nwrote O\n",
        "Ada\tB-per\nwrote\tO\n",
        "Ada NNP I-NP I-per\nwrote VBD I-VP O\n",
        "Ada   NNP B-per  \nwrote\tVBD O\n",
        "Ada\tB-per\r\nwrote\tO\r\n\r\n",
        "\n\nAda U-per\nwrote O",
        "-DOCSTART- -X- O O\n\nAda NNP I-NP I-per\nwrote VBD I-VP O\n",
    ],
)
def test_layouts(corpus, text):
    found = corpus(text)
    assert [document.words for document in found] == [["Ada", "wrote"]]
    assert spans(found) == [[("Ada", "per")]]


def test_any_column_may_hold_the_tags(corpus):
    text = "Ada B-per NNP\nwrote O VBD\n"
    assert spans(corpus(text, tag_column=1)) == spans(corpus(text, tag_column=-2)) == [[("Ada", "per")]]


def test_blank_lines_may_hold_blanks(corpus):
    assert [d.words for d in corpus("a\tO\n\t\nb\tO\n  \nc\tO\n")] == [["a"], ["b"], ["c"]]


@pytest.mark.parametrize("blank", ["\u00a0", "\u3000", "\u2028", "\x85", "\x0b", "\u200b"])
@pytest.mark.parametrize("separator", [" ", "\t"])
def test_odd_blanks_are_parts_of_words(corpus, blank, separator):
    found = list(corpus(f"a{blank}b{separator}B-x\nc{separator}O\n"))
    assert [document.words for document in found] == [[f"a{blank}b", "c"]]


def test_a_word_between_tabs_may_hold_spaces(corpus):
    assert [d.words for d in corpus("New York\tB-geo\nis\tO\n")] == [["New York", "is"]]


def test_comments_are_told_from_words(corpus):
    text = "# sent_id = 1\n# domain = news\twire\n#\tO\n#tag\tO\nAda\tB-per\n#\n\n# no rows\n\nwrote\tO\n"
    found = corpus(text)
    assert [document.words for document in found] == [["#", "#tag", "Ada"], ["wrote"]]
    assert found.facts.comments == 4


def test_a_comment_of_as_many_fields_as_a_row_is_known_by_having_no_tag(corpus):
    found = corpus("# section\nAda B-per\n# B-per\n")
    assert [document.words for document in found] == [["Ada", "#"]]


def test_articles_are_numbered(corpus):
    found = corpus("a O\n\nb O\n\n-DOCSTART- O\n\n-DOCSTART- O\nc O\nd O\n-DOCSTART-\ne O\n")
    assert [(d.words, d.id, d.meta["document"]) for d in found] == [
        (["a"], "1", "1"),
        (["b"], "2", "1"),
        (["c", "d"], "3", "2"),
        (["e"], "4", "3"),
    ]


def test_without_article_marks_no_article_is_named(corpus):
    assert [dict(d.meta) for d in corpus("a O\n")] == [{}]


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ("I-per I-per O I-per B-per", "iob1"),
        ("B-per I-per O B-per B-per", "iob2"),
        ("B-per E-per O S-per S-per", "bioes"),
        ("B-per L-per O U-per U-per", "bioes"),
        ("O O O O O", "iob2"),
    ],
)
def test_the_scheme_is_found_over_the_whole_file(corpus, tags, scheme):
    found = corpus("x O\n\n" * 2000 + "".join(f"w {tag}\n" for tag in tags.split()))
    assert found.scheme == scheme
    assert len(found.repairs) == 0
    assert found.facts.entities.total() in (0, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a O\nb\n", r":2: this row has 1 column, the first has 2 columns: 'b'"),
        ("a O\nb x O\n", r":2: this row has 3 columns"),
        ("a\tO\n\n\tO\n", r":3: this row has an empty word"),
        ("a\tO\n#b\n", r":2: .*a comment begins with '# '"),
        ("a NN O\nb B-x NN\n", r":2: 'NN' in the last column is no tag .* 0: 'a', 1: 'NN', 2: 'O'"),
        ("-DOCSTART- O\n\n", "no sentences"),
        ("# only\n# comments\n", "no known format"),
        ("a B-\n", r":1: 'B-' in the last column is no tag"),
    ],
)
def test_a_wrong_row_is_named(corpus, text, message):
    with pytest.raises(CorpusError, match=message):
        list(corpus(text))


@pytest.mark.parametrize("column", [2, -3, 0, -2])
def test_a_tag_column_must_exist_and_not_be_the_words(corpus, column):
    with pytest.raises(CorpusError, match=r"no tag column .*0: 'a', 1: 'O'"):
        list(corpus("a O\n", tag_column=column))


def test_columns_have_no_names(corpus):
    with pytest.raises(InputError, match="numbers here, not names"):
        list(corpus("a O\n", tag_column="Tag"))


@pytest.mark.parametrize("size", [1, 3, 11, 1000])
def test_the_mark_of_an_article_is_found_wherever_a_chunk_ends(corpus, monkeypatch, size):
    monkeypatch.setattr(columns, "_CHUNK", size)
    found = corpus("a O\n\n-DOCSTART- O\n\nb O\n")
    assert [document.meta["document"] for document in found] == ["1", "2"]
    assert [dict(document.meta) for document in corpus("x-DOCSTART- O\n\nb O\n")] == [{}, {}]
