"""The tables of shared tasks: small files worked out by hand, and their arithmetic written a second time."""

from __future__ import annotations

import random
from collections import Counter
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import AlignmentError, InputError, TagError
from onoma.evaluation.columns import Columns
from onoma.evaluation.conll_table import conll_table
from onoma.evaluation.germeval import germeval_metrics
from onoma.evaluation.shared_tasks import TASKS, task_named
from onoma.evaluation.submission import Layout, score_task
from onoma.evaluation.wnut import wnut_tables

CONLL = Path(__file__).parents[2] / "shared/data/conll2003"


def columns(tags: list[str], first: list[bool], words: list[bytes] | None = None) -> Columns:
    words = [b"w"] * len(tags) if words is None else words
    return Columns("file", words, tags, np.array(first), np.arange(1, len(tags) + 1), np.zeros(0, dtype=int))


# --- CoNLL: worked out by hand ------------------------------------------------------------------------

BOTH = """-DOCSTART- -X- O O O

U.N. NNP I-NP I-ORG I-ORG
official NN I-NP O O
Ekeus NNP I-NP I-PER I-ORG
heads VBZ I-VP O O
for IN I-PP O O
Baghdad NNP I-NP I-LOC I-LOC
. . O O O

Rio NNP I-NP I-LOC I-LOC
Tinto NNP I-NP I-LOC B-LOC
won VBD I-VP O I-MISC
"""
# gold: ORG 1, PER 1, LOC 2 (Baghdad; Rio Tinto). predicted: ORG 2, LOC 3 (Baghdad; Rio; Tinto), MISC 1.
# correct: U.N. and Baghdad. Tags that agree: 12 rows with -DOCSTART-, wrong are Ekeus, Tinto, won: 8 of 11.
CONLL_TEXT = """processed 11 tokens with 4 phrases; found: 6 phrases; correct: 2.
accuracy:  72.73%; precision:  33.33%; recall:  50.00%; FB1:  40.00
              LOC: precision:  33.33%; recall:  50.00%; FB1:  40.00  3
             MISC: precision:   0.00%; recall:   0.00%; FB1:   0.00  1
              ORG: precision:  50.00%; recall: 100.00%; FB1:  66.67  2
              PER: precision:   0.00%; recall:   0.00%; FB1:   0.00  0"""


@pytest.mark.parametrize("task", ["conll2000", "conll2002", "conll2003"])
def test_conlleval_by_hand(tmp_path, task):
    path = tmp_path / "both"
    path.write_text(BOTH)
    assert score_task(TASKS[task], path, path, Layout(gold=-2)).text == CONLL_TEXT


def test_a_figure_that_ends_on_five_is_rounded_by_the_last_bit_of_the_script():
    # 17 right of 33 found and 31 there: F is 53.125, which the Perl script's order of operations makes 53.13
    tags = ["B-a"] * 17 + ["O"] * 30
    gold = columns([*tags[:17], *["B-a"] * 14, *["O"] * 16], [True] * 47)
    guess = columns([*tags[:17], *["O"] * 14, *["B-a"] * 16], [True] * 47)
    assert "FB1:  53.13" in conll_table([(gold, guess)]).text
    assert "FB1:  53.12" in wnut_tables([(gold, guess)]).text  # and that of the Python script does not


@pytest.mark.data
@pytest.mark.skipif(not CONLL.is_dir(), reason="the corpus is not there")
@pytest.mark.parametrize(
    ("part", "printed"),
    [("testa", "78.33%; recall:  65.23%; FB1:  71.18"), ("testb", "71.91%; recall:  50.90%; FB1:  59.61")],
)
def test_the_published_baseline_of_conll_2003(tmp_path, part, printed):
    """The baseline in the task's table of results: names of the training data, the longest first."""
    lexicon = most_frequent_class(rows(CONLL / "eng.train"))
    path = CONLL / f"eng.{part}"
    lines = []
    for sentence in rows(path):
        lines += [
            f"{word} {tag}" for (word, _), tag in zip(sentence, longest_names(sentence, lexicon), strict=True)
        ]
        lines.append("")
    (tmp_path / "baseline").write_text("\n".join(lines))
    assert f"precision:  {printed}" in score_task(TASKS["conll2003"], path, tmp_path / "baseline").text


