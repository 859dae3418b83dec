"""What a corpus tells of itself: repairs by policy, labels, fingerprint, splits by name."""

from __future__ import annotations

import random
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2, Entities

from onoma import CorpusError, Document, InputError
from onoma.corpus import Corpus, read, read_split

ILL = "a O\nb I-per\nc I-per\n\nd B-geo\ne I-per\n"


@pytest.fixture
def path(tmp_path):
    place = tmp_path / "a.conll"
    place.write_text(ILL)
    return place


def surfaces(corpus):
    return [document.surface(entity) for document in corpus for entity in document.entities]


def test_conlleval_reads_leniently_and_lists_what_it_met(path):
    corpus = read(path, scheme="iob2")
    assert surfaces(corpus) == ["b c", "d", "e"]
    assert [(r.line, r.tag, r.done) for r in corpus.repairs] == [
        (2, "I-per", "after O; read leniently"),
        (6, "I-per", "after B-geo, the sentence's last; read leniently"),
    ]
    assert str(corpus.repairs[0]) == f"{path}:2: I-per: after O; read leniently"


def test_discard_leaves_ill_formed_entities_out_and_lists_them(path):
    corpus = read(path, scheme="iob2", policy="discard")
    assert surfaces(corpus) == ["d"]
    assert [(r.line, r.tag, r.done) for r in corpus.repairs] == [
        (2, "I-per", "left out: 'b c'"),
        (6, "I-per", "left out: 'e'"),
    ]


def test_error_stops_at_the_first(path):
    with pytest.raises(CorpusError, match=r"a\.conll:2: I-per after O is ill-formed in the scheme iob2"):
        list(read(path, scheme="iob2", policy="error"))


def test_without_a_scheme_given_it_is_found_before_the_policy_is_applied(path):
    path.write_text("x B-per\ny I-per\n\n" * 3 + ILL)
    assert surfaces(read(path, policy="discard")) == ["x y"] * 3 + ["d"]
    path.write_text("x I-per\ny I-per\n\n" * 3)
    assert surfaces(read(path, policy="error")) == ["x y"] * 3


def test_well_formed_tags_need_no_repair_under_any_policy(path):
    path.write_text("x B-per\ny I-per\n\nz O\n")
    for policy in ("conlleval", "discard", "error"):
        corpus = read(path, policy=policy)
        assert (surfaces(corpus), len(corpus.repairs)) == (["x y"], 0)


def test_all_repairs_are_counted_and_the_first_listed(path):
    path.write_text("x O\ny I-per\n\n" * 3000)
    corpus = read(path, scheme="iob2")
    assert (len(corpus.repairs), len(list(corpus.repairs))) == (3000, 1000)


TAGS = st.sampled_from(["O", "B-x", "I-x", "B-y", "I-y"])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(TAGS, min_size=1, max_size=6), min_size=1, max_size=30))
def test_policies_read_as_seqeval_does(tmp_path_factory, sentences):
    place = tmp_path_factory.mktemp("corpus") / "a.conll"
    place.write_text("\n".join("".join(f"w {tag}\n" for tag in tags) for tags in sentences))
    for policy, expected in (
        ("conlleval", [get_entities(tags) for tags in sentences]),
        ("discard", [[e.to_tuple()[1:] for e in each] for each in Entities(sentences, IOB2).entities]),
    ):
        documents = list(read(place, scheme="iob2", policy=policy))
        ends = [{token.end: i for i, token in enumerate(d.tokens)} for d in documents]
        starts = [{token.start: i for i, token in enumerate(d.tokens)} for d in documents]
        found = [
            [(e.label, starts[i][e.start], ends[i][e.end] + (policy == "discard")) for e in d.entities]
            for i, d in enumerate(documents)
        ]
        assert found == [[tuple(e) for e in each] for each in expected]


