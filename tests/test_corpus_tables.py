"""Parquet, Arrow and Hugging Face data sets: the library reads what we write, and we read what it writes."""

from __future__ import annotations

import pytest

from onoma import CorpusError, Document, Entity, InputError
from onoma.corpus import read, read_split, write
from onoma.corpus.hf_datasets import HubName, hub_name
from onoma.corpus.reading import splits_in

datasets = pytest.importorskip("datasets")
pa = pytest.importorskip("pyarrow")

import pyarrow.feather  # noqa: E402
import pyarrow.parquet  # noqa: E402
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value  # noqa: E402

ADA = Document.from_words(["Ada", "👍", "Lovelace"], [(0, 1, "per"), (2, 3, "per")], id="1")
NAMES = ["O", "B-per", "I-per"]
CLASSES = Features(
    {
        "tokens": datasets.Sequence(Value("string")),
        "pos_tags": datasets.Sequence(ClassLabel(names=["N", "V", "X"])),
        "ner_tags": datasets.Sequence(ClassLabel(names=NAMES)),
    }
)
ROWS = {
    "tokens": [["Ada", "Stone", "went"], ["No"]],
    "pos_tags": [[0, 0, 1], [2]],
    "ner_tags": [[1, 2, 0], [0]],
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """The library keeps what it loads below the test's folder, and stays off the network."""
    import huggingface_hub.constants

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    datasets.disable_progress_bars()


def surfaces(corpus):
    return [[(document.surface(e), e.label) for e in document.entities] for document in corpus]


def tagged():
    return Dataset.from_dict(ROWS, features=CLASSES)


def test_the_library_reads_named_tags(tmp_path):
    write([ADA], tmp_path / "a", "datasets")
    found = datasets.load_from_disk(str(tmp_path / "a"))
    assert found[0]["tokens"] == ADA.words
    assert found[0]["text"] == ADA.text
    names = found.features["ner_tags"].feature.names
    assert [names[tag] for tag in found[0]["ner_tags"]] == ["B-per", "O", "B-per"]
    assert found[0]["spans"][1] == {"start": 6, "end": 14, "label": "per", "score": 1.0}
    assert not datasets.utils.is_progress_bar_enabled()


@pytest.mark.parametrize("name", ["parquet", "arrow"])
def test_the_library_reads_our_files(tmp_path, name):
    write([ADA], tmp_path / "a", name, scheme="bioes")
    made = Dataset.from_parquet if name == "parquet" else Dataset.from_file
    found = made(str(tmp_path / "a"))
    assert found.features["ner_tags"].feature.names == ["O", "B-per", "I-per", "E-per", "S-per"]
    assert found[0]["ner_tags"] == [4, 0, 4]


def test_overlapping_entities_leave_the_tags_out_and_are_kept(tmp_path):
    nested = ADA.replace(entities=[Entity(0, 14, "per"), Entity(0, 3, "first")])
    write([ADA, nested], tmp_path / "a", "parquet")
    assert "ner_tags" not in pyarrow.parquet.read_schema(tmp_path / "a").names
    assert [len(document.entities) for document in read(tmp_path / "a")] == [2, 2]


def test_tags_can_be_read_in_place_of_spans(tmp_path):
    write(
        [Document.from_text("Ada,  met").replace(entities=[Entity(0, 3, "per")])], tmp_path / "a", "parquet"
    )
    (document,) = read(tmp_path / "a", tag_column="ner_tags")
    assert (document.text, document.entities) == ("Ada , met", (Entity(0, 3, "per"),))


def test_what_the_library_saved_is_read(tmp_path):
    tagged().save_to_disk(str(tmp_path / "a"))
    corpus = read(tmp_path / "a")
    assert surfaces(corpus) == [[("Ada Stone", "per")], []]
    assert (corpus.source.format, corpus.scheme) == ("datasets", "iob2")
    with pytest.raises(CorpusError, match="'N' in the column pos_tags is no tag"):
        list(read(tmp_path / "a", tag_column="pos_tags"))


def test_splits_of_a_saved_folder_are_found(tmp_path):
    parts = DatasetDict(train=tagged(), validation=tagged().select([0]), test=tagged().select([1]))
    parts.save_to_disk(str(tmp_path / "a"))
    assert splits_in(tmp_path / "a") == ["train", "dev", "test"]
    assert [len(read_split(tmp_path / "a", split)) for split in ("train", "dev", "test")] == [2, 1, 1]
    with pytest.raises(CorpusError, match=r"several splits; give one of: .*train, .*validation, .*test"):
        list(read(tmp_path / "a"))


def test_tables_of_other_makers_are_read(tmp_path):
    plain = pa.table({"tokens": ROWS["tokens"], "tags": [["B-per", "I-per", "O"], ["O"]]})
    pyarrow.parquet.write_table(plain, tmp_path / "a.parquet")
    pyarrow.feather.write_feather(plain, tmp_path / "a.feather")
    tagged().to_parquet(str(tmp_path / "b.parquet"))
    for name in ("a.parquet", "a.feather", "b.parquet"):
        assert surfaces(read(tmp_path / name)) == [[("Ada Stone", "per")], []]


def test_numbers_without_names_need_them(tmp_path):
    table = pa.table({"tokens": ROWS["tokens"], "ner_tags": ROWS["ner_tags"]})
    pyarrow.parquet.write_table(table, tmp_path / "a")
    with pytest.raises(CorpusError, match="the tags are numbers: say what they stand for"):
        list(read(tmp_path / "a"))
    assert surfaces(read(tmp_path / "a", labels=NAMES)) == [[("Ada Stone", "per")], []]


@pytest.mark.parametrize("labels", [Value("string"), ClassLabel(names=["geo", "per"])])
@pytest.mark.parametrize("turned", [False, True])
def test_texts_with_spans_are_read_whichever_way_they_are_listed(tmp_path, labels, turned):
    span = {"start": Value("int32"), "end": Value("int32"), "label": labels}
    kind = datasets.Sequence(span) if turned else [span]
    spans = [[{"start": 0, "end": 3, "label": "per"}], []]
    if turned:
        spans = [{"start": [0], "end": [3], "label": ["per"]}, {"start": [], "end": [], "label": []}]
    rows = {"text": ["Ada  went", "x"], "entities": spans}
    made = Dataset.from_dict(rows, features=Features({"text": Value("string"), "entities": kind}))
    made.to_parquet(str(tmp_path / "a"))
    assert surfaces(read(tmp_path / "a")) == [[("Ada", "per")], []]


def test_words_beside_a_text_are_its_tokens_where_they_stand_in_it(tmp_path):
    spans = [[], []]
    table = pa.table(
        {
            "text": ["Ada's  hat", "Ada's"],
            "tokens": [["Ada's", "hat"], ["Bob"]],
            "spans": pa.array(spans, pa.list_(pa.struct({"start": pa.int64()}))),
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "a")
    assert [document.words for document in read(tmp_path / "a")] == [["Ada's", "hat"], ["Ada", "'s"]]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            {"words": [["Ada"]], "other": [["O"]]},
            "no list called tags or ner_tags or labels; the fields are words, other",
        ),
        ({"tokens": [["Ada", None]], "tags": [["O", "O"]]}, "token 1 is"),
        ({"tokens": [["Ada"]], "tags": [["per"]]}, "'per' in the column tags is no tag"),
        ({"tokens": [["Ada"]], "tags": [None]}, "no list called tags"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, table, message):
    pyarrow.parquet.write_table(pa.table(table), tmp_path / "a")
    with pytest.raises(CorpusError, match=rf"a:1: .*{message}"):
        list(read(tmp_path / "a"))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("hf:conll2003", HubName("conll2003", None, None)),
        ("hf:org/name@en:train", HubName("org/name", "en", "train")),
        ("hf:org/name:train", HubName("org/name", None, "train")),
    ],
)
def test_hub_names_are_taken_apart(name, parts):
    assert hub_name(name) == parts
    assert str(parts) == name


@pytest.mark.parametrize("name", ["hf:", "hf:a:b:c", "hf:a@b@c"])
def test_a_wrong_hub_name_is_refused(name):
    with pytest.raises(InputError, match="a data set is named hf:NAME"):
        read(name)


def test_a_data_set_is_loaded_through_the_library(tmp_path):
    for split in ("train", "validation", "test"):
        tagged().to_parquet(str(tmp_path / "set" / f"{split}.parquet"))
    name = f"hf:{tmp_path / 'set'}"
    assert splits_in(name) == ["train", "dev", "test"]
    dev = read_split(name, "dev")
    assert surfaces(dev) == [[("Ada Stone", "per")], []]
    assert str(dev.source.path).endswith(":validation")
    assert dev.fingerprint == read(f"{name}:train").fingerprint
    with pytest.raises(CorpusError, match=r"several splits; give one of: .*:train, .*:validation, .*:test"):
        read(name)


def test_a_data_set_that_cannot_be_reached_says_what_to_do():
    with pytest.raises(
        CorpusError, match=r"hf:nosuch/thing: .*save it with save_to_disk, and give the folder"
    ):
        read("hf:nosuch/thing")