def rows(path: Path) -> list[list[tuple[str, str]]]:
    cells = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    kept = [row if row and row[0] != "-DOCSTART-" else None for row in cells]
    return [[(row[0], row[-1]) for row in block] for filled, block in groupby(kept, bool) if filled]


def most_frequent_class(sentences: list[list[tuple[str, str]]]) -> dict[tuple[str, ...], str]:
    """Each name's most frequent class; of equals the alphabetically first."""
    seen: dict[tuple[str, ...], Counter[str]] = {}
    for sentence in sentences:
        words = [word for word, _ in sentence]
        for start, end, label in lenient([tag for _, tag in sentence]):
            seen.setdefault(tuple(words[start:end]), Counter())[label] += 1
    return {name: min(counts, key=lambda label: (-counts[label], label)) for name, counts in seen.items()}


def longest_names(sentence: list[tuple[str, str]], lexicon: dict[tuple[str, ...], str]) -> list[str]:
    words, tags, at = [word for word, _ in sentence], ["O"] * len(sentence), 0
    longest = max(map(len, lexicon))
    while at < len(words):
        size = next((n for n in range(longest, 0, -1) if tuple(words[at : at + n]) in lexicon), 0)
        if size := min(size, len(words) - at):
            label = lexicon[tuple(words[at : at + size])]
            tags[at : at + size] = [f"B-{label}", *[f"I-{label}"] * (size - 1)]
        at += size or 1
    return tags


def lenient(tags: list[str]) -> list[tuple[int, int, str]]:
    """Entities as conlleval reads them, tag by tag."""
    found: list[list] = []
    before = "O"
    for at, tag in enumerate(tags):
        prefix, _, label = tag.partition("-")
        if prefix == "I" and before.partition("-")[2] == label:
            found[-1][1] = at + 1
        elif tag != "O":
            found.append([at, at + 1, label])
        before = tag
    return [tuple(entity) for entity in found]


# --- WNUT-2017 ----------------------------------------------------------------------------------------

SURFACES = """Sonmarg\tB-location\tB-location
is\tO\tO
in\tO\tB-group
Sonmarg\tB-location\tO

sonmarg\tB-location\tI-location
,\tO\tO
Lynda\tB-person\tB-location

Lynda\tB-person\tB-person
Lynda\tB-person\tO
"""
# entities: gold 6 (3 location, 3 person), found 5, correct 3: Sonmarg, sonmarg, and the first Lynda below.
# surfaces: gold (Sonmarg location) (sonmarg location) (Lynda person); found (Sonmarg location) (in group)
# (sonmarg location) (Lynda location) (Lynda person); correct 3.
WNUT_TEXT = """### ENTITY F1-SCORES ###
processed 9 tokens with 6 phrases; found: 5 phrases; correct: 3.
accuracy:  44.44%; precision:  60.00%; recall:  50.00%; FB1:  54.55
         location: precision:  66.67%; recall:  66.67%; FB1:  66.67  2
           person: precision: 100.00%; recall:  33.33%; FB1:  50.00  1

### SURFACE FORM F1-SCORES ###
processed 9 tokens with 3 phrases; found: 5 phrases; correct: 3.
accuracy:  44.44%; precision:  60.00%; recall: 100.00%; FB1:  75.00
         location: precision:  66.67%; recall: 100.00%; FB1:  80.00  2
           person: precision: 100.00%; recall: 100.00%; FB1: 100.00  1"""


def test_wnut_by_hand(tmp_path):
    path = tmp_path / "both.tsv"
    path.write_text(SURFACES)
    published = score_task(TASKS["wnut17"], path, path, Layout(gold=-2))
    assert published.text == WNUT_TEXT
    assert published.figures["surface"]["overall"]["correct"] == 3


