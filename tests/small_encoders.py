"""Small encoders of every kind with random weights, and small tokenizers, made on the spot."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from tokenizers.trainers import Trainer
from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

from onoma.corpus import Corpus
from onoma.features.batch import make_batch
from onoma.features.piece_batch import PieceBatch, PieceFeatures
from onoma.models import PieceNetwork, graphs_of
from onoma.runtime import Manifest
from onoma.runtime.bundle import write_bundle
from onoma.runtime.confidence import Confidence
from onoma.runtime.manifest import PieceSizes
from onoma.tagging import TagSet
from onoma.text import Document
from onoma.training import networks
from onoma.training.recipe import Recipe
from onoma.training.store import build_store

TEXT = [
    "Ada Stone went to Oldport and saw Bob Rivers in Newhaven yesterday .",
    "Cora Moor , Dina Field and Emil Lane met in Green Hollow near Red Rock , said Fay Brook .",
    "nobody wrote a letter ; the road to Lakeside is long and Gus lies near Hana in 1996 .",
    "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789",
]
BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
SIZE = 160


def _wordpiece() -> tuple[Tokenizer, Trainer]:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer, trainers.WordPieceTrainer(vocab_size=SIZE, special_tokens=BERT, show_progress=False)


def _byte_bpe() -> tuple[Tokenizer, Trainer]:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    return tokenizer, trainers.BpeTrainer(
        vocab_size=SIZE + 256, special_tokens=ROBERTA, initial_alphabet=alphabet, show_progress=False
    )


def _unigram() -> tuple[Tokenizer, Trainer]:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer, trainers.UnigramTrainer(
        vocab_size=SIZE, special_tokens=ROBERTA, unk_token="<unk>", show_progress=False
    )


_KINDS: dict[str, tuple[Callable[[], tuple[Tokenizer, Trainer]], str, str]] = {
    "wordpiece": (_wordpiece, "[CLS]", "[SEP]"),
    "byte-bpe": (_byte_bpe, "<s>", "</s>"),
    "unigram": (_unigram, "<s>", "</s>"),
}


@cache
def tokenizer_json(kind: str) -> str:
    """A tokenizer of ``kind`` (wordpiece, byte-bpe, unigram), as ``tokenizer.json`` holds it."""
    make, before, after = _KINDS[kind]
    tokenizer, trainer = make()
    tokenizer.train_from_iterator(TEXT * 4, trainer)
    ids = [(name, tokenizer.token_to_id(name)) for name in (before, after)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{before} $A {after}", special_tokens=ids
    )
    return str(tokenizer.to_str())


_SIZES = {
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
}

ENCODERS: dict[str, tuple[str, str, dict[str, object]]] = {
    "bert": ("bert", "wordpiece", _SIZES),
    "distilbert": (
        "distilbert",
        "wordpiece",
        {"dim": 24, "n_layers": 2, "n_heads": 3, "hidden_dim": 32, "max_position_embeddings": 64},
    ),
    "roberta": ("roberta", "byte-bpe", {**_SIZES, "max_position_embeddings": 66}),
    "deberta": (
        "deberta-v2",
        "unigram",
        {**_SIZES, "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "type_vocab_size": 0,
         "position_biased_input": False, "position_buckets": 16, "norm_rel_ebd": "layer_norm"},
    ),
    "electra": ("electra", "wordpiece", {**_SIZES, "embedding_size": 12}),
    "albert": ("albert", "unigram", {**_SIZES, "embedding_size": 12}),
    "xlm-r": ("xlm-roberta", "unigram", {**_SIZES, "max_position_embeddings": 66}),
    "minilm": ("bert", "wordpiece", {**_SIZES, "num_hidden_layers": 3}),
}  # fmt: skip
"""By name: the model type of transformers, the kind of its tokenizer, the sizes of a small one."""


def save_encoder(folder: Path, name: str, seed: int = 0) -> Path:
    """A small encoder of kind ``name`` with random weights, and its tokenizer, as such folders are."""
    kind, tokenizer_kind, sizes = ENCODERS[name]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(tokenizer_json(tokenizer_kind)),
        **dict(zip(("pad_token", "unk_token"), _named(tokenizer_kind), strict=True)),
    )
    torch.manual_seed(seed)
    config = AutoConfig.for_model(
        kind, vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, **sizes
    )
    model = AutoModel.from_config(config)
    with torch.no_grad():  # as drawn, every word is much alike to it
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.mul_(8)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _named(kind: str) -> tuple[str, str]:
    return ("[PAD]", "[UNK]") if kind == "wordpiece" else ("<pad>", "<unk>")


def build(
    folder: Path, architecture: str, tags: TagSet, **options: object
) -> tuple[PieceNetwork, PieceFeatures]:
    """A network of ``architecture`` over the encoder in ``folder``, and what it sees of words."""
    network = {"architecture": architecture, "encoder": str(folder), "limit": 24, "overlap": 6, **options}
    given = {
        "name": "small",
        "corpus": {"path": "."},
        "scheme": tags.scheme.name,
        "network": network,
        "seed": 5,
    }
    recipe = Recipe.model_validate(given)
    documents = [Document.from_words(text.split()) for text in TEXT]
    with tempfile.TemporaryDirectory() as cache:
        store = build_store(Corpus.from_documents(documents * 20), tags, Path(cache))
        features, built = networks.build(recipe, store, tags)
    assert isinstance(features, PieceFeatures)
    assert isinstance(built, PieceNetwork)
    return built, features


def whole(features: PieceFeatures, documents: Sequence[Sequence[Sequence[str]]]) -> PieceBatch:
    """A batch of documents, which are lists of sentences, read as they are in use."""
    rows: list[Sequence[str]] = []
    own: list[list[tuple[int, int]]] = []
    for sentences in documents:
        words = [word for sentence in sentences for word in sentence]
        starts = np.cumsum([0, *map(len, sentences)])
        places: list[tuple[int, int]] = []
        for window in features.windows(features.pieces.counts(words), starts[:-1].tolist()):
            places += [(len(rows), i - window.start) for i in range(window.core_start, window.core_end)]
            rows.append(words[window.start : window.end])
        own += [places[a:b] for a, b in pairwise(starts.tolist())]
    longest = max(map(len, rows))
    flat = [np.array([row * longest + at for row, at in each]) for each in own]
    lexical = None if features.words is None else make_batch(rows, features.words)
    return features.batch(rows, flat, lexical)


def write_small(
    folder: Path, network: PieceNetwork, features: PieceFeatures, architecture: str, confidence: Confidence
) -> Path:
    """``network``, of ``architecture``, as a bundle in ``folder``."""
    pieces = PieceSizes(
        limit=features.limit, overlap=features.overlap, context=features.context, most=features.pieces.most
    )
    manifest = Manifest(
        name=folder.name, architecture=architecture, labels=network.tags.labels,
        scheme=network.tags.scheme.name, parameters=1, confidence=confidence, pieces=pieces,
    )  # fmt: skip
    write_bundle(folder, manifest, *graphs_of(network), features)
    return folder


def small_bundle(place: Path, tags: TagSet) -> Path:
    """A bundle below ``place`` of an encoder and a CRF that find entities, drawn by lot as they are."""
    network, features = build(save_encoder(place / "encoder", "bert"), "transformer-crf", tags)
    with torch.no_grad():
        network.output.weight.mul_(4)  # else all is O
    return write_small(place / "bundle", network.eval(), features, "transformer-crf", Confidence())
