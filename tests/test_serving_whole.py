"""The whole service, over HTTP: who may call what, what is written down, what is told to those who watch."""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from prometheus_client.parser import text_string_to_metric_families

from onoma.errors import InputError
from onoma.serving.access import NEEDS
from onoma.serving.app import Service
from onoma.serving.audit import verify
from onoma.serving.callers import Role
from onoma.serving.config import Config, GuardSpec, config_of
from onoma.serving.keys import add_key, revoke_key
from onoma.serving.logs import JsonLines, log_as_json
from onoma.serving.whole import service_of_file
from serving_server import full_disk, until
from serving_server import whole as served

HERE = Path(__file__).parent
ADA = {"text": "Ada met Bob.", "user": "eve"}


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE))


def config(guard: dict[str, Any] | None = None, **parts: Any) -> Config:
    names = {"a": "Capitals", "b": "Places"}
    taggers = {name: {"model": f"serving_taggers:{kind}"} for name, kind in names.items()}
    return config_of({"taggers": taggers, "routes": [{"to": "a"}], "guard": guard or {}, **parts})


def of(config: Config, guard: GuardSpec | None = None) -> Callable[[], Awaitable[Service]]:
    return lambda: service_of_file(lambda: config, guard=guard)


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "keys.json"
    return {role: add_key(path, role, role) for role in ("reader", "operator", "admin")}


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_every_route_states_what_it_needs_and_gets_it(tmp_path, keys):
    with served(of(config({"keys": str(tmp_path / "keys.json")}))) as (http, service):
        routes = {
            (method, route.path)
            for route in service.routes
            for method in getattr(route, "methods", ())
            if method != "HEAD"
        }
        assert routes == set(NEEDS)
        for method, path in sorted(routes):
            need = NEEDS[method, path]
            assert (http.request(method, path).status_code == 401) == (need > Role.nobody), path
            for role, key in keys.items():
                status = http.request(method, path, headers=bearer(key)).status_code
                assert (status == 403) == (Role[role] < need), (path, role, status)
                assert status not in (401, 500)


def test_what_is_nowhere_is_told_to_admins_alone(tmp_path, keys):
    with served(of(config({"keys": str(tmp_path / "keys.json")}))) as (http, _):
        for path in ("/nowhere", "/v1/entities/", "//v1/entities", "/admin", "/docs"):
            statuses = [http.get(path, headers=bearer(key)).status_code for key in keys.values()]
            assert statuses in ([403, 403, 404], [403, 403, 307]), path
        assert http.get("/v1/entities", headers=bearer(keys["reader"])).status_code == 405
        assert http.put("/admin/reload", headers=bearer(keys["reader"])).status_code == 403


def test_keys_may_come_in_either_header_and_end_when_revoked(tmp_path, keys):
    with served(of(config({"keys": str(tmp_path / "keys.json")}))) as (http, _):
        found = http.post("/v1/entities", json=ADA, headers={"x-api-key": keys["reader"]})
        assert (found.status_code, len(found.json()["entities"])) == (200, 2)
        wrong = http.post("/v1/entities", json=ADA, headers=bearer("onoma_00000000_" + "A" * 43))
        assert (wrong.status_code, wrong.headers["www-authenticate"]) == (401, 'Bearer realm="onoma"')
        assert wrong.headers["content-type"] == "application/problem+json"
        revoke_key(tmp_path / "keys.json", "reader")
        time.sleep(1.1)
        assert http.post("/v1/entities", json=ADA, headers=bearer(keys["reader"])).status_code == 401


def test_a_key_for_some_taggers_asks_no_others(tmp_path):
    path = tmp_path / "keys.json"
    one, two = add_key(path, "one", models=["b"]), add_key(path, "two", models=["a", "b"])
    with served(of(config({"keys": str(path)}))) as (http, _):
        answered = http.post("/v1/entities", json=ADA, headers=bearer(one)).json()
        assert answered["model"]["name"] == "b"
        refused = http.post("/v1/entities", json=ADA | {"model": "a"}, headers=bearer(one))
        assert (refused.status_code, "may ask b" in refused.json()["detail"]) == (403, True)
        assert http.post("/v1/entities", json=ADA, headers=bearer(two)).status_code == 403
        assert http.post("/v1/entities", json=ADA | {"model": "a"}, headers=bearer(two)).status_code == 200
        assert [each["name"] for each in http.get("/v1/models", headers=bearer(one)).json()["models"]] == [
            "b"
        ]


