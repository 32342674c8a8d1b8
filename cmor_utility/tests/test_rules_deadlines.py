from datetime import date, timedelta

import holidays
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.utility_supply.rules import workdays

from ..rules import deadlines as rules
from ..rules.deadlines import DeadlineFacts, NoticeFact, RequestFact, Step
from ..rules.reckoning import (
    Calendar,
    Term,
    TermRow,
    TermTable,
    csea_declaration,
    reckon,
)
from ..rules.terms import Terms
from ..rules.window import request_window

HOLIDAYS = frozenset(holidays.country_holidays("IT", years=range(2024, 2062)))
CALENDAR = Calendar(HOLIDAYS, workdays.add_working_days, workdays.next_working_day)
START = date(2018, 1, 1)
SHIPPED = {
    "sii_check_days": Term(2, is_working=True),
    "waiting_days": Term(10, is_working=True),
    "suspension_request_days": Term(10, is_working=True),
    "suspension_check_days": Term(2, is_working=True),
    "first_billing_months": Term(1, "months"),
    "annul_days": Term(10, is_working=True),
    "refund_customer_days": Term(10, is_working=True),
    "refund_report_days": Term(2, is_working=True),
    "excess_return_days": Term(10, is_working=True),
    "late_payment_days": Term(10, is_working=True),
    "csea_ele_months": Term(2, "months"),
    "csea_gas_months": Term(2, "months"),
    "complaint_reply_days": Term(30),
    "mora_term_ar_days": Term(15),
    "mora_term_pec_days": Term(10),
    "mora_term_issue_days": Term(20),
    "retention_years": Term(10, "years"),
}
TABLE = TermTable([TermRow(key, START, term) for key, term in SHIPPED.items()])
DAYS = st.dates(date(2025, 1, 1), date(2060, 12, 31))
LAST_DAY = date(2025, 8, 31)
# the first draw of all loads hypothesis itself
PATIENT = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


def facts(state, *steps, side="outgoing", sector="electricity", **more):
    """Facts of a practice that went through ``steps``: (day, target) pairs."""
    source, path = "", []
    for day, target in steps:
        path.append(Step(day, source, target))
        source = target
    return DeadlineFacts(side, sector, state, steps=tuple(path), **more)


def outgoing(state, *steps, **more):
    return facts(
        state,
        *steps,
        last_day=LAST_DAY,
        window=request_window(LAST_DAY, Terms()),
        **more,
    )


def by_key(found, today, table=TABLE):
    return {item.key: item for item in rules.deadlines(found, table, today, CALENDAR)}


@tagged("post_install", "-at_install")
class TestReckon(BaseCase):
    """Gate 34: how days are counted, over a holiday week too."""

    def test_working_days_over_christmas(self):
        """From 23 December 2026: Christmas and St Stephen's, the week-ends, New Year
        and Epiphany do not count."""
        due, how, params = reckon(
            date(2026, 12, 23), Term(10, is_working=True), CALENDAR
        )
        self.assertEqual(due, date(2027, 1, 11))
        self.assertEqual(how, "working_holidays")
        # 26 December 2026 is a Saturday: it would not count anyway
        self.assertEqual(params["skipped"], ["25/12/2026", "01/01/2027", "06/01/2027"])

    def test_solar_days_beside_it(self):
        due, how, _params = reckon(date(2026, 12, 23), Term(10), CALENDAR)
        self.assertEqual((due, how), (date(2027, 1, 2), "solar"))

    def test_easter_monday(self):
        due, _how, params = reckon(date(2026, 4, 3), Term(1, is_working=True), CALENDAR)
        self.assertEqual(due, date(2026, 4, 7))
        self.assertEqual(params["skipped"], ["06/04/2026"])

    def test_no_days_at_all_end_on_a_working_day(self):
        due, _how, _params = reckon(
            date(2026, 12, 25), Term(0, is_working=True), CALENDAR
        )
        self.assertEqual(due, date(2026, 12, 28))

    @PATIENT
    @given(DAYS, st.integers(0, 60))
    def test_working_terms_never_end_on_a_holiday(self, base, count):
        due, _how, _params = reckon(base, Term(count, is_working=True), CALENDAR)
        self.assertGreaterEqual(due, base)
        self.assertLess(due.weekday(), 5)
        self.assertNotIn(due, HOLIDAYS)

    @PATIENT
    @given(
        DAYS,
        st.integers(0, 400),
        st.integers(0, 60),
        st.sampled_from(["days", "months", "years"]),
        st.booleans(),
    )
    def test_monotone_in_the_base(self, base, shift, count, unit, is_working):
        term = Term(min(count, 10) if unit == "years" else count, unit, is_working)
        later = min(base + timedelta(days=shift), date(2060, 12, 31))
        first = reckon(base, term, CALENDAR)[0]
        second = reckon(max(base, later), term, CALENDAR)[0]
        self.assertLessEqual(base, first)
        self.assertLessEqual(first, second)


