"""Court: terms and order of the steps, without a database."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..rules import legal, outcomes, writeoff
from ..rules.legal import Calendar, Step

DAYS = st.dates(date(2019, 1, 1), date(2035, 1, 1))
COUNTS = st.integers(0, 400)
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_every_outcome_of_the_court_is_a_step():
    court = {o.code for o in outcomes.OUTCOMES.values() if o.subject == outcomes.COURT}
    assert court == set(legal.OUTCOMES)


# 2027: 15 August is a Sunday, 29 March is Easter Monday; 10 January is a Sunday
HOLIDAYS = frozenset(
    {date(2027, 3, 28), date(2027, 3, 29), date(2027, 6, 2), date(2027, 8, 15)}
)
AUGUST = Calendar(HOLIDAYS, ((date(2027, 8, 1), date(2027, 8, 31)),))


@pytest.mark.parametrize(
    ("step", "due", "days", "has_pause", "day"),
    [
        # Thursday the 11th
        (
            Step("injunction", date(2027, 1, 10)),
            "notify",
            60,
            False,
            date(2027, 3, 11),
        ),
        # it would be Sunday 15 August
        (
            Step("injunction", date(2027, 6, 16)),
            "notify",
            60,
            False,
            date(2027, 8, 16),
        ),
        # eleven days in July, then from the first of September: the 29th
        (
            Step("injunction", date(2027, 1, 10), date(2027, 7, 20)),
            "oppose",
            40,
            True,
            date(2027, 9, 29),
        ),
        # told in August, it is counted from the first of September: Sunday the tenth
        (
            Step("injunction", date(2027, 1, 10), date(2027, 8, 3)),
            "oppose",
            40,
            True,
            date(2027, 10, 11),
        ),
        # Easter Sunday, then Easter Monday
        (
            Step("injunction", date(2027, 1, 10), date(2027, 2, 16)),
            "oppose",
            40,
            True,
            date(2027, 3, 30),
        ),
        (
            Step(
                "injunction",
                date(2027, 1, 10),
                date(2027, 2, 16),
                final=date(2027, 4, 1),
            ),
            "",
            40,
            True,
            None,
        ),
        (Step("precept", date(2027, 1, 10)), "", None, False, None),
        (
            Step("precept", date(2027, 1, 10), date(2027, 7, 20)),
            "seize",
            90,
            False,
            date(2027, 10, 18),
        ),
        # Saturday the 27th of February: Monday
        (
            Step("seizure", date(2027, 1, 10), date(2027, 1, 13)),
            "sell",
            45,
            False,
            date(2027, 3, 1),
        ),
        # backwards: Saturday the first of May is Friday the 30th of April
        (
            Step("insolvency_claim", date(2027, 1, 10), hearing=date(2027, 5, 31)),
            "file",
            30,
            False,
            date(2027, 4, 30),
        ),
        (
            Step("hearing", date(2027, 1, 10), hearing=date(2027, 5, 30)),
            "appear",
            None,
            False,
            date(2027, 5, 30),
        ),
    ],
)
def test_deadlines(step, due, days, has_pause, day):
    assert legal.due_of(step) == due
    assert legal.deadline(step, days, has_pause, AUGUST) == day


def test_unknown_number_concludes_nothing():
    assert legal.deadline(Step("injunction", date(2027, 1, 10)), None) is None


@PATIENT
@given(DAYS, COUNTS)
def test_a_term_leaves_out_the_pause_and_ends_on_an_open_day(start, days):
    pauses = tuple((date(y, 8, 1), date(y, 8, 31)) for y in range(2018, 2040))
    holidays = frozenset(date(y, 12, 25) for y in range(2018, 2040))
    calendar = Calendar(holidays, pauses)
    end = legal.counted_on(start, days, calendar)
    counted = [start + timedelta(days=n + 1) for n in range((end - start).days)]
    assert end.month != 8
    assert end.weekday() < 5
    assert (end.month, end.day) != (12, 25)
    free = sum(day.month != 8 for day in counted)
    assert days <= free <= days + 5, "moved by a week end and a holiday at most"


@PATIENT
@given(DAYS, COUNTS)
def test_backwards_the_days_stay_free(end, days):
    start = legal.counted_back(end, days, Calendar(HOLIDAYS))
    assert (end - start).days >= days
    assert start.weekday() < 5
    assert start not in HOLIDAYS


@PATIENT
@given(DAYS, st.integers(0, 30))
def test_seizure_only_after_the_time_to_pay(notified, gap):
    before = [Step("precept", notified, notified)]
    step = Step("seizure", notified + timedelta(days=gap))
    last = legal.pay_until(notified, 10)
    assert last.weekday() != 6
    assert last - notified in (timedelta(10), timedelta(11))
    expected = "too_early" if step.day <= last else ""
    assert legal.problem(step, before, 10) == expected


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


def test_the_same_act_is_not_recorded_twice():
    day, later = date(2027, 1, 10), date(2027, 1, 12)
    first = Step("injunction", day, number="12/2027")
    assert (
        legal.problem(Step("injunction", later, number="12/2027"), [first]) == "known"
    )
    assert legal.problem(Step("injunction", later, number="13/2027"), [first]) == ""
    bare = Step("injunction", day)
    assert legal.problem(Step("injunction", day), [bare]) == "known"
    assert legal.problem(Step("injunction", later), [bare]) == ""
    hearing = Step("hearing", day, hearing=later)
    assert legal.problem(Step("hearing", day, hearing=day), [hearing]) == ""
    assert legal.problem(hearing, [hearing]) == "known"


def test_which_step_an_outcome_speaks_of():
    day, later = date(2027, 1, 10), date(2027, 1, 12)
    bare, numbered = Step("injunction", day), Step("injunction", day, number="1")
    told = Step("injunction", later)
    assert legal.find_same(told, []) is None
    assert legal.find_same(told, [bare]) == 0, "the open one, told with another day"
    hearing = Step("hearing", day, hearing=later)
    assert legal.find_same(told, [numbered, hearing]) == 0
    assert legal.find_same(told, [bare, Step("precept", later)]) is None
    assert legal.find_same(Step("injunction", day), [bare, Step("precept", later)]) == 0
    one = Step("injunction", later, number="1")
    assert legal.find_same(one, [bare]) == 0, "its number becomes known"
    assert legal.find_same(one, [numbered, Step("precept", later)]) == 0
    two = Step("injunction", later, number="2")
    assert legal.find_same(two, [numbered]) is None


def test_what_is_not_answered_yet():
    day = date(2027, 1, 10)
    end = date(2027, 3, 1)
    decree = Step("injunction", day, day)

    def left(*steps):
        ends = [end if legal.due_of(step) else None for step in steps]
        return legal.unanswered(steps, ends)

    assert left(decree) == [0]
    assert left(decree, Step("precept", day)) == [0], "not notified: hides nothing"
    assert left(decree, Step("precept", day, day)) == [1]
    assert left(decree, Step("precept", day, day), Step("seizure", day)) == [1]
    assert left(decree, Step("recovered", day)) == []
    assert left(decree, Step("insolvency_claim", day)) == []
    again = Step("injunction", end + timedelta(days=1), end + timedelta(days=1))
    assert left(decree, Step("injunction", end, end)) == [0, 1], "both go on"
    assert left(decree, again) == [1], "the first was over"
    hearing = Step("hearing", day, hearing=end)
    assert left(hearing, decree) == [0, 1]
    assert left(hearing, Step("recovered", end)) == []


@PATIENT
@given(st.lists(st.sampled_from(sorted(legal.RANKS)), max_size=6), DAYS)
def test_an_end_answers_everything(kinds, day):
    steps = [Step(kind, day, day) for kind in kinds]
    steps.append(Step("uncollectable", day))
    ends = [day for _step in steps]
    assert set(legal.unanswered(steps, ends)) <= {
        n for n, step in enumerate(steps) if step.kind in legal.ENDS
    }


PROCEDURE = writeoff.Proof(1, "procedure", date(2026, 12, 1), True)
AGENCY = writeoff.Proof(2, "agency", date(2026, 12, 1), True)


@pytest.mark.parametrize(
    ("kind", "proofs", "reasons"),
    [
        ("small", (), ("in_court",)),
        ("small", (PROCEDURE,), ("in_court",)),
        ("useless", (AGENCY,), ("in_court",)),
        ("useless", (), ("no_document", "in_court")),
        # an insolvency shows it, while the claim in it is still open
        ("useless", (AGENCY, PROCEDURE), ()),
        ("prescribed", (), ()),
    ],
)
def test_what_is_before_the_court_is_no_certain_loss(kind, proofs, reasons):
    credit = writeoff.Credit(
        key=(1, 1),
        amount=Decimal(100),
        due=date(2026, 1, 10),
        has_clock=True,
        expires=date(2027, 1, 10),
        is_useless=True,
        is_in_court=True,
        proofs=proofs,
    )
    limits = writeoff.Limits(
        Decimal(2500), 6, prescribed=True, proofs=frozenset(("procedure", "agency"))
    )
    assert writeoff.exclusions(credit, kind, limits, date(2027, 2, 1)) == reasons


DECREE = Step("injunction", date(2027, 1, 10), date(2027, 1, 20), key=1)
FINAL = Step("injunction", DECREE.day, DECREE.notified, final=date(2027, 4, 1), key=1)


def opposition(result="", opposed=1, day=date(2027, 2, 10), hearing=None, decided=None):
    return Step(
        "opposition",
        day,
        hearing=hearing,
        key=5,
        opposed=opposed,
        result=result,
        decided=decided,
    )


@pytest.mark.parametrize(
    ("step", "before", "code"),
    [
        (opposition(), [DECREE], ""),
        (opposition(opposed=2), [DECREE], "needs_injunction"),
        (opposition(day=date(2027, 1, 19)), [DECREE], "needs_injunction"),
        (opposition(), [FINAL], "final"),
        (opposition("rejected"), [FINAL], ""),
        (FINAL, [opposition()], "opposed"),
        (FINAL, [opposition("accepted")], "opposed"),
        (FINAL, [opposition("rejected")], ""),
        (FINAL, [opposition(opposed=2)], ""),
        (Step("precept", date(2027, 3, 1)), [DECREE, opposition()], ""),
        (
            Step("precept", date(2027, 3, 1)),
            [DECREE, opposition("accepted")],
            "needs_injunction",
        ),
        # what was decided, from that day on
        (FINAL, [opposition("rejected", decided=date(2027, 4, 1))], ""),
        (FINAL, [opposition("rejected", decided=date(2027, 4, 2))], "opposed"),
        (opposition("rejected", decided=date(2027, 4, 2)), [FINAL], "final"),
        (
            Step("precept", date(2027, 3, 1)),
            [DECREE, opposition("accepted", decided=date(2027, 3, 2))],
            "",
        ),
        (
            Step("precept", date(2027, 3, 1)),
            [DECREE, opposition("accepted", decided=date(2027, 3, 1))],
            "needs_injunction",
        ),
    ],
)
def test_opposition_fits(step, before, code):
    assert legal.problem(step, before) == code


def test_a_precept_of_before_the_revocation_stays():
    before = [DECREE, opposition("accepted")]
    assert legal.problem(Step("precept", date(2027, 3, 1)), before, is_new=False) == ""


def test_opposition_ends_the_days_to_oppose():
    opposed = replace(DECREE, is_opposed=True)
    assert legal.due_of(DECREE) == "oppose"
    assert legal.due_of(opposed) == ""
    assert legal.deadline(opposed, 40, True, AUGUST) is None
    heard = opposition(hearing=date(2027, 6, 1))
    assert legal.due_of(heard) == "appear"
    assert legal.due_of(opposition("rejected", hearing=date(2027, 6, 1))) == ""
    ends = [None, date(2027, 6, 1)]
    assert legal.unanswered([opposed, heard], ends) == [1]
    not_told = replace(opposed, notified=None)
    assert legal.due_of(not_told) == "notify"
