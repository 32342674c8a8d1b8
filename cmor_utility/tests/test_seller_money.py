from datetime import date
from decimal import Decimal

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged

from .common import ROLE_VAT
from .common_incoming import IncomingCommon
from .receive_common import ReceiveCommon
from .seller_common import SELLER_VAT, NetworkUserCommon

TODAY = date(2026, 4, 20)


@tagged("post_install", "-at_install")
@freeze_time("2026-04-20 10:30:00")
class TestSellersMoney(NetworkUserCommon):
    """What CSEA pays for a seller is the seller's, until it is paid on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bank = cls.env["account.journal"].search(
            [
                ("company_id", "=", cls.company.id),
                ("type", "=", "bank"),
                ("id", "!=", cls.company.utility_payment_journal_id.id),
            ],
            limit=1,
        )

    def paid(self, *codes):
        """Claims of the seller that CSEA has paid, each of a supply of its own."""
        points = [f"IT001E0000000{9 - number}" for number in range(len(codes))]
        _file, practices = self.ask(
            *(
                self.row(code, COD_POD=point)
                for code, point in zip(codes, points, strict=True)
            )
        )
        self.present(practices)
        self._receive("claim_ack", [self._ack(p) for p in practices])
        rows = [
            {
                "CP_GESTORE": practice.sii_code,
                "SETTORE": "E",
                "COD_POD": point,
                "IMPORTO_PAGATO": "250.00",
                "DATA_PAGAMENTO": "18/04/2026",
                "RIFERIMENTO": "CSEA-1",
            }
            for practice, point in zip(practices, points, strict=True)
        ]
        file = self._receive("claim_paid", rows)
        self.assertEqual(set(file.record_ids.mapped("state")), {"applied"})
        return practices

    def annul(self, practice, paid="1"):
        return self._receive(
            "cancel_notice",
            [
                {
                    "CP_GESTORE": practice.sii_code,
                    "SETTORE": "E",
                    "COD_POD": "IT001E00000009",
                    "COD_CAUSALE": "N3",
                    "DATA_ANNULLAMENTO": "19/04/2026",
                    "INDENNIZZO_EROGATO": paid,
                }
            ],
        )

    def balance(self):
        account = self.company.cmor_seller_account_id
        lines = self.env["account.move.line"].search(
            [("account_id", "=", account.id), ("parent_state", "=", "posted")]
        )
        return sum(lines.mapped("balance")), lines

    def test_owed_to_the_seller_and_paid_on(self):
        practices = self.paid("V-1", "V-2")
        self.assertRecordValues(
            practices,
            [
                {"state": "paid", "seller_due_amount": 250.0, "excess_amount": 0.0},
                {"state": "paid", "seller_due_amount": 250.0, "excess_amount": 0.0},
            ],
        )
        self.assertEqual(practices[0].next_action, "pay_on")
        total, lines = self.balance()
        self.assertEqual((total, lines.partner_id), (-500.0, self.seller))
        self.assertFalse(practices._pay_on(self.bank, TODAY, "CRO 9"))
        self.assertRecordValues(
            practices,
            [
                {"state": "closed", "seller_due_amount": 0.0},
                {"state": "closed", "seller_due_amount": 0.0},
            ],
        )
        payment = practices.sudo().return_ids.payment_id
        self.assertEqual((len(payment), payment.amount), (1, 500.0))
        self.env.flush_all()
        forecast = self.env["cmor.forecast"].search(
            [
                ("practice_id", "in", practices.ids),
                ("kind", "in", ("returned", "paid_on")),
            ]
        )
        # what is paid on to a seller is nothing returned to a customer
        self.assertEqual(forecast.mapped("kind"), ["paid_on", "paid_on"])
        self.assertEqual(forecast.mapped("amount"), [-250.0, -250.0])
        self.assertEqual(payment.partner_id, self.seller)
        total, lines = self.balance()
        self.assertEqual((total, set(lines.mapped("reconciled"))), (0.0, {True}))
        with self.assertRaises(UserError):
            practices._pay_on(self.bank, TODAY)
        with self.assertRaises(UserError):
            practices.sudo().receipt_ids[0].with_user(self.operator).action_reverse()

    def test_who_pays(self):
        practice = self.paid("V-1")
        with self.assertRaises(AccessError):
            practice.with_user(self.bystander)._pay_on(self.bank, TODAY)
        context = practice.action_pay_on()["context"]
        wizards = self.env["cmor.pay.on.wizard"].with_user(self.operator)
        with self.assertRaises(AccessError):
            wizards.with_context(**context).create({}).action_apply()
        self.operator.sudo().group_ids = [
            Command.link(self.env.ref("account.group_account_invoice").id)
        ]
        with Form(wizards.with_context(**context)) as form:
            self.assertEqual((form.amount, form.journal_id), (250.0, self.bank))
        form.record.action_apply()
        self.assertEqual(practice.state, "closed")

    def test_approved_by_another(self):
        rule = self.env.ref("cmor_utility.approval_rule_pay_on").sudo()
        rule.amount_from = 100
        practice = self.paid("V-1")
        self.assertEqual(practice._pay_on(self.bank, TODAY), practice)
        self.assertEqual(practice.state, "paid")
        approval = practice.sudo().approval_ids
        approval.with_user(self.manager).action_approve()
        self.assertEqual((practice.state, approval.state), ("closed", "used"))

    def test_annulled_after_it_was_paid_on(self):
        """The seller returns the money to its customer and reports it through us."""
        practice = self.paid("V-1")
        practice._pay_on(self.bank, TODAY)
        # closed by the payment: a person confirms that it is annulled all the same
        file = self.annul(practice)
        self.assertEqual(file.record_ids.problem, "cancelled_after_closing")
        file.record_ids.action_apply_anyway()
        self.assertEqual(practice.state, "refund_due")
        self.assertEqual(practice.next_action, "await_seller_refund")
        self.assertFalse(practice.request_ids)
        row = {
            "PIVA_UTENTE": SELLER_VAT,
            "CP_UTENTE": "V-1-R",
            "CP_GESTORE": practice.sii_code,
            "IMPORTO_RESTITUITO": "250.00",
            "DATA_RESTITUZIONE": "20/04/2026",
            "MODALITA": "1",
            "RIFERIMENTO": "CRO 5",
        }
        file = self._receive("refund_report", [row])
        self.assertEqual(file.record_ids.state, "applied", file.record_ids.problem)
        request = practice.request_ids
        self.assertEqual(
            (request.key, request.state, request.cc_code),
            ("refund_report", "to_export", "V-1-R"),
        )
        sent = request._export(TODAY)
        raw = sent.record_ids.raw_values
        self.assertEqual(
            (raw["PIVA_UTENTE"], raw["IMPORTO_RESTITUITO"], raw["RIFERIMENTO"]),
            (ROLE_VAT, "250.00", "CRO 5"),
        )
        self.assertNotEqual(raw["CP_UTENTE"], "V-1-R")
        sent.action_mark_sent()
        self.assertEqual(practice.state, "closed")

    def test_annulled_before_it_was_paid_on(self):
        practice = self.paid("V-1")
        self.annul(practice)
        self.assertEqual(
            (practice.state, practice.next_action), ("refund_due", "pay_on")
        )
        practice._pay_on(self.bank, TODAY)
        self.assertEqual(practice.next_action, "await_seller_refund")
        # the term of the customer's refund still runs, for the seller
        practice.sudo()._refresh_terms(TODAY)
        refund = practice.deadline_ids.filtered(lambda d: d.key == "refund_customer")
        self.assertEqual((refund.state, refund.date_due), ("open", practice.money_due))
        self.assertNotIn("refund_report", practice.deadline_ids.mapped("key"))


@tagged("post_install", "-at_install")
@freeze_time("2026-04-20 10:30:00")
class TestSellersRequests(NetworkUserCommon):
    """What a seller asks about a running claim goes on under a code of ours."""

    def cancel(self, practice, code="V-1-A", **more):
        return {
            "PIVA_UTENTE": SELLER_VAT,
            "CP_UTENTE": code,
            "CP_GESTORE_ANN": practice.sii_code,
            "CP_UTENTE_ANN": practice.cc_code or "",
            "SETTORE": "E",
            "COD_POD": "IT001E00000009",
            "COD_CAUSALE": "N2",
            "MOTIVAZIONE": "Pagato",
            "RUOLO": "U",
            "DATA_EVENTO": "19/04/2026",
            "IMPORTO_INCASSATO": "250.00",
            **more,
        }

    def accepted(self):
        _file, practice = self.ask(self.row())
        self.present(practice)
        self._receive("claim_ack", [self._ack(practice)])
        return practice

    def test_annulment_forwarded_and_answered(self):
        practice = self.accepted()
        file = self._receive("cancel_request", [self.cancel(practice)])
        self.assertEqual(file.record_ids.state, "applied", file.record_ids.problem)
        self.assertEqual(practice.state, "cancel_requested")
        request = practice.request_ids
        self.assertEqual((request.cc_code, request.amount), ("V-1-A", 250.0))
        # the same again, and with another amount
        again = self._receive("cancel_request", [self.cancel(practice, NOTE="x")])
        self.assertEqual(again.record_ids.problem, "cc_differs")
        other = self._receive("cancel_request", [self.cancel(practice, "V-1-B")])
        self.assertEqual(other.record_ids.problem, "cc_request_busy")
        sent = request._export(TODAY)
        raw = sent.record_ids.raw_values
        self.assertEqual(
            (raw["PIVA_UTENTE"], raw["CP_UTENTE_ANN"], raw["IMPORTO_INCASSATO"]),
            (ROLE_VAT, practice.code, "250.00"),
        )
        sent.action_mark_sent()
        ack = {"CP_UTENTE": request.code, "COD_POD": "IT001E00000009"}
        ack |= {"CP_GESTORE": "ANN000000000001", "VERIFICA_AMM": "1"}
        file = self._receive("cancel_ack", [ack])
        self.assertEqual(file.record_ids.state, "applied", file.record_ids.problem)
        self.assertEqual(request.state, "admitted")
        role = self.role.with_user(self.operator)
        back = self.files.browse(
            self.files.search(role.action_return_to_sellers()["domain"]).ids
        )
        told = {
            raw["FLUSSO_RISPOSTA"]: raw["CP_UTENTE"]
            for raw in back.record_ids.mapped("raw_values")
        }
        self.assertEqual(told, {"claim_ack": "V-1", "cancel_ack": "V-1-A"})

    def test_what_is_not_the_sellers(self):
        practice = self.accepted()
        foreign = self.cancel(practice, PIVA_UTENTE="12345670017")
        file = self._receive("cancel_request", [foreign])
        self.assertEqual(file.record_ids.problem, "cc_unknown")
        unknown = self.cancel(practice, CP_GESTORE_ANN="SII999999999999")
        unknown["CP_UTENTE_ANN"] = "BOH"
        file = self._receive("cancel_request", [unknown])
        self.assertEqual(file.record_ids.problem, "unknown_practice")
        ours = self._create_sent(1)
        self._receive("claim_ack", [self._ack(ours)])
        file = self._receive("cancel_request", [self.cancel(ours, "V-9")])
        self.assertEqual(file.record_ids.problem, "cc_other_seller")
        report = {
            "PIVA_UTENTE": SELLER_VAT,
            "CP_UTENTE": "V-1-R",
            "CP_GESTORE": practice.sii_code,
            "IMPORTO_RESTITUITO": "250.00",
            "DATA_RESTITUZIONE": "20/04/2026",
            "MODALITA": "1",
        }
        file = self._receive("refund_report", [report])
        self.assertEqual(file.record_ids.problem, "cc_request_state")


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestSellersCustomers(IncomingCommon):
    """Incoming: we, the network user, are charged for a customer of our seller."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = cls.env["res.partner"].create(
            {"name": "Venditore S.r.l.", "vat": f"IT{SELLER_VAT}", "is_company": True}
        )
        cls.env["cmor.counterpart"].create({"partner_id": cls.seller.id, "kind": "cc"})

    def ask(self, key, code, **more):
        values = {"role_vat": SELLER_VAT, "code": code, "sii_code": "SII000000000001"}
        (result,) = self._receive(key, {**values, **more})
        return result

    def test_suspended_charged_and_reported_for_a_seller(self):
        practice = self._incoming(pod="IT001E99999999")
        self.assertEqual(practice.state, "unmatched")
        asked = {"suspend_kind": "1", "cause_code": "S1", "is_collected": "0"}
        result = self.ask("suspend_request", "V-S", **asked)
        self.assertEqual((result.state, result.problem), ("applied", ""))
        self.assertRecordValues(
            practice,
            [{"state": "matched", "partner_id": self.seller.id, "cc_vat": SELLER_VAT}],
        )
        self.assertEqual(self.ask("suspend_request", "V-S", **asked).state, "repeated")
        request = self._sent(practice, "suspend_request")
        self.assertEqual(practice.state, "suspend_requested")
        self._receive("suspend_outcome", {"code": request.code, "outcome": 1})
        self.assertEqual(practice.state, "suspended")
        self.ask("suspend_revoke", "V-E", suspend_kind="2")
        request = self._sent(practice, "suspend_revoke")
        self._receive("suspend_outcome", {"code": request.code, "outcome": 1})
        self.assertEqual(practice.state, "matched")
        self._charged_by_network(practice)
        practice.action_charge_customer()
        self.assertEqual(practice.charge_ids.partner_id, self.seller)
        self.assertFalse(practice.report_needed)
        figures = {"is_billed": "1", "bill_number": "77", "report_state": "1"}
        self.assertEqual(self.ask("report", "V-R", **figures).state, "applied")
        request = self._sent(practice, "report")
        (result,) = self._receive("report_ack", {"code": request.code, "admitted": 1})
        self.assertEqual((result.state, request.state), ("applied", "accepted"))

    def dialog(self, practice, note="Elenco POD del 12/04"):
        """The dialog of the button "It is a seller's", with the first seller chosen."""
        action = practice.action_match_seller()
        wizard = self.env[action["res_model"]].with_user(self.operator)
        form = Form(wizard.with_context(**action["context"]))
        self.assertEqual(form.owner, "seller")
        self.assertEqual(form.seller_ids[:].partner_id, self.seller)
        form.counterpart_id = form.seller_ids[:]
        form.seller_note = note
        return form.save()

    def test_said_by_hand_to_be_a_sellers(self):
        practice = self._incoming(pod="IT001E99999999")
        self.assertTrue(practice.can_be_sellers)
        self.dialog(practice).action_apply()
        self.assertRecordValues(
            practice,
            [
                {
                    "state": "matched",
                    "partner_id": self.seller.id,
                    "cc_partner_id": self.seller.id,
                    "cc_vat": SELLER_VAT,
                    "matched_by_id": self.operator.id,
                    "match_note": "Elenco POD del 12/04",
                    "can_be_sellers": False,
                }
            ],
        )
        event = self.env["cmor.practice.event"].search(
            [("practice_id", "=", practice.id), ("kind", "=", "seller_by_hand")]
        )
        self.assertEqual((event.user_id, event.state_to), (self.operator, "matched"))
        self.assertIn("Elenco POD", event.text)
        self.assertIn("Venditore", event.text)
        # charged to the seller like one that it has told itself
        self._charged_by_network(practice)
        practice.action_charge_customer()
        self.assertEqual(practice.charge_ids.partner_id, self.seller)
        self.assertFalse(practice.report_needed)

    def test_taken_back_when_it_was_the_wrong_seller(self):
        practice = self._incoming(pod="IT001E99999999")
        self.dialog(practice).action_apply()
        practice.action_unmatch()
        self.assertRecordValues(
            practice,
            [
                {
                    "state": "unmatched",
                    "cc_partner_id": False,
                    "matched_by_id": False,
                    "match_note": False,
                }
            ],
        )

    def test_who_may_say_so_and_what_is_refused(self):
        practice = self._incoming(pod="IT001E99999999")
        seller = self.env["cmor.counterpart"].search([("kind", "=", "cc")])
        with self.assertRaises(AccessError):
            practice.with_user(self.bystander)._match_seller_by_hand(seller, "x")
        with self.assertRaisesRegex(UserError, "how you know"):
            practice._match_seller_by_hand(seller, "  ")
        distributor = self.env["cmor.counterpart"].create(
            {"partner_id": self.distributor.id, "kind": "distributor"}
        )
        with self.assertRaisesRegex(UserError, "counterpart of ours"):
            practice._match_seller_by_hand(distributor, "x")
        seller.date_to = date(2026, 1, 1)
        with self.assertRaisesRegex(UserError, "counterpart of ours"):
            practice._match_seller_by_hand(seller, "x")
        seller.date_to = False
        matched = self._incoming("SII000000000002")
        self.assertEqual(matched.state, "matched")
        with self.assertRaisesRegex(UserError, "was not found"):
            matched._match_seller_by_hand(seller, "x")
        self.role.sudo().write({"role": "cc"})
        self.assertFalse(practice.can_be_sellers)
        with self.assertRaisesRegex(UserError, "network user"):
            practice._match_seller_by_hand(seller, "x")

    def test_a_customer_of_ours_is_no_sellers(self):
        self._incoming()
        result = self.ask("suspend_request", "V-S", suspend_kind="1")
        self.assertEqual(result.problem, "cc_other_seller")


