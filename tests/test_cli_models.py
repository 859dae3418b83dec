from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

from onoma.cli import app
from onoma.runtime import find


def onoma(*arguments: str):
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["models", *arguments], prog_name="onoma")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ONOMA_MODELS", str(tmp_path))
    return tmp_path


def test_the_shipped_bundle_is_listed_with_size_labels_scores_and_licence():
    done = onoma()
    assert done.exit_code == 0, done.output
    (line,) = (line for line in done.stdout.splitlines() if line.strip().startswith("en-gmb"))
    for part in ("MB", "per", "geo", "(test)"):
        assert part in line
    assert "not stated" not in line


def test_json_holds_the_same_for_programs():
    (bundle,) = (b for b in json.loads(onoma("--json").stdout) if b["name"] == "en-gmb")
    assert bundle["bytes"] <= 16_000_000
    assert len(bundle["labels"]) == 8
    assert 0.5 < bundle["f1"]["test"] < 1
    assert bundle["licence"]


def test_a_folder_of_ones_own_comes_first(folder):
    shutil.copytree(find("en-gmb"), folder / "mine")
    assert {"mine", "en-gmb"} <= {bundle["name"] for bundle in json.loads(onoma("--json").stdout)}


def test_a_damaged_bundle_is_listed_with_what_is_wrong(folder):
    (folder / "broken").mkdir()
    (folder / "broken" / "bundle.json").write_text("{")
    (bundle,) = (b for b in json.loads(onoma("--json").stdout) if b["name"] == "broken")
    assert "damaged" in bundle["error"]
    done = onoma()
    assert done.exit_code == 0
    assert "damaged" in done.stdout