def test_limits_answer_429_and_when_to_come_again(tmp_path):
    path = tmp_path / "keys.json"
    key = add_key(path, "ada", rate="3/minute", quota=5)
    with served(of(config({"keys": str(path), "rate": {"failures": "2/minute"}}))) as (http, _):
        statuses = [http.post("/v1/entities", json=ADA, headers=bearer(key)).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        refused = http.post("/v1/entities", json=ADA, headers=bearer(key))
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        wrong = [http.get("/v1/models", headers=bearer("onoma_guess")).status_code for _ in range(4)]
        assert wrong == [401, 401, 429, 429]
    with served(of(config({"rate": {"quota": 3}}))) as (http, _):
        assert http.post("/v1/entities", json={"texts": ["a", "b"]}).status_code == 200
        assert http.post("/v1/entities", json={"texts": ["a", "b"]}).status_code == 429


def test_without_keys_this_machine_is_served_and_no_page_of_another_site():
    with served(of(config())) as (http, _):
        assert http.post("/v1/entities", json=ADA).status_code == 200
        assert http.post("/admin/reload").status_code == 200
        evil = http.post("/v1/entities", json=ADA, headers={"origin": "https://evil.example"})
        assert evil.status_code == 403
        here = http.post("/v1/entities", json=ADA, headers={"origin": "http://localhost:3000"})
        assert here.status_code == 200


def test_a_browser_is_told_to_be_careful_also_with_problems():
    with served(of(config())) as (http, _):
        for path in ("/health/live", "/nowhere"):
            headers = http.get(path).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "server" not in headers


def test_every_prediction_is_written_down_by_any_door_and_no_text(tmp_path, keys):
    guard = {"keys": str(tmp_path / "keys.json"), "audit": {"folder": str(tmp_path / "audit"), "wait": True}}
    with served(of(config(guard))) as (http, _):
        headers = bearer(keys["reader"])
        http.post("/v1/entities", json=ADA, headers=headers | {"x-request-id": "r-1"})
        http.post("/extract-entities", json={"text": "Ada met Bob."}, headers=headers)
        lines = "".join(json.dumps({"text": f"Ada {n}"}) + "\n" for n in range(3))
        ndjson = headers | {"content-type": "application/x-ndjson"}
        assert http.post("/v1/stream", content=lines, headers=ndjson).text.count("\n") == 3
        http.post("/v1/entities", json={"texts": 3}, headers=headers)
    found = verify(tmp_path / "audit")
    assert (found.faults, found.predictions) == ([], 5)
    content = (tmp_path / "audit" / "lane-1" / "00000001.jsonl").read_text()
    records = [each for each in map(json.loads, content.splitlines()) if each["kind"] == "prediction"]
    assert (records[0]["request"], records[0]["caller"]) == ("r-1", "reader")
    assert records[0]["texts"][0]["labels"] == {"per": 2}
    assert records[0]["texts"] == records[1]["texts"], "the same text, the same hash"
    assert not any(word in content for word in ("Ada", "Bob", "eve", keys["reader"]))


def test_with_a_full_disk_nothing_is_answered_unaudited_and_it_recovers(tmp_path):
    audit = {"folder": str(tmp_path), "wait": True, "batch": 0.0}
    with served(of(config({"audit": audit}))) as (http, _):
        assert http.post("/v1/entities", json=ADA).status_code == 200
        with full_disk(tmp_path / "lane-1" / "00000001.jsonl"):
            refused = [http.post("/v1/entities", json=ADA) for _ in range(3)]
            assert [each.status_code for each in refused] == [503] * 3
            assert "unaudited" in refused[-1].json()["detail"]
            ready = http.get("/health/ready")
            assert (ready.status_code, "audit log" in ready.json()["detail"]) == (503, True)
        until(lambda: http.get("/health/ready").status_code == 200)
        assert http.post("/v1/entities", json=ADA).status_code == 200
    assert (verify(tmp_path).faults, verify(tmp_path).predictions) == ([], 2)


def test_figures_are_what_happened():
    canary = {"champion": "a", "challenger": "b", "share": 0.5}
    with served(of(config(canary=canary))) as (http, _):
        for n in range(20):
            assert http.post("/v1/entities", json={"text": f"Ada {n}", "user": f"u{n}"}).status_code == 200
        http.post("/v1/entities", json={"texts": 3})
        http.request("PROPFIND", "/v1/entities")
        until(lambda: http.get("/v1/rollout").json()["trials"][0]["figures"]["texts"] > 0)
        content = http.get("/metrics").text
    samples = [each for family in text_string_to_metric_families(content) for each in family.samples]

    def total(name: str, **labels: str) -> float:
        return sum(
            each.value for each in samples if each.name == name and labels.items() <= each.labels.items()
        )

    assert total("onoma_requests_total", path="/v1/entities", status="200") == 20
    assert total("onoma_requests_total", method="other") == 1
    assert total("onoma_texts_total") == total("onoma_routes_total") == 20
    assert total("onoma_entities_total", label="per") + total("onoma_entities_total", label="geo") == 20
    assert total("onoma_entities_total", tagger="b", label="geo") > 0
    assert total("onoma_score_bucket", le="0.8") == 0
    assert total("onoma_score_count") == 20
    assert total("onoma_request_seconds_count", path="/v1/entities") >= 21
    assert total("onoma_breaker_state") == 0
    assert total("onoma_rollout_texts", kind="canary") > 0
    assert total("onoma_cache_total", outcome="miss") >= 20
    assert total("onoma_errors_total") >= 2


def test_an_operator_sees_how_trials_stand_and_an_admin_decides(tmp_path, keys):
    canary = {"champion": "a", "challenger": "b", "share": 0.5}
    guard = {"keys": str(tmp_path / "keys.json"), "exposures": {"folder": str(tmp_path / "seen")}}
    routes = [{"to": "a"}, {"when": {"user": "x*"}, "to": {"a": 1, "b": 1}, "experiment": "x"}]
    with served(of(config(guard, canary=canary, routes=routes))) as (http, _):
        for n in range(40):
            text = {"text": f"Ada {n}", "user": f"x{n % 8}"}
            assert http.post("/v1/entities", json=text, headers=bearer(keys["reader"])).status_code == 200
        decision = {"decision": "promote", "why": "we say so"}
        told = http.post("/v1/rollout", json=decision, headers=bearer(keys["admin"])).json()
        assert told["trials"][0]["status"] == "promoted"
        assert told["trials"][0]["why"] == ["admin says so", "we say so"]
        assert sum(told["experiments"]["x"].values()) == 8
        answered = http.post("/v1/entities", json=ADA, headers=bearer(keys["reader"])).json()
        assert answered["model"]["name"] == "b"
        wrong = http.post("/v1/rollout", json={"decision": "explode"}, headers=bearer(keys["admin"]))
        assert wrong.status_code == 422
    assert verify(tmp_path / "seen").faults == []


def test_a_reload_that_fails_leaves_everything_as_it_was():
    files = [config(), config(routes=[{"to": "b"}])]
    current = {"read": lambda: files[0]}

    def bad() -> Config:
        raise InputError("two routes fit the same")

    with served(lambda: service_of_file(lambda: current["read"]())) as (http, _):
        current["read"] = bad
        refused = http.post("/admin/reload")
        assert (refused.status_code, refused.json()["detail"]) == (400, "two routes fit the same")
        assert http.post("/v1/entities", json=ADA).json()["model"]["name"] == "a"
        current["read"] = lambda: files[1]
        assert http.post("/admin/reload").json() == {"reloads": 1}
        assert http.post("/v1/entities", json=ADA).json()["model"]["name"] == "b"


def test_logs_hold_neither_texts_nor_keys(tmp_path, keys):
    stream = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:], root.level
    log_as_json(stream)
    try:
        guard = GuardSpec(keys=tmp_path / "keys.json")
        make = lambda: service_of_file(lambda: config(), guard=guard, logs_all=True)  # noqa: E731
        with served(make) as (http, _):
            headers = bearer(keys["reader"]) | {"x-request-id": "r-7"}
            http.post("/v1/entities", json=ADA, headers=headers)
            http.post("/v1/entities", json={"text": "Ada please-fail"}, headers=headers)
            http.post("/v1/entities", json=ADA, headers=bearer(keys["reader"][:-1]))
    finally:
        root.handlers[:], root.level = before
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    requests = [each for each in lines if each["logger"] == "onoma.serving.access"]
    assert [each["status"] for each in requests] == [200, 503, 401]
    assert (requests[0]["request"], requests[0]["caller"], requests[0]["tagger"]) == ("r-7", "reader", "a")
    assert not any(
        word in stream.getvalue() for word in ("Ada", "Bob", keys["reader"], keys["reader"][20:-1])
    )


