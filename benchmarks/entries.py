"""What is trained for docs/results.md: recipes, corpora, seeds."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onoma.training.recipe import Recipe, as_mapping, load_recipe

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Entry:
    """A row of the table: a recipe trained on a corpus with some seeds.

    With ``teachers`` it is a student of theirs: names of other entries on that corpus, which stand for all
    of their runs, or of one run (``minilm-1``). It also reads ``text`` (archives of plain text below the
    folder of data), ``unlabelled`` corpora (below it too, or ``gmb`` for the training part of that), so many
    ``crossings`` of its training sentences and so many ``swaps``, in which they have other names, also from
    lists (labels and files below the data).
    """

    corpus: str
    name: str
    title: str
    recipe: str
    seeds: tuple[int, ...] = (42,)
    settings: tuple[str, ...] = ()
    teachers: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()
    crossings: int = 0
    swaps: int = 0
    names: tuple[tuple[str, str], ...] = ()

    @property
    def taught_by(self) -> str:
        """The teachers, in words; nothing without any."""
        return " and ".join(self.teachers)

    def loaded(self) -> Recipe:
        """The recipe with the entry's own settings; where its corpus lies is another matter."""
        return load_recipe(ROOT / "recipes" / f"{self.recipe}.yaml", self.settings)


MINILM = "MiniLM (22 M), uncased"
QUICK = ("training.mixed_precision=bf16", "training.threads=1")
# crossings and swaps repeat words: those seen once in the corpus are to be unknown, as they are without
STUDENT = (
    "network.hidden=192", "network.dropout=0.2", "network.lexical.filters=96", "features.vectors.dim=256",
    "features.min_count=6", "training.epochs=8", "training.threads=1",
)  # fmt: skip
NEWSWIRE, WIKIGOLD = "gazetteers/reuters_small.tar.gz", "wikigold/wikigold.conll.txt"
LISTS = ("first_names.json", "geonames.json", "crunchbase_companies.json.gz")


def _names(*labels: str) -> tuple[tuple[str, str], ...]:
    """The lists of names for the labels of persons, places and organisations."""
    return tuple((label, f"gazetteers/{names}") for label, names in zip(labels, LISTS, strict=True))


READING: dict[str, Any] = {
    "teachers": ("minilm-crf",),
    "text": (NEWSWIRE,),
    "unlabelled": ("gmb", WIKIGOLD),
    "crossings": 1,
    "swaps": 2,
    "names": _names("PER", "LOC", "ORG"),
}
READING_GMB: dict[str, Any] = {
    "teachers": ("minilm-1", "minilm-bilstm-crf-1", "en-gmb-labels-42"),
    "text": (NEWSWIRE,),
    "unlabelled": (WIKIGOLD,),
    "swaps": 1,
    "names": _names("per", "geo", "org"),
}
LABELS_ALONE = ("features.min_count=2", "network.dropout=0.5")
TUNED = (
    *QUICK, "training.epochs=4", "training.word_dropout=0.05", "network.frozen=false", "network.case=true",
    "network.dropout=0.2", "network.attention_dropout=0", "network.lexical.word=64",
    "optimiser.rate=0.0002", "optimiser.head_rate=0.001", "optimiser.weight_decay=0.01",
)  # fmt: skip
ENTRIES = (
    Entry("gmb", "pooled", "`pooled`", "pooled"),
    Entry("gmb", "bilstm", "`bilstm`", "bilstm"),
    Entry("gmb", "bilstm-attention", "`bilstm-attention`", "bilstm-attention"),
    Entry("gmb", "bilstm-crf", "`bilstm-crf`, nothing pretrained", "bilstm-crf"),
    Entry("gmb", "en-gmb-200", "`bilstm-crf` with distilled vectors, 200 hidden units", "en-gmb", (42, 43),
          (*LABELS_ALONE, "network.hidden=200")),
    Entry("gmb", "en-gmb-labels", "the same with 128 hidden units, as int8", "en-gmb", (42,), LABELS_ALONE),
    Entry("gmb", "minilm", f"{MINILM}: `minilm`, sentence by sentence", "minilm", (1, 2),
          (*QUICK, "training.epochs=4")),
    Entry("gmb", "minilm-bilstm-crf", f"{MINILM}: `minilm-bilstm-crf`, the encoder tuned",
          "minilm-bilstm-crf", (1,), TUNED),
    Entry("gmb", "minilm-taught", f"{MINILM}: `minilm`, taught by three of those above", "minilm", (1,),
          (*QUICK, "training.epochs=2"), **READING_GMB),
    Entry("gmb", "en-gmb", "`en-gmb`: 128 hidden units, student of the same three, as int8", "en-gmb", (42,),
          ("training.threads=1",), **READING_GMB),
    Entry("gmb", "student", "the same with 200 hidden units and wider word vectors", "en-gmb", (42, 43, 44),
          ("training.threads=1", "network.hidden=200", "network.lexical.filters=96",
           "features.vectors.dim=256"), **READING_GMB),
    Entry("conll2003", "bilstm-crf", "`bilstm-crf`, nothing pretrained", "bilstm-crf", (1, 2, 3)),
    Entry("conll2003", "bilstm-crf-vectors", "`bilstm-crf` with distilled vectors", "bilstm-crf-vectors",
          (1, 2, 3)),
    Entry("conll2003", "minilm", f"{MINILM}: `minilm`, sentence by sentence", "minilm", (1, 2, 3), QUICK),
    Entry("conll2003", "minilm-crf", f"{MINILM}: `minilm-crf`, document context", "minilm-crf", (1, 2, 3),
          QUICK),
    Entry("conll2003", "minilm-crf-taught", f"{MINILM}: `minilm-crf`, taught by the three above",
          "minilm-crf", (1, 2, 3), (*QUICK, "training.epochs=2"), **READING),
    Entry("conll2003", "student", "`bilstm-crf-vectors`, 192 hidden units, student of the three `minilm-crf`",
          "bilstm-crf-vectors", (1, 2, 3), STUDENT, **READING),
    Entry("wnut17", "minilm", f"{MINILM}: `minilm`, sentence by sentence", "minilm", (1, 2, 3),
          (*QUICK, "optimiser.rate=0.0001", "training.epochs=6")),
    Entry("bc5cdr", "minilm", f"{MINILM}: `minilm`, sentence by sentence", "minilm", (1, 2, 3), QUICK),
)  # fmt: skip
TITLES = {
    "gmb": "GMB, grouped 60/20/20 split (seed 42), 8 types",
    "conll2003": "CoNLL-2003, train/dev/test as published",
    "wnut17": "WNUT-2017: dev, on which epochs are chosen too, as its test stays unseen",
    "bc5cdr": "BC5CDR, train/dev/test as published",
}
_FILES = {
    "conll2003": ("eng.train", "eng.testa", "eng.testb"),
    "bc5cdr": ("train.tsv", "devel.tsv", "test.tsv"),
    "wnut17": ("wnut17train.conll", "emerging.dev.conll", "emerging.dev.conll"),
}