@tagged("post_install", "-at_install")
class TestTermTable(BaseCase):
    def test_dated_and_own(self):
        table = TermTable(
            [
                TermRow("k", date(2026, 6, 1), Term(5)),
                TermRow("k", START, Term(2)),
                TermRow("k", date(2026, 3, 1), Term(9), is_own=True),
            ]
        )
        self.assertEqual(table.at("k", date(2026, 2, 28)).count, 2)
        self.assertEqual(table.at("k", date(2026, 3, 1)).count, 9)
        # a company's own value wins from its day on
        self.assertEqual(table.at("k", date(2026, 6, 1)).count, 9)
        self.assertIsNone(table.at("other", date(2026, 6, 1)))
        self.assertIsNone(table.at("k", date(2017, 1, 1)))

    def test_the_term_of_the_day_of_the_event(self):
        """A new value does not move the terms that run already."""
        table = TermTable(
            [
                TermRow("sii_check_days", START, Term(2, is_working=True)),
                TermRow("sii_check_days", date(2026, 5, 1), Term(5, is_working=True)),
            ]
        )
        before = outgoing("sent", (date(2026, 4, 29), "sent"))
        after = outgoing("sent", (date(2026, 5, 4), "sent"))
        today = date(2026, 5, 4)
        # 1 May is a holiday, 2 and 3 a week-end
        self.assertEqual(
            by_key(before, today, table)["sii_check"].due, date(2026, 5, 4)
        )
        self.assertEqual(
            by_key(after, today, table)["sii_check"].due, date(2026, 5, 11)
        )


