"""The report card of a tagger: every figure of it, computed from one `Judged`.

Renderings are in `card_tables` (terminal), `card_markdown` and `card_page` (HTML); `Card.to_dict` is the
JSON that ``onoma evaluate --json`` writes and `read_card` reads.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from onoma.errors import InputError
from onoma.evaluation.bootstrap import Intervals, bootstrap
from onoma.evaluation.breakdowns import Breakdown, by_entity_length, by_sentence_length, by_surface_frequency
from onoma.evaluation.calibration import Calibration, calibrate
from onoma.evaluation.card_facts import CorpusFacts, ModelFacts
from onoma.evaluation.judged import Judged
from onoma.evaluation.mistakes import Mistakes, sort_mistakes
from onoma.evaluation.overfitting import Fit
from onoma.evaluation.runs import Runs
from onoma.evaluation.schemas import Schemas, match_schemas
from onoma.evaluation.scores import EntityScores, Scores
from onoma.evaluation.speed import Speed
from onoma.evaluation.surfaces import SeenScores, Surfaces, seen_unseen, unique_surfaces

__all__ = ["FORMAT", "Card", "make_card", "read_card"]

FORMAT = 1
"""The format of a card's JSON; it grows when a key goes or changes its meaning, not when one comes."""


@dataclass(frozen=True)
class Card:
    """A report card. What was not asked for, or cannot be known, is None.

    ``seen``, ``unique`` and the breakdown by frequency need words and are empty without.

    >>> from onoma.evaluation.judged import judge_tags
    >>> card = make_card(judge_tags([["B-per", "O"]], [["O", "O"]], [["Ada", "wrote"]]), ModelFacts("none"))
    >>> card.scores.strict.micro.recall, card.to_dict()["all_o_floor"]["accuracy"]
    (0.0, 0.5)
    """

    model: ModelFacts
    corpus: CorpusFacts
    judged: Judged
    intervals: Intervals | None
    matching: Schemas
    breakdowns: Sequence[Breakdown]
    mistakes: Mistakes
    calibration: Calibration | None = None
    unique: EntityScores | None = None
    seen: SeenScores | None = None
    fit: Fit | None = None
    speed: Speed | None = None
    runs: Runs | None = None

    @property
    def scores(self) -> Scores:
        """The counts: strict, conlleval, tokens, sentences."""
        return self.judged.scores

    def to_dict(self) -> dict[str, Any]:
        """The card as plain data, ready for JSON, never NaN; it has all the keys of `Scores.to_dict`."""
        parts = {
            "intervals": self.intervals,
            "matching": self.matching,
            "unique_surfaces": self.unique,
            "seen_unseen": self.seen,
            "mistakes": self.mistakes,
            "calibration": self.calibration,
            "fit": self.fit,
            "speed": self.speed,
            "runs": self.runs,
        }
        return {
            "card": FORMAT,
            "model": self.model.name,
            "about": self.model.to_dict(),
            "corpus": self.corpus.to_dict(),
            **self.scores.to_dict(),
            **{name: None if part is None else part.to_dict() for name, part in parts.items()},
            "breakdowns": [breakdown.to_dict() for breakdown in self.breakdowns],
        }


def make_card(
    judged: Judged,
    model: ModelFacts,
    corpus: CorpusFacts | None = None,
    *,
    training: Surfaces | None = None,
    fit: Fit | None = None,
    speed: Speed | None = None,
    runs: Runs | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Card:
    """Compute the card of what ``judged`` holds.

    ``training`` are the surfaces annotated in the corpus that the tagger learned from; without them nothing
    is said of seen and unseen entities. ``resamples`` and ``seed`` are those of the bootstrap; 0 resamples
    leave the intervals out.
    """
    breakdowns = [by_entity_length(judged), by_sentence_length(judged)]
    if judged.worded:
        breakdowns.append(by_surface_frequency(judged, training))
    return Card(
        model=model,
        corpus=corpus or CorpusFacts(),
        judged=judged,
        intervals=bootstrap(judged, resamples=resamples, seed=seed) if resamples else None,
        matching=match_schemas(judged),
        breakdowns=breakdowns,
        mistakes=sort_mistakes(judged),
        calibration=calibrate(judged),
        unique=unique_surfaces(judged) if judged.worded else None,
        seen=seen_unseen(judged, training) if judged.worded and training is not None else None,
        fit=fit,
        speed=speed,
        runs=runs,
    )


def read_card(path: str | PathLike[str]) -> dict[str, Any]:
    """The JSON of a card, as `Card.to_dict` made it.

    Raises `InputError` when ``path`` holds no card, or one of a newer format.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no JSON: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("card"), int):
        raise InputError(
            f"{path} is no report card; make one with: onoma evaluate MODEL CORPUS --json {path}"
        )
    if content["card"] > FORMAT:
        raise InputError(f"{path} is a card of format {content['card']}; this version reads up to {FORMAT}")
    return content
