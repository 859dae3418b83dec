"""Benching, with a clock of our own; the command, with a real bundle."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest
from typer.testing import CliRunner

from onoma.cli import app
from onoma.errors import InputError
from onoma.evaluation.bench import Contender, bench, load_contender
from onoma.evaluation.bench_sheets import sheets, web_page
from onoma.evaluation.card_facts import BUNDLE, ModelFacts
from onoma.evaluation.examine import Candidate
from onoma.evaluation.invented import invented_sentences
from onoma.evaluation.memory import resident_memory
from onoma.text import Document


class Clock:
    """Time that passes only when a tagger works; every tagger of it says what it was given."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[tuple[str, int]] = []

    def __call__(self) -> float:
        return self.now

    def tagger(self, name: str, seconds: Callable[[int], float]) -> Contender:
        def annotate(documents: Sequence[Document]) -> list[Document]:
            self.calls.append((name, len(documents)))
            self.now += seconds(len(documents))
            return list(documents)

        return Contender(annotate, len(name), 0.5, 12.0)


TEXTS = [Document.from_text("Ada wrote to Bob."), Document.from_text("So did I.")] * 4


def test_settings_take_turns_and_every_one_is_timed():
    clock = Clock()
    taggers = [clock.tagger("a", lambda n: 1.0), clock.tagger("bb", lambda n: 2.0 * n)]
    shares: list[float] = []
    found = bench(
        "ab", taggers, TEXTS, batch_sizes=[4], seconds=0, least=2, clock=clock, progress=shares.append
    )
    assert clock.calls == ([("a", 1)] * 8 + [("a", 4)] * 2 + [("bb", 1)] * 8 + [("bb", 4)] * 2) * 3
    tokens = 4 * (5 + 4)
    assert (found.tokens, found.rounds, shares) == (tokens, 2, [0.5, 1.0])
    one, two = found.figures
    assert (one.threads, two.threads, one.load_seconds, one.load_mib) == (1, 2, 0.5, 12.0)
    assert one.tokens_per_second == {1: tokens / 8, 4: tokens / 2}
    assert two.tokens_per_second == {1: round(tokens / 16, 1), 4: round(tokens / 16, 1)}
    assert one.latency_ms == {"p50": 1000, "p95": 1000, "p99": 1000}


def test_figures_are_medians_and_one_slow_round_changes_nothing():
    clock = Clock()
    pace = iter([1.0] * 8 + [1.0] * 8 + [9.0] * 8 + [1.0] * 8)
    found = bench(
        "a", [clock.tagger("a", lambda n: next(pace))], TEXTS, batch_sizes=[], seconds=0, clock=clock
    )
    assert found.figures[0].latency_ms["p99"] == 1000


def test_it_goes_on_for_as_long_as_it_was_told():
    clock = Clock()
    found = bench(
        "a", [clock.tagger("a", lambda n: 1.0)], TEXTS, batch_sizes=[], seconds=81, least=1, clock=clock
    )
    assert found.rounds == 11


def test_a_bundle_finds_its_own_tokens_and_others_are_given_them():
    seen: dict[bool, list[Document]] = {}

    def contender(kind: str) -> Contender:
        def annotate(documents: Sequence[Document]) -> list[Document]:
            seen.setdefault(kind == BUNDLE, []).extend(documents)
            return list(documents)

        return load_contender(lambda: Candidate(annotate, ModelFacts("x", kind)), 1)

    bench("x", [contender(BUNDLE), contender("function")], TEXTS, batch_sizes=[], seconds=0, least=1)
    assert {raw: bool(documents[0].tokens) for raw, documents in seen.items()} == {True: False, False: True}


def test_what_cannot_be_timed_is_refused():
    with pytest.raises(InputError, match="nothing to time"):
        load_contender(lambda: Candidate(list, ModelFacts("answers"), whole=True), 1)
    with pytest.raises(InputError, match="no text to bench with"):
        bench("a", [Contender(list, 1, 0.0, None)], [])


def test_loading_is_timed_by_the_clock():
    ticks = iter([1.0, 3.5])
    assert (
        load_contender(lambda: Candidate(list, ModelFacts("a")), 2, lambda: next(ticks)).load_seconds == 2.5
    )


def test_tables_and_page_say_what_was_found():
    clock = Clock()
    found = bench("<a>", [clock.tagger("a", lambda n: 1.0)], TEXTS, seconds=0, source="b&c", clock=clock)
    speed, latency, loading = sheets(found)
    assert speed.rows == [["1 thread", "4", "36", "36", "36"]]
    assert latency.rows == [["1 thread", "1000.00", "1000.00", "1000.00"]]
    assert loading.rows == [["1 thread", "0.50", "12 MiB"]]
    page = web_page(found)
    assert "&lt;a&gt;" in page
    assert "b&amp;c" in page
    assert "<a>" not in page


def test_memory_grows_when_it_is_taken():
    before = resident_memory()
    taken = bytearray(64 << 20)
    after = resident_memory()
    assert before.now is not None
    assert after.now is not None
    assert after.peak is not None
    assert after.now - before.now > 60
    assert after.peak >= after.now
    assert len(taken) == 64 << 20


def test_made_up_sentences_repeat_by_seed_and_bring_new_words_for_ever():
    first, again = (list(invented_sentences(3, 4000)) for _ in range(2))
    assert first == again != list(invented_sentences(4, 4000))
    words = [word for sentence in first for word in Document.from_text(sentence).words]
    early, late = set(words[: len(words) // 2]), words[len(words) // 2 :]
    assert 0.01 < sum(word not in early for word in late) / len(late) < 0.08


@pytest.mark.parametrize("source", ["made up", "file", "corpus"])
def test_the_command_benches_a_real_bundle(tiny_bundle, tiny_corpus, tmp_path, source):
    text = tmp_path / "text.txt"
    text.write_text("Ada Stone went to Oldport. Nobody wrote a letter.\n\nBob stayed.", encoding="utf-8")
    chosen = {"made up": [], "file": ["--file", str(text)], "corpus": ["--corpus", str(tiny_corpus)]}[source]
    page, out = tmp_path / "page.html", tmp_path / "found.json"
    options = ["--threads", "1", "--batch-sizes", "8", "--seconds", "0", "--sentences", "20"]
    files = ["--json", str(out), "--html", str(page)]
    result = CliRunner().invoke(app, ["bench", str(tiny_bundle), *options, *chosen, *files])
    assert result.exit_code == 0, result.output
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["sentences"] == {"made up": 20, "file": 3, "corpus": 20}[source]
    assert set(found["figures"][0]["tokens_per_second"]) == {"1", "8"}
    assert found["memory"]["peak"] >= found["memory"]["now"] > 10
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "1 thread" in result.output


@pytest.mark.parametrize(
    "wrong", [["--threads", "x"], ["--batch-sizes", "0"], ["--threads", ""], ["--file", "a", "--corpus", "b"]]
)
def test_what_is_no_number_or_too_much_is_refused(wrong, tiny_bundle):
    result = CliRunner().invoke(app, ["bench", str(tiny_bundle), *wrong])
    assert result.exit_code != 0
