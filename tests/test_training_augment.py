"""Augmentation: what each part changes and leaves alone, and that it is a pure function."""

from __future__ import annotations

import gzip
import random
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    BertConfig,
    BertForMaskedLM,
    BertModel,
    PreTrainedTokenizerFast,
)

from onoma.corpus import Corpus, read_split
from onoma.errors import InputError, RecipeError
from onoma.tagging.align import token_spans
from onoma.text import Document
from onoma.training.augment import Augment, Augmented
from onoma.training.augment.masked import logits_at
from onoma.training.augment.name_lists import read_names
from onoma.training.augment.synonyms import find_wordnet, synonyms_of
from onoma.training.loop import Run, train
from onoma.training.prepare import prepare
from onoma.training.recipe import load_recipe
from small_encoders import ENCODERS

WORDS = ["the", "road", "to", "town", "is", "long", "Ada", "Stone", "Oldport", "Red", "Rock"]


@pytest.fixture(scope="module")
def wordnet(tmp_path_factory) -> Path:
    """Two entries in WordNet's own format: the nouns road and route, the adjectives long and lengthy."""
    folder = tmp_path_factory.mktemp("wordnet")
    synsets = {
        "noun": [("n", ["road", "route"])],
        "adj": [("a", ["long", "lengthy"])],
        "verb": [],
        "adv": [],
    }
    for kind, entries in synsets.items():
        data, index, at = "", "", 0
        for pos, names in entries:
            words = " ".join(f"{name} 0" for name in names)
            line = f"{at:08d} 06 {pos} {len(names):02x} {words} 000 | a gloss\n"
            index += "".join(f"{name} {pos} 1 0 1 0 {at:08d}  \n" for name in names)
            data += line
            at += len(line)
        (folder / f"data.{kind}").write_text(data)
        (folder / f"index.{kind}").write_text(index)
        (folder / f"{kind}.exc").write_text("")
    return folder


