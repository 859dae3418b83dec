"""The default tokenizer: a table of cases for every kind of text, and laws over all of Unicode."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onoma.text import Document
from onoma.text.characters import COMBINING
from onoma.text.tokenizer import place, split, tokenize

# each line: the tokens, parted by |; the text is the line without the bars, where ␣ stands for a space
CASES = {
    "plain words and punctuation": [
        "Rain|␣fell|,|␣then|␣snow|;|␣nobody|␣minded|.",
        "What|?|␣No|!",
        "wait|...|␣what|?!",
        'She|␣said|,|␣"|Go|␣home|.|"',
        "‘|quoted|’|␣“|twice|”|␣«|très|»",
        "(|see|␣[|1|]|)",
        "one|—|two|␣three|--|four",
        "HIV|/|AIDS|␣and|/|or",
        "a|␣=|␣b",
    ],
    "contractions": [
        "I|'m|␣sure|␣they|'ll|␣say|␣we|'ve|␣won",
        "do|n't|␣ca|n't|␣wo|n't|␣Did|n't|␣DO|N'T",
        "it|'s|␣Anna|'s|␣HE|'S|␣you|'re|␣he|'d",
        "it|’s|␣do|n’t|␣we|’re",
        "James|'|␣hat",
        "the|␣U.S.|'s|␣role",
        "O'Neil|'s|␣Qur'an|␣o'clock|␣Côte|␣d'Ivoire|␣l'Homme",
        "'|quoted|␣words|'",
        "the|␣'80s|␣and|␣’90s",
        "you|␣can|not|␣lose",
        "Bell|␣'s|␣ideas|␣do|␣n't|␣fly",
    ],
    "hyphens": [
        "state-run|␣re-election|␣al-Qaida|␣F-16s|␣17th-century",
        "non‑breaking|␣and|␣soft­hyphen",
        "anti-U.S.|␣talks",
        "U.S.-led|␣forces",
        "two-|␣and|␣three-day|␣trips",
        "yes|␣-|␣no",
    ],
    "numbers": [
        "1,000.50|␣3.5|␣2,00,000|␣.500|␣+44|␣7.0E+07",
        "at|␣10:30|␣on|␣1996-08-22|,|␣or|␣22/08/1996",
        "it|␣rose|␣5.2|%|␣to|␣1/2|␣in|␣1996/97|.",
        "won|␣6-4|␣7-5|␣by|␣2:29.34",
        "the|␣1990s|,|␣5th|␣and|␣10kg|.",
        "in|␣1996|.",
    ],
    "currency": [
        "$|5.2|␣€|3|,|␣£|1,000|␣5|€",
        "US$|5|␣HK$|␣7|␣¥|100",
    ],
    "abbreviations": [
        "Mr.|␣\u200b|Bell|␣No.|␣\u2066|5|␣W.|␣\u200b|Fo|␣US$|␣\u200b|5|␣two-|␣\u200b|and|␣three-day",
        "Mr.|␣and|␣Mrs.|␣Bell|␣met|␣Dr.|␣Fo|.",
        "the|␣U.S.|␣and|␣the|␣U.N.|␣met|␣at|␣5|␣p.m.|␣sharp",
        "e.g.|␣this|,|␣i.e.|␣that|,|␣etc.|␣too",
        "Bell|␣Inc.|␣and|␣Fo|␣Corp.|␣merged",
        "George|␣W.|␣Bell|␣and|␣J.R.R.|␣Fo",
        "No.|␣5|␣came|␣Jan.|␣3|.",
        "I|␣said|␣no|.",
        "Take|␣vitamin|␣C|.|␣It|␣helps|.",
        "World|␣War|␣I|.|␣Peace|␣came|.",
        "AT&T|␣and|␣R&B|␣at|␣C++|␣and|␣C#",
    ],
    "addresses": [
        "see|␣https://example.org/a_(b)?q=1&r=2#x|.",
        "(|http://example.org|)",
        "go|␣to|␣www.example.org|,|␣or|␣example.com/page|.",
        "mail|␣ada.l+x@mail.example.org|,|␣please|.",
        "the|␣end|.|Next|␣sentence",
    ],
    "hashtags and handles": [
        "#rain|␣@ada_l|:|␣hi|␣#été2024|!",
        "room|␣#|5",
        "#नमस्ते|␣ok",
    ],
    "emoji": [
        "hi|👩‍🚀|👍🏽|❤️|🇯🇵|🇫🇷",
        "👨‍👩‍👧‍👦|␣ok|😀|😀",
        "1️⃣|2️⃣|#️⃣",
        "🏴󠁧󠁢󠁳󠁣󠁴󠁿|␣won",
        "fine|␣:-)|␣or|␣:(",
    ],
    "combining marks": [
        "cafe\u0301|␣e\u0302tre|␣x\u0301\u0302y",
        "हिन्दी|␣भाषा|।",
        ",\u0301|␣.\u0301",
    ],
    "East Asian scripts": [
        "東|京|は|2020|年|。",
        "カ|タ|カ|ナ|ー|と|ABC|株|式",
        "서|울|␣시",
        "か\u3099|ハ\uff9e|\u1112\u1161\u11ab|\u1100\u1173",
        "「|北|京|」|へ",
    ],
    "right to left": [
        "הוא|␣גר|␣בתל-אביב|.",
        "قال|␣محمد|،|␣نعم|؟",
        "مُحَمَّد|␣\u200f|،",
    ],
    "zero width and control characters": [
        "\ufeff|Ada|␣wrote",
        "می\u200cخواهم|␣now",
        "a\u200eb|␣\u200e|!|\u202a",
        "Lon\u200bdon|␣\u200b|York|\u200b|,|\u2066|x\u200b\u2066y",
        "สวัสดี|\u200b|ครับ|␣ก\u200eข",
        "a|\x00|b|␣\x07\x1b|[",
        "line|␣\x9f|x",
        "lone|\ud800|surrogate|\ue000",
    ],
}


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{kind}: {i}") for kind in CASES for i, case in enumerate(CASES[kind])]
)
def test_case(case: str) -> None:
    expected = [token.lstrip("␣") for token in case.split("|")]
    text = case.replace("|", "").replace("␣", " ")
    assert [text[start:end] for start, end in tokenize(text)] == expected


@pytest.mark.parametrize("line", ["1. Bring bread", "  2. Bring salt", "\t3. Bring oil"])
def test_list_numbers_keep_their_stop(line: str) -> None:
    text = "To do:\n" + line
    words = [text[start:end] for start, end in tokenize(text)]
    assert words[3] == line.split()[0]


@pytest.mark.parametrize("text", ["", " ", "\n\t \u3000\u2028\x1c\x85"])
def test_nothing_but_white_space_has_no_tokens(text: str) -> None:
    assert tokenize(text) == []


FRAGMENTS = (
    *"aZé9ß_.,:;!?'’\"-–—/@#&%$€+=*~^|<>()[]{}°\\` \t\n\r\x00\x1f\x85\xa0\xad",
    *"東かカ서ᄀ\u1161\u11abאمक्\u0301\u3099\uff9e\u200b\u200c\u200d\u200e\u202e\u2060\ufeff\ufe0f\u20e3",
    *"👩🚀🏽🇯🇵❤🏴\U000e0067\U000e007f\U0001d54f\ud800\ue000\U0002a6d6",
    "http://",
    "www.",
    "U.S.",
    "Mr.",
    "n't",
    "'s",
    "cannot",
    "a@b.c",
    ".com/",
    "1️⃣",
    "1,000.5",
    "I.",
    "No.",
    "&amp;",
    "::)",
    "1.",
)
TEXTS = st.text(st.characters()) | st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join)


@given(TEXTS)
@example("1\ufe0f\u20e3")
def test_tokens_tile_the_text(text: str) -> None:
    at = 0
    for start, end in tokenize(text):
        assert at <= start < end
        assert text[at:start] == "" or text[at:start].isspace()
        assert not re.search(r"\s", text[start:end])
        at = end
    assert text[at:] == "" or text[at:].isspace()


@given(TEXTS, st.integers(0, 50))
def test_words_and_their_places_are_those_of_the_tokens(text: str, count: int) -> None:
    spans = tokenize(text)
    words = split(text)
    assert words == [text[start:end] for start, end in spans]
    assert place(text, words[:count]) == [start for start, _ in spans[:count]]


PARTED = (*FRAGMENTS, " word ", " Ab c", "- and ", "can not ")


@given(st.lists(st.sampled_from(PARTED), max_size=60).map("".join))
def test_words_are_the_same_however_small_the_parts(text: str) -> None:
    expected = split(text)
    assert [part for part in range(1, 30) if split(text, part) != expected] == []


MARK = re.compile(f"[{COMBINING}]")


@given(TEXTS)
def test_a_combining_character_stays_with_its_base(text: str) -> None:
    for start, _ in tokenize(text):
        assert start == 0 or text[start - 1].isspace() or not MARK.match(text[start])


@given(st.lists(st.from_regex(r"[b-zB-Z][a-z]{2,7}", fullmatch=True), max_size=20))
def test_words_between_spaces_are_tokens(words: list[str]) -> None:
    words = [word for word in words if word.lower() != "cannot"]
    assert Document.from_text(" ".join(words)).words == words


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)))
def test_each_han_character_is_a_token(text: str) -> None:
    assert tokenize(text) == [(i, i + 1) for i in range(len(text))]


def test_combining_characters_are_those_of_unicode() -> None:
    # the frozen Unicode 3.2 database: its answers do not depend on the version of Python
    old = unicodedata.ucd_3_2_0.category
    assigned = [chr(c) for c in range(0x110000) if old(chr(c))[0] in "MLNPSZ"]
    marks = [c for c in assigned if old(c)[0] == unicodedata.category(c)[0] == "M"]
    assert [c for c in marks if not MARK.match(c)] == []
    others = [c for c in assigned if MARK.match(c) and unicodedata.category(c)[0] != "M"]
    assert all(
        unicodedata.name(c).startswith(("HANGUL JUNG", "HANGUL JONG", "HALFWIDTH", "SOFT")) for c in others
    )


# time that grew with the square of the length would be minutes here, and hours for a line of five megabytes
@pytest.mark.parametrize(
    "unit",
    [
        *("a", "1", ".", "@", "-", "\u200e", "\u0301", "\x00"),
        *(
            "a.",
            "a.A.",
            "a@",
            "a+",
            "a-",
            "a'",
            "1,",
            "1:",
            "a\u200e",
            "a\u0301",
            "A$",
            "&a",
            "''",
            "👩\u200d",
        ),
        *(
            "http",
            "http://",
            "http://(",
            "http://a.",
            "://",
            "www.",
            ".com/",
            "x't",
            "n't",
            "Mr.",
            "I.",
            "Mr. \u200b",
        ),
    ],
)
def test_time_is_linear(unit: str) -> None:
    text = unit * (200_000 // len(unit)) + " end"
    tokens = tokenize(text)
    assert tokens[-1] == (len(text) - 3, len(text))


def test_a_line_of_five_megabytes() -> None:
    assert tokenize("a" * 5_000_000) == [(0, 5_000_000)]
