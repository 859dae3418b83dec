"""Learning to read pieces: every word once an epoch, judged as in use, resumed bit for bit."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import sentence
from onoma.corpus import Corpus
from onoma.features.piece_batch import PieceFeatures
from onoma.features.pieces import Pieces
from onoma.features.words import build_features
from onoma.models import PieceTensors
from onoma.runtime import Tagger
from onoma.tagging import TagSet
from onoma.text import Document
from onoma.training.batches import EpochPlan
from onoma.training.checkpoint import load_checkpoint
from onoma.training.loop import Epoch, train
from onoma.training.piece_table import PieceTable
from onoma.training.prepare import prepare
from onoma.training.recipe import Recipe, Training
from onoma.training.run import Judged, run_recipe
from onoma.training.store import build_store
from small_encoders import save_encoder, tokenizer_json

TAGS = TagSet(["geo", "per"], "bioes")
PIECES = Pieces(tokenizer_json("wordpiece"))
WORDS = ["Ada", "Stone", "went", "to", "Oldport", ",", "Green", "Hollow", "and", "Lakeside", "."]
SPANS = [(0, 2, "per"), (4, 5, "geo"), (6, 8, "geo"), (9, 10, "geo")]


def article(name: str | None, *times: int) -> list[Document]:
    """Sentences of an article, each so many copies of one."""
    documents = []
    for count in times:
        spans = [(a + 11 * i, b + 11 * i, label) for i in range(count) for a, b, label in SPANS]
        meta = {} if name is None else {"document": name}
        documents.append(Document.from_words(WORDS * count, spans, meta=meta))
    return documents


DOCUMENTS = [
    *article("a", 1, 1, 2, 1, 1, 3, 1),
    *article(None, 1, 4),
    *article("b", 1),
    *article("c", 1, 1, 1, 9, 1),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return build_store(Corpus.from_documents(DOCUMENTS), TAGS, tmp_path_factory.mktemp("store"))


def features_of(context, limit=40, overlap=10, words=None) -> PieceFeatures:
    return PieceFeatures(PIECES, limit, overlap, context, words)


def test_a_store_knows_articles_and_sentences(store):
    assert store.articles.tolist() == [0] * 7 + [1, 2, 3] + [4] * 5
    assert [store.starts(i).tolist() for i in (0, 2)] == [[0], [0, 11]]


CONTEXTS = pytest.mark.parametrize("context", ["sentence", "document"])


@CONTEXTS
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    limit=st.integers(12, 120), size=st.integers(1, 60), by=st.sampled_from(["sentences", "tokens"]),
    epoch=st.integers(0, 5), seed=st.integers(0, 99),
)  # fmt: skip
def test_every_token_is_learned_from_once_an_epoch(store, context, limit, size, by, epoch, seed):
    features = features_of(context, limit, overlap=2)
    table = PieceTable(store, features)
    training = Training(batch_size=size, batch_by=by)
    seen = Counter()
    plan = table.epoch(training, seed, epoch)
    assert plan == table.epoch(training, seed, epoch)
    for rows in plan:
        batch, parts = table.batch(rows)
        assert batch.rows["pieces"].shape[1] <= limit
        assert table.tokens(rows) == batch.lengths.sum()
        assert [b - a for _, a, b in parts] == batch.lengths.tolist()
        if by == "sentences":
            assert len(parts) <= size or len(rows) == 1
        else:
            assert batch.rows["pieces"].size <= size or len(rows) == 1
        seen.update((s, t) for s, a, b in parts for t in range(a, b))
    assert seen == Counter((s, t) for s, length in enumerate(store.lengths) for t in range(length))


def words_at(table, batch) -> list[list[str]]:
    """The words of a batch's sentences, found again by their pieces."""
    known = {PIECES.word(word).ids: word for word in WORDS}
    begin, end = batch.rows["begin"], batch.rows["end"]
    longest = begin.shape[1]
    found = []
    for places, length in zip(batch.place, batch.lengths, strict=True):
        spots = [divmod(int(place), longest) for place in places[:length]]
        found.append([known[tuple(batch.rows["pieces"][r, begin[r, w] : end[r, w]])] for r, w in spots])
    return found


