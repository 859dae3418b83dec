"""Hours, cost and errors: every line against sums done by hand, and nothing without its figures."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import InputError
from onoma.evaluation import business_sheets
from onoma.evaluation.business import FORMULAE, GIVEN, work_out
from onoma.evaluation.figures import Figure, computed, exactly, filled, in_words, names_in, shown_formula

CARD = {
    "card": 1,
    "model": "tiny",
    "strict": {"micro": {"precision": 0.8, "recall": 0.5, "support": 300}},
    "sentences": 100,
    "tokens": {"count": 2000},
    "speed": {"tokens_per_second": {"single": 1000.0, "batched": 20000.0}},
    "intervals": {
        "level": 0.95,
        "micro": {
            "precision": {"value": 0.8, "low": 0.75, "high": 0.85},
            "recall": {"value": 0.5, "low": 0.4, "high": 0.6},
        },
    },
    "calibration": {
        "curve": [
            {"threshold": 0.95, "precision": 1.0, "recall": 0.1, "f1": 0.18, "coverage": 0.2},
            {"threshold": 0.9, "precision": 0.96, "recall": 0.24, "f1": 0.38, "coverage": 0.4},
            {"threshold": 0.3, "precision": 0.8, "recall": 0.5, "f1": 0.62, "coverage": 1.0},
        ]
    },
}
ALL = {
    "documents": 1000,
    "sentences_per_document": 2,
    "entities_per_hour": 300,
    "hourly_cost": 30,
    "reviews_per_hour": 750,
    "reviewer_accuracy": 0.98,
    "machine_hourly_cost": 1.8,
    "threshold": 0.85,
}


def values(card=CARD, **given: float) -> dict[str, float]:
    return {line.name: line.figure.value for line in work_out(card, given).lines if line.figure}


def test_every_line_is_what_it_is_by_hand():
    found = values(**ALL)
    by_hand = {
        "sentences": 2000,
        "entities": 6000,
        "tokens": 40000,
        "hours_by_hand": 20,
        "cost_by_hand": 600,
        "found": 3000,
        "suggested": 3750,
        "missed": 3000,
        "made_up": 750,
        "machine_hours": 2 / 3600,
        "machine_cost": 0.001,
        "errors_left": 3750,
        "cost_saved": 599.999,
        "review_hours": 5,
        "review_cost": 150,
        "errors_left_after_review": 3000 + 75,
        "hours_saved_by_review": 15,
        "cost_saved_by_review": 450,
        "review_saves_net": 449.999,
        "taken_unseen": 1500,
        "looked_at": 2250,
        "part_review_hours": 3,
        "part_review_cost": 90,
        "errors_left_after_part_review": 3000 + 60 + 45,
        "hours_saved_by_part_review": 17,
        "cost_saved_by_part_review": 510,
        "part_review_saves_net": 509.999,
    }
    assert found == pytest.approx(by_hand)
    assert [formula.name for section in FORMULAE.values() for formula in section] == list(by_hand)


def test_intervals_are_carried_through():
    lines = {line.name: line.figure for line in work_out(CARD, ALL).lines}
    assert lines["entities"].sure
    assert lines["missed"] == pytest.approx((3000, 2400, 3600))
    assert lines["made_up"][1:] == pytest.approx((6000 * 0.4 * (1 / 0.85 - 1), 6000 * 0.6 * (1 / 0.75 - 1)))
    assert lines["review_cost"].low < 150 < lines["review_cost"].high
    assert all(line.low <= line.value <= line.high for line in lines.values())


def test_nothing_is_assumed():
    business = work_out(CARD, {"documents": 10, "sentences_per_document": 1})
    missing = {line.name: line.missing for line in business.lines}
    assert missing["cost_by_hand"] == ["entities_per_hour", "hourly_cost"]
    assert missing["cost_saved_by_review"] == ["entities_per_hour", "hourly_cost", "reviews_per_hour"]
    assert missing["taken_unseen"] == ["threshold"]
    assert missing["missed"] == []
    bare = {name: part for name, part in CARD.items() if name not in ("speed", "calibration", "intervals")}
    lines = {line.name: line for line in work_out(bare, ALL).lines}
    assert lines["machine_hours"].missing == ["tokens_per_second"]
    assert set(lines["taken_unseen"].missing) == {"recall_above", "precision_above"}
    assert lines["missed"].figure.sure
    assert all(bool(line.missing) == (line.figure is None) for line in lines.values())


@pytest.mark.parametrize(("threshold", "accepted"), [(0.9, 1500), (0.95, 600), (0.5, 1500), (0.1, 3750)])
def test_the_threshold_is_the_next_on_the_card(threshold, accepted):
    assert values(**(ALL | {"threshold": threshold}))["taken_unseen"] == pytest.approx(accepted)


def test_a_threshold_above_the_curve_is_said_not_to_be_on_it():
    lines = {line.name: line for line in work_out(CARD, ALL | {"threshold": 0.99}).lines}
    assert lines["taken_unseen"].missing == ["recall_above", "precision_above"]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"documents": 0}, "documents is a number above 0"),
        ({"hourly_cost": -1}, "hourly_cost"),
        ({"entities_per_hour": float("nan")}, "entities_per_hour"),
        ({"entities_per_hour": float("inf")}, "entities_per_hour"),
        ({"reviewer_accuracy": 1.2}, "a share from 0 to 1"),
        ({"salary": 3}, "nothing is known of 'salary'"),
    ],
)
def test_figures_that_make_no_sense_are_refused(changed, fault):
    with pytest.raises(InputError, match=fault):
        work_out(CARD, ALL | changed)


@pytest.mark.parametrize("name", ["documents", "sentences_per_document"])
def test_the_volume_must_be_given(name):
    with pytest.raises(InputError, match=f"{name} was not given: how many"):
        work_out(CARD, {key: value for key, value in ALL.items() if key != name})


@pytest.mark.parametrize(
    "card",
    [
        {},
        {"strict": None},
        CARD | {"sentences": 0},
        CARD | {"strict": {"micro": {"precision": 0.0, "recall": 0.0, "support": 3}}},
        CARD | {"strict": {"micro": {"precision": 0.5, "recall": 0.0, "support": 0}}},
    ],
)
def test_cards_that_say_nothing_are_refused(card):
    with pytest.raises(InputError, match="the card"):
        work_out(card, ALL)


def test_a_bound_without_end_is_none_in_json():
    intervals = {"level": 0.95, "micro": {"precision": {"value": 0.8, "low": 0.0, "high": 1.0}}}
    found = work_out(CARD | {"intervals": intervals}, ALL).to_dict()
    made_up = next(line for line in found["lines"] if line["name"] == "made_up")
    assert made_up["figure"]["high"] is None
    json.dumps(found, allow_nan=False)


shares = st.floats(0.01, 1)


@given(a=st.tuples(shares, shares, shares), b=st.tuples(shares, shares, shares))
def test_results_within_the_bounds_of_what_they_come_from_are_within_theirs(a, b):
    p, r = (Figure(sorted(x)[1], min(x), max(x)) for x in (a, b))
    figures = {"entities": exactly(100), "precision": p, "recall": r}
    for formula in (
        "entities * recall * (1 / precision - 1)",
        "entities * (1 + recall * (1 / precision - 2))",
    ):
        whole = computed(formula, figures)
        for precision in p:
            for recall in r:
                one = computed(
                    formula, figures | {"precision": exactly(precision), "recall": exactly(recall)}
                )
                assert whole.low - 1e-9 <= one.value <= whole.high + 1e-9


def test_formulae_are_shown_as_computed():
    for formula in [each for section in FORMULAE.values() for each in section]:
        names = names_in(formula.formula)
        figures = {name: exactly(3) for name in names}
        shown = filled(formula.formula, figures)
        plain = shown.replace("×", "*").replace("÷", "/").replace("−", "-").replace(",", "")
        assert eval(plain) == pytest.approx(computed(formula.formula, figures).value)
        assert "_" not in shown_formula(formula.formula)
    with pytest.raises(ValueError, match="arithmetic"):
        computed("f(a)", {"a": exactly(1)})


def test_numbers_in_words():
    assert [in_words(x) for x in (0, 12, 1234.56, 0.5, float("inf"))] == ["0", "12", "1,235", "0.5", "∞"]


def test_tables_name_what_was_not_given():
    business = work_out(CARD, {name: value for name, value in ALL.items() if name != "reviews_per_hour"})
    text = business_sheets.markdown(business, "a|b", "EUR")
    assert text.startswith("# What a|b costs and saves")
    assert "| cost by hand | 600 EUR |  | hours by hand × hourly cost | 20 × 30 |" in text
    assert f"--reviews-per-hour was not given ({GIVEN['reviews_per_hour']})" in text
    assert "An entity with the wrong boundary or label is two errors" in text
    html = business_sheets.web_page(work_out(CARD, ALL), "<i>x</i>", "<b>")
    assert "<i>x" not in html
    assert "600 &lt;b&gt;" in html
    assert "Not computed" not in html
