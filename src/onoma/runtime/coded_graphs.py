"""A network in codes as a two ONNX graphs: the arithmetic of `onoma.runtime.recurrence`, step by step.

Sums of products of codes are exact in single precision (in double those of inputs), and between them stand
single operations, in the order of the specification; so ONNX Runtime gives the same bits as Onoma's own code,
here, in a browser and on other machines. ``words.onnx`` makes the input products of words, ``tags.onnx`` the
scores of tags: the two directions are ``Scan`` nodes, as ONNX's own LSTM takes no input product and has other
codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from onoma.runtime.decoding_graph import graph_of
from onoma.runtime.lexical import Lexical
from onoma.runtime.recurrence import ABOVE, BELOW, BOUND, MOST_PRODUCT, STATE, STEP, Recurrence, most_code
from onoma.runtime.stored import CODED, Stored
from onoma.tagging.chain import TagScores

if TYPE_CHECKING:
    import onnx

__all__ = ["tag_graph", "word_graph"]

Arrays = dict[str, NDArray[Any]]

_WORD = "word_part = Gather (coded_word, word)\n"

# rows of the tables of the character before, this one, the one after; row 0 is all zeros
_CHARACTERS = """
    spread = Pad (characters, one_each_side, no_character)
    former = Slice (spread, zeros_1, minus_2, axis_1)
    latter = Slice (spread, twos_1, endless, axis_1)
    table_before = Gather <axis = 0> (coded_characters, zero)
    table_here = Gather <axis = 0> (coded_characters, one)
    table_after = Gather <axis = 0> (coded_characters, two)
    adds_before = Gather (table_before, former)
    adds_here = Gather (table_here, characters)
    adds_after = Gather (table_after, latter)
    two_of_them = Add (adds_before, adds_here)
    three_of_them = Add (two_of_them, adds_after)
    filtered = Add (three_of_them, coded_characters_bias)
    rectified = Relu (filtered)
    is_character = Greater (characters, no_character)
    inside = Cast <to = 1> (is_character)
    inside_column = Unsqueeze (inside, last_axis)
    spelled = Mul (rectified, inside_column)
    characters_part = ReduceMax <keepdims = 0> (spelled, axis_1)
"""
_SHAPE = "shape_part = Gather (coded_shape, shape)\n"
_PIECES = """
    rows = Gather (coded_pieces, pieces)
    wide_rows = Cast <to = 11> (rows)
    scales = Gather (coded_pieces_scale, pieces)
    wide_scales = Cast <to = 11> (scales)
    scales_column = Unsqueeze (wide_scales, last_axis)
    scaled_rows = Mul (wide_rows, scales_column)
    total = ReduceSum <keepdims = 0> (scaled_rows, axis_1)
    is_piece = Greater (pieces, zero)
    pieces_there = Cast <to = 11> (is_piece)
    count = ReduceSum <keepdims = 1> (pieces_there, axis_1)
    divisor = Max (count, one_wide)
    mean = Div (total, divisor)
    pieces_part = Cast <to = 1> (mean)
"""
_PRODUCT = """
    size = Abs (parts)
    peak = ReduceMax <keepdims = 1> (size, axis_1)
    bounded_peak = Max (peak, least_peak)
    stretch = Div (most_code, bounded_peak)
    stretched = Mul (parts, stretch)
    codes = Round (stretched)
    factor = Div (bounded_peak, most_code)
    wide_codes = Cast <to = 11> (codes)
    wide_into = Cast <to = 11> (coded_into)
    into_rows = Reshape (wide_into, into_shape)
    into_columns = Transpose <perm = [1, 0]> (into_rows)
    wide_sums = MatMul (wide_codes, into_columns)
    sums = Cast <to = 1> (wide_sums)
    into_scale = Reshape (coded_into_scale, flat)
    row_scaled = Mul (sums, into_scale)
    word_scaled = Mul (row_scaled, factor)
    bias = Reshape (coded_bias, flat)
    product = Add (word_scaled, bias)
    whole = Round (product)
    vectors = Clip (whole, least_product, most_product)
"""

_PREPARE = """
    sizes = Shape (vectors)
    batch_1 = Slice (sizes, zeros_1, ones_1)
    time = Gather (sizes, one)
    place = Range (zero, time, one)
    wide_lengths = Cast <to = 7> (lengths)
    length_column = Unsqueeze (wide_lengths, axis_1)
    is_live = Less (place, length_column)
    live_flat = Cast <to = 1> (is_live)
    live = Unsqueeze (live_flat, last_axis)
    state_shape = Concat <axis = 0> (batch_1, units_1)
    nothing = Expand (no_state, state_shape)
    recurrent = Cast <to = 1> (coded_recurrent)
    by_direction = Split <axis = 2, num_outputs = 2> (vectors)