def test_surface_forms_need_words():
    tags = columns(["B-a"], [True], [])
    with pytest.raises(AlignmentError, match="holds no words"):
        wnut_tables([(tags, tags)])


# --- GermEval 2014 ------------------------------------------------------------------------------------

NESTED = """# http://de.example.org/1 [2014-01-01]
1\tTroia\tB-OTH\tB-LOC\tB-OTH\tO
2\t-\tI-OTH\tO\tI-OTH\tO
3\tTraum\tI-OTH\tO\tI-OTH\tO
4\tin\tO\tO\tO\tO
5\tBonn\tB-LOC\tO\tB-LOC\tB-ORG

1\tBonner\tB-LOCderiv\tO\tB-LOC\tO
2\tund\tO\tO\tO\tO
3\tORF-Mann\tB-ORGpart\tO\tB-ORGpart\tO
4\t.\tO\tO\tO\tO
"""
# outer: gold 4, found 4; strict 3 right (OTH, LOC Bonn, ORGpart), loose 4. inner: gold 1, found 1, right 0.
# 9 tokens; outer tags right: strict 8, loose 9; inner tags right: 7.
GERMEVAL = {
    "strict": "Accuracy:  83.33%;\nPrecision:  60.00%;\nRecall:  60.00%;\nFB1:  60.00",
    "loose": "Accuracy:  88.89%;\nPrecision:  80.00%;\nRecall:  80.00%;\nFB1:  80.00",
    "outer": "Accuracy:  88.89%;\nPrecision:  75.00%;\nRecall:  75.00%;\nFB1:  75.00",
    "inner": "Accuracy:  77.78%;\nPrecision:   0.00%;\nRecall:   0.00%;\nFB1:   0.00",
}


def test_germeval_by_hand(tmp_path):
    path = tmp_path / "both.tsv"
    path.write_text(NESTED)
    published = score_task(TASKS["germeval2014"], path, path, Layout(gold=-3))
    sections = published.text.split("\n\n")
    assert sections[0].splitlines() == [
        "STRICT: Found: 4 outer and 1 inner phrases; Gold: 4 (outer) and 1 (inner).",
        "LOOSE: Found: 4 outer and 1 inner phrases; Gold: 4 (outer) and 1 (inner).",
    ]
    assert [section.partition("\n")[2] for section in sections[1:5]] == list(GERMEVAL.values())
    assert published.figures["types"]["LOC"]["outer loose"]["f1"] == 100
    assert "outer loose" not in published.figures["types"]["LOCderiv"]


def test_germeval_passes_over_sentence_breaks_and_drops_what_ends_with_the_file():
    gold = columns(["B-PER", "B-PER"], [True, True])
    guess = columns(["B-PER", "I-PER"], [True, True])  # to the script one chunk of two tokens
    none = columns(["O", "O"], [True, True])
    figures = germeval_metrics([(gold, guess), (none, none)]).figures
    assert (figures["outer"]["found"], figures["outer"]["correct"]) == (1, 0)
    figures = germeval_metrics([(gold, gold), (none, none)]).figures
    assert (figures["outer"]["found"], figures["outer"]["correct"]) == (2, 1)


def test_germeval_knows_no_other_prefixes():
    tags = columns(["S-PER"], [True])
    with pytest.raises(TagError, match="GermEval's tags are O"):
        germeval_metrics([(tags, tags)])


def test_two_levels_need_two_columns(tmp_path):
    path = tmp_path / "file"
    path.write_text("a B-PER B-PER\n")
    with pytest.raises(InputError, match="2 columns of tags"):
        score_task(TASKS["germeval2014"], path, path, Layout(gold=1, predicted=1))


