"""Splits: nothing lost, repeats and articles on one side, rare labels in proportion, the same bytes."""

from __future__ import annotations

import json
import random
from collections import Counter
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma import CorpusError, Document, InputError
from onoma.corpus import Corpus, read, read_split, write
from onoma.corpus.split import parse_ratios, split_corpus, write_split
from onoma.corpus.stratify import Group, stratify


def corpus_of(sentences=4000, seed=3, articles=0, rare=20):
    """Sentences about numbered people and places; the label ``art`` is rare."""
    chance = random.Random(seed)
    documents = []
    for number in range(sentences):
        spans = [(0, 1, chance.choice(["per", "geo"]))] if chance.random() < 0.5 else []
        spans += [(2, 3, "art")] if number % (sentences // rare) == 0 else []
        words = [f"Name{chance.randrange(50)}", "met", f"Thing{number}"]
        meta = {"document": str(number * articles // sentences)} if articles else {}
        documents.append(Document.from_words(words, spans, id=str(number), meta=meta))
    return documents


def sides(documents, **options):
    split = split_corpus(Corpus.from_documents(documents), **options)
    parts = {name: [] for name in split.names}
    for side, document in zip(split.sides, documents, strict=True):
        parts[split.names[side]].append(document)
    return parts


def shares(parts, count):
    counts = {name: sum(map(count, documents)) for name, documents in parts.items()}
    return {name: each / sum(counts.values()) for name, each in counts.items()}


WANTED = {"train": 0.6, "dev": 0.2, "test": 0.2}


@pytest.mark.parametrize("label", ["per", "geo", "art"])
def test_labels_keep_their_proportions(label):
    found = shares(sides(corpus_of()), lambda d: sum(e.label == label for e in d.entities))
    assert found == pytest.approx(WANTED, abs=0.05 if label == "art" else 0.002)


def test_sentences_keep_their_proportions():
    assert shares(sides(corpus_of()), lambda d: 1) == pytest.approx(WANTED, abs=0.001)


def test_articles_stay_together_and_proportions_hold_roughly():
    parts = sides(corpus_of(articles=200))
    names = {name: {d.meta["document"] for d in documents} for name, documents in parts.items()}
    assert sum(map(len, names.values())) == len(set().union(*names.values())) == 200
    for label in ("per", "geo"):
        found = shares(parts, lambda d, label=label: sum(e.label == label for e in d.entities))
        assert found == pytest.approx(WANTED, abs=0.03)


def test_articles_joined_by_a_sentence_of_the_same_words_stay_together():
    documents = corpus_of(40, articles=10, rare=4)
    same = [3, 17, 33]  # sentences of three articles
    for i in same:
        documents[i] = Document.from_words(["the", "same"], id=str(i), meta=documents[i].meta)
    split = split_corpus(Corpus.from_documents(documents))
    assert (split.groups, split.largest) == (8, 12)
    assert len({split.sides[j] for i in same for j in range(i // 4 * 4, i // 4 * 4 + 4)}) == 1


@given(st.lists(st.integers(0, 12), min_size=40, max_size=80), st.integers(0, 5))
def test_sentences_of_the_same_words_stand_on_one_side(numbers, seed):
    documents = [Document.from_words(["word", str(n)]) for n in [*range(13), *numbers]]
    split = split_corpus(Corpus.from_documents(documents), seed=seed)
    by_words = {}
    for side, document in zip(split.sides, documents, strict=True):
        by_words.setdefault(document.text, set()).add(side)
    assert all(len(found) == 1 for found in by_words.values())
    assert split.groups == 13


def test_repeats_do_not_all_land_in_train():
    documents = [Document.from_words(["word", str(n // 2)]) for n in range(400)]
    assert shares(sides(documents), lambda d: 1) == pytest.approx(WANTED, abs=0.01)
    mixed = documents + [Document.from_words(["other", str(n)]) for n in range(4000)]
    repeated = shares(sides(mixed), lambda d: d.words[0] == "word")
    assert repeated == pytest.approx(WANTED, abs=0.12)


def test_words_are_one_sequence_not_one_text():
    documents = [Document.from_words(words) for words in (["a b"], ["a", "b"], ["a", " b"])]
    assert split_corpus(Corpus.from_documents(documents)).groups == 3


def test_every_word_and_entity_survives_and_parts_keep_the_order(tmp_path):
    documents = corpus_of(500)
    source = tmp_path / "a.conll"
    write(documents, source)
    corpus = read(source)
    write_split(corpus, split_corpus(corpus), tmp_path / "out")
    parts = {name: list(read_split(tmp_path / "out", name)) for name in ("train", "dev", "test")}

    def plain(found):
        return [(d.text, d.entities) for d in found]

    assert Counter(plain(chain.from_iterable(parts.values()))) == Counter(plain(documents))
    order = {row: i for i, row in enumerate(plain(documents))}
    for found in parts.values():
        places = [order[row] for row in plain(found)]
        assert places == sorted(places)


@pytest.mark.parametrize("format", ["conll", "jsonl", "jsonl-spans"])
def test_the_same_seed_gives_the_same_bytes(tmp_path, format):
    corpus = Corpus.from_documents(corpus_of(300))
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_split(corpus, split_corpus(corpus, seed=seed), tmp_path / name, format)
    a, b, c = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in "abc")
    assert a == b
    suffix = "conll" if format == "conll" else "jsonl"
    assert sorted(a) == sorted(["split.json", *(f"{name}.{suffix}" for name in ("train", "dev", "test"))])
    assert a[f"train.{suffix}"] != c[f"train.{suffix}"]


def test_split_json_says_what_was_done(tmp_path):
    corpus = Corpus.from_documents(corpus_of(300))
    split = split_corpus(corpus, (80, 20), seed=7)
    write_split(corpus, split, tmp_path / "out", scheme="bioes")
    record = json.loads((tmp_path / "out" / "split.json").read_text())
    assert (record["seed"], record["ratios"], record["scheme"]) == (7, [80, 20], "bioes")
    assert record["source"]["fingerprint"] == corpus.fingerprint
    for name, side in record["splits"].items():
        part = read(tmp_path / "out" / side["file"])
        assert side["entities"] == dict(sorted(part.facts.entities.items()))
        assert (side["sentences"], side["tokens"]) == (len(part), part.facts.tokens)
        assert name in split.names


def test_an_older_split_is_replaced_another_folder_is_not(tmp_path):
    corpus = Corpus.from_documents(corpus_of(100))
    split = split_corpus(corpus)
    write_split(corpus, split, tmp_path / "out")
    write_split(corpus, split, tmp_path / "out", "jsonl")
    assert not (tmp_path / "out" / "train.conll").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="holds something else"):
        write_split(corpus, split, tmp_path / "mine")
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    corpus = Corpus.from_documents([*corpus_of(100), Document.from_words(["a\tb"])])
    with pytest.raises(InputError, match="cannot stand in a column"):
        write_split(corpus, split_corpus(corpus), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_too_few_sentences_cannot_be_split():
    documents = [Document.from_words(["same"])] * 5
    with pytest.raises(CorpusError, match="5 sentences in 1 groups"):
        split_corpus(Corpus.from_documents(documents))


@pytest.mark.parametrize("text", ["", "60", "60/40/0", "60/-20/20", "a/b", "1/2/3/4", "inf/1/1", "nan/1/1"])
def test_ratios_that_are_none(text):
    with pytest.raises(InputError, match="ratios must be two or three positive numbers"):
        parse_ratios(text)


def test_ratios():
    assert parse_ratios("8/2") == (8, 2)
    assert parse_ratios("0.6/0.2/0.2") == (0.6, 0.2, 0.2)


@given(
    st.lists(
        st.tuples(st.integers(1, 5), st.dictionaries(st.sampled_from("abc"), st.integers(1, 4))), max_size=60
    ),
    st.integers(0, 100),
)
def test_every_group_gets_a_side_and_the_same_one_each_time(groups, seed):
    made = [Group(*group) for group in groups]
    found = stratify(made, (3, 1, 1), seed)
    assert found == stratify(made, (3, 1, 1), seed)
    assert len(found) == len(groups)
    assert set(found) <= {0, 1, 2}
