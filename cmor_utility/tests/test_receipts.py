"""CSEA's money: entered once, on the right bills, to the cent; what is too much."""

import base64
from datetime import date
from decimal import Decimal

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from odoo.addons.utility_supply.formats.workbook import rows_workbook

from ..rules import messages
from .common import TODAY, CmorCommon

D = Decimal
PAID_ON = date(2026, 4, 10)


class MoneyCommon(CmorCommon):
    """Practices that wait for CSEA, and flows and bank entries that pay them."""

    @classmethod
    def _create_waiting(cls, code, state="awaiting_csea", **vals):
        """A practice with its three bills of 100, claimed and charged.

        Its life before is not what these tests are about: it is written at once.
        """
        contract = cls._create_switch_out(code, **vals)
        practice = cls._find().filtered(lambda p: p.contract_id == contract)
        number = f"{practice.id:012d}"
        practice.line_ids.sudo()._guarded().write({"relevant_amount": 100})
        practice.sudo()._guarded().write(
            {
                "state": state,
                "code": f"P{number}",
                "sii_code": f"SII{number}",
                "indemnity": 300,
            }
        )
        return practice

    @classmethod
    def _record(cls, practice, amount="300", day=PAID_ON, ref="CRO1", **values):
        """A received record of SI6.0200, as the frame of the flows leaves it."""
        layout = cls.env["cmor.flow.layout"].sudo().search([], limit=1)
        file = (
            cls.env["cmor.flow.file"]
            .sudo()
            ._guarded()
            .create(
                {
                    "company_id": cls.company.id,
                    "name": f"in-{cls.env['cmor.flow.file'].search_count([])}",
                    "layout_id": layout.id,
                    "state": "generated",
                }
            )
        )
        values = {
            "sii_code": practice.sii_code,
            "paid_amount": D(amount),
            "paid_on": day,
            "payment_ref": ref,
            **values,
        }
        return (
            cls.env["cmor.flow.record"]
            .sudo()
            ._guarded()
            .create(
                {
                    "file_id": file.id,
                    "state": "discarded",
                    "values": messages.encode_params(values),
                }
            )
        )

    def _apply(self, *records):
        records = self.env["cmor.flow.record"].union(*records)
        results = self.env["cmor.flow.handler"]._apply("claim_paid", records)
        return [results[record] for record in records]

    @classmethod
    def _bank(cls, amount, ref="CSEA accredito", day=PAID_ON):
        return (
            cls.env["account.bank.statement.line"]
            .sudo()
            .create(
                {
                    "journal_id": cls.company_data["default_journal_bank"].id,
                    "date": day,
                    "payment_ref": ref,
                    "amount": amount,
                }
            )
        )

    def _wizard(self, user=None, **vals):
        wizard = self.env["cmor.receipt.wizard"].with_user(user or self.operator)
        vals.setdefault("ref", "CRO1")
        vals.setdefault("date", PAID_ON)
        wizard = wizard.create({k: v for k, v in vals.items() if k != "bank"})
        if vals.get("bank"):
            wizard.sudo().statement_line_id = vals["bank"]
        return wizard

    def _csea_open(self):
        items = self.env["account.move.line"].search(
            [
                ("account_id", "=", self.company.cmor_csea_account_id.id),
                ("parent_state", "=", "posted"),
            ]
        )
        return sum(items.mapped("amount_residual"))

    def _residuals(self, practice):
        return practice.line_ids.move_id.sorted("invoice_date").mapped(
            "amount_residual"
        )