@pytest.mark.parametrize(
    "secret",
    [
        "onoma_0a1b2c3d_" + "x" * 43,
        "Authorization: Bearer abcdef",
        "authorization: basic dXNlcjpwYXNz",
        "eyJhbGciOi.eyJzdWIi.c2ln",
        "redis://user:hunter2@host",
    ],
)
def test_secrets_are_blotted_out_of_logs(secret):
    record = logging.LogRecord("x", 40, "", 0, "it came: %s", (secret,), None)
    told = json.loads(JsonLines().format(record))["message"]
    assert "***" in told
    assert not any(word in told for word in ("xxx", "abcdef", "dXNl", "c2ln", "hunter2"))


def test_an_error_is_logged_by_kind_and_place_without_its_words():
    try:
        int("a text of somebody's")
    except ValueError:
        record = logging.LogRecord("x", 40, "", 0, "failed", (), sys.exc_info())
    told = json.loads(JsonLines().format(record))
    assert told["error"]["kind"] == "ValueError"
    assert "test_serving_whole.py" in told["error"]["at"][-1]
    assert "somebody" not in json.dumps(told)


def test_traces_tell_of_requests_and_of_no_text(monkeypatch):
    sdk = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    from onoma.serving import whole
    from onoma.serving.traces import tracer_of

    exporter = sdk.InMemorySpanExporter()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    tracer = tracer_of(exporter)
    monkeypatch.setattr(whole, "tracer_of", lambda: tracer)
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with served(of(config())) as (http, _):
        http.post("/v1/entities", json=ADA, headers={"traceparent": parent})
    tracer.span_processor.force_flush()
    spans = {span.name: span for span in exporter.get_finished_spans()}
    request, answer = spans["POST /v1/entities"], spans["annotate"]
    assert f"{request.context.trace_id:032x}" == parent.split("-")[1]
    assert answer.parent.span_id == request.context.span_id
    assert (request.attributes["http.response.status_code"], answer.attributes["onoma.tagger"]) == (200, "a")
    assert "Ada" not in str([dict(span.attributes) for span in spans.values()])
    tracer.span_processor.shutdown()