@CONTEXTS
@pytest.mark.parametrize("whole", [True, False])
def test_sentences_find_their_own_words_in_the_rows(store, context, whole):
    table = PieceTable(store, features_of(context))
    vocabulary = store.words()
    batches = table.whole() if whole else table.epoch(Training(batch_size=7), 1, 0)
    sentences = Counter()
    for rows in batches:
        batch, parts = table.batch(rows)
        for (s, a, b), words in zip(parts, words_at(table, batch), strict=True):
            assert words == [vocabulary[number] for number in store.sentence(s)[0][a:b]]
            sentences[s] += 1
    assert set(sentences) == set(range(len(store)))
    if whole:  # then sentences are whole, as those in use are
        assert sentences == Counter({s: len(store.starts(s)) for s in range(len(store))})


def test_windows_over_long_articles_change_from_epoch_to_epoch(store):
    table = PieceTable(store, features_of("document", limit=60))
    first, other = (
        {(row.text, row.windows) for rows in table.epoch(Training(), 1, epoch) for row in rows}
        for epoch in (0, 1)
    )
    assert first != other
    assert {row for row in first if row[0] == 1} <= other  # an article that fits one window is never cut


@CONTEXTS
def test_gold_tags_are_those_of_the_corpus(store, context):
    table = PieceTable(store, features_of(context))
    plan = EpochPlan(store, table, TAGS, Training(batch_size=5), seed=1, epoch=0)
    entities = 0
    for i in range(len(plan)):
        batch, gold = plan[i]
        assert gold.shape == batch.place.shape
        assert not gold[batch.mask == 0].any()
        for row, length in zip(gold, batch.lengths, strict=True):
            assert TAGS.legal_start[row[0]]
            assert TAGS.legal_end[row[length - 1]]
            entities += len(TAGS.decode(row[:length]))
    assert entities == sum(len(document.entities) for document in DOCUMENTS)


def test_lexical_features_are_those_of_the_rows_words(store):
    words = build_features(dict.fromkeys(WORDS, 20), characters=True, shapes=True)
    table = PieceTable(store, features_of("document", words=words))
    [rows, *_] = table.epoch(Training(batch_size=9, word_dropout=0.5), 1, 0)
    batch, _ = table.batch(rows)
    assert batch.index.shape == batch.rows["begin"].shape
    known = {PIECES.word(word).ids: words.words.index(word.lower()) + 2 for word in WORDS}
    for r, w in np.argwhere(batch.rows["mask"] > 0):
        ids = tuple(batch.rows["pieces"][r, batch.rows["begin"][r, w] : batch.rows["end"][r, w]])
        assert batch.words["word"][batch.index[r, w]] == known[ids]
    plan = EpochPlan(store, table, TAGS, Training(batch_size=9, word_dropout=0.5), seed=1, epoch=0)
    forgotten = [(plan[i][0].words["word"] == 1).any() for i in range(len(plan))]
    assert any(forgotten)


def test_word_dropout_hides_whole_words_from_the_encoder_and_nothing_else(store):
    table = PieceTable(store, features_of("document"))
    [rows, *_] = table.epoch(Training(batch_size=90), 1, 0)
    whole, _ = table.batch(rows)
    hidden = table.forget(whole, 0.4, np.random.default_rng(5))
    for name in set(whole.rows) - {"pieces"}:
        assert (hidden.rows[name] == whole.rows[name]).all()
    inside, shares = np.zeros(whole.rows["pieces"].shape, bool), []
    for r, w in np.argwhere(whole.rows["mask"] > 0):
        word = r, slice(whole.rows["begin"][r, w], whole.rows["end"][r, w])
        inside[word] = True
        shares.append(bool((hidden.rows["pieces"][word] == PIECES.mask).all()))
        assert shares[-1] or (hidden.rows["pieces"][word] == whole.rows["pieces"][word]).all()
    assert (hidden.rows["pieces"] == whole.rows["pieces"])[~inside].all()
    assert 0.3 < np.mean(shares) < 0.5


