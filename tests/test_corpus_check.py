"""Checks: damage planted in a clean corpus is found, and the clean corpus raises nothing."""

from __future__ import annotations

import pytest

from onoma import CorpusError, Document
from onoma.corpus import Corpus, read
from onoma.corpus.check import check


def clean(start, count=200):
    return [
        Document.from_words([f"Name{n}", "met", f"Thing{n}"], [(0, 1, "per"), (2, 3, "art")], id=str(n))
        for n in range(start, start + count)
    ]


def codes(train, **others):
    corpora = {"train": train, **others}
    made = {
        name: each if isinstance(each, Corpus) else Corpus.from_documents(each)
        for name, each in corpora.items()
    }
    return {finding.code: finding for finding in check(made).findings}


def test_a_clean_corpus_raises_nothing():
    assert codes(clean(0), dev=clean(1000), test=clean(2000)) == {}


def file(tmp_path, text, name="a.conll", encoding="utf-8"):
    path = tmp_path / name
    path.write_text(text, encoding=encoding)
    return read(path)


def test_ill_formed_tags(tmp_path):
    found = codes(file(tmp_path, "a B-per\nb I-per\n\n" * 9 + "a O\nb I-per\n"))["ill-formed"]
    assert (found.severity, found.count) == ("warning", 1)
    assert found.examples[0].endswith("a.conll:29: I-per: after O, the sentence's last; read leniently")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "Sentence #,Word,Tag\n1,Ada,B-per\n2,met,O\n3,Bob,B-per\n"),
        ("a.conll", "Ada B-per\n\nmet O\n\nBob B-per\n"),
        ("a.jsonl", '{"tokens": ["Ada"], "tags": ["B-per"]}\n' * 3),
    ],
)
def test_the_sentence_id_not_carried(tmp_path, name, text):
    corpus = file(tmp_path, text, name)
    report = check({"train": corpus})
    (found,) = [f for f in report.findings if f.code == "sentence-id-not-carried"]
    assert found.severity == "error"
    assert "have one word" in found.message
    assert report.fails("error")
    assert report.fails("warning")


def test_mostly_one_word_sentences():
    documents = clean(0, 10) + [Document.from_words([f"w{n}"]) for n in range(20)]
    assert codes(documents)["one-word-sentences"].count == 20


def test_words_that_look_like_missing_values():
    found = codes([*clean(0), Document.from_words(["NA", "None", "NA", "nothing"])])["words-like-missing"]
    assert (found.severity, found.count) == ("note", 3)
    assert "NA 2, None 1" in found.message


def test_duplicates_and_those_that_disagree():
    found = codes([*clean(0), *clean(0, 3)])
    assert (found["duplicates"].count, found["duplicates"].severity) == (3, "warning")
    assert "duplicates-disagree" not in found
    other = clean(0, 1)[0].replace(entities=[])
    assert codes([*clean(0), other])["duplicates-disagree"].examples == ("Name0 met Thing0",)


@pytest.mark.parametrize(("count", "severity"), [(1, "warning"), (20, "error")])
def test_leaks(count, severity):
    found = codes(clean(0), test=[*clean(1000), *clean(0, count)])["leak"]
    assert (found.severity, found.corpus, found.count) == (severity, "test", count)
    assert "also stand in train" in found.message


def test_leaks_between_dev_and_test_count_too():
    assert "also stand in dev" in codes(clean(0), dev=clean(1000), test=clean(1000, 300))["leak"].message


def test_labels_that_train_lacks():
    strange = Document.from_words(["Oldport"], [(0, 1, "geo")])
    found = codes(clean(0), dev=[*clean(1000), strange])["label-not-in-train"]
    assert (found.severity, found.count) == ("error", 1)
    assert "geo" in found.message


def test_labels_that_a_part_lacks():
    poor = [d.replace(entities=d.entities[:1]) for d in clean(1000)]
    found = codes(clean(0), dev=poor)["label-absent"]
    assert (found.severity, found.message[-4:]) == ("warning", " art")


def test_no_entities():
    assert codes([d.replace(entities=[]) for d in clean(0)])["no-entities"].severity == "error"


def test_encoding_and_comments_are_noted(tmp_path):
    found = codes(file(tmp_path, "# about\nZoë B-per\nmet O\n", encoding="latin-1"))
    assert {code: each.severity for code, each in found.items()} == {"encoding": "note", "comments": "note"}


def test_the_gravest_come_first_and_everything_is_plain_data():
    report = check(
        {
            "train": Corpus.from_documents([*clean(0), *clean(0, 1), Document.from_words(["NA", "x"])]),
            "test": Corpus.from_documents(clean(0)),
        }
    )
    severities = [each.severity for each in report.findings]
    assert severities == ["error", "warning", "note"]
    found = report.to_dict()
    assert found["corpora"][0]["entities"] == {"art": 201, "per": 201}
    assert found["corpora"][0]["distinct_sentences"] == 201


def test_a_file_that_cannot_be_read_is_an_error_not_a_finding(tmp_path):
    with pytest.raises(CorpusError, match=r"a\.conll:2"):
        check({"train": file(tmp_path, "a O\nb\n")})
