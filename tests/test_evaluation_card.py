"""The report card: its JSON, its words in three renderings, and what it says of odd corpora."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from rich.console import Console

from onoma.corpus import Corpus
from onoma.errors import InputError
from onoma.evaluation.card import Card, make_card, read_card
from onoma.evaluation.card_charts import charts
from onoma.evaluation.card_facts import CorpusFacts, ModelFacts
from onoma.evaluation.card_markdown import card_markdown
from onoma.evaluation.card_page import card_page, save_plots
from onoma.evaluation.card_sheets import facts, remarks, sheets
from onoma.evaluation.card_tables import report
from onoma.evaluation.examine import Candidate, Training, examine
from onoma.evaluation.judged import judge, judge_tags
from onoma.evaluation.overfitting import Fit
from onoma.evaluation.runs import Runs, read_history
from onoma.text import Document, Entity

LABELS = ["per", "<b>geo", "[bold]o|rg"]


def documents(seed: int, count: int = 40) -> list[Document]:
    """Sentences of one-letter words, some of them entities."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        words = [chance.choice("abcdefgh<&") for _ in range(chance.randrange(1, 12))]
        spans = [(i, i + 1, chance.choice(LABELS)) for i in range(len(words)) if chance.random() < 0.3]
        made.append(Document.from_words(words, spans, id=str(number), meta={"document": number // 4}))
    return made


def scored(document: Document, chance: random.Random) -> Document:
    kept = [replace(e, score=chance.random()) for e in document.entities if chance.random() < 0.8]
    return document.replace(entities=kept)


HISTORY = [
    {"epoch": i, "loss": 1 / (i + 1), "dev_loss": 0.5 + 0.1 * i, "dev_f1": 0.5 + i / 10, "best": True}
    for i in range(4)
]
DAMAGED = {"{": "is no record", '[{"epoch": 1}]': "an epoch lacks best", "3": "is no record"}


@pytest.fixture(scope="module")
def card() -> Card:
    """A card with everything in it."""
    chance = random.Random(3)
    gold = Corpus.from_documents(documents(1))
    facts = ModelFacts("ruler <i>", "rules", [*LABELS, "tim"], parameters=7, bytes=1_500_000)
    guess = {d.text: scored(d, chance) for d in gold}
    candidate = Candidate(lambda batch: [guess.get(d.text, d) for d in batch], facts, HISTORY)
    training = Training.of(Corpus.from_documents(documents(2, 20)), 10)
    made = examine(candidate, gold, training=training, threads=1, resamples=50)
    return replace(made, runs=Runs({"one": made.scores, "two": made.scores}))


def test_json_is_plain_and_holds_every_part(card, tmp_path):
    text = json.dumps(card.to_dict(), allow_nan=False)
    data = json.loads(text)
    assert data.keys() >= card.scores.to_dict().keys()
    assert {name for name, part in data.items() if part is None} == set()
    assert data["intervals"]["unit"] == "article"
    assert data["intervals"]["units"] == 10
    assert data["calibration"]["count"] == data["strict"]["micro"]["tp"] + data["strict"]["micro"]["fp"]
    assert sum(data["mistakes"]["kinds"].values()) == card.scores.strict.micro.fn
    assert [part["by"].split()[0] for part in data["breakdowns"]] == ["entity", "sentence", "occurrences"]
    (tmp_path / "card.json").write_text(text)
    assert read_card(tmp_path / "card.json") == data


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "is no report card; make one with"),
        ('{"strict": 1}', "is no report card"),
        ("{", "is no JSON"),
        ('{"card": 99}', "is a card of format 99"),
    ],
)
def test_what_is_no_card_is_refused(tmp_path, text, message):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError, match=message):
        read_card(tmp_path / "x.json")


def printed(card: Card, *, full: bool) -> str:
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        console.print(report(card, full=full))
        return console.export_text()


def test_every_rendering_has_the_headline_and_every_table(card):
    headline = [fact.value for fact in facts(card)]
    titles = [sheet.title for sheet in sheets(card).values()]
    assert len(headline) >= 9
    assert len(titles) == len(sheets(card)) >= 16
    shown = {
        "terminal": printed(card, full=True),
        "markdown": card_markdown(card),
        "page": card_page(card),
    }
    for name, text in shown.items():
        for value in headline:
            assert value in text, name
        for title in titles:
            assert title in " ".join(text.split()), name
    brief = printed(card, full=False)
    assert all(value in brief for value in headline)
    assert "Tokens by tag" not in brief