def test_many_blocks_read_as_one(path):
    chance = random.Random(5)
    sentences = [
        [chance.choice(["O", "B-x", "I-x"]) for _ in range(chance.randint(1, 5))] for _ in range(2500)
    ]
    path.write_text("\n".join("".join(f"w{i} {tag}\n" for tag in tags) for i, tags in enumerate(sentences)))
    documents = list(read(path))
    assert [len(d.entities) for d in documents] == [len(get_entities(tags)) for tags in sentences]
    assert [d.words[0] for d in documents] == [f"w{i}" for i in range(2500)]


def test_a_corpus_streams_again_and_again(path):
    corpus = read(path)
    assert list(corpus) == list(corpus)
    assert (len(corpus), corpus.sentences, corpus.labels) == (2, 2, ["geo", "per"])
    assert (corpus.source.path, corpus.source.format) == (str(path), "conll")


def test_an_iteration_broken_off_leaves_the_facts_right(path):
    corpus = read(path)
    next(iter(corpus))
    assert len(corpus) == 2


def test_declared_labels_may_be_more_but_not_fewer(path):
    assert read(path, labels=["per", "geo", "art"]).labels == ["art", "geo", "per"]
    with pytest.raises(CorpusError, match="the label 'geo' is not among those declared"):
        list(read(path, labels=["per"]))


def test_the_fingerprint_follows_content_and_options_not_place(path, tmp_path):
    first = read(path).fingerprint
    copy = tmp_path / "other name.txt"
    copy.write_text(ILL)
    assert read(copy).fingerprint == first
    assert read(path, policy="discard").fingerprint != first
    assert read(path, tag_column=1).fingerprint != first
    copy.write_text(ILL.replace("geo", "org"))
    assert read(copy).fingerprint != first


def test_corpora_in_memory():
    documents = [Document.from_words(["Ada"], [(0, 1, "per")]), Document.from_words(["x"])]
    corpus = Corpus.from_documents(iter(documents), labels=["per", "geo"])
    assert (list(corpus), list(corpus)) == (documents, documents)
    assert (len(corpus), corpus.labels, corpus.scheme) == (2, ["geo", "per"], None)
    assert corpus.fingerprint == Corpus.from_documents(documents, labels=["geo", "per"]).fingerprint
    assert corpus.fingerprint != Corpus.from_documents(documents[:1], labels=["geo", "per"]).fingerprint


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"policy": "discart"}, "did you mean 'discard'"),
        ({"scheme": "iob3"}, "unknown tag scheme"),
        ({"format": "conl"}, "did you mean 'conll'"),
    ],
)
def test_unknown_options_name_the_nearest(path, options, message):
    with pytest.raises(InputError, match=message):
        read(path, **options)


@pytest.mark.parametrize(
    "names",
    [
        ("train.conll", "dev.conll", "test.conll"),
        ("eng.train", "eng.testa", "eng.testb"),
        ("wnut17train.conll", "emerging.dev.conll", "emerging.test.conll"),
        ("training.tsv", "valid.tsv", "testing.tsv"),
        ("x-train.txt", "x_devel.txt", "x-test.txt"),
    ],
)
def test_splits_are_found_by_name(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text(f"{name} O\n")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in names:
            archive.writestr(f"data/{name}", f"{name} O\n")
    for split, name in zip(("train", "dev", "test"), names, strict=True):
        assert next(iter(read_split(tmp_path / "all.zip", split))).words == [name]
    (tmp_path / "all.zip").unlink()
    for split, name in zip(("train", "validation", "test"), names, strict=True):
        assert next(iter(read_split(tmp_path, split))).words == [name]


def test_a_file_is_its_own_split(path):
    assert list(read_split(path, "test")) == list(read(path))


def test_a_split_that_cannot_be_told_is_an_error(tmp_path):
    with pytest.raises(CorpusError, match="no file looks like train: the folder is empty"):
        read_split(tmp_path, "train")
    for name in ("a.train", "b.train"):
        (tmp_path / name).write_text("x O\n")
    with pytest.raises(CorpusError, match=r"2 files could be train: a\.train, b\.train"):
        read_split(tmp_path, "train")
    with pytest.raises(InputError, match="unknown split 'trian'; did you mean 'train'"):
        read_split(tmp_path, "trian")
