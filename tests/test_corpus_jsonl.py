"""JSON Lines of tokens and tags, and of text and spans: every span has a fate."""

from __future__ import annotations

import json

import pytest

from onoma import CorpusError
from onoma.corpus import read


@pytest.fixture
def corpus(tmp_path):
    def make(*records, **options):
        path = tmp_path / "a.jsonl"
        lines = [each if isinstance(each, str) else json.dumps(each) for each in records]
        path.write_text("\n".join(lines), encoding="utf-8")
        return read(path, **options)

    return make


def spans(corpus):
    return [[(document.surface(e), e.label) for e in document.entities] for document in corpus]


ADA = {"tokens": ["Ada", "Stone", "wrote"], "tags": ["B-per", "I-per", "O"]}
NUMBERED = {"tokens": ["Ada", "Stone", "wrote"], "ner_tags": [1, 2, 0]}
NAMES = ["O", "B-per", "I-per"]


@pytest.mark.parametrize("field", ["tags", "ner_tags", "labels"])
def test_tags_by_name(corpus, field):
    found = corpus({"tokens": ADA["tokens"], field: ADA["tags"], "id": 7, "document": "d1"})
    assert spans(found) == [[("Ada Stone", "per")]]
    (document,) = found
    assert (document.id, dict(document.meta)) == ("7", {"document": "d1"})


def test_tags_by_number_need_names(corpus, tmp_path):
    with pytest.raises(CorpusError, match="the tags are numbers"):
        list(corpus(NUMBERED))
    assert spans(corpus(NUMBERED, labels=NAMES)) == [[("Ada Stone", "per")]]
    assert spans(corpus(NUMBERED | {"label_list": NAMES}, NUMBERED)) == [[("Ada Stone", "per")]] * 2
    assert corpus(NUMBERED, labels=NAMES).labels == ["per"]


@pytest.mark.parametrize("name", ["labels.json", "a.labels.json", "label_list.txt"])
def test_the_names_may_lie_beside(corpus, tmp_path, name):
    text = json.dumps(NAMES) if name.endswith("json") else "\n".join(NAMES)
    (tmp_path / name).write_text(text)
    assert spans(corpus(NUMBERED)) == [[("Ada Stone", "per")]]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"tokens": ["a"], "tags": []}, "1 tokens but 0 tags"),
        ({"tokens": ["a", ""], "tags": ["O", "O"]}, "token 1 is empty"),
        ({"tokens": ["a", 5], "tags": ["O", "O"]}, "token 1 is '5'"),
        ({"tokens": ["a"], "tags": ["per"]}, "'per' in the field of tags is no tag"),
        ({"tokens": ["a"]}, "no list called tags or ner_tags"),
        ("{oops", "no JSON"),
        ("[1]", "must hold an object"),
        ({"tokens": ["a"], "tags": [9]}, "no number from 0 to 2"),
        ('{"tokens": ["\\ud800"], "tags": ["O"]}', "half a surrogate pair"),
    ],
)
def test_a_wrong_record_of_tokens_is_named(corpus, record, message):
    with pytest.raises(CorpusError, match=rf"a\.jsonl:3: .*{message}"):
        list(corpus(ADA, "", record, labels=NAMES))


TEXT = "Ada Stone went to Newhaven."


@pytest.mark.parametrize("field", ["spans", "entities"])
@pytest.mark.parametrize("label", ["label", "type", "tag"])
def test_spans(corpus, field, label):
    found = corpus({"text": TEXT, field: [{"start": 18, "end": 26, label: "geo", "text": "Newhaven"}]})
    assert spans(found) == [[("Newhaven", "geo")]]
    assert found.scheme is None
    assert len(found.repairs) == 0


def test_a_span_inside_a_token_splits_it_and_says_so(corpus):
    found = corpus({"text": "pro-Oldport rally", "spans": [{"start": 5, "end": 8, "label": "geo"}]})
    (document,) = found
    assert document.surface(document.entities[0]) == "ldp"
    assert "".join(document.words) == "pro-Oldportrally"
    assert "ldp" in document.words
    assert [repair.done for repair in found.repairs] == [
        "[5, 8) 'ldp': kept; the token it begins or ends in was split"
    ]


