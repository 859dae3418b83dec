"""Decoding as an ONNX graph: from emissions to tags, their probabilities and entities, a batch at a time.

It is `onoma.tagging.lattice` written down in ONNX: the same steps in the same double precision, so that a
host that has ONNX Runtime alone (a browser, a phone, a server in another language) finds what Onoma finds.
Loops over a sentence are ``Scan`` nodes; nothing that lies beyond a sentence's length is read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from onoma.runtime.confidence import Confidence
from onoma.tagging.chain import Chain
from onoma.tagging.lattice import FLOOR

if TYPE_CHECKING:
    import onnx

__all__ = ["IR_VERSION", "OPSET", "decoding_graph", "graph_of"]

OPSET = 18
"""The operators that every graph of Onoma is written in."""
IR_VERSION = 9
"""Of the file format: readable by every ONNX Runtime since 1.16."""
_TINY = 1e-300

# [batch, time, tag] in double precision, each token's best at 0; and what is inside a sentence
_PREPARE = """
    wide = Cast <to = 11> (emissions)
    top = ReduceMax <keepdims = 1> (wide, last_axis)
    scores = Sub (wide, top)
    sharp = Mul (scores, sharpness)
    bounded = Max (sharp, floor)
    weights = Exp (bounded)
    sizes = Shape (emissions)
    batch_shape = Slice (sizes, zeros_1, ones_1)
    row_shape = Concat <axis = 0> (batch_shape, count_1)
    column_shape = Concat <axis = 0> (batch_shape, ones_1)
    time = Gather (sizes, one)
    place = Range (zero, time, one)
    length_column = Unsqueeze (lengths, axis_1)
    live = Less (place, length_column)
    live_column = Unsqueeze (live, last_axis)
    last_place = Sub (length_column, one)
    is_last = Equal (place, last_place)
    is_last_column = Unsqueeze (is_last, last_axis)
"""

# the best legal path (Viterbi 1967): forward with back pointers, then back from each sentence's last token
_PATH = """
    entry_score = Expand (log_start, row_shape)
    v_state, best, back = Scan <num_scan_inputs = 1, scan_input_axes = [1], scan_output_axes = [1, 1],
      body = viterbi (double[batch, tag] v_reached, double[batch, tag] v_score)
      => (double[batch, tag] v_after, double[batch, tag] v_here, int64[batch, tag] v_source) {
        v_here = Add (v_reached, v_score)
        v_column = Unsqueeze (v_here, last_axis)
        v_moved = Add (v_column, log_moves)
        v_after = ReduceMax <keepdims = 0> (v_moved, axis_1)
        v_source = ArgMax <axis = 1, keepdims = 0> (v_moved)
      }> (entry_score, scores)
    stopped = Add (best, log_end)
    last_tag = ArgMax <axis = 2, keepdims = 0> (stopped)
    nowhere = Expand (zero, batch_shape)
    w_state, walked = Scan <num_scan_inputs = 3, scan_input_axes = [1, 1, 1],
      scan_input_directions = [1, 1, 1], scan_output_axes = [1], scan_output_directions = [1],
      body = walk (int64[batch] w_later, int64[batch, tag] w_sources, bool[batch] w_final, int64[batch] w_end)
      => (int64[batch] w_tag, int64[batch] w_out) {
        w_at = Unsqueeze (w_later, last_axis)
        w_one = GatherElements <axis = 1> (w_sources, w_at)
        w_followed = Squeeze (w_one, last_axis)
        w_tag = Where (w_final, w_end, w_followed)
        w_out = Identity (w_tag)
      }> (nowhere, back, is_last, last_tag)
    path = Where (live, walked, zero)
    path_column = Unsqueeze (path, last_axis)
    outside = Expand (zero, column_shape)
    path_but_last = Slice (path, zeros_1, minus_1, axis_1)
    previous = Concat <axis = 1> (outside, path_but_last)
    previous_row = Mul (previous, count)
    move_number = Add (previous_row, path)
"""

# ``enter`` into a token's tag, ``step`` from the token before, ``leave`` to anything that ends the entity:
# the product along an entity is its probability. Here tokens are independent.
_SOFTMAX = """
    mass = ReduceSum <keepdims = 1> (weights, last_axis)
    marginal = Div (weights, mass)
    enter = Identity (marginal)
    leave = Max (marginal, certain)
    step = GatherElements <axis = 2> (marginal, path_column)
