"""Looking into a network for what made an entity: gradients, and where an encoder's attention went.

The words that the network reads together with the entity are looked at: its sentence, or as much of the
document as an encoder takes. What is explained is the probability of exactly one span and label, as the
bundle's temperature has it; gradients are against as many unknown words, the same that occlusion puts in
(`onoma.runtime.explain.HIDDEN`), so the methods answer one question.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from onoma.errors import InputError, MissingExtraError
from onoma.features.piece_batch import PieceFeatures
from onoma.models import Network, PieceNetwork
from onoma.models.crf import ConditionalRandomField
from onoma.runtime import Tagger
from onoma.runtime.explain import Explanation
from onoma.text import Document, Entity
from onoma.training.explain_inputs import Inputs, inputs_of, lexical_vectors, piece_rows, place_of
from onoma.training.weights import network_of

__all__ = ["attention", "gradient", "integrated"]

_STEPS = 128  # of the path from unknown words to the words that stand there
_LAST = 2  # layers whose attention is shown


@dataclass(frozen=True)
class _Case:
    """One question: inputs, whose first word is ``start``, and the probability ``[1]`` of any such."""

    document: Document
    entity: Entity
    start: int
    inputs: Inputs
    probability: Callable[[Tensor], Tensor]

    def explanation(self, method: str, weights: Tensor, note: str) -> Explanation:
        """``weights`` are ``[input]``."""
        with torch.no_grad():
            probability = float(self.probability(self.inputs.given))
        own = _spread(self.document, self.start, self.inputs.words(weights).tolist())
        return Explanation(method, self.document, self.entity, probability, own, "probability", note)


def _spread(document: Document, start: int, own: Sequence[float]) -> list[float]:
    """A weight for each token; those of ``own`` begin at ``start``, what was not read has none."""
    return [0.0] * start + [*own] + [0.0] * (len(document.tokens) - start - len(own))


@contextmanager
def _one_thread() -> Iterator[None]:
    """One row at a time gains nothing of several threads, and loses much where other work is done beside."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@_one_thread()
def gradient(tagger: Tagger, document: Document, entity: Entity) -> Explanation:
    """Gradient × input: how the probability would change in a straight line from here to unknown words.

    Raises `InputError` where the run does not lie beside the bundle, or the span is no run of words of one
    sentence.
    """
    case = _case(tagger, document, entity)
    given = case.inputs.given.clone().requires_grad_()
    [slope] = torch.autograd.grad(case.probability(given).sum(), given)
    weights = (slope * (case.inputs.given - case.inputs.unknown)).sum(-1)[0]
    note = "the slope of the probability here, times how far the word is from an unknown one"
    return case.explanation("gradient × input", weights, note)


@_one_thread()
def integrated(tagger: Tagger, document: Document, entity: Entity) -> Explanation:
    """Integrated gradients: the same, summed along the way from unknown words to those that stand there.

    The weights add up to the probability less that of a text of unknown words, but for the error that the
    note tells (Sundararajan, Taly & Yan, *Axiomatic Attribution for Deep Networks*, 2017). Raises what
    `gradient` raises, and `MissingExtraError` without captum.
    """
    try:
        from captum.attr import IntegratedGradients
    except ImportError as error:
        raise MissingExtraError("integrated gradients", "explain") from error
    case = _case(tagger, document, entity)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # captum tells of batches of one
        found, missing = IntegratedGradients(case.probability).attribute(
            case.inputs.given,
            baselines=case.inputs.unknown,
            n_steps=_STEPS,
            internal_batch_size=1,
            return_convergence_delta=True,
        )
    with torch.no_grad():
        floor = float(case.probability(case.inputs.unknown))
    note = (
        f"adds up to the probability less {floor:.3f}, that of unknown words alone; "
        f"{abs(float(missing)):.4f} is lost to steps"
    )
    return case.explanation("integrated gradients", found.sum(-1)[0], note)