@tagged("post_install", "-at_install")
class TestOutgoing(BaseCase):
    def test_worked_dates_of_a_month_end(self):
        """D = 31 August 2025: +6 months clips to 28 February, closes 31 August."""
        found = by_key(outgoing("candidate"), date(2026, 4, 15))
        opening, closing = found["request_open"], found["request_close"]
        self.assertEqual(opening.params["one"], date(2026, 2, 28))
        self.assertEqual(opening.due, date(2026, 3, 1))
        self.assertEqual(opening.state, rules.MET)
        self.assertEqual(closing.due, date(2026, 8, 31))
        self.assertEqual(closing.params["other"], date(2026, 9, 30))
        self.assertEqual((closing.state, closing.actor), (rules.OPEN, rules.US))

    def test_worked_dates_of_a_first_of_the_month(self):
        """New supply from 1 March 2025: opens 1 September, closes by the two readings
        on 28 February or 31 March 2026; the earlier counts."""
        found = by_key(
            facts(
                "candidate",
                last_day=date(2025, 2, 28),
                window=request_window(date(2025, 2, 28), Terms()),
            ),
            date(2025, 8, 30),
        )
        self.assertEqual(found["request_open"].due, date(2025, 9, 1))
        self.assertEqual(found["request_open"].state, rules.OPEN)
        self.assertEqual(found["request_close"].due, date(2026, 2, 28))
        self.assertEqual(found["request_close"].params["other"], date(2026, 3, 31))

    def test_both_readings_agree(self):
        """In the middle of a month the closing is the same: nothing to choose."""
        day = date(2025, 8, 15)
        found = by_key(
            facts("ready", last_day=day, window=request_window(day, Terms())),
            date(2026, 4, 1),
        )
        self.assertEqual(found["request_close"].how, "window_same")
        self.assertEqual(found["request_close"].due, date(2026, 8, 31))
        self.assertEqual(found["request_open"].how, "window_open")

    def test_closing_day_before_and_after(self):
        for today, state in (
            (date(2026, 8, 30), rules.OPEN),
            (date(2026, 8, 31), rules.OPEN),
            (date(2026, 9, 1), rules.MISSED),
        ):
            found = by_key(outgoing("ready"), today)
            self.assertEqual(found["request_close"].state, state, today)

    def test_closing_is_met_by_sending(self):
        found = by_key(outgoing("sent", (date(2026, 4, 20), "sent")), date(2026, 4, 21))
        self.assertEqual(found["request_close"].state, rules.MET)
        self.assertEqual(found["request_close"].done, date(2026, 4, 20))

    def test_refused_has_to_leave_again(self):
        found = by_key(
            outgoing(
                "rejected", (date(2026, 4, 20), "sent"), (date(2026, 4, 22), "rejected")
            ),
            date(2026, 4, 23),
        )
        self.assertEqual(found["request_close"].state, rules.OPEN)
        self.assertEqual(found["sii_check"].state, rules.MET)

    def test_expired(self):
        day = date(2026, 10, 1)
        missed = outgoing("expired", (date(2026, 4, 1), "ready"), (day, "expired"))
        hopeless = outgoing("expired", (date(2026, 4, 1), "blocked"), (day, "expired"))
        given_up = outgoing("closed_lost", (date(2026, 4, 1), "closed_lost"))
        for found, state in (
            (missed, rules.MISSED),
            (hopeless, rules.DROPPED),
            (given_up, rules.DROPPED),
        ):
            self.assertEqual(by_key(found, day)["request_close"].state, state)

    def test_two_days_of_the_sii(self):
        sent = outgoing("sent", (date(2026, 12, 23), "sent"))
        found = by_key(sent, date(2026, 12, 28))["sii_check"]
        self.assertEqual((found.due, found.state), (date(2026, 12, 28), rules.OPEN))
        self.assertEqual(found.actor, rules.SII)
        found = by_key(sent, date(2026, 12, 29))["sii_check"]
        self.assertEqual(found.state, rules.MISSED)

    def test_waiting_stands_still_when_suspended(self):
        steps = ((date(2026, 4, 20), "sent"), (date(2026, 4, 22), "accepted"))
        found = by_key(outgoing("accepted", *steps), date(2026, 4, 23))["waiting"]
        # 25 April is a Saturday, 1 May a Friday
        self.assertEqual(found.due, date(2026, 5, 7))
        steps += ((date(2026, 4, 24), "suspended"),)
        found = by_key(outgoing("suspended", *steps), date(2026, 6, 1))["waiting"]
        self.assertEqual(found.state, rules.DROPPED)
        steps += ((date(2026, 6, 10), "accepted"),)
        found = by_key(outgoing("accepted", *steps), date(2026, 6, 11))["waiting"]
        self.assertEqual((found.base, found.state), (date(2026, 6, 10), rules.OPEN))

    def test_first_billing_and_csea(self):
        steps = (
            (date(2026, 4, 20), "sent"),
            (date(2026, 4, 22), "accepted"),
            (date(2026, 5, 8), "to_distributor"),
        )
        found = by_key(outgoing("to_distributor", *steps), date(2026, 5, 9))
        self.assertEqual(found["waiting"].state, rules.MET)
        self.assertEqual(found["first_billing"].due, date(2026, 6, 30))
        steps += ((date(2026, 6, 12), "awaiting_csea"),)
        found = by_key(outgoing("awaiting_csea", *steps), date(2026, 6, 12))
        self.assertEqual(found["first_billing"].state, rules.MET)
        # June is declared in August
        self.assertEqual(found["csea"].due, date(2026, 8, 31))
        gas = outgoing("awaiting_csea", *steps, sector="gas")
        # May and June are declared by the end of July and August
        self.assertEqual(by_key(gas, date(2026, 6, 12))["csea"].due, date(2026, 8, 31))

    def test_csea_periods(self):
        """Seen: what was billed in February 2025 was declared in April 2025."""
        declared = csea_declaration(date(2025, 2, 28), 2, False)
        self.assertEqual(declared, (date(2025, 4, 30), "csea_ele"))
        for day, due in (
            (date(2026, 1, 31), date(2026, 4, 30)),
            (date(2026, 2, 1), date(2026, 4, 30)),
            (date(2026, 11, 5), date(2027, 2, 28)),
        ):
            self.assertEqual(csea_declaration(day, 2, True)[0], due)

    def test_money_that_goes_back(self):
        paid = ((date(2026, 9, 1), "paid"), (date(2026, 9, 1), "excess_to_return"))
        found = by_key(outgoing("excess_to_return", *paid), date(2026, 9, 2))
        self.assertEqual(found["excess_return"].due, date(2026, 9, 15))
        refund = ((date(2026, 9, 1), "paid"), (date(2026, 12, 23), "refund_due"))
        more = outgoing(
            "refund_due", *refund, bases={"refund_report": date(2026, 12, 30)}
        )
        found = by_key(more, date(2026, 12, 31))
        self.assertEqual(found["refund_customer"].due, date(2027, 1, 11))
        self.assertEqual(found["refund_report"].due, date(2027, 1, 4))
        told = more._replace(
            requests=(RequestFact("refund_report", "sent", sent=date(2027, 1, 2)),)
        )
        found = by_key(told, date(2027, 1, 20))
        self.assertEqual(found["refund_report"].state, rules.MET)
        self.assertEqual(found["refund_report_check"].state, rules.MISSED)

    def test_a_term_reckoned_already_wins(self):
        found = by_key(
            outgoing(
                "refund_due",
                (date(2026, 9, 3), "refund_due"),
                known={"refund_customer": date(2026, 9, 14)},
            ),
            date(2026, 9, 4),
        )["refund_customer"]
        self.assertEqual((found.due, found.how), (date(2026, 9, 14), "known"))

    def test_annulment_and_complaint(self):
        asked = outgoing(
            "cancel_requested",
            (date(2026, 5, 4), "cancel_requested"),
            requests=(RequestFact("cancel_request", "sent", sent=date(2026, 5, 4)),),
            bases={"complaint_reply": date(2026, 5, 4)},
        )
        found = by_key(asked, date(2026, 5, 5))
        self.assertEqual(found["annul"].due, date(2026, 5, 18))
        self.assertEqual(found["annul"].actor, rules.SII)
        # thirty solar days, on a Wednesday
        self.assertEqual(found["complaint_reply"].due, date(2026, 6, 3))
        answered = asked._replace(done={"complaint_reply": date(2026, 5, 20)})
        found = by_key(answered, date(2027, 1, 1))["complaint_reply"]
        self.assertEqual((found.state, found.done), (rules.MET, date(2026, 5, 20)))

    def test_an_answer_that_has_not_left_is_none(self):
        """A late payment is answered by what leaves, not by what was decided."""
        steps = ((date(2026, 3, 2), "sent"), (date(2026, 3, 4), "accepted"))
        for state, end in (("to_export", rules.MISSED), ("sent", rules.MET)):
            found = by_key(
                outgoing(
                    "accepted",
                    *steps,
                    bases={"late_payment": date(2026, 3, 10)},
                    done={"late_payment": date(2026, 3, 11)},
                    requests=(RequestFact("cancel_request", state),),
                ),
                date(2026, 6, 1),
            )["late_payment"]
            self.assertEqual(found.state, end, state)

    def test_notice_terms(self):
        """15 solar days from the sending, 10 from a PEC's delivery, 20 else; a longer
        term written in the notice wins."""
        sent, notified = date(2026, 1, 7), date(2026, 1, 9)
        for channel, pay_term, due in (
            ("ar", None, date(2026, 1, 22)),
            ("ar", date(2026, 1, 15), date(2026, 1, 22)),
            ("ar", date(2026, 1, 31), date(2026, 1, 31)),
            ("pec", None, date(2026, 1, 19)),
            ("other", None, date(2026, 1, 27)),
        ):
            notice = NoticeFact(channel, sent, notified, pay_term, "N-1")
            found = by_key(outgoing("candidate", notices=(notice,)), date(2026, 1, 10))
            self.assertEqual(found["mora_term"].due, due, (channel, pay_term))

    def test_proofs_are_kept(self):
        closed = outgoing("closed", (date(2026, 2, 28), "closed"))
        found = by_key(closed, date(2026, 3, 1))["retention"]
        self.assertEqual((found.due, found.state), (date(2036, 2, 28), rules.OPEN))