"""

# one direction; where a row has ended its states stay 0
_DIRECTION = """
    {d}_square = Gather <axis = 0> (recurrent, {number})
    {d}_rows = Reshape ({d}_square, gates_shape)
    {d}_weights = Transpose <perm = [1, 0]> ({d}_rows)
    {d}_scale_parts = Gather <axis = 0> (coded_scale, {number})
    {d}_scale = Reshape ({d}_scale_parts, flat)
    {d}_last, {d}_last_cell, {d}_states = Scan <num_scan_inputs = 2, scan_input_axes = [1, 1],
      scan_input_directions = [{back}, {back}], scan_output_axes = [1], scan_output_directions = [{back}],
      body = {d}_step (float[batch, unit] {d}_state, float[batch, unit] {d}_cell,
        float[batch, gate] {d}_product, float[batch, column] {d}_live)
      => (float[batch, unit] {d}_kept_state, float[batch, unit] {d}_kept_cell, float[batch, unit] {d}_out) {{
        {d}_sums = MatMul ({d}_state, {d}_weights)
        {d}_scaled = Mul ({d}_sums, {d}_scale)
        {d}_raw = Add ({d}_product, {d}_scaled)
        {d}_x = Mul ({d}_raw, units_of_gates)
{gates}
        {d}_i, {d}_o, {d}_f, {d}_g = Split <axis = 1, num_outputs = 4> ({d}_xa)
        {d}_iq, {d}_oq, {d}_fq, {d}_gq = Split <axis = 1, num_outputs = 4> ({d}_xb)
        {d}_both = Mul ({d}_iq, {d}_gq)
        {d}_open = Add ({d}_fq, {d}_f)
        {d}_old = Mul ({d}_open, {d}_cell)
        {d}_kept = Mul ({d}_old, {d}_both)
        {d}_entry = Add ({d}_iq, {d}_i)
        {d}_fresh = Mul ({d}_entry, {d}_g)
        {d}_added = Mul ({d}_fresh, {d}_fq)
        {d}_under = Mul ({d}_both, {d}_fq)
        {d}_over = Add ({d}_kept, {d}_added)
        {d}_under_twice = Add ({d}_under, {d}_under)
        {d}_c = Div ({d}_over, {d}_under_twice)
{cells}
        {d}_exit = Add ({d}_oq, {d}_o)
        {d}_shown = Mul ({d}_exit, {d}_ca)
        {d}_below = Mul ({d}_oq, {d}_cb)
        {d}_below_twice = Add ({d}_below, {d}_below)
        {d}_h = Div ({d}_shown, {d}_below_twice)
        {d}_stretched = Mul ({d}_h, state_code)
        {d}_code = Round ({d}_stretched)
        {d}_kept_state = Mul ({d}_code, {d}_live)
        {d}_kept_cell = Mul ({d}_c, {d}_live)
        {d}_out = Identity ({d}_kept_state)
      }}> (nothing, nothing, {given}, live)
"""

# tanh of x as xa over xb: polynomials of its square
_TANH = """
        {x}_low = Min ({x}, bound)
        {x}_in = Max ({x}_low, minus_bound)
        {x}_2 = Mul ({x}_in, {x}_in)
        {x}_a1 = Mul ({x}_2, above_0)
        {x}_a2 = Add ({x}_a1, above_1)
        {x}_a3 = Mul ({x}_a2, {x}_2)
        {x}_a4 = Add ({x}_a3, above_2)
        {x}_a5 = Mul ({x}_a4, {x}_2)
        {x}_a6 = Add ({x}_a5, above_3)
        {x}a = Mul ({x}_a6, {x}_in)
        {x}_b1 = Mul ({x}_2, below_0)
        {x}_b2 = Add ({x}_b1, below_1)
        {x}_b3 = Mul ({x}_b2, {x}_2)
        {x}_b4 = Add ({x}_b3, below_2)
        {x}_b5 = Mul ({x}_b4, {x}_2)
        {x}b = Add ({x}_b5, below_3)
"""

_SCORES = """
    states = Concat <axis = 2> (ahead_states, behind_states)
    output_rows = Cast <to = 1> (coded_output)
    output_columns = Transpose <perm = [1, 0]> (output_rows)
    output_sums = MatMul (states, output_columns)
    output_scaled = Mul (output_sums, coded_output_scale)
    emissions = Add (output_scaled, coded_output_bias)
