"""Where sentences begin: a table of texts, and laws."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.text import Document
from onoma.text.sentences import is_one_sentence, sentence_starts, starts_among

# sentences are parted by ¦; the text is the line without the bars
CASES = {
    "stops": [
        "It rained. ¦We stayed in. ¦Why not?  ¦Nobody knew! ¦The end.",
        "It rained ... ¦Then it stopped.",
        "It rained... then it stopped.",
        "It rose 3.5 points in 1996. ¦Prices fell.",
        "He went to Rome! ¦¿Por qué? ¦Nobody knew.",
        "It works, e.g. on Linux. ¦Try it.",
        "Ask for Yahoo! shares of any kind.",
        "Wait (really?), he said.",
        "No stop at all",
        "It is over.Next came nothing",
    ],
    "quotes and brackets": [
        '"It rained." ¦We stayed in.',
        '"Did it rain?" he asked. ¦It did.',
        "(It rained.) ¦We stayed in.",
        "“It rained.” ¦“No,” she said.",
        "It rained. ¦(We stayed in.) ¦Then it stopped.",
    ],
    "abbreviations": [
        "Mr. Bell and Dr. Fo met Gen. Lee in St. Ives. ¦They spoke.",
        "George W. Bell met J.R.R. Fo. ¦They spoke.",
        "She lives in the U.S. ¦The winters are cold.",
        "She runs U.S. Steel. ¦It is big.",
        "The firm is Bell Inc. ¦It makes bells.",
        "The firm Bell Inc. of Turin makes bells.",
        "They met at 5 p.m. ¦He was late.",
        "See No. 5 and Fig. 3 of Vol. 2. ¦They help.",
        "Bell et al. Report this.",
        "It was World War I. ¦Peace came.",
        "It went to the U.N. ¦Mr. Bell said no.",
    ],
    "what nobody sees": [
        "Mr. \u200bBell met Dr. \u200bFo. ¦\u200bThey \u200bspoke.",
        "In the U.S. \u200bprices fell. ¦\u200bHe left. \u200b",
        "She lives in the U.S. ¦\u200bThe winters are cold.",
    ],
    "lines": [
        "It rained\nall day. ¦We\nstayed in.",
        "A first paragraph\n\n¦A second one",
        "A first paragraph\r\n \t\r\n¦A second one",
        "the first line\r\ngoes on here",
        "Results of the Year\n¦All went well this year, as\nmany had hoped.",
        "In the news President Anna\nBell spoke.",
        "Bring with you:\n¦- bread\n¦- salt\n¦* oil",
        "Rules\n¦1. Be kind.\n¦2. Be quick",
        "name\ttown\n¦Ada\tLondon\n¦Joan\tRouen",
        "long " * 30 + "\n¦short",
        "first\u2029¦second",
        "It rained.\n\n\n¦It stopped.",
    ],
    "other scripts": [
        "今日は雨です。¦明日は晴れ！¦そうですか？¦はい",
        "「雨です。」¦と彼",
        "यह घर है। ¦वह पेड़ है।",
        "هل تمطر؟ ¦نعم، تمطر.",
        "Идёт дождь. ¦Мы дома.",
    ],
}


def sentences(text: str) -> list[str]:
    document = Document.from_text(text)
    starts = sentence_starts(text, document.tokens)
    edges = [document.tokens[i].start for i in starts] + [len(text)]
    return [text[a:b] for a, b in pairwise(edges)]


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{kind}: {i}") for kind in CASES for i, case in enumerate(CASES[kind])]
)
def test_case(case: str) -> None:
    assert sentences(case.replace("¦", "")) == case.split("¦")


@pytest.mark.parametrize("text", ["", "  \n\n "])
def test_no_tokens_no_sentences(text: str) -> None:
    assert sentence_starts(text, ()) == []


def test_tokens_of_a_corpus_will_do() -> None:
    text = 'Mr. Bell left . He came ( at last . ) " Why ? " asked Ms. Fo in the U.S. Senate .'
    words = text.split()
    document = Document.from_words(words)
    assert [words[i] for i in sentence_starts(document.text, document.tokens)] == ["Mr.", "He", '"']


def test_a_break_inside_a_token_is_none() -> None:
    document = Document("Hello. World. Bye", tokens=())
    whole = Document.from_words(["Hello.World"]).tokens
    assert sentence_starts(document.text, whole) == [0]


PIECES = st.sampled_from(
    [*'aA1.!?…。"”’)( \n\r\t\u2029,-東', "Mr.", "U.S.", " The", ". ", ".\n\n", "1. ", "- "]
)


@given(st.text() | st.lists(PIECES, max_size=60).map("".join))
def test_starts_ascend_from_zero(text: str) -> None:
    tokens = Document.from_text(text).tokens
    starts = sentence_starts(text, tokens)
    assert starts[:1] == [0][: len(tokens)]
    assert all(a < b for a, b in pairwise(starts))
    assert all(i < len(tokens) for i in starts)


@given(st.text() | st.lists(PIECES, max_size=12).map("".join), st.randoms())
def test_one_sentence_is_one_whatever_its_tokens(text: str, chance: Random) -> None:
    if is_one_sentence(text):
        edges = [at for at in range(1, len(text)) if chance.random() < 0.4]
        begins, ends = [0, *edges], [*edges, len(text)]
        assert starts_among(text, begins, ends) == [0]


@given(st.lists(PIECES, max_size=30).map("".join), st.lists(PIECES, max_size=30).map("".join))
def test_a_blank_line_always_parts(before: str, after: str) -> None:
    first, second = Document.from_text(before), Document.from_text(after)
    both = Document.from_text(f"{before}\n\n{after}")
    if first.tokens and second.tokens and len(both.tokens) == len(first.tokens) + len(second.tokens):
        assert len(first.tokens) in sentence_starts(both.text, both.tokens)


@pytest.mark.parametrize(
    "unit",
    [
        ".",
        ". ",
        ".)",
        "a\n",
        "\n",
        "\t",
        "a\t\n",
        "A. ",
        "Mr. ",
        "(",
        ". (",
        "。",
        "\r",
        ". \u200b",
        "Mr. \u200b",
    ],
)
def test_time_is_linear(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    tokens = Document.from_text(text).tokens
    assert sentence_starts(text, tokens)[:1] == [0][: len(tokens)]
