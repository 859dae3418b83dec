"""Networks read by Onoma's own code: the same as under ONNX Runtime, from the same files."""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import numpy_helper

import onoma
from onoma.errors import BundleError
from onoma.runtime import Tagger
from onoma.runtime.bundle import TAGS, WORDS
from onoma.runtime.confidence import Confidence
from onoma.runtime.onnx_weights import read_graph
from onoma.runtime.readers import KernelReader, OnnxReader
from onoma.runtime.stored import stored
from onoma.runtime.words import WordVectors
from small_kernels import COMPILED
from small_networks import SENTENCES, SMALL, build, features_for, sharpened, write_small

compiled = pytest.mark.skipif(
    not COMPILED, reason="no kernel; with a C compiler at hand: pip install --no-deps -e ."
)
OURS = ("bilstm", "bilstm-crf", "bilstm-crf with vectors", "bilstm-crf with vectors, narrowed")
WORDS_SEEN = [*(word for words in SENTENCES for word in words), "unseen", "東", "x" * 40, "Lo" * 30, ""]
ROWS = st.lists(st.lists(st.sampled_from(WORDS_SEEN), min_size=1, max_size=20), min_size=1, max_size=9)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("readers")
    return {
        name: write_small(place / str(at), sharpened(build(name, seed=8)).eval(), name, Confidence())
        for at, name in enumerate(SMALL)
    }


@pytest.mark.parametrize("name", SMALL)
def test_a_file_is_read_as_onnx_reads_it(name, folders):
    for part in (WORDS, TAGS):
        mine, graph = read_graph(folders[name] / part), onnx.load(folders[name] / part).graph
        assert mine.kinds == [node.op_type for node in graph.node]
        assert [node.inputs for node in mine.nodes] == [list(node.input) for node in graph.node]
        assert set(mine.weights) == {weight.name for weight in graph.initializer}
        for weight in graph.initializer:
            assert np.array_equal(mine.weights[weight.name], numpy_helper.to_array(weight))


@pytest.mark.parametrize("content", [b"", b"no graph at all", b"\x3a\x7f\x00", b"\x3a\x02\x0b\x0c"])
def test_what_is_no_onnx_file_is_told(content, tmp_path):
    (tmp_path / WORDS).write_bytes(content)
    with pytest.raises(BundleError, match="not an ONNX file, or it is damaged"):
        read_graph(tmp_path / WORDS)


@pytest.mark.parametrize("name", SMALL)
def test_networks_of_other_kinds_are_left_to_onnx_runtime(name, folders):
    assert (stored(folders[name]) is not None) == (name in OURS)


@compiled
@pytest.mark.parametrize("name", OURS)
def test_its_scores_are_those_of_onnx_runtime(name, folders):
    engine = Tagger(folders[name], threads=1).engine
    assert isinstance(engine.reader, KernelReader)
    theirs = OnnxReader(folders[name], features_for(name))

    @given(ROWS)
    def holds(rows):
        mine, other = engine.reader.scores(rows), theirs.scores(rows)
        for i, row in enumerate(rows):
            assert np.abs(mine.emissions[i, : len(row)] - other.emissions[i, : len(row)]).max() < 1e-4
        for one, another in zip(mine[1:], other[1:], strict=True):
            assert (one is None and another is None) or np.array_equal(one, another)

    holds()


@compiled
def test_words_that_lose_their_place_while_they_are_read_are_read_again(folders):
    """Eight threads, and memory for so few words that each pushes out those of others."""
    tagger = Tagger(folders["bilstm-crf"], threads=1)
    chance = random.Random(3)
    rows = [chance.choices(WORDS_SEEN + [f"word{i}" for i in range(60)], k=9) for _ in range(400)]
    expected = [tagger.engine.reader.read([row])[0] for row in rows]
    reader = tagger.engine.reader
    reader.vectors = WordVectors(reader.compute, 24 * reader.compute([]).nbytes)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda row: reader.read([row])[0], rows)) == expected


def test_vectors_lent_hold_until_their_places_are_taken():
    vectors = WordVectors(lambda words: np.array([[0.0], *([len(word)] for word in words)], np.float32), 40)
    lent = vectors.lend([["a", "bb"], ["ccc"]])
    assert lent.table[lent.rows].ravel().tolist() == [1, 2, 3]
    vectors.lend([[*"defg"]])
    assert vectors.holds(lent)
    vectors.lend([[*"hij"]])
    assert vectors.holds(lent)
    vectors.lend([["k"]])
    assert not vectors.holds(lent)
    own = vectors.copied([["a", "bb"], ["ccc"]])
    vectors.lend([[*"lmnop"]])
    vectors.lend([[*"qrstu"]])
    assert vectors.holds(own)
    assert own.table[own.rows].ravel().tolist() == [1, 2, 3]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_while_another_thread_learns_words_leaves_the_memory_in_order():
    tagger = onoma.load(threads=1)
    texts = [f"Word{i} met Ada Lovelace in London." for i in range(300)]
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(lambda: [tagger([text]) for text in texts])
        for i in range(3):
            child = os.fork()
            if child == 0:
                found = tagger([f"Else{i} met Angela Merkel."])
                os._exit(0 if found[0].entities else 1)
            assert os.waitpid(child, 0)[1] == 0
        busy.result()


@compiled
def test_reading_by_our_own_code_needs_no_onnx_runtime(folders):
    import subprocess
    import sys

    program = (
        "import sys; from onoma.runtime import Tagger\n"
        f"Tagger({str(folders['bilstm-crf'])!r})(['Ada Lovelace was born .'])\n"
        "assert 'onnxruntime' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
