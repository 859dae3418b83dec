from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from itertools import chain

import pytest
from typer.testing import CliRunner

from onoma.cli import app
from onoma.cli.extract import extract_documents
from onoma.cli.sources import checked_encoding, expand, file_batches, line_batches, read_text
from onoma.errors import InputError
from onoma.text import Document, Entity

TEXT = "Angela Merkel met Barack Obama in Berlin on Monday."


def capitals(documents):
    """A tagger by rule: a word with a capital is a name, the likelier the longer it is."""
    return [
        document.replace(
            entities=[
                Entity(token.start, token.end, "name", min(1.0, (token.end - token.start) / 10))
                for token in document.tokens
                if document.text[token.start].isupper()
            ]
        )
        for document in documents
    ]


def onoma(*arguments: str, **settings):
    return CliRunner().invoke(app, list(arguments), prog_name="onoma", **settings)


def rows(output: str) -> list[dict]:
    return [json.loads(line) for line in output.splitlines()]


# extract_documents


def test_each_batch_is_tagged_as_it_comes_and_no_other_is_asked_for():
    asked = []

    def batches():
        for text in ("Ada", "Bob"):
            asked.append(text)
            yield [Document.from_text(text)]

    found = extract_documents(capitals, batches())
    assert next(found).text == "Ada"
    assert asked == ["Ada"]


def test_the_threshold_keeps_what_is_at_least_as_probable():
    batch = [Document.from_text("Ada met Charles in Cambridgeshire")]
    kept = [[d.surface(e) for e in d.entities] for d in extract_documents(capitals, [batch], 0.7)]
    assert kept == [["Charles", "Cambridgeshire"]]


# reading


class Trickle(io.RawIOBase):
    """A pipe that gives its bytes in the pieces they were written in."""

    def __init__(self, *pieces: bytes):
        self.pieces = list(pieces)

    def read1(self, _size: int) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


def test_lines_are_given_as_soon_as_they_have_arrived():
    pipe = Trickle(b"one\ntwo\nthr", b"ee\n", b"fo", b"ur")
    assert list(line_batches(pipe, "utf-8")) == [["one", "two"], ["three"], ["four"]]


def test_characters_torn_between_two_reads_are_whole():
    data = "é漢👩‍🚀\r\nß".encode()
    for size in (1, 2, 3):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        assert list(chain(*line_batches(Trickle(*pieces), "utf-8-sig"))) == ["é漢👩‍🚀", "ß"]


def test_utf_16_is_read_by_characters_not_bytes():
    data = "ਊ one\nĊ two".encode("utf-16")  # both first letters hold the byte of a line feed
    assert list(chain(*line_batches(Trickle(data[:5], data[5:]), "utf-16"))) == ["ਊ one", "Ċ two"]


def test_an_empty_line_is_an_empty_text():
    assert list(line_batches(Trickle(b"\n\na\n"), "utf-8")) == [["", "", "a"]]


@pytest.mark.parametrize(
    ("data", "encoding", "fault"),
    [
        (b"abc\xe9def", "utf-8", "byte 3 "),
        (b"abcd\xc3", "utf-8", "byte 4 "),
        (b"ab\0cd", "utf-8", "byte 2 .* zero"),
        (b"ab\x81", "cp1252", "not cp1252 text: byte 2 "),
    ],
)
def test_what_is_not_text_names_the_byte(tmp_path, data, encoding, fault):
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    with pytest.raises(InputError, match=fault):
        read_text(str(path), encoding)
    for at in range(len(data)):
        with pytest.raises(InputError, match=fault):
            list(line_batches(Trickle(*filter(None, [data[:at], data[at:]])), encoding))


