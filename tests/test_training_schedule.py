"""Learning rates, optimisers and the moving average."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from onoma.training.recipe import Optimiser
from onoma.training.schedule import MovingAverage, make_optimiser, rate_at

SCHEDULES = st.sampled_from(["constant", "linear", "cosine"])


@given(st.integers(1, 500), SCHEDULES, st.floats(0, 0.9), st.data())
def test_the_rate_stays_between_nought_and_its_highest(steps, schedule, warmup, data):
    options = Optimiser(rate=0.5, schedule=schedule, warmup=warmup)
    step = data.draw(st.integers(0, steps - 1))
    assert 0 < rate_at(step, steps, options) <= 0.5


@given(st.integers(2, 500), SCHEDULES, st.floats(0, 0.9))
def test_the_rate_rises_while_warming_and_never_after(steps, schedule, warmup):
    options = Optimiser(rate=1.0, schedule=schedule, warmup=warmup)
    rates = [rate_at(step, steps, options) for step in range(steps)]
    warm = round(warmup * steps)
    assert rates[:warm] == sorted(rates[:warm])
    assert rates[warm:] == sorted(rates[warm:], reverse=True)
    assert max(rates) == 1.0


def test_the_shapes():
    def rates(schedule: str) -> list[float]:
        return [round(rate_at(step, 4, Optimiser(rate=1.0, schedule=schedule)), 3) for step in range(4)]

    assert rates("constant") == [1.0, 1.0, 1.0, 1.0]
    assert rates("linear") == [1.0, 0.75, 0.5, 0.25]
    assert rates("cosine") == [1.0, 0.854, 0.5, 0.146]


@pytest.mark.parametrize(("name", "kind"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)])
def test_vectors_are_not_decayed_and_frozen_weights_left_alone(name, kind):
    network = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    network[1].weight.requires_grad_(False)
    optimiser = make_optimiser(network, Optimiser(name=name, rate=0.1, weight_decay=0.01))
    assert type(optimiser) is kind
    decayed, plain = optimiser.param_groups
    assert ([w.shape for w in decayed["params"]], decayed["weight_decay"]) == ([(2, 3)], 0.01)
    assert ([w.shape for w in plain["params"]], plain["weight_decay"]) == ([(2,), (1,)], 0.0)


class TestMovingAverage:
    def layer(self, value: float) -> nn.Linear:
        layer = nn.Linear(2, 1)
        with torch.no_grad():
            for weight in layer.parameters():
                weight.fill_(value)
        return layer

    def test_equals_its_formula(self):
        layer, expected = self.layer(1.0), 1.0
        average = MovingAverage(layer, 0.99)
        for step in range(1, 30):
            with torch.no_grad():
                layer.weight.fill_(step)
            average.update(layer)
            decay = min(0.99, (1 + step) / (10 + step))
            expected = decay * expected + (1 - decay) * step
        assert average.weights["weight"][0, 0].item() == pytest.approx(expected, rel=1e-5)

    def test_weights_that_stay_are_their_own_average(self):
        layer = self.layer(3.0)
        average = MovingAverage(layer, 0.9)
        for _ in range(10):
            average.update(layer)
        assert torch.equal(average.weights["weight"], layer.weight.detach())

    def test_is_in_place_for_a_block_and_gone_after_it_even_when_that_fails(self):
        layer = self.layer(1.0)
        average = MovingAverage(layer, 0.9)
        with torch.no_grad():
            layer.weight.fill_(5.0)

        def look() -> None:
            with average.applied(layer):
                assert layer.weight[0, 0].item() == 1.0
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            look()
        assert layer.weight[0, 0].item() == 5.0

    def test_without_decay_the_weights_are_judged_as_they_are(self):
        layer = self.layer(1.0)
        average = MovingAverage(layer, 0.0)
        with torch.no_grad():
            layer.weight.fill_(5.0)
        average.update(layer)
        assert average.weights == {}
        with average.applied(layer):
            assert layer.weight[0, 0].item() == 5.0
