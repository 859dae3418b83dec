"""Which weights learn, at which rate, from which epoch on; and what is said when a machine is not enough."""

from __future__ import annotations

from itertools import islice

import pytest
import torch
from torch import nn

from onoma.errors import RecipeError, TrainingError
from onoma.models import Network
from onoma.models.depths import depths_of
from onoma.tagging import TagSet
from onoma.training import loop
from onoma.training.freezing import Freezing
from onoma.training.loop import Step, train
from onoma.training.prepare import prepare
from onoma.training.recipe import Optimiser, Training, load_recipe
from onoma.training.schedule import make_optimiser
from onoma.training.trouble import accelerator_for, is_out_of_memory, telling_of_memory

LAYERS = 3


class Stack(Network):
    """Embeddings, three layers, a head: what matters here of a network with an encoder."""

    def __init__(self) -> None:
        super().__init__(TagSet(["per"]))
        self.encoder = nn.ModuleDict(
            {
                "embeddings": nn.Embedding(5, 4),
                "layer": nn.ModuleList([nn.Linear(4, 4) for _ in range(LAYERS)]),
            }
        )
        self.output = nn.Linear(4, 2)

    def depths(self) -> dict[str, int]:
        return depths_of(name for name, _ in self.named_parameters() if name.startswith("encoder."))


@pytest.fixture
def stack() -> Stack:
    return Stack()


def learning(network: Network) -> list[int | str]:
    """The depths whose weights learn, and ``head``."""
    depths = network.depths()
    found = {depths.get(name, "head") for name, w in network.named_parameters() if w.requires_grad}
    return sorted(found, key=str)


@pytest.mark.parametrize(
    ("names", "depths"),
    [
        (["embeddings.LayerNorm.weight", "transformer.layer.5.ffn.lin1.bias"], [0, 6]),  # DistilBERT
        (["encoder.rel_embeddings.weight", "encoder.layer.11.attention.self.query_proj.weight"], [0, 12]),
        (["encoder.albert_layer_groups.0.albert_layers.0.ffn.weight"], [1]),
        (["encoder.embedding_hidden_mapping_in.weight"], [0]),
        (["layers.0.attn.Wqkv.weight", "layers.21.mlp.Wi.weight", "final_norm.weight"], [1, 22, 22]),
        (["encoder.block.2.layer.0.SelfAttention.q.weight"], [3]),
        (["encoder.layer.2.output.dense.lora_A.default.weight"], [3]),
    ],
)
def test_depths_are_told_by_name(names, depths):
    assert list(depths_of(names).values()) == depths


class TestRates:
    def shares(self, network: Network, **options: object) -> dict[int | str, float]:
        depths = network.depths()
        optimiser = make_optimiser(network, Optimiser(rate=0.1, weight_decay=0.01, **options), depths)
        of = {id(w): group["share"] for group in optimiser.param_groups for w in group["params"]}
        return {
            depths.get(name, "head"): round(of[id(w)], 6)
            for name, w in network.named_parameters()
            if not name.startswith("crf")
        }

    def test_layers_learn_ever_slower_and_the_head_at_its_own_rate(self, stack):
        expected = {0: 0.125, 1: 0.25, 2: 0.5, 3: 1.0, "head": 5.0}
        assert self.shares(stack, layer_decay=0.5, head_rate=0.5) == expected

    def test_without_them_all_learn_alike(self, stack):
        assert set(self.shares(stack).values()) == {1.0}

    def test_vectors_are_not_decayed_in_any_group(self, stack):
        optimiser = make_optimiser(stack, Optimiser(layer_decay=0.5, weight_decay=0.1), stack.depths())
        for group in optimiser.param_groups:
            assert {w.ndim > 1 for w in group["params"]} == {group["weight_decay"] > 0}

    @pytest.mark.parametrize("setting", [{"head_rate": 0.1}, {"layer_decay": 0.9}])
    def test_without_an_encoder_they_are_refused(self, setting):
        with pytest.raises(RecipeError, match="for networks with a pretrained encoder"):
            make_optimiser(nn.Linear(2, 2), Optimiser(**setting))

    def test_nothing_that_learns_is_refused(self):
        with pytest.raises(RecipeError, match="no weight of the network learns"):
            make_optimiser(nn.Linear(2, 2).requires_grad_(False), Optimiser())


class TestFreezing:
    def learning(self, stack: Stack, epochs: int, **options: object) -> list[list[int | str]]:
        freezing = Freezing(stack, Training(**options))
        found = []
        for epoch in range(epochs):
            freezing.at(epoch)
            found.append(learning(stack))
        return found

    @pytest.mark.parametrize(
        ("freeze", "rest"),
        [("embeddings", [1, 2, 3]), (1, [2, 3]), (3, []), ("encoder", [])],
    )
    def test_what_is_frozen_stays_so(self, stack, freeze, rest):
        assert self.learning(stack, 2, freeze=freeze) == [[*rest, "head"]] * 2

    def test_layers_thaw_from_the_top(self, stack):
        found = self.learning(stack, 9, freeze="encoder", unfreeze_every=2)
        assert [len(each) for each in found] == [1, 1, 2, 2, 3, 3, 4, 4, 5]
        assert found[2] == [3, "head"]

    def test_any_epoch_can_be_taken_up(self, stack):
        freezing = Freezing(stack, Training(freeze="encoder", unfreeze_every=1))
        for epoch, count in ((4, 5), (0, 1), (2, 3)):
            freezing.at(epoch)
            assert len(learning(stack)) == count

    def test_what_did_not_learn_before_never_does(self, stack):
        stack.encoder["layer"][2].requires_grad_(False)
        assert self.learning(stack, 6, freeze="encoder", unfreeze_every=1)[-1] == [0, 1, 2, "head"]

    def test_more_layers_than_there_are_is_refused(self, stack):
        with pytest.raises(RecipeError, match="freeze: 4 layers of an encoder with 3"):
            Freezing(stack, Training(freeze=4))

    def test_thawing_needs_something_frozen(self, tiny_recipe):
        with pytest.raises(RecipeError, match=r"unfreeze_every needs training\.freeze"):
            load_recipe(tiny_recipe, ["training.unfreeze_every=1"])


