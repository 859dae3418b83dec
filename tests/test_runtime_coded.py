"""Networks in codes: the bits are the same in C and under ONNX Runtime, whatever the batch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onoma.runtime import Tagger
from onoma.runtime.bundle import TAGS, WORDS
from onoma.runtime.confidence import Confidence
from onoma.runtime.readers import KernelReader, OnnxReader
from onoma.runtime.recurrence import coded
from onoma.runtime.recurrent_kernel import RecurrentKernel
from onoma.runtime.stored import Stored, stored
from onoma.tagging.chain import Chain
from small_kernels import COMPILED, LEVELS_HERE
from small_networks import SENTENCES, SMALL, build, features_for, sharpened, write_coded, write_small
from small_networks import TAGS as TAG_SET

compiled = pytest.mark.skipif(
    not COMPILED, reason="no kernel; with a C compiler at hand: pip install --no-deps -e ."
)
OURS = [name for name in SMALL if name not in ("pooled", "bilstm-attention")]
WORDS_SEEN = [
    *(word for words in SENTENCES for word in words),
    "unseen",
    "東",
    "x" * 40,
    "Lonborn" * 9,
    "",
    "A",
]
ROWS = st.lists(st.lists(st.sampled_from(WORDS_SEEN), min_size=1, max_size=20), min_size=1, max_size=9)


def in_codes(folder: Path) -> Stored:
    network = stored(folder)
    assert network is not None
    return network._replace(recurrence=coded(network.recurrence))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Bundles in codes of each architecture that can be."""
    place = tmp_path_factory.mktemp("coded")
    plain = {
        name: write_small(place / f"{name} fp32", sharpened(build(name, seed=4)).eval(), name, Confidence())
        for name in OURS
    }
    return {name: write_coded(folder, place / name) for name, folder in plain.items()}


@pytest.mark.parametrize("name", OURS)
def test_the_graphs_are_whole_and_tell_what_they_hold(name, folders):
    for part in (WORDS, TAGS):
        onnx.checker.check_model(onnx.load(folders[name] / part), full_check=True)
    mine, meant = stored(folders[name]), in_codes(folders[name].with_name(f"{name} fp32"))
    assert mine is not None
    for one, other in zip(mine, meant, strict=True):
        parts = [(getattr(one, field), getattr(other, field)) for field in vars_of(one) if field != "scales"]
        assert all((a is None and b is None) or np.array_equal(a, b) for a, b in parts)
    assert mine.recurrence.scales is not None


def vars_of(thing: object) -> list[str]:
    return [*getattr(thing, "__dict__", getattr(thing, "_fields", ()))]


@compiled
@pytest.mark.parametrize("level", LEVELS_HERE, ids=str)
@pytest.mark.parametrize("name", OURS)
def test_scores_are_the_same_bits_in_c_and_under_onnx_runtime(name, level, folders):
    network, features = stored(folders[name]), features_for(name)
    assert network is not None
    mine = KernelReader(level.library(), network, features, Chain(TAG_SET, network.moves))
    theirs = OnnxReader(folders[name], features)
    assert isinstance(mine._kernel, RecurrentKernel)

    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(ROWS)
    def holds(rows):
        one, other = mine.scores(rows), theirs.scores(rows)
        for i, row in enumerate(rows):
            assert np.array_equal(one.emissions[i, : len(row)], other.emissions[i, : len(row)])

    holds()


@pytest.mark.parametrize("name", OURS)
def test_a_row_has_the_same_bits_alone_and_in_any_batch(name, folders):
    reader = Tagger(folders[name], threads=1).engine.reader

    @settings(max_examples=25)
    @given(ROWS)
    def holds(rows):
        together = reader.scores(rows).emissions
        for i, row in enumerate(rows):
            assert np.array_equal(reader.scores([row]).emissions[0], together[i, : len(row)])

    holds()


def test_without_the_kernel_the_same_is_said(folders):
    program = (
        "import sys; from onoma.runtime import Tagger\n"
        "tagger = Tagger(sys.argv[1], threads=1)\n"
        "print(type(tagger.engine.reader).__name__)\n"
        "for d in tagger(['Ada Lovelace was born in London .', 'London', 'Nobody met Ada in 1815']):\n"
        "    print(d.entities, d.coverage.certainty)"
    )
    told = {}
    for setting in ("on", "off"):
        done = subprocess.run(
            [sys.executable, "-c", program, str(folders["bilstm-crf with vectors"])],
            env={**os.environ, "ONOMA_KERNEL": setting}, capture_output=True,
            text=True, check=True, timeout=120,
        )  # fmt: skip
        told[setting] = done.stdout.splitlines()
    assert told["off"][0] == "OnnxReader"
    assert [_rounded(line) for line in told["on"][1:]] == [_rounded(line) for line in told["off"][1:]]
    assert "label=" in " ".join(told["off"])


def _rounded(line: str) -> list[object]:
    import re

    return [
        round(float(part), 9) if re.fullmatch(r"\d\.\d+", part) else part
        for part in re.split(r"([\d.]+)", line)
    ]
