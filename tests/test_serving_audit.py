"""The audit log: whatever is changed, removed or reordered is found; a full disk loses nothing unsaid."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onoma.errors import BusyError, InputError, OutputError
from onoma.serving.asking import Answer, Ask
from onoma.serving.audit import Audit, AuditRules, prediction, verify
from onoma.serving.chain import START, Seal, check_lines
from onoma.text import Document, Entity
from serving_server import full_disk, until

QUICK = {"batch": 0.0}


def written(folder: Path, lines: int, **rules) -> list[dict]:
    with Audit(AuditRules(folder, **{**QUICK, **rules})) as audit:
        for n in range(lines):
            audit.append({"kind": "line", "number": n}).result(10)
    return records(folder)


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("lane-*/*.jsonl"))


def records(folder: Path) -> list[dict]:
    return [json.loads(line) for path in files(folder) for line in path.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of several files."""
    folder = tmp_path_factory.mktemp("audit")
    written(folder, 20, segment=400)
    assert len(files(folder)) > 4
    assert verify(folder).faults == []
    return folder


@contextmanager
def copied(log: Path) -> Iterator[Path]:
    copy = log.with_name(f"{log.name}-copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(log, copy)
    yield copy


def test_a_log_goes_on_over_restarts_and_files_and_holds(tmp_path):
    for _ in range(3):
        written(tmp_path, 7, segment=500)
    found = verify(tmp_path)
    assert (found.lanes, found.faults) == (1, [])
    told = records(tmp_path)
    assert [each["n"] for each in told] == list(range(1, len(told) + 1))
    assert sum(each["kind"] == "line" for each in told) == 21
    assert sum(each["kind"] == "start" for each in told) == 3
    assert {each["segment"] for each in told if each["kind"] == "segment"} == set(
        range(1, len(files(tmp_path)) + 1)
    )


@settings(max_examples=100)
@given(st.data())
def test_any_byte_that_is_changed_is_found(log, data):
    with copied(log) as folder:
        path = data.draw(st.sampled_from(files(folder)))
        content = bytearray(path.read_bytes())
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] ^= data.draw(st.integers(1, 255))
        path.write_bytes(bytes(content))
        assert verify(folder).faults


def _remove(lines: list[bytes], a: int, b: int) -> None:
    del lines[min(a, b) : max(a, b) + 1]


def _swap(lines: list[bytes], a: int, b: int) -> None:
    lines[a], lines[b] = lines[b], lines[a]


def _repeat(lines: list[bytes], a: int, b: int) -> None:
    lines.insert(b, lines[a])


@settings(max_examples=60)
@given(st.data(), st.sampled_from([_remove, _swap, _repeat]))
def test_lines_removed_swapped_or_repeated_are_found(log, data, deed):
    with copied(log) as folder:
        paths = files(folder)
        lines = [line for path in paths for line in path.read_bytes().splitlines(keepends=True)]
        counts = [len(path.read_bytes().splitlines()) for path in paths]
        before = list(lines)
        a, b = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        deed(lines, a, b)
        for path, count in zip(paths, counts, strict=True):
            path.write_bytes(b"".join(lines[:count]))
            del lines[:count]
        paths[-1].write_bytes(paths[-1].read_bytes() + b"".join(lines))
        if b"".join(before) != b"".join(path.read_bytes() for path in paths):
            assert verify(folder).faults


@pytest.mark.parametrize("number", range(5))
def test_a_file_that_is_removed_is_found(log, number):
    with copied(log) as folder:
        files(folder)[number].unlink()
        assert verify(folder).faults


def test_an_end_that_is_cut_off_is_found_whole_lines_or_files(log):
    for cut in range(1, 4):
        with copied(log) as folder:
            path = files(folder)[-2]
            files(folder)[-1].unlink()
            path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-cut]))
            assert any("end is missing" in fault for fault in verify(folder).faults)


def test_a_lane_or_its_head_or_the_list_of_lanes_that_is_gone_is_found(log):
    for gone in ("lane-1", "lane-1/head.json", "lanes.json"):
        with copied(log) as folder:
            path = folder / gone
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            assert verify(folder).faults, gone


def test_who_has_another_secret_cannot_mend_a_log(log):
    with copied(log) as folder:
        (folder / "secret").write_text("another secret, and a long one")
        assert verify(folder).faults


def test_a_changed_end_is_not_written_on(log):
    with copied(log) as folder:
        path = files(folder)[-1]
        path.write_bytes(path.read_bytes()[:-20])
        with pytest.raises(InputError, match=r"end of the log .* was changed"):
            written(folder, 1)


def test_faults_name_the_file_and_the_line(log):
    with copied(log) as folder:
        path = files(folder)[1]
        lines = path.read_bytes().splitlines(keepends=True)
        lines[1] = lines[1].replace(b'"kind":"line"', b'"kind":"lime"')
        path.write_bytes(b"".join(lines))
        assert verify(folder).faults == [f"{path}:2: was changed, or the line before it was"]


def test_files_that_may_go_go_and_are_not_missed(tmp_path):
    written(tmp_path, 30, segment=400, keep=3)
    assert len(files(tmp_path)) <= 3
    assert verify(tmp_path).faults == []
    files(tmp_path)[0].unlink()
    assert verify(tmp_path).faults


