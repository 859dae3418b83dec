"""Renaming, merging and dropping labels: what comes of it, what is counted, what is refused."""

from __future__ import annotations

import json

import pytest

from onoma import CorpusError, InputError
from onoma.corpus import read
from onoma.corpus.label_map import LabelMap, label_map
from onoma.corpus.taxonomies import TAXONOMIES, mapping, what_is_lost

ROWS = "Ada\tB-per\nStone\tI-per\nwent\tO\n\nto\tO\nOldport\tB-geo\nin\tO\nMay\tB-tim\n\nx\tI-tim\n"
SPANS = {
    "text": "Ada in Oldport",
    "spans": [{"start": 0, "end": 3, "label": "per"}, {"start": 7, "end": 14, "label": "geo"}],
}


@pytest.fixture
def path(tmp_path):
    place = tmp_path / "a.conll"
    place.write_text(ROWS)
    return place


def found(corpus):
    return [(document.surface(e), e.label) for document in corpus for e in document.entities]


def test_tags_are_renamed_merged_and_dropped_with_a_fate_each(path):
    corpus = read(path, map=label_map("per=NAME,geo=NAME,tim="))
    assert found(corpus) == [("Ada Stone", "NAME"), ("Oldport", "NAME")]
    assert corpus.labels == ["NAME"]
    assert dict(corpus.facts.mapped) == {("per", "NAME"): 1, ("geo", "NAME"): 1, ("tim", ""): 2}
    assert [(fate.line, fate.tag, fate.done) for fate in corpus.fates] == [
        (8, "B-tim", "left out, its label is dropped: 'May'"),
        (10, "I-tim", "left out, its label is dropped: 'x'"),
    ]
    assert (corpus.fates.read, corpus.fates.kept) == (4, 2)


@pytest.mark.parametrize("policy", ["conlleval", "discard"])
def test_what_is_dropped_is_not_ill_formed_besides(path, policy):
    fates = read(path, scheme="iob2", policy=policy, map=label_map("tim=")).fates
    assert (dict(fates.left_out), dict(fates.repaired)) == ({"label dropped": 2}, {})


def test_spans_are_mapped_too_and_merged_ones_that_coincide_are_one(tmp_path):
    place = tmp_path / "a.jsonl"
    twice = {"start": 0, "end": 3, "label": "org"}
    place.write_text(json.dumps({**SPANS, "spans": [*SPANS["spans"], twice]}))
    corpus = read(place, map=label_map("per=NAME,org=NAME,geo="))
    assert found(corpus) == [("Ada", "NAME")]
    assert dict(corpus.fates.left_out) == {"label dropped": 1, "repeated": 1}


def test_all_others_may_be_named_at_once(path):
    assert found(read(path, map=label_map("per=NAME,*="))) == [("Ada Stone", "NAME")]


def test_declared_labels_are_mapped(path):
    corpus = read(path, labels=["per", "geo", "tim", "art"], map=label_map("tim=,art=WORK"))
    assert corpus.labels == ["WORK", "geo", "per"]


def test_a_map_makes_another_fingerprint_and_none_leaves_it(path):
    plain = read(path).fingerprint
    assert read(path, map=None, overlaps="outermost").fingerprint == plain  # columns hold no overlaps
    assert read(path, map=label_map("tim=")).fingerprint != plain


@pytest.mark.parametrize("name", ["map.json", "map.yaml", "map.yml"])
def test_a_map_may_stand_in_a_file(tmp_path, name):
    place = tmp_path / name
    place.write_text('{"geo": "LOC", "tim": ""}' if name.endswith("json") else "geo: LOC\ntim:\n")
    assert (
        label_map(str(place))
        == LabelMap.of({"geo": "LOC", "tim": ""})
        == label_map({"geo": "LOC", "tim": None})
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("geo", "'geo' is no part of a label map"),
        ("=LOC", "'=LOC' is no part of a label map"),
        ("gbm:conll2003", "unknown taxonomy 'gbm'; did you mean 'gmb'"),
        ("gmb:conll", "unknown taxonomy 'conll'; did you mean 'conll2003'"),
        ("nowhere.json", "cannot read the label map nowhere.json"),
        ({"geo": 3}, "a label map names labels"),
        ({"": "x"}, "a label map names labels"),
    ],
)
def test_what_is_no_map_says_so(given, message):
    with pytest.raises(InputError, match=message):
        label_map(given)


def test_a_file_that_holds_no_table_says_so(tmp_path):
    for text in ("[1, 2]", "{oops"):
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(InputError, match="label map"):
            label_map(str(tmp_path / "a.json"))
    (tmp_path / "a.yaml").write_text("a: [")
    with pytest.raises(InputError, match="cannot read the label map"):
        label_map(str(tmp_path / "a.yaml"))


def test_a_label_that_the_taxonomy_lacks_is_named_with_its_line(path):
    assert found(read(path, map=label_map("gmb:conll2003"))) == [("Ada Stone", "PER"), ("Oldport", "LOC")]
    path.write_text("x\tO\nAda\tB-pers\n")
    with pytest.raises(
        CorpusError, match=r"a\.conll:2: the taxonomy gmb has no label 'pers'; did you mean 'per'"
    ):
        list(read(path, map=label_map("gmb:conll2003")))
    assert found(read(path, map=label_map("gmb:conll2003,*="))) == []


@pytest.mark.parametrize("source", TAXONOMIES)
@pytest.mark.parametrize("target", TAXONOMIES)
def test_every_taxonomy_maps_onto_every_other(source, target):
    names = mapping(source, target)
    assert list(names) == list(TAXONOMIES[source].labels)
    assert set(names.values()) <= {*TAXONOMIES[target].labels, ""}
    lost = " ".join(what_is_lost(source, target))
    for old, new in names.items():
        alone = list(names.values()).count(new) == 1
        assert old in lost or (alone and new), f"{old} becomes {new!r} and nothing is said"
    assert (lost == "") == (source == target)
