"""A report card in words: headline figures, remarks, tables; the same for terminal, Markdown and page.

Shares are in per cent with two decimals. No token figure stands alone: the all-O floor is beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from onoma.corpus.taxonomies import TAXONOMIES
from onoma.evaluation.breakdowns import Breakdown
from onoma.evaluation.card import Card
from onoma.evaluation.card_facts import CorpusFacts
from onoma.evaluation.counts import Counts
from onoma.evaluation.mistake_sheets import calibration_sheets, mistake_sheets
from onoma.evaluation.sheets import Sheet
from onoma.evaluation.tables import entity_sheet, figure_row, figures_head, percent, tag_sheet

__all__ = ["Fact", "breakdown_name", "facts", "remarks", "sheets", "size", "title"]

Named = tuple[str, Sheet]


class Fact(NamedTuple):
    """One figure of the headline: what it is, its value, and what to read it with."""

    name: str
    value: str
    note: str = ""


def title(card: Card) -> str:
    """What the card is of."""
    where = card.corpus.path and card.corpus.path.rpartition("/")[2]
    return f"{card.model.name} on {where}" if where else card.model.name


def facts(card: Card) -> Iterator[Fact]:
    """The headline: what a reader must know who reads nothing else."""
    if card.runs is not None:
        spread = card.runs.headline["f1"]
        note = f"mean ± standard deviation; the figures below are of the first, {card.model.name}"
        value = f"{percent(spread.mean)} ± {_deviation(spread.deviation)}"
        yield Fact(f"strict F1, {len(spread.values)} runs", value, note)
    scores = card.scores
    strict, gap = scores.strict.micro, scores.conlleval.micro.f1 - scores.strict.micro.f1
    interval = card.intervals and card.intervals.figures.f1
    within = f"95 % interval {percent(interval.low)}–{percent(interval.high)}; " if interval else ""
    yield Fact(
        "strict F1",
        percent(strict.f1),
        f"{within}precision {percent(strict.precision)}, recall {percent(strict.recall)}",
    )
    note = f"{100 * gap:+.2f} points: ill-formed tags read leniently" if gap else "no ill-formed tags: no gap"
    yield Fact("conlleval F1", percent(scores.conlleval.micro.f1), note)
    yield from _seen_facts(card)
    floor = scores.all_o_floor
    yield Fact(
        "sentences wholly right",
        percent(scores.sequence_accuracy),
        f"of {scores.sentences:,}; answering O everywhere scores {percent(floor.sequence_accuracy)}",
    )
    yield Fact(
        "token accuracy",
        percent(scores.tokens.accuracy),
        f"of {scores.tokens.count:,}; answering O everywhere scores {percent(floor.accuracy)}, "
        f"and {percent(floor.entity_f1)} strict F1",
    )
    if card.calibration is not None:
        over = card.calibration.overconfidence
        note = (
            f"between score and share right; scores are {abs(over):.3f} too {'high' if over > 0 else 'low'}"
        )
        yield Fact("calibration error", f"{card.calibration.ece:.3f}", note)
    yield from _cost_facts(card)


def _seen_facts(card: Card) -> Iterator[Fact]:
    if card.seen is None:
        return
    seen, unseen = card.seen.seen.micro, card.seen.unseen.micro
    yield Fact(
        "F1 on unseen entities",
        percent(unseen.f1),
        f"{unseen.support:,} whose surface training has not; on the {seen.support:,} seen {percent(seen.f1)}",
    )


def _cost_facts(card: Card) -> Iterator[Fact]:
    model, speed = card.model, card.speed
    if model.parameters is not None or model.bytes is not None:
        yield Fact("parameters", _count(model.parameters), f"{size(model.bytes)} on disk")
    if speed:
        yield Fact(
            "latency, median",
            f"{speed.latency_ms['p50']:.1f} ms",
            f"a sentence; p95 {speed.latency_ms['p95']:.1f}, p99 {speed.latency_ms['p99']:.1f} ms",
        )
        yield Fact(
            "tokens per second",
            f"{speed.tokens_per_second['batched']:,.0f}",
            f"in batches of {speed.batch_size}; one sentence at a time "
            f"{speed.tokens_per_second['single']:,.0f}",
        )


def remarks(card: Card) -> Iterator[str]:
    """What a reader must be told in words: signs of overfitting, labels that do not meet, what was mended."""
    yield from (card.fit.warnings if card.fit else [])
    corpus, scores = card.corpus, card.scores
    if corpus.unknown_labels:
        names = ", ".join(corpus.unknown_labels)
        yield f"{card.model.name} does not know the labels {names}; their entities count as missed"
    if corpus.foreign_labels:
        names = ", ".join(corpus.foreign_labels)
        yield f"the corpus has no entity of the labels {names}: predicted ones count as made up"
    yield from _map_hint(corpus)
    if corpus.repairs:
        yield f"{corpus.repairs:,} annotations of the corpus could not be taken as they stood"
    if scores.misaligned:
        yield f"{scores.misaligned:,} predicted entities lie beside the token edges: false positives"
    if len(set(scores.schemes.values())) > 1:
        yield f"gold is {scores.schemes['gold']}, the predictions are {scores.schemes['predicted']}"
    if not scores.strict.micro.support:
        yield "the corpus has no entity: recall and F1 say nothing here"


def _map_hint(corpus: CorpusFacts) -> Iterator[str]:
    """Which map would bring the labels together, where both sides are of known taxonomies."""
    known, wanted = (_taxonomy(labels) for labels in (corpus.foreign_labels, corpus.unknown_labels))
    if known and wanted and known != wanted:
        yield f"the tagger has labels of {known}, the corpus of {wanted}: {known}:{wanted} maps them"


def _taxonomy(labels: Sequence[str]) -> str | None:
    """The known taxonomy that has all of ``labels``."""
    having = (each.name for each in TAXONOMIES.values() if set(labels).issubset(each.labels))
    return next(having, None) if labels else None


def sheets(card: Card) -> dict[str, Sheet]:
    """Every table of ``card`` under a name of its own, in the order in which they are read."""
    return {name: sheet for make in _MAKERS for name, sheet in make(card)}


def _entities(card: Card) -> Iterator[Named]:
    yield "entities", entity_sheet(card.scores, card.intervals)


def _matching(card: Card) -> Iterator[Named]:
    head = ["schema", "precision", "recall", "F1", "correct", "incorrect", "partial", "missed", "spurious"]
    rows = [
        [
            schema,
            *map(percent, (row.precision, row.recall, row.f1)),
            *(f"{n:,}" for n in (row.correct, row.incorrect, row.partial, row.missed, row.spurious)),
        ]
        for schema, row in card.matching.pooled.items()
    ]
    note = (
        "SemEval-2013 and MUC: strict wants span and label, exact the span, type an overlap and the label; "
        "partial counts an overlap half."
    )
    yield "matching", Sheet("Exact, partial and type matching", head, "lrrrrrrrr", rows, [note])
    labels = [
        [label, *(percent(row[schema].f1) for schema in card.matching.pooled)]
        for label, row in card.matching.types.items()
    ]
    head = ["label", *(f"{schema} F1" for schema in card.matching.pooled)]
    note = "Each label judged alone, so labels do not add up to the table above."
    align = "l" + "r" * (len(head) - 1)
    yield "matching-labels", Sheet("The same by label", head, align, labels, [note])


def _seen(card: Card) -> Iterator[Named]:
    if card.seen is None:
        return
    parts = {"seen in training": card.seen.seen, "not seen": card.seen.unseen}
    rows = [figure_row(name, part.micro) for name, part in parts.items()]
    for label in card.scores.strict.types:
        rows += [
            figure_row(f"{label}, {name}", part.types.get(label, Counts())) for name, part in parts.items()
        ]
    note = (
        f"Entities whose surface is annotated in the training corpus score {100 * card.seen.gap:.2f} points "
        "above those whose surface is new."
    )
    yield "seen", Sheet("Seen and unseen entities", figures_head("entities"), "lrrrr", rows, [note])


def _unique(card: Card) -> Iterator[Named]:
    if card.unique is None:
        return
    rows = [figure_row(label, counts) for label, counts in card.unique.types.items()]
    rows += [figure_row("micro", card.unique.micro), figure_row("macro", card.unique.macro)]
    note = "Each distinct pair of surface and label counts once, as in WNUT-2017."
    yield "unique", Sheet("Distinct surfaces", figures_head("label"), "lrrrr", rows, [note])


def _breakdowns(card: Card) -> Iterator[Named]:
    for breakdown in card.breakdowns:
        rows = [figure_row(name, part.micro) for name, part in breakdown.parts.items()]
        yield breakdown_name(breakdown), Sheet(f"By {breakdown.by}", figures_head("part"), "lrrrr", rows)


def breakdown_name(breakdown: Breakdown) -> str:
    """The name of a breakdown's table: ``by-entity-length``."""
    return "-".join(["by", *breakdown.by.split()[:2]])


