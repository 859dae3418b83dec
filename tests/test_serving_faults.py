"""The service under load while things go wrong: nothing is lost, nothing is wrong, and it recovers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from onoma.serving.audit import verify
from onoma.serving.keys import add_key
from onoma.text import Document
from serving_server import until
from serving_taggers import Capitals

HERE = Path(__file__).parent


@contextmanager
def command(
    *arguments: object, before: Sequence[str] = (), **environment: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``onoma serve`` in a process of its own, up and listening; ``before`` is what starts it."""
    line = [*before, sys.executable, "-m", "onoma", "serve", "--port", "0", *map(str, arguments)]
    settings = {"PYTHONPATH": str(HERE), "COLUMNS": "200"} | environment
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(line, stderr=told, text=True, env=os.environ | settings)

        def said() -> str:
            told.seek(0)
            return told.read()

        try:
            until(lambda: " at http" in said() or process.poll() is not None, 60)
            assert process.poll() is None, said()
            url = said().split(" at ")[1].split()[0]
            until(lambda: up(url), 60)
            yield process, url
        finally:
            process.terminate()
            ended = process.wait(60)
        assert ended == 0, said()


def up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready").status_code == 200
    except httpx.HTTPError:
        return False


class Load:
    """Clients that ask for one text after another, none twice, and compare what they get."""

    def __init__(self, url: str, clients: int = 6, **headers: str) -> None:
        self.url, self.headers = url, headers
        self.statuses, self.wrong = Counter[int](), list[str]()
        self.lost, self.refused = list[str](), Counter[str]()
        self._ended, self._served = threading.Event(), set[int]()
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(clients)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def answered(self, more: int = 30) -> None:
        """Wait until so many more were answered 200, and every client once: all are connected then."""
        wanted = self.statuses[200] + more
        until(lambda: self.statuses[200] >= wanted and len(self._served) == len(self._threads), 60)

    def _ask(self, number: int) -> None:
        with httpx.Client(base_url=self.url, headers=self.headers, timeout=20) as http:
            at = 0
            while not self._ended.is_set():
                at += 1
                text = f"Ada met B{number}x{at} and {'x' * (at % 50)} in Rome"
                try:
                    self._check(text, http.post("/v1/entities", json={"text": text}))
                    self._served.add(number)
                except httpx.HTTPError as error:
                    self.lost.append(repr(error))
                time.sleep(0.002)

    def _check(self, text: str, response: httpx.Response) -> None:
        self.statuses[response.status_code] += 1
        if response.status_code != 200:
            self.refused[response.json()["detail"]] += 1
            return
        [offline] = Capitals()([Document(text)])
        found = [(each["start"], each["end"]) for each in response.json()["entities"]]
        if found != [(each.start, each.end) for each in offline.entities]:
            self.wrong.append(text)


def written(folder: Path, **parts: Any) -> Path:
    """A serving file (JSON is YAML)."""
    taggers = {name: {"model": f"serving_taggers:{kind}"} for name, kind in FAMILY.items()}
    path = folder / "serving.yaml"
    path.write_text(json.dumps({"taggers": taggers, "routes": [{"to": "a", "fallback": ["b"]}], **parts}))
    return path


FAMILY = {"a": "Capitals", "b": "Places"}
QUICK = {"call": 1.0, "beat": 0.2, "again": 0.05}


def workers(pid: int) -> list[int]:
    """The processes of taggers."""
    lists = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    children = [child for each in lists for child in each]
    paths = [path for child in children for path in [Path(f"/proc/{child}/cmdline")] if path.exists()]
    return [int(path.parent.name) for path in paths if b"onoma.serving.worker" in path.read_bytes()]


def raw(url: str, content: bytes, wait: float = 5.0) -> bytes:
    """What is answered to bytes, until the connection is closed or nothing more comes."""
    with connected(url) as connection, suppress(OSError):
        connection.settimeout(wait)
        connection.sendall(content)
        got = b""
        while piece := connection.recv(65536):
            got += piece
            if b"\r\n\r\n" in got:
                return got
        return got
    return b""


