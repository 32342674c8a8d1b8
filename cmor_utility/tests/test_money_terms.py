"""The terms of the money are deadlines like the others, and agree with the form."""

from datetime import date, datetime

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
