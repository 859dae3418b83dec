"""One table of networks, one table of laws."""

from __future__ import annotations

from itertools import product

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from onoma.features.batch import Batch
from onoma.models import Network, TensorBatch, tag_graph, word_graph
from onoma.models.bilstm_attention import SelfAttention
from onoma.models.lexical import StaticTable
from onoma.models.network import categorical_loss, sparse_loss
from onoma.models.recurrent import BiLstm, _unrolled
from onoma.runtime import Tagger
from onoma.runtime.confidence import Confidence
from onoma.runtime.whole_graph import whole_graph
from onoma.tagging.decode import Decoder, TagScores, marginals, viterbi
from small_networks import (
    SENTENCES,
    SMALL,
    TAGS,
    batch_of,
    build,
    features_for,
    sharpened,
    vectors,
    write_small,
)

every_network = pytest.mark.parametrize("name", SMALL)


def emissions(network: Network, batch: Batch) -> np.ndarray:
    return network.scores(TensorBatch.of(batch)).emissions


def gold_for(batch: Batch) -> torch.Tensor:
    """Legal tags: an entity of one token everywhere (S), O on padding."""
    return torch.from_numpy(batch.mask.astype(np.int64) * TAGS.names.index("S-per"))


@every_network
def test_batched_equals_single(name):
    network = build(name).eval()
    together = emissions(network, batch_of(name))
    for row, words in enumerate(SENTENCES):
        alone = emissions(network, batch_of(name, [words]))
        assert_allclose(together[row, : len(words)], alone[0], atol=1e-5)


@every_network
def test_padding_changes_nothing(name):
    network, batch = build(name).eval(), batch_of(name)
    wider = Batch(batch.words, np.pad(batch.index, ((0, 0), (0, 5))), batch.lengths)
    inside = batch.mask > 0
    found = emissions(network, wider)[:, : inside.shape[1]]
    assert_allclose(found[inside], emissions(network, batch)[inside], atol=1e-6)
    loss = network(TensorBatch.of(batch), gold_for(batch)).detach()
    wide_loss = network(TensorBatch.of(wider), gold_for(wider)).detach()
    assert float(loss) == pytest.approx(float(wide_loss), rel=1e-6)


@every_network
def test_onnx_equals_torch_for_any_shape(name):
    network = build(name).eval()
    words, tags = (
        onnxruntime.InferenceSession(graph(network).SerializeToString()) for graph in (word_graph, tag_graph)
    )
    for sentences in (SENTENCES, [["x"]], [["Ada"] * 40, ["in", "Paris"]]):
        batch = batch_of(name, sentences)
        [vectors] = words.run(None, {node.name: batch.words[node.name] for node in words.get_inputs()})
        given = {"vectors": vectors[batch.index], "mask": batch.mask}
        given["lengths"] = batch.lengths.astype(np.int32)
        found = tags.run(None, {node.name: given[node.name] for node in tags.get_inputs()})
        scores = network.scores(TensorBatch.of(batch))
        inside = batch.mask > 0
        assert_allclose(found[0][inside], scores.emissions[inside], atol=1e-4)
        for mine, other in zip(found[1:], scores[1:], strict=False):
            assert_allclose(mine, other, atol=1e-6)


CONFIDENCES = {
    "none": Confidence(),
    "temperature": Confidence(method="temperature", temperature=1.7),
    "isotonic": Confidence(
        method="isotonic", scores=[0.0, 0.3, 0.3, 0.8, 1.0], shares=[0.0, 0.2, 0.4, 0.7, 1.0]
    ),
}


