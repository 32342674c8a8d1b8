from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, strategies

from odoo.tests import BaseCase, tagged

from ..rules import amount, eligibility, messages, window
from ..rules.terms import Terms

D = Decimal
TODAY = date(2026, 4, 15)
END = date(2025, 8, 31)
PERIOD = (date(2025, 7, 1), date(2025, 7, 31))


def bill_fact(ref="B1", **vals):
    return eligibility.BillFact(
        **{
            "ref": ref,
            "issued": date(2025, 8, 10),
            "date_from": PERIOD[0],
            "date_to": PERIOD[1],
            "reading_kind": "actual",
            "recalculation": "none",
            "is_closing": False,
            "residual": D(100),
            "billing_residual": None,
            "relevant": D(100),
            **vals,
        }
    )


def notice_fact(ref="N1", bills=("B1",), **vals):
    return eligibility.NoticeFact(
        **{
            "ref": ref,
            "formal": True,
            "channel": "ar",
            "warning": True,
            "sent": date(2025, 10, 1),
            "notified": date(2025, 10, 6),
            "pay_term": date(2025, 10, 20),
            "has_proof": True,
            "bills": frozenset(bills),
            **vals,
        }
    )


def facts(bills=None, notices=None, terms=None, **vals):
    terms = terms or Terms()
    bills = bills if bills is not None else (bill_fact(),)
    rows = [
        amount.Bill(b.ref, b.date_from, b.date_to, D(1200), b.residual) for b in bills
    ]
    span = window.request_window(END, terms)
    return eligibility.PracticeFacts(
        **{
            "today": TODAY,
            "service": "electricity",
            "end_reason": "switch_out",
            "voltage_level": "low",
            "gas_use": None,
            "annual_smc": None,
            "window": span,
            "amount": amount.compute_amount(rows, span, terms),
            "bills": tuple(bills),
            "notices": tuple(notices if notices is not None else (notice_fact(),)),
            **vals,
        }
    )


