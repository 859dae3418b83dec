"""``onoma serve`` as a process: it says where it is, ends in good order, and outlives a part of itself."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from serving_process import HERE, served
from serving_server import until


def command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


def refused(url: str) -> bool:
    """Whether no connection can be made any more."""
    host, port = url.removeprefix("http://").split(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except ConnectionError:
        return True
    return False


@contextmanager
def asked(url: str, *texts: str) -> Iterator[list[int]]:
    """Requests under way, each on a connection that stands; at the end of the block, their statuses."""
    clients = [httpx.Client(base_url=url, timeout=20) for _ in texts]
    for client in clients:
        client.get("/health/live")
    statuses: list[int] = []

    def ask(client: httpx.Client, text: str) -> None:
        try:
            statuses.append(client.post("/v1/entities", json={"text": text}).status_code)
        except httpx.TransportError:
            statuses.append(0)

    threads = [threading.Thread(target=ask, args=pair) for pair in zip(clients, texts, strict=True)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    yield statuses
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_it_finish_what_it_has_and_take_on_nothing_new(number):
    with served() as (process, url):
        with asked(url, *(f"Ada please-wait {n}" for n in range(5))) as statuses:
            process.send_signal(number)
            until(lambda: refused(url))
            assert len(statuses) < 5
        assert process.wait(20) == 0
        assert statuses == [200] * 5


def test_a_tagger_that_hangs_does_not_keep_it_from_ending():
    with served("--grace", "5") as (process, url), asked(url, "please-sleep") as statuses:
        began = time.monotonic()
        process.terminate()
        assert process.wait(20) == 0
        assert time.monotonic() - began < 7
    assert statuses == [503]


def test_in_several_processes_one_that_dies_is_replaced():
    with served("--workers", "2") as (process, url):

        def pids() -> set[str]:
            found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            return {pid for pid in found if "spawn_main" in command(pid)}

        def names() -> set[str]:
            heads = [httpx.get(f"{url}/health/live").headers["x-request-id"] for _ in range(10)]
            return {each.partition("-")[0] for each in heads}

        until(lambda: len(names()) == 2, 60)
        before = pids()
        os.kill(int(min(before)), signal.SIGKILL)
        until(lambda: len(pids() - before) == 1 and len(names()) == 2, 60)
        process.terminate()
        assert process.wait(30) == 0
        assert refused(url)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--host", "0.0.0.0"], "no keys are configured, so only this machine may be served"),
        (["--host", "192.0.2.1"], "no keys are configured"),
        (["--model", "nothere"], "there is no bundle called 'nothere'"),
        (["--redis", "redis://127.0.0.1:6379/0"], "set $ONOMA_CACHE_SECRET"),
        (["--model", "en-gmb", "--config", str(HERE / "nothere.yaml")], "both name taggers"),
    ],
)
def test_what_cannot_be_served_is_told_at_once(options, says):
    environment = {name: value for name, value in os.environ.items() if name != "ONOMA_CACHE_SECRET"}
    done = subprocess.run(
        [sys.executable, "-m", "onoma", "serve", "--port", "0", *options],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
    assert done.returncode in (2, 5)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_told():
    with served() as (_, url):
        done = subprocess.run(
            [sys.executable, "-m", "onoma", "serve", "--port", url.rpartition(":")[2]],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 2
        assert "cannot listen on 127.0.0.1" in done.stderr
