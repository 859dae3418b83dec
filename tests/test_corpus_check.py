"""Checks: damage planted in a clean corpus is found by its code, and the clean corpus raises nothing."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from onoma import CorpusError, Document, InputError
from onoma.corpus import Corpus, read
from onoma.corpus.checks import CODES, SEVERITIES, check
from onoma.corpus.checks.report import ALONE, TOGETHER, WITH_TRAIN
from onoma.text import Entity


def names(text):
    return text.split()


FIRST = names("Ada Bob Cora Dina Emil Fay Gus Hana Ivo Jana Kai Lena Milo Nora Otto Pia Quin Rosa Sven Tara")
LAST = names("Stone Rivers Moor Field Lane Brook Alder Birch Cliff Dale Eaves Fenn Grove Heath Ives Jarrow")
PLACES = names("Oldport Newhaven Lakeside Redrock Millbrook Ashford Kingsby Norwall Eastmere Westholm")
PLACES += ["Green Hollow", "Port Amber", "Upper Linden", "Lower Linden", "Saint Orla"]
KINDS = ["Bank", "Press", "Mills", "Union", "Institute", "Orchestra", "Railways", "Brewery"]
FIRMS = [
    f"{name} {kind}" for name in ("Harbour", "Crown", "Northern", "Meridian", "Lantern") for kind in KINDS
]
WHO = [
    "baker",
    "sailor",
    "teacher",
    "farmer",
    "judge",
    "aunt",
    "guard",
    "painter",
    "miller",
    "widow",
    "doctor",
    "clerk",
    "singer",
]
DID = [
    "saw",
    "thanked",
    "forgot",
    "painted",
    "met",
    "called",
    "followed",
    "warned",
    "praised",
    "left",
    "paid",
    "missed",
    "hired",
    "drew",
]
WHEN = [
    "yesterday",
    "soon",
    "late",
    "often",
    "twice",
    "quietly",
    "again",
    "gladly",
    "once",
    "slowly",
    "early",
    "rarely",
]
THINGS = [
    "bread",
    "river",
    "bridge",
    "lamp",
    "market",
    "snow",
    "harvest",
    "letter",
    "debt",
    "music",
    "ladder",
    "engine",
    "window",
    "garden",
]
THINGS += [
    "kettle",
    "orchard",
    "mirror",
    "saddle",
    "ferry",
    "compass",
    "violin",
    "chimney",
    "anchor",
    "basket",
    "cellar",
    "lantern",
]
WAS = [
    "fell",
    "rose",
    "shone",
    "grew",
    "broke",
    "failed",
    "returned",
    "burned",
    "sank",
    "waited",
    "changed",
    "vanished",
    "froze",
]
BY = [
    "behind",
    "above",
    "beyond",
    "near",
    "under",
    "without",
    "against",
    "before",
    "inside",
    "along",
    "past",
    "after",
]
FRAMES = (
    "{per} {did} {per} in {geo} {when} and the {thing} {was} {by} a {thing} .",
    "In {geo} the {who} {did} {org} since the {thing} {was} {by} every {thing} .",
    "the {who} {did} {per} of {org} {when} while some {thing} {was} {when} .",
    "{org} opened in {geo} {when} but no {thing} {was} {by} the {thing} .",
    "the {who} {did} nobody {when} as one {thing} {was} {by} that {thing} , {when} .",
    "From {geo} to {geo} {per} {did} the {who} until a {thing} {was} {when} .",
)
NAMES = {
    "{per}": lambda chance: f"{chance.choice(FIRST)} {chance.choice(LAST)}",
    "{geo}": lambda chance: chance.choice(PLACES),
    "{org}": lambda chance: chance.choice(FIRMS),
}
WORDS = {"{who}": WHO, "{did}": DID, "{when}": WHEN, "{thing}": THINGS, "{was}": WAS, "{by}": BY}


def sentence(chance):
    """Words and spans of one clean sentence."""
    words, spans = [], []
    for part in chance.choice(FRAMES).split():
        text = NAMES[part](chance) if part in NAMES else chance.choice(WORDS.get(part, [part]))
        new = text.split()
        if part in NAMES:
            spans.append((len(words), len(words) + len(new), part.strip("{}")))
        words += new
    return words, spans


def clean_rows(seed, count):
    """Distinct sentences, no two alike."""
    chance = random.Random(seed)
    rows = {}
    while len(rows) < count:
        words, spans = sentence(chance)
        rows.setdefault(" ".join(words), (words, spans))
    return list(rows.values())


def corpus(rows):
    return Corpus.from_documents(
        [Document.from_words(words, spans, id=str(n)) for n, (words, spans) in enumerate(rows, 1)]
    )


def found(train, **others):
    parts = {"train": train, **others}
    made = {name: part if isinstance(part, Corpus) else corpus(part) for name, part in parts.items()}
    return {finding.code: finding for finding in check(made).findings}


@pytest.fixture
def train():
    return clean_rows("train", 900)


@pytest.fixture
def test():
    return clean_rows("test", 250)


def test_the_clean_corpus_raises_no_error_and_no_warning(train, test):
    dev = clean_rows("dev", 250)
    codes = {code: each.message for code, each in found(train, dev=dev, test=test).items()}
    assert set(codes) <= {"entities-seen", "near-duplicates"}, codes


# --- damage within a corpus: each function spoils some rows in place


def replaced(rows, at, old, new):
    """Put the words ``new`` for ``old`` in the first sentence from ``at`` on that has it as an `O` word."""
    for words, spans in rows[at:]:
        inside = {i for a, b, _ in spans for i in range(a, b)}
        if old in words and words.index(old) not in inside:
            words[words.index(old)] = new
            return
    raise AssertionError(f"no {old}")


def respell(*pairs):
    """A damage that respells words, each in a sentence of its own."""

    def damage(rows):
        for n, (old, new) in enumerate(pairs):
            replaced(rows, 10 * n, old, new)

    return damage


def spans_of(rows, label, at=0):
    """The first entity of ``label`` from sentence ``at`` on: its sentence, and its place among the spans."""
    return next((row, i) for row in rows[at:] for i, (_, _, name) in enumerate(row[1]) if name == label)


def relabel(rows, old, new, at=0):
    (_, spans), i = spans_of(rows, old, at)
    spans[i] = (*spans[i][:2], new)


def nothing_annotated(rows):
    for _, spans in rows:
        spans.clear()


def long_stretch(rows):
    for _, spans in rows[200:320]:
        spans.clear()


def one_word(rows):
    rows += [([f"Word{n}"], []) for n in range(2 * len(rows))]


def empty_words(rows):
    respell(("bread", "\u200b"), ("river", "\xa0"))(rows)


def lost_and_written(rows):
    for at in (0, 50, 100):
        replaced(rows, at, "nobody", "nan")


def mentioned_in_vain(rows):
    _, spans = next(row for row in rows if any(label == "org" for *_, label in row[1]))
    spans[:] = [span for span in spans if span[2] != "org"]


def often_otherwise(rows):
    first = [(["Saint", "Orla", "slept", f"well{n}", "."], [(0, 2, "geo")]) for n in range(12)]
    rows += [*first, (["Saint", "Orla", "sang", "."], [(0, 2, "org")])]


def article_inside(rows):
    rows += [(["the", "Crown", "Bank", "met", f"x{n}"], [(1, 3, "org")]) for n in range(6)]
    rows += [(["the", "Crown", "Bank", "left", "early"], [(0, 3, "org")])]


def comma_inside(rows):
    rows += [(["In", "Oldport", ",", "bells", f"rang{n}"], [(1, 3, "geo")]) for n in range(2)]


def torn_apart(rows):
    (_, spans), i = spans_of(rows, "org")
    start, end, label = spans[i]
    spans[i : i + 1] = [(start, start + 1, label), (start + 1, end, label)]


def whole_sentence(rows):
    words, spans = rows[0]
    spans[:] = [(0, len(words), "per")]


def long_entity(rows):
    _, spans = next(row for row in rows if len(row[0]) > 14)
    spans[:] = [(1, 13, "org")]


def twice(rows):
    (_, spans), i = spans_of(rows, "geo")
    spans.append(spans[i])


def nested(rows):
    (_, spans), i = spans_of(rows, "org")
    spans.append((spans[i][0], spans[i][0] + 1, "geo"))


def alike(rows):
    rows.append(([*rows[3][0], "again"], rows[3][1]))


def repeated(rows):
    rows.append(rows[3])


def repeated_otherwise(rows):
    words, spans = next(row for row in rows if row[1])
    rows.append((words, spans[1:]))


def rare_label(rows):
    for at in range(0, 50, 10):
        relabel(rows, "geo", "ship", at)


def tag_for_label(rows):
    for at in range(25):
        relabel(rows, "per", "B-per", 20 * at)


def other_name(name):
    def damage(rows):
        for at in range(25):
            relabel(rows, "per", name, 20 * at)

    return damage


def unbalanced(rows):
    more = clean_rows("more", 2500)
    rows[:] = [(words, spans) for words, spans in more]
    for at in range(20):
        relabel(rows, "geo", "ship", 100 * at)


DAMAGES = [
    ("no-entities", "error", nothing_annotated),
    ("one-word-sentences", "warning", one_word),
    ("long-sentences", "note", lambda rows: rows.append(([f"w{n}" for n in range(300)], []))),
    ("empty-sentences", "note", lambda rows: rows.append(([], []))),
    ("unannotated-stretch", "warning", long_stretch),
    ("words-like-missing", "note", respell(("nobody", "None"), ("nobody", "NA"))),
    ("words-read-as-missing", "warning", lost_and_written),
    ("blank-words", "warning", empty_words),
    ("words-with-breaks", "warning", respell(("bread", "bread\nO"), ("snow", "two rows"))),
    ("long-words", "note", respell(("bread", "bread" * 30))),
    ("mojibake", "warning", respell(("bread", "cafÃ©"), ("river", "naÃ¯ve"))),
    ("replacement-characters", "warning", respell(("bread", "caf\ufffd"))),
    ("question-marks-in-words", "warning", respell(("bread", "caf?s"))),
    ("not-nfc", "warning", respell(("bread", "cafe\u0301s"))),
    ("compatibility-characters", "note", respell(("river", "ﬁsh"))),
    ("control-characters", "warning", respell(("bread", "it\x92s"), ("river", "a\x07b"))),
    ("invisible-characters", "warning", respell(("bread", "br\u200bead"), ("river", "\ufeffriver"))),
    ("markup", "warning", respell(("bread", "&amp;"), ("river", "<br>"))),
    ("mixed-scripts", "warning", respell(("bread", "breаd"))),
    ("duplicates", "warning", repeated),
    ("duplicates-disagree", "warning", repeated_otherwise),
    ("near-duplicates", "note", alike),
    ("rare-label", "warning", rare_label),
    ("label-names", "warning", other_name("PER")),
    ("label-names", "warning", other_name("person")),
    ("label-like-tag", "warning", tag_for_label),
    ("label-like-tag", "warning", other_name("nan")),
    ("label-imbalance", "note", unbalanced),
    ("surface-conflict", "warning", often_otherwise),
    ("unannotated-mentions", "warning", mentioned_in_vain),
    ("boundary-inconsistent", "warning", article_inside),
    ("entity-edge", "warning", comma_inside),
    ("entity-split", "warning", torn_apart),
    ("entity-is-sentence", "warning", whole_sentence),
    ("long-entities", "warning", long_entity),
    ("repeated-entities", "warning", twice),
    ("overlapping-entities", "note", nested),
]


@pytest.mark.parametrize(
    ("code", "severity", "damage"), DAMAGES, ids=[f"{d[0]}-{n}" for n, d in enumerate(DAMAGES)]
)
def test_damage_is_found(train, code, severity, damage):
    damage(train)
    findings = found(train)
    assert code in findings, sorted(findings)
    assert findings[code].severity == severity
    assert findings[code].count >= 1
    assert findings[code].advice


def test_damage_between_parts(train, test):
    assert found(train, test=[*test, train[0]])["leak"].severity == "warning"  # 1 in 251
    assert found(train, test=[*test, *train[:20]])["leak"].severity == "error"
    similar = [([*words, "again"], spans) for words, spans in train[:20]]
    near = found(train, test=[*test, *similar])["leak-near"]
    assert (near.severity, near.corpus) == ("warning", "test")
    assert "train sentence" in near.examples[0].note


def test_leaks_between_dev_and_test_count_too(train, test):
    findings = found(train, dev=test, test=[*clean_rows("x", 50), *test[:20]])
    assert "also stand in dev" in findings["leak"].message


def test_articles_in_two_parts(train, test):
    def told(rows, name):
        return Corpus.from_documents(
            [
                Document.from_words(words, spans, meta={"document": name(i)})
                for i, (words, spans) in enumerate(rows)
            ]
        )

    named = found(told(train, lambda i: f"a{i // 9}"), test=told(test, lambda i: f"b{i // 9}"))
    assert "leak-article" not in named
    named = found(told(train, lambda i: f"a{i // 9}"), test=told(test, lambda i: f"a{i // 9}"))
    assert named["leak-article"].count == 28
    numbered = found(told(train, lambda i: str(i // 9)), test=told(test, lambda i: str(i // 9)))
    assert "leak-article" not in numbered  # every file counts its articles from 1
    mixed = [*test, *train[:9]]
    copied = found(told(train, lambda i: str(i // 9)), test=told(mixed, lambda i: str(1000 + (i + 2) // 9)))
    assert "leak-article" in copied


def test_labels_that_train_lacks(train, test):
    relabel(test, "geo", "ship")
    unseen = found(train, test=test)["label-not-in-train"]
    assert (unseen.severity, unseen.count) == ("error", 1)
    assert "ship" in unseen.message


def test_labels_that_a_part_lacks(train, test):
    for _, spans in test:
        spans[:] = [span for span in spans if span[2] != "org"]
    absent = found(train, test=test)["label-absent"]
    assert (absent.severity, absent.message[-4:]) == ("warning", " org")


def test_labels_in_other_proportions(train, test):
    some = [row for row in test if not any(label == "org" for *_, label in row[1])][:60]
    shift = found(train, test=[*some, *test[:30]])["label-shift"]
    assert shift.severity == "warning"
    assert "org" in shift.message


def test_entities_seen_in_training(train):
    seen = found(train, test=[(["Ada", "Stone", "met", "Zed", "Zapp"], [(0, 2, "per"), (3, 5, "per")])])
    assert seen["entities-seen"].message.startswith("50.0% of the entities")


def test_without_ftfy_the_gap_is_told(train, monkeypatch):
    monkeypatch.setattr("onoma.corpus.checks.damage.find_spec", lambda name: None)
    gap = found(train)["not-checked"]
    assert (gap.severity, "pip install 'onoma[check]'" in gap.message) == ("note", True)


# --- precision: what looks like damage and is none


@pytest.mark.parametrize(
    ("code", "words", "spans"),
    [
        ("question-marks-in-words", ["see", "http://x.org/?a=b?c", "what?"], []),
        ("invisible-characters", ["👩\u200d🚀", "می\u200cخواهم"], []),
        ("mixed-scripts", ["β-carotene", "Москва"], []),
        ("markup", ["Tom", "&", "Ada", ";", "a", "<", "b"], []),
        (
            "entity-edge",
            ["U.S.", "Yahoo", "!", "#tag", "'70s"],
            [(0, 1, "geo"), (1, 3, "org"), (3, 4, "misc")],
        ),
        ("entity-edge", ["Bank", "(", "Oldport", ")", "x"], [(0, 4, "org")]),
        ("entity-edge", ["Reed", "&", "Co", ".", "St", ".", "http://a.org/"], [(0, 4, "org"), (4, 6, "geo")]),
        ("entity-edge", ["at", "http://a.org/", "."], [(1, 2, "web")]),
        ("mojibake", ["ΛΕΥΚΩΣΙΑ", "Szöllösy", "№", "«да»"], []),
        ("long-words", ["https://a.org/" + "x" * 200], []),
        ("not-nfc", ["café", "naïve", "각하"], []),
    ],
)
def test_what_is_no_damage(train, code, words, spans):
    assert code not in found([*train, (words, spans)])


def test_common_words_are_no_unannotated_mentions(train):
    rows = [(["Field", "met", f"w{n}"], [(0, 1, "per")]) for n in range(60)]
    rows += [(["the", "field", "lay", f"bare{n}"], []) for n in range(20)]
    assert "unannotated-mentions" not in found([*train, *rows, (["Field", "work", "began"], [])])


# --- files


def file(tmp_path, text, name="a.conll", encoding="utf-8"):
    path = tmp_path / name
    path.write_text(text, encoding=encoding)
    return read(path)


def test_ill_formed_tags(tmp_path):
    ill = found(file(tmp_path, "a B-per\nb I-per\n\n" * 9 + "a O\nb I-per\n"))["ill-formed"]
    assert (ill.severity, ill.count) == ("warning", 1)
    assert ill.examples[0].line == 29
    assert ill.examples[0].text.endswith("a.conll:29: I-per: after O, the sentence's last; read leniently")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "Sentence #,Word,Tag\n1,Ada,B-per\n2,met,O\n3,Bob,B-per\n"),
        ("a.conll", "Ada B-per\n\nmet O\n\nBob B-per\n"),
        ("a.jsonl", '{"tokens": ["Ada"], "tags": ["B-per"]}\n' * 3),
    ],
)
def test_the_sentence_id_not_carried(tmp_path, name, text):
    report = check({"train": file(tmp_path, text, name)})
    (trap,) = [f for f in report.findings if f.code == "sentence-id-not-carried"]
    assert trap.severity == "error"
    assert "have one word" in trap.message
    assert report.fails("error")
    assert report.fails("warning")


def test_encoding_and_comments_are_noted(tmp_path):
    codes = found(file(tmp_path, "# about\nZoë B-per\nmet O\n", encoding="latin-1"))
    notes = {code for code, each in codes.items() if each.severity == "note"}
    assert notes == {"encoding", "comments"}


def test_a_file_that_cannot_be_read_is_an_error_not_a_finding(tmp_path):
    with pytest.raises(CorpusError, match=r"a\.conll:2"):
        check({"train": file(tmp_path, "a O\nb\n")})


# --- what a report is


def test_the_gravest_come_first_and_everything_is_plain_data(train, test):
    report = check({"train": corpus([*train, (["NA", "x"], [])]), "test": corpus([*test, *train[:20]])})
    ranks = [SEVERITIES.index(each.severity) for each in report.findings]
    assert ranks == sorted(ranks)
    plain = report.to_dict()
    assert plain["schema"] == 1
    assert plain["totals"]["error"] == 1
    first = plain["findings"][0]
    assert set(first) == {"severity", "code", "corpus", "count", "message", "examples", "advice"}
    place = {"text", "sentence", "id", "line", "start", "end"}
    assert set(first["examples"][0]) == place | {"note", "suggestion"}
    described = plain["corpora"][0]
    assert described["sentences"] == 901
    assert described["sentence_tokens"]["percentiles"]["100"] == max(len(words) for words, _ in train)
    assert sum(described["sentence_tokens"]["counts"].values()) == 901


def test_examples_say_where_and_what(train):
    respell(("bread", "caf\ufffd"))(train)
    (example,) = found(train)["replacement-characters"].examples
    words, _ = train[example.sentence - 1]
    assert "caf\ufffd" in words
    assert example.text[example.start : example.end] == "caf\ufffd"
    assert example.id == str(example.sentence)


def test_only_and_skip(train):
    train += train[:3]
    respell(("bread", "caf\ufffd"))(train)
    parts = {"train": corpus(train)}
    assert [f.code for f in check(parts, only=["duplicates"]).findings] == ["duplicates"]
    skipped = check(parts, skip=["duplicates", "near-duplicates"])
    assert [f.code for f in skipped.findings] == ["replacement-characters"]
    assert check(parts, only=["duplicates"], examples=1).findings[0].examples[1:] == ()
    with pytest.raises(InputError, match="did you mean 'duplicates'"):
        check(parts, only=["duplicate"])


def test_every_code_is_looked_for_by_one_check_and_documented():
    looked = [code for one in (*ALONE, *TOGETHER, *WITH_TRAIN) for code in one.codes]
    assert sorted([*looked, "label-error"]) == sorted(CODES)
    text = Path(__file__).parent.parent.joinpath("docs", "checks.md").read_text(encoding="utf-8")
    for name, code in CODES.items():
        severity = f"{code.severity} or {code.mild}" if code.mild else code.severity
        assert f"| `{name}` | {severity} | {code.meaning} | {code.advice} |" in text


def test_corpora_without_tags_or_sentences_or_entities():
    nothing = Corpus.from_documents([])
    assert check({"train": nothing, "test": nothing}).findings == []
    text = "Ada met Bob"
    odd = Document(text, (), (Entity(0, 3, "per"), Entity(8, 11, "per")))  # entities and not one token
    assert "empty-sentences" in found(Corpus.from_documents([odd]))
