"""Vectors taken from tiny encoders of several architectures, checked against the encoders themselves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from onoma.errors import InputError
from onoma.features.principal import fit_reduction
from onoma.features.static import StaticVectors
from onoma.training.distil_vectors import distil, piece_outputs
from onoma.training.encoders import encoder_folder, load_encoder

LAYERS = ["embeddings", "last"]
SPECIAL = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
LETTERS = "abdeilnorsty"
PIECES = [*SPECIAL.values(), *LETTERS, *(f"##{c}" for c in LETTERS), "oslo", "rain", "##ing", "##y"]
SIZE = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}


def framed(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    ids = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=ids
    )
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=4)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SPECIAL)


def wordpieces() -> PreTrainedTokenizerFast:
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(PIECES))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return framed(tokenizer)


def bytes_by_pairs() -> PreTrainedTokenizerFast:
    """As RoBERTa's: "Ġ" marks a piece that follows a space."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = [*SPECIAL.values(), *alphabet, "Ġo", "Ġos", "Ġr", "os", "lo"]
    merges = [("Ġ", "o"), ("Ġo", "s"), ("Ġ", "r"), ("o", "s"), ("l", "o")]
    tokenizer = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return framed(tokenizer)


def sentencepieces() -> PreTrainedTokenizerFast:
    """As ALBERT's: "▁" begins a word."""
    pieces = [*SPECIAL.values(), *(f"▁{c}" for c in LETTERS), *LETTERS, "▁os", "lo"]
    tokenizer = Tokenizer(
        models.Unigram([(piece, -1.0 - i / 99) for i, piece in enumerate(pieces)], unk_id=1)
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return framed(tokenizer)


def distilbert(vocab_size: int) -> transformers.PreTrainedConfig:
    size = {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 24, "max_position_embeddings": 32}
    return transformers.DistilBertConfig(vocab_size=vocab_size, **size)


def configured(kind: str, **more):
    config = getattr(transformers, f"{kind}Config")
    return lambda vocab_size: config(
        vocab_size=vocab_size, max_position_embeddings=32, pad_token_id=0, **(SIZE | more)
    )


ENCODERS = {
    "bert": (configured("Bert"), wordpieces),
    "distilbert": (distilbert, wordpieces),
    "electra": (configured("Electra", embedding_size=8), wordpieces),
    "roberta": (configured("Roberta"), bytes_by_pairs),
    "albert": (configured("Albert", embedding_size=8), sentencepieces),
    "mpnet": (configured("MPNet"), wordpieces),
}


@pytest.fixture(scope="session")
def encoders(tmp_path_factory) -> dict[str, Path]:
    folders = {}
    for name, (config, tokenizer) in ENCODERS.items():
        torch.manual_seed(7)
        pieces = tokenizer()
        folders[name] = tmp_path_factory.mktemp(name) / f"tiny-{name}"
        model = transformers.AutoModel.from_config(config(len(pieces)))
        for weights in model.parameters():  # as made they are so small that every piece looks alike
            torch.nn.init.normal_(weights)
        model.save_pretrained(folders[name])
        pieces.save_pretrained(folders[name])
    return folders


@pytest.fixture(scope="session")
def bert(encoders) -> Path:
    return encoders["bert"]


def reference(folder: Path, layer: str) -> np.ndarray:
    """Every piece alone through the encoder as transformers would run it, one at a time."""
    model = transformers.AutoModel.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    outputs = []
    with torch.no_grad():
        for piece in range(len(tokenizer)):
            if layer == "embeddings":
                outputs.append(model.embeddings(torch.tensor([[piece]]))[0, 0].numpy())
            else:
                ids = torch.tensor([[tokenizer.cls_token_id, piece, tokenizer.sep_token_id]])
                outputs.append(model(ids).last_hidden_state[0, 1].numpy())
    return np.array(outputs)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", ENCODERS)
def test_a_table_is_the_encoders_own_output_after_one_affine_map(encoders, name, layer):
    vectors = distil(encoders[name], layer, 6, batch=7)
    expected = reference(encoders[name], layer)
    mapped = fit_reduction([expected], 6)(expected)
    rows = vectors.table[1:] * vectors.scale[1:, None]
    assert vectors.table.shape == (len(expected) + 1, 6)
    step = np.abs(mapped).max(axis=1, keepdims=True) / 127
    assert (np.abs(rows - mapped) <= 0.51 * step + 1e-3).all()
    assert np.abs(rows.mean(axis=0)).max() < 0.02
    assert rows.var(axis=0).mean() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("name", ["bert", "roberta", "albert"])
def test_a_words_vector_is_the_mean_of_its_pieces(encoders, name):
    vectors = distil(encoders[name], "last", 8)
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoders[name])
    for word in ["oslo", "rain", "rainy", "soil", "do"]:
        # in a text most words follow a space, which byte pairs spell out
        text = f" {word}" if name == "roberta" else word
        pieces = tokenizer(text, add_special_tokens=False, truncation=False)["input_ids"]
        assert vectors.rows(word) == [piece + 1 for piece in pieces]
        rows = vectors.table[vectors.rows(word)] * vectors.scale[vectors.rows(word), None]
        np.testing.assert_allclose(vectors.vector(word), rows.mean(axis=0), atol=1e-6)


def test_byte_pairs_are_those_after_a_space(encoders):
    vectors = distil(encoders["roberta"], "embeddings", 4)
    lexicon = Tokenizer.from_str(vectors.lexicon.to_bytes().decode())
    assert [lexicon.id_to_token(row - 1) for row in vectors.rows("oslo")] == ["Ġos", "lo"]


def test_a_word_longer_than_the_tokenizer_would_read_is_read_to_its_end(bert):
    assert len(distil(bert, dim=4).rows("rainrain")) == 5


