"""deploy/nginx as it stands, run by nginx in front of real processes: nothing but addresses is changed."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from deploy_proxy import Proxy, Scripted, free_port, header, nginx_command, placed, proxying
from onoma.errors import BusyError, NotFoundError, OnomaError, TooLargeError
from onoma.serving.headers import Careful
from onoma.serving.problems import problem_of
from serving_server import serving, single, until
from serving_taggers import Capitals

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\n{}"
BREAKS = b""  # reads a request and closes the connection
ASK = {"text": "Ada saw Bob."}
TWICE = ["/v1/entities", "/extract-entities"]


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """nginx in front of two services in threads."""
    with ExitStack() as stack:
        urls = [stack.enter_context(serving(single(Capitals()), around=[Careful]))[0] for _ in range(2)]
        ports = [int(url.rpartition(":")[2]) for url in urls]
        yield stack.enter_context(proxying(tmp_path_factory.mktemp("nginx"), (ports[0], ports[1])))


@pytest.fixture(scope="module")
def http(proxy: Proxy) -> Iterator[httpx.Client]:
    with proxy.client() as client:
        yield client


@contextmanager
def scripted(folder: Path, *answers: bytes) -> Iterator[tuple[httpx.Client, list[Scripted]]]:
    """A client of nginx in front of two services that do as told, and those."""
    services = [Scripted(answer) for answer in answers]
    with ExitStack() as stack:
        ports = [stack.enter_context(each.at_port()) for each in services]
        running = stack.enter_context(proxying(folder, (ports[0], ports[1])))
        yield stack.enter_context(running.client()), services


def check_problem(found: httpx.Response, error: OnomaError) -> None:
    """What nginx answers itself is what the service would say, and as careful."""
    told = problem_of(error).document
    assert found.json() == {name: getattr(told, name) for name in ("type", "title", "status", "detail")}
    assert found.status_code == told.status
    assert found.headers["content-type"] == "application/problem+json"
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["cache-control"] == "no-store"
    assert found.headers["strict-transport-security"].startswith("max-age=")


def test_nginx_finds_nothing_to_say_about_the_configuration(tmp_path):
    conf = placed(tmp_path, (free_port(), free_port()), free_port())
    told = [nginx_command(), "-t", "-p", f"{tmp_path}/", "-c", str(conf), "-e", "stderr"]
    done = subprocess.run(told, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


def test_it_answers_over_tls_and_not_without(proxy, http):
    found = http.post("/v1/entities", json=ASK)
    assert [each["text"] for each in found.json()["entities"]] == ["Ada", "Bob"]
    plain = httpx.post(proxy.url.replace("https", "http") + "/v1/entities", json=ASK)
    assert plain.status_code == 400
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{proxy.url}/health/live")


def test_the_services_own_errors_pass_as_they_are(http):
    found = http.post("/v1/entities", json={"text": 7})
    assert found.status_code == 422
    assert found.headers["content-type"] == "application/problem+json"
    for name in ("x-content-type-options", "content-security-policy", "cache-control", "x-request-id"):
        assert len(found.headers.get_list(name)) == 1
    assert found.headers["server"] == "nginx"


def test_a_body_too_large_is_refused_in_the_services_words(http):
    said = TooLargeError("the body is more than 8,388,608 bytes; send less at a time, or stream it")
    check_problem(http.post("/v1/entities", json={"text": "a" * (8 << 20)}), said)
    texts = ["Ada " + "a" * 1_000_000] * 3
    assert http.post("/v1/entities", json={"texts": texts}).status_code == 200


@pytest.mark.parametrize("path", ["/metrics", "/admin/reload"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_belongs_to_one_process_is_not_to_be_had(http, path, method):
    check_problem(http.request(method, path), NotFoundError("this is not to be had through the proxy"))


def test_lines_come_back_before_the_next_are_sent_and_no_bound_is_on_all(proxy):
    """Each line waits for the answer to the one before it; 12 MiB go through."""
    at = urlsplit(proxy.url)
    head = f"POST /v1/stream HTTP/1.1\r\nHost: {at.hostname}\r\nContent-Type: application/x-ndjson\r\n"
    with socket.create_connection((at.hostname, at.port), timeout=20) as plain:
        connection = proxy.trust.wrap_socket(plain, server_hostname=at.hostname)
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        answer = HTTPResponse(connection)
        for number in range(12):
            line = json.dumps({"id": number, "text": "Ada " + "a" * (1 << 20)}).encode() + b"\n"
            connection.sendall(b"%x\r\n%s\r\n" % (len(line), line))
            if not number:
                answer.begin()
            told = json.loads(answer.readline())
            assert (told["id"], told["entities"][0]["text"]) == (number, "Ada")
        connection.sendall(b"0\r\n\r\n")
        assert answer.read() == b""
        connection.close()


@pytest.mark.parametrize("path", TWICE)
def test_what_changes_nothing_is_sent_to_the_other_process_where_one_fails(tmp_path, path):
    with scripted(tmp_path, BREAKS, OK) as (http, (broken, well)):
        for _ in range(4):
            assert http.post(path, json=ASK).status_code == 200
    assert broken.heads
    assert len(well.heads) == 4


@pytest.mark.parametrize("path", ["/v1/rollout", "/v1/stream", "/v1/anything"])
def test_what_may_change_something_is_never_sent_twice(tmp_path, path):
    with scripted(tmp_path, BREAKS, BREAKS) as (http, services):
        found = http.post(path, json=ASK)
        assert sum(len(each.heads) for each in services) == 1
    check_problem(found, BusyError("no process of the service could be reached, or none answered in time"))
    assert found.headers["retry-after"] == "1"


def test_a_process_that_is_not_there_costs_no_request_of_any_kind(tmp_path):
    with ExitStack() as stack:
        port = stack.enter_context(Scripted(OK).at_port())
        http = stack.enter_context(stack.enter_context(proxying(tmp_path, (free_port(), port))).client())
        for path in (*TWICE, "/v1/rollout", "/v1/stream") * 3:
            assert http.post(path, json=ASK).status_code == 200


def test_a_refusal_for_too_much_work_is_an_answer_and_is_not_sent_on(tmp_path):
    with scripted(tmp_path, BUSY, BUSY) as (http, services):
        found = http.post("/v1/entities", json=ASK)
        assert (found.status_code, found.headers["retry-after"]) == (503, "7")
        assert sum(len(each.heads) for each in services) == 1


def test_a_client_cannot_say_who_it_is(tmp_path):
    forged = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Forwarded-Proto": "http"}
    with scripted(tmp_path, OK, OK) as (http, services):
        for path in (*TWICE, "/v1/stream", "/v1/models"):
            http.post(path, json=ASK, headers=forged)
    heads = [head for each in services for head in each.heads]
    assert len(heads) == 4
    for head in heads:
        assert header(head, "x-forwarded-for") == "127.0.0.1"
        assert header(head, "x-forwarded-proto") == "https"
        assert "203.0.113.9" not in head


def test_its_log_tells_of_requests_and_of_no_text_or_key(proxy, http):
    secret = {"Authorization": "Bearer onoma_never", "X-Request-Id": "r-17"}
    http.post("/v1/entities", json={"text": "Ada told nobody"}, headers=secret)
    log = proxy.folder / "nginx.log"

    def rows() -> list[dict[str, object]]:
        whole = log.read_text().rpartition("\n")[0]
        read = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
        return [row for row in read if row["request"] == "r-17"]

    until(lambda: bool(rows()))  # nginx writes its row after the answer has left
    assert [row["status"] for row in rows()] == [200]
    assert "nobody" not in log.read_text()
    assert "onoma_never" not in log.read_text()