@tagged("post_install", "-at_install")
class TestEligibility(BaseCase):
    def answer(self, code, known=None, terms=None):
        answers = eligibility.evaluate(known or facts(), terms or Terms())
        self.assertEqual([a.code for a in answers], list(eligibility.CODES))
        for answer in answers:
            # every reason has a text, and the text finds its parameters
            params = messages.decode_params(
                messages.encode_params(answer.params), str, str
            )
            self.assertTrue(messages.TEXTS[answer.reason] % params)
        return next(a for a in answers if a.code == code)

    def result(self, code, known=None, terms=None):
        return self.answer(code, known, terms).result

    def test_good_practice_has_only_what_must_be_declared(self):
        answers = eligibility.evaluate(facts(), Terms())
        by_result = {
            result: [a.code for a in answers if a.result == result]
            for result in ("no", "unknown")
        }
        # no closing bill yet; nothing here knows the complaints
        self.assertEqual(by_result, {"no": ["C7"], "unknown": ["C9"]})

    def test_c1_scope(self):
        for vals, expected in (
            ({"voltage_level": "medium"}, "yes"),
            ({"voltage_level": "high"}, "no"),
            ({"voltage_level": None}, "unknown"),
            ({"service": "water"}, "no"),
            ({"service": "gas", "gas_use": "domestic"}, "yes"),
            ({"service": "gas", "gas_use": None}, "unknown"),
            ({"service": "gas", "gas_use": "public_service"}, "unknown"),
            ({"service": "gas", "gas_use": "other"}, "unknown"),
            ({"service": "gas", "gas_use": "other", "annual_smc": D(50000)}, "yes"),
            ({"service": "gas", "gas_use": "other", "annual_smc": D(50001)}, "no"),
            (
                {"service": "gas", "gas_use": "condominium", "annual_smc": D(200000)},
                "yes",
            ),
            (
                {"service": "gas", "gas_use": "condominium", "annual_smc": D(200001)},
                "no",
            ),
        ):
            self.assertEqual(self.result("C1", facts(**vals)), expected, vals)

    def test_c2_credit(self):
        self.assertEqual(self.result("C2"), "yes")
        no_period = bill_fact(date_from=None, date_to=None, relevant=D(0))
        self.assertEqual(self.result("C2", facts([no_period])), "unknown")
        old = bill_fact(
            date_from=date(2024, 1, 1), date_to=date(2024, 1, 31), relevant=D(0)
        )
        self.assertEqual(self.result("C2", facts([old])), "no")

    def test_c3_readings(self):
        guess = bill_fact(reading_kind="estimated")
        closing = bill_fact(
            "B2", is_closing=True, date_to=END, issued=date(2025, 9, 20), relevant=D(0)
        )
        cases = (
            ([bill_fact(reading_kind="self")], "yes"),
            ([guess], "no"),
            ([bill_fact(reading_kind="mixed")], "no"),
            ([bill_fact(reading_kind=None)], "unknown"),
            ([guess, closing], "yes"),
            # the true-up is itself estimated, older, or covers less
            ([guess, replace(closing, reading_kind="estimated")], "no"),
            ([guess, replace(closing, issued=date(2025, 8, 1))], "no"),
            ([guess, replace(closing, date_to=date(2025, 7, 30))], "no"),
            ([guess, replace(closing, is_closing=False)], "no"),
            (
                [guess, replace(closing, is_closing=False, recalculation="true_up")],
                "yes",
            ),
        )
        for bills, expected in cases:
            self.assertEqual(self.result("C3", facts(bills)), expected, bills)

    def test_c4_notice(self):
        good = notice_fact()
        cases = (
            ([good], "yes", "c4_proved"),
            ([replace(good, channel="pec")], "yes", "c4_proved"),
            ([], "no", "c4_missing"),
            ([replace(good, formal=False)], "no", "c4_missing"),
            ([replace(good, channel="email")], "no", "c4_missing"),
            ([replace(good, bills=frozenset({"B9"}))], "no", "c4_missing"),
            ([replace(good, warning=False)], "no", "c4_no_warning"),
            ([replace(good, notified=None)], "unknown", "c4_unproved"),
            ([replace(good, has_proof=False)], "unknown", "c4_unproved"),
            ([replace(good, bills=frozenset())], "unknown", "c4_unproved"),
            # one good notice among bad ones is enough
            ([replace(good, warning=False), good], "yes", "c4_proved"),
        )
        for notices, expected, reason in cases:
            answer = self.answer("C4", facts(notices=notices))
            self.assertEqual((answer.result, answer.reason), (expected, reason))
        lenient = Terms(notice_proof_required=False)
        known = facts(notices=[replace(good, has_proof=False)])
        self.assertEqual(self.result("C4", known, lenient), "yes")

    def test_c4_every_bill_needs_its_notice(self):
        bills = [bill_fact(), bill_fact("B2")]
        self.assertEqual(self.result("C4", facts(bills)), "no")
        both = [notice_fact(), notice_fact("N2", ["B2"])]
        self.assertEqual(self.result("C4", facts(bills, both)), "yes")

    def test_c5_term(self):
        good = notice_fact()
        cases = (
            ([good], "yes"),
            # the last day to pay is still the customer's
            ([replace(good, pay_term=TODAY)], "no"),
            ([replace(good, pay_term=None)], "unknown"),
            ([], "no"),
        )
        for notices, expected in cases:
            self.assertEqual(self.result("C5", facts(notices=notices)), expected)

    def test_c5_the_term_is_that_of_the_notice_of_condition_4(self):
        """An earlier letter that said nothing of the CMOR, or that nobody proves to
        have arrived, is not the one whose term has to pass."""
        running = notice_fact("N2", pay_term=date(2026, 5, 1))
        for earlier in (notice_fact(warning=False), notice_fact(notified=None)):
            known = facts(notices=[earlier, running])
            self.assertEqual(self.result("C4", known), "yes")
            self.assertEqual(self.answer("C5", known).reason, "c5_running")
        # none warns: condition 4 says so, the term has passed all the same
        known = facts(notices=[notice_fact(warning=False)])
        self.assertEqual(self.result("C4", known), "no")
        self.assertEqual(self.result("C5", known), "yes")

    def test_c6_paid_in_part_elsewhere(self):
        """What billing has less open, and money that no bill takes, is a doubt."""
        told = facts([bill_fact(billing_residual=D("99.99"))])
        self.assertEqual(self.answer("C6", told).reason, "c6_billing_less")
        self.assertEqual(self.result("C6", told), "unknown")
        same = facts([bill_fact(billing_residual=D(100))])
        self.assertEqual(self.result("C6", same), "yes")
        credit = self.answer("C6", facts(open_credit=D("0.01")))
        self.assertEqual((credit.result, credit.reason), ("unknown", "c6_open_credit"))
        other = self.answer("C6", facts(open_credit=D("0.02")))
        self.assertNotEqual(credit.key, other.key)

    def test_what_the_customer_says_of_payment_and_prescription(self):
        said = facts(said_paid=("K1 01/03/2026",))
        self.assertEqual(self.answer("C6", said).reason, "c6_said_paid")
        self.assertEqual(self.result("C6", said), "unknown")
        objected = {"objected": ("K1 01/03/2026",)}
        self.assertEqual(self.result("C14", facts(**objected)), "unknown")
        old = facts([bill_fact(date_from=date(2023, 8, 9))], **objected)
        self.assertEqual(self.answer("C14", old).result, "no")

    def test_c9_a_complaint_that_waits_is_a_fact(self):
        self.assertEqual(self.result("C9"), "unknown")
        waiting = facts(complaints=("F1 01/03/2026",))
        self.assertEqual(self.answer("C9", waiting).result, "no")
        answered = self.answer("C9", facts(answered=("F1 01/03/2026",)))
        self.assertEqual(answered.result, "unknown")
        # a declaration made before the complaint does not cover it
        self.assertNotEqual(answered.key, self.answer("C9").key)

    def test_c6_unpaid(self):
        self.assertEqual(self.result("C6"), "yes")
        paid = bill_fact(residual=D(0), relevant=D(0))
        self.assertEqual(self.result("C6", facts([paid])), "no")
        told = bill_fact(billing_residual=D(0))
        self.assertEqual(self.result("C6", facts([told])), "unknown")

    def test_c7_closing_bill(self):
        self.assertEqual(self.result("C7"), "no")
        closing = bill_fact(is_closing=True)
        self.assertEqual(self.result("C7", facts([closing])), "unknown")

    def test_c8_meter_fault(self):
        self.assertEqual(self.result("C8"), "yes")
        blank = facts([bill_fact(recalculation=None)])
        self.assertEqual(self.result("C8", blank), "yes")
        strict = Terms(reconstruction_always_told=False)
        self.assertEqual(self.result("C8", blank, strict), "unknown")
        faulty = bill_fact("B2", recalculation="meter_fault", relevant=D(0))
        answer = self.answer("C8", facts([bill_fact(), faulty]))
        self.assertEqual((answer.result, answer.reason), ("yes", "c8_left_out"))

    def test_c10_minimum_to_the_cent(self):
        for open_, expected in (("9.99", "no"), ("10.00", "yes"), ("10.01", "yes")):
            known = facts([bill_fact(residual=D(open_), relevant=D(open_))])
            self.assertEqual(self.result("C10", known), expected, open_)
        strict = Terms(min_inclusive=False)
        known = facts([bill_fact(residual=D(10), relevant=D(10))])
        self.assertEqual(self.result("C10", known, strict), "no")

    def test_c11_window(self):
        for day, expected in (
            (date(2026, 2, 27), "no"),
            (date(2026, 2, 28), "no"),  # open by one reading only: wait
            (date(2026, 3, 1), "yes"),
            (date(2026, 8, 31), "yes"),
            (date(2026, 9, 1), "unknown"),  # closed by one reading only
            (date(2026, 9, 30), "unknown"),
            (date(2026, 10, 1), "no"),
        ):
            self.assertEqual(self.result("C11", facts(today=day)), expected, day)

    @given(
        terms_of_notices=strategies.lists(
            strategies.none() | strategies.dates(date(2025, 9, 1), date(2026, 9, 30)),
            max_size=3,
        ),
        first=strategies.dates(date(2025, 9, 1), date(2026, 9, 30)),
        later=strategies.integers(0, 250),
        closing=strategies.integers(0, 60),
    )
    def test_a_later_day_of_the_phase_changes_no_answer(
        self, terms_of_notices, first, later, closing
    ):
        """Once the day speaks against nothing, it does so on no day of its phase."""
        terms = replace(Terms(), closing_soon_days=closing)
        notices = [
            notice_fact(f"N{n}", bills=(f"B{n % 2}",), pay_term=day)
            for n, day in enumerate(terms_of_notices)
        ]
        known = facts((bill_fact("B0"), bill_fact("B1")), notices, terms, today=first)
        then = replace(known, today=first + timedelta(days=later))
        phases = [
            eligibility.phase(each.window, each.today, terms) for each in (known, then)
        ]
        answers = eligibility.evaluate(known, terms)
        against = [
            a.code for a in answers if a.code in ("C5", "C11") and a.result == "no"
        ]
        if phases[0] == phases[1] and not against:
            self.assertEqual(answers, eligibility.evaluate(then, terms))

    def test_c12_c13(self):
        self.assertEqual(self.result("C12"), "yes")
        self.assertEqual(self.result("C12", facts(end_reason="transfer")), "no")
        self.assertEqual(self.result("C12", facts(transferred_to="K2")), "no")
        asked = Terms(point_check_by_sii=False)
        self.assertEqual(self.result("C12", facts(), asked), "unknown")
        self.assertEqual(self.result("C13"), "yes")
        self.assertEqual(self.result("C13", facts(live_twin="CMOR/1")), "no")

    def test_c14_prescription(self):
        self.assertEqual(self.result("C14"), "yes")
        old = bill_fact(date_from=date(2023, 8, 9))
        self.assertEqual(self.result("C14", facts([old])), "unknown")
        border = bill_fact(date_from=date(2023, 8, 10))
        self.assertEqual(self.result("C14", facts([border])), "yes")

    def test_key_changes_with_the_facts(self):
        one = self.answer("C9", facts([bill_fact()]))
        same = self.answer("C9", facts([bill_fact()]))
        other = self.answer("C9", facts([bill_fact(), bill_fact("B2")]))
        self.assertEqual(one.key, same.key)
        self.assertNotEqual(one.key, other.key)

    def test_verdict(self):
        self.assertEqual(eligibility.verdict(["yes", "unknown", "no"]), "no")
        self.assertEqual(eligibility.verdict(["yes", "unknown"]), "unknown")
        self.assertEqual(eligibility.verdict(["yes"]), "yes")
