"""Taggers by name, as a serving file and a worker's command line write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from onoma.runtime.cascade import read_policy
from onoma.runtime.foreign import Function, SpacyPipeline
from onoma.runtime.loading import load
from onoma.text import Annotate

__all__ = ["accuracy_of", "load_tagger"]


def load_tagger(model: str, threads: int | None = None) -> Annotate:
    """The tagger that ``model`` names: a bundle by name or folder, ``cascade:FILE``, ``spacy:NAME``, or
    ``module:name`` of a function.

    Raises `BundleError` or `InputError` where there is none.

    >>> load_tagger("en-gmb").name
    'en-gmb'
    """
    kind, _, rest = model.partition(":")
    if kind in _KINDS and rest:
        return _KINDS[kind](rest, threads)
    return Function(model) if rest and not Path(model).exists() else load(model, threads=threads)


def _cascade(path: str, threads: int | None) -> Annotate:
    policy = read_policy(path)
    cascade: Any = policy.of(load_tagger(policy.cheap, threads), load_tagger(policy.costly, threads))
    cascade.name = Path(path).stem
    cascade.version = f"{'+'.join(policy.versions)}@{policy.threshold:g}"
    cascade.labels = sorted({*cascade.cheap.labels, *cascade.costly.labels})
    return cascade  # type: ignore[no-any-return]


def _spacy(name: str, threads: int | None) -> Annotate:
    return SpacyPipeline(name)


def accuracy_of(tagger: Any) -> float:
    """F1 from 0 to 1 as a tagger tells it of itself, or as its bundle does; 0 where neither does.

    >>> 0.8 < accuracy_of(load_tagger("en-gmb")) < 0.9
    True
    """
    told = getattr(tagger, "accuracy", None)
    scores: dict[str, Any] = getattr(getattr(tagger, "manifest", None), "scores", {})
    found = (scores[split]["strict"]["micro"]["f1"] for split in ("test", "dev") if split in scores)
    return float(next(found, 0.0) if told is None else told)


_KINDS: dict[str, Callable[[str, int | None], Annotate]] = {"cascade": _cascade, "spacy": _spacy}
