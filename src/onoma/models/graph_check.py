"""Whether an ONNX graph says what torch said: asked of ONNX Runtime, which will be asked in use."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import onnxruntime
from torch import Tensor

__all__ = ["differs"]

_MAY_DIFFER = 1e-3  # of the largest score: rounding of a deep encoder stays far below, another reading above


def differs(model: onnx.ModelProto, given: Mapping[str, Tensor], expected: Tensor, lengths: Tensor) -> str:
    """What is wrong with what ``model`` makes of ``given``; empty where that is ``expected``.

    ``expected`` is ``[row, word, …]``; what lies beyond a row's ``lengths`` ``[row]`` may be anything.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is told here
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        types = {each.name: _TYPES[each.type] for each in session.get_inputs()}
        feeds = {name: given[name].numpy().astype(kind) for name, kind in types.items()}
        found = session.run(None, feeds)[0]
    except Exception as error:  # ONNX Runtime raises its own classes, all straight from Exception
        return str(error).strip().partition("\n")[0]
    wanted = expected.detach().numpy()
    if found.shape != wanted.shape:
        return f"scores have the shape {found.shape}, not {wanted.shape}"
    words = np.arange(wanted.shape[1]) < lengths.numpy()[:, None]
    gap = float(np.abs(found - wanted)[words].max())
    most = _MAY_DIFFER * max(1.0, float(np.abs(wanted).max()))
    return "" if gap <= most else f"scores differ by {gap:.2g}"


_TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(float)": np.float32}
