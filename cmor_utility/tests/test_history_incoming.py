from datetime import date

from odoo.tests import freeze_time, tagged

from .common_incoming import TODAY_IN, IncomingCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestIncomingHistory(IncomingCommon):
    """The incoming side has the same timeline, terms, dossier and figures."""

    def _terms(self, practice, today=TODAY_IN):
        practice.sudo()._refresh_terms(today)
        return {d.key: d for d in practice.sudo().deadline_ids}

    def test_terms_of_a_notice(self):
        """The suspension may be asked until the day that the practice shows; not
        asked, the right lapses: nothing was missed."""
        practice = self._incoming()
        terms = self._terms(practice)
        asked = terms["suspension_request"]
        self.assertEqual(asked.date_due, practice.suspend_until)
        self.assertEqual((asked.state, asked.kind), ("open", "may"))
        self.assertEqual(terms["waiting"].date_base, date(2026, 4, 10))
        # the distributor charges by the end of May
        self.assertEqual(terms["first_billing"].date_due, date(2026, 5, 31))
        asked = self._terms(practice, date(2026, 4, 27))["suspension_request"]
        self.assertEqual(asked.state, "dropped")
        self.assertFalse(practice.sudo().activity_ids)

    def test_the_suspension_is_told_before_it_lapses(self):
        """Gone after its day: until then somebody is told, and nobody is late."""
        practice = self._incoming()
        self._terms(practice, date(2026, 4, 16))
        self.assertFalse(practice.attention)
        self._terms(practice, date(2026, 4, 17))
        self.assertEqual((practice.attention, practice.needs_check), ("check", True))
        self.assertIn("04/24/2026", practice.attention_text)
        self.assertFalse(practice.sudo().activity_ids)
        # the network's charge takes nothing away, the customer's money does
        self._charged_by_network(practice)
        terms = self._terms(practice, date(2026, 4, 17))
        self.assertEqual(terms["suspension_request"].state, "open")
        self.assertTrue(practice.can_suspend)
        self._pay(self._on_bill(practice))
        practice.action_settle()
        terms = self._terms(practice, date(2026, 4, 17))
        self.assertEqual(terms["suspension_request"].state, "dropped")
        self.assertFalse(practice.can_suspend)

    def test_network_has_charged(self):
        practice = self._incoming()
        self._charged_by_network(practice)
        terms = self._terms(practice)
        self.assertEqual(terms["first_billing"].state, "met")
        self.assertEqual(terms["first_billing"].done_on, date(2026, 4, 14))
        self.assertTrue(practice.needs_action)

    def test_timeline_and_dossier(self):
        """Gate 33: the incoming practice on one page too, flows and money included."""
        practice = self._incoming()
        self._charged_by_network(practice)
        self._terms(practice)
        kinds = {entry["kind"] for entry in practice.timeline}
        self.assertLessEqual({"event", "amount", "deadline"}, kinds)
        html, _name, _kind = practice._dossier_document()
        self.assertIn("SII000000000001", html.decode())
        _data, name, _kind = practice._dossier_zip()
        self.assertTrue(name.endswith(".zip"))

    def test_customer_not_found_is_work(self):
        practice = self._incoming(pod="IT001E99999999")
        self.assertEqual(practice.state, "unmatched")
        self._terms(practice)
        self.assertTrue(practice.needs_action and practice.needs_check)
        self.assertEqual(practice.action_next()["res_model"], "cmor.match.wizard")

    def test_both_sides_on_the_dashboard(self):
        """Both sides of one company in one tool (A01)."""
        self._incoming()
        self._create_switch_out("BS1")
        self._find()
        data = self.env["cmor.dashboard"].with_user(self.operator).get_data(True)
        self.assertEqual([s["key"] for s in data["sides"]], ["outgoing", "incoming"])
        for side in data["sides"]:
            for number in side["pipeline"]:
                found = self.env["cmor.practice"].with_user(self.operator)
                self.assertEqual(
                    found.search_count(number["action"]["domain"]), number["count"]
                )