def _mistakes(card: Card) -> Iterator[Named]:
    yield from mistake_sheets(card.mistakes)


def _calibration(card: Card) -> Iterator[Named]:
    if card.calibration is not None:
        yield from calibration_sheets(card.calibration)


def _tokens(card: Card) -> Iterator[Named]:
    yield "tokens", tag_sheet(card.scores)


def _splits(card: Card) -> Iterator[Named]:
    if card.fit is None or not card.fit.f1:
        return
    sample = card.fit.train_sample
    rows = [[split, percent(f1)] for split, f1 in card.fit.f1.items()]
    notes = [f"F1 on train is measured on {sample:,} of its sentences."] if sample else []
    yield "splits", Sheet("Strict F1 by split", ["split", "F1"], "lr", rows, notes)


def _epochs(card: Card) -> Iterator[Named]:
    if card.fit is None or not card.fit.history:
        return
    rows = [
        [str(row["epoch"] + 1), f"{row['loss']:.4f}", f"{row['dev_loss']:.4f}", percent(row["dev_f1"])]
        for row in card.fit.history
    ]
    head = ["epoch", "train loss", "dev loss", "dev F1"]
    notes = [f"Epoch {card.fit.chosen} was chosen, for its F1 on dev."] if card.fit.chosen else []
    yield "epochs", Sheet("Training, by epoch", head, "rrrr", rows, notes)