def connected(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=5)


HEAD = b"POST /v1/entities HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
MALFORMED = [
    b"\x00" * 100,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS where none is spoken
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
    b"G" * 100_000,
    HEAD + b"content-length: -1\r\n\r\n",
    HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\n{}",
    HEAD + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    HEAD + b"transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    HEAD + b"content-length: 99999999999999999999999\r\n\r\n{}",
    HEAD + b" folded\r\nbad name: x\r\n\r\n",
    HEAD + b"".join(b"h%d: x\r\n" % n for n in range(20_000)) + b"\r\n",
]


def test_while_workers_die_and_hang_and_clients_misbehave_every_request_is_answered(tmp_path):
    taggers = {
        "a": {"model": "serving_taggers:Capitals", "place": "process", "replicas": 2, "patience": QUICK},
        "b": {"model": "serving_taggers:Places"},
    }
    taggers["a"]["breaker"] = {"rest": 0.1, "longest": 0.3, "probes": 1}
    with (
        command("--config", written(tmp_path, taggers=taggers)) as (process, url),
        Load(url) as load,
        ExitStack() as slow,
    ):
        for n in range(200):  # slowloris: heads and bodies that never end
            connection = slow.enter_context(connected(url))
            connection.sendall(HEAD if n % 2 else HEAD + b"content-length: 50\r\n\r\n{")
        load.answered()
        os.kill(workers(process.pid)[0], signal.SIGKILL)
        load.answered()
        os.kill(workers(process.pid)[-1], signal.SIGSTOP)
        load.answered(200)
        for content in MALFORMED:
            status = raw(url, content)[9:12]
            assert status in (b"", b"400", b"404", b"405", b"413", b"431"), (content[:80], status)
        big = json.dumps({"text": "x" * 10_000_000})
        for _ in range(3):
            assert httpx.post(f"{url}/v1/entities", content=big, headers=JSON).status_code == 413
        long = httpx.post(f"{url}/v1/entities", json={"text": "Ada met Bob. " * 80_000}, timeout=60)
        assert len(long.json()["entities"]) == 160_000
        load.answered()
        until(lambda: len(workers(process.pid)) == 2)
        until(lambda: httpx.get(f"{url}/v1/models").json()["models"][0]["ready"])
    assert not load.wrong
    assert not load.lost
    assert set(load.statuses) == {200}, load.refused


JSON = {"content-type": "application/json"}