@pytest.fixture(scope="module")
def guesser(tmp_path_factory) -> Path:
    """A tiny masked language model, its weights drawn by lot."""
    folder = tmp_path_factory.mktemp("guesser")
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(word.lower() for word in WORDS), "##s"]
    tokenizer = Tokenizer(models.WordPiece({n: i for i, n in enumerate(names)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    BertForMaskedLM(BertConfig(vocab_size=len(names), **sizes)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def corpus(tiny_corpus) -> Corpus:
    return read_split(tiny_corpus, "train")


@pytest.fixture(scope="module")
def everything(wordnet, guesser) -> Augment:
    return Augment.model_validate(
        {
            "swap": {},
            "masked": {"encoder": str(guesser), "words": 0.5},
            "synonyms": {"wordnet": str(wordnet), "words": 0.9},
            "typos": {},
            "case": {},
        }
    )


def only(name: str, **options: object) -> Augment:
    return Augment.model_validate({name: {"sentences": 1.0, **options}})


def labelled(document: Document) -> list[str]:
    return [label for _, _, label in token_spans(document)]


def plain(document: Document) -> tuple[list[str], list[tuple[int, int, str]]]:
    return document.words, token_spans(document)


def test_an_epoch_has_the_same_sentences_labels_and_order(corpus, everything):
    changed = Augmented(corpus, everything, seed=1).epoch(0)
    assert [labelled(d) for d in changed] == [labelled(d) for d in corpus]
    assert changed.labels == corpus.labels
    assert len(changed) == len(corpus)
    differ = sum(plain(a) != plain(b) for a, b in zip(corpus, changed, strict=True))
    assert 0.2 < differ / len(corpus) < 0.95


def test_a_sentence_becomes_the_same_whatever_stands_around_it(corpus, everything):
    whole = Augmented(corpus, everything, seed=1)
    expected = list(map(plain, whole.epoch(3)))
    again = Augmented(corpus, everything, seed=1)
    assert [plain(again.changed(document, 3)) for document in reversed(list(corpus))] == expected[::-1]


def test_epochs_seeds_and_options_differ_and_tell_so(corpus):
    def sight(seed: int, epoch: int, share: float) -> tuple[str, str]:
        made = Augmented(corpus, Augment.model_validate({"swap": {"sentences": share}}), seed).epoch(epoch)
        return made.fingerprint, str([document.words for document in made])

    kinds = {sight(1, 0, 0.5), sight(1, 1, 0.5), sight(2, 0, 0.5), sight(1, 0, 0.9)}
    assert len({mark for mark, _ in kinds}) == len({text for _, text in kinds}) == 4
    assert sight(1, 0, 0.5) in kinds


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8), st.integers(0, 99), st.data())
def test_nothing_but_words_changes(words, seed, data):
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    document = Document.from_words(words, [(start, end, "per")], id="x", meta={"document": "a"})
    options = Augment.model_validate({"swap": {}, "typos": {"words": 0.9}, "case": {}})
    changed = Augmented(Corpus.from_documents([document]), options, seed).changed(document, 0)
    assert labelled(changed) == ["per"]
    assert len(changed.tokens) == len(words)  # the only name there is to swap is its own
    assert (changed.id, changed.meta) == ("x", {"document": "a"})


class TestSwap:
    def test_names_come_from_the_corpus_with_their_label(self, corpus):
        names = {(tuple(d.words[a:b]), label) for d in corpus for a, b, label in token_spans(d)}
        found = Counter(
            (tuple(d.words[a:b]), label)
            for d in Augmented(corpus, only("swap", entities=1.0), seed=2).epoch(0)
            for a, b, label in token_spans(d)
        )
        assert set(found) <= names
        assert len(found) > 0.8 * len(names)

    def test_what_stands_around_names_stays(self, corpus):
        changed = Augmented(corpus, only("swap", entities=1.0), seed=2).epoch(0)
        for old, new in zip(corpus, changed, strict=True):
            assert around(old) == around(new)

    def test_the_share_of_entities(self, corpus):
        kept = all_ = 0
        for old, new in zip(corpus, Augmented(corpus, only("swap", entities=0.3), 2).epoch(0), strict=True):
            pairs = zip(names_of(old), names_of(new), strict=True)
            kept += sum(a == b for a, b in pairs)
            all_ += len(names_of(old))
        assert 0.6 < kept / all_ < 0.85

    def test_names_come_from_a_list_as_often(self, corpus, tmp_path):
        (tmp_path / "new.txt").write_text("Quentin Zephyr\n  Xanthe O'Hara \n\n", encoding="utf-8")
        names = {"per": tmp_path / "new.txt"}
        known = {name for document in corpus for name in names_of(document)}
        changed = list(Augmented(corpus, only("swap", entities=1.0, names=names), 2).epoch(0))
        found = [d.surface(e) for d in changed for e in d.entities if e.label == "per"]
        assert set(found) - known == {"Quentin Zephyr", "Xanthe O'Hara"}
        assert 0.4 < sum(name in known for name in found) / len(found) < 0.6
        assert all(d.surface(e) in known for d in changed for e in d.entities if e.label != "per")

    def test_other_names_in_a_list_are_told_apart(self, corpus, tmp_path):
        path = tmp_path / "new.txt"
        marks = set()
        for content in ("Zephyr", "Zephyr\nXanthe", "Zephyr\nXanthe\n"):
            path.write_text(content, encoding="utf-8")
            marks.add(Augmented(corpus, only("swap", names={"per": path}), 1).epoch(0).fingerprint)
        assert len(marks) == 2

    def test_a_headline_stays_in_capitals(self):
        loud = Document.from_words(["GOAL", "BY", "STONE"], [(2, 3, "per")])
        quiet = Document.from_words(["Ada", "wins"], [(0, 1, "per")])
        changed = Augmented(Corpus.from_documents([loud, quiet]), only("swap", entities=1.0), 0)
        texts = {changed.changed(loud, epoch).text for epoch in range(20)}
        assert texts == {"GOAL BY STONE", "GOAL BY ADA"}

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.json", b'["Ada", "Bo"]'),
            ("a.json", b'{"given": ["Ada"], "other": ["Bo", "Ada"]}'),
            ("a.txt.gz", gzip.compress(b"Ada\r\nBo\r\n", mtime=0)),
            ("a.json.gz", gzip.compress(b'["Ada", "", "Bo"]', mtime=0)),
        ],
    )
    def test_lists_are_read(self, name, content, tmp_path):
        (tmp_path / name).write_bytes(content)
        assert read_names(tmp_path / name) == ["Ada", "Bo"]

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("a.txt", b" \n", "holds no names"),
            ("a.txt", b"\xff\xfe\x00", "cannot read"),
            ("a.json", b'{"a": 1}', "neither a list"),
            ("a.json", b'["Ada", 1]', "neither a list"),
            ("a.json", b"[", "cannot read"),
            ("a.gz", b"Ada", "cannot read"),
            ("a.gz", gzip.compress(b"Ada", mtime=0)[:-9], "cannot read"),
            (".", b"", "cannot read"),
        ],
    )
    def test_what_is_no_list_is_told(self, name, content, message, tmp_path):
        path = tmp_path / name
        if name != ".":
            path.write_bytes(content)
        with pytest.raises(InputError, match=message):
            read_names(path)

    def test_a_list_for_no_label_is_refused(self, corpus, tmp_path):
        (tmp_path / "a.txt").write_text("Ada")
        with pytest.raises(InputError, match="did you mean 'per'"):
            Augmented(corpus, only("swap", names={"pers": tmp_path / "a.txt"}), 1)


