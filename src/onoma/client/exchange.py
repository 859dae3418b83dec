"""What the clients say and understand, without any I/O: requests, answers, errors, and when to try again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import onoma.errors
from onoma.errors import BusyError, OnomaError
from onoma.text import Coverage, Document, Entity
from onoma.text.document import LATER

__all__ = ["AGAIN", "Settings", "answers", "error_of", "parts", "payload", "pauses"]

AGAIN = (429, 502, 503, 504)
"""Statuses after which the same request may succeed."""


@dataclass(frozen=True)
class Settings:
    """How texts are to be read (see ``POST /v1/entities``), and how they are sent.

    A request brings at most ``texts`` texts and ``characters`` characters, unless one text is longer. What
    fails for now is tried again ``retries`` times, and no pause is longer than ``patience`` seconds.
    """

    model: str | None = None
    priority: Literal["accuracy", "speed", "balanced"] = "balanced"
    latency_budget_ms: float | None = None
    threshold: float = 0.0
    labels: Sequence[str] | None = None
    user: str | None = None
    texts: int = 256
    characters: int = 200_000
    retries: int = 4
    patience: float = 5.0

    @property
    def wanted(self) -> dict[str, Any]:
        """What of it the service is told."""
        fields = ("model", "priority", "latency_budget_ms", "threshold", "labels", "user")
        told = {name: getattr(self, name) for name in fields}
        return {name: value for name, value in told.items() if value is not None}


def parts(documents: Sequence[Document], settings: Settings) -> Iterator[list[Document]]:
    """``documents``, in order, as many at a time as one request may bring.

    Those with words of their own are not mixed with others, whose words the service finds.

    >>> two = Settings(texts=2)
    >>> [len(part) for part in parts([Document("Ada"), Document("Bob"), Document("Eve")], two)]
    [2, 1]
    """
    part: list[Document] = []
    characters = 0
    for document in documents:
        size = len(document.text)
        full = len(part) >= settings.texts or characters + size > settings.characters
        if part and (full or _has_words(document) != _has_words(part[0])):
            yield part
            part, characters = [], 0
        part.append(document)
        characters += size
    if part:
        yield part


def _has_words(document: Document) -> bool:
    """Whether the words are others than the service would find by itself."""
    return document.tokens_or_later is not LATER and bool(document.tokens)


def payload(part: Sequence[Document], settings: Settings) -> dict[str, Any]:
    """The body of a request.

    >>> payload([Document.from_words(["Ada", "wrote"])], Settings(threshold=0.5))["tokens"]
    [((0, 3), (4, 9))]
    """
    body = {"texts": [document.text for document in part], **settings.wanted}
    if _has_words(part[0]):
        body["tokens"] = [tuple(map(tuple, document.tokens)) for document in part]
    return body


def answers(part: Sequence[Document], body: Mapping[str, Any]) -> list[Document]:
    """The documents with what the service found; raises `OnomaError` where it answered something else."""
    try:
        version = body["model"]["version"]
        pairs = zip(part, body["results"], strict=True)
        return [_answer(document, result, version) for document, result in pairs]
    except (KeyError, TypeError, ValueError) as error:
        raise OnomaError(f"what answered is not this service: {error!r}") from error


def _answer(document: Document, result: Mapping[str, Any], version: str) -> Document:
    told = result["coverage"]
    entities = tuple([_entity(found, document.text) for found in result["entities"]])
    coverage = told and Coverage(told["characters"], told["windows"], version, told["certainty"])
    return document.tokenised().replace(entities=entities, coverage=coverage)


def _entity(found: Mapping[str, Any], text: str) -> Entity:
    entity = Entity(found["start"], found["end"], found["label"], found["score"])
    if text[entity.start : entity.end] != found["text"]:
        raise ValueError(f"the text at {entity.start} to {entity.end} is another")
    return entity


def error_of(status: int, headers: Mapping[str, str], body: Any) -> OnomaError:
    """The error that a response tells of, of the kind that the service raised.

    >>> error_of(404, {}, {"type": "urn:onoma:problem:not-found", "detail": "there is no tagger called 'x'"})
    NotFoundError("there is no tagger called 'x'")
    """
    told = body if isinstance(body, Mapping) else {}
    name = str(told.get("type", "")).rpartition(":")[2]
    kind = getattr(onoma.errors, "".join(map(str.capitalize, name.split("-"))) + "Error", None)
    if not (isinstance(kind, type) and issubclass(kind, OnomaError)):
        kind = BusyError if status in AGAIN else OnomaError
    error = kind.__new__(kind)  # what each takes besides its message has gone into that message
    Exception.__init__(error, str(told.get("detail", f"the service answered {status}")))
    vars(error)["retry_after"] = _seconds(headers)
    return error


def _seconds(headers: Mapping[str, str]) -> float | None:
    told = headers.get("retry-after", "")
    return float(told) if told.isdigit() else None


def pauses(settings: Settings) -> Iterator[float]:
    """Seconds to wait before each further try, unless the service says another time.

    >>> list(pauses(Settings(retries=3)))
    [0.1, 0.2, 0.4]
    """
    return (min(0.1 * 2**attempt, settings.patience) for attempt in range(settings.retries))
