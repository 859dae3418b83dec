"""The service over a real socket: what is asked, what is answered, and how each error is told."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onoma.errors import LimitError
from onoma.serving.asking import Quiet, Seen
from onoma.serving.limits_body import Limits
from onoma.serving.offsets import places
from onoma.text import Document, Entity
from serving_server import asking, serving, single, until
from serving_taggers import Capitals, Places

LIMITS = Limits(body=20_000, texts=10, characters=5000, all_characters=8000)


class Faulty(Capitals):
    """Of two kinds of certainty: a long name is more probable than a short one."""

    def _entities(self, text: str) -> list[Entity]:
        found = super()._entities(text)
        return [Entity(e.start, e.end, e.label, min(0.1 * (e.end - e.start), 1.0)) for e in found]


class Notes(Quiet):
    def __init__(self) -> None:
        self.all: list[Seen] = []

    def seen(self, seen: Seen) -> None:
        self.all.append(seen)


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with asking(single(Faulty(), Places()), limits=LIMITS) as client:
        yield client


def entities(http: httpx.Client, status: int = 200, **body: Any) -> Any:
    response = http.post("/v1/entities", json=body)
    assert response.status_code == status, response.text
    return response.json()


def problem(response: httpx.Response, status: int, kind: str) -> str:
    """The detail of a problem document, which is as it should be."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    assert told["type"] == f"urn:onoma:problem:{kind}"
    assert told["status"] == status
    assert told["title"]
    assert told["instance"] == f"urn:onoma:request:{response.headers['x-request-id']}"
    assert ("retry-after" in response.headers) == (status in (429, 503))
    return told["detail"]


def test_a_text_is_answered_with_all_there_is_to_tell(http):
    found = entities(http, text="Ada Lovelace wrote.", explain_route=True)
    timing = found.pop("timing")
    assert found == {
        "entities": [
            {"start": 0, "end": 3, "label": "per", "score": pytest.approx(0.3), "text": "Ada"},
            {"start": 4, "end": 12, "label": "per", "score": pytest.approx(0.8), "text": "Lovelace"},
        ],
        "coverage": None,
        "model": {"name": "capitals", "version": "1"},
        "route": {"tagger": "capitals", "why": ["it is the tagger that answers by default"]},
    }
    assert set(timing) == {"total_ms", "queue_ms", "tag_ms", "cached"}
    assert timing["total_ms"] >= timing["tag_ms"]


def test_texts_are_answered_in_order(http):
    found = entities(http, texts=["Ada", "", "by Bob"])
    assert [[e["text"] for e in each["entities"]] for each in found["results"]] == [["Ada"], [], ["Bob"]]
    assert "route" not in found
    assert entities(http, texts=[])["results"] == []


def test_a_tagger_may_be_asked_for_by_name(http):
    assert entities(http, text="Ada", model="places")["entities"][0]["label"] == "geo"
    detail = problem(http.post("/v1/entities", json={"text": "Ada", "model": "place"}), 404, "not-found")
    assert detail == "there is no tagger called 'place'; did you mean 'places'? Allowed: capitals, places"


@pytest.mark.parametrize(("threshold", "found"), [(0, 2), (0.5, 1), (0.81, 0), (1, 0)])
def test_what_is_less_probable_than_the_threshold_is_left_out(http, threshold, found):
    assert len(entities(http, text="Ada Lovelace", threshold=threshold)["entities"]) == found


def test_only_the_labels_that_were_asked_for_are_told(http):
    assert entities(http, text="Ada", labels=["geo"])["entities"] == []
    assert len(entities(http, text="Ada", labels=["geo", "per"])["entities"]) == 1
    detail = problem(http.post("/v1/entities", json={"text": "", "labels": ["pers"]}), 422, "unprocessable")
    assert "did you mean 'per'?" in detail


@settings(max_examples=50)
@given(text=st.text(st.sampled_from("aé👩東\u0301 "), max_size=12), cut=st.data())
def test_places_in_other_units_cut_out_the_same(text, cut):
    start = cut.draw(st.integers(0, len(text)))
    end = cut.draw(st.integers(start, len(text)))
    units = places(text, [start, end], "utf16")
    wide = text.encode("utf-16-le")[2 * units[start] : 2 * units[end]].decode("utf-16-le")
    octets = places(text, [start, end], "byte")
    narrow = text.encode()[octets[start] : octets[end]].decode()
    assert wide == narrow == text[start:end]
    assert places(text, [start, end], "codepoint") == {start: start, end: end}