@pytest.mark.parametrize(
    ("name", "confidence"),
    [*((name, "none") for name in SMALL), *product(("bilstm", "bilstm-crf"), ("temperature", "isotonic"))],
)
def test_the_whole_graph_decodes_as_torch_and_the_lattice_do(name, confidence, tmp_path):
    network, trust = sharpened(build(name).eval()), CONFIDENCES[confidence]
    tagger = Tagger(write_small(tmp_path, network, name, trust), threads=1)
    exported = whole_graph(tagger).SerializeToString()
    session = onnxruntime.InferenceSession(exported)
    names = [node.name for node in session.get_outputs()]
    words = [word for sentence in SENTENCES for word in sentence] + ["unseen", "Ünsëen", "x" * 200]

    @settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(st.lists(st.sampled_from(words), min_size=1, max_size=30), min_size=1, max_size=6),
        st.integers(0, 4),
    )
    def law(sentences, padding):
        batch = batch_of(name, sentences)
        index = np.pad(batch.index, ((0, 0), (0, padding)))
        given_words = {node.name: batch.words.get(node.name) for node in session.get_inputs()[:-2]}
        found = dict(
            zip(
                names,
                session.run(None, {**given_words, "index": index, "lengths": batch.lengths}),
                strict=True,
            )
        )
        scores, length = network.scores(TensorBatch.of(batch)), batch.index.shape[1]
        inside = batch.mask > 0
        assert_allclose(found["emissions"][:, :length][inside], scores.emissions[inside], atol=1e-4)
        # decoded from its own emissions, as paths of equal score are told apart by the last digit
        own = TagScores(found["emissions"][:, :length], *scores[1:])
        assert (found["path"][:, :length] == viterbi(own, batch.lengths, TAGS)).all()
        if trust.temperature == 1:
            expected = marginals(scores, batch.lengths, TAGS)
            assert_allclose(found["marginals"][:, :length][inside], expected[inside], atol=1e-4)
        assert not found["path"][:, length:].any()
        assert not found["marginals"][:, length:].any()
        decoder = Decoder(TAGS, own, trust.temperature, trust.mended)
        spans = [
            (row, start, end, label, score)
            for row, each in enumerate(decoder(own.emissions, batch.lengths))
            for start, end, label, score in each
        ]
        entities = [(*entity[:3], TAGS.labels[entity[3]]) for entity in found["entities"].tolist()]
        assert entities == [span[:4] for span in spans]
        assert_allclose(found["probabilities"], [span[4] for span in spans], atol=1e-4)

    law()


@every_network
@pytest.mark.parametrize("graph", [word_graph, tag_graph])
def test_the_exported_model_is_always_the_same(name, graph):
    first, second = (graph(build(name).eval()).SerializeToString() for _ in range(2))
    assert first == second


@every_network
def test_inputs_are_untouched(name):
    batch = batch_of(name)
    before = {key: array.copy() for key, array in batch.words.items()}
    index, gold = batch.index.copy(), gold_for(batch)
    kept = gold.clone()
    network = build(name)
    network(TensorBatch.of(batch), gold).backward()
    emissions(network.eval(), batch)
    assert (batch.index == index).all()
    assert torch.equal(gold, kept)
    assert all((batch.words[key] == array).all() for key, array in before.items())


@every_network
def test_seeded_runs_repeat(name):
    batch, losses = batch_of(name), []
    for _ in range(2):
        network = build(name, seed=4).train()
        loss = network(TensorBatch.of(batch), gold_for(batch))
        loss.backward()
        losses.append((float(loss.detach()), [weight.grad for weight in network.parameters()]))
    assert losses[0][0] == losses[1][0]
    assert all(torch.equal(a, b) for a, b in zip(losses[0][1], losses[1][1], strict=True))


@every_network
def test_every_weight_learns(name):
    network, batch = build(name).train(), batch_of(name)
    network(TensorBatch.of(batch), gold_for(batch)).backward()
    idle = [key for key, weight in network.named_parameters() if weight.grad is None]
    assert idle == []
    assert all(torch.isfinite(weight.grad).all() for weight in network.parameters())


