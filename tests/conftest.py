"""What several test files share: a small labelled corpus in our own words, and a tagger trained on it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# how long an example takes says more of the machine than of the code: tests are never timed
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

FIRST = ["Ada", "Bob", "Cora", "Dina", "Emil", "Fay", "Gus", "Hana"]
LAST = ["Stone", "Rivers", "Moor", "Field", "Lane", "Brook"]
PLACES = ["Oldport", "Newhaven", "Green Hollow", "Red Rock", "Lakeside"]
FRAMES = [
    "{per} went to {geo} .",
    "{per} saw {per} in {geo} yesterday .",
    "the road to {geo} is long",
    "nobody wrote a letter",
    "{geo} lies near {geo} , said {per} .",
]


def person(chance: random.Random) -> list[str]:
    return [chance.choice(FIRST), *([chance.choice(LAST)] if chance.random() < 0.6 else [])]


NAMES: dict[str, Callable[[random.Random], list[str]]] = {
    "{per}": person,
    "{geo}": lambda chance: chance.choice(PLACES).split(),
}


def sentence(chance: random.Random) -> str:
    """One sentence in two columns, its names tagged in IOB2."""
    rows = []
    for part in chance.choice(FRAMES).split():
        words = NAMES[part](chance) if part in NAMES else [part]
        label = part.strip("{}")
        tags = [f"B-{label}", f"I-{label}"] if part in NAMES else ["O"]
        rows += [f"{word} {tag}\n" for word, tag in zip(words, tags, strict=False)]
    return "".join(rows)


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train, dev and test in CoNLL columns; labels per and geo."""
    folder = tmp_path_factory.mktemp("corpus")
    for part, count in (("train", 240), ("dev", 40), ("test", 40)):
        chance = random.Random(part)
        text = "\n".join(sentence(chance) for _ in range(count))
        (folder / f"{part}.conll").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for encoded corpora, away from the user's own."""
    return tmp_path_factory.mktemp("cache")


RECIPE = """
name: tiny
corpus: {{path: {corpus}}}
features: {{min_count: 2}}
network:
  architecture: bilstm-crf
  lexical: {{word: 8, character: 6, filters: 8, shape: 4}}
  hidden: 12
  dropout: 0.1
optimiser: {{rate: 0.02, average: 0.9}}
training: {{epochs: 3, batch_size: 8, checkpoint_every: 5, threads: 1}}
seed: 3
"""


@pytest.fixture(scope="session")
def tiny_recipe(tiny_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe for a small network on the small corpus; it trains in seconds."""
    path = tmp_path_factory.mktemp("recipe") / "tiny.yaml"
    path.write_text(RECIPE.format(corpus=tiny_corpus), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny_bundle(tiny_recipe: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle trained by the small recipe; take a copy of it to damage it."""
    from onoma.training.recipe import load_recipe
    from onoma.training.run import run_recipe

    folder = tmp_path_factory.mktemp("bundle") / "tiny"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONOMA_CACHE", str(cache))
        for _ in run_recipe(load_recipe(tiny_recipe), folder):
            pass
    return folder
