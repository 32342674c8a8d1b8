"""Days to pay printed in the notices."""

from datetime import date

from odoo.tests.common import BaseCase, tagged

from odoo.addons.creditbox_dunning.rules.terms import pay_term

SENT = date(2027, 2, 19)


@tagged("post_install", "-at_install")
class TestTerms(BaseCase):
    """The vectors of the trade: letters sent + 20, PEC delivered + 15, water 40."""

    def test_letter_and_pec(self):
        self.assertEqual(pay_term("electricity", "ar", SENT), date(2027, 3, 11))
        self.assertEqual(pay_term("electricity", "pec", SENT), date(2027, 3, 6))
        self.assertEqual(pay_term("gas", "ar", SENT), date(2027, 3, 11))

    def test_water_counts_from_the_reminder(self):
        self.assertEqual(
            pay_term("water", "ar", SENT, date(2027, 2, 8)), date(2027, 3, 20)
        )
        self.assertEqual(
            pay_term("water", "pec", SENT, date(2027, 2, 1)), date(2027, 3, 13)
        )

    def test_no_term_before_the_rule_or_for_other_channels(self):
        self.assertIsNone(pay_term("gas", "sms", SENT))
        self.assertIsNone(pay_term("gas", "ar", date(2010, 1, 1)))
