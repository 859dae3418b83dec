"""Encoded corpora on disk: what goes in comes out, once per fingerprint, and damage is noticed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onoma.corpus import Corpus
from onoma.errors import CorpusError, OutputError
from onoma.tagging import TagSet
from onoma.text import Document
from onoma.training import store as stores
from onoma.training.store import build_store

TAGS = TagSet(["per"], "iob2")
DOCUMENTS = [
    Document.from_words(["Ada", "Stone", "wrote"], [(0, 2, "per")]),
    Document.from_words([]),
    Document.from_words(["wrote", "Ada", "🙂", "naïve"], [(1, 2, "per")]),
]


def corpus() -> Corpus:
    return Corpus.from_documents(DOCUMENTS)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["a", "b", "Ünï", "NA", "x y", "\t"]), max_size=6), max_size=12))
def test_sentences_come_back_as_they_were(tmp_path_factory, sentences):
    documents = [*map(Document.from_words, sentences), Document.from_words(["Ada"], [(0, 1, "per")])]
    store = build_store(Corpus.from_documents(documents), TAGS, tmp_path_factory.mktemp("cache"))
    words = store.words()
    kept = [s for s in [*sentences, ["Ada"]] if s]
    assert [[words[i] for i in store.sentence(n)[0]] for n in range(len(store))] == kept
    assert store.lengths.tolist() == [len(s) for s in kept]
    assert dict(zip(words, store.counts(), strict=True)) == {w: sum(s.count(w) for s in kept) for w in words}


def test_tags_come_back_as_entities(tmp_path):
    store = build_store(corpus(), TAGS, tmp_path)
    assert [TAGS.decode(store.sentence(i)[1]) for i in range(2)] == [[(0, 2, "per")], [(1, 2, "per")]]


def test_many_sentences_cross_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(stores, "_BLOCK", 3)
    documents = [Document.from_words([str(i)] * (i + 1)) for i in range(10)]
    store = build_store(Corpus.from_documents(documents), TAGS, tmp_path)
    words = store.words()
    for i in range(10):
        assert [words[n] for n in store.sentence(i)[0]] == [str(i)] * (i + 1)


def test_it_is_mapped_and_not_loaded(tmp_path):
    words, _ = build_store(corpus(), TAGS, tmp_path).sentence(0)
    assert not words.flags.owndata
    assert not words.flags.writeable


class TestCache:
    @pytest.fixture
    def written(self, monkeypatch) -> list[object]:
        """Notes each time that a store is really made."""
        made: list[object] = []
        write = stores._write
        monkeypatch.setattr(stores, "_write", lambda *given: (made.append(given), write(*given)))
        return made

    def test_made_once_for_the_same_corpus_and_tags(self, tmp_path, written):
        keys = {build_store(corpus(), TAGS, tmp_path).key for _ in range(3)}
        assert (len(keys), len(written)) == (1, 1)

    def test_another_corpus_or_other_tags_make_another(self, tmp_path, written):
        build_store(corpus(), TAGS, tmp_path)
        build_store(corpus(), TagSet(["per"], "bioes"), tmp_path)
        build_store(Corpus.from_documents(DOCUMENTS[:1]), TAGS, tmp_path)
        assert len(written) == 3

    @pytest.mark.parametrize("name", ["sentences.arrow", "words.arrow", "sums.json"])
    @pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone"])
    def test_a_damaged_one_is_made_again(self, tmp_path, written, name, damage):
        build_store(corpus(), TAGS, tmp_path)
        [path] = tmp_path.rglob(name)
        content = path.read_bytes()
        at = len(content) // 2
        path.write_bytes(
            {"flip": content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :], "cut": content[:at]}.get(
                damage, b""
            )
        )
        if damage == "gone":
            path.unlink()
        store = build_store(corpus(), TAGS, tmp_path)
        assert len(written) == 2
        assert store.words() == ["Ada", "Stone", "wrote", "🙂", "naïve"]

    def test_the_users_cache_folder(self, monkeypatch, tmp_path):
        monkeypatch.setenv("ONOMA_CACHE", str(tmp_path / "own"))
        assert stores.cache_folder() == tmp_path / "own"
        monkeypatch.delenv("ONOMA_CACHE")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert stores.cache_folder() == tmp_path / "onoma"


def test_a_corpus_without_tokens_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(CorpusError, match="no sentence with tokens"):
        build_store(Corpus.from_documents([Document.from_words([])]), TAGS, tmp_path)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stores, "_write", full)
    with pytest.raises(OutputError, match="No space left"):
        build_store(corpus(), TAGS, tmp_path)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_two_sentences_share_no_memory_by_mistake(tmp_path):
    store = build_store(corpus(), TAGS, tmp_path)
    first, second = store.sentence(0)[0], store.sentence(1)[0]
    assert not np.shares_memory(first, second)
