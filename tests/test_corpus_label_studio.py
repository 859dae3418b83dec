"""Label Studio's export: who is believed, what is passed over, and in what unit offsets count."""

from __future__ import annotations

import json

import pytest

from onoma import CorpusError
from onoma.corpus import read

TEXT = "👍 Ada met Bob"


def region(start, end, surface, *labels, **more):
    value = {"start": start, "end": end, "text": surface, "labels": list(labels)}
    return {"value": value, "from_name": "label", "to_name": "text", "type": "labels", **more}


def annotation(*results, **more):
    return {"result": list(results), "completed_by": 1, **more}


def task(*annotations, text=TEXT, **more):
    return {"id": 7, "data": {"text": text}, "annotations": list(annotations), "predictions": [], **more}


@pytest.fixture
def corpus(tmp_path):
    def make(content, **options):
        path = tmp_path / "a.json"
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        return read(path, **options)

    return make


def surfaces(corpus):
    return [[(document.surface(e), e.label) for e in document.entities] for document in corpus]


ADA = region(2, 5, "Ada", "per")
BOB = region(10, 13, "Bob", "per")


def test_the_ground_truth_is_believed_else_the_first_not_cancelled(corpus):
    found = corpus(
        [
            task(annotation(BOB), annotation(ADA, ground_truth=True)),
            task(annotation(was_cancelled=True), annotation(BOB), annotation(ADA)),
            task(annotation(was_cancelled=True), predictions=[{"result": [ADA]}]),
            task(),
            task(annotation()),
        ]
    )
    assert surfaces(found) == [[("Ada", "per")], [("Bob", "per")], []]
    assert found.facts.passed == {
        "further annotations of a Label Studio task": 2,
        "cancelled Label Studio annotations": 2,
        "Label Studio predictions": 1,
        "Label Studio tasks without an annotation": 2,
    }


def test_code_points_and_utf_16_units_are_told_apart_for_each_task(corpus):
    old = annotation(region(3, 6, "Ada", "per"), region(11, 14, "Bob", "per"))
    found = corpus([task(annotation(ADA, BOB)), task(old)])
    assert surfaces(found) == [[("Ada", "per"), ("Bob", "per")]] * 2
    assert dict(found.fates.repaired) == {"offsets in UTF-16 code units": 2}


def test_a_surface_whose_line_ends_became_blanks_is_true(corpus):
    found = corpus([task(annotation(region(0, 9, "Ada Stone", "per")), text="Ada\nStone wrote")])
    assert surfaces(found) == [[("Ada\nStone", "per")]]
    assert len(found.fates) == 0


def test_what_no_entity_can_hold_is_left_out_or_counted(corpus):
    html = {"start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]", "startOffset": 1, "endOffset": 3}
    results = [
        region(2, 5, "Ada", "per", "first"),
        region(10, 13, "Bob"),
        {"type": "hypertextlabels", "value": html | {"hypertextlabels": ["per"]}},
        {"type": "relation", "from_id": "a", "to_id": "b"},
        {"type": "choices", "value": {"choices": ["good"]}},
    ]
    found = corpus([task(annotation(*results))])
    assert surfaces(found) == [[("Ada", "per"), ("Ada", "first")]]
    assert (found.fates.read, dict(found.fates.left_out)) == (4, {"no label": 1, "a path into HTML": 1})
    kinds = ("relation", "choices")
    assert found.facts.passed == {f"Label Studio results of the type {kind}": 1 for kind in kinds}


def test_the_short_export_is_read(corpus):
    row = {"id": 1, "text": TEXT, "annotator": 1, "annotation_id": 3, "lead_time": 2.5}
    found = corpus([row | {"ner": [ADA["value"]]}, row | {"annotator": 2}, row | {"id": 2}])
    assert surfaces(found) == [[("Ada", "per")], []]
    assert [document.id for document in found] == ["1", "2"]
    assert found.facts.passed == {"further annotations of a Label Studio task": 1}


def test_the_text_may_have_another_name_if_it_is_the_only_one(corpus):
    named = task(annotation(ADA)) | {"data": {"body": TEXT, "n": 1}}
    assert surfaces(corpus([named])) == [[("Ada", "per")]]
    two = task(annotation(ADA)) | {"data": {"body": TEXT, "title": "x"}}
    with pytest.raises(
        CorpusError, match="no field called text, and several or none could be it: body, title"
    ):
        list(corpus([two]))


def test_a_surface_that_stands_nowhere_is_an_error_or_left_out(corpus):
    wrong = [task(annotation(ADA, region(2, 5, "Eve", "per")))]
    with pytest.raises(CorpusError, match="holds 'Ada', not 'Eve'"):
        list(corpus(wrong))
    assert surfaces(corpus(wrong, policy="discard")) == [[("Ada", "per")]]


def test_a_first_task_longer_than_what_is_looked_at_is_recognised(corpus):
    long = task(annotation(region(0, 3, "Ada", "per")), text="Ada " + "x " * 100_000)
    found = corpus([long, long])
    assert (found.source.format, len(found)) == ("label-studio", 2)
