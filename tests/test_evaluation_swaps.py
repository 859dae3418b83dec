"""Other names in the same sentences: what is swapped, what stays, and where everything then stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import InputError
from onoma.evaluation.swaps import SWAPS, guess_label, person_groups, place_groups, swap
from onoma.text import Document, Entity

PERSONS = {tuple(group.parts.values()): group for group in person_groups()}
PLACES = {group.parts["region"]: group for group in place_groups()}
SPANISH = PERSONS["Spanish", "feminine"].rename
WORDS = ["Ada", "Lovelace", "Mr.", "'s", "President", "Bob", "went", ".", "NEW", "York", "ada", "x"]


@st.composite
def documents(draw) -> Document:
    words = draw(st.lists(st.sampled_from(WORDS), max_size=9))
    spans, at = [], 0
    while at < len(words):
        end = min(at + draw(st.integers(1, 3)), len(words))
        if draw(st.booleans()):
            spans.append((at, end, draw(st.sampled_from(["per", "geo"]))))
        at = end
    return Document.from_words(words, spans, id="7", meta={"document": "a"})


@given(
    document=documents(), group=st.sampled_from([*PERSONS.values(), *PLACES.values()]), seed=st.integers(0, 2)
)
def test_only_names_change_and_offsets_stay_exact(document, group, seed):
    new, places = swap(document, "per", group.rename, seed)
    assert (new.id, new.meta) == ("7", document.meta)
    assert [e.label for e in new.entities] == [e.label for e in document.entities]
    starts, ends = {t.start for t in new.tokens}, {t.end for t in new.tokens}
    assert all(e.start in starts and e.end in ends for e in new.entities)
    kept = [i for i in range(len(document.entities)) if i not in places]
    assert all(new.surface(new.entities[i]) == document.surface(document.entities[i]) for i in kept)
    assert all(document.entities[i].label == "per" for i in places)
    around, rest = document.text, new.text
    for i in reversed(places):
        a, b = document.entities[i], new.entities[i]
        assert around[a.end :] == rest[b.end :]
        around, rest = around[: a.start], rest[: b.start]
    assert around == rest
    assert (new, places) == swap(document, "per", group.rename, seed)


@given(document=documents())
def test_every_group_swaps_the_same_entities(document):
    assert len({tuple(swap(document, "per", group.rename).places) for group in PERSONS.values()}) == 1


def names(*surfaces: str, rename=SPANISH) -> list[str]:
    """What ``surfaces`` become, standing in one document."""
    words = [word for surface in surfaces for word in [*surface.split(), "and"]]
    spans, at = [], 0
    for surface in surfaces:
        spans.append((at, at + len(surface.split()), "per"))
        at += len(surface.split()) + 1
    new = swap(Document.from_words(words, spans), "per", rename).document
    return [new.surface(entity) for entity in new.entities]


def test_two_words_are_a_given_and_a_family_name():
    [name] = names("Ada King Lovelace")
    given, family = name.split()
    assert given in SPANISH.given
    assert family in SPANISH.family


def test_some_families_come_first():
    chinese = PERSONS["Chinese", "masculine"].rename
    family, given = names("Ada Lovelace", rename=chinese)[0].split()
    assert family in chinese.family
    assert given in chinese.given


def test_equal_names_stay_equal_and_parts_of_names_belong_together():
    whole, family, given, again = names("Ada Lovelace", "Lovelace", "Ada", "Ada Lovelace")
    assert whole == again == f"{given} {family}"


def test_one_word_alone_is_either_part_by_lot():
    made = [names(f"Name{i}")[0] for i in range(200)]
    given = sum(name in SPANISH.given for name in made)
    assert 60 < given < 140
    assert all(name in SPANISH.given or name in SPANISH.family for name in made)


def test_titles_stay_and_what_follows_one_is_a_family():
    whole, short = names("Prime Minister Ada Lovelace", "Mr. Hill")
    assert whole.startswith("Prime Minister ")
    assert len(whole.split()) == 4
    assert short.removeprefix("Mr. ") in SPANISH.family
    assert names("President") == ["President"]


def test_possessives_and_case_stay():
    assert names("Lovelace's")[0].endswith("'s")
    assert names("Lovelace ’s")[0].endswith(" ’s")
    assert names("Charles’")[0].endswith("’")
    assert names("LOVELACE")[0].isupper()
    assert names("ada lovelace")[0].islower()
    assert not names("JFK")[0].isupper()


def test_new_names_are_tokenised():
    document = Document.from_words(["in", "Rome", "."], [(1, 2, "geo")])
    regions = PLACES["Latin America and the Caribbean"].rename
    made = [swap(document, "geo", regions, seed).document for seed in range(40)]
    longest = max(made, key=lambda document: len(document.tokens))
    assert longest.words[0] == "in"
    assert len(longest.tokens) > 4
    assert longest.surface(longest.entities[0]) == " ".join(longest.words[1:-1])


@pytest.mark.parametrize(
    ("old", "part"),
    [
        ("Kenya", "countries"),
        ("U.S.", "countries"),
        ("Nairobi", "cities"),
        ("JAPAN", "countries"),
        ("Kenya's", "countries"),
    ],
)
def test_a_country_for_a_country_and_a_city_for_the_rest(old, part):
    rename = PLACES["Oceania"].rename
    [new] = names(old, rename=rename)
    assert new.removesuffix("'s").title() in {name.title() for name in getattr(rename, part)}


def test_what_overlaps_or_cuts_a_token_is_left_alone():
    nested = Document.from_words(["Ada", "Lovelace", "Prize"], [(0, 2, "per"), (0, 3, "org")])
    assert swap(nested, "per", SPANISH).places == []
    cut = Document.from_words(["Ada-like", "things"]).replace(entities=[Entity(0, 3, "per")])
    assert swap(cut, "per", SPANISH).document == cut
    empty = Document.from_text("")
    assert swap(empty, "per", SPANISH) == (empty, [])


def test_the_lists_are_whole():
    origins = {origin for origin, _ in PERSONS}
    assert len(origins) >= 10
    for group in PERSONS.values():
        for part in (group.rename.given, group.rename.family):
            assert len(part) == len(set(part)) >= 40
            assert not [name for name in part if len(name.split()) != 1]
        assert group.rename.order in ("given-first", "family-first")
    assert len(PLACES) >= 8
    for group in PLACES.values():
        assert len(set(group.rename.cities)) == len(group.rename.cities) >= 40
        assert group.rename.countries
    cities = [city for group in PLACES.values() for city in group.rename.cities]
    assert len(cities) - len(set(cities)) <= 2


@pytest.mark.parametrize(
    ("kind", "labels", "label"),
    [
        ("persons", ["geo", "per"], "per"),
        ("persons", ["PERSON", "ORG"], "PERSON"),
        ("persons", ["LOC", "ORG"], None),
        ("places", ["geo", "gpe"], "geo"),
        ("places", ["GPE", "LOC"], "LOC"),
        ("places", ["Location"], "Location"),
        ("places", [], None),
    ],
)
def test_labels_are_told_by_their_names(kind, labels, label):
    assert guess_label(kind, labels) == label


def test_other_kinds_are_refused():
    with pytest.raises(InputError, match=r"'people'.*Allowed: persons, places"):
        guess_label("people", [])
    assert set(SWAPS) == {"persons", "places"}
