"""Recipes: validated whole before anything starts, with messages that help."""

from __future__ import annotations

from pathlib import Path

import pytest

from onoma.errors import RecipeError
from onoma.training.recipe import Recipe, as_mapping, load_recipe

RECIPES = sorted((Path(__file__).parent.parent / "recipes").glob("*.yaml"))
GOOD = """
name: good
corpus: {path: out/corpus}
network: {architecture: bilstm-crf, hidden: 16}
training: {epochs: 2}
"""


@pytest.fixture
def write(tmp_path: Path):
    def write(content: str | bytes) -> Path:
        path = tmp_path / "recipe.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_of_the_project_is_valid(path):
    recipe = load_recipe(path)
    assert recipe.name == path.stem
    assert Recipe.model_validate(as_mapping(recipe)) == recipe


def test_there_is_a_recipe_for_each_network():
    from onoma.models import ARCHITECTURES

    assert {load_recipe(path).network.architecture for path in RECIPES} == set(ARCHITECTURES)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("training.epoch=3", "training.epoch: unknown key; did you mean 'epochs'?"),
        ("optimizer.rate=0.1", "optimizer: unknown key; did you mean 'optimiser'?"),
        ("network.hiden=3", "network.hiden: unknown key; did you mean 'hidden'?"),
        ("network.lexical.wrod=3", "network.lexical.wrod: unknown key; did you mean 'word'?"),
        ("network.architecture=bilstm-crff", "unknown 'bilstm-crff'; did you mean 'bilstm-crf'?"),
        ("features.vectors.encodr=x", "features.vectors.encodr: unknown key; did you mean 'encoder'?"),
        ("training.epochs=many", "training.epochs: "),
        ("training.epochs=0", "greater than or equal to 1"),
        ("training.epochs=1.5", "training.epochs: "),
        ("training.max_length=2", "training.max_length: "),
        ("optimiser.rate=-1", "optimiser.rate: "),
        ("optimiser.rate=.inf", "optimiser.rate: "),
        ("optimiser.rate=.nan", "optimiser.rate: "),
        ("optimiser.name=sgd", "'adam' or 'adamw'"),
        ("training.batch_by=words", "'sentences' or 'tokens'"),
        ("scheme=iob1", "'iob2' or 'bioes'"),
        ("name=Bad Name", "name: "),
        ("seed=-1", "seed: "),
        ("corpus.train=a.conll", "give either corpus.path"),
        ("corpus={}", "give either corpus.path"),
        ("corpus=here", "corpus: "),
        ("network=bilstm", "network"),
        ("training=[1, 2]", "training: "),
        ("features.vectors={}", "features.vectors.file or features.vectors.encoder"),
    ],
)
def test_what_is_wrong_is_named(write, setting, message):
    path = write(GOOD)
    with pytest.raises(RecipeError) as caught:
        load_recipe(path, [setting])
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_every_problem_is_told_at_once(write):
    with pytest.raises(RecipeError) as caught:
        load_recipe(write(GOOD), ["training.epoch=3", "sed=1", "network.hidden=0"])
    assert str(caught.value).count("\n") == 3


def test_heads_must_divide_the_layer(write):
    settings = ["network={architecture: bilstm-attention, heads: 5}"]
    with pytest.raises(RecipeError, match="5 heads do not divide"):
        load_recipe(write(GOOD), settings)


def test_settings_are_yaml_and_may_open_new_parts(write):
    recipe = load_recipe(
        write(GOOD),
        ["training.epochs=7", "optimiser.rate=1e-4", "optimiser.clip=null", "network.lexical={word: 5}"],
    )
    assert recipe.training.epochs == 7
    assert (recipe.optimiser.rate, recipe.optimiser.clip) == (1e-4, None)
    assert recipe.network.lexical.word == 5
    assert recipe.network.hidden == 16


@pytest.mark.parametrize("setting", ["epochs", "=3", "name.inner=3", "training.epochs={", "..=1"])
def test_a_setting_that_makes_no_sense_is_refused(write, setting):
    with pytest.raises(RecipeError):
        load_recipe(write(GOOD), [setting])


@pytest.mark.parametrize(
    "content",
    [
        "",
        "# nothing\n",
        "just words",
        "- a\n- list\n",
        "a: [1",
        "name: x\n\tcorpus: y",
        b"\xff\xfe\x00",
        "1: 2",
    ],
    ids=["empty", "comment", "words", "list", "unclosed", "tab", "bytes", "number"],
)
def test_what_is_no_recipe_is_refused(write, content):
    path = write(content)
    with pytest.raises(RecipeError, match=r"recipe\.yaml"):
        load_recipe(path)


def test_a_missing_recipe_and_a_folder_are_refused(tmp_path):
    with pytest.raises(RecipeError, match="cannot read the recipe"):
        load_recipe(tmp_path / "none.yaml")
    with pytest.raises(RecipeError, match="cannot read the recipe"):
        load_recipe(tmp_path)


def test_a_bare_no_is_a_precision_too(write):
    assert load_recipe(write(GOOD), ["training.mixed_precision=no"]).training.mixed_precision == "no"


def test_a_recipe_cannot_run_code(write):
    with pytest.raises(RecipeError):
        load_recipe(write("name: !!python/object/apply:os.getcwd []\n"))


def test_a_label_map_is_checked_with_the_recipe(write):
    assert load_recipe(write(GOOD), ["corpus.map=gmb:conll2003"]).corpus.map == "gmb:conll2003"
    assert load_recipe(write(GOOD), ["corpus.map={geo: LOC, tim: }"]).corpus.map == {
        "geo": "LOC",
        "tim": None,
    }
    with pytest.raises(RecipeError, match=r"corpus\.map: .*unknown taxonomy 'gbm'; did you mean 'gmb'"):
        load_recipe(write(GOOD), ["corpus.map=gbm:conll2003"])


def test_a_map_in_use_renames_and_may_name_no_label_that_is_not_there(
    tiny_recipe, tmp_path, cache, monkeypatch
):
    from onoma.training.prepare import prepare

    monkeypatch.setenv("ONOMA_CACHE", str(cache))
    prepared = prepare(load_recipe(tiny_recipe, ["corpus.map='geo=LOC,per='"]), tmp_path)
    assert prepared.tags.labels == ["LOC"]
    assert prepared.corpora["train"].fates.left_out["label dropped"] > 0
    with pytest.raises(
        RecipeError, match=r"corpus\.map: .*names 'gep', which no entity has; did you mean 'geo'"
    ):
        prepare(load_recipe(tiny_recipe, ["corpus.map='gep=LOC'"]), tmp_path)
