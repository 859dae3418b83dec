"""A Hugging Face token classifier as an `Annotate`: a tiny BERT with random weights, saved and loaded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

from onoma.cli import main
from onoma.errors import BundleError, InputError
from onoma.models.hugging_face import AGGREGATIONS, TokenClassifier
from onoma.text import Document

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = [
    *"abcdefghijklmnopqrstuvwxyz.,'",
    *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz"),
    "ada",
    "##lace",
]
TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


def save(folder: Path, tags: list[str], limit: int = 32) -> Path:
    tokenizer = Tokenizer(
        models.WordPiece({piece: i for i, piece in enumerate(SPECIAL + PIECES)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    names = dict(
        zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True)
    )
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=limit, **names).save_pretrained(
        folder
    )
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=len(SPECIAL + PIECES),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=limit,
        id2label=dict(enumerate(tags)),
        label2id={tag: i for i, tag in enumerate(tags)},
        initializer_range=0.8,
    )
    BertForTokenClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("bert"), TAGS)


@pytest.fixture(scope="module")
def classifier(folder: Path) -> TokenClassifier:
    return TokenClassifier(folder)


DOCUMENTS = [
    Document.from_words(["Ada", "Lovelace", "met", "U.S.", "senators", "in", "a", "town"]),
    Document.from_words(["Paris"]),
    Document(""),
    Document.from_text("Ada  lives,\nwell, in O'Brien town."),
]


def test_it_says_what_it_is(classifier, folder):
    assert classifier.labels == ["LOC", "PER"]
    assert classifier.name == str(folder)
    assert classifier.folder == folder
    assert classifier.parameters == sum(w.numel() for w in classifier._model.parameters()) > 1000


def test_texts_and_tokens_stay_and_entities_lie_on_tokens(classifier):
    found = classifier(DOCUMENTS)
    assert [d.replace(entities=()) for d in found] == DOCUMENTS
    assert any(d.entities for d in found)
    for document in found:
        opens, closes = {t.start for t in document.tokens}, {t.end for t in document.tokens}
        for entity in document.entities:
            assert entity.start in opens
            assert entity.end in closes
            assert 0 < entity.score <= 1


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_a_word_has_the_tag_that_the_network_gives_its_pieces(folder, aggregation):
    classifier = TokenClassifier(folder, aggregation=aggregation)
    document = DOCUMENTS[0]
    encoded = classifier._tokenizer(document.words, is_split_into_words=True, return_tensors="pt")
    with torch.no_grad():
        table = classifier._model(**encoded).logits[0].double().softmax(-1).numpy()
    tags = []
    for word in range(len(document.tokens)):
        pieces = table[[i for i, w in enumerate(encoded.word_ids()) if w == word]]
        merged = {"first": pieces[0], "average": pieces.mean(0), "max": pieces[pieces.max(1).argmax()]}
        tags.append(TAGS[int(np.argmax(merged[aggregation]))])
    covered = {
        i for e in classifier([document])[0].entities
        for i, t in enumerate(document.tokens) if e.start <= t.start < e.end
    }  # fmt: skip
    assert covered == {i for i, tag in enumerate(tags) if tag != "O"}


def test_alone_or_together_the_answer_is_the_same(classifier):
    alone = [classifier([document])[0] for document in DOCUMENTS]
    together = classifier(DOCUMENTS * 20)[: len(DOCUMENTS)]
    for a, b in zip(alone, together, strict=True):
        assert [(e.start, e.end, e.label) for e in a.entities] == [
            (e.start, e.end, e.label) for e in b.entities
        ]
        assert [e.score for e in a.entities] == pytest.approx([e.score for e in b.entities], abs=1e-5)


def test_a_text_longer_than_the_network_reads_is_read_whole(classifier):
    document = Document.from_words(["Ada", "lives", "in", "a", "town", "of", "some", "size", ","] * 60)
    [found] = classifier([document])
    assert found.entities[-1].end > len(document.text) * 0.9
    assert found.entities[0].start < len(document.text) * 0.1
    ends = [entity.end for entity in found.entities]
    assert ends == sorted(set(ends))


def test_a_word_that_the_tokenizer_makes_nothing_of_is_outside(classifier):
    [found] = classifier([Document.from_words(["Ada", "\u200b\ufeff", "town"])])
    assert all(entity.start != 4 or entity.end > 6 for entity in found.entities)


def test_other_schemes_and_labels_without_prefix(tmp_path):
    bioes = TokenClassifier(save(tmp_path / "a", ["O", "B-PER", "I-PER", "E-PER", "S-PER"]))
    assert bioes.labels == ["PER"]
    assert bioes(DOCUMENTS)[0].entities
    plain = TokenClassifier(save(tmp_path / "b", ["O", "PER", "LOC"]))
    assert plain.labels == ["LOC", "PER"]
    assert plain(DOCUMENTS)[0].entities


def test_what_cannot_be_loaded_is_said(tmp_path, folder):
    with pytest.raises(BundleError, match="cannot load a token classifier"):
        TokenClassifier(tmp_path)
    with pytest.raises(InputError, match="did you mean 'average'"):
        TokenClassifier(folder, aggregation="averag")


def test_it_is_evaluated_by_name_and_by_folder(folder, tmp_path, capsys):
    (tmp_path / "gold.conll").write_text("Ada B-PER\nLovelace I-PER\nmet O\n\nParis B-LOC\n")
    cards = []
    for model in (f"hf:{folder}", str(folder)):
        with pytest.raises(SystemExit) as ended:
            main(["evaluate", model, str(tmp_path / "gold.conll"), "--json", "-", "--no-speed"])
        assert not ended.value.code
        cards.append(json.loads(capsys.readouterr().out))
    assert cards[0] == cards[1]
    assert cards[0]["about"]["kind"] == "Hugging Face token classifier"
    assert cards[0]["about"]["parameters"] > 1000
    assert cards[0]["corpus"]["unknown_labels"] == []
