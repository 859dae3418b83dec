"""Bundles pushed and pulled: whole or not at all, and as what they were."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import huggingface_hub.constants
import pytest
from typer.testing import CliRunner

import onoma
from onoma.cli import app
from onoma.errors import BundleError, InputError, MissingExtraError, OutputError
from onoma.runtime import find
from onoma.runtime.bundle import read_manifest, write_manifest
from onoma.runtime.confidence import Confidence
from onoma.runtime.hub import pull, push
from small_networks import build, write_small

SCORE = {"strict": {"micro": {"f1": 0.5, "precision": 0.4, "recall": 0.6}}}
COUNTS = {"precision": 0.4, "recall": 0.6, "f1": 0.5, "support": 2}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = write_small(
        tmp_path_factory.mktemp("hub") / "b", build("bilstm-crf"), "bilstm-crf", Confidence()
    )
    strict = {"types": {"per": COUNTS}, "micro": COUNTS, "macro": COUNTS, "weighted": COUNTS}
    floor = {"accuracy": 0.8}
    scores = {
        "strict": strict, "tokens": {"accuracy": 0.9}, "all_o_floor": floor, "sequence_accuracy": 0.5,
    }  # fmt: skip
    write_manifest(folder, read_manifest(folder).model_copy(update={"scores": {"dev": scores}}))
    (folder / "training").mkdir()
    (folder / "training" / "best.pt").write_bytes(b"not to be pushed")
    return folder


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    """Where bundles are installed."""
    monkeypatch.setenv("ONOMA_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def test_what_is_pushed_and_pulled_is_the_same_tagger(bundle, tmp_path, models):
    assert push(bundle, str(tmp_path / "shelf")) == str(tmp_path / "shelf")
    folder = pull(str(tmp_path / "shelf"), "mine")
    assert folder == models / "mine" == find("mine")
    text = ["Ada Lovelace was born in London."]
    assert onoma.load("mine")(text) == onoma.load(bundle)(text)
    assert onoma.load("mine").version == onoma.load(bundle).version
    assert not (folder / "training").exists()


def test_its_readme_tells_the_hub_and_people(bundle, tmp_path):
    push(bundle, str(tmp_path / "shelf"))
    _, front, text = (tmp_path / "shelf" / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    facts = {name: json.loads(value) for name, value in (line.split(": ", 1) for line in front.splitlines())}
    assert facts["pipeline_tag"] == "token-classification"
    [result] = facts["model-index"][0]["results"]
    assert result["dataset"]["split"] == "dev"
    assert {metric["type"]: metric["value"] for metric in result["metrics"]}["f1"] == 0.5
    assert text.strip().startswith("# bilstm-crf")


def test_a_damaged_bundle_is_neither_pushed_nor_pulled(bundle, tmp_path, models):
    broken = shutil.copytree(bundle, tmp_path / "broken")
    with (broken / "tags.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(BundleError, match="damaged"):
        push(broken, str(tmp_path / "shelf"))
    with pytest.raises(BundleError, match="damaged"):
        pull(str(broken))
    assert not (tmp_path / "shelf").exists()
    assert not models.exists()


def test_what_stands_there_is_kept(bundle, tmp_path, models):
    other = write_small(tmp_path / "other", build("bilstm-crf", seed=9), "bilstm-crf", Confidence())
    pull(str(bundle), "mine")
    with pytest.raises(InputError, match="--replace"):
        pull(str(other), "mine")
    assert read_manifest(models / "mine").version == read_manifest(bundle).version
    assert pull(str(bundle), "mine") == models / "mine"  # the same again changes nothing
    pull(str(other), "mine", replace=True)
    assert read_manifest(models / "mine").version == read_manifest(other).version
    (tmp_path / "diary").mkdir()
    (tmp_path / "diary" / "monday.txt").write_text("rain")
    with pytest.raises(InputError, match="something else"):
        push(bundle, str(tmp_path / "diary"))
    assert (tmp_path / "diary" / "monday.txt").read_text() == "rain"


@pytest.mark.parametrize(
    ("source", "name", "fault"),
    [("nowhere", None, "not a bundle"), ("hf:alone", None, "OWNER/NAME"), ("hf:a/b/c", None, "OWNER/NAME")],
)
def test_places_that_are_none(source, name, fault):
    with pytest.raises((BundleError, InputError), match=fault):
        pull(source, name)


def test_names_that_are_none(bundle):
    for name in ("", "../up", "a/b", ".hidden"):
        with pytest.raises(InputError, match="no name for a bundle"):
            pull(str(bundle), name)


def test_a_revision_is_nothing_to_push_to(bundle):
    with pytest.raises(InputError, match="leave out @v1"):
        push(bundle, "hf:me/mine@v1")


class Refusing(BaseHTTPRequestHandler):
    """A hub that knows nobody and has nothing."""

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    _ask_at(address, monkeypatch)
    yield address
    server.shutdown()
    server.server_close()


def _ask_at(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.delenv("HF_TOKEN", raising=False)


@pytest.mark.usefixtures("hub")
def test_a_hub_that_refuses_is_told_with_what_to_do(bundle, models):
    with pytest.raises(BundleError, match="no such repository, or it is private"):
        pull("hf:me/mine")
    with pytest.raises(OutputError, match="HF_TOKEN"):
        push(bundle, "hf:me/mine")
    assert not models.exists()


def test_a_hub_that_does_not_answer(bundle, monkeypatch):
    _ask_at("http://127.0.0.1:9", monkeypatch)
    with pytest.raises(BundleError, match="cannot be reached"):
        pull("hf:me/mine")
    with pytest.raises(OutputError, match="cannot be reached"):
        push(bundle, "hf:me/mine")


def test_without_the_package(bundle, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r"onoma\[hub\]"):
        pull("hf:me/mine")


def test_the_commands(bundle, tmp_path, models):
    run = CliRunner()
    done = run.invoke(app, ["push", str(bundle), str(tmp_path / "shelf")])
    assert (done.exit_code, done.output) == (0, f"pushed to {tmp_path / 'shelf'}\n")
    done = run.invoke(app, ["pull", str(tmp_path / "shelf"), "--as", "mine"])
    assert (done.exit_code, done.output) == (0, f"installed as mine in {models}\n")
    assert run.invoke(app, ["pull", str(tmp_path / "nowhere")]).exit_code == 5
