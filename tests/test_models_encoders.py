"""Networks over encoders: every kind of encoder, every architecture, one table of laws."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from transformers import AutoModel, ByT5Tokenizer, T5Config, T5Model

from onoma.errors import InputError, RecipeError
from onoma.models import ARCHITECTURES, PieceNetwork, PieceTensors
from onoma.models.encoder import POOLINGS
from onoma.tagging import TagSet
from small_encoders import ENCODERS, build, save_encoder, tokenizer_json, whole

TAGS = TagSet(["per", "geo"], "bioes")
SENTENCES = [
    ["Ada", "Stone", "went", "to", "Oldport", "."],
    ["nobody"],
    ["Bob", "saw", "\u200b", "東京", "in", "1996", ",", "said", "Zzyzx"],
]
LEXICAL = {"word": 4, "character": 4, "filters": 5, "shape": 3}
NETWORKS = {
    "transformer": {},
    "transformer-crf": {"pooling": "mean", "layers": 2},
    "transformer-bilstm-crf": {"pooling": "last", "hidden": 4},
    "transformer-crf with lexical": {"lexical": LEXICAL},
    "transformer-crf in documents": {"context": "document"},
    "transformer-bilstm-crf frozen": {"frozen": True, "hidden": 4},
    "transformer with lora": {"lora": {"rank": 2, "alpha": 4}},
}
every_network = pytest.mark.parametrize("name", NETWORKS)
every_encoder = pytest.mark.parametrize("kind", ENCODERS)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("encoders")
    return {kind: save_encoder(place / kind, kind) for kind in ENCODERS}


def network_of(folders, name, kind="minilm", **changes):
    options = {**NETWORKS[name], **changes}
    return build(folders[kind], name.partition(" ")[0], TAGS, **options)


def emissions(network: PieceNetwork, batch) -> np.ndarray:
    return network.scores(PieceTensors.of(batch)).emissions


def gold_for(batch) -> torch.Tensor:
    return torch.from_numpy(batch.mask.astype(np.int64) * TAGS.names.index("S-per"))


def test_every_architecture_over_an_encoder_is_in_the_table():
    over = {name for name, kind in ARCHITECTURES.items() if issubclass(kind.network, PieceNetwork)}
    assert {name.partition(" ")[0] for name in NETWORKS} == over


@every_encoder
def test_every_kind_of_encoder_reads_as_its_library_does(folders, kind):
    network, features = network_of(folders, "transformer", kind)
    network.eval()
    batch = PieceTensors.of(whole(features, [[SENTENCES[0]]]))
    model = AutoModel.from_pretrained(folders[kind]).eval()
    with torch.no_grad():
        inputs = {"input_ids": batch.rows["pieces"], "attention_mask": batch.rows["piece_mask"]}
        states = model(**inputs).last_hidden_state
        found = network.encoder(batch.rows)
    for word, begin in enumerate(batch.rows["begin"][0]):
        assert_allclose(found[0, word], states[0, begin], atol=1e-5)


@every_encoder
@pytest.mark.parametrize("architecture", ["transformer", "transformer-bilstm-crf"])
def test_batched_equals_single_for_every_kind_of_encoder(folders, kind, architecture):
    network, features = network_of(folders, architecture, kind)
    network.eval()
    together = emissions(network, whole(features, [[words] for words in SENTENCES]))
    for row, words in enumerate(SENTENCES):
        alone = emissions(network, whole(features, [[words]]))
        assert_allclose(together[row, : len(words)], alone[0], atol=1e-4)


@every_network
def test_batched_equals_single(folders, name):
    network, features = network_of(folders, name)
    network.eval()
    long = [SENTENCES[0] * 9, SENTENCES[2]]
    documents = [[words] for words in SENTENCES] + [long]
    together = emissions(network, whole(features, documents))
    row = 0
    for sentences in documents:
        alone = emissions(network, whole(features, [sentences]))
        for i, words in enumerate(sentences):
            assert_allclose(together[row, : len(words)], alone[i, : len(words)], atol=1e-4)
            row += 1


def test_context_matters_only_where_it_is_asked_for(folders):
    for name, changes in (("transformer", False), ("transformer-crf in documents", True)):
        network, features = network_of(folders, name)
        network.eval()
        alone = emissions(network, whole(features, [[SENTENCES[1]]]))[0, 0]
        among = emissions(network, whole(features, [SENTENCES[:2]]))[1, 0]
        assert bool(np.abs(alone - among).max() > 1e-3) == changes


@every_network
def test_every_weight_learns_that_should(folders, name):
    network, features = network_of(folders, name)
    network.train()
    batch = whole(features, [[words] for words in SENTENCES])
    loss = network(PieceTensors.of(batch), gold_for(batch))
    loss.backward()
    loss = network(PieceTensors.of(batch), gold_for(batch))  # the case embedding and LoRA's B begin at 0
    idle = [key for key, weight in network.named_parameters() if weight.requires_grad and weight.grad is None]
    assert idle == []
    learning = {key for key, weight in network.named_parameters() if weight.requires_grad}
    inside = {key for key in learning if key.startswith("encoder.model.")}
    if name.endswith("frozen"):
        assert inside == set()
    elif name.endswith("lora"):
        assert inside
        assert all("lora_" in key for key in inside)
    else:
        assert len(inside) > 20


@every_network
def test_seeded_runs_repeat(folders, name):
    losses = []
    for _ in range(2):
        network, features = network_of(folders, name)
        batch = whole(features, [[words] for words in SENTENCES])
        losses.append(float(network.train()(PieceTensors.of(batch), gold_for(batch)).detach()))
    assert losses[0] == losses[1]


def test_mixed_precision_gives_float32_emissions_near_the_full_ones(folders):
    network, features = network_of(folders, "transformer-crf")
    network.eval()
    batch = whole(features, [[words] for words in SENTENCES])
    plain = emissions(network, batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = emissions(network, batch)
        loss = network(PieceTensors.of(batch), gold_for(batch))
    assert mixed.dtype == np.float32
    assert loss.dtype == torch.float32
    assert_allclose(mixed, plain, atol=0.3)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_poolings_against_a_loop(pooling):
    states = torch.randn(2, 7, 3)
    begin, end = torch.tensor([[1, 2, 5], [1, 3, 0]]), torch.tensor([[2, 5, 6], [3, 4, 1]])
    found = POOLINGS[pooling](states, begin, end)
    expected = {"first": lambda s: s[0], "last": lambda s: s[-1], "mean": lambda s: s.mean(0)}[pooling]
    for row, word in product(range(2), range(3)):
        own = states[row, begin[row, word] : end[row, word]]
        assert_allclose(found[row, word], expected(own), atol=1e-6)


def test_case_changes_what_an_encoder_of_lower_letters_sees(folders):
    network, features = network_of(folders, "transformer")
    network.eval()
    upper, lower = (whole(features, [[[word]]]) for word in ("ADA", "ada"))
    assert_allclose(emissions(network, upper), emissions(network, lower))  # at first, as pretrained
    with torch.no_grad():
        network.encoder.case.weight.normal_()
    assert np.abs(emissions(network, upper) - emissions(network, lower)).max() > 1e-3
    network, features = network_of(folders, "transformer", case=False)
    assert network.encoder.case is None


def test_a_frozen_encoder_drops_nothing(folders):
    network, features = network_of(folders, "transformer-bilstm-crf frozen", dropout=0.0, case=False)
    network.train()
    tensors = PieceTensors.of(whole(features, [[SENTENCES[0]]]))
    assert torch.equal(network.emissions(tensors), network.emissions(tensors))


@every_encoder
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_what_is_dropped_of_attention_is_the_recipes_choice(folders, kind, share):
    network, features = network_of(folders, "transformer", kind, dropout=0.0, attention_dropout=share)
    for module in network.modules():
        if getattr(module, "p", share) != share:  # the encoder's other dropout
            module.p = 0.0
    network.train()
    tensors = PieceTensors.of(whole(features, [[SENTENCES[0]]]))
    same = torch.equal(network.emissions(tensors), network.emissions(tensors))
    assert same == (share == 0.0)


def test_lora_begins_as_the_encoder_is_and_folds_into_it(folders):
    network, features = network_of(folders, "transformer with lora")
    network.eval()
    batch = whole(features, [[words] for words in SENTENCES])
    plain, _ = network_of(folders, "transformer")
    plain.load_state_dict(
        {key.replace(".base_layer", ""): w for key, w in network.state_dict().items() if "lora_" not in key}
    )
    assert_allclose(emissions(network, batch), emissions(plain.eval(), batch), atol=1e-5)
    with torch.no_grad():
        for key, weight in network.named_parameters():
            if "lora_B" in key:
                weight.normal_(std=0.1)
    learned = emissions(network, batch)
    assert np.abs(learned - emissions(plain, batch)).max() > 1e-3
    network.encoder.merge()
    assert_allclose(emissions(network, batch), learned, atol=1e-4)


def test_a_sentence_of_5000_pieces_is_read_whole(folders):
    network, features = network_of(folders, "transformer-crf")
    network.eval()
    words = [f"{word}{i}" for i, word in zip(range(1500), ["Ada", "Bob", "Oldport"] * 500, strict=True)]
    assert features.pieces.counts(words).sum() > 5000
    batch = whole(features, [[words]])
    found = emissions(network, batch)
    assert found.shape[:2] == (1, 1500)
    assert batch.rows["pieces"].shape[1] <= 24
    assert np.isfinite(found).all()


def test_an_endless_word_gets_its_tag(folders):
    network, features = network_of(folders, "transformer")
    batch = whole(features, [[["Ada", "zq" * 50_000, "went"]]])
    assert emissions(network.eval(), batch).shape == (1, 3, len(TAGS))
    assert features.pieces.shortened(["zq" * 50_000]) == 1


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"limit": 65}, "reads at most 64 pieces"),
            ({"layers": 9}, "network.layers: 9 of an encoder with 3"),
        ],
    )
    def test_what_does_not_fit_the_encoder(self, folders, changes, message):
        with pytest.raises(RecipeError, match=message):
            network_of(folders, "transformer", **changes)

    @pytest.mark.parametrize("changes", [{"overlap": 13}, {"frozen": True, "lora": {}}, {"pooling": "max"}])
    def test_what_does_not_fit_together(self, folders, changes):
        with pytest.raises(ValueError, match="network"):
            network_of(folders, "transformer", **changes)

    def test_an_encoder_with_nothing_that_learns(self, folders):
        model = AutoModel.from_pretrained(folders["bert"]).requires_grad_(False)
        options = ARCHITECTURES["transformer"].options(architecture="transformer", encoder="x")
        with pytest.raises(RecipeError, match="frozen"):
            ARCHITECTURES["transformer"].network(options, model, TAGS)

    def test_a_folder_that_is_no_encoder(self, tmp_path):
        with pytest.raises(InputError, match=r"config\.json"):
            build(tmp_path, "transformer", TAGS)

    def test_an_encoder_with_a_decoder(self, tmp_path):
        sizes = {"d_model": 8, "d_kv": 4, "d_ff": 8, "num_layers": 1, "num_heads": 2, "vocab_size": 200}
        T5Model(T5Config(**sizes)).save_pretrained(tmp_path)
        (tmp_path / "tokenizer.json").write_text(tokenizer_json("unigram"), encoding="utf-8")
        with pytest.raises(InputError, match="decoder"):
            build(tmp_path, "transformer", TAGS)

    def test_a_tokenizer_that_is_not_fast(self, tmp_path):
        folder = save_encoder(tmp_path / "bytes", "bert")
        (folder / "tokenizer.json").unlink()
        ByT5Tokenizer().save_pretrained(folder)
        with pytest.raises(InputError, match="fast tokenizer"):
            build(folder, "transformer", TAGS)

    def test_a_tokenizer_of_another_encoder(self, folders, tmp_path):
        folder = save_encoder(tmp_path / "mixed", "bert")
        (folder / "tokenizer.json").write_text(tokenizer_json("byte-bpe"), encoding="utf-8")
        with pytest.raises(InputError, match="pieces"):
            build(folder, "transformer", TAGS)

    def test_weights_that_are_not_there(self, folders, tmp_path):
        folder = save_encoder(tmp_path / "deeper", "bert")
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 4}))
        with pytest.raises(InputError, match="lacks"):
            build(folder, "transformer", TAGS)