def test_a_file_keeps_its_line_ends_and_loses_its_mark(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\n")
    assert read_text(str(path), checked_encoding("utf-8")) == "one\r\ntwo\n"


@pytest.mark.parametrize("name", ["latin-2000", "base64", ""])
def test_an_unknown_encoding_is_said_to_be(name):
    with pytest.raises(InputError, match="unknown encoding"):
        checked_encoding(name)


def test_globs_name_files_in_order(tmp_path):
    for name in ("b.txt", "a.txt", "c.md", "[d].txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "folder.txt").mkdir()
    assert expand([f"{tmp_path}/?.txt", f"{tmp_path}/[d].txt"]) == [
        f"{tmp_path}/{name}" for name in ("a.txt", "b.txt", "[d].txt")
    ]


@pytest.mark.parametrize(
    ("name", "fault"), [("no.txt", "is not there"), ("*.no", "fits no file"), ("", "folder")]
)
def test_a_file_that_cannot_be_is_named(tmp_path, name, fault):
    with pytest.raises(InputError, match=fault):
        expand([f"{tmp_path}/{name}"])


def test_many_files_are_read_a_few_at_a_time(tmp_path):
    paths = []
    for number in range(40):
        paths.append(str(tmp_path / f"{number}.txt"))
        (tmp_path / f"{number}.txt").write_text(f"text {number}")
    batches = list(file_batches(iter(paths), "utf-8"))
    assert len(batches) > 1
    assert [(d.text, d.meta["file"]) for b in batches for d in b] == [
        (f"text {number}", path) for number, path in enumerate(paths)
    ]


# the command, with the bundle that is shipped


def test_jsonl_is_as_documented():
    done = onoma("extract", TEXT, "--format", "jsonl")
    assert done.exit_code == 0, done.output
    (row,) = rows(done.stdout)
    assert row["text"] == TEXT
    assert {"Angela Merkel", "Barack Obama", "Berlin", "Monday"} <= {e["text"] for e in row["entities"]}
    for entity in row["entities"]:
        assert list(entity) == ["start", "end", "label", "score", "text"]
        assert TEXT[entity["start"] : entity["end"]] == entity["text"]
        assert 0 <= entity["score"] <= 1


def test_standard_input_is_a_text_a_line():
    done = onoma("extract", "-", "--format", "jsonl", input=f"{TEXT}\n\n  \nnothing here\n")
    assert [row["text"] for row in rows(done.stdout)] == [TEXT, "", "  ", "nothing here"]
    assert [bool(row["entities"]) for row in rows(done.stdout)] == [True, False, False, False]


def test_input_that_is_piped_needs_no_dash():
    [row] = rows(onoma("extract", "--format", "jsonl", input="a\n").stdout)
    assert (row["text"], row["entities"], row["coverage"]["characters"]) == ("a", [], 1)


def test_texts_standard_input_and_files_come_in_order(tmp_path):
    (tmp_path / "a.txt").write_text("third")
    done = onoma(
        "extract", "first", "-", "--file", str(tmp_path / "*.txt"), "--format", "jsonl", input="second\n"
    )
    assert [row["text"] for row in rows(done.stdout)] == ["first", "second", "third"]


@pytest.mark.parametrize("name", ["table", "jsonl", "conll", "html", "csv"])
@pytest.mark.parametrize("text", [TEXT, "", " \n\t", "\u200b", "\ud83d"])
def test_every_format_takes_any_text(name, text):
    done = onoma("extract", text, "--format", name)
    assert done.exit_code == (2 if text == "\ud83d" else 0), done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)


def test_out_is_written_whole_or_not_at_all(tmp_path):
    out = tmp_path / "new" / "page.html"
    done = onoma("extract", TEXT, "--format", "html", "--out", str(out))
    assert done.exit_code == 0
    assert done.stdout == ""
    assert "</html>" in out.read_text(encoding="utf-8")
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"\xff")
    before = out.read_bytes()
    assert onoma("extract", "--file", str(bad), "--out", str(out)).exit_code == 2
    assert out.read_bytes() == before
    assert [path.name for path in out.parent.iterdir()] == ["page.html"]


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["--file", "no.txt"], 2, "no.txt is not there"),
        (["x", "--threshold", "1.5"], 2, "--threshold is a probability"),
        (["x", "--threshold", "nan"], 2, "--threshold is a probability"),
        (["x", "--format", "jsn"], 2, "did you mean 'jsonl'"),
        (["x", "--encoding", "klingon"], 2, "unknown encoding"),
        (["x", "--model", "en-gbm"], 5, "did you mean 'en-gmb'"),
        (["x", "--model", "/"], 5, "not a bundle"),
        (["x", "--out", "/dev/null/x"], 6, "cannot write"),
    ],
)
def test_bad_arguments_are_a_line_and_a_code(arguments, code, line):
    done = onoma("extract", *arguments)
    assert done.exit_code == code, done.output
    assert line in done.stderr
    assert done.stdout == ""


def started(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "onoma", "extract", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, bufsize=0, stdin=pipe, stdout=pipe, stderr=pipe)


def test_a_pipe_is_answered_line_by_line():
    with started("-", "--format", "jsonl") as process:
        for text in (TEXT, "Nothing."):
            process.stdin.write(text.encode() + b"\n")
            assert json.loads(process.stdout.readline())["text"] == text  # while standard input is still open
        process.stdin.close()
        assert process.wait(60) == 0


def test_a_reader_that_has_enough_ends_it_quietly():
    with started("-", "--format", "jsonl") as process:
        process.stdin.write(b"A line.\n")
        process.stdout.readline()
        process.stdout.close()
        process.stdin.write(b"Another line.\n")
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


def test_a_long_single_line_is_read_whole():
    line = (TEXT + " ") * 2000  # 100,000 characters
    done = onoma("extract", "-", "--format", "jsonl", input=line + "\n")
    (row,) = rows(done.stdout)
    assert row["text"] == line
    assert sum(entity["text"] == "Berlin" for entity in row["entities"]) == 2000


def test_a_cold_start_is_quick():
    begun = time.perf_counter()
    with started("x") as process:
        process.communicate(timeout=60)
    assert time.perf_counter() - begun < 10