def _runs(card: Card) -> Iterator[Named]:
    if card.runs is None:
        return
    spreads = {**card.runs.headline, **{f"F1 {name}": s for name, s in card.runs.types.items()}}
    rows = [
        [_FIGURES.get(name, name), f"{percent(s.mean)} ± {_deviation(s.deviation)}", *map(percent, s.values)]
        for name, s in spreads.items()
    ]
    numbers = {str(number): name for number, name in enumerate(card.runs.scores, 1)}
    listed = ", ".join(f"{number} is {name}" for number, name in numbers.items())
    note = f"sd is the sample standard deviation. Run {listed}."
    head = ["strict", "mean ± sd", *numbers]
    yield "runs", Sheet("Several runs", head, "l" + "r" * (len(head) - 1), rows, [note])


_FIGURES = {
    "f1": "F1",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "conlleval_f1": "conlleval F1",
    "sequence_accuracy": "sentences wholly right",
}


def _about(card: Card) -> Iterator[Named]:
    model, corpus, speed = card.model, card.corpus, card.speed
    told = {
        "tagger": f"{model.name}, {model.kind}",
        "labels it knows": None if model.labels is None else ", ".join(model.labels),
        "parameters": None if model.parameters is None else _count(model.parameters),
        "size on disk": None if model.bytes is None else size(model.bytes),
        "time of training": None
        if model.training_seconds is None
        else f"{model.training_seconds / 60:.1f} min",
        "seed": None if model.seed is None else str(model.seed),
        "corpus": corpus.path,
        "split": corpus.split,
        "fingerprint of the corpus": corpus.fingerprint,
        "labels of the corpus renamed": _renamed(corpus.label_map),
        "labels of the tagger renamed": _renamed(model.label_map),
        "timed on": speed and f"{speed.sentences:,} sentences, {speed.tokens:,} tokens",
        "timed with": speed and f"{_threads(speed.threads)}; {speed.machine}",
    }
    rows = [[name, value] for name, value in told.items() if value]
    yield "about", Sheet("Tagger, corpus, machine", ["", ""], "ll", rows)


_MAKERS: Sequence[Callable[[Card], Iterator[Named]]] = (
    _entities,
    _runs,
    _seen,
    _matching,
    _unique,
    _breakdowns,
    _mistakes,
    _calibration,
    _splits,
    _epochs,
    _tokens,
    _about,
)


def _renamed(names: Mapping[str, str]) -> str:
    return ", ".join(f"{old} to {new or 'nothing'}" for old, new in names.items())


def _deviation(deviation: float | None) -> str:
    return "–" if deviation is None else percent(deviation)


def _count(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"


def size(count: int | None) -> str:
    """A number of bytes for people; None is unknown.

    >>> size(4_817_197), size(None)
    ('4.8 MB', 'unknown')
    """
    return "unknown" if count is None else f"{count / 1e6:,.1f} MB"


def _threads(threads: int | None) -> str:
    return "the tagger's own choice of threads" if threads is None else f"{threads} threads"
