"""What a tagger saves and what it leaves wrong, worked out from its report card and from what is given.

Nothing is assumed: a figure that is neither on the card nor given leaves uncomputed what depends on it, and
that is said. All formulae are in one table, and are shown with the numbers put in.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from onoma.errors import InputError
from onoma.evaluation.figures import Figure, computed, exactly, filled, names_in, shown_formula

__all__ = ["GIVEN", "ON_CARD", "Business", "Line", "card_figures", "work_out"]

# figures that only the user knows; what each is
GIVEN = {
    "documents": "how many documents there are to annotate",
    "sentences_per_document": "how many sentences such a document has",
    "entities_per_hour": "how many entities one person annotates in an hour, reading included",
    "hourly_cost": "what an hour of an annotator costs",
    "reviews_per_hour": "how many suggested entities one person accepts or mends in an hour",
    "reviewer_accuracy": "the share of suggestions, 0 to 1, that a reviewer judges rightly",
    "machine_hourly_cost": "what an hour of the machine costs that the card's speed was measured on",
    "threshold": "the score below which a suggestion is reviewed",
}
_SHARES = ("reviewer_accuracy", "threshold")

# what the card says, and what is missing where it does not
ON_CARD = {
    "precision": "the share of suggested entities that are right",
    "recall": "the share of entities that are found",
    "entities_per_sentence": "gold entities a sentence of the card's corpus",
    "tokens_per_sentence": "tokens a sentence of the card's corpus",
    "tokens_per_second": "speed in batches",
    "precision_above": "precision of suggestions that score at least the threshold",
    "recall_above": "recall of suggestions that score at least the threshold",
    "threshold_on_card": "the nearest threshold on the card's curve, at or above that given",
}


class Formula(NamedTuple):
    """How one result is computed, and its unit: money, hours (``h``), or none for what is counted."""

    name: str
    formula: str
    unit: str = ""


# sections of results; each may use what stands above it
FORMULAE = {
    "Volume": [
        Formula("sentences", "documents * sentences_per_document"),
        Formula("entities", "sentences * entities_per_sentence"),
        Formula("tokens", "sentences * tokens_per_sentence"),
    ],
    "By hand": [
        Formula("hours_by_hand", "entities / entities_per_hour", "h"),
        Formula("cost_by_hand", "hours_by_hand * hourly_cost", "money"),
    ],
    "The tagger": [
        Formula("found", "entities * recall"),
        Formula("suggested", "entities * recall / precision"),
        Formula("missed", "entities * (1 - recall)"),
        Formula("made_up", "entities * recall * (1 / precision - 1)"),
        Formula("machine_hours", "tokens / tokens_per_second / 3600", "h"),
        Formula("machine_cost", "machine_hours * machine_hourly_cost", "money"),
    ],
    "No review": [
        # missed + made_up, with each uncertain name as seldom as can be: the bounds are then exact
        Formula("errors_left", "entities * (1 + recall * (1 / precision - 2))"),
        Formula("cost_saved", "cost_by_hand - machine_cost", "money"),
    ],
    "Review of everything": [
        Formula("review_hours", "suggested / reviews_per_hour", "h"),
        Formula("review_cost", "review_hours * hourly_cost", "money"),
        Formula("errors_left_after_review", "missed + suggested * (1 - reviewer_accuracy)"),
        Formula("hours_saved_by_review", "hours_by_hand - review_hours", "h"),
        Formula("cost_saved_by_review", "cost_by_hand - review_cost", "money"),
        Formula("review_saves_net", "cost_saved_by_review - machine_cost", "money"),
    ],
    "Review below the threshold": [
        Formula("taken_unseen", "entities * recall_above / precision_above"),
        Formula("looked_at", "suggested - taken_unseen"),
        Formula("part_review_hours", "looked_at / reviews_per_hour", "h"),
        Formula("part_review_cost", "part_review_hours * hourly_cost", "money"),
        Formula(
            "errors_left_after_part_review",
            "missed + taken_unseen * (1 - precision_above) + looked_at * (1 - reviewer_accuracy)",
        ),
        Formula("hours_saved_by_part_review", "hours_by_hand - part_review_hours", "h"),
        Formula("cost_saved_by_part_review", "cost_by_hand - part_review_cost", "money"),
        Formula("part_review_saves_net", "cost_saved_by_part_review - machine_cost", "money"),
    ],
}
_NEEDED = ("documents", "sentences_per_document")


@dataclass(frozen=True, slots=True)
class Line:
    """A result; ``figure`` is None where something is ``missing``, which then is named."""

    section: str
    name: str
    unit: str
    formula: str
    filled: str
    figure: Figure | None
    missing: Sequence[str]

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "section": self.section,
            "name": self.name,
            "unit": self.unit,
            "formula": self.formula,
            "filled": self.filled,
            "figure": None if self.figure is None else self.figure.to_dict(),
            "missing": list(self.missing),
        }


@dataclass(frozen=True, slots=True)
class Business:
    """What `work_out` found: the figures it began with, and the lines."""

    given: Mapping[str, float]
    card: Mapping[str, Figure]
    lines: Sequence[Line]
    level: float | None  # of the card's intervals; None where it has none

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON; never NaN."""
        return {
            "given": dict(self.given),
            "card": {name: figure.to_dict() for name, figure in self.card.items()},
            "interval_level": self.level,
            "lines": [line.to_dict() for line in self.lines],
        }


