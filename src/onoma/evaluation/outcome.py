"""What comes of scoring files of predictions: every figure that needs no model, ready to be shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onoma.corpus import read
from onoma.corpus.label_map import LabelMap
from onoma.corpus.recognising import detect, recognise
from onoma.corpus.sources import TextSource
from onoma.errors import CorpusError, InputError
from onoma.evaluation.card import Card, make_card
from onoma.evaluation.card_facts import CorpusFacts, ModelFacts
from onoma.evaluation.card_markdown import card_markdown
from onoma.evaluation.card_page import REMARK_STYLE, card_parts, remark_parts
from onoma.evaluation.entries import Entry, column_entries, document_entries
from onoma.evaluation.label_notes import label_notes
from onoma.evaluation.policy_effects import effects_sheet, policy_effects
from onoma.evaluation.published import Published
from onoma.evaluation.shared_tasks import task_named
from onoma.evaluation.sheets import Sheet, as_markdown, as_section
from onoma.evaluation.side_by_side import (
    Difference,
    differences,
    differences_sheet,
    scores_sheet,
    short_names,
)
from onoma.evaluation.submission import LAST, Layout, score_task
from onoma.evaluation.surfaces import training_surfaces
from onoma.pages.frame import details, page, section
from onoma.pages.frame import text as escaped
from onoma.pages.markup import Html

if TYPE_CHECKING:
    from rich.console import Group

__all__ = ["Outcome", "Request", "score_request"]

_BY_LINES = "conll"  # the corpus format that is scored line by line, without making documents
_TWO_COLUMNS = "germeval"  # two columns of tags: two levels, unless columns are named


@dataclass(frozen=True, slots=True)
class Request:
    """Which files to score and how; without predictions, ``gold`` holds both, the predicted tags last.

    ``map`` renames labels on both sides before they are compared. ``cards``: make the whole report card of
    each prediction, which costs seconds for a million tokens.
    """

    gold: Path
    predicted: Sequence[Path] = ()
    layout: Layout = LAST
    policy: str = "strict"
    task: str | None = None
    characters: bool = False
    train: Path | None = None
    map: LabelMap | None = None
    cards: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """Scores of one prediction or more of the same text."""

    gold: str
    entries: Sequence[Entry]
    published: Sequence[Published] = ()
    cards: Sequence[Card] = ()
    differences: Sequence[Difference] = ()
    names: Sequence[str] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON; of a single prediction the keys of its scores are the outermost."""
        rows = [self._row(place) for place in range(len(self.entries))]
        if len(rows) == 1:
            return {"gold": self.gold} | rows[0]
        pairs = [difference.to_dict() for difference in self.differences]
        return {"gold": self.gold, "submissions": rows, "differences": pairs}

    def _row(self, place: int) -> dict[str, Any]:
        entry = self.entries[place]
        figures = self.cards[place].to_dict() if self.cards else entry.scores.to_dict()
        more = {
            "notes": list(self._notes(entry)),
            "policies": [effect.to_dict() for effect in policy_effects(entry.scores)],
        }
        if self.published:
            more["shared_task"] = dict(self.published[place].figures)
        return {"predicted": entry.name} | figures | more

    def scorer_text(self) -> str:
        """What the shared task's scorer prints of each prediction, under its name if there are several."""
        heads = [f"{name}\n" if self._several else "" for name in self.names]
        return "\n\n".join(
            f"{head}{published.text}" for head, published in zip(heads, self.published, strict=False)
        )

    def in_terminal(self, *, full: bool = False) -> Group:
        """Tables for the terminal; ``full``: with every one."""
        from rich.console import Group

        return Group(*self._shown(full))

    def _shown(self, full: bool) -> Iterator[Any]:
        from rich.text import Text

        from onoma.evaluation.sheets import in_terminal

        if self._several:
            yield in_terminal(self._comparison())
        if not self._several or full:
            yield from self._tables(full)
        for entry in self.entries:
            for note in self._notes(entry):
                yield Text(f"{f'{entry.name}: ' if self._several else ''}{note}", style="yellow")

    def _tables(self, full: bool) -> Iterator[Any]:
        from onoma.evaluation import card_tables, tables
        from onoma.evaluation.sheets import in_terminal

        for place, entry in enumerate(self.entries):
            if self.cards:
                yield card_tables.report(self.cards[place], full=full)
            else:
                yield tables.report(entry.scores)
            if full:
                yield in_terminal([_effects(entry)])

    def markdown(self) -> str:
        """The comparison, what the shared task's scorer prints, the report cards and the policies."""
        parts = [f"# {self._title()}\n", *map(as_markdown, self._comparison())] if self._several else []
        if text := self.scorer_text():
            parts.append(f"```\n{text}\n```\n")
        for card, entry in zip(self.cards, self.entries, strict=True):
            parts += [card_markdown(card), as_markdown(_effects(entry))]
        return "\n".join(parts)

    def page(self) -> str:
        """The same as a page; where there are several, each card is folded up under its name. The charts
        need matplotlib (extra ``report``)."""
        return page(self._title(), self._parts(), extra_style=REMARK_STYLE)

    def _parts(self) -> Iterator[str]:
        yield from map(as_section, self._comparison() if self._several else [])
        if text := self.scorer_text():
            printed = Html(f'<pre style="overflow-x: auto">{escaped(text)}</pre>')
            yield section("As the shared task's scorer prints it", printed)
        for name, card, entry in zip(self.names, self.cards, self.entries, strict=True):
            parts = [*remark_parts(self._notes(entry)), *card_parts(card), as_section(_effects(entry))]
            yield from [details(name, *parts)] if self._several else parts

    def _title(self) -> str:
        return f"{', '.join(self.names)} on {Path(self.gold).name}"

    @property
    def _several(self) -> bool:
        return len(self.entries) > 1

    def _comparison(self) -> list[Sheet]:
        shown = [scores_sheet(self.names, [entry.scores for entry in self.entries])]
        return [*shown, differences_sheet(self.differences)] if self.differences else shown

    def _notes(self, entry: Entry) -> Iterator[str]:
        yield from entry.notes
        yield from label_notes(entry.scores)
        strict, *_ = policy_effects(entry.scores)
        if strict.gold_changed or strict.predicted_changed:
            yield (
                f"ill-formed: {strict.predicted_changed:,} predicted entities and {strict.gold_changed:,} of "
                "gold, which strict leaves out and conlleval reads"
            )


