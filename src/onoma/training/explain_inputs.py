"""What a network reads to tell of one span, as vectors that may be changed, and its scores of any such."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from onoma.features.batch import make_batch
from onoma.features.piece_batch import PieceFeatures
from onoma.features.words import WordFeatures
from onoma.models import Network, PieceNetwork, TensorBatch, WordNetwork
from onoma.runtime import Tagger
from onoma.runtime.explain import HIDDEN
from onoma.runtime.explain_probes import asked_sentence, asked_span, piece_windows
from onoma.text import Document, Entity
from onoma.text.windows import Window

__all__ = ["Inputs", "Place", "inputs_of", "lexical_vectors", "piece_rows", "place_of"]


class Place(NamedTuple):
    """Where a network reads a span, in tokens of a document.

    ``window`` is read together, and tells of its core; ``sentence`` is what tags are joined over. ``words``
    are those of the window.
    """

    window: Window
    sentence: Window
    span: tuple[int, int, str]
    words: list[str]

    @property
    def own(self) -> slice:
        """The words of the window that tell of the sentence."""
        first = max(self.window.core_start, self.sentence.start)
        return slice(
            first - self.window.start, min(self.window.core_end, self.sentence.end) - self.window.start
        )

    @property
    def asked(self) -> slice:
        """The words of the window that are those of the span."""
        first, last, _ = self.span
        return slice(max(first - self.window.start, 0), min(last, self.window.end) - self.window.start)


def place_of(tagger: Tagger, document: Document, entity: Entity) -> Place:
    """The window that tells most of ``entity``; raises what `asked_span` and `asked_sentence` raise."""
    span = asked_span(document, entity)
    sentence = asked_sentence(tagger, document, span)
    window = Window(*sentence[:2], *sentence[:2])
    if tagger.manifest.pieces is not None:
        windows = piece_windows(tagger, document, sentence)
        window = max(windows, key=lambda w: min(span[1], w.core_end) - max(span[0], w.core_start))
    return Place(window, sentence, span, document.words[window.start : window.end])


@dataclass(frozen=True)
class Inputs:
    """Vectors ``[1, input, width]`` of the words of a place, and of as many unknown words.

    ``emissions`` makes of such vectors scores ``[1, time, tag]`` of the whole sentence; ``words`` of a weight
    for each input ``[input]`` one for each word.
    """

    given: Tensor
    unknown: Tensor
    emissions: Callable[[Tensor], Tensor]
    words: Callable[[Tensor], Tensor]


def inputs_of(network: Network, tagger: Tagger, document: Document, place: Place) -> Inputs:
    """The inputs of ``network``, which ``tagger`` was made from."""
    if isinstance(network, WordNetwork):
        return _word_inputs(network, cast(WordFeatures, tagger.engine.features), place)
    assert isinstance(network, PieceNetwork)
    found = _piece_inputs(network, cast(PieceFeatures, tagger.engine.features), place)
    own, length = place.own, place.sentence.end - place.sentence.start
    if own.stop - own.start == length:
        return found
    before = place.window.start + own.start - place.sentence.start
    rest = torch.from_numpy(_scores(tagger, document, place.sentence))[None]
    parts = rest[:, :before], rest[:, before + own.stop - own.start :]

    def emissions(given: Tensor) -> Tensor:
        return torch.cat([parts[0], found.emissions(given), parts[1]], 1)

    return Inputs(found.given, found.unknown, emissions, found.words)


def _scores(tagger: Tagger, document: Document, sentence: Window) -> Any:
    """What the bundle says of a sentence, in all of its windows ``[time, tag]``."""
    windows = tagger.windows(document) if tagger.manifest.context else [sentence]
    rows = [document.words[each.start : each.end] for each in windows]
    return tagger.engine.emissions(rows, [len(rows)])[windows.index(sentence)]


def _word_inputs(network: WordNetwork, features: WordFeatures, place: Place) -> Inputs:
    batch, unknown = (
        TensorBatch.of(make_batch([row], features)) for row in (place.words, [HIDDEN] * len(place.words))
    )

    def vectors(each: TensorBatch) -> Tensor:
        return nn.functional.embedding(each.index, network.lexical(each.words))

    def emissions(given: Tensor) -> Tensor:
        return network.encode(network.lexical.narrow(given), batch)

    return Inputs(vectors(batch), vectors(unknown), emissions, lambda weights: weights)


def _piece_inputs(network: PieceNetwork, features: PieceFeatures, place: Place) -> Inputs:
    """Vectors of the pieces; the marks around them are never unknown."""
    rows, lexical = piece_rows(features, place.words), lexical_vectors(network, features, place.words)
    hidden = features.pieces.word(HIDDEN)
    inside = torch.zeros_like(rows["pieces"], dtype=torch.bool)
    inside[0, int(rows["begin"][0, 0]) : int(rows["end"][0, -1])] = True
    masked = rows | {
        "pieces": rows["pieces"].masked_fill(inside, hidden.ids[0]),
        "case": rows["case"].masked_fill(inside, hidden.case),
    }

    def emissions(given: Tensor) -> Tensor:
        with _reading(network, given):
            return network.row_emissions(rows, lexical)[:, place.own]

    def words(weights: Tensor) -> Tensor:
        total = torch.cat([torch.zeros(1), weights.detach().cumsum(0)])
        return total[rows["end"][0]] - total[rows["begin"][0]]

    return Inputs(_vectors(network, rows), _vectors(network, masked), emissions, words)


def piece_rows(features: PieceFeatures, words: Sequence[str]) -> dict[str, Tensor]:
    """What an encoder is given of some words, as one row (see `Pieces.rows`)."""
    return {name: torch.from_numpy(array) for name, array in features.pieces.rows([words]).items()}


def lexical_vectors(network: PieceNetwork, features: PieceFeatures, words: Sequence[str]) -> Tensor | None:
    """The lexical vectors ``[1, word, width]`` of some words, where the network reads any."""
    if network.lexical is None or features.words is None:
        return None
    batch = TensorBatch.of(make_batch([words], features.words))
    return network.lexical.narrow(nn.functional.embedding(batch.index, network.lexical(batch.words)))


def _vectors(network: PieceNetwork, rows: dict[str, Tensor]) -> Tensor:
    encoder = network.encoder
    vectors: Tensor = encoder.model.get_input_embeddings()(rows["pieces"])
    return vectors if encoder.case is None else vectors + encoder.case(rows["case"])


@contextmanager
def _reading(network: PieceNetwork, vectors: Tensor) -> Iterator[None]:
    """Let the encoder read ``vectors`` in the place of its own."""

    def instead(_: nn.Module, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return args, {**given, "inputs_embeds": vectors}

    hook = network.encoder.model.register_forward_pre_hook(instead, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()