def test_the_page_shows_text_and_does_nothing_with_it(card):
    page = card_page(card)
    found: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append(tag)  # type: ignore[method-assign]
    parser.feed(page)
    assert {"script", "i", "b", "img", "link"}.isdisjoint(found)
    assert "&lt;b&gt;geo" in page
    assert page.count("<svg") == sum(map(len, charts(card).values())) >= 13


def test_labels_are_shown_as_they_are_in_the_terminal(card):
    assert "[bold]o|rg" in printed(card, full=True)


def test_every_chart_belongs_to_a_table_and_is_written(card, tmp_path):
    drawn = charts(card)
    assert set(drawn) <= set(sheets(card))
    few = {name: drawn[name] for name in ("entities", "epochs")}
    made = save_plots(few, tmp_path / "plots")
    assert sorted(path.name for path in made) == [
        "entities-dark.png", "entities.png", "epochs-1-dark.png", "epochs-1.png", "epochs-2-dark.png",
        "epochs-2.png",
    ]  # fmt: skip
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in made)


def test_remarks_tell_of_overfitting_and_of_labels_that_do_not_meet(card):
    said = " ".join(remarks(card))
    assert "dev loss rose from 0.5000 to 0.8000 over epochs 1 to 4" in said
    assert "the corpus has no entity of the labels tim" in said


def test_two_known_taxonomies_are_told_how_to_meet():
    gold = Document.from_words(["Ada"], [(0, 1, "PER")])
    guess = gold.replace(entities=[Entity(0, 3, "per", 0.5)])
    candidate = Candidate(lambda batch: [guess] * len(batch), ModelFacts("x", labels=["per", "geo"]))
    made = examine(candidate, Corpus.from_documents([gold]), timed=False, resamples=10)
    assert "gmb:conll2003 maps them" in " ".join(remarks(made))


@pytest.mark.parametrize("resamples", [0, 10])
@pytest.mark.parametrize(
    ("gold", "guess"),
    [
        ([], []),  # no sentence at all
        ([Document("")], [Document("")]),
        ([Document.from_words(["a"])], [Document.from_words(["a"])]),  # no entity on either side
        ([Document.from_words(["a"], [(0, 1, "x")])], [Document.from_words(["a"])]),
        ([Document.from_words(["a"])], [Document.from_words(["a"], [(0, 1, "x")])]),
    ],
)
def test_next_to_nothing_still_makes_a_card(gold, guess, resamples):
    made = make_card(judge(gold, guess), ModelFacts("x"), training={}, resamples=resamples)  # type: ignore[arg-type]
    json.dumps(made.to_dict(), allow_nan=False)
    assert "strict F1" in printed(made, full=True)
    assert card_markdown(made)
    assert card_page(made)
    empty = not any(document.entities for document in gold)
    assert ("the corpus has no entity" in " ".join(remarks(made))) == empty


def test_tags_without_words_leave_out_what_needs_words():
    made = make_card(judge_tags([["B-x", "O"]], [["B-x", "B-x"]]), ModelFacts("x"), CorpusFacts("gold"))
    data = made.to_dict()
    assert data["unique_surfaces"] is data["seen_unseen"] is data["calibration"] is None
    assert len(data["breakdowns"]) == 2
    assert "unique" not in sheets(made)


def test_ill_formed_tags_show_their_gap():
    made = make_card(judge_tags([["B-x", "I-x"]], [["I-x", "I-x"]]), ModelFacts("x"), resamples=0)
    told = {fact.name: fact for fact in facts(made)}
    assert told["strict F1"].value == "0.00"
    assert told["conlleval F1"].value == "100.00"
    assert told["conlleval F1"].note.startswith("+100.00 points")


def test_runs_are_mean_and_sample_deviation():
    scores = [judge_tags([["B-x"] * 4], [tags]).scores for tags in (["B-x"] * 4, ["B-x", "B-x", "O", "O"])]
    runs = Runs(dict(zip("ab", scores, strict=True)))
    assert runs.headline["recall"].mean == pytest.approx(0.75)
    assert runs.headline["recall"].deviation == pytest.approx(0.5 / 2**0.5)
    assert runs.types["x"].values == [1.0, pytest.approx(2 / 3)]
    assert Runs({"a": scores[0]}).headline["f1"].deviation is None
    assert runs.to_dict()["headline"]["recall"]["values"] == [1.0, 0.5]


def test_a_runs_own_record(tmp_path):
    assert read_history(tmp_path) == []
    place = tmp_path / "training" / "history.json"
    place.parent.mkdir()
    place.write_text(json.dumps(HISTORY))
    assert read_history(tmp_path) == HISTORY
    assert Fit(read_history(tmp_path)).chosen == 4
    for damaged, message in DAMAGED.items():
        place.write_text(damaged)
        with pytest.raises(InputError, match=message):
            read_history(tmp_path)
