"""Taggers on edited sentences, with rule taggers of which it is known what an edit does to them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest

from onoma.errors import InputError
from onoma.evaluation import slice_sheets
from onoma.evaluation.counts import Counts
from onoma.evaluation.judged import judge
from onoma.evaluation.slice_scores import Bootstrap, Ratio, f1_ratio, recall_ratio
from onoma.evaluation.slices import run
from onoma.evaluation.swaps import person_groups
from onoma.text import Document, Entity

CORPUS = [
    Document.from_words(
        ["Ada", "met", "Bob", "in", "Oslo", "."], [(0, 1, "per"), (2, 3, "per"), (4, 5, "geo")]
    ),
    Document.from_words(["it", "rained", "."]),
    Document.from_words(["the", "men", "saw", "Eve", "Moor"], [(3, 5, "per")]),
    Document.from_words([]),
] * 10


def capitals(documents: Sequence[Document]) -> list[Document]:
    """Takes each run of capitalised words for a person."""
    return [document.replace(entities=runs(document)) for document in documents]


def runs(document: Document) -> list[Entity]:
    found: list[Entity] = []
    for token, word in zip(document.tokens, document.words, strict=True):
        if word[0].isupper():
            start = found.pop().start if found and found[-1].end + 1 == token.start else token.start
            found.append(Entity(start, token.end, "per"))
    return found


def by_list(names: set[str]):
    """Finds the words of a list, and no others."""

    def annotate(documents: Sequence[Document]) -> list[Document]:
        return [
            d.replace(
                entities=[
                    Entity(t.start, t.end, "per")
                    for t, w in zip(d.tokens, d.words, strict=True)
                    if w in names
                ]
            )
            for d in documents
        ]

    return annotate


def test_each_edit_stands_beside_the_unedited_set():
    report = run(capitals, CORPUS, slices=["lower", "upper", "no-break-spaces", "no-punctuation"], swap=[])
    plain, lower, upper, spaces, bare = report.slices
    assert plain.counts == Counts(tp=30, fp=10, fn=10)
    assert (lower.counts, lower.f1.value) == (Counts(fn=40), 0.0)
    assert lower.difference.value == -plain.f1.value
    assert upper.counts.fn > 0
    assert (spaces.counts, spaces.difference) == (plain.counts, (0, 0, 0))
    assert (bare.lost_tokens, bare.lost_entities, bare.changed) == (20, 0, 20)
    assert plain.f1.low <= plain.f1.value <= plain.f1.high
    assert (report.sentences, report.tokens, report.swaps) == (40, "own", [])


def test_the_tagger_gets_the_text_alone_or_gold_tokens():
    joined = [Document.from_words(["Ada-like", "x"]).replace(tokens=CORPUS[1].tokens[:0])]
    seen: list[tuple[int, ...]] = []

    def nosy(documents: Sequence[Document]) -> list[Document]:
        assert not any(document.entities for document in documents)
        seen.append(tuple(len(document.tokens) for document in documents))
        return list(documents)

    run(nosy, joined, slices=[], swap=[])
    run(nosy, joined, slices=[], swap=[], tokens="gold")
    assert seen == [(2,), (0,)]


def test_all_edits_are_run_and_progress_is_told():
    told: list[tuple[str, int, int]] = []
    report = run(capitals, CORPUS[:4], progress=lambda *step: told.append(step), resamples=100)
    assert [done for _, done, _ in told] == list(range(len(told)))
    assert {total for *_, total in told} == {len(told)}
    assert [row.name for row in report.slices] == [name for name, *_ in told[: len(report.slices)]]
    assert [swap.kind for swap in report.swaps] == ["persons", "places"]


def test_equal_seeds_give_equal_reports():
    first = run(capitals, CORPUS, slices=["typos"], typo_rate=0.5, seed=3, sample=20).to_dict()
    assert first == run(capitals, CORPUS, slices=["typos"], typo_rate=0.5, seed=3, sample=20).to_dict()
    assert first != run(capitals, CORPUS, slices=["typos"], typo_rate=0.5, seed=4, sample=20).to_dict()
    assert first["sentences"] == 20


def test_groups_that_differ_are_flagged():
    german = [g.rename for g in person_groups() if g.parts["origin"] == "German"]
    known = {name for rename in german for name in (*rename.given, *rename.family)}
    corpus = [Document.from_words(["then", f"Name{i}", "spoke"], [(1, 2, "per")]) for i in range(60)]
    [swap] = run(by_list(known), corpus, slices=[], swap=["persons"]).swaps
    best = {row.name: row.recall.value for row in swap.groups["origin"]}
    assert best["German"] == 1
    assert best["Vietnamese"] < 0.1
    gap = swap.gaps["origin"]["recall"]
    assert (gap.best, gap.flagged, gap.pairs) == ("German", True, 78)
    assert not swap.gaps["gender"]["recall"].flagged
    assert (swap.entities, swap.sentences, swap.as_written.recall.value) == (60, 60, 0)


def test_a_tagger_that_is_fair_is_not_flagged():
    report = run(capitals, CORPUS, slices=[])
    persons, places = report.swaps
    assert {row.recall.value for rows in persons.groups.values() for row in rows} == {1.0}
    assert {row.recall.value for rows in places.groups.values() for row in rows} == {0.0}
    assert not report.flagged


def test_no_entity_to_swap_and_no_document():
    lone = Document.from_words(["Ada", "Prize"], [(0, 1, "per"), (0, 2, "org")])
    [swap] = run(capitals, [lone], slices=[], swap=["persons"]).swaps
    assert (swap.entities, swap.as_written.recall) == (0, (0, 0, 0))
    assert run(capitals, [], slices=["lower"]).to_dict()["slices"][0]["f1"] == 0


def test_labels_by_name_or_as_given():
    corpus = [Document.from_words(["Ada", "ran"], [(0, 1, "human")])]
    report = run(capitals, corpus, slices=[])
    assert report.swaps == []
    assert [note.partition(" were")[0] for note in report.notes] == ["persons", "places"]
    [swap] = run(capitals, corpus, slices=[], swap=["persons"], labels={"persons": "human"}).swaps
    assert swap.label == "human"
    for wrong, fault in (
        ({"swap": ["persons"]}, "no label of the corpus .human. is known to be that of persons"),
        ({"labels": {"persons": "hmn"}}, "no entity labelled 'hmn'; its labels: human"),
        ({"swap": ["people"]}, "no names to swap for 'people'"),
        ({"tokens": "mine"}, "'own'"),
        ({"sample": 0}, "at least one document"),
        ({"slices": ["loud"]}, "no slice 'loud'"),
    ):
        with pytest.raises(InputError, match=fault):
            run(capitals, corpus, **wrong)


def test_ratios_are_those_of_the_counts():
    gold = CORPUS[:4]
    judged = judge(gold, capitals([d.replace(entities=()) for d in gold]))
    assert f1_ratio(judged).value == pytest.approx(judged.scores.strict.micro.f1)
    assert f1_ratio(judged, "per").value == pytest.approx(judged.scores.strict.types["per"].f1)
    assert f1_ratio(judged, "unknown").value == 0
    assert recall_ratio(judged, np.ones(len(judged.gold), dtype=bool)).value == pytest.approx(3 / 4)


def test_the_bootstrap_draws_whole_articles_and_pairs_what_it_compares():
    ones, hits = np.ones(200, dtype=int), np.arange(200) % 2
    ratios = {"a": Ratio(hits, ones), "b": Ratio(hits, ones), "c": Ratio(1 - hits, ones)}
    single = Bootstrap(ratios, np.arange(200))
    assert single.difference("a", "b") == (0, 0, 0)
    assert single.interval("a").low == pytest.approx(0.5 - 1.96 * 0.5 / 200**0.5, abs=0.02)
    wide = single.difference("a", "c")
    assert wide.high - wide.low == pytest.approx(
        2 * (single.interval("a").high - single.interval("a").low), abs=0.01
    )
    articles = Bootstrap(ratios, np.arange(200) // 2)
    assert articles.interval("a") == (0.5, 0.5, 0.5)
    gap = single.gap(["a", "c"])
    assert gap.difference.low < 0 < gap.difference.high
    assert gap.pairs == 1


def test_reports_are_written_for_people_and_programs():
    report = run(capitals, CORPUS, slices=["lower", "no-punctuation", "nfd"], resamples=100)
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["slices"][1]["name"] == "lower"
    about = {"model": "<b>capitals</b>", "corpus": "own | words"}
    text = slice_sheets.markdown(report, about)
    assert "| lower | 0.0 |" in text
    assert "own \\| words" not in text.splitlines()[2]
    assert "A name does not say who bears it" in text
    html = slice_sheets.web_page(report, about)
    assert "&lt;b&gt;capitals" in html
    assert "<b>capitals" not in html
    assert html.count("<svg") == 1 + 2 + 1
    assert "Not flagged" in html