@pytest.mark.parametrize(("unit", "start"), [("codepoint", 2), ("utf16", 3), ("byte", 5)])
def test_offsets_come_in_the_unit_that_was_asked_for(http, unit, start):
    [found] = entities(http, text="👩 Ada", offset_unit=unit)["entities"]
    assert (found["start"], found["end"], found["text"]) == (start, start + 3, "Ada")


def test_words_may_come_along(http):
    body = {"texts": ["Ada wrote"], "tokens": [[[0, 3], [4, 9]]]}
    assert len(entities(http, **body)["results"]) == 1
    for tokens in ([], [[[0, 3], [2, 9]]], [[[0, 99]]], [[[3, 3]]]):
        response = http.post("/v1/entities", json=body | {"tokens": tokens})
        assert "`tokens" in problem(response, 422, "unprocessable")


def test_the_common_small_shape(http):
    response = http.post("/extract-entities", json={"text": "by Ada"})
    assert response.json() == [
        {"entity_group": "per", "score": pytest.approx(0.3), "word": "Ada", "start": 3, "end": 6}
    ]


def test_health_and_models(http):
    assert http.get("/health/live").json() == {"status": "alive"}
    assert http.get("/health/ready").json() == {"status": "ready"}
    models = http.get("/v1/models").json()["models"]
    assert [(each["name"], each["labels"], each["ready"]) for each in models] == [
        ("capitals", ["per"], True),
        ("places", ["geo"], True),
    ]


def test_an_id_that_comes_with_a_request_is_kept(http):
    given_id = http.get("/health/live", headers={"x-request-id": "mine-7"}).headers["x-request-id"]
    assert given_id == "mine-7"
    ids = {http.get("/health/live").headers["x-request-id"] for _ in range(3)}
    ids.add(http.get("/health/live", headers={"x-request-id": "no good"}).headers["x-request-id"])
    assert len(ids) == 4
    assert "no good" not in ids


JSON = {"content-type": "application/json"}
DEEP = b'{"texts":' + b"[" * 9000


@pytest.mark.parametrize(
    ("content", "status", "kind", "says"),
    [
        (b"", 400, "input", "JSON"),
        (b"{", 400, "input", "JSON"),
        (b'{"text": "\xff"}', 400, "input", "UTF-8"),
        (b'{"text": "\\ud800"}', 400, "input", "JSON"),
        (b'{"text": "a"} x', 400, "input", "trailing"),
        (b"[]", 422, "unprocessable", "Expected `object`"),
        (b"{}", 422, "unprocessable", "give either `text`"),
        (b'{"text": "a", "texts": []}', 422, "unprocessable", "give either `text`"),
        (b'{"text": null}', 422, "unprocessable", "$.text"),
        (b'{"txet": "a"}', 422, "unprocessable", "did you mean 'text'?"),
        (b'{"text": "a", "threshold": 1.5}', 422, "unprocessable", "$.threshold"),
        (b'{"text": "a", "threshold": NaN}', 400, "input", "JSON"),
        (b'{"text": "a", "latency_budget_ms": 0}', 422, "unprocessable", "$.latency_budget_ms"),
        (b'{"text": "a", "labels": []}', 422, "unprocessable", "$.labels"),
        (b'{"text": "a", "priority": "fast"}', 422, "unprocessable", "fast"),
        (DEEP, 422, "unprocessable", "Expected `str`"),
        (json.dumps({"text": "a" * 5001}).encode(), 413, "too-large", "5,001"),
        (json.dumps({"texts": ["a"] * 11}).encode(), 413, "too-large", "11 texts"),
        (json.dumps({"texts": ["a" * 3000] * 3}).encode(), 413, "too-large", "9,000 in all"),
        (b" " * 20_001, 413, "too-large", "20,000 bytes"),
    ],
)
def test_what_cannot_be_read_is_told_as_a_problem(http, content, status, kind, says):
    assert says in problem(http.post("/v1/entities", content=content, headers=JSON), status, kind)


