"""From a request as it travelled to an `Ask`, and from an `Answer` to what travels back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import UNSET, UnsetType

from onoma.errors import UnprocessableError, nearest
from onoma.serving.asking import Answer, Ask, Router
from onoma.serving.limits_body import Limits, check_texts
from onoma.serving.offsets import places
from onoma.serving.wire import (
    Cover,
    EntitiesAnswer,
    EntitiesRequest,
    Found,
    Group,
    ManyAnswer,
    Model,
    OffsetUnit,
    Options,
    Result,
    Route,
    Span,
    StreamAnswer,
    StreamLine,
    Timing,
)
from onoma.text import Document, Entity, Token

__all__ = ["Asker", "answered", "ask_of", "documents_of", "groups_of", "kept", "line_answered"]


class Asker(NamedTuple):
    """Who asks, in which request, and when it came (``time.monotonic()``)."""

    caller: str = ""
    request: str = ""
    arrived: float = 0.0


def documents_of(wanted: EntitiesRequest, limits: Limits) -> list[Document]:
    """The texts of a request, with their words where they came along.

    Raises `UnprocessableError` where they do not fit together, `TooLargeError` where they are too much.
    """
    if (wanted.text is UNSET) == (wanted.texts is UNSET):
        raise UnprocessableError("give either `text`, one text, or `texts`, a list of them")
    texts = [wanted.text] if isinstance(wanted.text, str) else wanted.texts
    assert not isinstance(texts, UnsetType)
    check_texts(texts, limits)
    if isinstance(wanted.tokens, UnsetType):
        return [Document(text) for text in texts]
    if wanted.texts is UNSET or len(wanted.tokens) != len(texts):
        raise UnprocessableError("`tokens` goes with `texts`, a list of words' places for each of them")
    pairs = enumerate(zip(texts, wanted.tokens, strict=True))
    return [Document(text, _tokens(text, spans, place)) for place, (text, spans) in pairs]


def ask_of(documents: Sequence[Document], wanted: Options, asker: Asker, router: Router) -> Ask:
    """What a router is asked; raises `UnprocessableError` for a label that no tagger knows."""
    budget = wanted.latency_budget_ms
    return Ask(
        documents,
        wanted.model,
        wanted.priority,
        None if budget is None else budget / 1000,
        wanted.threshold,
        frozenset() if wanted.labels is None else _labels(wanted.labels, router),
        wanted.user,
        *asker,
    )


def _tokens(text: str, spans: Sequence[Span], place: int) -> tuple[Token, ...]:
    last = 0
    for start, end in spans:
        if not last <= start < end <= len(text):
            raise UnprocessableError(
                f"`tokens[{place}]` has [{start}, {end}]: words come in order, do not overlap and lie in "
                f"the text, which has {len(text)} code points"
            )
        last = end
    return tuple(map(Token._make, spans))


def _labels(labels: Sequence[str], router: Router) -> frozenset[str]:
    known = {label for state in router.states() for label in state.labels}
    for label in labels:
        if known and label not in known:
            raise UnprocessableError(f"no tagger here knows the label {label!r}; {nearest(label, known)}")
    return frozenset(labels)


def kept(document: Document, ask: Ask) -> Sequence[Entity]:
    """The entities that were asked for."""
    if not (ask.threshold or ask.labels):
        return document.entities
    labels, threshold = ask.labels, ask.threshold
    return [e for e in document.entities if e.score >= threshold and (not labels or e.label in labels)]


def answered(wanted: EntitiesRequest, ask: Ask, answer: Answer) -> EntitiesAnswer | ManyAnswer:
    """What travels back."""
    if wanted.texts is UNSET:
        return EntitiesAnswer(*_parts(wanted, ask, answer))
    results = [Result(_found(d, ask, wanted.offset_unit), _cover(d)) for d in answer.documents]
    return ManyAnswer(results, *_circumstances(wanted, ask, answer))


def line_answered(wanted: StreamLine, ask: Ask, answer: Answer) -> StreamAnswer:
    """What travels back for a line of a stream."""
    return StreamAnswer(*_parts(wanted, ask, answer), wanted.id)


_Circumstances = tuple[Model, Timing, Route | UnsetType]


def _parts(
    wanted: Options, ask: Ask, answer: Answer
) -> tuple[list[Found], Cover | None, Model, Timing, Route | UnsetType]:
    document = answer.documents[0]
    found = _found(document, ask, wanted.offset_unit)
    return found, _cover(document), *_circumstances(wanted, ask, answer)


def _circumstances(wanted: Options, ask: Ask, answer: Answer) -> _Circumstances:
    route = Route(answer.tagger, answer.route) if wanted.explain_route else UNSET
    return Model(answer.tagger, answer.version), _timing(ask, answer), route


def groups_of(ask: Ask, answer: Answer) -> list[Group]:
    """What travels back to clients of the common small shape."""
    document = answer.documents[0]
    return [
        Group(each.label, each.score, document.surface(each), each.start, each.end)
        for each in kept(document, ask)
    ]


def _found(document: Document, ask: Ask, unit: OffsetUnit) -> list[Found]:
    text, entities = document.text, kept(document, ask)
    if unit == "codepoint":
        return [Found(e.start, e.end, e.label, e.score, text[e.start : e.end]) for e in entities]
    at = places(text, [place for e in entities for place in (e.start, e.end)], unit)
    return [Found(at[e.start], at[e.end], e.label, e.score, text[e.start : e.end]) for e in entities]


def _cover(document: Document) -> Cover | None:
    told = document.coverage
    return None if told is None else Cover(told.characters, told.windows, told.certainty)


def _timing(ask: Ask, answer: Answer) -> Timing:
    timings = answer.timings
    return Timing(
        _milliseconds(time.monotonic() - ask.arrived),
        _milliseconds(timings.get("queue", 0.0)),
        _milliseconds(timings.get("tag", 0.0)),
        answer.cached,
    )


def _milliseconds(seconds: float) -> float:
    return round(1000 * seconds, 3)