@tagged("post_install", "-at_install")
class TestReceipts(MoneyCommon):
    def test_flow_lowers_the_debt_and_the_bank_closes_the_transit(self):
        practice = self._create_waiting("R1")
        (result,) = self._apply(self._record(practice))
        self.assertEqual(result.state, "applied")
        self.assertEqual(practice.state, "paid")
        self.assertEqual(self._residuals(practice), [0, 0, 0])
        self.assertEqual(practice.received_amount, 300)
        self.assertEqual(self._csea_open(), 300)
        line = self._bank(300, f"CSEA {practice.sii_code}")
        wizard = self._wizard(bank=line, ref=line.payment_ref, amount=300)
        wizard.action_match()
        self.assertEqual(wizard.line_ids.practice_id, practice)
        wizard.action_apply()
        self.assertEqual(self._csea_open(), 0)
        self.assertTrue(line.is_reconciled)
        self.assertEqual(len(practice.receipt_ids), 1, "booked twice")
        self.assertTrue(practice.receipt_ids.bank_line_id)

    def test_bank_first_then_the_flow_confirms(self):
        practice = self._create_waiting("R2")
        wizard = self._wizard(bank=self._bank(300), ref="MAG-26", amount=300)
        wizard.action_match()
        self.assertEqual(wizard.line_ids.practice_id, practice, "by its amount")
        wizard.action_apply()
        self.assertEqual(practice.state, "paid")
        (result,) = self._apply(self._record(practice, ref="CRO-OTHER"))
        self.assertEqual(result.state, "applied")
        self.assertEqual(len(practice.receipt_ids), 1, "booked twice")
        (again,) = self._apply(self._record(practice, ref="MAG-26"))
        self.assertEqual(again.state, "repeated")
        self.assertEqual(self._csea_open(), 0)

    def test_same_record_twice_in_one_file(self):
        practice = self._create_waiting("R3")
        first, second = self._record(practice), self._record(practice)
        results = self._apply(first, second)
        self.assertEqual([r.state for r in results], ["applied", "repeated"])
        self.assertEqual(len(practice.receipt_ids), 1)

    def test_payment_without_the_steps_before(self):
        practice = self._create_waiting("R4", state="accepted")
        self._apply(self._record(practice))
        self.assertEqual(practice.state, "paid")
        states = practice.event_ids.sorted("id").mapped("state_to")
        self.assertEqual(states[-3:], ["to_distributor", "awaiting_csea", "paid"])

    def test_contradictions_wait(self):
        rejected = self._create_waiting("R5", state="rejected")
        other = self._create_waiting("R6")
        unknown = self._record(other, sii_code="SII999999999999")
        results = self._apply(
            self._record(rejected), self._record(other, "299.99"), unknown
        )
        self.assertEqual(
            [(r.state, r.problem) for r in results],
            [
                ("waiting", "paid_in_state"),
                ("waiting", "paid_amount_differs"),
                ("waiting", "unknown_practice"),
            ],
        )
        self.assertFalse((rejected | other).receipt_ids)

    def test_excess_is_owed_and_returned_by_payment(self):
        practice = self._create_waiting("R7")
        self._pay(practice.line_ids.move_id.sorted("invoice_date")[0], 60.01)
        self._apply(self._record(practice))
        self.assertEqual(practice.state, "excess_to_return")
        self.assertEqual(practice.excess_amount, 60.01)
        self.assertEqual(practice.money_due, date(2026, 4, 24), "10 working days")
        self.assertEqual(self._residuals(practice), [0, 0, 0])
        with self.assertRaises(UserError):
            practice._return_money("transfer", D("60.02"), TODAY)
        practice._return_money(
            "transfer",
            D("60.01"),
            date(2026, 4, 20),
            journal=self.company_data["default_journal_bank"],
        )
        self.assertEqual(practice.state, "closed")
        self.assertFalse(practice._owed_items())
        self.assertEqual(practice.return_ids.state, "done")

    def test_excess_offset_on_the_next_bill(self):
        practice = self._create_waiting("R8")
        self._pay(practice.line_ids.move_id.sorted("invoice_date")[0], 60)
        self._apply(self._record(practice))
        made = practice._return_money("offset", D("60"), date(2026, 4, 20))
        self.assertEqual(practice.state, "excess_to_return")
        self.assertEqual(practice.next_action, "await_offset")
        charge = made.charge_id
        self.assertEqual((charge.kind, charge.amount), ("refund", -60))
        self.assertEqual(charge.state, "to_export")
        with self.assertRaises(UserError):
            practice._return_money("offset", D("0.01"), TODAY)
        bill = self._create_bill("NEXT", practice.contract_id, 40)
        self.env["utility.charge"]._confirm_from_bill(bill, [charge.ref])
        self.assertEqual(practice.state, "closed")
        self.assertFalse(practice._owed_items())

    def test_excess_on_the_next_bill_in_full_books(self):
        """The bill's rows are on its revenue account: the return comes from there."""
        self.company.utility_book_mode = "full"
        revenue = self.company.utility_bill_journal_id.default_account_id
        practice = self._create_waiting("RF")
        self._pay(practice.line_ids.move_id.sorted("invoice_date")[0], 60)
        self._apply(self._record(practice))
        made = practice._return_money("offset", D("60"), date(2026, 4, 20))
        bill = self._create_bill("NEXT", practice.contract_id, 40)
        self.env["utility.charge"]._confirm_from_bill(bill, [made.charge_id.ref])
        self.assertEqual(practice.state, "closed")
        self.assertFalse(practice._owed_items())
        entry = made.move_id.line_ids
        self.assertEqual(
            {line.account_id: line.balance for line in entry},
            {self.company.cmor_return_account_id: 60, revenue: -60},
        )

    def test_cancelled_charge_lets_choose_again(self):
        practice = self._create_waiting("R9")
        self._pay(practice.line_ids.move_id.sorted("invoice_date")[0], 60)
        self._apply(self._record(practice))
        made = practice._return_money("offset", D("60"), TODAY)
        made.charge_id._set_state("cancelled")
        self.assertEqual(made.state, "cancelled")
        self.assertEqual(practice.next_action, "return_excess")

    def test_reversal_opens_the_debt_again(self):
        practice = self._create_waiting("RA")
        self._apply(self._record(practice))
        practice.receipt_ids.with_user(self.operator).action_reverse()
        self.assertEqual(practice.state, "awaiting_csea")
        self.assertEqual(self._residuals(practice), [100, 100, 100])
        self.assertEqual(self._csea_open(), 0)
        (result,) = self._apply(self._record(practice))
        self.assertEqual((result.state, practice.state), ("applied", "paid"))

    def test_one_transfer_many_practices(self):
        practices = self.env["cmor.practice"].union(
            *(self._create_waiting(f"RB{i}") for i in range(3))
        )
        text = "Codice;Importo\n" + "\n".join(f"{p.sii_code};300,00" for p in practices)
        line = self._bank(950)
        wizard = self._wizard(bank=line, amount=950, remittance=text + "\nSIIX00;50")
        wizard.action_match()
        self.assertEqual(wizard.line_ids.practice_id, practices)
        self.assertEqual(wizard.left_amount, 50)
        wizard.action_apply()
        self.assertEqual(set(practices.mapped("state")), {"paid"})
        self.assertEqual(self._csea_open(), -50, "the money without a practice")

    def test_remittance_loaded_as_a_file(self):
        practice = self._create_waiting("RG")
        rows = [[practice.sii_code, 300], ["SII000000000XYZ", 12.5]]
        files = {
            "rimessa.csv": f"Codice;Importo\n{practice.sii_code};300,00\n".encode(),
            "rimessa.xlsx": rows_workbook([("Foglio", ["Codice", "Importo"], rows)]),
        }
        for name, data in files.items():
            wizard = self._wizard(
                amount=300, file=base64.b64encode(data), filename=name
            )
            wizard.action_match()
            known = wizard.line_ids.filtered("practice_id")
            self.assertEqual((known.practice_id, known.amount), (practice, 300), name)
        self.assertEqual(wizard.line_ids.mapped("amount"), [300, 12.5])
        broken = self._wizard(file=base64.b64encode(b"%PDF-1.4"), filename="a.pdf")
        with self.assertRaises(UserError):
            broken.action_match()

    def test_more_than_claimed_only_when_ticked(self):
        practice = self._create_waiting("RC")
        self._apply(self._record(practice))
        wizard = self._wizard(ref="OTHER", amount=300)
        wizard.line_ids = [Command.create({"practice_id": practice.id, "amount": 300})]
        with self.assertRaises(UserError):
            wizard.action_apply()
        wizard.allow_more = True
        wizard.action_apply()
        self.assertEqual(practice.state, "excess_to_return")
        self.assertEqual(practice.excess_amount, 300)

    def test_queries_do_not_grow(self):
        def cost(practices):
            records = [self._record(practice) for practice in practices]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._apply(*records)
            self.env.flush_all()
            return self.cr.sql_log_count - before

        few = cost([self._create_waiting(f"RD{i}") for i in range(2)])
        many = cost([self._create_waiting(f"RE{i}") for i in range(12)])
        self.assertLess((many - few) / 10, 60, "statements a practice")

    def test_only_operators_and_only_the_program(self):
        practice = self._create_waiting("RF")
        wizard = self._wizard(user=self.bystander, amount=300)
        wizard.line_ids = [Command.create({"practice_id": practice.id, "amount": 300})]
        with self.assertRaises(AccessError):
            wizard.action_apply()
        self._apply(self._record(practice))
        receipt = practice.receipt_ids.with_user(self.manager)
        with self.assertRaises(AccessError):
            receipt.write({"amount": 1})
        with self.assertRaises(AccessError):
            practice.receipt_ids.with_user(self.bystander).action_reverse()


