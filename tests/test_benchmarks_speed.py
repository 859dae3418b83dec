"""The benchmarks of speed run on what the runtime is now, and their variants read alike."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import onoma
from onoma.evaluation.invented import invented_sentences
from onoma.runtime import Tagger
from onoma.runtime.confidence import Confidence
from onoma.runtime.readers import KernelReader
from onoma.text import Document
from small_kernels import COMPILED
from small_networks import build, write_small

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
TEXTS = [*invented_sentences(1, 40), "Ada Lovelace met Angela Merkel in London. They left for Paris."]
IDEAS = ("readers", "instruction sets", "input products", "remembering words", "decoding", "rows a call",
         "bucketing by length", "tokens when asked for", "garbage collected")  # fmt: skip

pytestmark = pytest.mark.skipif(
    not COMPILED, reason="no kernel; with a C compiler at hand: pip install --no-deps -e ."
)


@pytest.fixture(scope="module", autouse=True)
def beside() -> None:
    """Benchmarks import each other by name, as scripts beside each other do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
        yield


def module(name: str) -> ModuleType:
    return import_module(name)


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return onoma.load(threads=1)


def entities(documents: list[Document]) -> list[list[tuple[int, int, str]]]:
    return [[(e.start, e.end, e.label) for e in document.entities] for document in documents]


def test_onnx_runtimes_own_forms_are_of_the_same_network(tagger):
    bare = module("bare")
    network = bare.stored(tagger.folder)
    plain = network._replace(recurrence=bare.single(network.recurrence))
    batches = bare.batches_of(tagger, TEXTS, bare.ROOM)
    forms = bare.onnx_readers(plain, tagger.engine.features, batches)
    assert set(forms) == {bare.SINGLE, bare.DYNAMIC, bare.FIXED}
    for rows in batches:
        expected = tagger.engine.scores(rows).emissions
        inside = np.arange(expected.shape[1]) < np.array(list(map(len, rows)))[:, None]
        for name, most in ((bare.SINGLE, 0.1), (bare.DYNAMIC, 1.0), (bare.FIXED, 1.0)):
            found = forms[name].scores(rows).emissions
            assert np.abs(found - expected)[inside].max() < most
    assert np.abs(expected).max() > 10


@pytest.mark.parametrize("threads", [1, 2])
def test_a_network_alone_runs_in_the_kernel_and_in_onnx_runtime(tagger, threads):
    jobs = module("bare").bare_networks(tagger, TEXTS, threads)
    assert [name.partition(",")[0] for name in jobs] == ["Onoma's kernel", *["ONNX Runtime"] * 3]
    for job in jobs.values():
        assert job()


def test_what_the_kernel_cannot_run_stands_alone_in_onnx_runtime(tmp_path):
    network = build("bilstm-attention").eval()
    tagger = Tagger(write_small(tmp_path / "small", network, "bilstm-attention", Confidence()), threads=1)
    [(name, job)] = module("bare").bare_networks(tagger, TEXTS, 1).items()
    assert name == "ONNX Runtime"
    assert len(job()) == len(module("bare").batches_of(tagger, TEXTS))


def test_every_idea_that_there_is_is_tried():
    assert tuple(module("ideas").IDEAS) == IDEAS


@pytest.mark.parametrize("idea", IDEAS)
def test_an_idea_can_be_switched_on_and_off(idea, tagger, capsys):
    ideas = module("ideas")
    reader, before = tagger.engine.reader, entities(tagger(TEXTS))
    jobs = ideas.IDEAS[idea](tagger, TEXTS)
    assert len(jobs) > 1
    for job in jobs.values():
        found = job()
        if isinstance(found[0], Document):
            alike = sum(a == b for a, b in zip(entities(found), before, strict=True))
            assert alike > 0.9 * len(TEXTS)  # int8 under ONNX Runtime may differ somewhere
    ideas.report(idea, jobs, 100, repeats=1)
    assert capsys.readouterr().out.count("µs a token") == len(jobs)
    assert tagger.engine.reader is reader
    assert entities(tagger(TEXTS)) == before


def test_the_kernel_without_its_memory_of_products_finds_the_same(tagger):
    ideas = module("ideas")
    for network in ideas.networks(tagger):
        found = [
            ideas.read_by(tagger, TEXTS, ideas.in_kernel(tagger, network, kind))()
            for kind in (KernelReader, ideas.Unremembered)
        ]
        assert entities(found[0]) == entities(found[1])


def test_steps_and_the_rest_make_up_the_whole(tagger):
    goes = module("where_time_goes")
    jobs = goes.steps(tagger, [TEXTS[:30], TEXTS[30:]])
    assert [d for lot in jobs["documents with entities"]() for d in lot] == tagger(TEXTS)
    each = goes.parts(dict(zip(jobs, (9.0, 8.0, 1.0, 1.0, 2.0, 3.0, 0.5, 1.0), strict=True)), 10**6)
    assert each[goes.DECODING] == 1.0
    assert each[goes.REST] == pytest.approx(2.5)
    assert list(each.values())[-1] == 1.0
    assert len(goes.table(each, each).splitlines()) == 2 + len(each)


def test_text_ideas_know_the_runtime(tagger):
    text_ideas = module("text_ideas")
    found = tagger(TEXTS)
    other = onoma.load(threads=1)
    for jobs in (
        text_ideas.words(TEXTS),
        text_ideas.sentences(TEXTS),
        text_ideas.places(found),
        text_ideas.everything(other, TEXTS, found),
    ):
        for job in jobs.values():
            assert job()
    assert entities(other(TEXTS)) == entities(found)


def test_a_table_of_taggers_may_leave_peers_out(tagger, capsys, monkeypatch):
    tagging = module("tagging")
    monkeypatch.setattr(tagging.gc, "freeze", lambda: None)  # for good, in this process
    test = [document.tokenised() for document in tagger(TEXTS)]
    rows = tagging.own(test, "en-gmb")
    assert rows[0].f1 == 1.0
    tagging.report(rows, TEXTS, 1)
    printed = capsys.readouterr().out
    assert printed.count("\n| ") == len(rows)
    assert printed.count("Text to entities keeps") == len(rows) - 1


@pytest.mark.parametrize("length", [10, 100, 1_003])
def test_a_text_has_as_many_tokens_as_asked_for(length):
    growth = module("growth")
    assert len(Document.from_text(growth.text_of(length)).tokens) == length
    figures = growth.one_text("en-gmb", length, 1)
    assert figures["tokens"] == length
    assert min(figures["seconds"], figures["cost"]) > 0
    assert figures["added"] >= 0


def test_growth_is_drawn(tmp_path, monkeypatch):
    growth = module("growth")
    monkeypatch.setattr(growth, "CALLERS", (1, 3))
    monkeypatch.setattr(growth, "BATCHES", (1, 16))
    parts = [growth.by_callers("en-gmb", TEXTS, 1), growth.by_batch("en-gmb", TEXTS, 1)]
    growth.write(parts, "en-gmb", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"callers.png", "batches.png", "growth.html"}


def test_a_soak_fails_where_memory_grows(tmp_path):
    soak = module("soak")
    readings = list(soak.soak("en-gmb", 200, 1))
    assert readings[-1][0] == 200
    assert all(memory > 1 for _, memory in readings)
    flat = [(done, 100.0) for done in range(1, 1001)]
    assert soak.report(flat, 50, 1.0) == 0
    assert soak.report([(done, 100 + done / 100) for done, _ in flat], 50, 1.0) == 1
    soak.draw(flat, tmp_path / "soak.png")
    assert (tmp_path / "soak.png").stat().st_size > 1000
