"""One day is told in the singular, in English and in Italian."""

from datetime import date, timedelta

from odoo.tests import TransactionCase, tagged

from ..models.day_words import day_count
from ..models.reason_texts import TEXTS, pack, unpack
from ..models.valuation_texts import why_words
from ..rules.facts import Reason
from .common import DunningCommon


@tagged("post_install", "-at_install")
class TestDayWords(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("it_IT")
        cls.italian = cls.env(context={"lang": "it_IT"})
        cls.euro = cls.env.ref("base.EUR")

    def told(self, code, env=None, **params):
        return unpack(env or self.italian, pack([Reason.of(code, **params)]), self.euro)

    def test_one_and_more(self):
        for count, kind, english, italian in (
            (1, "", "1 day", "1 giorno"),
            (-1, "", "-1 day", "-1 giorno"),
            (0, "", "0 days", "0 giorni"),
            (2, "", "2 days", "2 giorni"),
            (1, "solar", "1 calendar day", "1 giorno solare"),
            (15, "solar", "15 calendar days", "15 giorni solari"),
            (1, "weekdays", "1 weekday", "1 giorno feriale"),
            (2, "weekdays", "2 weekdays", "2 giorni feriali"),
            (1, "working", "1 working day", "1 giorno lavorativo"),
            (3, "working", "3 working days", "3 giorni lavorativi"),
        ):
            self.assertEqual(day_count(self.env, count, kind), english)
            self.assertEqual(day_count(self.italian, count, kind), italian)

    def test_reasons_of_the_planner(self):
        day = date(2027, 3, 1)
        wait = {"date": day, "day_kind": "working"}
        self.assertIn("1 giorno lavorativo.", self.told("after_due", days=1, **wait))
        self.assertIn("3 giorni lavorativi.", self.told("after_due", days=3, **wait))
        late = self.told("reactivated_late", date=day, days=1)
        self.assertIn("1 giorno di ritardo", late)
        late = self.told("reactivated_late", self.env, date=day, days=2)
        self.assertIn("2 days late", late)

    def test_no_reason_says_days_itself(self):
        """Where a number of days comes in, the word comes with it."""
        for code, text in TEXTS.items():
            for number in ("%(days)s days", "%(number)s days"):
                self.assertNotIn(number, str(text), code)

    def test_reasons_of_the_valuation(self):
        def words(measure, value):
            found = [{"points": 5, "measure": measure, "value": value}]
            return why_words(self.italian, found, self.euro)[0]

        self.assertIn("da 1 giorno", words("oldest_days", 1))
        self.assertIn("da 40 giorni", words("oldest_days", 40))
        self.assertIn("1,5 giorni", words("days_late", 1.5))


@tagged("post_install", "-at_install")
class TestDaysOnToday(DunningCommon):
    def test_age_of_the_payments(self):
        self.env["res.lang"]._activate_lang("it_IT")
        run = self.run_on(7).with_context(lang="it_IT")
        for days, words in ((0, "0 giorni"), (1, "1 giorno "), (2, "2 giorni")):
            run.sudo()._guarded().write(
                {"payments_file_date": run.date - timedelta(days=days)}
            )
            self.assertIn(f", {words}", run.message)
