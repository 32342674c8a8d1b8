"""A promise that an agency took is a promise of ours: once, with its sum and day."""

from datetime import date
from decimal import Decimal

from odoo.tests import BaseCase, freeze_time, tagged

from ..rules import agency, promises
from .test_agency import AgencyCommon

D = Decimal


@tagged("post_install", "-at_install")
class TestAgencyPromiseRules(BaseCase):
    def test_take_over(self):
        due, today = date(2027, 3, 10), date(2027, 3, 12)

        def told(amount, owed, today=today, grace=2):
            return promises.take_over(due, amount, D(owed), today, grace)

        self.assertEqual(told(D(40), 100), ("", D(40)))
        self.assertEqual(told(D(0), 100), ("", D(100)))
        self.assertEqual(told(D(140), 100), ("", D(100)))
        self.assertEqual(told(D(40), 0), ("paid", D(0)))
        self.assertEqual(told(D(40), 100, grace=1), ("past", D(0)))

    def test_another_day_promised_is_no_repetition(self):
        day, due = date(2027, 3, 10), date(2027, 3, 20)
        told = agency.Answer("promise", day, D(5), due)
        one = agency.after(agency.Assignment("sent", D(9), day), told)
        self.assertEqual(agency.judge(one, told, day), agency.UNCHANGED)
        again = agency.Answer("promise", day, D(5), date(2027, 3, 25))
        self.assertEqual(agency.judge(one, again, day), "work_over")


@tagged("post_install", "-at_install")
class TestAgencyPromise(AgencyCommon):
    def sent(self):
        self.to_agency()
        self.send(self.today)
        return self.today

    @property
    def promises(self):
        return self.env["dunning.hold"].search(
            [
                ("promise_date", "!=", False),
                ("customer_id", "=", self.contract.partner_id.id),
            ]
        )

    def promise(self, number, due, amount="", day=None):
        return self.tell_agency(
            number, ("Promessa", day or number, amount, self.day(due))
        )

    def test_becomes_ours_once(self):
        day = self.sent()
        one = self.assignment
        self.promise(day + 2, day + 9, "600,00", day + 1)
        hold = self.promises
        self.assertRecordValues(
            hold,
            [
                {
                    "case_id": self.case.id,
                    "amount": 600,
                    "promise_date": self.day(day + 9),
                    "received_on": self.day(day + 1),
                    "stops": "all",
                }
            ],
        )
        result = one.result_ids
        self.assertEqual((result.promise_state, result.hold_id), ("made", hold))
        self.assertIn("Recuperi A", hold.note)
        # told again, in another file and twice in one
        again = ("Promessa", day + 1, "600,00", self.day(day + 9))
        batch = self.tell_agency(day + 3, again, again, ("Contatto", day + 3))
        self.assertEqual(batch.sudo().count_unchanged, 2)
        self.assertEqual(self.promises, hold)
        # judged by the payments of the books
        with freeze_time(self.day(day + 5)):
            self.pay(self.bill, 600)
        with freeze_time(self.day(day + 10)):
            hold._judge_promises(self.company, self.day(day + 10))
        self.assertEqual(hold.promise_outcome, "kept")

    def test_ours_was_there_already(self):
        """Another row about the same case, however it came: no second promise."""
        day = self.sent()
        self.promise(day + 2, day + 9, "600,00")
        mine = self.promises
        other = (
            self.assignment.result_ids.sudo()
            ._guarded()
            .copy(
                {
                    "promise_state": False,
                    "hold_id": False,
                    "promised": self.day(day + 15),
                }
            )
        )
        with freeze_time(self.day(day + 3)):
            other._take_promises()
        self.assertEqual(self.promises, mine)
        self.assertEqual((other.promise_state, other.hold_id), ("known", mine))

    def test_what_cannot_become_one_is_kept_and_said(self):
        """Late, too many: the row is kept as it was told and says why."""
        day = self.sent()
        self.promise(day + 20, day + 3, "600,00", day + 1)
        result = self.assignment.result_ids
        self.assertEqual(result.promise_state, "past")
        self.assertFalse(self.promises)
        again = result
        again.sudo()._guarded().write(
            {"promise_state": False, "promised": self.day(day + 25)}
        )
        self.company.dunning_promise_max = 1
        self.env["dunning.hold"].sudo()._guarded().create(
            {
                "company_id": self.company.id,
                "scope": "case",
                "case_id": self.case.id,
                "customer_id": self.case.partner_id.id,
                "reason_id": self.env.ref(
                    "creditbox_dunning.dunning_hold_reason_promise"
                ).id,
                "stops": "all",
                "clock": "run",
                "end_rule": "date",
                "date_from": self.day(1),
                "date_to": self.day(2),
                "resume_date": self.day(3),
                "promise_date": self.day(2),
                "promise_outcome": "broken",
                "amount": 5,
            }
        )
        with freeze_time(self.day(day + 20)):
            again._take_promises()
        self.assertEqual(again.promise_state, "too_many")
        self.assertEqual(len(self.promises), 1)

    def test_without_sum_it_is_what_is_owed(self):
        day = self.sent()
        with freeze_time(self.day(day + 1)):
            self.pay(self.bill, 400)
        self.promise(day + 2, day + 8)
        self.assertEqual(self.promises.amount, 1000)
