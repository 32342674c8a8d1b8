"""A settlement from the request to the entry of the loss, and a list of small credits,
in a browser."""

from odoo.tests import HttpCase, tagged

from .outbox_common import OutboxCommon
from .test_settlement_money import MoneyCommon
from .test_writeoff import WriteoffCommon

REQUESTS = "creditbox_dunning.dunning_approval_request_action"


@tagged("post_install", "-at_install", "tour")
class TestTourSettlement(HttpCase, MoneyCommon, OutboxCommon):
    def test_asked_approved_sent_paid_booked(self):
        with self.at(40):
            cases = self.env.ref("creditbox_dunning.dunning_case_action")
            self.start_tour(
                f"/odoo/action-{cases.id}/{self.case.id}",
                "creditbox_settlement_ask",
                login="operator",
            )
            one = self.case.settlement_ids
            self.assertEqual((one.state, one.agreed), ("waiting", 80))
            requests = self.env.ref(REQUESTS)
            self.start_tour(
                f"/odoo/action-{requests.id}/{one.request_id.id}",
                "creditbox_settlement_approve",
                login="manager",
            )
        self.assertEqual(one.state, "offered")
        message = one.communication_ids
        with self.at(40), self.mail_leaves() as server:
            self.send()
        self.assertEqual((message.state, len(server.received)), ("sent", 1))
        self.assertIn(one.name, message.body)
        self.receive(45, 80)
        with self.at(46):
            self.start_tour(
                "/odoo/settlements", "creditbox_settlement_paid", login="operator"
            )
        self.assertEqual((one.state, one.loss, one.paid_on), ("paid", 20, self.day(45)))
        self.assertEqual(one.move_id.state, "posted")
        self.assertEqual(self.bill.amount_residual, 0)


@tagged("post_install", "-at_install", "tour")
class TestTourWriteoff(HttpCase, WriteoffCommon):
    def test_filled_asked_approved_booked(self):
        self.supply("W1", amount=2500.01)
        with self.at(self.TODAY):
            self.start_tour(
                "/odoo/write-offs", "creditbox_writeoff_propose", login="manager"
            )
            one = self.env["dunning.writeoff"].search(
                [("company_id", "=", self.company.id)]
            )
            self.assertEqual((one.state, one.count_included), ("waiting", 1))
            action = self.env.ref(REQUESTS)
            self.start_tour(
                f"/odoo/action-{action.id}",
                "creditbox_writeoff_approve",
                login="manager2",
            )
        self.assertEqual((one.state, one.amount_booked), ("booked", 100))
        self.assertEqual(one.line_ids.move_id.state, "posted")
        self.assertEqual(self.bill.amount_residual, 0)
