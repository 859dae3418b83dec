"""A tagger's answer depends on the text and nothing else: one table of architectures, one of laws."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import small_encoders
from onoma.features.piece_batch import PieceFeatures
from onoma.models import PieceNetwork, TensorBatch
from onoma.runtime import Tagger
from onoma.runtime.articles import in_context
from onoma.runtime.bundle import TAGS as TAGS_GRAPH
from onoma.runtime.bundle import read_manifest, write_bundle, write_manifest
from onoma.runtime.confidence import Confidence
from onoma.runtime.integer_products import with_row_products
from onoma.runtime.manifest import WindowSizes
from onoma.runtime.piece_engine import PieceEngine
from onoma.runtime.words import WordVectors
from onoma.tagging.decode import Decoder
from onoma.tagging.kernel import load_kernel
from onoma.text import Document, Entity, Token
from onoma.text.sentences import sentence_starts
from small_networks import (
    SENTENCES,
    SMALL,
    TAGS,
    batch_of,
    build,
    same_entities,
    sharpened,
    write_coded,
    write_small,
)

TRUST = Confidence(method="temperature", temperature=1.4)
WINDOW = WindowSizes(size=16, overlap=5)
WORDS = [*(word for words in SENTENCES for word in words), "unseen", "Ünsëen", "東", "\U0001f642", "x" * 40]
Texts = Sequence[str]


ENCODED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "transformer": ("bert", "transformer", {}),
    "transformer-crf of documents": (
        "roberta",
        "transformer-crf",
        {"context": "document", "pooling": "mean"},
    ),
    "transformer-bilstm-crf": ("albert", "transformer-bilstm-crf", {"hidden": 5, "lexical": {"word": 4}}),
}  # fmt: skip
INT8 = "transformer, int8"
CODED = {f"{name} in codes": name for name in ("bilstm", "bilstm-crf with vectors")}


@pytest.fixture(scope="session")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[PieceNetwork, PieceFeatures]]:
    """Networks over small encoders, and what they see of words; windows are small as well."""
    place, found = tmp_path_factory.mktemp("encoders"), {}
    for at, (name, (kind, architecture, options)) in enumerate(ENCODED.items()):
        encoder = small_encoders.save_encoder(place / str(at), kind)
        network, features = small_encoders.build(encoder, architecture, TAGS, **options)
        with torch.no_grad():
            network.output.weight.mul_(4)  # so that entities are found
        found[name] = (network.eval(), features)
    return found


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory, encoded: Any) -> dict[str, Path]:
    """A bundle of each architecture, which reads in small windows."""
    place = tmp_path_factory.mktemp("laws")
    found = {
        name: write_small(place / str(at), sharpened(build(name, seed=5)).eval(), name, TRUST, WINDOW)
        for at, name in enumerate(SMALL)
    }
    for name, (network, features) in encoded.items():
        found[name] = small_encoders.write_small(place / name, network, features, ENCODED[name][1], TRUST)
    found |= {kind: write_coded(found[name], place / kind) for kind, name in CODED.items()}
    return found | {INT8: in_int8(found["transformer"], place / INT8)}


def in_int8(folder: Path, place: Path) -> Path:
    """The bundle with matrix products in int8."""
    model = onnx.load(folder / TAGS_GRAPH)
    with_row_products(model)
    manifest, engine = read_manifest(folder), Tagger(folder).engine
    write_bundle(place, manifest, None, model.SerializeToString(), engine.features)
    return place


@pytest.fixture(params=[*SMALL, *CODED, *ENCODED, INT8])
def folder(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Path:
    return folders[request.param]


# sentences joined to texts; of the longer ones, most do not fit one window
SENTENCE = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(lambda words: " ".join(words) + " .")
TEXT = st.lists(SENTENCE, max_size=6).map(" ".join)
TEXTS = st.lists(TEXT, max_size=8)
ROW = st.lists(st.sampled_from([word for word in WORDS if word != "."]), min_size=1, max_size=WINDOW.size)
CHANCE = st.integers(0, 9).map(random.Random)


def law(examples: int) -> Callable[[Any], Any]:
    return settings(max_examples=examples, suppress_health_check=[HealthCheck.function_scoped_fixture])


def in_one_batch(tagger: Tagger, texts: Texts, chance: random.Random) -> list[Document]:
    return tagger(texts)


def again(tagger: Tagger, texts: Texts, chance: random.Random) -> list[Document]:
    tagger(texts)
    return tagger(texts)


def in_any_order(tagger: Tagger, texts: Texts, chance: random.Random) -> list[Document]:
    order = chance.sample(range(len(texts)), len(texts))
    found = dict(zip(order, tagger([texts[i] for i in order]), strict=True))
    return [found[i] for i in range(len(texts))]


def among_others(tagger: Tagger, texts: Texts, chance: random.Random) -> list[Document]:
    others = [" ".join(chance.choices(WORDS, k=chance.randrange(40))) for _ in range(5)]
    return tagger([*others, *texts, *others])[len(others) :][: len(texts)]


def a_few_at_a_time(tagger: Tagger, texts: Texts, chance: random.Random) -> list[Document]:
    return list(tagger.pipe(iter(texts), batch_size=chance.randint(1, 5)))


def with_their_tokens(tagger: Tagger, texts: Texts, chance: random.Random) -> list[Document]:
    return tagger([Document.from_text(text) for text in texts])


WAYS = (in_one_batch, again, in_any_order, among_others, a_few_at_a_time, with_their_tokens)


def two_threads(folder: Path, place: Path) -> Tagger:
    return Tagger(folder, threads=2)


def saved_again(folder: Path, place: Path) -> Tagger:
    copy = shutil.copytree(folder, place / "copy")
    write_manifest(copy, Tagger(folder, threads=1).manifest)
    return Tagger(copy, threads=1)


def without_the_kernel(folder: Path, place: Path) -> Tagger:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONOMA_KERNEL", "off")
        load_kernel.cache_clear()
        tagger = Tagger(folder, threads=1)
    load_kernel.cache_clear()
    return tagger


class Forgetful(dict[str, Any]):
    """Holds three things at the most."""

    def __setitem__(self, key: str, value: Any) -> None:
        if len(self) > 2:
            self.clear()
        super().__setitem__(key, value)


def that_forgets_words(folder: Path, place: Path) -> Tagger:
    tagger = Tagger(folder, threads=1)
    if isinstance(tagger.engine, PieceEngine):
        tagger.engine.features.pieces._known = Forgetful()
        return tagger
    reader = tagger.engine.reader
    reader.vectors = WordVectors(reader.compute, 20 * reader.compute([]).nbytes)
    return tagger


TAGGERS = (two_threads, saved_again, without_the_kernel, that_forgets_words)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_alone_or(way, folder):
    tagger = Tagger(folder, threads=1)

    @law(15)
    @given(TEXTS, CHANCE)
    def holds(texts, chance):
        alone = [tagger([text])[0] for text in texts]
        found = way(tagger, texts, chance)
        assert len(found) == len(texts)
        assert all(same_entities(*pair) for pair in zip(found, alone, strict=True))

    holds()


@pytest.mark.parametrize("other", TAGGERS, ids=lambda other: other.__name__)
def test_by_another_tagger(other, folder, tmp_path):
    tagger, another = Tagger(folder, threads=1), other(folder, tmp_path)

    @law(15)
    @given(TEXTS, CHANCE)
    def holds(texts, chance):
        pairs = zip(another(texts), tagger(texts), strict=True)
        assert all(same_entities(*pair) for pair in pairs)

    holds()


@pytest.mark.parametrize("name", SMALL)
def test_torch_gives_the_same_entities(name, folders):
    tagger, network = Tagger(folders[name], threads=1), sharpened(build(name, seed=5)).eval()

    @law(10)
    @given(st.lists(ROW, min_size=1, max_size=5))
    def holds(sentences):
        batch = batch_of(name, sentences)
        scores = network.scores(TensorBatch.of(batch))
        decoder = Decoder(TAGS, scores, TRUST.temperature, TRUST.mended)
        documents = [Document.from_words(words) for words in sentences]
        found = decoder(scores.emissions, batch.lengths)
        for mine, document, spans in zip(tagger(documents), documents, found, strict=True):
            assert same_entities(mine, document.replace(entities=entities_of(document, spans)))

    holds()


@pytest.mark.parametrize("name", ENCODED)
def test_torch_gives_the_same_entities_of_articles(name, folders, encoded):
    annotate = in_context(Tagger(folders[name], threads=1))
    network, features = encoded[name]

    @law(10)
    @given(st.lists(st.lists(ROW, min_size=1, max_size=4), min_size=1, max_size=3))
    def holds(articles):
        given = articles if features.context == "document" else [[row] for rows in articles for row in rows]
        batch = small_encoders.whole(features, given)
        scores = network.scores(network.tensors(batch))
        found = Decoder(TAGS, scores, TRUST.temperature, TRUST.mended)(scores.emissions, batch.lengths)
        documents = [
            Document.from_words(words, meta={"document": str(at)})
            for at, sentences in enumerate(articles)
            for words in sentences
        ]
        for mine, document, spans in zip(annotate(documents), documents, found, strict=True):
            assert same_entities(mine, document.replace(entities=entities_of(document, spans)))

    holds()


def test_an_encoder_in_int8_finds_almost_the_same(folders):
    chance = random.Random(3)
    texts = [" ".join(chance.choices(WORDS, k=chance.randrange(30))) for _ in range(60)]
    plain, int8 = (
        {(at, *entity_place(e)) for at, d in enumerate(Tagger(folders[name])(texts)) for e in d.entities}
        for name in ("transformer", INT8)
    )
    assert len(plain & int8) > 0.9 * len(plain | int8) > 50


def entity_place(entity: Entity) -> tuple[int, int, str]:
    return entity.start, entity.end, entity.label


def test_these_taggers_find_entities_and_read_in_windows(folders):
    """Else the laws would be about nothing."""
    chance = random.Random(1)
    texts = [" ".join(chance.choices(WORDS, k=chance.randrange(60))) for _ in range(40)]
    for folder in folders.values():
        found = Tagger(folder, threads=1)(texts)
        assert sum(len(document.entities) for document in found) > 40
        assert sum(document.coverage.windows > 1 for document in found) > 10


@law(15)
@given(text=TEXT)
def test_a_text_has_the_entities_of_its_sentences(folder, text):
    tagger = Tagger(folder, threads=1)
    if tagger.manifest.context:
        return  # there a sentence is read with its neighbours
    [whole] = tagger([text])
    edges = [*sentence_starts(text, whole.tokens), len(whole.tokens)]
    expected: list[Entity] = []
    for start, end in pairwise(edges):
        at, tokens = whole.tokens[start].start, whole.tokens[start:end]
        own = [Token(token.start - at, token.end - at) for token in tokens]
        [alone] = tagger([Document(text[at : tokens[-1].end], tuple(own))])
        expected += [replace(e, start=e.start + at, end=e.end + at) for e in alone.entities]
    assert same_entities(whole, whole.replace(entities=expected))


def test_a_sentence_that_fits_is_read_alike_in_windows_of_any_size(folder, tmp_path):
    tagger, copy = Tagger(folder, threads=1), shutil.copytree(folder, tmp_path / "copy")
    pieces = tagger.manifest.pieces
    wide = {
        "window": WindowSizes(size=200, overlap=3),
        "pieces": pieces and pieces.model_copy(update={"limit": 60}),
    }
    write_manifest(copy, tagger.manifest.model_copy(update=wide))
    whole, chance = Tagger(copy, threads=1), random.Random(2)
    most = 5 if pieces else WINDOW.size  # words; each of up to four pieces
    texts = [" ".join(chance.choices(WORDS[:12], k=chance.randint(0, most))) for _ in range(50)]
    assert all(same_entities(*pair) for pair in zip(tagger(texts), whole(texts), strict=True))


@law(20)
@given(TEXTS)
def test_of_any_text_all_is_read_and_entities_are_stretches_of_it(folder, texts):
    tagger = Tagger(folder, threads=1)
    for document in tagger(texts):
        assert document.coverage is not None
        assert document.coverage.characters == len(document.text)
        assert document.coverage.tagger == tagger.version
        starts, ends = ({token[side] for token in document.tokens} for side in (0, 1))
        assert all(e.start in starts and e.end in ends and e.start < e.end for e in document.entities)
        assert all(a.end <= b.start for a, b in pairwise(document.entities))


@law(100)
@given(lengths=st.lists(st.integers(1, 700), max_size=80))
def test_rows_that_run_together_fit_a_call_and_every_row_is_in_one(folders, lengths):
    engine = Tagger(folders["pooled"], threads=1).engine
    groups = engine.groups([["x"] * length for length in lengths])
    assert [lengths[i] for group in groups for i in group] == sorted(lengths)
    assert sorted(i for group in groups for i in group) == list(range(len(lengths)))
    for group in groups:
        assert len(group) <= 16
        assert len(group) == 1 or len(group) * max(lengths[i] for i in group) <= 1024


class Finder:
    """Reads as an engine whose network needs no context: runs of words that begin with ``N`` are names.

    A run that an edge of its window cuts is found cut, as a network would find it.
    """

    def begin(self, rows: Sequence[Sequence[str]], sizes: Sequence[int]) -> Finder:
        self.found = [([(a, b, "per", 1.0) for a, b in runs(words)], 1.0) for words in rows]
        return self

    def result(self) -> list[Any]:
        return self.found


def runs(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    start = None
    for at, word in enumerate([*words, "."]):
        if word.startswith("N") and start is None:
            start = at
        elif not word.startswith("N") and start is not None:
            yield start, at
            start = None


@pytest.fixture
def tagger(folders: dict[str, Path]) -> Tagger:
    """One that reads as `Finder` does."""
    tagger = Tagger(folders["pooled"], threads=1)
    tagger.engine = Finder()  # type: ignore[assignment]
    return tagger


@law(150)
@given(data=st.data(), size=st.integers(3, 30), length=st.integers(0, 200))
def test_no_entity_near_a_window_edge_is_lost_doubled_or_cut(tagger, data, size, length):
    """Whatever the text, the windows and the names, if none is longer than what windows share."""
    overlap = data.draw(st.integers(1, size - 1), "overlap")
    chance = random.Random(data.draw(st.integers(0, 2**32), "chance"))
    words: list[str] = []
    while len(words) < length:
        words += [f"N{len(words)}"] * chance.randint(0, overlap)
        words += [chance.choice(["x", "y", ".", ",", "."]) for _ in range(chance.randint(1, 9))]
    tagger.manifest = tagger.manifest.model_copy(update={"window": WindowSizes(size=size, overlap=overlap)})
    document = Document.from_words(words)
    [found] = tagger([document])
    assert [(e.start, e.end) for e in found.entities] == [
        (document.tokens[a].start, document.tokens[b - 1].end) for a, b in runs(words)
    ]


def entities_of(document: Document, spans: Sequence[tuple[int, int, str, float]]) -> list[Entity]:
    tokens: Sequence[Token] = document.tokens
    return [Entity(tokens[a].start, tokens[b - 1].end, label, p) for a, b, label, p in spans]