"""


def word_graph(network: Stored) -> onnx.ModelProto:
    """Features of distinct words (see `WordFeatures.arrays`) → ``vectors`` ``[word, input product]``."""
    steps, inputs, parts = [_WORD], ["int64[word] word"], ["word_part"]
    lexical, recurrence = network.lexical, network.recurrence
    for name, there, part, shape in (
        ("characters", lexical.characters, _CHARACTERS, "[word, longest]"),
        ("shape", lexical.shape, _SHAPE, "[word]"),
        ("pieces", lexical.pieces, _PIECES, "[word, most_pieces]"),
    ):
        if there is not None:
            steps.append(part)
            inputs.append(f"int64{shape} {name}")
            parts.append(f"{name}_part")
    steps += [f"parts = Concat <axis = 1> ({', '.join(parts)})\n", _PRODUCT]
    signature = f"words ({', '.join(inputs)}) => (float[word, {recurrence.bias.size}] vectors)"
    return graph_of(signature, "".join(steps), _whole() | _word_numbers(recurrence) | _lexical(lexical))


def tag_graph(network: Stored) -> onnx.ModelProto:
    """``vectors`` ``[batch, time, input product]`` and ``lengths`` → emissions, and moves for a CRF."""
    recurrence, moves = network.recurrence, network.moves
    tags, given = len(recurrence.output), recurrence.bias.size
    steps = _PREPARE.replace("by_direction =", "given_ahead, given_behind =")
    for number, d in ((0, "ahead"), (1, "behind")):
        gates, cells = (_TANH.format(x=f"{d}_{x}") for x in "xc")
        names = {"d": d, "number": ("zero", "one")[number], "back": number, "given": f"given_{d}"}
        steps += _DIRECTION.format(gates=gates, cells=cells, **names)
    outputs = [f"float[batch, time, {tags}] emissions"]
    steps += _SCORES
    for name, array in _moves(moves).items():
        steps += f"    {name} = Identity ({CODED}_{name})\n"
        outputs.append(f"float[{', '.join(map(str, array.shape))}] {name}")
    signature = f"tags (float[batch, time, {given}] vectors, int32[batch] lengths) => ({', '.join(outputs)})"
    own = {f"{CODED}_{name}": array for name, array in _moves(moves).items()}
    return graph_of(signature, steps, _whole() | _tag_numbers(recurrence) | own)


def _whole() -> Arrays:
    whole = {"zero": 0, "one": 1, "two": 2, "zeros_1": [0], "ones_1": [1], "twos_1": [2], "minus_2": [-2]}
    whole |= {"axis_1": [1], "last_axis": [-1], "flat": [-1], "endless": [2**62]}
    whole |= {"no_character": 0, "one_each_side": [0, 1, 0, 1]}
    return {name: np.array(value, np.int64) for name, value in whole.items()}


def _word_numbers(recurrence: Recurrence) -> Arrays:
    scales, width = recurrence.scales, recurrence.into.shape[-1]
    assert scales is not None, "a network in codes has scales"
    return {
        "one_wide": np.array(1.0),
        "least_peak": np.array(1e-30, np.float32),
        "most_code": np.array(most_code(width), np.float32),
        "least_product": np.asarray(-MOST_PRODUCT),
        "most_product": np.asarray(MOST_PRODUCT),
        "into_shape": np.array([recurrence.bias.size, width], np.int64),
        f"{CODED}_into": recurrence.into,
        f"{CODED}_into_scale": scales.into,
        f"{CODED}_bias": recurrence.bias,
    }


def _lexical(lexical: Lexical) -> Arrays:
    parts = {
        "word": lexical.word,
        "characters": lexical.characters,
        "characters_bias": lexical.bias,
        "shape": lexical.shape,
        "pieces": lexical.pieces,
        "pieces_scale": lexical.scale,
    }
    return {f"{CODED}_{name}": array for name, array in parts.items() if array is not None}


def _tag_numbers(recurrence: Recurrence) -> Arrays:
    scales, hidden = recurrence.scales, recurrence.hidden
    assert scales is not None, "a network in codes has scales"
    halves = np.array([0.5, 0.5, 0.5, 1.0], np.float32)
    numbers: Arrays = {
        "units_1": np.array([hidden], np.int64),
        "gates_shape": np.array([4 * hidden, hidden], np.int64),
        "no_state": np.zeros(1, np.float32),
        "units_of_gates": np.repeat(halves * STEP, hidden),
        "bound": np.asarray(BOUND),
        "minus_bound": np.asarray(-BOUND),
        "state_code": np.array(STATE, np.float32),
        f"{CODED}_recurrent": recurrence.recurrent,
        f"{CODED}_scale": scales.recurrent,
        f"{CODED}_output": recurrence.output,
        f"{CODED}_output_scale": scales.output,
        f"{CODED}_output_bias": recurrence.output_bias,
    }
    for name, factors in (("above", ABOVE), ("below", BELOW)):
        numbers |= {f"{name}_{i}": factor for i, factor in enumerate(factors)}
    return numbers


def _moves(moves: TagScores) -> Arrays:
    parts = moves._asdict() | {"emissions": None}
    return {name: np.asarray(array, np.float32) for name, array in parts.items() if array is not None}
