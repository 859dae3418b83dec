"""How commands end: the exit code of the error, one line on standard error, and no traceback."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest
import typer

from onoma.cli.endings import clear_endings
from onoma.errors import CorpusError, OnomaError, RecipeError, TrainingError


def every_error(kind=OnomaError):
    yield kind
    for below in kind.__subclasses__():
        yield from every_error(below)


def ended(error: BaseException, capsys) -> tuple[int, str]:
    with pytest.raises(typer.Exit) as ending, clear_endings():
        raise error
    return ending.value.exit_code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (CorpusError("a row is short", path="a.csv", line=7), 3, "onoma: a.csv:7: a row is short\n"),
        (RecipeError("unknown key [training.epoch]"), 4, "onoma: unknown key [training.epoch]\n"),
        (TrainingError("x" * 300), 7, f"onoma: {'x' * 300}\n"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.txt"), 2, "onoma: a.txt: No such file\n"),
        (PermissionError(errno.EACCES, "Permission denied", "a.txt"), 2, "onoma: a.txt: Permission denied\n"),
        (OSError(errno.ENOSPC, "No space left on device"), 6, "onoma: No space left on device\n"),
        (KeyboardInterrupt(), 130, "onoma: stopped\n"),
    ],
)
def test_an_expected_error_is_one_line_and_its_code(error, code, line, capsys):
    assert ended(error, capsys) == (code, line)


@pytest.mark.parametrize("module", ["torch", "mlflow.tracking"])
def test_a_missing_extra_gives_the_line_that_installs_it(module, capsys):
    code, line = ended(ModuleNotFoundError(f"No module named {module!r}", name=module), capsys)
    assert code == 8
    assert "pip install 'onoma[train]'" in line


@pytest.mark.parametrize("error", [ModuleNotFoundError("x", name="onoma.nowhere"), ZeroDivisionError()])
def test_what_was_not_expected_keeps_its_traceback(error):
    with pytest.raises(type(error)), clear_endings():
        raise error


def test_exit_codes_of_kinds_with_their_own_are_as_documented():
    assert {kind.exit_code for kind in every_error()} == set(range(1, 11))


def onoma(*arguments: str, **settings) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "onoma", *arguments], capture_output=True, text=True, timeout=120, **settings
    )


def test_a_misspelt_command_names_the_nearest():
    done = onoma("extrct")
    assert done.returncode == 2
    assert "Did you mean 'extract'" in done.stderr


def test_no_command_shows_the_help():
    done = onoma()
    assert "extract" in done.stdout + done.stderr


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    assert onoma("--version").stdout == f"onoma {version('onoma')}\n"