@tagged("post_install", "-at_install")
class TestIncoming(BaseCase):
    def test_suspension_within_the_wait(self):
        steps = ((date(2026, 12, 22), "received"), (date(2026, 12, 22), "matched"))
        found = by_key(facts("matched", *steps, side="incoming"), date(2026, 12, 28))
        # 23, 24, 28-31 December, 4, 5, 7, 8 January
        self.assertEqual(found["suspension_request"].due, date(2027, 1, 8))
        self.assertEqual(found["waiting"].due, date(2027, 1, 8))
        self.assertEqual(found["first_billing"].due, date(2027, 2, 28))
        self.assertNotIn("request_close", found)

    def test_a_right_lapses_it_is_not_missed(self):
        steps = ((date(2026, 4, 1), "received"), (date(2026, 4, 1), "matched"))
        found = by_key(facts("matched", *steps, side="incoming"), date(2026, 6, 1))
        self.assertEqual(found["suspension_request"].state, rules.DROPPED)
        self.assertEqual(found["first_billing"].state, rules.MISSED)

    def test_a_suspension_that_was_decided_has_to_leave(self):
        """Opened and forgotten is missed, not a right that nobody wanted."""
        steps = ((date(2026, 4, 1), "received"), (date(2026, 4, 1), "matched"))
        for state, kind, end in (
            ("to_export", rules.MUST, rules.MISSED),
            ("exported", rules.MUST, rules.MISSED),
            ("withdrawn", rules.MAY, rules.DROPPED),
        ):
            found = by_key(
                facts(
                    "matched",
                    *steps,
                    side="incoming",
                    requests=(RequestFact("suspend_request", state),),
                ),
                date(2026, 6, 1),
            )["suspension_request"]
            self.assertEqual((found.kind, found.state), (kind, end), state)

    def test_the_charge_of_the_network_does_not_end_the_right(self):
        """Its last day does, and the first money of the customer (TISIND 15)."""
        steps = (
            (date(2026, 4, 10), "received"),
            (date(2026, 4, 10), "matched"),
            (date(2026, 4, 14), "to_charge"),
        )
        for state, collected, end in (
            ("to_charge", {}, rules.OPEN),
            ("charged", {}, rules.OPEN),
            ("uncollected", {}, rules.OPEN),
            ("charged", {"collected": date(2026, 4, 15)}, rules.DROPPED),
            ("collected", {}, rules.DROPPED),
            ("cancelled", {}, rules.DROPPED),
        ):
            found = by_key(
                facts(state, *steps, side="incoming", bases=collected),
                date(2026, 4, 15),
            )["suspension_request"]
            self.assertEqual((found.state, found.kind), (end, rules.MAY), state)

    def test_what_an_update_took_off_goes_back(self):
        """Lowered after the bill: the customer's money has the term of an annulment
        (TISIND 10 and 12), in any state that the practice has reached."""
        steps = ((date(2026, 4, 1), "received"), (date(2026, 4, 1), "matched"))
        for state in ("charged", "uncollected", "collected", "carried", "reported"):
            lowered = facts(
                state, *steps, side="incoming", bases={"lowered": date(2026, 4, 14)}
            )
            found = by_key(lowered, date(2026, 4, 29))["refund_customer"]
            self.assertEqual(
                (found.due, found.state, found.base_event),
                (date(2026, 4, 28), rules.MISSED, "updated"),
                state,
            )
            back = lowered._replace(done={"refund_customer": date(2026, 4, 20)})
            found = by_key(back, date(2026, 4, 29))["refund_customer"]
            self.assertEqual(found.state, rules.MET)

    def test_the_day_told_by_the_notice_wins(self):
        found = by_key(
            facts(
                "matched",
                (date(2026, 4, 10), "received"),
                (date(2026, 4, 10), "matched"),
                side="incoming",
                bases={"accepted": date(2026, 4, 8)},
                known={"suspension_request": date(2026, 4, 15)},
            ),
            date(2026, 4, 10),
        )
        self.assertEqual(found["suspension_request"].due, date(2026, 4, 15))
        self.assertEqual(found["waiting"].base, date(2026, 4, 8))

    def test_check_of_the_suspension(self):
        found = by_key(
            facts(
                "suspended",
                (date(2026, 4, 1), "received"),
                (date(2026, 4, 1), "matched"),
                (date(2026, 4, 2), "suspend_requested"),
                (date(2026, 4, 8), "suspended"),
                side="incoming",
                requests=(
                    RequestFact(
                        "suspend_request",
                        "accepted",
                        date(2026, 4, 2),
                        date(2026, 4, 8),
                    ),
                ),
            ),
            date(2026, 4, 9),
        )
        check = found["suspension_check"]
        # Easter: 3 April and 7 April
        self.assertEqual((check.due, check.state), (date(2026, 4, 7), rules.MET))
        self.assertEqual(found["suspension_request"].state, rules.MET)
        self.assertEqual(found["waiting"].state, rules.DROPPED)