def entry_named(corpus: str, name: str) -> Entry:
    """The entry called ``name``."""
    found = [entry for entry in ENTRIES if (entry.corpus, entry.name) == (corpus, name)]
    if not found:
        known = ", ".join(entry.name for entry in ENTRIES if entry.corpus == corpus)
        raise SystemExit(f"no entry {name!r} on {corpus}; there are: {known}")
    return found[0]


def source(corpus: str, data: Path, out: Path) -> list[str]:
    """The ``--set`` options that name a corpus; GMB is split on first use."""
    if corpus == "gmb":
        return [f"corpus.path={split_gmb(data, out)}"]
    places = [data / corpus / name for name in _FILES[corpus]]
    named = zip(("train", "dev", "test"), places, strict=True)
    return ["corpus.path=null", *(f"corpus.{part}={place}" for part, place in named)]


def by_key(settings: list[str]) -> dict[str, str]:
    """The values of ``--set`` options by their keys."""
    return dict(setting.split("=", 1) for setting in settings)


def split_gmb(data: Path, out: Path) -> Path:
    """The folder of GMB's three parts, which are made where they are not there."""
    folder = out / "split-gmb"
    if not folder.is_dir():
        corpus = data / "gmb" / "ner_dataset.csv.zip"
        onoma_command("split", corpus, "--out", folder, "--ratios", "60/20/20", "--seed", 42)
    return folder


def onoma_command(*words: object) -> None:
    """Run the command in a process of its own; raises when it fails."""
    subprocess.run([sys.executable, "-m", "onoma", *map(str, words)], check=True)


_PLACES = {"path", "train", "dev", "test", "name", "licence", "attribution"}


def recipe_mark(content: dict[str, Any]) -> str:
    """What tells recipes apart: all their settings but the seed and where corpus and result lie.

    Settings that came later stand at their defaults in older recipes too.
    """
    recipe = Recipe.model_validate({**content, "corpus": {"path": "x", **_reading(content)}})
    kept = as_mapping(recipe)
    for name in ("seed", "output", "description", "limits"):
        kept.pop(name, None)
    kept["corpus"] = _reading(kept)
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def _reading(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.get("corpus", {}).items() if name not in _PLACES}