def names_of(document: Document) -> list[str]:
    return [document.surface(entity) for entity in document.entities]


def around(document: Document) -> list[str]:
    held = {i for a, b, _ in token_spans(document) for i in range(a, b)}
    return [word for i, word in enumerate(document.words) if i not in held]


class TestCase:
    def test_sentences_are_small_or_large(self, corpus):
        changed = list(Augmented(corpus, only("case", upper=0.25), seed=5).epoch(0))
        capitals = sum(document.text.isupper() for document in changed)
        assert capitals + sum(document.text.islower() for document in changed) == len(changed)
        assert 0.15 < capitals / len(changed) < 0.35


class TestTypos:
    def test_a_share_of_words_slips(self, corpus):
        pairs = [
            pair
            for old, new in zip(corpus, Augmented(corpus, only("typos", words=0.2), 5).epoch(0), strict=True)
            for pair in zip(old.words, new.words, strict=True)
            if len(pair[0]) > 1
        ]
        assert 0.1 < sum(a != b for a, b in pairs) / len(pairs) < 0.25


class TestSynonyms:
    def test_the_folder_is_read(self, wordnet):
        assert synonyms_of(["long", "road", "town", "x-ray"], wordnet) == {
            "long": ["lengthy"],
            "road": ["route"],
        }

    def test_words_outside_names_give_way_and_names_never(self, wordnet):
        document = Document.from_words(["The", "ROAD", "to", "Long", "Road"], [(3, 5, "geo")])
        options = only("synonyms", words=1.0, wordnet=str(wordnet))
        changed = Augmented(Corpus.from_documents([document]), options, 1).changed(document, 0)
        assert changed.words == ["The", "ROUTE", "to", "Long", "Road"]

    def test_a_folder_without_it_says_what_to_install(self, tmp_path):
        with pytest.raises(InputError, match=r"holds no index\.noun.*apt install wordnet-base"):
            find_wordnet(tmp_path)

    def test_without_any_it_says_so_too(self, monkeypatch):
        import nltk.data

        monkeypatch.setattr("onoma.training.augment.synonyms.PLACES", ())
        monkeypatch.setattr(nltk.data, "path", [])
        with pytest.raises(InputError, match=r"no WordNet is installed.*nltk\.downloader wordnet"):
            find_wordnet()

    def test_a_damaged_one_is_named(self, wordnet, tmp_path):
        for file in wordnet.iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes())
        (tmp_path / "index.noun").write_text("road n\n")
        with pytest.raises(InputError, match="cannot read the WordNet"):
            synonyms_of(["road"], tmp_path)