"""

# the same for a CRF, by forward-backward, scaled at each token (Rabiner 1989)
_CRF = """
    entry = Expand (start, row_shape)
    f_state, enter, scale = Scan <num_scan_inputs = 1, scan_input_axes = [1], scan_output_axes = [1, 1],
      body = forward (double[batch, tag] f_reach, double[batch, tag] f_weight)
      => (double[batch, tag] f_next, double[batch, tag] f_alpha, double[batch, one_wide] f_mass) {
        f_step = Mul (f_reach, f_weight)
        f_mass = ReduceSum <keepdims = 1> (f_step, last_axis)
        f_alpha = Div (f_step, f_mass)
        f_next = MatMul (f_alpha, moves)
      }> (entry, weights)
    stopping = Mul (enter, end)
    stopping_mass = ReduceSum <keepdims = 1> (stopping, last_axis)
    ending = Div (end, stopping_mass)
    nothing = Expand (no_weight, row_shape)
    b_state, backward, leave = Scan <num_scan_inputs = 4, scan_input_axes = [1, 1, 1, 1],
      scan_input_directions = [1, 1, 1, 1], scan_output_axes = [1, 1], scan_output_directions = [1, 1],
      body = backward_pass (double[batch, tag] b_coming, double[batch, tag] b_weight,
        double[batch, one_wide] b_scale, bool[batch, one_wide] b_final, double[batch, tag] b_ending)
      => (double[batch, tag] b_next, double[batch, tag] b_beta, double[batch, tag] b_leave) {
        b_on = MatMul (b_coming, moves_back)
        b_out = MatMul (b_coming, moves_out)
        b_beta = Where (b_final, b_ending, b_on)
        b_leave = Where (b_final, b_ending, b_out)
        b_step = Mul (b_beta, b_weight)
        b_next = Div (b_step, b_scale)
      }> (nothing, weights, scale, is_last_column, ending)
    product = Mul (enter, backward)
    product_mass = ReduceSum <keepdims = 1> (product, last_axis)
    marginal = Div (product, product_mass)
    move_weight = Gather (flat_moves, move_number)
    move_column = Unsqueeze (move_weight, last_axis)
    own_weight = GatherElements <axis = 2> (weights, path_column)
    arrived = Mul (move_column, own_weight)
    step = Div (arrived, scale)
"""

# an entity begins at a tag that does not carry on the one before, and ends at one that is not carried on;
# both are listed in the order of the text, so the n-th beginning and the n-th end are of one entity
_ENTITIES = """
    marginal_inside = Where (live_column, marginal, no_weight)
    marginals = Cast <to = 1> (marginal_inside)
    label = Gather (tag_label, path)
    named = GreaterOrEqual (label, zero)
    carried = Gather (continuation, move_number)
    is_new = Not (carried)
    begins = And (named, is_new)
    path_but_first = Slice (path, ones_1, endless, axis_1)
    following = Concat <axis = 1> (path_but_first, outside)
    path_row = Mul (path, count)
    next_number = Add (path_row, following)
    goes_on = Gather (continuation, next_number)
    is_done = Not (goes_on)
    ends = And (named, is_done)
    begin_columns = NonZero (begins)
    end_columns = NonZero (ends)
    begin_at = Transpose <perm = [1, 0]> (begin_columns)
    end_at = Transpose <perm = [1, 0]> (end_columns)
    own_enter = GatherElements <axis = 2> (enter, path_column)
    own_leave = GatherElements <axis = 2> (leave, path_column)
    entered = Squeeze (own_enter, last_axis)
    left = Squeeze (own_leave, last_axis)
    step_row = Squeeze (step, last_axis)
    step_inside = Where (live, step_row, certain)
    step_bounded = Max (step_inside, tiny)
    log_step = Log (step_bounded)
    walked_so_far = CumSum (log_step, one)
    walked_at_begin = GatherND (walked_so_far, begin_at)
    walked_at_end = GatherND (walked_so_far, end_at)
    between = Sub (walked_at_end, walked_at_begin)
    inner = Exp (between)
    entered_at = GatherND (entered, begin_at)
    left_at = GatherND (left, end_at)
    whole = Mul (inner, entered_at)
    probability = Mul (whole, left_at)
    last_token = Slice (end_at, ones_1, endless, axis_1)
    end_token = Add (last_token, one)
    label_at = GatherND (label, begin_at)
    label_column = Unsqueeze (label_at, axis_1)
    entities = Concat <axis = 1> (begin_at, end_token, label_column)