def test_distilling_again_gives_the_same_bytes(bert, tmp_path):
    for name in "ab":
        distil(bert, "last", 5).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert StaticVectors.load(tmp_path / "a").vector("oslo").any()


def test_batches_change_nothing_but_rounding(bert):
    model, tokenizer_json = load_encoder(bert)
    whole = piece_outputs(model, tokenizer_json, 20, "last", batch=20)
    np.testing.assert_allclose(piece_outputs(model, tokenizer_json, 20, "last", batch=3), whole, atol=1e-5)


def test_progress_reaches_the_end(bert):
    seen: list[tuple[int, int]] = []
    vectors = distil(bert, dim=2, batch=16, progress=lambda *now: seen.append(now))
    pieces = len(vectors.table) - 1
    assert seen[-1] == (pieces, pieces)
    assert len(seen) == -(-pieces // 16)


def test_the_file_records_where_the_vectors_come_from(bert, tmp_path):
    shutil.copytree(bert, tmp_path / "own")
    (tmp_path / "own" / "README.md").write_text("---\nlanguage: en\nlicense: apache-2.0\n---\n# A model\n")
    about = distil(tmp_path / "own", dim=16).about
    assert about == {
        "encoder": "own",
        "licence": "apache-2.0",
        "layer": "embeddings",
        "pieces": len(set(PIECES)),
        "variance_kept": 1.0,
    }
    assert distil(bert, dim=2).about["licence"] == "unknown"


# finding an encoder


def package(root: Path, folder: Path, name: str) -> None:
    (root / name).mkdir()
    (root / name / "__init__.py").write_text("raise RuntimeError('must not be imported')\n")
    shutil.copytree(folder, root / name / "inside" / "model")


@pytest.mark.parametrize("spec", ["tiny-packed", "tiny_packed", "package:tiny-packed", "package:tiny_packed"])
def test_an_installed_package_is_found_and_not_imported(bert, tmp_path, monkeypatch, spec):
    package(tmp_path, bert, "tiny_packed")
    monkeypatch.syspath_prepend(tmp_path)
    assert encoder_folder(spec) == tmp_path / "tiny_packed" / "inside" / "model"
    assert distil(spec, dim=2).about["encoder"] == spec.removeprefix("package:")


def test_a_name_of_neither_folder_nor_package_is_the_hubs():
    assert encoder_folder("someone/some-encoder") == "someone/some-encoder"


def test_the_hub_out_of_reach_is_said(monkeypatch):
    def refuse(*_, **__):
        raise OSError("We couldn't connect\nmore lines")

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", refuse)
    with pytest.raises(
        InputError, match=r"cannot load an encoder from a/b \(We couldn't connect\): an encoder is"
    ):
        load_encoder("a/b")


@pytest.mark.parametrize(
    "spec", ["/nowhere/at/all", "./nowhere/", "", "package:json", "package:no_such", "a b"]
)
def test_nothing_that_could_be_an_encoder_is_refused(spec, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="an encoder is a folder with"):
        encoder_folder(spec)


def without(*names: str):
    return lambda folder: [(folder / name).unlink() for name in names]


def written(name: str, content: bytes):
    return lambda folder: (folder / name).write_bytes(content)


def shortened(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def changed_config(**values):
    def change(folder: Path) -> None:
        config = folder / "config.json"
        config.write_text(json.dumps(json.loads(config.read_text()) | values))

    return change


def poisoned(folder: Path) -> None:
    model = transformers.AutoModel.from_pretrained(folder)
    model.get_input_embeddings().weight.data[3, 0] = np.nan
    model.save_pretrained(folder)


def smaller(folder: Path) -> None:
    model = transformers.AutoModel.from_pretrained(folder)
    model.resize_token_embeddings(10)
    model.save_pretrained(folder)


BROKEN = {
    "no config": (without("config.json"), "holds no config.json"),
    "no weights": (without("model.safetensors"), "holds no weights"),
    "weights cut short": (shortened, "cannot load an encoder"),
    "weights of another make": (written("model.safetensors", b"none"), "cannot load an encoder"),
    "config not JSON": (written("config.json", b"{"), "cannot load an encoder"),
    "config of no model": (written("config.json", b"{}"), "cannot load an encoder"),
    "no tokenizer": (
        without("tokenizer.json", "tokenizer_config.json"),
        "has no tokenizer, or one without pieces",
    ),
    "tokenizer not JSON": (written("tokenizer.json", b"{"), "cannot load an encoder"),
    "a layer missing": (changed_config(num_hidden_layers=3), "lacks 16 of its weights"),
    "code of its own": (
        changed_config(auto_map={"AutoModel": "evil.Evil"}, model_type="evil"),
        "cannot load an encoder",
    ),
    "not a number": (poisoned, "not finite"),
    "fewer rows than pieces": (smaller, "embeds only 10"),
}


@pytest.mark.parametrize(("breaking", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_folder_is_refused(bert, tmp_path, breaking, message):
    shutil.copytree(bert, tmp_path / "broken")
    breaking(tmp_path / "broken")
    with pytest.raises(InputError, match=message):
        distil(tmp_path / "broken", dim=2)


def test_an_unknown_layer_or_a_dimension_out_of_reach_is_refused(bert):
    with pytest.raises(InputError, match="did you mean 'last'"):
        distil(bert, "lst", 2)
    with pytest.raises(InputError, match="give 1 to 16"):
        distil(bert, "last", 17)


def test_loading_leaves_the_log_of_transformers_as_it_was(bert):
    log = transformers.utils.logging
    before = log.get_verbosity(), log.is_progress_bar_enabled()
    load_encoder(bert)
    assert (log.get_verbosity(), log.is_progress_bar_enabled()) == before