@pytest.fixture(scope="module")
def articles(tmp_path_factory) -> Path:
    """A corpus in columns whose articles are told apart."""
    folder = tmp_path_factory.mktemp("articles")
    for part, count in (("train", 200), ("dev", 40), ("test", 40)):
        chance = random.Random(part)
        pieces = []
        for i in range(count):
            if i % 8 == 0:
                pieces.append("-DOCSTART- O\n")
            pieces.append(sentence(chance))
        (folder / f"{part}.conll").write_text("\n".join(pieces), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    return save_encoder(tmp_path_factory.mktemp("encoder") / "bert", "bert")


def recipe_of(articles: Path, encoder: Path, architecture="transformer-crf", **network) -> Recipe:
    options = {"architecture": architecture, "encoder": str(encoder), "limit": 48, "overlap": 12, **network}
    return Recipe.model_validate(
        {
            "name": "small",
            "corpus": {"path": str(articles)},
            "network": options,
            "optimiser": {"rate": 0.01, "average": 0.5, "warmup": 0.1},
            "training": {"epochs": 4, "batch_size": 16, "checkpoint_every": 5, "threads": 1},
            "seed": 3,
        }
    )


@pytest.fixture(autouse=True)
def _own_cache(cache, monkeypatch):
    monkeypatch.setenv("ONOMA_CACHE", str(cache))


LEXICAL = {"word": 8, "character": 6, "filters": 8, "shape": 4}
RUNS = {
    "transformer-crf with lora": ("transformer-crf", {"lora": {"rank": 4, "alpha": 8}}),
    "transformer-bilstm-crf in documents, with lexical": (
        "transformer-bilstm-crf",
        {"hidden": 8, "lexical": LEXICAL, "context": "document"},
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_learns_and_its_bundle_scores_what_the_last_judge_said(articles, encoder, tmp_path, name):
    architecture, network = RUNS[name]
    events = list(run_recipe(recipe_of(articles, encoder, architecture, **network), tmp_path / "out"))
    epochs = [event for event in events if isinstance(event, Epoch)]
    assert epochs[-1].loss < epochs[0].loss
    best = max(epoch.dev_f1 for epoch in epochs)
    judged = {event.split: event.scores.strict.micro.f1 for event in events if isinstance(event, Judged)}
    assert best > 0.5
    assert judged["dev"] == pytest.approx(best, abs=1e-9)
    tagger = Tagger(tmp_path / "out")
    assert tagger.manifest.pieces.context == network.get("context", "sentence")
    assert tagger(["Ada Stone went to Oldport ."])[0].coverage.characters == 27


def test_a_resumed_run_ends_bit_for_bit_as_one_never_stopped(articles, encoder, tmp_path):
    recipe = recipe_of(articles, encoder, context="document")
    for folder in ("whole", "parts"):
        (tmp_path / folder).mkdir()
    for _ in train(prepare(recipe, tmp_path / "whole").run):
        pass
    stopped = train(prepare(recipe, tmp_path / "parts").run)
    for _ in range(9):
        next(stopped)
    stopped.close()
    for _ in train(prepare(recipe, tmp_path / "parts").run, resume=True):
        pass
    one, other = (load_checkpoint(tmp_path / folder / "last.pt")["network"] for folder in ("whole", "parts"))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_the_judge_agrees_with_one_sentence_at_a_time(articles, encoder, tmp_path):
    prepared = prepare(recipe_of(articles, encoder, "transformer"), tmp_path)
    network = prepared.run.network.eval()
    loss, _ = prepared.run.judge(network)
    table, judge = prepared.run.judge._table, prepared.run.judge
    total = tokens = 0.0
    for rows in table.whole():
        for row in rows:
            batch, parts = table.batch([row])
            gold = [judge._known[judge._store.sentence(s)[1][a:b]] for s, a, b in parts]
            with torch.no_grad():
                mean = network(PieceTensors.of(batch), torch.from_numpy(np.stack(gold)))
            total, tokens = total + float(mean) * table.tokens([row]), tokens + table.tokens([row])
    assert loss == pytest.approx(total / tokens, rel=1e-5)
