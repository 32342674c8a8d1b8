"""Steps that carry an offer: their messages are no notices, a receipt is no answer."""

from odoo.tests import tagged

from .test_payment_plan import ASKED, PlanCommon


@tagged("post_install", "-at_install")
class TestOffer(PlanCommon):
    def test_letters_are_files_and_no_notice(self):
        plan = self.offered(channel="ar")
        with self.at(ASKED):
            plan.action_send()
            letter = plan.sudo().action_id.communication_ids
            letter._record_leaving(self.day(ASKED))
        with self.at(ASKED + 3):
            letter._record_arrival("delivered", self.day(ASKED + 3))
        # the receipt of the letter is no answer of the customer
        step = plan.action_id
        self.assertEqual((step.state, step.outcome), ("executing", False))
        self.assertFalse(step.notice_id)

    def test_receipts_of_offers_and_of_notices_together(self):
        """Of the steps of one delivery only the notices have an outcome."""
        plan = self.offered()
        step = plan.action_id
        notice = self.case.action_ids.filtered(lambda a: a.op == "default")[:1]
        notice._guarded().write({"state": "done", "outcome": False})
        with self.at(ASKED):
            (step + notice)._record_outcome("other_failure", self.day(ASKED))
            step._record_outcome("delivered", self.day(ASKED))
        self.assertEqual((step.state, step.outcome), ("executing", False))
        self.assertEqual(notice.outcome, "other_failure")
        self.assertEqual(len(plan.activity_ids), 1, "told once, when it came back")

    def test_every_kind_of_offer_can_be_told(self):
        kinds = self.env["dunning.action"]._offers()
        self.assertEqual([kind.op for kind in kinds], ["writeoff", "plan"])
        for kind in kinds:
            documents = self.env["dunning.action"][kind.documents]
            self.assertTrue(callable(documents._tell_not_delivered), kind)
