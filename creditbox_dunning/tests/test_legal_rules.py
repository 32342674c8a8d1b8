"""Court: terms and order of the steps, without a database."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..rules import legal, outcomes
from ..rules.legal import Step

DAYS = st.dates(date(2019, 1, 1), date(2035, 1, 1))
COUNTS = st.integers(0, 400)
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_every_outcome_of_the_court_is_a_step():
    court = {o.code for o in outcomes.OUTCOMES.values() if o.subject == outcomes.COURT}
    assert court == set(legal.OUTCOMES)


@pytest.mark.parametrize(
    ("step", "due", "days", "day"),
    [
        (Step("injunction", date(2027, 1, 10)), "notify", 60, date(2027, 3, 11)),
        (
            Step("injunction", date(2027, 1, 10), date(2027, 7, 20)),
            "oppose",
            40,
            date(2027, 9, 29),
        ),
        (Step("precept", date(2027, 1, 10)), "", None, None),
        (
            Step("precept", date(2027, 1, 10), date(2027, 7, 20)),
            "seize",
            90,
            date(2027, 10, 18),
        ),
        (
            Step("seizure", date(2027, 1, 10), date(2027, 1, 12)),
            "sell",
            45,
            date(2027, 2, 26),
        ),
        (
            Step("insolvency_claim", date(2027, 1, 10), hearing=date(2027, 5, 31)),
            "file",
            30,
            date(2027, 5, 1),
        ),
        (
            Step("hearing", date(2027, 1, 10), hearing=date(2027, 5, 31)),
            "appear",
            None,
            date(2027, 5, 31),
        ),
    ],
)
def test_deadlines(step, due, days, day):
    assert legal.due_of(step) == due
    assert legal.deadline(step, days) == day


def test_unknown_number_concludes_nothing():
    assert legal.deadline(Step("injunction", date(2027, 1, 10)), None) is None


@PATIENT
@given(DAYS, COUNTS)
def test_pause_never_shortens_and_counts_each_day_once(start, days):
    end = legal.paused(start, days)
    counted = [start + timedelta(days=n + 1) for n in range((end - start).days)]
    assert sum(day.month != 8 for day in counted) == days
    assert not days or end.month != 8


@PATIENT
@given(DAYS, st.integers(0, 30))
def test_seizure_only_after_the_time_to_pay(notified, gap):
    before = [Step("precept", notified, notified)]
    step = Step("seizure", notified + timedelta(days=gap))
    assert legal.problem(step, before, 10) == ("too_early" if gap <= 10 else "")


def test_order():
    day = date(2027, 1, 10)
    decree = Step("injunction", day)
    assert legal.problem(Step("precept", day), [decree]) == "needs_injunction"
    assert legal.problem(Step("seizure", day), []) == "needs_precept"
    notified = Step("injunction", day, day)
    assert legal.problem(Step("precept", day), [notified]) == ""
    assert legal.problem(Step("insolvency_claim", day), []) == ""
    assert legal.problem(decree, [Step("recovered", day)]) == "over"
    wrong = Step("injunction", day, day - timedelta(days=1))
    assert legal.problem(wrong, []) == "notified_before"