# the command, as people run it


@contextmanager
def command(*arguments: object, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``onoma serve`` in a process of its own, up and listening."""
    process = subprocess.Popen(
        [sys.executable, "-m", "onoma", "serve", "--port", "0", *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    assert process.stderr
    try:
        line = process.stderr.readline()
        assert " at http" in line, line + process.stderr.read()
        url = line.split(" at ")[1].split()[0]
        until(lambda: _up(url), 60)
        yield process, url
    finally:
        process.terminate()
        process.stderr.close()
        ended = process.wait(60)
    assert ended == 0


def certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


def test_the_command_serves_over_tls_with_keys_reads_the_file_again_and_leaves_a_whole_log(tmp_path):
    file, keys = tmp_path / "serving.yaml", tmp_path / "keys.json"
    file.write_text("taggers:\n  a: {model: 'serving_taggers:Capitals'}\nroutes:\n  - {to: a}\n")
    admin = add_key(keys, "boss", "admin")
    cert, private = certificate(tmp_path)
    flags = ["--config", file, "--keys", keys, "--audit", tmp_path / "audit"]
    with command(*flags, "--tls-cert", cert, "--tls-key", private, "--log-json") as (process, url):
        assert url.startswith("https://")
        context = ssl.create_default_context(cafile=str(cert))
        with httpx.Client(base_url=url, verify=context, headers=bearer(admin), timeout=30) as http:
            answered = http.post("/v1/entities", json=ADA)
            assert (answered.status_code, answered.json()["model"]["name"]) == (200, "a")
            assert "max-age" in answered.headers["strict-transport-security"]
            file.write_text(file.read_text().replace("a: {", "c: {").replace("to: a", "to: c"))
            process.send_signal(signal.SIGHUP)
            until(lambda: http.post("/v1/entities", json=ADA).json()["model"]["name"] == "c")
            file.write_text("nothing: 1")
            process.send_signal(signal.SIGHUP)
            time.sleep(0.5)
            assert http.post("/v1/entities", json=ADA).json()["model"]["name"] == "c"
    checked = subprocess.run(
        [sys.executable, "-m", "onoma", "audit", "verify", tmp_path / "audit"], capture_output=True, text=True
    )
    assert (checked.returncode, "whole" in checked.stdout) == (0, True), checked.stdout
    path = tmp_path / "audit" / "lane-1" / "00000001.jsonl"
    path.write_text(path.read_text().replace('"caller":"boss"', '"caller":"eve"', 1))
    checked = subprocess.run(
        [sys.executable, "-m", "onoma", "audit", "verify", tmp_path / "audit", "--json", "-"],
        capture_output=True,
        text=True,
    )
    assert (checked.returncode, len(json.loads(checked.stdout)["faults"])) == (1, 1)


def test_processes_count_together_and_write_lanes_of_their_own(tmp_path):
    file = tmp_path / "serving.yaml"
    file.write_text("taggers:\n  a: {model: 'serving_taggers:Capitals'}\nroutes:\n  - {to: a}\n")
    with command("--config", file, "--workers", 2, "--audit", tmp_path / "audit") as (_, url):
        for _ in range(40):  # each on a connection of its own, so that both processes get some
            assert httpx.post(f"{url}/v1/entities", json=ADA, timeout=20).status_code == 200
        told = [httpx.get(f"{url}/metrics").text for _ in range(4)]
        for text in told:
            line = next(x for x in text.splitlines() if x.startswith("onoma_texts_total"))
            assert line == 'onoma_texts_total{tagger="a"} 40.0'
    found = verify(tmp_path / "audit")
    assert (found.lanes, found.predictions, found.faults) == (2, 40, [])


def _up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", verify=False).status_code == 200
    except httpx.HTTPError:
        return False


def test_an_address_that_others_reach_needs_keys(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "onoma", "serve", "--host", "0.0.0.0", "--port", "0"],
        capture_output=True,
        text=True,
        env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path)},
    )
    assert (done.returncode, "onoma keys add" in done.stderr) == (2, True)


DEPLOY = HERE.parent / "deploy"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool comes with Debian's prometheus")
def test_the_alert_rules_hold():
    for arguments in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run(
            ["promtool", *arguments], cwd=DEPLOY / "prometheus", capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool comes with Debian's prometheus")
def test_every_question_of_the_dashboard_can_be_asked(tmp_path):
    dashboard = json.loads((DEPLOY / "grafana" / "onoma.json").read_text())
    questions = [each["expr"] for panel in dashboard["panels"] for each in panel.get("targets", ())]
    rules = [
        {"record": f"x:{n}", "expr": question.replace("$__rate_interval", "5m")}
        for n, question in enumerate(questions)
    ]
    (tmp_path / "rules.json").write_text(json.dumps({"groups": [{"name": "all", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", tmp_path / "rules.json"], capture_output=True, text=True
    )
    assert (done.returncode, f"{len(questions)} rules found" in done.stdout) == (0, True), done.stderr


def names_in(text: str) -> set[str]:
    import re

    return set(re.findall(r"onoma_[a-z0-9_]+", text))


def test_alerts_and_dashboard_ask_for_figures_that_there_are():
    from onoma.serving.metrics import Metrics

    names = set()
    for family in text_string_to_metric_families(Metrics().text()):
        names |= {family.name, *(family.name + end for end in ("_total", "_bucket", "_count", "_sum"))}
    dashboard = json.loads((DEPLOY / "grafana" / "onoma.json").read_text())
    asked = names_in(json.dumps([panel.get("targets") for panel in dashboard["panels"]]))
    asked |= names_in((DEPLOY / "prometheus" / "alerts.yml").read_text())
    assert asked
    assert asked <= names, asked - names
