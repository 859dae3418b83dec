"""Small networks of every architecture, and bundles of them: a table that several test files run over."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece

from onoma.features.batch import Batch, make_batch
from onoma.features.static import PieceLexicon, StaticVectors
from onoma.features.words import WordFeatures, build_features
from onoma.models import ARCHITECTURES, LexicalLayer, Network, tag_graph, word_graph
from onoma.runtime import Manifest, coded_graphs
from onoma.runtime.bundle import read_manifest, write_bundle
from onoma.runtime.confidence import Confidence
from onoma.runtime.manifest import WindowSizes
from onoma.runtime.recurrence import coded
from onoma.runtime.stored import stored
from onoma.tagging import TagSet
from onoma.text import Document

TAGS = TagSet(["per", "geo"], "bioes")
SENTENCES = [
    ["Ada", "Lovelace", "was", "born", "in", "London", "."],
    ["London"],
    ["Nobody", "met", "Ada", "in", "1815"],
]
PARTS = {"word": 6, "character": 4, "filters": 5, "shape": 3}
SMALL = {
    "pooled": {"lexical": {"word": 6}, "dense": (7, 5)},
    "bilstm": {"lexical": {"word": 6}, "hidden": 4},
    "bilstm-attention": {"lexical": {"word": 6}, "hidden": (4, 6), "heads": 3},
    "bilstm-crf": {"lexical": PARTS, "hidden": 4},
    "bilstm-crf with vectors": {"lexical": PARTS, "hidden": 4},
    "bilstm-crf with vectors, narrowed": {"lexical": {**PARTS, "project": 7}, "hidden": 4},
}


@cache
def vectors() -> StaticVectors:
    vocabulary = {"[UNK]": 0, "Ada": 1, "Lo": 2, "##ndon": 3, "in": 4, "born": 5}
    lexicon = PieceLexicon(Tokenizer(WordPiece(vocabulary, unk_token="[UNK]")).to_str())
    return StaticVectors.of(lexicon, np.random.default_rng(0).normal(size=(6, 5)))


@cache
def features_for(name: str) -> WordFeatures:
    counts = Counter({word: 20 for words in SENTENCES for word in words if word != "Nobody"})
    parts = name.startswith("bilstm-crf")
    static = vectors().lexicon if "vectors" in name else None
    return build_features(counts, characters=parts, shapes=parts, static=static)


def build(name: str, seed: int = 0, **changes: object) -> Network:
    torch.manual_seed(seed)
    kind = ARCHITECTURES[name.partition(" ")[0]]
    options = kind.options(architecture=name.partition(" ")[0], **{**SMALL[name], **changes})
    static = vectors() if "vectors" in name else None
    return kind.network(options, LexicalLayer(features_for(name), options.lexical, static), TAGS)


def batch_of(name: str, sentences: list[list[str]] = SENTENCES) -> Batch:
    return make_batch(sentences, features_for(name))


def sharpened(network: Network) -> Network:
    """The network with scores that differ enough for entities to be found."""
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(3)
    return network


def write_small(
    folder: Path,
    network: Network,
    name: str,
    confidence: Confidence,
    window: WindowSizes | None = None,
) -> Path:
    """``network``, which is that of ``name``, as a bundle in ``folder``."""
    manifest = Manifest(
        name=name.replace(" ", "-"), architecture=name.partition(" ")[0], labels=TAGS.labels,
        scheme=TAGS.scheme.name, parameters=1, confidence=confidence, window=window or WindowSizes(),
    )  # fmt: skip
    graphs = (graph(network).SerializeToString() for graph in (word_graph, tag_graph))
    write_bundle(folder, manifest, *graphs, features_for(name))
    return folder


def same_entities(one: Document, other: Document) -> bool:
    """The same spans and labels; scores as near as float32 sums in another order are."""
    spans, others = ([(e.start, e.end, e.label) for e in each.entities] for each in (one, other))
    scores = zip(one.entities, other.entities, strict=False)
    near = all(a.score == pytest.approx(b.score, abs=1e-4) for a, b in scores)
    return (one.text, one.tokens, spans) == (other.text, other.tokens, others) and near


def write_coded(folder: Path, out: Path) -> Path:
    """The bundle in ``folder`` in codes (`onoma.runtime.recurrence`), as a bundle in ``out``."""
    network = stored(folder)
    assert network is not None
    in_codes = network._replace(recurrence=coded(network.recurrence))
    graphs = (
        graph(in_codes).SerializeToString() for graph in (coded_graphs.word_graph, coded_graphs.tag_graph)
    )
    write_bundle(out, read_manifest(folder), *graphs, WordFeatures.load(folder))
    return out
