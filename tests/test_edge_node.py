"""JavaScript beside Python: the same tokens, the same features of words, the same entities."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer as Pieces
from tokenizers.models import BPE

import onoma
from onoma.errors import InputError
from onoma.features.static import PieceLexicon
from onoma.runtime import Tagger
from onoma.runtime.edge import _pieces, write_edge
from onoma.runtime.js_pattern import javascript
from onoma.text.tokenizer import tokenize

EDGE = Path(__file__).parent.parent / "edge"
NODE = shutil.which("node")
pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(NODE is None, reason="needs Node.js 20 or newer: https://nodejs.org"),
]
tagging = pytest.mark.skipif(
    not (EDGE / "node_modules" / "onnxruntime-web").is_dir(),
    reason="needs onnxruntime-web: npm install --prefix edge",
)

BITS = re.split(
    "[ ]",
    """U.S. U.N. e.g. p.m. Dr. Mr. St. No. 5 Inc. Corp. J. K. I. A.
Lt.-Gen state-run don't can't cannot Cannot it's O'Connor
Shi'ite AT&T 7.0E+07 1,000 10:30 1996/97 +44 .500 @ana #win
#5 ##x https://example.org/a_(b)?c=1. www.x.org
example.com/page ana@example.org, ana@b C++ C# F# two- and
three-day US$ 5 A$5 '80s 90's ... .. !? -- == ~~ :-) ;P °C
&amp; &#39; \U0001f469\u200d\U0001f680 \U0001f1ef\U0001f1f5
\U0001f642\U0001f3fd 1\ufe0f\u20e3 5\u20e3 \u200b
\u202eabc\u202c cafe\u0301 e\u0301\u0302 שלום עליכם, مرحبا
بالعالم नमस्ते 東京 한국어 ｶﾞ \u1100\u1161 Ünïcödé ǅ ß İstanbul
ΟΔΟΣ ﬁ Ⅷ ² ½ ٣٤ _x_ ( ) [ ] « » “quote” ‘x’ ` ^^ 1. 12. - *
• The He and or to can the end.Next F.C \x1c \x85 \xa0
\u3000 \t \n\n \r\n \x00 \xad \ufeff""",
)
SPACES = ["", "", "", " ", " ", "\n", "\t", "\xa0", "\u2028"]
ASSIGNED = [
    chr(point) for point in range(0x110000) if unicodedata.category(chr(point)) not in ("Cn", "Cs", "Co")
]


def strange_texts(count: int) -> list[str]:
    chance = random.Random(7)
    texts = ["", " ", *BITS, "a" * 5000, "a." * 2000, "1,2" * 800, "-" * 3000, "(" * 3000, "x\u0301" * 2000]
    for _ in range(count):
        pieces = [
            chance.choice(BITS) if chance.random() < 0.8 else "".join(chance.choices(ASSIGNED, k=3))
            for _ in range(chance.randint(1, 12))
        ]
        texts.append("".join(piece + chance.choice(SPACES) for piece in pieces))
    texts += ["".join(chance.choices(ASSIGNED, k=40)) for _ in range(count // 4)]
    texts += ["".join(chance.choices(".,:'’-+@#&/aA1é \n\u0301", k=25)) for _ in range(count)]
    return texts


def node(program: str, given: Any) -> Any:
    """What ``program`` writes, told ``given``; both are JSON."""
    script = f"""
        import {{ text }} from "node:stream/consumers";
        const given = JSON.parse(await text(process.stdin));
        {program}
    """
    done = subprocess.run(
        [str(NODE), "--input-type=module", "-e", script],
        input=json.dumps(given), capture_output=True, text=True, check=False, timeout=120, cwd=EDGE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tagger that is shipped, for JavaScript."""
    place = tmp_path_factory.mktemp("edge") / "en-gmb"
    write_edge(onoma.load(threads=1), place)
    return place


def test_it_parts_text_as_python_does(folder):
    texts = strange_texts(1200)
    program = """
        import { tokenizer } from "./characters.js";
        const tokenize = tokenizer(given.pattern);
        const spans = (each) => tokenize(each).map(({ start, end }) => [start, end]);
        console.log(JSON.stringify(given.texts.map(spans)));
    """
    about = json.loads((folder / "edge.json").read_text(encoding="utf-8"))
    found = node(program, {"pattern": about["pattern"], "texts": texts})
    for text, spans in zip(texts, found, strict=True):
        assert [tuple(span) for span in spans] == tokenize(text), repr(text)


def test_its_features_of_words_are_pythons(folder):
    texts = strange_texts(800)
    words = sorted(
        {text[start:end] for text in texts for start, end in tokenize(text)} | {"[UNK]", "a[SEP]b"}
    )
    words += ["x" * 33, "ABCdef" * 20, "\U0001d400" * 40, "".join(BITS[:30])]
    features = onoma.load(threads=1).engine.features
    program = """
        import { readFileSync } from "node:fs";
        import { wordFeatures } from "./words.js";
        import { pieceRows } from "./pieces.js";
        const [about, lexicon, tokenizer] = ["edge", "lexicon", "tokenizer"].map((name) =>
            JSON.parse(readFileSync(`${given.folder}/${name}.json`, "utf-8")));
        const features = wordFeatures(lexicon, about.characters, pieceRows(tokenizer, about.pieces));
        const told = Object.entries(features(given.words)).map(([name, { dims, data }]) =>
            [name, dims, Array.from(data, Number)]);
        console.log(JSON.stringify(told));
    """
    found = node(program, {"folder": str(folder), "words": words})
    expected = features.arrays(words)
    assert {name for name, _, _ in found} == set(expected)
    for name, dims, numbers in found:
        assert dims == list(expected[name].shape)
        rows = len(words) + 1
        width = len(numbers) // rows
        for row, word in enumerate(["", *words]):
            theirs = numbers[row * width : (row + 1) * width]
            assert theirs == expected[name].reshape(rows, width)[row].tolist(), (name, word)


FRAMES = [
    "{per} met {per} in {geo} on {tim}.",
    "“{per}” (\u05e9\u05dc\u05d5\u05dd) left {geo} for {geo}, \U0001f680\U0001f469\u200d\U0001f680",
    "{org} said {tim} that it won't leave {geo}; {per} didn't reply.",
    "\u0645\u0631\u062d\u0628\u0627 {per} \U0001f1ef\U0001f1f5 {geo}: cafe\u0301 at {org}",
    "In {tim} the {gpe} government paid $5.2m to {org} (see https://example.org/a_(b)).",
    "{geo}",
    "nothing of note happened",
]
NAMES = {
    "per": ["Angela Merkel", "Barack Obama", "Jose\u0301 Marti\u0301", "Mr. O'Neil", "Ada \U0001f642"],
    "geo": ["Berlin", "New York", "S\u00e3o Paulo", "Sri Lanka", "\u6771\u4eac", "the Gaza Strip", "U.S."],
    "org": ["the United Nations", "Al-Qaida", "Microsoft Corp.", "NATO", "AT&T"],
    "gpe": ["French", "Iraqi", "U.S."],
    "tim": ["Monday", "the 1990s", "January 2, 2006", "2006"],
}  # fmt: skip


def sentences(count: int) -> list[str]:
    chance = random.Random(11)
    return [
        re.sub(r"\{(\w+)\}", lambda slot: chance.choice(NAMES[slot[1]]), chance.choice(FRAMES))
        for _ in range(count)
    ]


def tagged(folder: Path, texts: list[str]) -> list[list[dict[str, Any]]]:
    lines = "\n".join(json.dumps(text) for text in texts)
    done = subprocess.run(
        [str(NODE), str(EDGE / "tag.mjs"), str(folder)],
        input=lines, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def assert_equal_entities(tagger: Tagger, folder: Path, texts: list[str]) -> int:
    found, entities = tagged(folder, texts), 0
    assert len(found) == len(texts)
    for document, theirs in zip(tagger(texts), found, strict=True):
        mine = [(e.start, e.end, e.label, document.surface(e)) for e in document.entities]
        assert [(e["start"], e["end"], e["label"], e["text"]) for e in theirs] == mine
        for entity, other in zip(document.entities, theirs, strict=True):
            assert other["score"] == pytest.approx(entity.score, abs=1e-4)
        entities += len(mine)
    return entities


@tagging
def test_two_hundred_sentences_have_the_same_entities(folder):
    texts = ["", "  \n", *sentences(200)]
    assert assert_equal_entities(onoma.load(threads=1), folder, texts) > 200


@tagging
def test_so_has_a_tagger_without_static_vectors(tiny_bundle, tmp_path):
    tagger = Tagger(tiny_bundle, threads=1)
    write_edge(tagger, tmp_path / "tiny")
    texts = ["Ada Stone went to Green Hollow .", "Hana", "Oldport lies near Red Rock , said Gus Moor ."]
    assert assert_equal_entities(tagger, tmp_path / "tiny", texts) >= 5


def test_pieces_of_another_kind_are_refused():
    with pytest.raises(InputError, match="have a model of the type BPE"):
        _pieces(PieceLexicon(Pieces(BPE()).to_str()))


PATTERNS = [
    r"(?>a+)b",
    r"(?:a|ab)*+c",
    r"a{2,3}+a",
    r"\bx\b|[^\W\d_]+?1",
    r"(?P<q>['\"]).*?(?P=q)",
    r"(?<=\d\.)\w+",
]


def test_translated_patterns_match_the_same():
    chance = random.Random(3)
    texts = ["".join(chance.choices("aabbc1x.é_ '\"\n", k=12)) for _ in range(300)]
    program = """
        import { tokenizer } from "./characters.js";
        const spans = (pattern, each) => tokenizer(pattern)(each).map(({ start, end }) => [start, end]);
        const told = given.patterns.map((pattern) => given.texts.map((each) => spans(pattern, each)));
        console.log(JSON.stringify(told));
    """
    found = node(program, {"patterns": [javascript(re.compile(p)) for p in PATTERNS], "texts": texts})
    for pattern, answers in zip(PATTERNS, found, strict=True):
        for text, spans in zip(texts, answers, strict=True):
            assert [tuple(span) for span in spans] == [m.span() for m in re.finditer(pattern, text)]


@pytest.mark.parametrize("pattern", [r"^a", r"(?i:a)", r"(?<=(a))b", r"(?<=(?>a))b"])
def test_a_pattern_without_translation_is_refused(pattern):
    with pytest.raises(InputError, match="no translation to JavaScript"):
        javascript(re.compile(pattern))
