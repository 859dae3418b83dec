"""Merging, patterns and gazetteers against brute force, and the files they are read from."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import AlignmentError, InputError
from onoma.runtime.gazetteer import Gazetteer, read_names
from onoma.runtime.merge import POLICIES, Merge, merge_entities
from onoma.runtime.patterns import Patterns, Rule, read_rules
from onoma.text import Document, Entity

spans = st.builds(
    lambda start, length, label, score: Entity(start, start + length, label, score),
    st.integers(0, 20),
    st.integers(1, 8),
    st.sampled_from(["per", "geo"]),
    st.sampled_from([0.2, 0.5, 0.9]),
)
sources = st.lists(st.lists(spans, max_size=6), min_size=1, max_size=3)


def overlap(one: Entity, other: Entity) -> bool:
    return one.start < other.end and other.start < one.end


def key(entity: Entity) -> tuple[int, int, str]:
    return entity.start, entity.end, entity.label


@given(sources, st.sampled_from(sorted(POLICIES)))
def test_what_is_merged_was_given_and_what_was_left_out_stood_in_the_way(given_, policy):
    kept = merge_entities(given_, policy)
    best = {}
    for entity in (entity for source in given_ for entity in source):
        best[key(entity)] = max(entity.score, best.get(key(entity), 0.0))
    assert {key(entity): entity.score for entity in kept} == {key(e): best[key(e)] for e in kept}
    assert list(kept) == sorted(kept, key=lambda e: (e.start, -e.end, e.label))
    left_out = best.keys() - set(map(key, kept))
    assert all(any(overlap(Entity(*span), entity) for entity in kept) for span in left_out)
    if policy == "all":
        assert not left_out
    if policy == "nested":
        crossing = [(a, b) for a in kept for b in kept if a.start < b.start < a.end < b.end]
        assert crossing == []
    elif policy != "all":
        assert not any(a != b and overlap(a, b) for a in kept for b in kept)


@given(sources, st.sampled_from(sorted(POLICIES)))
def test_merging_again_changes_nothing(given_, policy):
    once = merge_entities(given_, policy)
    assert merge_entities([once], policy) == once


@pytest.mark.parametrize(
    ("policy", "kept"),
    [("longest", "B"), ("first", "A"), ("score", "C"), ("priority", "A"), ("nested", "BC"), ("all", "ABC")],
)
def test_each_policy_keeps_what_it_says(policy, kept):
    named = {"A": Entity(0, 4, "x", 0.5), "B": Entity(2, 9, "x", 0.6), "C": Entity(4, 6, "x", 0.9)}
    alone = {"A": Entity(0, 4, "x", 0.5), "B": Entity(2, 9, "x", 0.6), "C": Entity(3, 6, "x", 0.9)}
    entities = alone if policy in ("score", "priority", "first") else named
    found = merge_entities([[entities["A"]], [entities["B"]], [entities["C"]]], policy)
    assert "".join(name for name in "ABC" if entities[name] in found) == kept


def test_a_member_that_answers_about_other_texts_is_named():
    with pytest.raises(AlignmentError, match="tagger 2 was given 1 documents and returned 0"):
        Merge([list, lambda documents: []])(["Ada"])


def test_an_unknown_policy_is_met_with_those_there_are():
    with pytest.raises(InputError, match="did you mean 'longest'"):
        Merge([list], "longst")


ALPHABET = "aA éßİ-.\t"


@given(
    st.lists(st.text(ALPHABET, min_size=1, max_size=5).filter(str.strip), min_size=1, max_size=8),
    st.text(ALPHABET, max_size=30),
    st.booleans(),
)
def test_a_gazetteer_finds_what_comparing_every_span_of_tokens_finds(names, text, ignore_case):
    def folded(piece: str) -> str:
        piece = unicodedata.normalize("NFD", " ".join(piece.split()))
        return unicodedata.normalize("NFD", piece.casefold()) if ignore_case else piece

    document = Document.from_text(text)
    wanted = {folded(name) for name in names}
    expected = [
        (a.start, b.end)
        for i, a in enumerate(document.tokens)
        for b in document.tokens[i:]
        if folded(text[a.start : b.end]) in wanted
    ]
    [found] = Gazetteer({"x": names}, ignore_case=ignore_case, policy="all")([document])
    assert sorted((e.start, e.end) for e in found.entities) == sorted(expected)


@pytest.mark.parametrize(
    ("name", "text", "surface"),
    [
        ("Weißensee", "Am WEISSENSEE entlang", "WEISSENSEE"),
        ("STRASSE", "die Straße dort", "Straße"),
        ("İstanbul", "in i̇stanbul", "i̇stanbul"),
        ("Zoe\u0308", "sah Zoë gehen", "Zoë"),
        ("New York", "in New\n York .", "New\n York"),
        ("🙂 Ada", "x 🙂 Ada y", "🙂 Ada"),
    ],
)
def test_offsets_are_exact_where_folding_changes_lengths(name, text, surface):
    [found] = Gazetteer({"x": [name]}, ignore_case=True)([text])
    assert [found.surface(entity) for entity in found.entities] == [surface]


def test_a_name_within_a_word_is_no_name():
    [found] = Gazetteer({"x": ["Ann", "York", "New York C"]})(["Annie saw New York City"])
    assert [found.surface(entity) for entity in found.entities] == ["York"]


def test_a_name_of_two_labels_gives_both_where_all_are_kept():
    names = {"per": ["Paris"], "geo": ["Paris"]}
    assert [e.label for e in Gazetteer(names, policy="all")(["Paris"])[0].entities] == ["geo", "per"]
    assert [e.label for e in Gazetteer(names)(["Paris"])[0].entities] == ["geo"]


def test_a_name_that_cannot_be_seen_is_refused(tmp_path):
    with pytest.raises(InputError, match="no visible character"):
        Gazetteer({"x": ["  "]})
    (tmp_path / "names.txt").write_text("\ufeff Ada \n\nBob\n", encoding="utf-8")
    assert read_names(tmp_path / "names.txt") == ["Ada", "Bob"]
    (tmp_path / "latin.txt").write_bytes(b"Zo\xeb")
    with pytest.raises(InputError, match="not encoded in UTF-8"):
        read_names(tmp_path / "latin.txt")


def test_versions_tell_lists_and_rules_apart():
    assert Gazetteer({"x": ["a", "b"]}).version == Gazetteer({"x": ["b", "a"]}).version
    assert Gazetteer({"x": ["a"]}).version != Gazetteer({"x": ["A"]}).version
    assert Patterns([Rule("x", "a")]).version != Patterns([Rule("x", "a", score=0.5)]).version


def test_rules_come_from_yaml_and_json_alike(tmp_path):
    (tmp_path / "a.yaml").write_text("year: '\\b\\d{4}\\b'\ncode:\n- {pattern: 'id=(\\w+)', group: 1}\n")
    (tmp_path / "a.json").write_text(
        '{"year": "\\\\b\\\\d{4}\\\\b", "code": [{"pattern": "id=(\\\\w+)", "group": 1}]}'
    )
    rules = read_rules(tmp_path / "a.yaml")
    assert (
        rules == read_rules(tmp_path / "a.json") == [Rule("year", r"\b\d{4}\b"), Rule("code", r"id=(\w+)", 1)]
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- a", "a mapping of labels"),
        ("x: {patern: a}", "did you mean 'pattern'"),
        ("x: 3", "needs a pattern"),
        ("x: [", "not valid YAML"),
    ],
)
def test_a_file_of_rules_that_is_wrong_says_where(tmp_path, content, message):
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(InputError, match=message):
        read_rules(tmp_path / "a.yaml")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Rule("x", "("), "no regular expression"),
        (Rule("x", "a", group=2), "no group 2"),
        (Rule("x", "a", score=2.0), "between 0 and 1"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(rule, message):
    with pytest.raises(InputError, match=message):
        Patterns([rule])


def test_a_pattern_that_would_never_end_is_stopped_and_named():
    # nested repeats cost twice the time for every character: 80 of them outlast the universe
    slow = Patterns([Rule("slow", r"(?:a|aa)+(?<!x)(?:a|aa)+$")], seconds=0.05)
    with pytest.raises(InputError, match=r"item 1 .*the rule 'slow' did not finish within 0.05 seconds"):
        slow(["a", "a" * 80 + "!"])


@given(st.text("ab1 é", max_size=30))
def test_patterns_find_what_the_engine_finds(text):
    import re

    [found] = Patterns([Rule("x", "a+b?|1*")], policy="all")([text])
    expected = [match.span() for match in re.finditer("a+b?|1*", text) if match.group()]
    assert [(e.start, e.end) for e in found.entities] == expected
