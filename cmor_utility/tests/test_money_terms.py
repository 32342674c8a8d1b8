"""The terms of the money are deadlines like the others, and agree with the form."""

from datetime import date, datetime

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .test_receipts import MoneyCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15 10:30:00")
class TestMoneyTerms(MoneyCommon):
    def _due(self, practice):
        practice._refresh_terms(date(2026, 4, 15))
        return {d.key: d.date_due for d in practice.deadline_ids if d.state == "open"}

    def test_late_excess_and_refund(self):
        practice = self._create_waiting("MT1", state="to_distributor")
        day = datetime(2026, 4, 1)
        practice.sudo()._guarded().write({"exported_on": day, "sent_on": day})
        self._pay(practice.line_ids.move_id[0], 40)
        self.assertEqual(self._due(practice)["late_payment"], practice.late_due)
        self._apply(self._record(practice))
        due = self._due(practice)
        self.assertNotIn("late_payment", due, "the excess answers it")
        self.assertEqual(due["excess_return"], practice.money_due)
        practice._refund_due(date(2026, 4, 14))
        self.assertEqual(self._due(practice)["refund_customer"], practice.money_due)

    def _create_days(self, value, since, company=None, **vals):
        return self.env["cmor.parameter"].create(
            {
                "key": "excess_return_days",
                "name": "Return of the excess",
                "value": value,
                "unit": "days",
                "day_kind": "solar",
                "date_from": since,
                "company_id": company.id if company else False,
                **vals,
            }
        )

    def test_days_in_force_are_kept(self):
        """Dated, the company's own first, and asked of the database once."""
        parameters = self.env["cmor.parameter"]

        def days(day):
            return parameters._days(self.company, "excess_return_days", day)

        before = days(date(2026, 4, 15))
        self._create_days("7", date(2026, 5, 1))
        self.assertEqual(days(date(2026, 4, 30)), before)
        self.assertEqual(days(date(2026, 5, 1)), (7, False))
        own = self._create_days("9", date(2026, 4, 20), self.company)
        self.assertEqual(days(date(2026, 5, 1)), (9, False))
        self._create_days("3", date(2026, 4, 1), self.other_company)
        days(date(2026, 4, 21))
        with self.assertQueryCount(0):
            for _practice in range(3):
                self.assertEqual(days(date(2026, 4, 21)), (9, False))
        own.value = "8"
        self.assertEqual(days(date(2026, 4, 21)), (8, False), "a new value is seen")
        own.sudo().unlink()
        self.assertEqual(days(date(2026, 5, 1)), (7, False))

    def test_term_that_is_no_number_of_days(self):
        for key in ("nonsense", "request_open_months"):
            with self.assertRaisesRegex(UserError, key):
                self.env["cmor.parameter"]._days(self.company, key, date(2026, 4, 15))