def _effects(entry: Entry) -> Sheet:
    return effects_sheet(policy_effects(entry.scores))


def score_request(request: Request) -> Outcome:
    """Read, align and score. Raises `AlignmentError`, `CorpusError`, `InputError` and `TagError`."""
    task = None if request.task is None else task_named(request.task)
    predicted, layout = request.predicted, request.layout
    if not predicted:
        predicted, layout = [request.gold], _both_in_one(layout, 1 if task is None else task.levels)
    if _by_lines(request, predicted, layout):
        entries = column_entries(request.gold, predicted, layout, request.policy)
        published = [score_task(task, request.gold, path, layout) for path in predicted] if task else []
    elif task:
        raise InputError(
            f"{task.scorer} reads columns, token by token, labels as they stand; convert the files first: "
            "onoma convert"
        )
    else:
        entries, published = _from_documents(request, predicted), []
    names = short_names([entry.name for entry in entries])
    cards = _cards(request, entries, names) if request.cards or request.train else []
    pairs = differences(names, [entry.judged() for entry in entries]) if len(entries) > 1 else []
    return Outcome(str(request.gold), entries, published, cards, pairs, names)


def _both_in_one(layout: Layout, levels: int) -> Layout:
    """The layout of a file with the predicted tags in its last column, or columns, and gold before them."""
    return layout if layout.gold != layout.predicted else layout._replace(gold=layout.predicted - levels)


def _by_lines(request: Request, predicted: Sequence[Path], layout: Layout) -> bool:
    """Whether all files are column files, to be compared token by token."""
    if request.characters or request.map is not None:
        return False
    named = request.task or layout != LAST._replace(scheme=layout.scheme)
    forms = {_BY_LINES, _TWO_COLUMNS} if named else {_BY_LINES}
    found = map(_format, [request.gold, *predicted])
    return all(name is None or name in forms for name in found)


def _format(path: Path) -> str | None:
    """The name of a file's format; None for one without, as a file of tags alone."""
    try:
        # most files are plain UTF-8, whose first lines tell without a reading of the whole
        return detect(TextSource(path, None, "utf-8", "", 0)).name
    except (CorpusError, OSError):
        pass
    try:
        return recognise(path)[1].name
    except CorpusError:
        return None


def _from_documents(request: Request, predicted: Sequence[Path]) -> list[Entry]:
    layout = request.layout
    if layout.score is not None:
        raise InputError("--score-column is for column files compared token by token")
    return document_entries(
        request.gold,
        predicted,
        characters=request.characters,
        policy=request.policy,
        map=request.map,
        scheme=None if layout.scheme == "auto" else layout.scheme,
        gold_column=None if layout.gold == -1 else layout.gold,
        predicted_column=None if layout.predicted == -1 else layout.predicted,
    )


def _cards(request: Request, entries: Sequence[Entry], names: Sequence[str]) -> list[Card]:
    train = None if request.train is None else read(request.train, map=request.map)
    training = None if train is None else training_surfaces(train)
    corpus = CorpusFacts(path=str(request.gold))
    return [
        make_card(entry.judged(), ModelFacts(name, "predictions in a file"), corpus, training=training)
        for entry, name in zip(entries, names, strict=True)
    ]
