"""The OpenAPI document of what is not declared to FastAPI: the endpoints whose JSON msgspec reads and writes.

Schemas come from the very classes that decode and encode, so the document cannot say anything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from onoma.serving.callers import Role
from onoma.serving.limits_body import Limits
from onoma.serving.wire import (
    EntitiesAnswer,
    EntitiesRequest,
    Group,
    ManyAnswer,
    ProblemDocument,
    StreamAnswer,
    StreamLine,
    StreamProblem,
    TextRequest,
)

__all__ = ["described", "guarded", "problems"]

_SHAPES = [
    EntitiesAnswer,
    EntitiesRequest,
    Group,
    ManyAnswer,
    ProblemDocument,
    StreamAnswer,
    StreamLine,
    StreamProblem,
    TextRequest,
]
_REFERENCE = "#/components/schemas/{name}"

_TEXT = "Ada Lovelace met Charles Babbage in London."
_FOUND = [
    {"start": 0, "end": 12, "label": "per", "score": 0.98, "text": "Ada Lovelace"},
    {"start": 17, "end": 32, "label": "per", "score": 0.97, "text": "Charles Babbage"},
    {"start": 36, "end": 42, "label": "geo", "score": 0.99, "text": "London"},
]
_ONE = {
    "entities": _FOUND,
    "coverage": {"characters": 43, "windows": 1, "certainty": 0.93},
    "model": {"name": "en-gmb", "version": "en-gmb@1"},
    "timing": {"total_ms": 1.1, "queue_ms": 0.1, "tag_ms": 0.6, "cached": 0},
}
_MANY = {
    "results": [{"entities": _FOUND, "coverage": _ONE["coverage"]}],
    "model": _ONE["model"],
    "timing": _ONE["timing"],
}
_GROUPS = [
    {"entity_group": each["label"], "score": each["score"], "word": each["text"]}
    | {"start": each["start"], "end": each["end"]}
    for each in _FOUND
]

_PROBLEMS = {
    400: "The body, or the serving file, cannot be read",
    401: "There is no key or token, or none that holds",
    403: "The caller may not do this",
    404: "There is nothing of that name",
    408: "The body did not come in time",
    409: "Things are as they are, and stay so",
    413: "The body, a text or all of them are too large",
    415: "The body is of another type",
    422: "A field is missing, unknown, or not what it may be",
    429: "More was asked than this caller may; `Retry-After` says when to come again",
    500: "The service failed",
    503: "Too much is waiting, or the service is about to end; `Retry-After` says when to come again",
}
_OF_A_TEXT = (400, 404, 408, 413, 415, 422, 429, 500, 503)
_SHOWN = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key of `onoma keys`, or a token (JWT)"},
    "key": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "A key of `onoma keys`"},
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The responses of an operation that may end in these ways.

    >>> list(problems(404)[404]["content"])
    ['application/problem+json']
    """
    content = {"application/problem+json": {"schema": _named("ProblemDocument")}}
    return {status: {"description": _PROBLEMS[status], "content": content} for status in statuses}


def guarded(document: dict[str, Any], needs: Mapping[tuple[str, str], Role], *, keyed: bool) -> None:
    """Write into ``document`` what each operation asks of its caller; ``keyed`` where one has to be known."""
    if keyed:
        document["components"]["securitySchemes"] = _SHOWN
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            need = needs.get((method.upper(), path), Role.admin)
            if need is Role.nobody:
                continue
            refusals = problems(*((401, 403, 429) if keyed else (403, 429)))
            operation["responses"].update({str(status): told for status, told in refusals.items()})
            operation["x-onoma-role"] = need.name
            operation["security"] = [{name: []} for name in _SHOWN] if keyed else []


def described(document: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """``document``, which FastAPI made, with the quick endpoints and their schemas."""
    _, components = msgspec.json.schema_components(_SHAPES, ref_template=_REFERENCE)
    _bound(components, limits)
    known = document.setdefault("components", {}).setdefault("schemas", {})
    known.update(components)
    document.setdefault("paths", {}).update(_paths(limits))
    return document


def _bound(components: dict[str, Any], limits: Limits) -> None:
    """Say what the limits are, and what a class cannot: that it is one of two fields."""
    request = components["EntitiesRequest"]
    text = {"type": "string", "maxLength": limits.characters}
    for name, schema in (("EntitiesRequest", "text"), ("TextRequest", "text"), ("StreamLine", "text")):
        components[name]["properties"][schema] |= text
    request["properties"]["texts"] |= {"maxItems": limits.texts, "items": text}
    request["oneOf"] = [
        {"required": ["text"], "not": {"anyOf": [{"required": ["texts"]}, {"required": ["tokens"]}]}},
        {"required": ["texts"], "not": {"required": ["text"]}},
    ]


def _paths(limits: Limits) -> dict[str, Any]:
    many = {"texts": [_TEXT, "Nobody wrote."], "threshold": 0.5, "priority": "speed"}
    return {
        "/v1/entities": _post(
            "Find the names in a text, or in several",
            "Offsets are half-open and count Unicode code points, unless `offset_unit` says otherwise. "
            f"A body may have {limits.body:,} bytes and {limits.all_characters:,} characters of text.",
            {"application/json": _content("EntitiesRequest", one={"text": _TEXT}, several=many)},
            {
                "application/json": {
                    "schema": {"oneOf": [_named("EntitiesAnswer"), _named("ManyAnswer")]},
                    "examples": {"one": {"value": _ONE}, "several": {"value": _MANY}},
                }
            },
        ),
        "/extract-entities": _post(
            "Find the names in a text, for clients of this common shape",
            "A bare list; offsets count Unicode code points.",
            {"application/json": _content("TextRequest", one={"text": _TEXT})},
            {
                "application/json": {
                    "schema": {"type": "array", "items": _named("Group")},
                    "example": _GROUPS,
                }
            },
        ),
        "/v1/stream": _post(
            "Find the names in a text a line, answered a line each as they come",
            "NDJSON both ways, of any length. Read while you write: little is read ahead of what was sent. "
            "A line that cannot be answered gets its problem in its place.",
            {"application/x-ndjson": _content("StreamLine", one={"id": "a", "text": _TEXT})},
            {
                "application/x-ndjson": {
                    "schema": {"oneOf": [_named("StreamAnswer"), _named("StreamProblem")]},
                    "example": _ONE | {"id": "a"},
                }
            },
        ),
    }


def _post(summary: str, text: str, takes: dict[str, Any], gives: dict[str, Any]) -> dict[str, Any]:
    ends = {str(status): told for status, told in problems(*_OF_A_TEXT).items()}
    return {
        "post": {
            "summary": summary,
            "description": text,
            "tags": ["entities"],
            "requestBody": {"required": True, "content": takes},
            "responses": {"200": {"description": "What was found", "content": gives}, **ends},
        }
    }


def _content(shape: str, **examples: Any) -> dict[str, Any]:
    named = {name: {"value": value} for name, value in examples.items()}
    return {"schema": _named(shape), "examples": named}


def _named(shape: str) -> dict[str, Any]:
    return {"$ref": _REFERENCE.format(name=shape)}