@every_network
def test_mixed_precision_gives_float32_emissions_near_the_full_ones(name):
    network, batch = build(name).eval(), batch_of(name)
    plain = emissions(network, batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = emissions(network, batch)
        loss = network(TensorBatch.of(batch), gold_for(batch))
    assert mixed.dtype == np.float32
    assert loss.dtype == torch.float32
    inside = batch.mask > 0
    assert_allclose(mixed[inside], plain[inside], atol=0.1)


@pytest.mark.parametrize("name", ["pooled", "bilstm", "bilstm-attention"])
def test_categorical_and_sparse_loss_are_one_function(name):
    batch, found = batch_of(name), []
    for loss in ("sparse", "categorical"):
        network = build(name, loss=loss).eval()
        value = network(TensorBatch.of(batch), gold_for(batch))
        value.backward()
        found.append((value.detach(), [weight.grad for weight in network.parameters()]))
    assert_allclose(found[0][0], found[1][0], rtol=1e-6)
    for sparse, categorical in zip(found[0][1], found[1][1], strict=True):
        assert_allclose(sparse, categorical, atol=1e-7)


def test_both_losses_agree_on_random_scores_and_their_gradients():
    scores, gold = torch.randn(50, 9) * 5, torch.randint(9, (50,))
    one, other = scores.clone().requires_grad_(), scores.clone().requires_grad_()
    a, b = sparse_loss(one, gold), categorical_loss(other, gold)
    (a + b).backward()
    assert_allclose(a.detach(), b.detach(), rtol=1e-6)
    assert_allclose(one.grad, other.grad, atol=1e-7)


def test_pooled_gives_every_token_the_same_scores():
    found = emissions(build("pooled").eval(), batch_of("pooled"))
    assert (found == found[:, :1]).all()


class TestRecurrentDropout:
    INPUTS, LENGTHS = torch.randn(3, 6, 4), torch.tensor([6, 1, 4])

    def test_without_it_the_fused_kernel_runs(self, monkeypatch):
        monkeypatch.setattr("onoma.models.recurrent._unrolled", None)  # to call it would fail
        BiLstm(4, 5, recurrent_dropout=0.0).train()(self.INPUTS, self.LENGTHS)
        BiLstm(4, 5, recurrent_dropout=0.5).eval()(self.INPUTS, self.LENGTHS)

    def test_step_by_step_equals_the_fused_kernel(self):
        lstm = BiLstm(4, 5).ahead
        assert_allclose(_unrolled(lstm, self.INPUTS, 0.0).detach(), lstm(self.INPUTS)[0].detach(), atol=1e-6)

    def test_one_mask_serves_a_whole_sequence(self):
        """With constant input, a unit cut from its own past stays cut: one mask a sequence, not a step."""
        lstm = torch.nn.LSTM(1, 64, batch_first=True)
        with torch.no_grad():
            for weight in lstm.parameters():
                weight.zero_()
            lstm.weight_hh_l0[128:192].copy_(torch.eye(64) * 3)  # new content comes from the unit's own past
            lstm.bias_ih_l0[128:192] = 0.5
        states = _unrolled(lstm, torch.zeros(1, 8, 1), 0.5)[0].detach()  # [time, unit]
        # after the first step there are two kinds of unit, kept and dropped, and they never swap
        for step in states[1:]:
            assert len(step.unique()) == 2
        kept = states[1] == states[1].max()
        assert all(torch.equal(step == step.max(), kept) for step in states[1:])

    def test_it_changes_training_and_not_tagging(self):
        layer = BiLstm(4, 5, recurrent_dropout=0.5)
        a, b = (layer.train()(self.INPUTS, self.LENGTHS) for _ in range(2))
        assert not torch.equal(a, b)
        a, b = (layer.eval()(self.INPUTS, self.LENGTHS) for _ in range(2))
        assert torch.equal(a, b)


def test_attention_ignores_padding():
    attention = SelfAttention(8, heads=2)
    values, mask = torch.randn(1, 5, 8), torch.tensor([[1.0, 1.0, 1.0, 0.0, 0.0]])
    other = values.clone()
    other[:, 3:] = 1e3
    one, same = (attention(v, mask)[:, :3].detach() for v in (values, other))
    assert_allclose(one, same, atol=1e-6)
    assert_allclose(attention(values[:, :3], mask[:, :3]).detach(), one, atol=1e-6)


def test_static_vectors_are_frozen_and_exact():
    layer = StaticTable(vectors())
    assert not list(layer.parameters())
    words = ["Ada", "London", "in", "unseen", "Ada"]
    features = features_for("bilstm-crf with vectors")
    found = layer(torch.from_numpy(features.arrays(words)["pieces"]))
    for row, word in enumerate(words, start=1):
        assert_allclose(found[row], vectors().vector(word), atol=1e-6)
    assert not found[0].any()
