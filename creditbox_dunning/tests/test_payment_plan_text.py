"""The text of a plan's offer: the company's template, on every channel."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_payment_plan import ASKED, PlanCommon


@tagged("post_install", "-at_install")
class TestPlanText(PlanCommon):
    def sent(self, channel, plan=None):
        """The message of an offer that leaves by ``channel``."""
        plan = plan or self.offered()
        with self.at(ASKED):
            plan.channel = channel
            plan.action_send()
        return plan.sudo().action_id.communication_ids.filtered(
            lambda m: m.channel == channel
        )

    def test_the_standard_text_says_the_schedule(self):
        plan = self.offered(interest_kind="agreed", interest_rate=10)
        text = plan.sudo().document_id.raw.decode()
        for one in plan.instalment_ids:
            self.assertIn(one.due_date.strftime("%d/%m/%Y"), text)
            self.assertIn(one.display_name, text)
        for words in (
            "Oggetto: proposta di piano di rientro",
            "Quota delle bollette",
            "Gli interessi del piano",
            "Per accettazione",
            f"entro {plan.tolerance_days} giorni",
        ):
            self.assertIn(words, text)

    def test_one_day_and_more(self):
        for days, words in ((1, "entro 1 giorno dalla"), (5, "entro 5 giorni dalla")):
            self.company.dunning_plan_tolerance_days = days
            plan = self.offered()
            self.assertEqual(plan.tolerance_days, days)
            self.assertIn(words, plan.sudo().document_id.raw.decode())
            with self.at(ASKED):
                plan.action_cancel()

    def test_a_plan_without_interest_says_nothing_of_it(self):
        text = self.offered().sudo().document_id.raw.decode()
        self.assertNotIn("Interessi", text)
        self.assertNotIn("Gli interessi", text)

    def test_by_email(self):
        message = self.sent("email")
        self.assertEqual(
            (message.state, message.address), ("to_send", "c001@example.com")
        )
        self.assertEqual(
            (message.template_id.op, message.template_id.channel), ("plan", "email")
        )
        self.assertIn("proposta di piano di rientro", message.subject)
        self.assertIn("30,00", message.body)

    def test_by_letter_and_pec(self):
        self.customer.write(
            {"l10n_it_pec_email": "c001@pec.example.com", "pec_source": "customer"}
        )
        plan = self.offered()
        for channel in ("pec", "ar", "pp"):
            message = self.sent(channel, plan)
            self.assertEqual(
                (message.state, message.template_id.op, message.template_id.channel),
                ("to_send", "plan", "letter"),
                channel,
            )
            text = message.attachment_id.raw.decode()
            self.assertIn(plan.instalment_ids[3].display_name, text)
        self.assertFalse(
            plan.sudo().action_id.notice_id, "an offer is no notice of default"
        )

    def test_the_registered_letter_that_arrives_is_no_answer(self):
        message = self.sent("ar")
        plan = message.action_id.plan_ids
        notices = self.env["utility.notice"].search_count([])
        with self.at(ASKED + 3):
            message._move("sent", "spedita", sent_date=self.day(ASKED + 1))
            message._record_leaving(self.day(ASKED + 1))
            message._move("delivered", "ricevuta", notified_date=self.day(ASKED + 3))
            message._record_arrival("delivered", self.day(ASKED + 3), "ricevuta")
        self.assertEqual(plan.state, "offered")
        self.assertEqual(
            (plan.action_id.state, plan.action_id.outcome), ("executing", False)
        )
        self.assertEqual(self.env["utility.notice"].search_count([]), notices)

    def test_the_usual_channel(self):
        self.assertEqual(self.draft().channel, "email")
        self.customer.write(
            {"l10n_it_pec_email": "c001@pec.example.com", "pec_source": "customer"}
        )
        self.assertEqual(self.draft().channel, "pec")
        self.customer.write({"l10n_it_pec_email": False, "email": False})
        self.assertEqual(self.draft().channel, "pp")

    def test_no_address_no_message(self):
        plan = self.offered()
        self.customer.email = False
        with self.at(ASKED), self.assertRaisesRegex(UserError, "choose another"):
            plan.channel = "email"
            plan.action_send()
        self.assertFalse(plan.sudo().action_id.communication_ids)

    def test_the_company_s_own_version_is_the_one_that_leaves(self):
        templates = self.env["dunning.template"]
        standard = templates._for_case(self.case, "plan", "email")
        self.assertEqual(standard.op, "plan", "the shipped text is there")
        own = standard.copy({"company_id": self.company.id})
        own.part_ids[:1].text = "Parole nostre, {{plan_count}} rate"
        own.sudo()._publish()
        message = self.sent("email")
        self.assertEqual(message.template_id, own)
        self.assertIn("Parole nostre, 4 rate", message.body)

    def test_codes_of_the_slips_entered_after_the_offer(self):
        """The letter that leaves has them; the document kept with the offer stays."""
        plan = self.offered()
        plan.instalment_ids[0].payment_code = "301000000000000001"
        message = self.sent("pp", plan)
        self.assertIn("3010 0000 0000 0000 01", message.attachment_id.raw.decode())
        self.assertNotIn("3010 0000", plan.sudo().document_id.raw.decode())
