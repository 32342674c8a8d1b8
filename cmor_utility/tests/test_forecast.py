"""Expected against received: the months, and every cent."""

from datetime import date, datetime
from decimal import Decimal

from odoo.tests import BaseCase, freeze_time, tagged

from ..rules import forecast
from ..rules.reckoning import csea_declaration
from .test_receipts import MoneyCommon

D = Decimal
PACE = forecast.Pace()


@tagged("post_install", "-at_install")
class TestForecastRules(BaseCase):
    def test_electricity_by_month(self):
        day = date(2026, 4, 15)
        expected = forecast.expected_on
        self.assertEqual(
            expected("awaiting_csea", "electricity", day, PACE), date(2026, 7, 31)
        )
        self.assertEqual(
            expected("to_distributor", "electricity", day, PACE), date(2026, 8, 31)
        )
        # 2 and 10 working days, then as above: 15 April + 2 + 14 is 1 May
        self.assertEqual(expected("sent", "electricity", day, PACE), date(2026, 9, 30))

    def test_gas_by_periods(self):
        expected = forecast.expected_on
        for day, answer in (
            (date(2026, 3, 1), date(2026, 7, 31)),
            (date(2026, 4, 30), date(2026, 7, 31)),
            (date(2026, 12, 31), date(2027, 3, 31)),
        ):
            self.assertEqual(expected("awaiting_csea", "gas", day, PACE), answer)

    def test_never_before_the_declaration(self):
        """The money is not late before the term of the declaration has ended."""
        for sector in ("electricity", "gas"):
            for month in range(1, 13):
                day = date(2026, month, 15)
                due, _how = csea_declaration(day, 2, sector == "gas")
                found = forecast.expected_on("awaiting_csea", sector, day, PACE)
                self.assertGreater(found, due, (sector, day))

    def test_nothing_expected(self):
        self.assertIsNone(forecast.expected_on("paid", "gas", date(2026, 1, 1), PACE))


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15 10:30:00")
class TestForecast(MoneyCommon):
    def _sums(self, practices):
        self.env.flush_all()
        return {
            kind: D(f"{amount:.2f}")
            for kind, amount in self.env["cmor.forecast"]._read_group(
                [("practice_id", "in", practices.ids)], ["kind"], ["amount:sum"]
            )
        }

    def test_what_was_asked_is_expected_received_or_lost(self):
        practices = self.env["cmor.practice"]
        for number in range(4):
            practices |= self._create_waiting(f"FC{number}", state="to_distributor")
        practices.sudo()._guarded().write({"sent_on": datetime(2026, 3, 1)})
        first, second, third, fourth = practices
        self._apply(self._record(first))
        second.sudo()._move_to("cancelled", "state", {"reason": "N1"})
        third.sudo()._move_to("awaiting_csea")
        self.env["cmor.receipt"]._enter(
            [
                {
                    "practice": fourth,
                    "ref": "X",
                    "amount": D("299.99"),
                    "date": date(2026, 4, 1),
                    "source": "bank",
                }
            ]
        )
        sums = self._sums(practices)
        self.assertEqual(
            sums,
            {
                "requested": D("1200.00"),
                "received": D("599.99"),
                "expected": D("300.00"),
                "lost": D("300.01"),
            },
        )
        self.assertEqual(third.expected_on, date(2026, 7, 31))
        lost = self.env["cmor.forecast"].search(
            [("practice_id", "=", second.id), ("kind", "=", "lost")]
        )
        self.assertEqual((lost.reason, lost.amount), ("N1", 300))

    def test_what_is_claimed_anew_counts_once(self):
        """Given up by mistake: its money is asked by the claim that took its place."""
        old = self._create_waiting("FCA", state="to_distributor")
        new = self._create_waiting("FCB", state="to_distributor")
        practices = old | new
        practices.sudo()._guarded().write({"sent_on": datetime(2026, 3, 1)})
        old.sudo()._move_to("cancelled", "state", {"reason": "N1"})
        self.assertEqual(self._sums(practices)["lost"], 300)
        old.sudo()._guarded().write({"claimed_anew_id": new.id})
        self.assertEqual(
            self._sums(practices),
            {"requested": D("300.00"), "expected": D("300.00")},
        )

    def test_why_lost_is_said_in_words(self):
        """An annulment that we had asked, answered without a word: our reason; a claim
        that nobody sent: its state, as the reader calls it."""
        practice = self._create_waiting("FCW", state="to_distributor")
        reason = self.env["cmor.cancel.reason"].search([("kind", "=", "paid")], limit=1)
        self.env["cmor.practice.request"].sudo()._open(
            practice, "cancel_request", {"reason": reason.code}
        )
        practice.sudo()._move_to("cancelled", "state", {"cause": "-"})
        expired = self._create_waiting("FCX", state="ready")
        expired.sudo()._move_to("expired", "expired", {"date": date(2026, 4, 1)})
        self.env.flush_all()
        rows = self.env["cmor.forecast"].search(
            [("practice_id", "in", (practice | expired).ids), ("kind", "=", "lost")]
        )
        labels = dict(expired._fields["state"]._description_selection(self.env))
        self.assertEqual(
            set(rows.mapped("reason")), {reason.display_name, labels["expired"]}
        )

    def test_months_follow_the_parameter(self):
        practice = self._create_waiting("FC9", state="to_distributor")
        practice.sudo()._move_to("awaiting_csea")
        self.env["cmor.parameter"].create(
            {
                "company_id": self.company.id,
                "key": "csea_ele_months",
                "name": "x",
                "value": "3",
                "unit": "months",
                "date_from": date(2026, 1, 1),
            }
        )
        practice._set_expected(date(2026, 4, 16))
        self.assertEqual(practice.expected_on, date(2026, 8, 31))

    def test_other_companies_see_nothing(self):
        practice = self._create_waiting("FC8")
        self._apply(self._record(practice))
        self.env.flush_all()
        stranger = self._create_other_user("stranger", self.other_company)
        rows = self.env["cmor.forecast"].with_user(stranger).search([])
        self.assertFalse(rows.filtered(lambda row: row.practice_id == practice))