def chunk_by_chunk(gold: list[str], guess: list[str], merge: bool) -> tuple[int, int, int, int]:
    """GermEval's counts for one level, tag by tag: correct, found, there, and tags right."""

    def parted(tag: str) -> tuple[str, str]:
        prefix, _, label = tag.partition("-")
        for fine in ("deriv", "part") if merge else ():
            label = label.removesuffix(fine)
        return prefix, label

    def begins(before: str, now: str) -> bool:
        return now == "B" or (before == "O" and now == "I")

    def ends(before: str, now: str) -> bool:
        return before != "O" and now in "BO"

    correct = found = there = right = 0
    running, a_before, b_before = False, ("O", ""), ("O", "")
    for a, b in zip(map(parted, gold), map(parted, guess), strict=True):
        over = [ends(before[0], now[0]) for before, now in ((a_before, a), (b_before, b))]
        correct += running and all(over)
        running = running and not any(over) and a[1] == b[1]
        opened = [begins(before[0], now[0]) for before, now in ((a_before, a), (b_before, b))]
        running = running or (all(opened) and a[1] == b[1])
        there, found, right = there + opened[0], found + opened[1], right + (a == b)
        a_before, b_before = a, b
    return correct, found, there, right


TAGS = st.sampled_from(["O", "O", "B-LOC", "I-LOC", "B-LOCderiv", "I-LOCderiv", "B-PER", "I-PERpart"])
LEVEL = st.lists(st.tuples(TAGS, TAGS, TAGS, TAGS, st.booleans()), min_size=1, max_size=25)


@given(LEVEL)
def test_germeval_equals_the_count_tag_by_tag(tokens):
    outer, inner, outer_guess, inner_guess, first = map(list, zip(*tokens, strict=True))
    levels = [(outer, outer_guess), (inner, inner_guess)]
    figures = germeval_metrics([(columns(a, first), columns(b, first)) for a, b in levels]).figures
    for name, merge in (("strict", False), ("loose", True)):
        counted = np.sum([chunk_by_chunk(a, b, merge) for a, b in levels], axis=0).tolist()
        row = figures[name]
        assert [row["correct"], row["found"], row["gold"]] == counted[:3]
        assert row["accuracy"] == pytest.approx(100 * counted[3] / 2 / len(tokens))


@given(LEVEL)
def test_conll_and_wnut_equal_the_count_of_sets(tokens):
    gold, _, guess, _, breaks = map(list, zip(*tokens, strict=True))
    breaks[0] = True
    chance = random.Random(len(tokens))
    words = [chance.choice([b"a", b"b"]) for _ in tokens]
    starts = [i for i, begins in enumerate(breaks) if begins]
    sides = [
        {
            (start + a, start + b, label)
            for start, end in zip(starts, [*starts[1:], len(gold)], strict=True)
            for a, b, label in lenient(tags[start:end])
        }
        for tags in (gold, guess)
    ]
    pair = [(columns(gold, breaks, words), columns(guess, breaks, words))]
    overall = conll_table(pair).figures["overall"]
    expected = (len(sides[0] & sides[1]), len(sides[1]), len(sides[0]))
    assert (overall["correct"], overall["found"], overall["gold"]) == expected
    forms = [
        {(*words[a:b], label) for a, b, label in side} for side in (sides[0] & sides[1], sides[1], sides[0])
    ]
    tables = wnut_tables(pair).figures
    assert tables["entity"]["overall"]["correct"] == expected[0]
    surface = tables["surface"]["overall"]
    assert [surface["correct"], surface["found"], surface["gold"]] == list(map(len, forms))


def test_semeval_by_hand(tmp_path):
    path = tmp_path / "both"
    path.write_text("a B-x B-x\nb I-x O\nc O O\nd B-y B-z\ne O O\nf B-x O\ng O B-y\n")
    # a-b x against a x: partial; d y against d z: exact, another label; f missed; g spurious
    lines = score_task(TASKS["semeval2013"], path, path, Layout(gold=-2)).text.splitlines()
    assert [line.split()[1:6] for line in lines[1:]] == [
        ["0", "2", "0", "1", "1"],  # strict
        ["1", "1", "0", "1", "1"],  # exact
        ["1", "0", "1", "1", "1"],  # partial
        ["1", "1", "0", "1", "1"],  # type
    ]


def test_an_unknown_task_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'wnut17'"):
        task_named("wnut2017")
