"""One table of wrappers, one table of laws: what holds for a tagger holds for what is made of taggers."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onoma.errors import InputError
from onoma.runtime import Tagger, load
from onoma.runtime.batching import Batching
from onoma.runtime.caching import Caching, MemoryStore
from onoma.runtime.cascade import Cascade
from onoma.runtime.ensemble import Ensemble
from onoma.runtime.gazetteer import Gazetteer
from onoma.runtime.merge import Merge
from onoma.runtime.patterns import Patterns, Rule
from onoma.runtime.stacking import Combiner, Stacking
from onoma.text import Annotate, Document, Entity, Token

NAMES = {"per": ["Ada", "Ada Stone", "Bob"], "geo": ["Oldport", "Green Hollow", "Stone"]}
RULES = [Rule("year", r"\b\d{4}\b"), Rule("name", r"[A-Z]\w+(?: [A-Z]\w+)*", score=0.4)]


def gazetteer(**options) -> Gazetteer:
    return Gazetteer(NAMES, ignore_case=True, score=0.7, **options)


def combiner() -> Combiner:
    """Weights that believe the tagger before the list before the rules."""
    weights = [1.0, 0.5, 0.2, 2.0, 1.0, 0.5, -0.5, -0.5, -0.5, 0.1, -0.1, -1.0]
    return Combiner(
        members=["a", "b", "c"], labels=["geo", "per"], weights=weights, documents=0, candidates=0
    )


# name: how it is made of a tagger
WRAPPERS: dict[str, Callable[[Tagger, ExitStack], Annotate]] = {
    "tagger": lambda tagger, stack: tagger,
    "batching": lambda tagger, stack: stack.enter_context(Batching(tagger)),
    "caching": lambda tagger, stack: Caching(tagger),
    "caching, one entry": lambda tagger, stack: Caching(tagger, MemoryStore(entries=1)),
    "ensemble": lambda tagger, stack: Ensemble([tagger, gazetteer(), Patterns(RULES)]),
    "ensemble, any vote": lambda tagger, stack: Ensemble([tagger, gazetteer()], [3, 1], quorum=0),
    "stacking": lambda tagger, stack: Stacking([tagger, gazetteer(), Patterns(RULES)], combiner()),
    "cascade": lambda tagger, stack: Cascade(tagger, gazetteer(), 0.5),
    "patterns": lambda tagger, stack: Patterns(RULES),
    "gazetteer": lambda tagger, stack: gazetteer(),
    "gazetteer, nested": lambda tagger, stack: gazetteer(policy="nested"),
    "merge": lambda tagger, stack: Merge([tagger, gazetteer(), Patterns(RULES)], "priority"),
    "merge, all": lambda tagger, stack: Merge([tagger, gazetteer(), Patterns(RULES)], "all"),
    "all together": lambda tagger, stack: stack.enter_context(
        Batching(Caching(Cascade(Merge([tagger, gazetteer()]), Ensemble([tagger] * 2), 0.9), version="1"))
    ),
}
NESTING = {"gazetteer, nested", "merge, all"}


@pytest.fixture(scope="module")
def tagger(tiny_bundle: Path) -> Tagger:
    return load(tiny_bundle, threads=2)


@pytest.fixture(scope="module", params=WRAPPERS)
def named(request, tagger) -> Iterator[tuple[str, Annotate]]:
    with ExitStack() as stack:
        yield request.param, WRAPPERS[request.param](tagger, stack)


@pytest.fixture(scope="module")
def tag(named) -> Annotate:
    return named[1]


WORDS = ["Ada", "Stone", "went", "to", "Oldport", "Green", "Hollow", ".", "1999", "Émile", "🙂", "ada  stone"]
texts = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
LONG = " ".join(random.Random(1).choices(WORDS, k=3000))
TEXTS = ["Ada Stone went to Oldport .", "", " ", "nobody wrote", "in 1999 Ada", "🙂", LONG]
law = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


def close(one: Document, other: Document) -> bool:
    """The same but for rounding in the network's arithmetic."""
    spans = [[(e.start, e.end, e.label) for e in document.entities] for document in (one, other)]
    scores = [[e.score for e in document.entities] for document in (one, other)]
    return (
        spans[0] == spans[1]
        and scores[0] == pytest.approx(scores[1], abs=1e-4)
        and one.replace(entities=()) == other.replace(entities=())
        and (one.coverage or ())[:3] == (other.coverage or ())[:3]
    )


