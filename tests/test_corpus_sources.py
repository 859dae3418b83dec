"""Opening corpora: packings, encodings, damage."""

from __future__ import annotations

import gzip
import io
import random
import zipfile

import pytest

from onoma import CorpusError
from onoma.corpus import read, read_split, sources
from onoma.corpus.sources import inspect

ROWS = "Zoë B-per\nwrote O\n\nhome O\n"
WORDS = [["Zoë", "wrote"], ["home"]]


def words(path, **options):
    return [document.words for document in read(path, **options)]


def zipped(path, **files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("latin-1", "latin-1"),
        ("cp1252", "latin-1"),  # the same bytes mean the same here
    ],
)
def test_the_encoding_is_found_and_reported(tmp_path, encoding, found):
    path = tmp_path / "a.conll"
    path.write_bytes(ROWS.encode(encoding))
    assert words(path) == WORDS
    assert read(path).source.encoding == found


def test_windows_quotes_are_read_as_windows_1252(tmp_path):
    path = tmp_path / "a.conll"
    path.write_bytes(b"don\x92t O\n")
    assert words(path) == [["don’t"]]
    assert words(path, encoding="latin-1") == [["don\x92t"]]


def test_a_late_byte_decides_the_encoding_as_an_early_one_does(tmp_path):
    path = tmp_path / "a.conll"
    path.write_bytes(b"plain O\n" * 300_000 + "Zoë O\n".encode("latin-1"))
    assert read(path).source.encoding == "latin-1"


def test_a_wrong_encoding_given_is_an_error(tmp_path):
    path = tmp_path / "a.conll"
    path.write_bytes(ROWS.encode("latin-1"))
    with pytest.raises(CorpusError, match="the text is not utf-8"):
        words(path, encoding="utf-8")


def test_gz_is_known_by_its_content_not_its_name(tmp_path):
    path = tmp_path / "a.conll"
    path.write_bytes(gzip.compress(ROWS.encode()))
    assert words(path) == WORDS


def test_a_zip_with_one_data_file_reads_as_that_file(tmp_path):
    path = zipped(tmp_path / "a.zip", **{"a/README": "about", "a/a.conll": ROWS, "__MACOSX/._a.conll": "x"})
    assert words(path) == WORDS


def test_a_zip_with_several_says_what_it_has(tmp_path):
    path = zipped(tmp_path / "a.zip", **{"one.conll": ROWS, "two.conll": "x O\n"})
    with pytest.raises(CorpusError, match=r"2 data files; it has: one\.conll, two\.conll"):
        read(path)
    assert words(f"{path}!two.conll") == [["x"]]
    with pytest.raises(CorpusError, match=r"it has: one\.conll, two\.conll"):
        read(f"{path}!three.conll")


def test_the_same_text_has_the_same_checksum_however_packed(tmp_path):
    plain = tmp_path / "a.conll"
    plain.write_text(ROWS)
    packed = zipped(tmp_path / "a.zip", **{"a.conll": ROWS})
    assert inspect(plain).sha256 == inspect(packed).sha256
    assert read(plain).fingerprint == read(packed).fingerprint


def cut_gz(rows: bytes) -> bytes:
    packed = gzip.compress(rows)
    return packed[: len(packed) // 2]


def cut_zip(rows: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.conll", rows)
    return buffer.getvalue()[:-30]


def changed_zip(rows: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.conll", rows)
    return buffer.getvalue().replace(b"Ada", b"Adb")


@pytest.mark.parametrize("damage", [cut_gz, cut_zip, changed_zip])
def test_a_damaged_archive_is_a_corpus_error(tmp_path, damage):
    path = tmp_path / "a"
    path.write_bytes(damage(b"Ada B-per\n" * 2000))
    with pytest.raises(CorpusError, match="the archive is damaged or cut short"):
        words(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n\t\n \n", "nothing but blanks"),
        (random.Random(1).randbytes(5000), "no text"),
        (b"one word only\x00\x00\x00\x00", "no text"),
        (b"[12]", "no known format"),
    ],
)
def test_what_is_no_corpus_is_refused(tmp_path, content, message):
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        read(path)


def test_a_folder_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(CorpusError, match="this is a folder"):
        read(tmp_path)
    with pytest.raises(CorpusError, match="there is no such file"):
        read(tmp_path / "none.conll")


def test_a_line_of_five_megabytes_is_read_and_never_printed_whole(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("a" * 5_000_000 + "\tB-per\n")
    assert [len(word) for word in next(iter(read(path))).words] == [5_000_000]
    path.write_text("a" * 5_000_000)
    with pytest.raises(CorpusError) as error:
        words(path)
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize("packing", ["gz", "zip"])
def test_an_archive_that_unpacks_to_far_too_much_is_refused_unless_trusted(tmp_path, monkeypatch, packing):
    monkeypatch.setattr(sources, "_FREE", 1 << 16)
    path, rows = tmp_path / "a", b"a O\n" * 600_000
    if packing == "gz":
        path.write_bytes(gzip.compress(rows))
    else:
        zipped(path, **{"a.conll": rows})
    with pytest.raises(CorpusError, match=r"unpacks to more than [\d,]+ bytes.*read it with trusted=True"):
        read(path)
    assert read(path, trusted=True).source.format == "conll"
    assert len(path.read_bytes()) < 10_000


def test_an_honest_archive_is_no_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "_FREE", 0)
    chance = random.Random(3)
    rows = "".join(f"w{chance.randrange(9999)} O\n" for _ in range(20_000))
    assert len(words(zipped(tmp_path / "a.zip", **{"a.conll": rows}))[0]) == 20_000


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"text":' + "[" * 100_000])
def test_json_nested_too_deeply_is_refused(tmp_path, text):
    path = tmp_path / "a.jsonl"
    path.write_text(text + "\n")
    with pytest.raises(CorpusError, match="no known format begins"):
        read(path)
    path.write_text('{"text": "x", "spans": []}\n' + text + "\n")
    with pytest.raises(CorpusError, match=r"a\.jsonl:2: this line is no JSON"):
        words(path)


def test_an_empty_split_is_named(tmp_path):
    (tmp_path / "train.conll").write_text("a O\n")
    (tmp_path / "test.conll").write_text("")
    with pytest.raises(CorpusError, match=r"test\.conll: the file is empty"):
        read_split(tmp_path, "test")
    (tmp_path / "test.conll").write_text("-DOCSTART- O\n\n")
    with pytest.raises(CorpusError, match=r"test\.conll: the file has no sentences"):
        list(read_split(tmp_path, "test"))