def test_overlaps_are_kept_and_repeats_left_out(corpus):
    outer, inner = {"start": 0, "end": 9, "label": "per"}, {"start": 4, "end": 9, "label": "org"}
    found = corpus({"text": TEXT, "spans": [inner, outer, outer]})
    assert spans(found) == [[("Ada Stone", "per"), ("Stone", "org")]]
    assert [(fate.line, fate.tag, fate.done) for fate in found.fates] == [
        (1, "per", "[0, 9) 'Ada Stone': left out: it repeats another")
    ]


def test_of_overlapping_entities_the_outermost_may_be_asked_for(corpus):
    outer, inner = {"start": 0, "end": 9, "label": "per"}, {"start": 4, "end": 9, "label": "org"}
    found = corpus({"text": TEXT, "spans": [inner, outer]}, overlaps="outermost")
    assert spans(found) == [[("Ada Stone", "per")]]
    assert [fate.done for fate in found.fates] == ["[4, 9) 'Stone': left out: overlaps a longer one"]
    with pytest.raises(CorpusError, match=r"a\.jsonl:1: the span org \[4, 9\) overlaps another"):
        list(corpus({"text": TEXT, "spans": [inner, outer]}, overlaps="error"))


def test_blanks_at_the_edges_are_left_out_and_listed(corpus):
    found = corpus({"text": TEXT, "spans": [{"start": 3, "end": 10, "label": "per"}]})
    assert spans(found) == [[("Stone", "per")]]
    assert found.fates[0].done == "[3, 10) ' Stone ': kept; the blanks at its edges are left out"


@pytest.mark.parametrize("overlaps", ["keep", "outermost"])
def test_every_span_has_a_fate(corpus, overlaps):
    given = [{"start": a, "end": b, "label": "x"} for a in range(0, 26, 5) for b in range(a + 2, 27, 7)]
    found = corpus({"text": TEXT, "spans": given}, overlaps=overlaps)
    fates = found.fates
    assert fates.read == len(given) == fates.kept + fates.repaired.total() + fates.left_out.total()
    assert found.facts.entities.total() == fates.kept + fates.repaired.total()
    assert (fates.left_out["overlaps"] > 0) == (overlaps == "outermost")


@pytest.mark.parametrize(
    ("span", "message"),
    [
        ({"start": 20, "end": 99, "label": "x"}, r"x \[20, 99\) is empty or out of range: the text has 27"),
        ({"start": -3, "end": 2, "label": "x"}, "empty or out of range"),
        ({"start": 4, "end": 4, "label": "x"}, "empty or out of range"),
        ({"start": 3, "end": 4, "label": "x"}, "holds only blanks"),
        ({"start": 0, "end": 3, "label": "x", "text": "Stone"}, "holds 'Ada', not 'Stone'.*not bytes"),
        ({"start": 0, "end": 3}, "a span needs start, end"),
        ({"start": "0", "end": 3, "label": "x"}, "a span needs start, end"),
        ({"start": True, "end": 3, "label": "x"}, "a span needs start, end"),
        ("Ada", "a span needs start, end"),
    ],
)
def test_a_wrong_span_is_named(corpus, span, message):
    good = {"text": TEXT, "spans": []}
    with pytest.raises(CorpusError, match=rf"a\.jsonl:2: .*{message}"):
        list(corpus(good, {"text": TEXT, "spans": [span]}))


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"spans": []}, "no text called text"),
        ({"text": TEXT}, "no list called spans or entities"),
        ({"text": TEXT, "spans": [], "tokens": [[0, 5], [3, 9]]}, "tokens must be in order"),
        ({"text": TEXT, "spans": [], "tokens": [5]}, "pairs of start and end"),
    ],
)
def test_a_wrong_record_of_spans_is_named(corpus, record, message):
    with pytest.raises(CorpusError, match=message):
        list(corpus({"text": TEXT, "spans": []}, record))


def test_an_empty_text_is_a_document(corpus):
    (document,) = corpus({"text": "", "spans": []})
    assert (document.text, document.tokens) == ("", ())
