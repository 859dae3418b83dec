"""What may be named on the command line as a tagger, and how each kind becomes an `Annotate`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from onoma.evaluation.examine import Candidate
    from onoma.text import Document

__all__ = ["MODEL_HELP", "Provider", "Settings", "load_candidate"]

MODEL_HELP = (
    "A bundle (its folder, or the name of an installed one); spacy:NAME or a pipeline's folder; hf:NAME or a "
    "token classifier's folder; module:name of a Python function; predictions:FILE in any corpus format; "
    "cascade:FILE that onoma cascade fit wrote."
)

Provider = Annotated[
    str,
    typer.Option(
        help="What runs a bundle: cpu, cuda, tensorrt, coreml, … as the ONNX Runtime installed has."
    ),
]


@dataclass(frozen=True)
class Settings:
    """How taggers are run: ``threads`` and ``provider`` of a bundle, ``aggregation`` of a Hugging Face
    model's pieces; whether the sentences of an article are put together for a bundle that wants that.
    """

    threads: int | None = None
    aggregation: str = "first"
    provider: str = "cpu"
    articles: bool = True


def load_candidate(model: str, settings: Settings) -> Candidate:
    """The tagger that ``model`` names (see `MODEL_HELP`); raises `InputError` or `BundleError` if none is."""
    kind, _, rest = model.partition(":")
    if kind in _KINDS and rest:
        return _KINDS[kind](rest, settings)
    if _FUNCTION.fullmatch(model) and not Path(model).exists():
        return _function(model, settings)
    named = next((kind for name, kind in _SIGNS.items() if (Path(model) / name).is_file()), "onoma")
    return _KINDS[named](model, settings)


_FUNCTION = re.compile(r"[^\W\d][\w.]*:[^\W\d][\w.]*")

# a file that tells what kind of tagger a folder holds, the most telling first
_SIGNS = {"bundle.json": "onoma", "config.cfg": "spacy", "config.json": "hf"}


def _onoma(name: str, settings: Settings) -> Candidate:
    import onoma
    from onoma.evaluation.card_facts import ModelFacts
    from onoma.evaluation.examine import Candidate
    from onoma.evaluation.runs import read_history
    from onoma.runtime.articles import in_context, wants_articles

    tagger = onoma.load(name, threads=settings.threads, provider=settings.provider)
    manifest, history = tagger.manifest, read_history(tagger.folder)
    seconds = sum(row.get("seconds", 0.0) for row in history)
    facts = ModelFacts(
        name=_distinct(tagger.name, tagger.folder),
        kind="Onoma bundle",
        labels=tagger.labels,
        parameters=manifest.parameters,
        bytes=manifest.bytes,
        training_seconds=round(seconds, 3) or None,
        seed=manifest.recipe.get("seed"),
    )
    trained_on = None if manifest.corpus is None else manifest.corpus.fingerprint
    dev_f1 = manifest.scores["dev"]["strict"]["micro"]["f1"] if "dev" in manifest.scores else None
    together = settings.articles and wants_articles(tagger)
    annotate = in_context(tagger) if together else tagger
    return Candidate(annotate, facts, history, trained_on, dev_f1, together=together)


def _distinct(name: str, folder: Path) -> str:
    """A bundle's name, and its folder's where that says more: runs of one recipe share a name."""
    if name in folder.name:
        return folder.name
    return f"{name} ({folder.name})" if folder.name else name


def _spacy(name: str, settings: Settings) -> Candidate:
    from onoma.runtime.foreign import SpacyPipeline

    return _foreign(SpacyPipeline(name))


def _hugging_face(name: str, settings: Settings) -> Candidate:
    from onoma.models.hugging_face import TokenClassifier

    return _foreign(TokenClassifier(name, aggregation=settings.aggregation))


def _function(place: str, settings: Settings) -> Candidate:
    from onoma.runtime.foreign import Function

    return _foreign(Function(place))


def _predictions(path: str, settings: Settings) -> Candidate:
    from onoma.corpus import read
    from onoma.evaluation.card_facts import ModelFacts
    from onoma.evaluation.examine import Candidate
    from onoma.evaluation.predictions import align_predictions

    corpus = read(path)

    def annotate(documents: Sequence[Document]) -> list[Document]:
        return align_predictions(documents, list(corpus))

    facts = ModelFacts(Path(path).name, "predictions in a file", corpus.labels)
    return Candidate(annotate, facts, whole=True)


def _cascade(path: str, settings: Settings) -> Candidate:
    from onoma.evaluation.card_facts import ModelFacts
    from onoma.evaluation.examine import Candidate
    from onoma.runtime.cascade import read_policy

    policy = read_policy(path)
    cheap, costly = (load_candidate(name, settings) for name in (policy.cheap, policy.costly))
    labels = sorted({*(cheap.facts.labels or ()), *(costly.facts.labels or ())})
    facts = ModelFacts(f"{cheap.facts.name} → {costly.facts.name}", "cascade", labels)
    return Candidate(policy.of(cheap.annotate, costly.annotate), facts)


def _foreign(tagger: Any) -> Candidate:
    """A tagger of `onoma.runtime.foreign` or `onoma.models.hugging_face`, with what it tells of itself."""
    from onoma.evaluation.card_facts import ModelFacts
    from onoma.evaluation.examine import Candidate

    size = None if tagger.folder is None else _size(tagger.folder)
    return Candidate(tagger, ModelFacts(tagger.name, tagger.kind, tagger.labels, tagger.parameters, size))


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


_KINDS: dict[str, Callable[[str, Settings], Candidate]] = {
    "onoma": _onoma,
    "spacy": _spacy,
    "hf": _hugging_face,
    "predictions": _predictions,
    "cascade": _cascade,
}