"""

# straight lines between the points of the bundle's isotonic curve, as in `Confidence.mended`
_MEND = """
    in_range = Clip (probability, curve_low, curve_high)
    in_range_column = Unsqueeze (in_range, axis_1)
    is_past = GreaterOrEqual (in_range_column, curve_inner)
    past = Cast <to = 7> (is_past)
    piece = ReduceSum <keepdims = 0> (past, axis_1)
    piece_begin = Gather (curve_scores, piece)
    piece_share = Gather (curve_shares, piece)
    piece_slope = Gather (curve_slopes, piece)
    within = Sub (in_range, piece_begin)
    risen = Mul (within, piece_slope)
    mended = Add (piece_share, risen)
"""

_FINISH = """
    clipped = Clip (mended, no_weight, certain)
    probabilities = Cast <to = 1> (clipped)
"""

_SIGNATURE = (
    "decoding (float[batch, time, tag] emissions, int64[batch] lengths) => (int64[batch, time] path, "
    "float[batch, time, tag] marginals, int64[entity, four] entities, float[entity] probabilities)"
)


def decoding_graph(chain: Chain, confidence: Confidence) -> onnx.ModelProto:
    """``emissions`` and ``lengths`` → ``path``, ``marginals``, ``entities``, ``probabilities``.

    ``path`` ``[batch, time]`` is the best legal tags, 0 beyond a row's length; ``marginals``
    ``[batch, time, tag]`` their probabilities, 0 there. ``entities`` ``[entity, 4]`` are row, first token,
    one past the last, and number of the label, in the order of the text; ``probabilities`` ``[entity]`` are
    theirs, as `Decoder` gives them. Every row has a token at least. ``chain`` holds the temperature.
    """
    steps = [_PREPARE, _PATH, _CRF if chain.crf else _SOFTMAX, _ENTITIES]
    steps += [_MEND if confidence.scores else "    mended = Identity (probability)\n", _FINISH]
    return graph_of(_SIGNATURE, "".join(steps), _constants() | _moves(chain) | _curve(confidence))


def graph_of(signature: str, steps: str, constants: dict[str, NDArray[Any]]) -> onnx.ModelProto:
    """A model from ONNX's own textual form; of ``constants`` those are kept that ``steps`` names.

    >>> model = graph_of("twice (float[n] x) => (float[n] y)", "y = Mul (x, two)", {"two": np.float32(2)})
    >>> [node.op_type for node in model.graph.node]
    ['Mul']
    """
    from onnx import helper, numpy_helper, parser

    graph = parser.parse_graph(f"{signature} {{\n{steps}\n}}")
    used = set(re.findall(r"\w+", steps))
    graph.initializer.extend(
        numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items() if name in used
    )
    opset = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION, producer_name="onoma")


def _constants() -> dict[str, NDArray[Any]]:
    whole = {"zero": 0, "one": 1, "zeros_1": [0], "ones_1": [1], "axis_1": [1], "last_axis": [-1]}
    whole |= {"minus_1": [-1], "endless": [2**62]}
    real = {"floor": FLOOR, "tiny": _TINY, "no_weight": 0.0, "certain": 1.0}
    return {name: np.array(value, np.int64) for name, value in whole.items()} | {
        name: np.array(value, np.float64) for name, value in real.items()
    }


def _moves(chain: Chain) -> dict[str, NDArray[Any]]:
    tags, count = chain.tags, len(chain.tags)
    between, start, end = chain.weight
    return {
        "sharpness": np.array(chain.sharpness, np.float64),
        "count": np.array(count, np.int64),
        "count_1": np.array([count], np.int64),
        "log_moves": chain.log.between,
        "log_start": chain.log.start,
        "log_end": chain.log.end,
        "start": start,
        "end": end,
        "moves": between,
        "flat_moves": between.ravel(),
        "moves_back": np.ascontiguousarray(between.T),
        "moves_out": np.ascontiguousarray(np.where(tags.continuation, 0.0, between).T),
        "continuation": tags.continuation.ravel(),
        "tag_label": tags.label.astype(np.int64),
    }


def _curve(confidence: Confidence) -> dict[str, NDArray[Any]]:
    if not confidence.scores:
        return {}
    x, y = (np.array(part, np.float64) for part in (confidence.scores, confidence.shares))
    width = np.diff(x)
    slopes = np.divide(np.diff(y), width, out=np.zeros_like(width), where=width > 0)
    return {
        "curve_low": x[0],
        "curve_high": x[-1],
        "curve_inner": x[1:-1],
        "curve_scores": x,
        "curve_shares": y,
        "curve_slopes": slopes,
    }