@_one_thread()
def attention(tagger: Tagger, document: Document, entity: Entity, *, rollout: bool = False) -> Explanation:
    """Where the encoder looked from the entity: the mean over heads, and over the last layers.

    With ``rollout`` through all layers, half of what each passes on being its own input (Abnar & Zuidema,
    *Quantifying Attention Flow in Transformers*, 2020). It is no explanation by itself (Jain & Wallace 2019;
    Wiegreffe & Pinter 2019). Raises what `gradient` raises, and `InputError` for a network without an
    encoder.
    """
    network, place = network_of(tagger), place_of(tagger, document, entity)
    if not isinstance(network, PieceNetwork):
        raise InputError(f"{tagger.manifest.architecture} has no attention; ask by occlusion or gradient")
    features = cast(PieceFeatures, tagger.engine.features)
    rows = piece_rows(features, place.words)
    with torch.no_grad(), _attending(network) as layers:
        network.row_emissions(rows, lexical_vectors(network, features, place.words))
    heads = [layer.mean(1)[0] for layer in layers]  # [from, to]
    flow = _rolled(heads) if rollout else torch.stack(heads[-_LAST:]).mean(0)
    begin, end = rows["begin"][0], rows["end"][0]
    looked = flow[begin[place.asked.start] : end[place.asked.stop - 1]].mean(0)
    own = [float(looked[a:b].sum()) for a, b in zip(begin.tolist(), end.tolist(), strict=True)]
    rest = f"the share of {1 - sum(own):.2f} that is missing went to the marks around the words"
    method = "attention rollout" if rollout else f"attention (last {min(_LAST, len(heads))} layers)"
    weights = _spread(document, place.window.start, own)
    return Explanation(method, document, entity, entity.score, weights, "share of attention", rest)


def _case(tagger: Tagger, document: Document, entity: Entity) -> _Case:
    network, place = network_of(tagger), place_of(tagger, document, entity)
    inputs = inputs_of(network, tagger, document, place)
    sharpness = tagger.engine.chain.sharpness
    crf = deepcopy(network.crf)
    if crf is not None:
        with torch.no_grad():
            for weight in crf.parameters():
                weight.mul_(sharpness)
    first, last, label = place.span
    span = (first - place.sentence.start, last - place.sentence.start, label)

    def probability(given: Tensor) -> Tensor:
        return _span_probability(network, crf, inputs.emissions(given) * sharpness, span)

    return _Case(document, entity, place.window.start, inputs, probability)


def _span_probability(
    network: Network, crf: ConditionalRandomField | None, emissions: Tensor, span: tuple[int, int, str]
) -> Tensor:
    """The probability ``[1]`` of exactly this span: all paths through it, of all paths."""
    start, end, label = span
    tags = network.tags
    path = tags.encode([(0, end - start, label)], end - start)
    taken = torch.from_numpy(path)
    if crf is None:
        return emissions.log_softmax(-1)[0, torch.arange(start, end), taken].sum(0, keepdim=True).exp()
    barred = np.zeros(emissions.shape[1:], bool)
    barred[start:end] = True
    barred[np.arange(start, end), path] = False
    if end < len(barred):
        barred[end] = tags.continuation[path[-1]]
    mask = torch.ones(emissions.shape[:2])
    through = emissions.masked_fill(torch.from_numpy(barred), -1e4)
    return (crf.log_partition(through, mask) - crf.log_partition(emissions, mask)).exp()


@contextmanager
def _attending(network: PieceNetwork) -> Iterator[list[Tensor]]:
    """Collect the encoder's attention, ``[1, head, from, to]`` for each layer, while it reads one row."""
    layers: list[Tensor] = []
    model = network.encoder.model
    model.set_attn_implementation("eager")  # the quicker ways of computing it do not tell

    def asked(_: nn.Module, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return args, {**given, "output_attentions": True}

    def told(_: nn.Module, args: Any, given: dict[str, Any], found: Any) -> None:
        layers.extend(found.attentions or ())

    hooks = [
        model.register_forward_pre_hook(asked, with_kwargs=True),
        model.register_forward_hook(told, with_kwargs=True),
    ]
    try:
        yield layers
    finally:
        for hook in hooks:
            hook.remove()


def _rolled(heads: Sequence[Tensor]) -> Tensor:
    own = torch.eye(len(heads[0]))
    flow = own
    for layer in heads:
        flow = (0.5 * layer + 0.5 * own) @ flow
    return flow
