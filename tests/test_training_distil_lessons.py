"""What teachers believe, kept on disk: asked once, resumed, cut as batches cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from onoma.corpus import Corpus, read_split
from onoma.runtime import Tagger
from onoma.runtime.posteriors import Teachers
from onoma.tagging import TagSet
from onoma.tagging.decode import marginals
from onoma.text import Document
from onoma.training import distil_lessons
from onoma.training.distil_lessons import sure, teach
from onoma.training.store import build_store

TAGS = TagSet(["geo", "per"], "bioes")
LONG = "Ada Stone went to Green Hollow .\nBob saw Cora Field in Lakeside yesterday ."


@pytest.fixture(scope="module")
def teachers(tiny_bundle: Path) -> Teachers:
    return Teachers([Tagger(tiny_bundle, threads=1)], TAGS)


@pytest.fixture
def corpus(tiny_corpus: Path) -> Corpus:
    return read_split(tiny_corpus, "dev")


def expected(teachers: Teachers, words: list[str]) -> np.ndarray:
    [tagger] = teachers.taggers
    scores = tagger.engine.scores([words])
    sharpness = tagger.engine.chain.sharpness
    softened = scores._replace(**{n: getattr(scores, n) * sharpness for n in scores._fields})
    found = marginals(softened, np.array([len(words)]), tagger.tags)[0]
    return found[:, [tagger.tags.names.index(name) for name in TAGS.names]]


def test_beliefs_are_the_teachers_marginals(teachers, corpus, tmp_path):
    store = build_store(corpus, TAGS, tmp_path)
    lessons = teach(store, teachers, tmp_path)
    assert len(lessons) == len(store)
    words = store.words()
    for i in range(len(store)):
        row = [words[n] for n in store.sentence(i)[0]]
        moved = lessons.of((i, 0, len(row)), len(row))
        assert moved.tags(len(row), len(TAGS)) == pytest.approx(expected(teachers, row), abs=0.01)


def test_teaching_that_was_stopped_goes_on(teachers, corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(distil_lessons, "_BLOCK", 7)
    store = build_store(corpus, TAGS, tmp_path)
    told: list[int] = []

    def stop(done: int, whole: int) -> None:
        told.append(done)
        if done > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        teach(store, teachers, tmp_path, stop)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("0*.arrow")}
    assert len(written) == 3
    lessons = teach(store, teachers, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in written} == written
    other = tmp_path / "whole"
    monkeypatch.setattr(distil_lessons, "_BLOCK", 4096)
    whole = teach(store, teachers, other)
    for i, length in enumerate(store.lengths.tolist()):
        for one, two in zip(
            lessons.of((i, 0, length), length), whole.of((i, 0, length), length), strict=True
        ):
            assert np.allclose(one, two, atol=1e-3)


def test_a_document_of_several_sentences(teachers, tmp_path):
    store = build_store(Corpus.from_documents([Document.from_text(LONG)], TAGS.labels), TAGS, tmp_path)
    assert store.starts(0).tolist() == [0, 7]
    lessons = teach(store, teachers, tmp_path)
    moved = lessons.of((0, 0, 15), 15)
    words = Document.from_text(LONG).words
    by_sentence = np.concatenate([expected(teachers, words[:7]), expected(teachers, words[7:])])
    assert moved.tags(15, len(TAGS)) == pytest.approx(by_sentence, abs=0.02)
    assert np.bincount(moved.token, moved.weight) == pytest.approx(np.ones(15), abs=0.01)
    assert (moved.source[moved.token > 0] < len(TAGS)).all()
    second = lessons.of((0, 7, 15), 15)  # a part that is a sentence
    assert second.tags(8, len(TAGS)) == pytest.approx(by_sentence[7:], abs=0.01)


def test_of_a_part_that_cuts_a_name_the_likeliest_tags_are_kept(teachers, tmp_path):
    store = build_store(Corpus.from_documents([Document.from_text(LONG)], TAGS.labels), TAGS, tmp_path)
    moved = teach(store, teachers, tmp_path).of((0, 1, 6), 15)
    assert moved.weight.tolist() == [1.0] * 5
    assert TAGS.decode(moved.target) == [(0, 1, "per"), (3, 5, "geo")]
    assert moved.source[0] == len(TAGS)


def test_several_teachers_are_the_mean_of_their_beliefs(tiny_bundle, teachers):
    tagger = teachers.taggers[0]
    softer = Tagger(tiny_bundle, threads=1)
    softer.engine.trust(softer.manifest.confidence.model_copy(update={"temperature": 5.0}))
    words = ["Ada", "went", "to", "Oldport", "."]
    one, two, both = (
        Teachers(each, TAGS, weights)([words])[0].tags(5, len(TAGS))
        for each, weights in (([tagger], None), ([softer], None), ([tagger, softer], [3, 1]))
    )
    assert both == pytest.approx(0.75 * one + 0.25 * two, abs=0.005)
    assert Teachers([tagger], TAGS).version != Teachers([softer], TAGS).version


def test_a_row_longer_than_a_teacher_reads_is_put_together(teachers):
    words = ["Ada", "went", "to", "Oldport", "."] * 100
    [moved] = teachers([words])
    assert np.bincount(moved.token, moved.weight) == pytest.approx(np.ones(500), abs=0.01)
    [tagged] = teachers.taggers[0]([Document.from_words(words)])
    found = TAGS.decode(moved.tags(500, len(TAGS)).argmax(1))
    assert {label for *_, label in found} == {entity.label for entity in tagged.entities}


def test_a_sure_path():
    moved = sure(TAGS.encode([(0, 2, "per")], 3), len(TAGS))
    assert moved.tags(3, len(TAGS)).argmax(1).tolist() == TAGS.encode([(0, 2, "per")], 3).tolist()