STATES = {
    "outgoing": [
        "candidate",
        "ready",
        "sent",
        "accepted",
        "suspended",
        "to_distributor",
        "awaiting_csea",
        "paid",
        "excess_to_return",
        "refund_due",
        "cancelled",
        "closed",
    ],
    "incoming": ["received", "matched", "suspend_requested", "to_charge", "to_refund"],
}


@st.composite
def histories(draw):
    side = draw(st.sampled_from(sorted(STATES)))
    states = draw(st.lists(st.sampled_from(STATES[side]), min_size=1, max_size=8))
    first = draw(DAYS)
    gaps = draw(st.lists(st.integers(0, 90), min_size=8, max_size=8))
    days, day = [], first
    for gap in gaps[: len(states)]:
        day += timedelta(days=gap)
        days.append(day)
    last_day = first - timedelta(days=draw(st.integers(0, 300)))
    found = facts(
        states[-1],
        *zip(days, states, strict=True),
        side=side,
        sector=draw(st.sampled_from(["electricity", "gas"])),
        last_day=last_day,
        window=request_window(last_day, Terms()),
        bases=draw(
            st.fixed_dictionaries(
                {}, optional={"complaint_reply": DAYS, "refund_report": DAYS}
            )
        ),
        requests=tuple(
            RequestFact(key, state, sent=day)
            for key, state in draw(
                st.lists(
                    st.tuples(
                        st.sampled_from(sorted(rules.CHECKS)),
                        st.sampled_from(["sent", "accepted", "to_export"]),
                    ),
                    max_size=3,
                )
            )
        ),
    )
    return found, draw(DAYS)


