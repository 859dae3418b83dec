"""Bundles: whole or refused; the tagger they hold: the same answer alone, in company, and in torch."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import onoma
from onoma.errors import BundleError, InputError
from onoma.runtime import Tagger
from onoma.runtime.bundle import read_manifest, write_bundle, write_manifest
from onoma.runtime.manifest import FORMAT, CorpusCard, Manifest
from onoma.text import Coverage, Document, Entity, Token
from small_networks import same_entities

PARTS = ("words.onnx", "tags.onnx", "lexicon.json")
FILES = ("bundle.json", *PARTS)
TEXTS = [
    "Ada Stone went to Green Hollow .",
    "nobody wrote a letter",
    "",
    "Hana",
    "Oldport lies near Red Rock , said Gus Moor . Bob saw Cora Field in Lakeside yesterday .",
    "\U0001f469\u200d\U0001f680 met Ada in Oldport \U0001f642\U0001f3fd",
    " \n\t ",
    "ADA STONE\u200b went to \u202eOldport\u202c cafe\u0301",
]


@pytest.fixture(scope="module")
def tagger(tiny_bundle: Path) -> Tagger:
    return Tagger(tiny_bundle, threads=1)


@pytest.fixture
def copy(tiny_bundle: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_bundle, tmp_path / "copy", ignore=shutil.ignore_patterns("training"))


class TestOnDisk:
    def test_a_manifest_comes_back_as_it_was(self, tmp_path):
        card = CorpusCard(name="letters", fingerprint="ab" * 32, licence="CC0", sentences={"train": 3})
        manifest = Manifest(
            name="tiny", description="naïve — „so“", architecture="bilstm", labels=["per"], scheme="iob2",
            parameters=7, corpus=card, recipe={"seed": 1, "rate": 1e-3}, scores={"dev": {"f1": 1 / 3}},
        )  # fmt: skip
        write_manifest(tmp_path, manifest)
        assert read_manifest(tmp_path) == manifest

    def test_it_holds_what_it_says_and_no_code(self, tiny_bundle):
        manifest = read_manifest(tiny_bundle)
        assert manifest.labels == ["geo", "per"]
        assert set(manifest.files) == set(PARTS)
        assert manifest.recipe["seed"] == 3
        assert set(manifest.scores) == {"dev", "test"}
        assert manifest.scores["test"]["strict"]["micro"]["f1"] > 0.9
        assert manifest.corpus is not None
        assert len(manifest.corpus.fingerprint) == 64
        kinds = {path.suffix for path in tiny_bundle.iterdir() if path.is_file()}
        assert kinds == {".json", ".onnx", ".md"}

    @pytest.mark.parametrize("name", PARTS)
    def test_one_byte_changed_is_noticed_and_the_file_named(self, copy, name):
        content = bytearray((copy / name).read_bytes())
        for at in random.Random(name).sample(range(len(content)), 5):
            content[at] ^= 1
            (copy / name).write_bytes(content)
            with pytest.raises(BundleError, match=name.replace(".", r"\.")):
                Tagger(copy)
            content[at] ^= 1

    def test_one_byte_changed_in_the_manifest_is_noticed_or_changes_nothing(self, copy):
        """White space between the parts carries nothing; every other byte is under the seal."""
        path, whole = copy / "bundle.json", read_manifest(copy)
        content = bytearray(path.read_bytes())
        refused = 0
        for at in random.Random(1).sample(range(len(content)), 200):
            content[at] ^= 1
            path.write_bytes(content)
            try:
                assert read_manifest(copy) == whole
            except BundleError:
                refused += 1
            content[at] ^= 1
        assert refused > 100

    def test_a_label_renamed_in_the_manifest_is_noticed(self, copy):
        path = copy / "bundle.json"
        path.write_text(path.read_text(encoding="utf-8").replace('"per"', '"pet"', 1), encoding="utf-8")
        with pytest.raises(BundleError, match="has changed since it was written"):
            Tagger(copy)

    @pytest.mark.parametrize("name", FILES)
    @pytest.mark.parametrize("left", [0, 1, -1])
    def test_a_truncated_file_is_named(self, copy, name, left):
        content = (copy / name).read_bytes()
        (copy / name).write_bytes(content[:left] if left >= 0 else content[: len(content) // 2])
        with pytest.raises(BundleError, match=name.replace(".", r"\.")):
            Tagger(copy)

    @pytest.mark.parametrize("name", FILES)
    def test_a_missing_file_is_named(self, copy, name):
        (copy / name).unlink()
        with pytest.raises(BundleError, match=name.replace(".", r"\.")):
            Tagger(copy)

    def test_a_newer_format_is_refused_with_advice(self, copy):
        path = copy / "bundle.json"
        content = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**content, "format": FORMAT + 1, "labels": {"a": "new idea"}}))
        with pytest.raises(BundleError, match=f"format {FORMAT + 1}; .*install a newer onoma"):
            Tagger(copy)

    @pytest.mark.parametrize("content", ["[]", "{}", "null", '{"format": "x"}', "\x00", '{"format": 2}'])
    def test_what_is_no_manifest_is_refused(self, copy, content):
        (copy / "bundle.json").write_text(content)
        with pytest.raises(BundleError, match="damaged"):
            Tagger(copy)

    def test_files_that_no_bundle_has_are_refused(self, copy):
        manifest = read_manifest(copy)
        files = {**manifest.files, "../evil.py": manifest.files["tags.onnx"]}
        write_manifest(copy, manifest.model_copy(update={"files": files}))
        with pytest.raises(BundleError, match="evil"):
            Tagger(copy)

    @pytest.mark.parametrize("bad", ["words.onnx", "tags.onnx"])
    def test_a_graph_that_is_none_is_refused(self, copy, tagger, bad):
        graphs = [
            (copy / name).read_bytes() if name != bad else b"none" for name in ("words.onnx", "tags.onnx")
        ]
        write_bundle(copy, read_manifest(copy), *graphs, tagger.engine.features)
        with pytest.raises(BundleError, match=bad.replace(".", r"\.")):
            Tagger(copy)

    def test_an_older_format_is_refused_with_advice(self, copy):
        path = copy / "bundle.json"
        content = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**content, "format": FORMAT - 1}))
        with pytest.raises(BundleError, match=f"format {FORMAT - 1}; .*train it again"):
            Tagger(copy)

    def test_what_is_no_bundle_is_refused(self, tmp_path):
        with pytest.raises(BundleError, match="is not a bundle"):
            onoma.load(tmp_path)
        with pytest.raises(BundleError, match="there is no bundle called"):
            onoma.load(tmp_path / "none")

    def test_until_the_manifest_stands_there_is_no_bundle(self, copy, tagger, monkeypatch):
        def full(_folder: Path) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(type(tagger.engine.features), "save", lambda self, folder: full(folder))
        with pytest.raises(OSError, match="No space left"):
            write_bundle(copy, read_manifest(copy), b"", b"", tagger.engine.features)
        with pytest.raises(BundleError, match="is not a bundle"):
            Tagger(copy)


class TestTagger:
    def test_it_finds_what_it_learned(self, tagger):
        [document] = tagger(["Ada Stone went to Green Hollow ."])
        assert [(document.surface(e), e.label) for e in document.entities] == [
            ("Ada Stone", "per"),
            ("Green Hollow", "geo"),
        ]

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.text(max_size=200) | st.text(alphabet="Ada Stone.\u200d\U0001f642\u0301\n", max_size=200))
    def test_whatever_the_text_entities_are_slices_of_it(self, tagger, text):
        [document] = tagger([text])
        assert document.text == text
        end = 0
        for entity in document.entities:
            assert end <= entity.start < entity.end <= len(text)
            assert document.surface(entity) == text[entity.start : entity.end] != ""
            assert 0 <= entity.score <= 1
            assert entity.label in tagger.labels
            end = entity.end

    @pytest.mark.parametrize("text", ["", " ", "\n\n\t", "\u200b", "x", ".", "\U0001f642", "\x00"])
    def test_texts_of_next_to_nothing(self, tagger, text):
        [document] = tagger([text])
        assert document.text == text

    def test_no_texts(self, tagger):
        assert tagger([]) == []

    @pytest.mark.parametrize("given", ["one text", Document.from_text("one"), [1], [None], [b"bytes"]])
    def test_what_it_cannot_take_it_says(self, tagger, given):
        with pytest.raises(InputError, match="a tagger takes"):
            tagger(given)

    def test_a_documents_own_tokens_are_kept_and_its_entities_replaced(self, tagger):
        own = Document(
            "AdaStone went", (Token(0, 3), Token(3, 8), Token(9, 13)), (Entity(0, 13, "old"),), "7", {"a": 1}
        )
        [document] = tagger([own])
        assert (document.tokens, document.id, document.meta) == (own.tokens, "7", {"a": 1})
        assert own.entities == (Entity(0, 13, "old"),)
        assert all(entity.label in tagger.labels for entity in document.entities)

    def test_a_document_without_tokens_is_tokenised_and_keeps_its_name(self, tagger):
        [document] = tagger([Document("Ada went to Oldport .", id="x", meta={"a": 1})])
        assert (len(document.tokens), document.id, document.meta) == (5, "x", {"a": 1})
        assert document.entities

    def test_inputs_are_untouched(self, tagger):
        texts = [Document.from_text(TEXTS[0]), TEXTS[1]]
        before = list(texts)
        tagger(texts)
        assert texts == before

    def test_a_scores_mean_is_near_one_where_it_is_sure(self, tagger):
        [document] = tagger(["Ada Stone went to Oldport ."])
        assert min(entity.score for entity in document.entities) > 0.5


class TestPipe:
    BAD = (None, b"bytes", 7, "half \ud800 a pair")

    def test_it_reads_no_further_than_it_must(self, tagger):
        def endless():
            for number in itertools.count():
                taken.append(number)
                yield TEXTS[0]

        taken: list[int] = []
        piped = tagger.pipe(endless(), batch_size=4)
        for _ in range(10):
            next(piped)
        assert len(taken) <= 16

    @pytest.mark.parametrize("bad", BAD)
    def test_a_bad_item_is_named_by_its_position(self, tagger, bad):
        piped = tagger.pipe([*["Ada"] * 5, bad, "Oldport"], batch_size=2)
        with pytest.raises(InputError, match=r"item 5 \(counted from 0\)"):
            list(piped)

    def test_or_it_comes_as_a_value_and_nothing_after_it_is_lost(self, tagger):
        items = [part for bad in self.BAD for part in ("Ada Stone went to Oldport .", bad)]
        found = list(tagger.pipe(items, batch_size=3, on_error="yield"))
        assert [isinstance(each, InputError) for each in found] == [False, True] * len(self.BAD)
        assert all(each == tagger(["Ada Stone went to Oldport ."])[0] for each in found[::2])

    def test_an_unknown_way_with_errors_is_refused(self, tagger):
        with pytest.raises(InputError, match="may be 'raise' or 'yield'"):
            tagger.pipe([], on_error="ignore")


MANY = [f"{text} {number}" for number in range(1250) for text in TEXTS]


class TestManyAtOnce:
    def test_eight_threads_get_what_one_gets(self, tiny_bundle):
        tagger = Tagger(tiny_bundle, threads=2)
        expected = list(tagger.pipe(MANY))
        parts = [MANY[i::8] for i in range(8)]
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda texts: list(tagger.pipe(texts, batch_size=37)), parts))
        for i, part in enumerate(found):
            assert all(same_entities(*pair) for pair in zip(part, expected[i::8], strict=True))

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
    def test_it_survives_a_fork(self, tiny_bundle):
        program = (
            "import os, sys; from onoma.runtime import Tagger\n"
            f"tagger = Tagger({str(tiny_bundle)!r}, threads=2)\n"
            "texts = ['Ada Stone went to Oldport .'] * 300\n"
            "before = tagger(texts); child = os.fork()\n"
            "if child == 0: os._exit(0 if tagger(texts) == before else 9)\n"
            "assert tagger(texts) == before; sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
        )
        assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0


class TestCoverage:
    def test_all_of_a_text_is_read_and_it_is_said_by_what(self, tagger, tiny_bundle):
        short, empty, long = tagger(["Ada went .", "", "Ada Stone went . " * 400])
        version = read_manifest(tiny_bundle).version
        assert short.coverage[:3] == Coverage(10, 1, version)[:3]
        assert 0.5 < short.coverage.certainty < 1.0
        assert empty.coverage == Coverage(0, 0, version, 1.0)
        assert long.coverage is not None
        assert long.coverage.characters == len(long.text)
        assert long.coverage.windows > 1

    def test_other_weights_have_another_version(self, copy, tagger):
        graphs = [(copy / name).read_bytes() for name in ("words.onnx", "tags.onnx")]
        manifest = write_bundle(copy, read_manifest(copy), *reversed(graphs), tagger.engine.features)
        assert manifest.version != tagger.manifest.version
        assert manifest.version.partition("@")[0] == tagger.name


class TestLongText:
    SENTENCE = "Ada Stone went to Green Hollow . "

    def test_what_is_found_in_a_sentence_is_found_in_a_hundred(self, tagger):
        """Nothing is lost at the edges of windows, and nothing doubled."""
        [alone] = tagger([self.SENTENCE])
        [document] = tagger([self.SENTENCE * 100])
        expected = [
            (e.start + i * len(self.SENTENCE), e.end + i * len(self.SENTENCE), e.label)
            for i in range(100)
            for e in alone.entities
        ]
        assert [(e.start, e.end, e.label) for e in document.entities] == expected

    def test_a_hundred_thousand_tokens(self, tagger):
        began = time.perf_counter()
        [document] = tagger([self.SENTENCE * 14_300])
        assert len(document.tokens) == 100_100
        assert len(document.entities) == 2 * 14_300
        assert time.perf_counter() - began < 60

    @pytest.mark.parametrize(
        "text",
        ["x" * 5_000_000, "." * 5_000_000, "y" * 60 + " ", "\U0001f642 " * 20],
        ids=["one word", "dots", "long words", "emoji"],
    )
    def test_five_million_characters_in_one_line(self, tagger, text):
        line = (text * (5_000_000 // len(text) + 1))[:5_000_000] if len(text) != 40 else text * 2_000
        began = time.perf_counter()
        [document] = tagger([line])
        assert document.text == line
        assert time.perf_counter() - began < 60
