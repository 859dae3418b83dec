"""An encoder exported to ONNX says what it says in torch, whatever its kind and the sizes of a batch."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

from onoma.errors import TrainingError
from onoma.models import PieceNetwork
from onoma.models.encoder_export import piece_graph
from onoma.tagging import TagSet
from small_encoders import build, save_encoder

TAGS = TagSet(["per", "geo"], "bioes")
KINDS = ["bert", "deberta"]  # other graphs are compared with torch where their recipes make bundles
MORE: dict[str, dict[str, Any]] = {
    "transformer-crf": {"pooling": "mean", "layers": 2},
    "transformer-bilstm-crf": {"pooling": "last", "hidden": 3, "case": False, "lexical": {"word": 4}},
}
Arrays = dict[str, NDArray[Any]]


def network(folder: Path, kind: str, architecture: str = "transformer", **options: Any) -> PieceNetwork:
    made, _ = build(save_encoder(folder, kind), architecture, TAGS, **options)
    if made.encoder.case is not None:
        torch.nn.init.normal_(made.encoder.case.weight)
    return made.eval()


def rows(count: int, pieces: int, chance: np.random.Generator) -> Arrays:
    """Rows of up to so many pieces, their words of one to three pieces each."""
    found: list[list[tuple[int, int]]] = []
    widths = [pieces, *chance.integers(3, pieces + 1, count - 1).tolist()]
    for width in widths:
        edges = [1]
        while edges[-1] < width - 1:
            edges.append(min(edges[-1] + int(chance.integers(1, 4)), width - 1))
        found.append(list(pairwise(edges)))
    lengths = np.array([len(words) for words in found])
    ranges = np.array([words + [(0, 1)] * (lengths.max() - len(words)) for words in found])
    mask = (np.arange(pieces) < np.array(widths)[:, None]).astype(np.int64)
    return {
        "pieces": np.where(mask, chance.integers(3, 90, mask.shape), 1),
        "piece_mask": mask,
        "case": mask * chance.integers(0, 6, mask.shape),
        "begin": ranges[..., 0],
        "end": ranges[..., 1],
        "lengths": lengths,
    }


def said(model: onnx.ModelProto, given: Arrays) -> list[NDArray[Any]]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    named = given | {"until": given["end"], "lengths": given["lengths"].astype(np.int32)}
    found: list[NDArray[Any]] = session.run(None, {i.name: named[i.name] for i in session.get_inputs()})
    return found


def check(made: PieceNetwork, model: onnx.ModelProto) -> None:
    """Torch and ONNX Runtime agree on every word of batches of several sizes."""
    chance = np.random.default_rng(1)
    for count, pieces in ((1, 3), (1, 30), (5, 17), (2, 40)):
        given = rows(count, pieces, chance)
        width = 0 if made.lexical is None else made.lexical.width
        vectors = torch.randn(*given["begin"].shape, width) if width else None
        with torch.no_grad():
            arrays = {name: torch.from_numpy(array) for name, array in given.items()}
            expected = made.row_emissions(arrays, vectors).numpy()
        found = said(model, given if vectors is None else given | {"vectors": vectors.numpy()})[0]
        words = np.arange(found.shape[1]) < given["lengths"][:, None]
        assert np.abs(found - expected)[words].max() < 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_the_graph_of_an_encoder_says_what_torch_says(kind, tmp_path):
    made = network(tmp_path, kind)
    implementation = made.encoder.model.config._attn_implementation
    check(made, piece_graph(made))
    assert made.encoder.model.config._attn_implementation == implementation


@pytest.mark.parametrize("architecture", MORE)
def test_so_do_graphs_with_more_upon_the_encoder(architecture, tmp_path):
    made = network(tmp_path, "bert", architecture, **MORE[architecture])
    model = piece_graph(made)
    check(made, model)
    names = ["emissions", "transitions", "start", "end"]
    assert [each.name for each in model.graph.output] == names
    given = rows(1, 5, np.random.default_rng(2))
    width = 0 if made.lexical is None else made.lexical.width
    moves = said(model, given | {"vectors": np.zeros((*given["begin"].shape, width), np.float32)})[1:]
    assert made.crf is not None
    for mine, theirs in zip(moves, made.crf.arrays(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_what_a_process_exported_before_changes_nothing(tmp_path):
    made = network(tmp_path, "bert", "transformer-bilstm-crf", hidden=3)
    first, *others = (piece_graph(made).SerializeToString() for _ in range(3))
    assert others == [first, first]


def test_a_graph_that_holds_for_the_traced_sizes_alone_is_refused(tmp_path, monkeypatch):
    made = network(tmp_path, "bert")
    sizes_fixed = partial(torch.onnx.export, dynamic_shapes=None)
    monkeypatch.setattr(torch.onnx, "export", lambda *a, dynamic_shapes, **more: sizes_fixed(*a, **more))
    with pytest.raises(TrainingError, match=r"1 rows of 3 pieces is not read as in torch \(.*dimension"):
        piece_graph(made)