@tagged("post_install", "-at_install")
class TestRefund(MoneyCommon):
    def setUp(self):
        super().setUp()
        self.practice = self._create_waiting("F1")
        self._apply(self._record(self.practice))

    def test_annulled_after_payment(self):
        practice = self.practice
        practice._refund_due(date(2026, 4, 28), {"reason": "N1"})
        self.assertEqual(practice.state, "refund_due")
        self.assertEqual(self._residuals(practice), [100, 100, 100])
        # 1 May is a holiday: the tenth working day is the 13th
        self.assertEqual(practice.money_due, date(2026, 5, 13))
        self.assertEqual(practice._to_return(), 300)
        practice._return_money(
            "transfer",
            D("300"),
            date(2026, 5, 4),
            "CRO77",
            journal=self.company_data["default_journal_bank"],
        )
        self.assertEqual(practice.state, "refund_due", "the SII has to be told")
        self.assertEqual(practice.money_due, date(2026, 5, 6))
        request = practice.request_ids
        self.assertEqual(request.key, "refund_report")
        self.assertEqual((request.amount, request.event_date), (300, date(2026, 5, 4)))
        self.assertEqual(
            messages.typed_params(request.values),
            {
                "refund_amount": D("300.00"),
                "refund_date": date(2026, 5, 4),
                "refund_mode": "1",
                "refund_ref": "CRO77",
            },
        )
        with self.assertRaisesRegex(UserError, "cannot be withdrawn"):
            request.with_user(self.operator).action_withdraw()
        request._set_state("exported")
        request._set_state("sent")
        self.assertEqual(practice.state, "closed")
        self.assertFalse(practice._owed_items())
        # the portal refused the file: nobody was told, the term goes on
        request._set_state("to_export")
        self.assertEqual(practice.state, "refund_due")
        self.assertEqual(practice.money_due, date(2026, 5, 6))
        self.assertEqual(practice.next_action, "report_refund")

    def test_payment_that_accounting_has_made(self):
        practice = self.practice
        practice._refund_due(date(2026, 4, 28))
        payment = self.env["account.payment"].create(
            {
                "payment_type": "outbound",
                "partner_type": "customer",
                "partner_id": practice.partner_id.id,
                "journal_id": self.company_data["default_journal_bank"].id,
                "amount": 300,
                "date": date(2026, 5, 4),
            }
        )
        payment.action_post()
        item = payment.move_id.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        wizard = (
            self.env["cmor.return.wizard"]
            .with_user(self.operator)
            .create({"practice_id": practice.id, "amount": 300, "mode": "other"})
        )
        wizard.sudo().item_id = item
        with self.assertRaises(AccessError):
            wizard.action_apply()
        self.operator.group_ids += self.env.ref("account.group_account_invoice")
        wizard.action_apply()
        self.assertTrue(item.reconciled)
        self.assertFalse(practice._owed_items())
        self.assertEqual(practice.request_ids.key, "refund_report")

    def test_operator_without_accounting_uses_the_next_bill(self):
        self.practice._refund_due(date(2026, 4, 28))
        dialog = Form(
            self.env["cmor.return.wizard"]
            .with_user(self.operator)
            .with_context(default_practice_id=self.practice.id)
        )
        self.assertEqual((dialog.mode, dialog.amount), ("offset", 300))
        dialog.save().action_apply()
        self.assertEqual(self.practice.return_ids.state, "planned")

    def test_closed_before_the_annulment(self):
        self.practice.action_close_paid()
        self.practice._refund_due(date(2026, 4, 28))
        self.assertEqual(self.practice.state, "refund_due")
        self.assertEqual(self._residuals(self.practice), [100, 100, 100])