class TestMasked:
    def test_words_outside_names_give_way_to_others_of_the_vocabulary(self, guesser):
        document = Document.from_words(["The", "road", "to", "Ada", "is", "long", "."], [(3, 4, "per")])
        corpus = Corpus.from_documents([document])
        augmented = Augmented(corpus, only("masked", words=1.0, encoder=str(guesser)), 1)
        changed = augmented.changed(document, 0)
        assert changed.words[3] == "Ada"
        assert changed.words[0].istitle()  # a capital stays one
        assert changed.words[-1] == "."
        assert all(word.lower() in map(str.lower, WORDS) for word in changed.words[:-1])
        assert changed.words[1] != "road"

    def test_it_draws_nothing_from_the_runs_own_chance(self, guesser):
        before = torch.get_rng_state()
        document = Document.from_words(["the", "road"])
        options = only("masked", words=1.0, encoder=str(guesser))
        Augmented(Corpus.from_documents([document]), options, 1).changed(document, 0)
        assert torch.equal(before, torch.get_rng_state())

    def test_an_encoder_without_the_head_is_refused(self, guesser, tmp_path):
        BertModel.from_pretrained(guesser).save_pretrained(tmp_path)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            (tmp_path / name).write_bytes((guesser / name).read_bytes())
        with pytest.raises(InputError, match="without the head that guesses masked words"):
            Augmented(Corpus.from_documents([]), only("masked", encoder=str(tmp_path)), 1)

    def test_a_long_sentence_is_changed_where_it_is_read(self, guesser):
        words = [random.Random(i).choice(["road", "town", "long"]) for i in range(700)]
        document = Document.from_words(words)
        options = only("masked", words=0.1, encoder=str(guesser))
        changed = Augmented(Corpus.from_documents([document]), options, 1).changed(document, 0)
        assert len(changed.words) == 700
        assert changed.words != words

    def test_pieces_beyond_what_an_encoder_reads_at_once_stay(self, guesser):
        words = ["road" + "s" * 4] * 150
        options = only("masked", words=1.0, encoder=str(guesser))
        document = Document.from_words([*words, "town"])
        assert Augmented(Corpus.from_documents([document]), options, 1).changed(document, 0) == document

    @pytest.mark.parametrize("name", ENCODERS)
    @pytest.mark.parametrize("headed", [True, False])
    def test_scoring_some_pieces_is_scoring_all_and_taking_those(self, name, headed, monkeypatch):
        kind, _, sizes = ENCODERS[name]
        torch.manual_seed(0)
        model = AutoModelForMaskedLM.from_config(AutoConfig.for_model(kind, vocab_size=50, **sizes)).eval()
        rows = {"input_ids": torch.arange(5, 15)[None], "attention_mask": torch.ones(1, 10, dtype=torch.long)}
        with torch.no_grad():
            whole = model(**rows).logits[0]
            if not headed:
                monkeypatch.setattr(model, "get_output_embeddings", lambda: None)
            some = logits_at(model, rows, [7, 2, 3])
            again = model(**rows).logits[0]
        torch.testing.assert_close(some, whole[[7, 2, 3]])
        torch.testing.assert_close(again, whole)


class TestTraining:
    @pytest.fixture(autouse=True)
    def cached(self, cache, monkeypatch) -> None:
        monkeypatch.setenv("ONOMA_CACHE", str(cache))

    def start(self, recipe: Path, folder: Path) -> Run:
        folder.mkdir(exist_ok=True)
        settings = ["augment.swap.entities=0.9", "augment.case.sentences=0.2", "training.epochs=2"]
        return prepare(load_recipe(recipe, settings), folder).run

    @pytest.mark.parametrize("stop", [3, 31, 40])
    def test_a_resumed_run_ends_the_same(self, tiny_recipe, tmp_path, stop):
        whole, torn = tmp_path / "whole", tmp_path / "torn"
        list(train(self.start(tiny_recipe, whole)))
        list(islice(train(self.start(tiny_recipe, torn)), stop))
        list(train(self.start(tiny_recipe, torn), resume=True))
        one, other = (torch.load(folder / "last.pt", weights_only=True) for folder in (whole, torn))
        assert all(torch.equal(one["network"][name], other["network"][name]) for name in one["network"])
        assert len(list((whole / "augmented").glob("*/*"))) == 1  # older epochs are forgotten

    def test_it_changes_what_is_learned(self, tiny_recipe, tmp_path):
        plain_run = prepare(load_recipe(tiny_recipe, ["training.epochs=2"]), tmp_path).run
        changed = self.start(tiny_recipe, tmp_path / "changed")
        assert [next(train(run)).loss for run in (plain_run, changed)] == pytest.approx([1, 1], abs=5)
        store, _ = changed.changed(0)
        assert store.key != changed.store.key

    def test_an_unknown_part_is_named(self, tiny_recipe):
        with pytest.raises(RecipeError, match=r"augment\.swop: unknown key; did you mean 'swap'"):
            load_recipe(tiny_recipe, ["augment.swop.sentences=1"])