def test_a_body_that_grows_too_large_is_cut_off(http):
    pieces = (b" " * 1000 for _ in range(100))
    problem(http.post("/v1/entities", content=pieces, headers=JSON), 413, "too-large")
    assert entities(http, text="Ada")["entities"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_type_of_body_is_refused(http, kind):
    response = http.post("/v1/entities", content=b"{}", headers={"content-type": kind})
    assert "application/json" in problem(response, 415, "media")
    assert http.post("/v1/stream", content=b"{}", headers=JSON).status_code == 415


def test_paths_and_methods_that_are_not_there(http):
    problem(http.get("/v1/entity"), 404, "http-404")
    response = http.get("/v1/entities")
    problem(response, 405, "http-405")
    assert response.headers["allow"] == "POST"


def test_what_fails_inside_tells_nothing_of_it_and_logs_no_text(http, caplog):
    detail = problem(http.post("/v1/entities", json={"text": "please-fail SECRET"}), 500, "internal")
    assert "SECRET" not in detail
    assert "ZeroDivisionError" in caplog.text
    assert "SECRET" not in caplog.text


def test_an_error_of_the_input_that_a_tagger_finds_is_told(http):
    assert "asks to be refused" in problem(
        http.post("/v1/entities", json={"text": "please-refuse"}), 400, "input"
    )


def test_an_answer_that_takes_too_long_is_given_up():
    with asking(single(Capitals()), limits=Limits(answer=0.05)) as http:
        detail = problem(http.post("/v1/entities", json={"text": "please-wait"}), 503, "busy")
        assert detail == "no answer was ready within 0.05 seconds"


def test_beyond_capacity_requests_are_shed_with_a_time_to_come_again():
    with serving(single(Capitals(), patience=0.3, caches=False)) as (url, _):
        found: list[httpx.Response] = []

        def ask(number: int) -> None:
            found.append(httpx.post(f"{url}/v1/entities", json={"text": f"please-wait {number}"}, timeout=20))

        ask(0)
        threads = [threading.Thread(target=ask, args=(n,)) for n in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    shed = [each for each in found if each.status_code == 503]
    assert 0 < len(shed) < 8
    for each in shed:
        assert "try again later" in problem(each, 503, "busy")
    assert {each.status_code for each in found} == {200, 503}


def test_a_guard_stands_before_everything_and_its_errors_are_problems():
    def guard(app):
        async def guarded(scope, receive, send):
            if scope["type"] == "http" and scope["path"] != "/health/live":
                scope["state"]["caller"] = "nobody"
                raise LimitError("enough for now", retry_after=7)
            await app(scope, receive, send)

        return guarded

    notes = Notes()
    with asking(single(Capitals()), guards=[guard], observer=notes) as http:
        for response in (http.post("/v1/entities", json={"text": ""}), http.get("/v1/models")):
            assert problem(response, 429, "limit") == "enough for now"
            assert response.headers["retry-after"] == "7"
        assert http.get("/health/live").status_code == 200
    assert [(each.status, each.kind, each.caller) for each in notes.all] == [
        (429, "limit", "nobody"),
        (429, "limit", "nobody"),
        (200, "", ""),
    ]


def test_the_observer_sees_each_request_and_its_answer():
    notes = Notes()
    with asking(single(Capitals()), observer=notes) as http:
        http.post("/v1/entities", json={"text": "Ada", "user": "u"}, headers={"x-request-id": "r1"})
        http.post("/v1/entities", json={"text": 1})
        http.get("/v1/models")
        http.get("/nowhere/else")
    first, second, third, fourth = notes.all
    assert (first.method, first.path, first.status, first.request) == ("POST", "/v1/entities", 200, "r1")
    assert (first.ask.user, first.answer.documents[0].text) == ("u", "Ada")
    assert 0 < first.seconds < 5
    assert (second.status, second.kind, second.ask) == (422, "unprocessable", None)
    assert (third.path, third.kind) == ("/v1/models", "")
    assert (fourth.path, fourth.kind) == ("(other)", "http-404")


def sent(url: str, content: bytes, *, wait: float = 5.0) -> bytes:
    """What a server answers to raw bytes until it closes, or says nothing more."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=wait) as connection:
        connection.sendall(content)
        got = b""
        try:
            while piece := connection.recv(65536):
                got += piece
        except (TimeoutError, ConnectionResetError):
            pass
        return got


def test_slow_clients_lose_their_connection_and_hold_up_nobody():
    limits = Limits(head=0.3, upload=0.3, idle=2.0)
    with serving(single(Capitals()), limits=limits) as (url, _):
        began = time.monotonic()
        assert sent(url, b"") == b""
        assert sent(url, b"POST /v1/entities HTTP/1.1\r\nhost: x\r\n") == b""
        head = b"POST /v1/entities HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        late = sent(url, head + b"content-length: 50\r\n\r\n{", wait=1.0)
        assert b"408 Request Timeout" in late
        assert b"0.3 seconds" in late
        assert sent(url, head + b"content-length: nonsense\r\n\r\n").startswith(b"HTTP/1.1 400")
        assert time.monotonic() - began < 8
        assert httpx.get(f"{url}/health/live").status_code == 200


def test_a_head_without_end_is_cut_off():
    with serving(single(Capitals())) as (url, _):
        head = b"GET /health/live HTTP/1.1\r\n" + b"x: " + b"y" * 80_000
        assert b"200" not in sent(url, head)
        assert httpx.get(f"{url}/health/live").status_code == 200


def test_a_draining_service_answers_and_says_goodbye():
    with serving(single(Capitals())) as (url, service), httpx.Client(base_url=url) as http:
        service.desk.draining = True
        assert "about to end" in problem(http.get("/health/ready"), 503, "busy")
        response = http.post("/v1/entities", json={"text": "Ada"})
        assert response.json()["entities"]
        assert response.headers["connection"] == "close"


def test_every_answer_under_load_is_the_offline_answer():
    chance = [f"{'Ada' if n % 3 else 'eve'} met B{n % 50} {'x' * (n % 70)}" for n in range(400)]
    expected = {text: [(e.start, e.end) for e in Capitals()([Document(text)])[0].entities] for text in chance}
    wrong: list[str] = []
    with serving(single(Capitals())) as (url, _):

        def ask(part: list[str]) -> None:
            with httpx.Client(base_url=url, timeout=20) as http:
                for text in part:
                    found = entities(http, text=text)["entities"]
                    if [(e["start"], e["end"]) for e in found] != expected[text]:
                        wrong.append(text)

        threads = [threading.Thread(target=ask, args=(chance[n::8],)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


NDJSON = {"content-type": "application/x-ndjson"}


def stream(http: httpx.Client, *lines: Any) -> list[Any]:
    content = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    response = http.post("/v1/stream", content=content.encode(), headers=NDJSON)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


def test_a_stream_answers_line_by_line_in_order(http):
    lines = [{"id": n, "text": f"Ada {'slow' * (n % 5)} {n}"} for n in range(300)]
    found = stream(http, *lines)
    assert [each["id"] for each in found] == list(range(300))
    assert all(each["entities"][0]["text"] == "Ada" for each in found)


def test_a_bad_line_has_its_problem_and_the_others_are_answered(http):
    found = stream(
        http, {"id": "a", "text": "Ada"}, '{"text": 7}', "", '{"id": 3, "text": "please-fail"}', {"text": "B"}
    )
    assert [each.get("id") for each in found] == ["a", None, 3, None]
    assert [each.get("problem", {}).get("status") for each in found] == [None, 422, 500, None]


def test_a_line_that_is_too_long_ends_the_stream(http):
    found = stream(http, {"text": "Ada"}, "x" * 20_001, {"text": "Bob"})
    assert [each.get("problem", {}).get("status") for each in found] == [None, 413]


def test_lines_are_answered_as_they_come():
    with serving(single(Capitals())) as (url, _):
        answered, said = threading.Event(), []

        def lines() -> Iterator[bytes]:
            yield b'{"id": 1, "text": "Ada"}\n'
            assert answered.wait(10), "the first line was not answered before the second came"
            yield b'{"id": 2, "text": "Bob"}\n'

        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(
                b"POST /v1/stream HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n"
                b"transfer-encoding: chunked\r\n\r\n"
            )
            for line in lines():
                connection.sendall(b"%x\r\n%s\r\n" % (len(line), line))
                said.append(connection.recv(65536))
                while b'"id":' not in said[-1]:
                    said[-1] += connection.recv(65536)
                answered.set()
            connection.sendall(b"0\r\n\r\n")
            while not said[-1].endswith(b"0\r\n\r\n"):
                said[-1] += connection.recv(65536)
    assert b'"id":1' in said[0]
    assert b'"id":2' in said[1]


def test_a_stream_whose_client_does_not_read_holds_little_and_ends():
    with serving(single(Capitals()), limits=Limits(idle=0.5)) as (url, service):
        host, port = url.removeprefix("http://").split(":")
        line = json.dumps({"text": "Ada " * 200}).encode() + b"\n"
        taken = 0
        with socket.create_connection((host, int(port)), timeout=1) as connection:
            connection.sendall(
                b"POST /v1/stream HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n"
                b"content-length: 1000000000\r\n\r\n"
            )
            try:
                while taken < 200_000_000:
                    taken += connection.send(line * 50)
            except (TimeoutError, OSError):
                pass
            assert taken < 60_000_000
        until(lambda: not service.desk.deadlines._due)
        assert httpx.get(f"{url}/health/live").status_code == 200


def test_a_stream_waits_for_its_turn_where_a_request_would_be_shed():
    with asking(single(Capitals(), patience=0.0001, caches=False)) as http:
        lines = [{"id": n, "text": f"please-wait {n}"} for n in range(6)]
        assert [each["id"] for each in stream(http, *lines)] == list(range(6))
