"""What the outside sees: the names of `onoma`, and a command line that explains itself."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

import onoma
from onoma.cli import COMMANDS, app

PUBLIC = {
    "AlignmentError",
    "BundleError",
    "CorpusError",
    "Document",
    "Entity",
    "InputError",
    "MissingExtraError",
    "OnomaError",
    "OutputError",
    "RecipeError",
    "TagError",
    "Tagger",
    "Token",
    "TrainingError",
    "__version__",
    "installed",
    "load",
}


def test_the_public_names_are_exactly_these():
    assert set(onoma.__all__) == set(dir(onoma)) == PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_is_there(name):
    assert getattr(onoma, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        _ = onoma.laod


def helped(*arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments, "--help"], prog_name="onoma", terminal_width=120)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself_by_example(name):
    text = helped(name)
    assert f"onoma {name} " in text.partition("onoma")[2], "no example in --help"


@pytest.mark.parametrize(
    "words", [*([name] for name in COMMANDS if name != "vectors"), ["vectors", "distil"]]
)
def test_every_command_documents_its_exit_codes(words):
    assert "Exit codes" in helped(*words)


def test_the_list_of_commands_is_the_table():
    text = helped()
    for name, command in COMMANDS.items():
        assert name in text
        assert command.summary in text
