"""``onoma serve --engine ray``: the same service as replicas on a Ray of its own, on loopback alone."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from onoma.errors import InputError, RefusedError
from onoma.serving.audit import verify
from onoma.serving.config import Scale, config_of
from onoma.serving.on_ray import Deployed, autoscaling
from onoma.text import Document
from serving_server import until
from serving_taggers import Capitals

HERE = Path(__file__).parent
SERVING = """
taggers:
  a: {{model: "serving_taggers:Capitals"}}
  b: {{model: "serving_taggers:Places"}}
routes: [{{to: a}}]
guard: {{audit: {{folder: {audit}}}}}
ray: {{cpus: 0.5, replicas: {{least: 1, most: 2, busy: 0.2, up: 0.5}}}}
"""


@contextmanager
def command(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own, once it says that it answers."""
    line = [sys.executable, "-m", "onoma", "serve", "--engine", "ray", "--port", "0", *map(str, arguments)]
    with tempfile.TemporaryFile("w+") as told:
        environment = os.environ | {"PYTHONPATH": str(HERE), "COLUMNS": "200"}
        process = subprocess.Popen(line, stderr=told, env=environment)

        def address() -> re.Match[str] | None:
            told.seek(0)
            said = told.read()
            assert process.poll() is None, said
            return re.search(r"onoma serves .* at (http://[\d.:]+)", said)

        try:
            until(lambda: address() is not None, 240)
            found = address()
            assert found
            yield process, found[1]
        finally:
            process.terminate()
            ended = process.wait(60)
        assert ended == 0


def family(pid: int) -> set[int]:
    """The process and all that it began, and they."""
    children: list[str] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        children += path.read_text().split()
    return {pid}.union(*map(family, map(int, children)))


def listening(pids: set[int]) -> set[str]:
    """The addresses at which processes listen, as /proc writes them."""
    sockets = set()
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                sockets.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
            except OSError:
                continue
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()
    ]
    return {row[1].partition(":")[0] for row in rows if row[3] == "0A" and row[9] in sockets}


LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


@pytest.mark.ray
@pytest.mark.skipif(not (find_spec("ray") or "CI" in os.environ), reason="pip install 'onoma[ray]'")
def test_replicas_answer_are_scaled_take_another_file_on_and_end(tmp_path):
    file, audit = tmp_path / "serving.yaml", tmp_path / "audit"
    file.write_text(SERVING.format(audit=audit))
    texts = [f"Ada met B{n}." for n in range(40)]
    with command("--config", file, "--grace", 5) as (process, url), httpx.Client(base_url=url) as http:
        http.timeout = httpx.Timeout(60)
        answered = http.post("/v1/entities", json={"texts": texts})
        for text, result in zip(texts, answered.json()["results"], strict=True):
            [offline] = Capitals()([Document(text)])
            assert [(e["start"], e["end"]) for e in result["entities"]] == [
                (e.start, e.end) for e in offline.entities
            ]
        assert len(answered.headers.get_list("x-request-id")) == 1
        assert answered.headers["x-content-type-options"] == "nosniff"
        lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
        streamed = http.post(
            "/v1/stream", content=lines, headers={"content-type": "application/x-ndjson"}
        ).text
        assert [len(json.loads(line)["entities"]) for line in streamed.splitlines()] == [2] * 40
        wrong = http.post("/v1/entities", json={"text": 3})
        assert (wrong.status_code, wrong.headers["content-type"]) == (422, "application/problem+json")
        assert http.post("/admin/reload").status_code == 409

        pids = family(process.pid)
        assert listening(pids) <= LOOPBACK, "Ray is to listen on loopback alone"
        [environment] = [
            Path(f"/proc/{pid}/environ").read_text()
            for pid in pids
            if Path(f"/proc/{pid}/comm").read_text() == "gcs_server\n"
        ]
        assert "RAY_USAGE_STATS_ENABLED=0" in environment

        statuses: list[int] = []
        models, refused = set[str](), set[str]()
        ended = threading.Event()

        def ask(n: int) -> None:
            with httpx.Client(base_url=url, timeout=60) as client:
                while not ended.is_set():
                    text = f"Ada {n} {len(statuses)}"
                    response = client.post("/v1/entities", json={"text": text})
                    statuses.append(response.status_code)
                    refused.update({response.text} if response.status_code != 200 else ())
                    models.add(response.json().get("model", {}).get("name", ""))

        askers = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
        for asker in askers:
            asker.start()
        try:
            until(lambda: (audit / "lane-2").exists(), 120)  # a second replica writes its own
            file.write_text(file.read_text().replace("[{to: a}]", "[{to: b}]"))
            process.send_signal(signal.SIGHUP)
            until(lambda: "b" in models, 120)
        finally:
            ended.set()
            for asker in askers:
                asker.join()
        assert not refused, "neither growing nor a new version loses a request"
        counted = re.search(r'onoma_texts_total{tagger="a"} ([\d.]+)', http.get("/metrics").text)
        assert counted
        assert float(counted[1]) > 80, "replicas count together"
    found = verify(audit)
    assert (found.faults, found.predictions) == ([], len(statuses) + 41)


def test_without_ray_the_line_that_installs_it_is_told(tmp_path):
    (tmp_path / "ray.py").write_text("raise ImportError('there is none')")
    done = subprocess.run(
        [sys.executable, "-m", "onoma", "serve", "--engine", "ray", "--port", "0"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "COLUMNS": "200"},
    )
    assert done.returncode == 8
    assert "pip install 'onoma[ray]'" in done.stderr


def test_a_file_that_was_deployed_is_read_once():
    config = config_of({"taggers": {"a": {"model": "en-gmb"}}, "ray": {"replicas": 3}})
    assert config.ray
    assert config.ray.most == 3
    read = Deployed(config)
    assert read() is config
    with pytest.raises(RefusedError, match="SIGHUP"):
        read()


def test_a_range_of_replicas_is_one():
    assert autoscaling(Scale(least=2, most=8, busy=4))["max_replicas"] == 8
    with pytest.raises(InputError, match="ray"):
        config_of({"taggers": {"a": {"model": "en-gmb"}}, "ray": {"replicas": {"least": 3, "most": 2}}})
    with pytest.raises(InputError, match="unknown key; did you mean 'most'"):
        config_of({"taggers": {"a": {"model": "en-gmb"}}, "ray": {"replicas": {"least": 3, "mots": 2}}})
