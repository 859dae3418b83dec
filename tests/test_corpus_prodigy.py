"""Prodigy's tasks, doccano's labels and the JSON of full texts."""

from __future__ import annotations

import json

import pytest

from onoma import CorpusError
from onoma.corpus import read, write

TEXT = "Ada  Stone went."


@pytest.fixture
def corpus(tmp_path):
    def make(*records, **options):
        path = tmp_path / "a.jsonl"
        path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
        return read(path, **options)

    return make


def surfaces(corpus):
    return [[(document.surface(e), e.label) for e in document.entities] for document in corpus]


def task(**more):
    tokens = [(0, 3), (4, 5), (5, 10), (11, 15), (15, 16)]
    return {
        "text": TEXT,
        "tokens": [{"text": TEXT[a:b], "start": a, "end": b, "id": i} for i, (a, b) in enumerate(tokens)],
        "spans": [{"start": 0, "end": 10, "token_start": 0, "token_end": 2, "label": "per"}],
        "_input_hash": 1,
        "answer": "accept",
        **more,
    }


def test_only_accepted_tasks_are_read(corpus):
    found = corpus(task(), task(answer="reject"), task(answer="ignore"), task(spans=[]))
    assert surfaces(found) == [[("Ada  Stone", "per")], []]
    assert found.source.format == "prodigy"
    assert found.facts.passed == {
        "Prodigy tasks with the answer reject": 1,
        "Prodigy tasks with the answer ignore": 1,
    }


def test_tokens_are_those_given_without_blanks(corpus):
    assert next(iter(corpus(task()))).words == ["Ada", "Stone", "went", "."]
    assert next(iter(corpus(task(tokens=None)))).words == ["Ada", "Stone", "went", "."]


def test_a_task_is_written_with_token_numbers(corpus, tmp_path):
    write(corpus(task()), tmp_path / "b", "prodigy")
    written = json.loads((tmp_path / "b").read_text())
    assert written["spans"] == [{"start": 0, "end": 10, "label": "per", "token_start": 0, "token_end": 1}]
    assert written["tokens"][0] == {"text": "Ada", "start": 0, "end": 3, "id": 0, "ws": True}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"spans": [7]}, "a span must be an object"),
        ({"spans": "x"}, "no text with a list of spans"),
        ({"tokens": [{"start": 1}]}, "a token must be an object with start and end"),
        ({"spans": [{"start": 0, "end": 99, "label": "per"}]}, "out of range"),
        ({"spans": [{"start": 0, "end": 3}]}, "needs start, end .* and label"),
    ],
)
def test_a_wrong_task_is_named(corpus, more, message):
    with pytest.raises(CorpusError, match=rf"a\.jsonl:2: .*{message}"):
        list(corpus(task(), task(**more)))


@pytest.mark.parametrize("field", ["label", "labels"])
def test_doccano_labels_are_read(corpus, field):
    found = corpus(
        {"id": 3, "text": TEXT, field: [[0, 10, "per"], [0, 3, "first"]]}, {"text": TEXT, field: []}
    )
    assert surfaces(found) == [[("Ada  Stone", "per"), ("Ada", "first")], []]
    assert (found.source.format, next(iter(found)).id) == ("doccano", "3")


def test_doccano_entities_are_read_and_relations_counted(corpus):
    entity = {"id": 1, "label": "per", "start_offset": 0, "end_offset": 3}
    record = {"id": 1, "text": TEXT, "entities": [entity], "Comments": []}
    found = corpus(record | {"relations": [{"from_id": 1, "to_id": 1, "type": "self"}]}, record)
    assert surfaces(found) == [[("Ada", "per")]] * 2
    assert found.facts.passed == {"doccano relations": 1}


@pytest.mark.parametrize(
    ("label", "message"),
    [([0, 3], "must be"), ([0, 99, "per"], "out of range"), (["a", 3, "per"], "whole numbers")],
)
def test_a_wrong_doccano_label_is_named(corpus, label, message):
    with pytest.raises(CorpusError, match=rf"a\.jsonl:2: .*{message}"):
        list(corpus({"text": TEXT, "label": []}, {"text": TEXT, "label": [label]}))


def full_text(**more):
    span = {"entity_type": "per", "entity_value": "Ada", "start_position": 0, "end_position": 3}
    return {
        "full_text": TEXT,
        "masked": "{{per}}",
        "spans": [span],
        "template_id": 87,
        "metadata": None,
        **more,
    }


def test_full_texts_are_read_with_what_else_is_known(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps([full_text(), full_text(spans=[], id="x")]))
    found = read(path)
    assert surfaces(found) == [[("Ada", "per")], []]
    assert [(document.id, dict(document.meta)) for document in found] == [
        ("1", {"template_id": 87}),
        ("x", {"template_id": 87}),
    ]


@pytest.mark.parametrize(
    ("spans", "message"), [([7], "must be an object"), (None, "no full_text with spans")]
)
def test_a_wrong_full_text_is_named(tmp_path, spans, message):
    path = tmp_path / "a.json"
    path.write_text(json.dumps([full_text(), full_text(spans=spans)], indent=0))
    with pytest.raises(CorpusError, match=rf"a\.json:\d+: .*{message}"):
        list(read(path))