def work_out(card: Mapping[str, Any], given: Mapping[str, float]) -> Business:
    """Compute every line that ``card`` (as ``onoma evaluate --json`` writes it) and ``given`` suffice for.

    Intervals are those of the card's precision and recall, carried through; what is given is taken as exact.

    Raises `InputError` for figures that are missing and without which nothing can be said (how much there is
    to annotate), that make no sense, or that nothing is known of, and for a card without scores.

    >>> card = {"strict": {"micro": {"precision": 0.8, "recall": 0.5, "support": 30}}, "sentences": 10,
    ...         "tokens": {"count": 200}}
    >>> business = work_out(card, {"documents": 100, "sentences_per_document": 10, "entities_per_hour": 300})
    >>> {line.name: line.figure.value for line in business.lines if line.figure}["hours_by_hand"]
    10.0
    >>> next(line for line in business.lines if line.name == "cost_by_hand").missing
    ['hourly_cost']
    """
    _check(given)
    known = card_figures(card, given.get("threshold"))
    figures = known | {name: exactly(value) for name, value in given.items()}
    intervals = card.get("intervals")
    level = float(intervals["level"]) if intervals else None
    return Business(dict(given), known, list(_lines(figures)), level)


def _check(given: Mapping[str, float]) -> None:
    for name in _NEEDED:
        if name not in given:
            raise InputError(f"{name} was not given: {GIVEN[name]}; without it nothing can be computed")
    for name, value in given.items():
        if name not in GIVEN:
            raise InputError(f"nothing is known of {name!r}; what can be given: {', '.join(GIVEN)}")
        top = 1 if name in _SHARES else math.inf
        if not (0 <= value <= top and value < math.inf) or (value == 0 and name not in (*_SHARES, *_FREE)):
            what = "a share from 0 to 1" if name in _SHARES else "a number above 0"
            raise InputError(f"{name} is {what} ({GIVEN[name]}), not {value}")


_FREE = ("machine_hourly_cost", "hourly_cost")  # may cost nothing


def card_figures(card: Mapping[str, Any], threshold: float | None = None) -> dict[str, Figure]:
    """What ``card`` says of a tagger, with the card's intervals where it has them.

    Raises `InputError` for a card without scores, without gold entities, or whose tagger found nothing.
    """
    try:
        micro, sentences, tokens = card["strict"]["micro"], card["sentences"], card["tokens"]["count"]
        support = micro["support"]
        figures = {name: exactly(float(micro[name])) for name in ("precision", "recall")}
    except (KeyError, TypeError) as error:
        raise InputError(
            "the card has no scores; make one with: onoma evaluate MODEL CORPUS --json"
        ) from error
    if not (sentences and support and figures["precision"].value):
        raise InputError(
            "the card's corpus has no entities, or the tagger found none: nothing can be computed"
        )
    figures["entities_per_sentence"] = exactly(support / sentences)
    figures["tokens_per_sentence"] = exactly(tokens / sentences)
    intervals = (card.get("intervals") or {}).get("micro", {})
    figures |= {name: Figure(**intervals[name]) for name in ("precision", "recall") if name in intervals}
    speed = card.get("speed") or {}
    if speed:
        figures["tokens_per_second"] = exactly(float(speed["tokens_per_second"]["batched"]))
    return figures | _above(card, threshold)


def _above(card: Mapping[str, Any], threshold: float | None) -> dict[str, Figure]:
    """Precision and recall of what scores at least ``threshold``: the curve's next point, none if it ends."""
    curve = (card.get("calibration") or {}).get("curve") or []
    points = [point for point in curve if threshold is not None and point["threshold"] >= threshold]
    if not points:
        return {}
    point = min(points, key=lambda point: point["threshold"])
    above = {f"{name}_above": exactly(float(point[name])) for name in ("precision", "recall")}
    return above | {"threshold_on_card": exactly(float(point["threshold"]))}


def _lines(figures: dict[str, Figure]) -> Iterator[Line]:
    missing: dict[str, list[str]] = {}
    known = dict(figures)
    for section, (name, formula, unit) in _in_order():
        lacking = [deep for need in names_in(formula) for deep in _lacking(need, known, missing)]
        if lacking:
            missing[name] = list(dict.fromkeys(lacking))
            yield Line(section, name, unit, shown_formula(formula), "", None, missing[name])
        else:
            known[name] = computed(formula, known)
            numbers = filled(formula, known)
            yield Line(section, name, unit, shown_formula(formula), numbers, known[name], [])


def _in_order() -> Iterator[tuple[str, Formula]]:
    return ((section, formula) for section, formulae in FORMULAE.items() for formula in formulae)


def _lacking(need: str, known: Mapping[str, Figure], missing: Mapping[str, list[str]]) -> list[str]:
    """What has to be given before ``need`` can be computed; the roots, not the lines between."""
    if need in known:
        return []
    if need.endswith("_above") and "threshold" not in known:
        return ["threshold"]
    return missing.get(need, [need])
