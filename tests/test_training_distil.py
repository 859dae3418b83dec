"""Distilling and self-training: what is learned, from what text, and what the bundle tells of it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from onoma.corpus import Corpus, read_split
from onoma.errors import InputError, RecipeError, TrainingError
from onoma.runtime import Tagger
from onoma.runtime.bundle import read_manifest
from onoma.tagging import TagSet
from onoma.tagging.align import token_spans
from onoma.text import Document
from onoma.training.augment.swap import Swap
from onoma.training.distil import Beliefs, Distil, RawText, Teaching, mixed
from onoma.training.distil_lessons import sure
from onoma.training.distil_text import crossed, in_sentences, plain_text, raw_corpus
from onoma.training.recipe import Recipe, load_recipe
from onoma.training.run import Finished, Judged, run_recipe
from onoma.training.self_training import SelfTraining, keep_best, rounds, sureness

RAW = "Emil Brook saw Hana in Newhaven.\nDina Moor went to Red Rock. Gus saw Fay Lane in Oldport yesterday.\n"
FEW = ["training.epochs=2", "training.patience=null"]


@pytest.fixture(autouse=True)
def own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONOMA_CACHE", str(cache))


@pytest.fixture
def raw_file(tmp_path: Path) -> Path:
    path = tmp_path / "raw.txt"
    path.write_text(RAW, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def teacher(tiny_bundle: Path) -> Tagger:
    return Tagger(tiny_bundle, threads=1)


@pytest.fixture
def student(tiny_recipe: Path) -> Recipe:
    return load_recipe(tiny_recipe, [*FEW, "name=student", "network.hidden=6", "scheme=iob2"])


def test_a_student_of_beliefs_alone_comes_near_its_teacher(teacher, tiny_recipe, raw_file, tmp_path):
    recipe = load_recipe(tiny_recipe, ["name=student", "seed=9", "scheme=iob2", "training.epochs=4"])
    teaching = Teaching([teacher], RawText([raw_file], told=["raw.txt"]), Distil(hard=0.0))
    events = list(run_recipe(recipe, tmp_path / "out", preparing=teaching))
    [dev] = [event for event in events if isinstance(event, Judged) and event.split == "dev"]
    assert dev.scores.strict.micro.f1 > 0.9
    manifest = read_manifest(tmp_path / "out")
    assert manifest.taught.teachers == [teacher.version]
    assert (manifest.taught.sentences, manifest.taught.text) == (3, ["raw.txt"])
    card = (tmp_path / "out" / "CARD.md").read_text(encoding="utf-8")
    assert "distilled from 1 teacher: 0% labels and 100% teachers" in card
    assert "raw.txt (3 sentences" in card


@pytest.mark.parametrize("architecture", ["bilstm", "bilstm-crf"])
@pytest.mark.parametrize("objective", ["sequence", "token"])
def test_every_kind_of_network_can_be_a_student(architecture, objective, teacher, tiny_corpus, tmp_path):
    about = {"architecture": architecture, "lexical": {"word": 6}, "hidden": 4}
    training = {"epochs": 1, "threads": 1}
    given = {"name": "x", "corpus": {"path": str(tiny_corpus)}, "network": about, "training": training}
    recipe = Recipe.model_validate(given)
    teaching = Teaching([teacher, teacher], RawText(crossings=1), Distil(objective=objective))
    *_, finished = run_recipe(recipe, tmp_path / "out", preparing=teaching)
    assert isinstance(finished, Finished)
    assert finished.manifest.corpus.sentences["unlabelled"] > 100


def test_a_resumed_student_is_the_same(teacher, student, raw_file, tmp_path):
    def run(out: Path, *, stop: int | None = None, resume: bool = False) -> bytes:
        teaching = Teaching([teacher], RawText([raw_file]), Distil())
        events = run_recipe(student, out, preparing=teaching, resume=resume)
        for number, _ in enumerate(events):
            if number == stop:
                events.close()
                return b""
        return (out / "tags.onnx").read_bytes()

    whole = run(tmp_path / "whole")
    run(tmp_path / "parts", stop=12)
    assert run(tmp_path / "parts", resume=True) == whole


def test_other_lessons_are_not_gone_on_with(teacher, student, tmp_path):
    first = run_recipe(student, tmp_path / "out", preparing=Teaching([teacher], RawText(), Distil()))
    list(islice(first, 12))
    first.close()
    other = Teaching([teacher], RawText(), Distil(hard=0.1))
    with pytest.raises(TrainingError, match="another corpus"):
        list(run_recipe(student, tmp_path / "out", preparing=other, resume=True))


def test_labels_and_beliefs_are_mixed_by_share():
    gold, soft = sure(np.array([1, 2]), 3), sure(np.array([0, 2]), 3)
    assert mixed(gold, soft, 0.75).tags(2, 3).tolist() == [[0.25, 0.75, 0.0], [0.0, 0.0, 1.0]]
    assert mixed(gold, None, 1.0) is gold
    assert mixed(None, soft, 0.0) is soft


def test_shares_weigh_sentences(tiny_corpus, tmp_path):
    from onoma.training.store import build_store

    tags = TagSet(["geo", "per"], "bioes")
    store = build_store(read_split(tiny_corpus, "dev"), tags, tmp_path)
    shares = np.linspace(0, 1, len(store))
    beliefs = Beliefs(store, tags, None, len(store), Distil(hard=1.0), shares)
    soft = beliefs([(3, 0, int(store.lengths[3])), (5, 0, int(store.lengths[5]))])
    assert soft.share.tolist() == pytest.approx([shares[3], shares[5]])
    assert soft.weight[soft.row == 1].numpy() == pytest.approx(shares[5])


def test_what_cannot_teach_is_refused(teacher, tiny_recipe, tiny_corpus, tmp_path):
    other = load_recipe(tiny_recipe, ["corpus.map={per: name}"])
    with pytest.raises(InputError, match="only the teacher has per; only the student has name"):
        Teaching([teacher], RawText(), Distil()).ask(other)
    with pytest.raises(RecipeError, match="take augment out"):
        Teaching([teacher], RawText(), Distil()).ask(load_recipe(tiny_recipe, ["augment={case: {}}"]))
    known = RawText(corpora=[read_split(tiny_corpus, "dev")], told=["dev"])
    with pytest.raises(InputError, match="no sentence that is new"):
        Teaching([teacher], known, Distil()).ask(load_recipe(tiny_recipe))
    with pytest.raises(InputError, match="weight above 0"):
        Teaching([], RawText(), Distil()).ask(load_recipe(tiny_recipe))


def test_raw_text_is_read_by_sentences_without_labels_and_once(raw_file, tmp_path):
    found = list(in_sentences(plain_text(raw_file)))
    assert [document.text for document in found][1] == "Dina Moor went to Red Rock."
    assert [document.words for document in found][2][:2] == ["Gus", "saw"]
    labelled = {"train": Corpus.from_documents([found[0]]), "dev": Corpus.from_documents([])}
    text = RawText(
        [raw_file, raw_file], [Corpus.from_documents([Document.from_words(["Ada"], [(0, 1, "per")])])]
    )
    raw = text.corpus(labelled)
    assert [document.text for document in raw] == ["Dina Moor went to Red Rock.", found[2].text, "Ada"]
    assert not any(document.entities for document in raw)
    (tmp_path / "bad.txt").write_bytes(b"caf\xe9")
    with pytest.raises(InputError, match=r"cannot read .*bad\.txt as text in utf-8"):
        plain_text(tmp_path / "bad.txt")
    with pytest.raises(InputError, match="nothing holds no sentence"):
        raw_corpus(list, "nothing")


def test_crossing_cuts_no_name(tiny_corpus):
    documents = list(read_split(tiny_corpus, "dev"))
    names = {d.surface(e) for d in documents for e in d.entities}
    first = list(crossed(documents, 1))
    assert [d.text for d in crossed(documents, 1)] == [d.text for d in first]
    assert [d.text for d in crossed(documents, 2)] != [d.text for d in first]
    begin, end = ({name.split()[at] for name in names if " " in name} - names for at in (0, -1))
    for document in first:  # a word that only begins names is followed by one that ends them
        pairs = zip(document.words, document.words[1:], strict=False)
        assert all(after in end for word, after in pairs if word in begin - end)
    assert all(token_spans(document) == [] for document in first)


def test_sentences_get_names_from_corpus_and_lists(tiny_corpus, tmp_path):
    (tmp_path / "names.txt").write_text("Quentin Zephyr\nXanthe\n", encoding="utf-8")
    train = read_split(tiny_corpus, "train")
    swap = Swap.model_validate({"names": {"per": tmp_path / "names.txt"}})
    made = list(RawText(swaps=2, swap=swap).corpus({"train": train}))
    known = {document.text for document in train}
    assert len({document.text for document in made} - known) == len(made) > len(known)
    assert all(document.entities == () for document in made)
    assert sum("Xanthe" in document.words for document in made) > 10
    again = RawText(swaps=2, swap=swap).corpus({"train": train})
    assert [document.text for document in again] == [document.text for document in made]


def test_self_training_keeps_the_best_round_on_dev(tiny_recipe, tiny_corpus, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    lines = (tiny_corpus / "train.conll").read_text(encoding="utf-8").split("\n\n")
    (few / "train.conll").write_text("\n\n".join(lines[:60]), encoding="utf-8")
    (few / "rest.conll").write_text("\n\n".join(lines[60:]), encoding="utf-8")
    changes = [
        f"corpus={{train: {few / 'train.conll'}, dev: {tiny_corpus / 'dev.conll'}}}",
        "name=self",
        *FEW,
    ]
    recipe, out = load_recipe(tiny_recipe, changes), tmp_path / "out"
    text = RawText(corpora=[read_split(few / "rest.conll", "train")], told=["rest"])
    options = SelfTraining(rounds=1, threshold=0.2)
    for each in rounds(recipe, out, text, options):
        assert isinstance([*each.events][-1], Finished)
    best = keep_best(out, 1)
    scores = [read_manifest(out / f"round-{n}").scores["dev"]["strict"]["micro"]["f1"] for n in (0, 1)]
    assert scores[best] == max(scores)
    assert Tagger(out).version == Tagger(out / f"round-{best}").version
    assert "was sure of" in read_manifest(out / "round-1").taught.how
    assert [each.number for each in rounds(recipe, out, text, options, resume=True)] == []


def test_sureness_of_a_reading(teacher):
    [found, none] = teacher(["Ada Stone went to Oldport .", "nobody wrote a letter"])
    assert sureness(found) == min(entity.score for entity in found.entities)
    assert sureness(none) == none.coverage.certainty
    assert sureness(Document("")) == 1.0


def test_self_training_without_text_says_so(tiny_recipe, tmp_path, tiny_bundle):
    copytree(tiny_bundle, tmp_path / "round-0")
    [first] = rounds(load_recipe(tiny_recipe, FEW), tmp_path, RawText(), SelfTraining(), resume=True)
    with pytest.raises(InputError, match="needs text without labels"):
        list(first.events)