class TestOfNetworksOverWords:
    @pytest.fixture(autouse=True)
    def cached(self, cache, monkeypatch) -> None:
        monkeypatch.setenv("ONOMA_CACHE", str(cache))

    @pytest.mark.parametrize(
        "setting",
        ["training.freeze=encoder", "training.gradient_checkpointing=true", "optimiser.head_rate=1"],
    )
    def test_settings_of_encoders_are_refused(self, tiny_recipe, tmp_path, setting):
        run = prepare(load_recipe(tiny_recipe, [setting]), tmp_path).run
        with pytest.raises(RecipeError, match="pretrained encoder"):
            next(train(run))

    def test_memory_that_runs_out_is_told_with_what_to_lower(self, tiny_recipe, tmp_path, monkeypatch):
        run = prepare(load_recipe(tiny_recipe, ["optimiser.accumulate=3"]), tmp_path).run

        def full(*_given: object) -> None:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

        monkeypatch.setattr(run.network, "emissions", full)
        advice = r"batch_size=4 --set optimiser\.accumulate=6; or let --auto-batch"
        with pytest.raises(TrainingError, match=advice):
            list(train(run))

    @pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU has fp16")
    def test_fp16_without_a_gpu_is_refused(self, tiny_recipe, tmp_path):
        run = prepare(load_recipe(tiny_recipe, ["training.mixed_precision=fp16"]), tmp_path).run
        with pytest.raises(RecipeError, match=r"the CPU here does not know fp16 .* set it to no"):
            next(train(run))
        assert accelerator_for(Training()).mixed_precision == "no"  # and the next run is none the worse


def test_what_is_no_lack_of_memory_is_left_alone(tiny_recipe):
    with pytest.raises(RuntimeError, match="shapes"), telling_of_memory(load_recipe(tiny_recipe), 8):
        raise RuntimeError("shapes differ")


def test_the_allocator_of_cpus_is_understood():
    with pytest.raises(RuntimeError) as told:
        torch.empty(2**62, dtype=torch.uint8)
    assert is_out_of_memory(told.value)


class TestFp16:
    """The scale of the loss, on the CPU: Accelerate asks for a GPU, the scaler itself does not."""

    @pytest.fixture
    def scaled(self, monkeypatch, tiny_recipe, tmp_path, cache):
        monkeypatch.setenv("ONOMA_CACHE", str(cache))

        def with_scaler(training: Training) -> object:
            made = accelerator_for(training)
            made.scaler = torch.amp.GradScaler("cpu", init_scale=64.0, growth_interval=7)
            return made

        monkeypatch.setattr(loop, "accelerator_for", with_scaler)

        def start(folder: str, *settings: str) -> loop.Run:
            (tmp_path / folder).mkdir(exist_ok=True)
            settings = ("training.checkpoint_every=2", "training.epochs=2", *settings)
            return prepare(load_recipe(tiny_recipe, settings), tmp_path / folder).run

        return start

    def test_a_resumed_run_goes_on_with_the_scale_it_had(self, scaled):
        whole, torn = scaled("whole"), scaled("torn")
        list(train(whole))
        list(islice(train(torn), 17))
        list(train(scaled("torn"), resume=True))
        one, other = (torch.load(run.last, weights_only=True) for run in (whole, torn))
        assert one["scaler"] == other["scaler"]
        assert one["scaler"]["scale"] > 64.0  # it grew meanwhile
        assert all(torch.equal(one["network"][name], other["network"][name]) for name in one["network"])

    def test_gradients_that_always_overflow_stop_the_run(self, scaled):
        run = scaled("work")
        weight = next(run.network.parameters())
        weight.register_hook(lambda gradient: gradient * float("inf"))
        with pytest.raises(TrainingError, match="gradients overflowed under fp16"):
            list(train(run))

    def test_a_step_that_overflowed_is_left_out_of_the_average(self, scaled):
        run = scaled("work", "optimiser.average=0.9")
        handle = run.network.crf.start.register_hook(lambda gradient: gradient * float("inf"))
        events = train(run)
        before = {name: weight.clone() for name, weight in run.network.state_dict().items()}
        assert isinstance(next(events), Step)
        handle.remove()
        after = run.network.state_dict()
        assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_loss_that_is_no_number_under_fp16_says_what_fp16_lacks():
    from onoma.training.trouble import divergence_advice

    assert "65,504" in divergence_advice(Training(mixed_precision="fp16"))
    assert "bf16" in divergence_advice(Training(mixed_precision="fp16"))