@tagged("post_install", "-at_install")
@freeze_time("2026-04-20 10:30:00")
class TestAnswersThroughOurUser(ReceiveCommon):
    """We are the seller: answers to our later requests come from our network user."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.udd = cls.env["res.partner"].create(
            {"name": "Utente del dispacciamento", "vat": f"IT{SELLER_VAT}"}
        )
        cls.role.write(
            {"role": "cc", "accreditation_state": "none", "udd_partner_id": cls.udd.id}
        )

    def test_annulment_answered(self):
        practice = self._create_sent(1)
        row = {
            "PIVA_UTENTE": SELLER_VAT,
            "PIVA_CONTROPARTE_COMMERCIALE": ROLE_VAT,
            "CP_UTENTE": practice.code,
            "CP_GESTORE": "SII000000000005",
            "FLUSSO_RISPOSTA": "claim_ack",
            "VERIFICA_AMM": "1",
        }
        self._receive("cc_answer", [row])
        reason = self.env["cmor.cancel.reason"].search([("code", "=", "N2")])
        practice._ask_cancel(reason, TODAY, "pagato", {practice: Decimal("300.00")})
        request = practice.request_ids
        sent = request._export(TODAY)
        self.assertEqual(sent.state, "generated", sent.record_ids.mapped("issues"))
        sent.action_mark_sent()
        ack = {**row, "CP_UTENTE": request.code, "FLUSSO_RISPOSTA": "cancel_ack"}
        file = self._receive("cc_answer", [ack])
        self.assertEqual(file.record_ids.state, "applied", file.record_ids.problem)
        self.assertEqual(request.state, "admitted")
        odd = {**ack, "CP_UTENTE": "BOH", "FLUSSO_RISPOSTA": "suspend_ack"}
        odd["CP_GESTORE"] = "SII000000000099"
        file = self._receive("cc_answer", [odd])
        self.assertEqual(file.record_ids.problem, "unknown_request")