@tagged("post_install", "-at_install")
class TestAlways(BaseCase):
    @PATIENT
    @given(histories())
    def test_whatever_happened(self, drawn):
        """Never before its base; at most one a key; working terms end on a working
        day; what is open is not past, what is missed is."""
        found, today = drawn
        results = rules.deadlines(found, TABLE, today, CALENDAR)
        self.assertEqual(len({item.key for item in results}), len(results))
        for item in results:
            self.assertGreaterEqual(item.due, item.base)
            self.assertIn(item.key, rules.KEYS)
            if item.how.startswith("working"):
                self.assertLess(item.due.weekday(), 5)
                self.assertNotIn(item.due, HOLIDAYS)
            if item.state == rules.OPEN:
                self.assertGreaterEqual(item.due, today)
                self.assertIsNone(item.done)
            if item.state == rules.MISSED:
                self.assertLess(item.due, today)

    @PATIENT
    @given(histories())
    def test_time_alone_never_reopens(self, drawn):
        """The same facts looked at later: nothing missed or dropped comes back."""
        found, today = drawn
        later = min(today + timedelta(days=30), date(2061, 1, 1))
        before, after = by_key(found, today), by_key(found, later)
        self.assertEqual(set(before), set(after))
        for key, item in before.items():
            self.assertEqual(item.due, after[key].due)
            if item.state != rules.OPEN:
                self.assertEqual(item.state, after[key].state)