@contextmanager
def redis_server(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A Redis of the test's own."""
    line = ["redis-server", "--port", str(port), "--save", "", "--bind", "127.0.0.1", "--loglevel", "warning"]
    with subprocess.Popen(line, stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: answers(port))
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def keys_in(port: int) -> int:
    from redis import Redis

    with Redis(port=port) as client:
        return int(client.dbsize())


@pytest.mark.service
def test_redis_may_hang_die_and_come_again_and_no_request_notices(tmp_path):
    if shutil.which("redis-server") is None:
        assert "CI" not in os.environ, "CI has to bring a redis-server"
        pytest.skip("apt-get install redis-server")
    port = free_port()
    url = f"redis://127.0.0.1:{port}"
    file = written(tmp_path, guard={"rate": {"address": "100000/second", "store": url}})
    with (
        redis_server(port) as redis,
        command("--config", file, "--redis", url, ONOMA_CACHE_SECRET="secret") as (_, served),
        Load(served, clients=4) as load,
    ):
        load.answered()
        until(lambda: keys_in(port) > 20)
        redis.send_signal(signal.SIGSTOP)
        load.answered(60)
        redis.send_signal(signal.SIGCONT)
        load.answered()
        redis.kill()
        redis.wait()
        load.answered(60)
        with redis_server(port):
            until(lambda: keys_in(port) > 20, 30)  # it is used again
            load.answered()
    assert not load.wrong
    assert not load.lost
    assert set(load.statuses) == {200}, load.refused


@pytest.mark.skipif(
    subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode != 0
    if shutil.which("unshare")
    else True,
    reason="needs unshare, and to be allowed a file system of one's own",
)
def test_a_disk_that_is_full_under_load_refuses_and_recovers_and_every_answer_is_in_the_log(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    small = f'mount -t tmpfs -o size=1m tmpfs {disk} && exec "$@"'
    file = written(tmp_path, guard={"audit": {"folder": str(disk / "audit")}})
    with command("--config", file, before=["unshare", "-rm", "sh", "-c", small, "sh"]) as (process, url):
        seen = Path(f"/proc/{process.pid}/root{disk}")  # the disk as the service sees it
        with Load(url) as load:
            load.answered()
            filler = (seen / "filler").open("wb", buffering=0)
            with filler, suppress(OSError):
                while True:
                    filler.write(b"x" * 4096)
            until(lambda: load.statuses[503] > 20)
            ready = httpx.get(f"{url}/health/ready")
            assert (ready.status_code, "No space left" in ready.json()["detail"]) == (503, True)
            (seen / "filler").unlink()
            load.answered()
        assert not load.wrong
        assert not load.lost
        assert set(load.statuses) == {200, 503}
        until(lambda: verify(seen / "audit").predictions >= load.statuses[200])
        found = verify(seen / "audit")
        assert (found.faults, found.predictions) == ([], load.statuses[200])


CLOCK = """
import os, time
real, path = time.time, os.environ.get("TEST_CLOCK")
def shifted():
    try:
        return real() + float(open(path).read())
    except (OSError, ValueError):
        return real()
if path:
    time.time = shifted
"""


def test_the_clock_may_jump_a_day_and_back_and_limits_keys_breaker_and_log_go_on(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(CLOCK)
    clock, keys = tmp_path / "clock", tmp_path / "keys.json"
    forever = add_key(keys, "forever", rate="100000/second")
    hour = add_key(keys, "hour", expires=time.time() + 3600)
    slow = add_key(keys, "slow", rate="3/minute")
    file = written(
        tmp_path,
        guard={"keys": str(keys), "audit": {"folder": str(tmp_path / "audit"), "keep": 50, "segment": 4096}},
    )
    environment = {"PYTHONPATH": f"{tmp_path}:{HERE}", "TEST_CLOCK": str(clock)}

    def status(key: str) -> int:
        headers = {"x-api-key": key}
        return httpx.post(f"{url}/v1/entities", json={"text": "Ada"}, headers=headers).status_code

    with command("--config", file, **environment) as (_, url), Load(url, **{"x-api-key": forever}) as load:
        load.answered()
        assert [status(slow) for _ in range(4)] == [200, 200, 200, 429]
        for jump, of_an_hour in ((0, 200), (86_400, 401), (-172_800, 200), (4_000_000_000, 401), (0, 200)):
            clock.write_text(str(jump))
            load.answered(20)
            assert status(hour) == of_an_hour, jump
            assert status(slow) == 429, "a window is so many seconds of ours, not of the calendar"
            assert httpx.get(f"{url}/health/ready").status_code == 200
    assert not load.wrong
    assert not load.lost
    assert set(load.statuses) == {200}, load.refused
    found = verify(tmp_path / "audit")
    assert (found.faults, found.predictions) == ([], load.statuses[200] + 6)


def test_without_a_descriptor_left_those_who_are_connected_are_answered_and_it_recovers(tmp_path):
    few = ["prlimit", "--nofile=96:96"]
    with command("--config", written(tmp_path), before=few) as (_, url):
        with Load(url, clients=3) as load, ExitStack() as others:
            load.answered()
            for _ in range(150):
                with suppress(OSError):
                    others.enter_context(connected(url))
            load.answered(60)
        assert not load.wrong
        assert not load.lost
        assert set(load.statuses) == {200}, load.refused
        until(lambda: up(url))
