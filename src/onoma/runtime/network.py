"""`Network`: one ONNX graph under ONNX Runtime, on one core a call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from onoma.errors import BundleError
from onoma.runtime.forks import RUNNING
from onoma.runtime.providers import CPU, check_running, chosen
from onoma.tagging.decode import TagScores

__all__ = ["Network"]

_DTYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(float)": np.float32}


class Network:
    """Takes what it needs of the arrays it is given, cast to what it asks for; many threads may use it.

    ``alone`` runs the rows of a batch one after another, each cut to its length: for a graph in which the
    rows of a batch are not independent, as those whose numbers are scaled over the whole batch.

    Raises `BundleError` when the graph cannot be loaded, `InputError` when ``provider`` is not there.
    """

    def __init__(self, path: Path, provider: str = CPU, *, alone: bool = False) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # one is kept for every shape there was, and none saves time
        options.log_severity_level = 3
        providers = chosen(provider)
        try:
            with RUNNING:
                self._session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        except Exception as error:  # ONNX Runtime raises its own classes, all straight from Exception
            raise BundleError(f"ONNX Runtime cannot load {path}: {error}") from error
        check_running(self._session, provider)
        self._inputs = {node.name: _DTYPES[node.type] for node in self._session.get_inputs()}
        self._outputs = [node.name for node in self._session.get_outputs()]
        self._alone = alone

    def feeds(self, given: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """What the graph takes of ``given``, cast to what it asks for."""
        return {name: given[name].astype(kind, copy=False) for name, kind in self._inputs.items()}

    def run(self, given: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """The graph's outputs, in its order."""
        feeds = self.feeds(given)
        with RUNNING:
            found: list[NDArray[Any]] = self._session.run(None, feeds)
        return found

    def __call__(self, given: dict[str, NDArray[Any]]) -> TagScores:
        """What it says of the batch ``given``: see `Engine.inputs`."""
        outputs = self._row_by_row(given) if self._alone and len(given["lengths"]) > 1 else self.run(given)
        return TagScores(**dict(zip(self._outputs, outputs, strict=True)))

    def _row_by_row(self, given: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        batch, time = given["mask"].shape
        found: list[NDArray[Any]] = []
        for row, length in enumerate(given["lengths"]):
            own = {name: array[row : row + 1, :length] for name, array in given.items() if array.ndim > 1}
            outputs = self.run({**own, "lengths": given["lengths"][row : row + 1]})
            if not found:
                found = [np.zeros((batch, time, outputs[0].shape[-1]), np.float32), *outputs[1:]]
            found[0][row, :length] = outputs[0][0]
        return found
