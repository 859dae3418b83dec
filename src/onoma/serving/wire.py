"""What travels: requests and answers as JSON, read and written by msgspec.

These classes are the one place where the shape of requests and answers is stated: what is decoded is checked
against them, and the OpenAPI document is made from them. Half a surrogate pair, bytes that are not UTF-8,
fields nobody knows and values of another kind are refused by the decoder; so is depth, since no field that is
known has any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from onoma.errors import InputError, UnprocessableError, nearest
from onoma.serving.asking import Priority

__all__ = [
    "Cover",
    "Found",
    "Group",
    "StreamAnswer",
    "StreamLine",
    "StreamProblem",
    "ManyAnswer",
    "Model",
    "OffsetUnit",
    "Options",
    "ProblemDocument",
    "EntitiesAnswer",
    "Result",
    "Route",
    "Span",
    "TextRequest",
    "Timing",
    "EntitiesRequest",
    "decode",
    "encode",
]

OffsetUnit = Literal["codepoint", "utf16", "byte"]
Share = Annotated[float, Meta(ge=0, le=1)]
Span = tuple[Annotated[int, Meta(ge=0)], Annotated[int, Meta(ge=1)]]
Milliseconds = Annotated[float, Meta(gt=0, le=3_600_000)]


class Options(Struct, kw_only=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """How texts are to be read, and what of the answer is wanted."""

    model: Annotated[str | None, Meta(description="A tagger by name; without it the service chooses")] = None
    priority: Priority = "balanced"
    latency_budget_ms: Milliseconds | None = None
    threshold: Annotated[Share, Meta(description="Leave out what is less probable")] = 0.0
    labels: Annotated[
        Annotated[list[str], Meta(min_length=1)] | None, Meta(description="Only entities with these labels")
    ] = None
    user: Annotated[
        Annotated[str, Meta(max_length=256)] | None, Meta(description="Keeps one user on one tagger")
    ] = None
    explain_route: Annotated[bool, Meta(description="Tell why this tagger answered")] = False
    offset_unit: OffsetUnit = "codepoint"


class EntitiesRequest(Options, kw_only=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """A request: ``text`` or ``texts``, and how they are to be read."""

    text: str | UnsetType = UNSET
    texts: list[str] | UnsetType = UNSET
    tokens: Annotated[
        list[list[Span]] | UnsetType,
        Meta(
            description="Of each of `texts`, where its words begin and end, in code points; else we tokenise"
        ),
    ] = UNSET


class StreamLine(Options, kw_only=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """A line of a stream; ``id`` comes back with its answer."""

    text: str
    id: str | int | None = None


class TextRequest(Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """A request of the common small shape."""

    text: str


class Found(Struct, frozen=True, gc=False):
    """An entity; ``start`` and ``end`` are half-open and in the unit that was asked for."""

    start: int
    end: int
    label: str
    score: float
    text: str


class Group(Struct, frozen=True, gc=False):
    """An entity as clients of the common small shape expect it."""

    entity_group: str
    score: float
    word: str
    start: int
    end: int


class Cover(Struct, frozen=True, gc=False):
    """How much of a text was read, in how many windows, and how certain the whole reading is."""

    characters: int
    windows: int
    certainty: float | None


class Result(Struct, frozen=True, gc=False):
    """What was found in one of ``texts``."""

    entities: list[Found]
    coverage: Cover | None


class Model(Struct, frozen=True, gc=False):
    """The tagger that answered."""

    name: str
    version: str


class Timing(Struct, frozen=True, gc=False):
    """Milliseconds in all, of them waiting and reading; how many texts were remembered."""

    total_ms: float
    queue_ms: float
    tag_ms: float
    cached: int


class Route(Struct, frozen=True, gc=False):
    """Why this tagger answered, a sentence a step."""

    tagger: str
    why: Sequence[str]


class EntitiesAnswer(Struct, frozen=True, gc=False):
    """The answer to ``text``."""

    entities: list[Found]
    coverage: Cover | None
    model: Model
    timing: Timing
    route: Route | UnsetType = UNSET


class StreamAnswer(EntitiesAnswer, frozen=True, gc=False):
    """The answer to a line of a stream."""

    id: str | int | None = None


class ManyAnswer(Struct, frozen=True, gc=False):
    """The answer to ``texts``, in their order."""

    results: list[Result]
    model: Model
    timing: Timing
    route: Route | UnsetType = UNSET


class ProblemDocument(Struct, frozen=True, gc=False):
    """What went wrong (RFC 9457): ``type`` names the kind, ``detail`` says what to do about it."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | UnsetType = UNSET


class StreamProblem(Struct, frozen=True, gc=False):
    """What went wrong with a line of a stream."""

    id: str | int | None
    problem: ProblemDocument


_Shape = TypeVar("_Shape")
_DECODERS: dict[type[Any], msgspec.json.Decoder[Any]] = {}
encode = msgspec.json.Encoder().encode


def decode(content: bytes | bytearray, shape: type[_Shape]) -> _Shape:
    """``content`` as a ``shape``.

    Raises `InputError` for what is no JSON, `UnprocessableError` for what is not of that shape.

    >>> decode(b'{"text": "Ada"}', TextRequest).text
    'Ada'
    >>> decode(b'{"txt": "Ada"}', TextRequest)
    Traceback (most recent call last):
      ...
    onoma.errors.UnprocessableError: Object contains unknown field `txt`; did you mean 'text'? Allowed: text
    """
    decoder = _DECODERS.get(shape)
    if decoder is None:
        decoder = _DECODERS[shape] = msgspec.json.Decoder(shape)
    try:
        found: _Shape = decoder.decode(content)
    except msgspec.ValidationError as error:
        raise UnprocessableError(_hinted(str(error), shape)) from None
    except (ValueError, RecursionError) as error:  # ValueError: malformed JSON, and what is not UTF-8
        raise InputError(f"the body cannot be read as JSON in UTF-8: {error}") from None
    return found


def _hinted(message: str, shape: type[Any]) -> str:
    _, found, rest = message.partition("unknown field `")
    return f"{message}; {nearest(rest.partition('`')[0], _fields(shape))}" if found else message


def _fields(shape: type[Any]) -> Iterable[str]:
    return [field.encode_name for field in msgspec.structs.fields(shape)]
