"""A cheap tagger answers, and what it is not certain of goes on to a costly one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from onoma.errors import BundleError, InputError
from onoma.files import whole_file
from onoma.runtime.foreign import check_same
from onoma.runtime.texts import Text, checked_texts, tokenised
from onoma.text import Annotate, Document

__all__ = ["Cascade", "CascadePolicy", "certainty", "read_policy", "write_policy"]


def certainty(document: Document) -> float:
    """How certain a tagger is of its answer: the probability that the whole reading is right.

    A bundle tells it: the probability of the best path of tags, which is also low where nothing was found
    and something may well be there. Of a tagger that does not tell, it is the lowest score of an entity, and
    1 where there is none.
    """
    told = document.coverage.certainty if document.coverage else None
    return min((entity.score for entity in document.entities), default=1.0) if told is None else told


class Cascade:
    """An `Annotate` from two: what ``cheap`` is less certain of than ``threshold`` goes to ``costly``.

    Each document is decided by itself; `Document.coverage` says who answered. The threshold is for
    `onoma.runtime.cascade_fit` to find.

    >>> from onoma.text import Entity
    >>> def cheap(documents):
    ...     return [d.replace(entities=[Entity(0, 3, "per", 0.4)]) for d in documents]
    >>> def costly(documents):
    ...     return [d.replace(entities=[Entity(0, 12, "per", 0.9)]) for d in documents]
    >>> [document] = Cascade(cheap, costly, 0.5)(["Ada Lovelace"])
    >>> document.surface(document.entities[0])
    'Ada Lovelace'
    """

    def __init__(self, cheap: Annotate, costly: Annotate, threshold: float) -> None:
        """Raises `InputError` for a threshold below 0 or that is no number."""
        if not threshold >= 0:
            raise InputError(f"the threshold is {threshold}; it may be 0 (nothing goes on) or more")
        self.cheap, self.costly, self.threshold = cheap, costly, threshold

    def __call__(self, texts: Sequence[Text]) -> list[Document]:
        """The answers of the one or the other. Raises `InputError` naming the position of what is no text."""
        documents = [tokenised(document) for document in checked_texts(texts)]
        answers = _asked("the cheap tagger", self.cheap, documents)
        unsure = [place for place, each in enumerate(answers) if certainty(each) < self.threshold]
        better = _asked("the costly tagger", self.costly, [documents[place] for place in unsure])
        for place, answer in zip(unsure, better, strict=True):
            answers[place] = answer
        return answers


def _asked(name: str, tagger: Annotate, documents: list[Document]) -> list[Document]:
    if not documents:
        return []
    answers = list(tagger(documents))
    check_same(name, documents, answers)
    return answers


class CascadePolicy(BaseModel):
    """A threshold that was fitted, for which two taggers, to what budget and on what.

    ``cheap`` and ``costly`` name the taggers as a command does, ``versions`` says which they were (empty
    where a tagger has none), ``expected`` what the threshold came to on the corpus with that ``fingerprint``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: int = 1
    threshold: float = Field(ge=0)
    cheap: str
    costly: str
    versions: tuple[str, str] = ("", "")
    budget: str
    fingerprint: str
    expected: dict[str, float]

    def of(self, cheap: Annotate, costly: Annotate) -> Cascade:
        """The cascade of these two; raises `BundleError` when they are not those it was fitted for."""
        for name, tagger, version in zip(
            (self.cheap, self.costly), (cheap, costly), self.versions, strict=True
        ):
            if version and version != (now := getattr(tagger, "version", "")):
                raise BundleError(
                    f"the threshold was fitted for {name} as {version}, and it is {now or 'another'} now; "
                    "fit it again: onoma cascade fit"
                )
        return Cascade(cheap, costly, self.threshold)


def write_policy(policy: CascadePolicy, path: str | Path) -> None:
    """Write it as JSON."""
    with whole_file(path) as file:
        file.write(policy.model_dump_json(indent=1) + "\n")


def read_policy(path: str | Path) -> CascadePolicy:
    """What `write_policy` wrote; raises `BundleError` saying why it is none."""
    try:
        content: Any = json.loads(Path(path).read_text(encoding="utf-8"))
        return CascadePolicy.model_validate(content)
    except (OSError, ValueError, ValidationError) as error:
        raise BundleError(f"{path} is no policy of a cascade: {error}") from error
