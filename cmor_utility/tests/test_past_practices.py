"""Running practices of the past by workbook: strict, once, codes burnt."""

from datetime import date
from decimal import Decimal

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from odoo.addons.utility_supply.tests.import_common import ImportCommon, xlsx

from ..models.practice_dataset import NAME
from .test_receipts import MoneyCommon

D = Decimal


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15 10:30:00")
class TestPastPractices(MoneyCommon, ImportCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.left = cls._create_switch_out("PP1")

    def _row(self, contract=None, **vals):
        contract = contract or self.left
        return {
            "sii_code": "SII0000000000A1",
            "code": "VECCHIA-1",
            "side": "Uscente",
            "state": "In attesa CSEA",
            "customer_code": contract.partner_id.billing_code,
            "point_code": contract.supply_point_id.code,
            "indemnity": D("250.00"),
            "sent_on": date(2026, 3, 10),
            **vals,
        }

    def _load(self, *rows):
        return self.load_records(**{NAME: list(rows)})[NAME]

    def _practice(self, code="VECCHIA-1"):
        return self.env["cmor.practice"].search([("code", "=", code)])

    def _codes(self, batch):
        return batch.row_ids.mapped("issue_code")

    def test_comes_in_once_with_its_figures(self):
        batch = self._load(self._row())
        self.assertEqual(batch.state, "done", batch.row_ids.mapped("reason"))
        practice = self._practice()
        self.assertEqual(
            (practice.state, practice.side, practice.indemnity),
            ("awaiting_csea", "outgoing", 250),
        )
        self.assertEqual(practice.sii_code, "SII0000000000A1")
        self.assertEqual(practice.contract_id, self.left)
        self.assertEqual(practice.window_open, date(2026, 3, 1))
        # 250 of the 300 open, oldest first
        self.assertEqual(
            practice.line_ids.sorted("date_from").mapped("relevant_amount"),
            [100, 100, 50],
        )
        kinds = practice.event_ids.sorted("id").mapped("kind")
        self.assertEqual(kinds, ["state", "state", "loaded"])
        with self.assertRaisesRegex(UserError, "already received"):
            self._load(self._row())
        other = self._create_switch_out("PP4")
        again = self._load(
            self._row(), self._row(other, code="X2", sii_code="SII0000000000X2")
        )
        self.assertEqual((again.count_unchanged, again.count_created), (1, 1))
        self.assertEqual(len(practice.event_ids), 3)

    def test_paid_by_the_customer_before_it_came_in(self):
        """Its bills were paid after the claim had left: somebody has to know."""
        for move in self.left.bill_ids.filtered("amount_residual"):
            self._pay(move)
        self._load(self._row(state="Ammessa", accepted_on=date(2026, 3, 12)))
        practice = self._practice()
        self.assertEqual((practice.late_state, practice.late_kind), ("open", "full"))
        self.assertEqual(practice.next_action, "answer_late")

    def test_paid_before_the_claim_is_no_late_payment(self):
        bill = self.left.bill_ids.filtered("amount_residual")[:1]
        self.env["account.payment.register"].sudo().with_context(
            active_model="account.move", active_ids=bill.ids
        ).create({"amount": 50, "payment_date": date(2026, 3, 1)})._create_payments()
        self._load(self._row(state="Ammessa", accepted_on=date(2026, 3, 12)))
        practice = self._practice()
        self.assertFalse(practice.late_state)
        self.assertEqual(sum(practice.line_ids.mapped("relevant_amount")), 250)

    def test_code_is_burnt(self):
        self._load(self._row())
        codes = self.env["cmor.practice.code"]._taken(self.company)
        self.assertIn("VECCHIA-1", codes)

    def test_then_csea_pays_it(self):
        self._load(self._row())
        practice = self._practice()
        (result,) = self._apply(self._record(practice, "250"))
        self.assertEqual(result.state, "applied")
        self.assertEqual(sum(self._residuals(practice)), 50)

    def test_paid_in_the_past_makes_no_entry(self):
        row = self._row(
            state="Pagata",
            received=D("250"),
            paid_on=date(2026, 4, 1),
            payment_ref="CRO9",
        )
        self._load(row)
        practice = self._practice()
        self.assertEqual((practice.state, practice.received_amount), ("paid", 250))
        self.assertFalse(practice.receipt_ids.move_id)
        (result,) = self._apply(self._record(practice, "250", ref="CRO9"))
        self.assertEqual(result.state, "applied", "the flow confirms it")
        self.assertEqual(len(practice.receipt_ids), 1)

    def test_a_candidate_becomes_the_practice(self):
        candidate = self._find().filtered(lambda p: p.contract_id == self.left)
        batch = self._load(self._row())
        self.assertEqual(batch.count_updated, 1)
        self.assertEqual(self._practice(), candidate)
        self.assertEqual(candidate.state, "awaiting_csea")

    def test_strict_and_set_aside(self):
        other = self._create_switch_out("PP2")
        third = self._create_switch_out("PP3")
        good = self._row(other, code="B1", sii_code="SII0000000000B1")
        batch = self._load(
            good,
            self._row(code=None),
            self._row(third, code="C 1", sii_code="SII0000000000C1"),
            self._row(third, code="C2", sii_code="XX"),
            self._row(third, code="C3", sii_code=None),
            self._row(third, code="C4", state="Ricevuta"),
            self._row(third, code="C5", customer_code="NESSUNO"),
            self._row(third, code="C6", state="Pagata"),
            self._row(third, code="C7", indemnity=D("-1")),
        )
        self.assertEqual(batch.state, "partial")
        self.assertEqual(batch.count_created, 1)
        self.assertEqual(
            sorted(self._codes(batch)),
            sorted(
                [
                    "cmor_no_code",
                    "cmor_bad_code",
                    "cmor_bad_code",
                    "cmor_no_code",
                    "cmor_bad_state",
                    "unknown_contract",
                    "cmor_needs_payment",
                    "cmor_negative",
                ]
            ),
        )
        for row in batch.row_ids:
            self.assertNotIn("cmor_", row.reason, "a code instead of a sentence")

    def test_never_changes_what_runs(self):
        self._load(self._row())
        batch = self._load(self._row(indemnity=D("260")))
        self.assertEqual(self._codes(batch), ["cmor_changed"])
        self.assertEqual(self._practice().indemnity, 250)
        twin = self._load(self._row(code="NUOVA", sii_code="SII0000000000Z9"))
        self.assertEqual(self._codes(twin), ["cmor_live_twin"])

    def test_incoming(self):
        contract = self._create_contract("PPIN", self._create_customer("CUPPIN"))
        row = self._row(
            contract,
            code=None,
            sii_code="SII0000000000E1",
            side="Entrante",
            state="Addebitata",
        )
        batch = self._load(row)
        self.assertEqual(batch.state, "done", batch.row_ids.mapped("reason"))
        practice = self.env["cmor.practice"].search(
            [("sii_code", "=", "SII0000000000E1")]
        )
        self.assertEqual((practice.side, practice.state), ("incoming", "charged"))
        # no bill of ours is named: the night leaves it as the file told it
        practice._settle(date(2026, 4, 15))
        self.assertEqual((practice.state, practice.transit_balance), ("charged", 0.0))
        # it was on a bill before the program: never charged a second time
        self.assertEqual(practice.to_bill_amount, 0.0)
        self.assertEqual(practice.exposure_kind, "billed")

    def test_terms_run_from_the_days_of_the_file(self):
        row = self._row(
            state="Ammessa",
            sent_on=date(2026, 3, 10),
            accepted_on=date(2026, 3, 12),
        )
        batch = self._load(row)
        self.assertEqual(batch.state, "done", batch.row_ids.mapped("reason"))
        practice = self._practice()
        steps = practice.event_ids.sorted("id")
        self.assertEqual(
            [(e.state_to, e.date.date()) for e in steps],
            [
                ("sent", date(2026, 3, 10)),
                ("accepted", date(2026, 3, 12)),
                (False, date(2026, 4, 15)),
            ],
        )
        self.assertEqual(practice.accepted_on, date(2026, 3, 12))
        practice._refresh_terms(date(2026, 4, 15))
        waiting = practice.deadline_ids.filtered(lambda d: d.key == "waiting")
        # ten working days from 12 March, not from the day of loading
        self.assertEqual(
            (waiting.date_base, waiting.date_due),
            (date(2026, 3, 12), date(2026, 3, 26)),
        )

    def test_days_in_the_wrong_order(self):
        batch = self._load(
            self._row(sent_on=date(2026, 3, 10), accepted_on=date(2026, 3, 9)),
            self._row(
                code="B2", sii_code="SII0000000000B2", state_on=date(2026, 4, 16)
            ),
        )
        self.assertEqual(self._codes(batch), ["cmor_bad_days", "cmor_bad_days"])

    def test_incoming_with_its_bill(self):
        """The bill that carries it is named: it is collected, given back, reported."""
        customer = self._create_customer("CUPPIB")
        contract = self._create_contract("PPIB", customer)
        bill = self._create_bill("PPIB/1", contract, 250.0)
        row = self._row(
            contract,
            code=None,
            sii_code="SII0000000000E2",
            side="Entrante",
            state="Addebitata",
            billing_refs="PPIB/1",
            sent_on=None,
            accepted_on=date(2026, 2, 2),
            state_on=date(2026, 3, 3),
        )
        batch = self._load(row)
        self.assertEqual(batch.state, "done", batch.row_ids.mapped("reason"))
        practice = self.env["cmor.practice"].search(
            [("sii_code", "=", "SII0000000000E2")]
        )
        self.assertEqual(practice.notice_date, date(2026, 2, 2))
        practice._settle(date(2026, 4, 15))
        self.assertRecordValues(
            practice,
            [
                {
                    "state": "uncollected",
                    "network_amount": 250.0,
                    "billed_amount": 250.0,
                    "transit_balance": 0.0,
                    "customer_bill_id": bill.id,
                }
            ],
        )
        self.assertFalse(practice.charge_ids.cmor_entry_id)
        self._pay(bill)
        practice._settle(date(2026, 4, 15))
        self.assertEqual((practice.state, practice.report_needed), ("collected", True))

    def _load_told(self, state, number=1, **vals):
        """An incoming practice whose bill the file does not name."""
        contract = self._create_contract(
            f"PPT{number}", self._create_customer(f"CUPPT{number}")
        )
        code = f"SII00000000TLD{number}"
        batch = self._load(
            self._row(
                contract,
                code=None,
                sii_code=code,
                side="Entrante",
                state=state,
                sent_on=None,
                accepted_on=date(2026, 2, 2),
                **vals,
            )
        )
        self.assertEqual(batch.state, "done", batch.row_ids.mapped("reason"))
        practice = self.env["cmor.practice"].search([("sii_code", "=", code)])
        return practice.with_user(self.operator)

    def _past_wizard(self, practice, **vals):
        action = practice.action_next()
        self.assertEqual(action["res_model"], "cmor.past.wizard")
        model = self.env["cmor.past.wizard"].with_user(self.operator)
        return model.with_context(**action["context"]).create(vals)

    def test_told_without_its_bill_is_asked(self):
        """Billed before the program and the bill not named: nothing of it moves by
        itself, and nothing wrong is reported."""
        for number, state in enumerate(("Riscossa", "Addebitata", "Non riscossa"), 1):
            practice = self._load_told(state, number)
            self.assertEqual(
                (practice.is_only_told, practice.next_action), (True, "say_past"), state
            )
            practice.sudo()._settle(date(2026, 4, 15))
            self.assertFalse(practice.report_needed, "we know no figure of it")
            practice.sudo()._refresh_terms(date(2026, 4, 15))
            self.assertTrue(practice.needs_action)

    def test_told_and_its_bill_is_named(self):
        practice = self._load_told("Riscossa")
        contract = practice.sudo().contract_id
        bill = self._create_bill("PPT/1", contract, 250.0)
        self._pay(bill)
        stranger = self._create_bill(
            "PPT/2", self._create_contract("PPTX", self._create_customer("CUPPTX"))
        )
        with self.assertRaises(UserError):
            self._past_wizard(
                practice, outcome="bill", bill_id=stranger.id
            ).action_apply()
        self._past_wizard(practice, outcome="bill", bill_id=bill.id).action_apply()
        self.assertRecordValues(
            practice,
            [
                {
                    "state": "collected",
                    "is_only_told": False,
                    "customer_bill_id": bill.id,
                    "collected_amount": 250.0,
                    "report_needed": True,
                    "next_action": "report",
                    "transit_balance": 0.0,
                }
            ],
        )
        kinds = practice.sudo().event_ids.mapped("kind")
        self.assertIn("past_bill", kinds)
        with self.assertRaises(UserError):
            practice._name_past_bill(bill)

    def test_told_and_over(self):
        """No bill here carries it: a person says how it ended, and it is closed."""
        for number, (state, outcome, through) in enumerate(
            (
                ("Riscossa", "collected", "collected"),
                ("Addebitata", "collected", "collected"),
                ("Non riscossa", "collected", "collected"),
                ("Addebitata", "lost", "uncollected"),
                ("Non riscossa", "lost", "uncollected"),
            ),
            1,
        ):
            practice = self._load_told(state, number)
            with self.assertRaises(UserError):
                self._past_wizard(practice, outcome=outcome, note=" ").action_apply()
            wizard = self._past_wizard(practice, outcome=outcome, note="da archivio")
            wizard.action_apply()
            self.assertEqual(
                (practice.state, practice.exposure_kind), ("closed", False)
            )
            events = practice.sudo().event_ids.sorted("id")
            self.assertIn(through, events.mapped("state_to"))
            self.assertEqual(events[-1].kind, "past_ended")
            self.assertIn("da archivio", events[-1].text)
            practice.sudo()._settle(date(2026, 4, 15))
            self.assertEqual(practice.state, "closed")

    def test_told_is_an_operators_matter(self):
        practice = self._load_told("Riscossa")
        for way in (
            lambda p: p._end_past("collected", "x"),
            lambda p: p._name_past_bill(self.left.bill_ids[:1]),
        ):
            with self.assertRaises(AccessError):
                way(practice.with_user(self.bystander))
        with self.assertRaises(UserError):
            practice._end_past("paid", "x")

    def test_paid_in_the_past_is_closed_by_a_button(self):
        self._load(
            self._row(state="Pagata", received=D("250"), paid_on=date(2026, 4, 1))
        )
        practice = self._practice().with_user(self.operator)
        self.assertEqual(practice.next_action, "close_paid")
        practice.action_next()
        self.assertEqual(practice.state, "closed")

    def test_the_template_has_the_sheet(self):
        data, _name = self.env["utility.import.profile"]._shipped()[0]._template_bytes()
        self.assertTrue(data)
        self.assertIn(
            NAME, self.env["utility.import.profile"]._shipped().mapped("dataset")
        )
        self.assertTrue(xlsx({NAME: [self._row()]}))
