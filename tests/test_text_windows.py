"""Windows are sentences or parts of one; what is found is merged with nothing lost, doubled or cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import InputError
from onoma.text.windows import Span, Window, merge_spans, plan_windows


@st.composite
def plans(draw: st.DrawFn) -> tuple[int, list[int], int, int]:
    length = draw(st.integers(0, 120))
    starts = sorted({0, *draw(st.lists(st.integers(0, max(length - 1, 0)), max_size=40))}) if length else []
    size = draw(st.integers(1, 40))
    return length, starts, size, draw(st.integers(0, size - 1))


def test_no_tokens_no_windows() -> None:
    assert plan_windows(0, [], 8, 2) == []
    assert merge_spans([], []) == []


def test_a_sentence_that_fits_is_one_window() -> None:
    assert plan_windows(8, [0], 8, 2) == [Window(0, 8, 0, 8)]


def test_each_sentence_is_one_window() -> None:
    assert plan_windows(8, [0, 5], 8, 2) == [Window(0, 5, 0, 5), Window(5, 8, 5, 8)]


def test_a_sentence_that_does_not_fit_is_read_in_parts() -> None:
    assert plan_windows(20, [0], 10, 4) == [Window(0, 10, 0, 8), Window(6, 16, 8, 14), Window(12, 20, 14, 20)]


@pytest.mark.parametrize(
    ("length", "size", "overlap"), [(9, 0, 0), (9, -1, 0), (9, 4, 4), (9, 4, -1), (-1, 4, 0)]
)
def test_impossible_windows_are_refused(length: int, size: int, overlap: int) -> None:
    with pytest.raises(InputError, match="give"):
        plan_windows(length, [0], size, overlap)


def test_a_list_of_spans_is_needed_for_each_window() -> None:
    with pytest.raises(InputError, match="1 windows and 0 lists"):
        merge_spans([Window(0, 1, 0, 1)], [])


@given(plans())
def test_windows_tile_and_overlap(plan: tuple[int, list[int], int, int]) -> None:
    length, starts, size, overlap = plan
    windows = plan_windows(length, starts, size, overlap)
    edges = [0, *(window.core_end for window in windows)] if windows else [0]
    assert edges[-1] == length
    for window, (core_start, core_end) in zip(windows, pairwise(edges), strict=True):
        assert (window.core_start, window.core_end) == (core_start, core_end)
        assert window.start <= core_start < core_end <= window.end <= window.start + size
    for left, right in pairwise(windows):
        if right.start not in starts:  # parts of one sentence
            assert left.end - right.start == overlap
            assert right.core_start == (right.start + left.end) // 2
            assert left.end - left.start == size
        else:
            assert left.end == left.core_end == right.core_start == right.start


@given(plans())
def test_sentences_that_fit_are_windows_and_the_others_begin_and_end_one(
    plan: tuple[int, list[int], int, int],
) -> None:
    length, starts, size, _ = plan
    windows = plan_windows(*plan)
    for start, end in pairwise([*starts, length]):
        if end - start <= size:
            assert Window(start, end, start, end) in windows
        inside = [window for window in windows if start <= window.start < end]
        assert (inside[0].start, inside[-1].end) == (start, end)


def test_the_time_of_planning_is_that_of_its_windows() -> None:
    assert len(plan_windows(1_000_000, range(1_000_000), 10, 9)) == 1_000_000
    assert len(plan_windows(1_000_000, [0], 100, 50)) == 19_999


def fragments(entities: Sequence[Span], window: Window) -> Iterator[Span]:
    """What a tagger that decides token by token finds in ``window``: the parts of entities that lie in it."""
    for first, end, label, score in entities:
        part = max(first, window.start), min(end, window.end)
        if part[0] < part[1]:
            yield (*part, label, score)


@st.composite
def annotated(draw: st.DrawFn) -> tuple[tuple[int, list[int], int, int], list[Span]]:
    plan = draw(plans())
    length, _, _, overlap = plan
    entities: list[Span] = []
    at = 0
    for gap, width, label in draw(
        st.lists(st.tuples(st.integers(0, 6), st.integers(1, max(overlap, 1)), st.sampled_from("ab")))
    ):
        first, end = at + gap, at + gap + width
        crosses = any(first < start < end for start in plan[1])
        if end <= length and overlap and not crosses:
            entities.append((first, end, label, draw(st.sampled_from([0.25, 0.5, 1.0]))))
            at = end
    return plan, entities


@given(annotated(), st.booleans())
def test_nothing_in_a_sentence_is_lost_doubled_or_cut(
    drawn: tuple[tuple[int, list[int], int, int], list[Span]], whole_only: bool
) -> None:
    plan, entities = drawn
    windows = plan_windows(*plan)
    found = [list(fragments(entities, window)) for window in windows]
    if whole_only:  # a tagger that knows entities as a whole, and sees nothing in a part of one
        found = [[span for span in spans if span in entities] for spans in found]
    assert merge_spans(windows, found) == entities


@given(plans(), st.data())
def test_merging_whatever_windows_say(plan: tuple[int, list[int], int, int], data: st.DataObject) -> None:
    windows = plan_windows(*plan)
    found: list[list[Span]] = []
    for window in windows:
        tokens = st.integers(window.start, window.end - 1)
        drawn = data.draw(st.lists(st.tuples(tokens, st.integers(1, 5), st.sampled_from("ab"))))
        found.append([(i, min(i + n, window.end), label, n / 8) for i, n, label in drawn])
    merged = merge_spans(windows, found)
    assert all(left[1] <= right[0] for left, right in pairwise(merged))
    assert {*merged} <= {span for spans in found for span in spans}
    assert merged == merge_spans(windows, [list(reversed(spans)) for spans in found])


@pytest.mark.parametrize(
    ("left", "right", "kept"),
    [
        pytest.param((7, 10, "a", 0.9), (7, 12, "a", 0.5), (7, 12, "a", 0.5), id="whole before cut"),
        pytest.param((7, 9, "a", 0.5), (8, 9, "a", 0.9), (8, 9, "a", 0.9), id="higher score"),
        pytest.param((7, 9, "a", 0.5), (8, 9, "a", 0.5), (7, 9, "a", 0.5), id="earlier"),
        pytest.param((7, 10, "a", 0.9), (7, 16, "a", 0.5), (7, 16, "a", 0.5), id="longer of two cut"),
    ],
)
def test_windows_that_disagree(left: Span, right: Span, kept: Span) -> None:
    windows = [Window(0, 10, 0, 8), Window(6, 16, 8, 20), Window(16, 20, 20, 20)]
    assert merge_spans(windows, [[left], [right], []]) == [kept]
