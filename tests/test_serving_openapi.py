"""The OpenAPI document says what the service does: schemathesis asks it all manner of things."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from starlette.testclient import TestClient

from onoma.errors import InputError, OnomaError
from onoma.serving.answering import documents_of
from onoma.serving.app import Service
from onoma.serving.config import config_of
from onoma.serving.keys import add_key
from onoma.serving.limits_body import Limits
from onoma.serving.whole import service_of_file
from onoma.serving.wire import EntitiesRequest, StreamLine, TextRequest, decode
from serving_server import whole

LIMITS = Limits(texts=4, characters=60, all_characters=200)
HOME = tempfile.TemporaryDirectory()
KEY = add_key(Path(HOME.name) / "keys.json", "boss", "admin")
TAGGERS = {
    "capitals": {"model": "serving_taggers:Capitals"},
    "places": {"model": "serving_taggers:Places"},
}


async def made() -> Service:
    config = config_of(
        {
            "taggers": TAGGERS,
            "routes": [{"to": "capitals"}],
            "canary": {"champion": "capitals", "challenger": "places", "state": f"{HOME.name}/canary.json"},
            "guard": {"keys": f"{HOME.name}/keys.json", "rate": {"failures": ""}},
        }
    )
    return await service_of_file(lambda: config, limits=LIMITS)


@pytest.fixture(scope="module")
def url():
    with whole(made) as (http, _):
        yield str(http.base_url)


def document() -> tuple[Service, dict[str, Any]]:
    service = asyncio.run(made())
    found = TestClient(service).get("/openapi.json", headers={"x-api-key": KEY})
    return service, found.json()


SERVICE, SCHEMA = document()

# what is too large is refused as 413, which schemathesis does not expect by itself
REFUSED = {"expected-statuses": [400, 404, 405, 408, 413, 415, 422]}
CONFIG = schemathesis.Config.from_dict(
    {
        "checks": {"negative_data_rejection": REFUSED},
        "generation": {"with-security-parameters": False},
    }
)
schema = schemathesis.openapi.from_dict(SCHEMA, config=CONFIG)


@schema.auth()
class Key:
    def get(self, case: Any, context: Any) -> str:
        return KEY

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers["x-api-key"] = data


@schemathesis.serializer("application/x-ndjson")
def one_line(_: Any, value: Any) -> bytes:
    return json.dumps(value).encode()


@schemathesis.deserializer("application/x-ndjson")
def one_answer(_: Any, response: Any) -> Any:
    [line] = response.content.splitlines()
    return json.loads(line)


@schema.parametrize()
@settings(max_examples=25, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_answer_is_as_the_document_says(case, url):
    # that there are words for each text, and which labels are known, is more than a schema can say
    beyond = isinstance(case.body, dict) and {"tokens", "labels"} & set(case.body)
    left_out = [positive_data_acceptance] if beyond else []
    # a line that cannot be answered gets its problem in its place
    left_out += [negative_data_rejection] if case.path == "/v1/stream" else []
    case.call_and_validate(base_url=url, headers={"connection": "close"}, excluded_checks=left_out)


def validator(schema: dict[str, Any]) -> Any:
    return jsonschema_rs.Draft202012Validator({"components": SCHEMA["components"], **schema})


VALIDATORS = {
    shape: validator({"$ref": f"#/components/schemas/{shape.__name__}"})
    for shape in (EntitiesRequest, TextRequest, StreamLine)
}


anything: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, 1.0, 1.5, "Ada", "", "x" * 61]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "a"]), inner, max_size=2)
    ),
    max_leaves=4,
)
likely = {
    "text": st.just("Ada wrote"),
    "texts": st.just(["Ada", ""]),
    "tokens": st.just([[[0, 3]], []]),
    "model": st.none() | st.just("capitals"),
    "priority": st.sampled_from(["speed", "accuracy", "balanced", "fast"]),
    "latency_budget_ms": st.sampled_from([None, 1, 0, -1, 3_600_001, 2.5]),
    "threshold": st.sampled_from([0, 1, 0.5, 2, -1, None]),
    "labels": st.sampled_from([None, [], ["per"], "per", [1]]),
    "user": st.sampled_from([None, "u", "u" * 257]),
    "explain_route": st.sampled_from([True, False, 1, None]),
    "offset_unit": st.sampled_from(["codepoint", "utf16", "byte", "utf8"]),
    "id": st.sampled_from([None, 1, "a", 1.5]),
}
bodies = st.fixed_dictionaries(
    {}, optional={name: st.one_of(value, value, value, anything) for name, value in likely.items()}
)


@pytest.mark.parametrize("shape", list(VALIDATORS))
@settings(max_examples=150)
@given(body=bodies | anything)
def test_what_is_decoded_is_what_the_schema_allows(shape, body):
    def decodes() -> bool:
        try:
            wanted = decode(json.dumps(body).encode(), shape)
            if isinstance(wanted, EntitiesRequest):
                documents_of(wanted, LIMITS)
            elif len(wanted.text) > LIMITS.characters:
                return False
        except InputError as error:
            # that two lists are of one length, and places in their text, is more than a schema can say
            return str(error).startswith("`tokens") and "texts" in body
        return True

    assert decodes() == VALIDATORS[shape].is_valid(body)


def test_the_examples_are_as_their_schemas_say():
    examined = 0
    for path in SCHEMA["paths"].values():
        for operation in path.values():
            parts = [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in [c for part in parts for c in part.get("content", {}).values()]:
                values = [each["value"] for each in content.get("examples", {}).values()]
                values += [content["example"]] if "example" in content else []
                for value in values:
                    validator(content["schema"]).validate(value)
                    examined += 1
    assert examined >= 8


def test_every_route_is_in_the_document_with_what_may_go_wrong():
    told = {(path, method.upper()) for path, methods in SCHEMA["paths"].items() for method in methods}
    found = {
        (route.path, method)
        for route in SERVICE.routes
        for method in route.methods or ()
        if method != "HEAD" and route.path != "/openapi.json"
    }
    assert told == found
    for path in ("/v1/entities", "/extract-entities", "/v1/stream"):
        assert {"400", "413", "415", "422", "429", "503"} <= set(SCHEMA["paths"][path]["post"]["responses"])


seeds = [
    b'{"text": "Ada"}',
    b'{"texts": ["Ada", "Bob"], "tokens": [[[0, 3]], [[0, 3]]]}',
    b'{"text": "\\u00e9"}',
]


@st.composite
def damaged(draw: Any) -> bytes:
    """A body that was one, with bytes changed, left out, doubled, or something else altogether."""
    body = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(body)))
        body[at : at + draw(st.integers(0, 3))] = draw(
            st.binary(max_size=3) | st.sampled_from([b"[", b'"', b"{"])
        )
    return bytes(body)


@settings(max_examples=250)
@given(
    content=damaged() | st.binary(max_size=60),
    shape=st.sampled_from(list(VALIDATORS)),
)
def test_no_body_raises_anything_but_an_error_of_ours(content, shape):
    status = 200
    try:
        wanted = decode(content, shape)
    except OnomaError as error:
        wanted, status = None, error.http_status
    if wanted is None:
        assert status in (400, 422)
        return
    msgspec.json.encode(wanted)  # half of a surrogate pair could not be


@pytest.mark.parametrize("deep", [b"[", b'{"text":', b'{"texts":[', b'{"a":'])
def test_depth_is_no_way_to_the_end_of_the_stack(deep):
    with pytest.raises(InputError):
        decode(deep * 100_000, EntitiesRequest)
