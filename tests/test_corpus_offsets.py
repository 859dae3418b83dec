"""In what unit offsets are counted is found out from the surfaces that spans claim."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from onoma.corpus.annotated import Span
from onoma.corpus.offsets import in_code_points

TEXTS = st.text(st.sampled_from("ab é👍🇯ש\r\n"), min_size=1, max_size=20)
UNITS = {
    "code points": lambda text: len(text),
    "UTF-16 code units": lambda text: len(text.encode("utf-16-le")) // 2,
    "UTF-8 bytes": lambda text: len(text.encode()),
    "characters with line ends as one": lambda text: len(text.replace("\r\n", "\n")),
}


@given(text=TEXTS, data=st.data(), unit=st.sampled_from(sorted(UNITS)))
def test_every_claim_is_true_in_the_end(text, data, unit):
    size = UNITS[unit]
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    claim = text[start:end]
    (span,) = in_code_points(text, [Span(size(text[:start]), size(text[:end]), "x", text=claim)])
    assert span.text is None
    assert text[span.start : span.end].split() == claim.split()


def test_moved_spans_say_so_and_others_do_not():
    spans = [Span(0, 3, "per", text="Ada"), Span(7, 10, "per", text="Bob")]
    first, second = in_code_points("Ada 👍 Bob", spans)
    assert (first[:2], first.mended) == ((0, 3), None)
    assert (second[:2], second.mended) == ((6, 9), "offsets in UTF-16 code units")


def test_code_points_are_taken_where_nothing_is_claimed_or_nothing_fits():
    spans = [Span(2, 5, "per"), Span(1, 2, "per", text="nowhere"), Span("a", None, "per", text="x")]
    assert in_code_points("👍 Ada", spans) == spans