def test_processes_write_lanes_of_their_own(tmp_path):
    rules = AuditRules(tmp_path, **QUICK)
    with Audit(rules) as one, Audit(rules) as other:
        for audit in (one, other):
            audit.append({"kind": "line"}).result(10)
    found = verify(tmp_path)
    assert (found.lanes, found.lines, found.faults) == (2, 6, [])
    assert written(tmp_path, 1)
    assert verify(tmp_path).lanes == 2


def test_a_log_may_be_checked_while_it_is_written(tmp_path):
    with Audit(AuditRules(tmp_path, batch=0.0, segment=2000, keep=3)) as audit, ThreadPoolExecutor(1) as pool:
        ends = time.monotonic() + 1.5

        def write() -> None:
            while time.monotonic() < ends:
                audit.append({"kind": "line"})
                time.sleep(0.001)

        writing = pool.submit(write)
        checks = 0
        while not writing.done():
            assert verify(tmp_path).faults == []
            checks += 1
        assert checks > 5


def test_a_service_that_is_killed_leaves_a_log_that_holds_and_goes_on(tmp_path):
    program = (
        "import sys; from pathlib import Path; from onoma.serving.audit import Audit, AuditRules\n"
        "audit = Audit(AuditRules(Path(sys.argv[1]), batch=0.0, segment=3000))\n"
        "print('up', flush=True)\n"
        "while True: audit.append({'kind': 'line'}).result()"
    )
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert verify(tmp_path).faults == []
    assert verify(tmp_path).lanes == 1


def test_a_torn_last_line_is_cut_off_at_the_next_start(tmp_path):
    written(tmp_path, 3)
    path = files(tmp_path)[-1]
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"n":99,"ki')
    assert verify(tmp_path).faults == []
    written(tmp_path, 1)
    assert path.read_bytes().startswith(whole + b"{")
    assert verify(tmp_path).faults == []


def test_a_full_disk_refuses_and_waits_and_loses_nothing(tmp_path):
    with Audit(AuditRules(tmp_path, **QUICK)) as audit:
        for n in range(10):
            audit.append({"kind": "line", "number": n}).result(10)
        with full_disk(files(tmp_path)[0]):
            late = audit.append({"kind": "line", "number": 10})
            until(lambda: audit.failing)
            with pytest.raises(BusyError, match="unaudited"):
                audit.check()
            assert not late.done()
        late.result(10)
        audit.check()
    assert verify(tmp_path).faults == []
    told = records(tmp_path)
    assert [each["number"] for each in told if each["kind"] == "line"] == list(range(11))
    assert [each["after"] for each in told if each["kind"] == "resumed"] == ["File too large"]


def test_where_answers_wait_for_their_lines_a_full_disk_fails_them_and_it_recovers(tmp_path):
    with Audit(AuditRules(tmp_path, wait=True, **QUICK)) as audit:
        audit.append({"kind": "line"}).result(10)
        with full_disk(files(tmp_path)[0]):
            with pytest.raises(OutputError, match="cannot be written"):
                audit.append({"kind": "never", "padding": "x" * 100}).result(10)
            with pytest.raises(BusyError):
                audit.check()
        until(lambda: not audit.failing)
        audit.check()
    assert "never" not in {each["kind"] for each in records(tmp_path)}
    assert verify(tmp_path).faults == []


def test_who_does_not_care_is_answered_unaudited(tmp_path):
    with Audit(AuditRules(tmp_path, refuse=False, **QUICK)) as audit:
        audit.append({"kind": "line"}).result(10)
        with full_disk(files(tmp_path)[0]):
            audit.append({"kind": "line", "padding": "x" * 100})
            until(lambda: audit.failing)
            audit.check()


def test_a_prediction_tells_who_and_what_and_no_text(tmp_path):
    text = "Ada Lovelace wrote."
    read = [Document(text, entities=(Entity(0, 12, "per"),)), Document("nobody")]
    seal = Seal(b"secret")
    ask = Ask([Document(text)], user="eve", caller="bob", request="r1")
    made = prediction(ask, Answer(read, "small", "small@1", ("route a fits",), cached=1), seal)
    assert made["texts"][0] == {"hash": seal.hidden(text), "characters": 19, "labels": {"per": 1}}
    assert (made["caller"], made["request"], made["version"], made["cached"]) == ("bob", "r1", "small@1", 1)
    told = json.dumps(made)
    assert "Ada" not in told
    assert "eve" not in told
    assert Seal(b"other").hidden(text) != seal.hidden(text)
    assert prediction(ask, Answer(read, "s", "1"), seal, texts=True)["texts"][0]["text"] == text


def test_the_secret_is_for_its_owner_alone(tmp_path):
    written(tmp_path, 1)
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["short", None])
def test_what_is_no_secret_is_told(tmp_path, content):
    path = tmp_path / "key"
    if content:
        path.write_text(content)
    with pytest.raises(InputError, match="secret"):
        Audit(AuditRules(tmp_path / "log", secret=path))
    with pytest.raises(InputError, match="secret"):
        verify(tmp_path / "log", path)


records_of = st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=9) | st.integers(), max_size=3))


@given(records_of)
def test_lines_hold_whatever_they_say(made):
    seal, before, lines = Seal(b"s"), START, []
    for n, record in enumerate(made, 1):
        lines.append(seal.line(before, {**record, "n": n}))
        before = json.loads(lines[-1])["code"]
    assert not [fault for _, _, fault in check_lines(lines, seal, START, 0) if fault]
