"""The batches of an epoch: every token once, whatever the recipe; a function of seed and epoch alone."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.corpus import Corpus
from onoma.features.words import UNKNOWN, build_features
from onoma.tagging import TagSet
from onoma.text import Document
from onoma.training.batches import EpochPlan, WordTable, plan_epoch
from onoma.training.recipe import Training
from onoma.training.store import Store, build_store

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=80).map(
    lambda all_: np.array(all_, dtype=np.int64)
)
TRAINING = st.builds(
    Training,
    batch_size=st.integers(1, 50),
    batch_by=st.sampled_from(["sentences", "tokens"]),
    max_length=st.integers(8, 70),
)


@given(LENGTHS, TRAINING, st.integers(0, 2**40), st.integers(0, 99))
def test_every_token_of_every_sentence_once(lengths, training, seed, epoch):
    plan = plan_epoch(lengths, training, seed, epoch)
    seen = Counter((s, t) for batch in plan for s, a, b in batch for t in range(a, b))
    assert seen == Counter((s, t) for s, length in enumerate(lengths) for t in range(length))
    for batch in plan:
        widths = [b - a for _, a, b in batch]
        assert min(widths) > 0
        assert max(widths) <= training.max_length
        if training.batch_by == "sentences":
            assert len(batch) <= training.batch_size
        else:  # padded; a single piece may be longer than all that a batch should hold
            assert len(batch) * max(widths) <= training.batch_size or len(batch) == 1


@given(LENGTHS, TRAINING, st.integers(0, 2**40))
def test_the_same_seed_and_epoch_give_the_same_batches(lengths, training, seed):
    assert plan_epoch(lengths, training, seed, 1) == plan_epoch(lengths, training, seed, 1)


def test_another_epoch_or_seed_gives_another_order():
    lengths, training = np.full(100, 5), Training(batch_size=4)
    plans = [plan_epoch(lengths, training, seed, epoch) for seed, epoch in ((1, 0), (1, 1), (2, 0))]
    assert all(a != b for a, b in pairwise(plans))


TAGS = TagSet(["geo", "per"], "bioes")
WORDS = ["Ada", "Stone", "went", "to", "Oldport", ",", "Green", "Hollow", "and", "Lakeside", "."]
SPANS = [(0, 2, "per"), (4, 5, "geo"), (6, 8, "geo"), (9, 10, "geo")]


@pytest.fixture
def store(tmp_path) -> Store:
    documents = [
        Document.from_words(WORDS * 3, [(a + 11 * i, b + 11 * i, n) for i in range(3) for a, b, n in SPANS])
    ]
    documents += [Document.from_words(WORDS, SPANS), Document.from_words(["nobody"])]
    return build_store(Corpus.from_documents(documents), TAGS, tmp_path)


def plan_of(store: Store, **settings) -> tuple[EpochPlan, list[str]]:
    words = store.words()
    features = build_features(dict.fromkeys(words, 5), characters=True)
    plan = EpochPlan(store, WordTable(store, features), TAGS, Training(**settings), seed=1, epoch=0)
    return plan, features.words


def test_a_batch_holds_words_and_tags_of_the_corpus(store):
    plan, vocabulary = plan_of(store, batch_size=2)
    seen = []
    for i in range(len(plan)):
        batch, gold = plan[i]
        assert plan.tokens(i) == batch.lengths.sum()
        for row, length in enumerate(batch.lengths):
            numbers = batch.words["word"][batch.index[row, :length]]
            words = [vocabulary[number - 2] for number in numbers]
            seen.append((words, TAGS.decode(gold[row, :length])))
        assert not gold[batch.mask == 0].any()
    assert ([word.lower() for word in WORDS], SPANS) in seen
    assert (["nobody"], []) in seen
    assert sum(len(words) for words, _ in seen) == 11 * 4 + 1


@pytest.mark.parametrize("longest", [8, 9, 10, 11, 20])
def test_windows_of_long_sentences_have_legal_tags(store, longest):
    """A window may cut an entity; what it shows of it must still be something a CRF can say."""
    plan, _ = plan_of(store, batch_size=1, max_length=longest)
    entities = 0
    for i in range(len(plan)):
        _, gold = plan[i]
        [tags] = gold
        assert TAGS.legal_start[tags[0]]
        assert TAGS.legal_end[tags[-1]]
        assert all(TAGS.legal[a, b] for a, b in pairwise(tags))
        entities += len(TAGS.decode(tags))
    assert entities >= 16


def test_a_batch_asked_for_twice_is_the_same(store):
    plan, _ = plan_of(store, batch_size=2, word_dropout=0.5)
    (one, gold), (other, again) = plan[0], plan[0]
    assert all((one.words[name] == other.words[name]).all() for name in one.words)
    assert (one.index == other.index).all()
    assert (gold == again).all()


def test_dropped_words_are_unknown_and_keep_their_characters(store):
    dropped, _ = plan_of(store, batch_size=3, word_dropout=0.9)
    plain, _ = plan_of(store, batch_size=3)
    (one, _), (other, _) = dropped[0], plain[0]
    changed = one.words["word"] != other.words["word"]
    assert changed.any()
    assert (one.words["word"][changed] == UNKNOWN).all()
    assert (one.words["characters"] == other.words["characters"]).all()
    assert one.words["word"][0] == 0