@law
@given(st.lists(texts, min_size=1, max_size=9), st.randoms(use_true_random=False))
def test_a_text_has_one_answer_alone_in_any_batch_and_in_any_order(tag, batch, chance):
    order = list(range(len(batch)))
    chance.shuffle(order)
    together, shuffled = tag(batch), tag([batch[place] for place in order])
    for place, other in zip(order, shuffled, strict=True):
        assert close(other, together[place])
        assert close(tag([batch[place]])[0], together[place])


def test_long_text_is_read_whole_and_holds_nobody_up(tag):
    together = tag(TEXTS)
    assert all(close(tag([text])[0], found) for text, found in zip(TEXTS, together, strict=True))
    assert together[-1].entities[-1].end > len(LONG) - 200


@law
@given(st.lists(texts, max_size=4))
def test_inputs_are_untouched(tag, batch):
    given_ = [Document.from_text(text).replace(entities=[Entity(0, 0, "x")]) for text in batch]
    before = copy.deepcopy([(d.text, d.tokens, d.entities, d.id) for d in given_])
    tag(given_)
    assert [(d.text, d.tokens, d.entities, d.id) for d in given_] == before


def test_nothing_in_nothing_out(tag):
    assert tag([]) == []
    assert [document.entities for document in tag(["", " \n"])] == [(), ()]


def test_ids_meta_and_tokens_stay(tag):
    tokens = (Token(0, 3), Token(3, 8), Token(9, 13))
    given_ = Document("AdaStone 1999", tokens, (Entity(0, 3, "old"),), "d1", {"page": 3})
    [found] = tag([given_])
    assert (found.text, found.tokens, found.id, found.meta) == (given_.text, tokens, "d1", {"page": 3})
    assert "old" not in {entity.label for entity in found.entities}


@law
@given(texts)
def test_entities_are_ordered_apart_and_probable(named, text):
    name, tag = named
    [found] = tag([text])
    assert all(0 <= e.start < e.end <= len(text) and 0 <= e.score <= 1 for e in found.entities)
    assert list(found.entities) == sorted(found.entities, key=lambda e: (e.start, -e.end, e.label))
    if name not in NESTING:
        assert all(a.end <= b.start for a, b in pairwise(found.entities))


def test_coverage_says_that_all_of_it_was_read_and_by_whom(tag):
    for text, found in zip(TEXTS, tag(TEXTS), strict=True):
        assert found.coverage is not None
        assert found.coverage.characters == len(text)
        assert found.coverage.tagger


def test_eight_threads_get_what_one_gets(tag):
    chance = random.Random(2)
    batches = [
        [" ".join(chance.choices(WORDS, k=chance.randrange(20))) for _ in range(chance.randrange(1, 5))]
        for _ in range(64)
    ]
    expected = list(map(tag, batches))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(tag, batches))
    for one, other in zip(expected, found, strict=True):
        assert all(close(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("bad", [None, b"Ada", 7, "half \ud800 a pair"])
def test_a_bad_item_is_named_by_its_position_and_the_next_call_works(tag, bad):
    with pytest.raises(InputError, match=r"item 2 \(counted from 0\)"):
        tag(["Ada", "", bad, "Bob"])
    assert tag(["Ada"])[0].text == "Ada"


def test_a_string_is_not_taken_for_a_list_of_letters(tag):
    with pytest.raises(InputError, match="takes a list of texts"):
        tag("Ada")
