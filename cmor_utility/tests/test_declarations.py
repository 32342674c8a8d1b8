from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged

from .common import PROOF, CmorCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-04-15")
class TestDeclarations(CmorCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._create_switch_out("K1")
        cls.practice = cls._find()

    def condition(self, code):
        return self.practice.condition_ids.filtered(lambda c: c.code == code)

    def test_unknown_blocks_until_declared_by_an_operator(self):
        practice = self.practice
        with self.assertRaisesRegex(UserError, "C7, C9"):
            practice.action_confirm()
        practice.declare(["C7", "C9"], "yes", "Fascicolo 12/2026")
        self.assertRecordValues(
            self.condition("C9"),
            [
                {
                    "result": "yes",
                    "computed_result": "unknown",
                    "declared_by_id": self.operator.id,
                    "proof": "Fascicolo 12/2026",
                }
            ],
        )
        self.assertTrue(self.condition("C9").declared_on)
        self.assertEqual(practice.verdict, "yes")

    def test_art4_is_never_yes_by_default(self):
        practice = self.practice
        practice.declare(["C7", "C9"], "yes", "Fascicolo 12/2026")
        self.assertEqual(practice.next_action, "declare_art4")
        with self.assertRaisesRegex(UserError, "art. 4"):
            practice.action_confirm()
        practice.declare([], "yes", "Dichiaro", with_art4=True)
        self.assertEqual(practice.art4_declared_by_id, self.operator)
        practice.action_confirm()
        self.assertEqual(practice.state, "ready")

    def test_art4_needs_its_conditions(self):
        with self.assertRaisesRegex(UserError, "C7, C9"):
            self.practice.declare([], "yes", "Dichiaro", with_art4=True)

    def test_a_fact_is_not_declared_away(self):
        contract = self._create_switch_out("K2", notice=False)
        practice = self._find().filtered(lambda p: p.contract_id == contract)
        practice.declare(["C4", "C7", "C9"], "yes", "Lettera in archivio")
        c4 = practice.condition_ids.filtered(lambda c: c.code == "C4")
        self.assertEqual((c4.result, c4.declared_result), ("no", False))
        with self.assertRaises(UserError):
            c4.with_user(self.operator)._declare("yes", "Lettera")

    def test_declared_no_blocks(self):
        self.practice.declare(["C9"], "no", "Reclamo 31 senza risposta")
        self.assertEqual(self.practice.state, "blocked")
        self.assertEqual(self.practice.failed_codes, "C9")

    def test_declaration_lapses_when_the_facts_change(self):
        practice = self.practice
        self._declare(practice)
        practice.action_confirm()
        self._pay(practice.line_ids.move_id[0])
        practice.action_recompute()
        self.assertEqual(practice.state, "candidate")
        self.assertEqual(practice.unknown_codes, "C9")
        self.assertFalse(practice.art4_declared_by_id)
        self.assertEqual(
            practice.event_ids.mapped("kind").count("lapsed"), 2, "C9 and art. 4"
        )

    def test_proof_is_mandatory(self):
        for proof in (None, "", "   "):
            with self.assertRaises(UserError):
                self.practice.declare(["C9"], "yes", proof)
        with self.assertRaises(UserError):
            self.practice.declare(["C9"], "maybe", "x")

    def test_proof_files_are_kept_for_all_readers(self):
        upload = (
            self.env["ir.attachment"]
            .with_user(self.operator)
            .create({"name": "perizia.pdf", "raw": b"%PDF-1.4 perizia"})
        )
        self.practice.declare(["C9"], "yes", "Perizia", attachment_ids=upload.ids)
        proof = self.condition("C9").with_user(self.bystander).attachment_ids
        self.assertEqual(proof.raw, b"%PDF-1.4 perizia")
        for user in (self.operator, self.bystander):
            with self.assertRaises(AccessError):
                proof.with_user(user).unlink()
            with self.assertRaises(AccessError):
                proof.with_user(user).write({"raw": b"altro"})
        # somebody else's upload is not a proof of mine
        secret = self.env["ir.attachment"].create({"name": "x", "raw": b"x"})
        with self.assertRaises(AccessError):
            self.practice.declare(["C7"], "yes", "x", attachment_ids=secret.ids)

    def test_only_assigned_operators(self):
        for user in (self.bystander, self.manager):
            with self.assertRaises(AccessError):
                self.practice.with_user(user).declare(["C9"], "yes", "x")
            with self.assertRaises(AccessError):
                self.practice.with_user(user).action_confirm()
            with self.assertRaises(AccessError):
                self.practice.with_user(user).action_give_up("x")
        self.role.user_ids += self.bystander
        self.practice.with_user(self.bystander).declare(["C9"], "yes", "x")

    def test_notice_without_proof_may_be_declared(self):
        contract = self._create_switch_out("K3", notice=False)
        self._create_notice(contract, attachment_ids=[])
        practice = self._find().filtered(lambda p: p.contract_id == contract)
        self.assertEqual(practice.unknown_codes, "C4, C7, C9")
        self.assertEqual(practice.next_action, "declare")

    def test_gate_27_without_proof_of_the_warning_nothing_leaves(self):
        """Gate 27: no notice, one without the warning, one without proof: stopped at
        the confirmation and at the export, whatever a person declares besides (A04)."""
        cases = {
            "W1": {"notice": False},
            "W2": {"cmor_warning": False},
            "W3": {"attachment_ids": []},
        }
        for code, vals in cases.items():
            contract = self._create_switch_out(code, notice=False)
            if vals != {"notice": False}:
                self._create_notice(contract, **vals)
            practice = self._find().filtered(lambda p, c=contract: p.contract_id == c)
            codes = f"{practice.failed_codes} {practice.unknown_codes}"
            with self.subTest(code):
                self.assertIn("C4", codes)
                practice.declare(["C7", "C9"], "yes", "Fascicolo")
                with self.assertRaises(UserError):
                    practice.action_confirm()
                with self.assertRaises(UserError):
                    practice.action_export()
                self.assertNotIn(practice.state, ("ready", "exported"))
                self.assertFalse(practice.record_ids)

    def test_notice_entered_by_hand(self):
        """From the blocked practice: its contract and bills are proposed, the warning
        and the proof are of who enters it."""
        contract = self._create_switch_out("K4", notice=False)
        practice = self._find().filtered(lambda p: p.contract_id == contract)
        self.assertIn("C4", practice.failed_codes)
        action = practice.with_user(self.operator).action_add_notice()
        notices = self.env[action["res_model"]].with_user(self.operator)
        form = Form(notices.with_context(**action["context"]))
        self.assertEqual(form.contract_id, contract)
        self.assertFalse(form.cmor_warning)
        form.channel = "ar"
        form.sent_date, form.notified_date = date(2025, 10, 20), date(2025, 10, 25)
        form.pay_term = date(2025, 11, 10)
        form.cmor_warning = True
        notice = form.save()
        claimed = practice.line_ids.filtered("relevant_amount").move_id
        self.assertTrue(claimed)
        self.assertEqual(notice.move_ids, claimed)
        self.assertEqual((notice.source, notice.is_formal_notice), ("manual", True))
        proof = {"name": "avviso.pdf", "datas": PROOF, "res_model": "utility.notice"}
        notice.attachment_ids = self.env["ir.attachment"].create(
            {**proof, "res_id": notice.id}
        )
        practice.with_user(self.operator).action_recompute()
        codes = f"{practice.failed_codes or ''} {practice.unknown_codes or ''}"
        self.assertNotIn("C4", codes)

    def test_dialog(self):
        action = self.practice.action_declare()
        form = Form(
            self.env["cmor.declare.wizard"]
            .with_user(self.operator)
            .with_context(**action["context"])
        )
        self.assertEqual(form.codes, "C7, C9")
        self.assertIn("C9", form.unknown_summary)
        self.assertFalse(form.with_art4)
        form.with_art4 = True
        form.proof = "Fascicolo 12/2026"
        form.save().action_apply()
        self.assertEqual(self.practice.next_action, "confirm")

    def test_dialog_refuses_an_unknown_code(self):
        wizard = (
            self.env["cmor.declare.wizard"]
            .with_user(self.operator)
            .create({"practice_ids": self.practice.ids, "codes": "C99", "proof": "x"})
        )
        with self.assertRaisesRegex(UserError, "C99"):
            wizard.action_apply()

    def test_give_up_needs_a_reason(self):
        action = self.practice.action_give_up()
        self.assertEqual(action["res_model"], "cmor.declare.wizard")
        wizard = (
            self.env["cmor.declare.wizard"]
            .with_user(self.operator)
            .with_context(**action["context"])
            .create({"proof": "Cliente fallito"})
        )
        wizard.action_apply()
        self.assertEqual(self.practice.state, "closed_lost")
        event = self.practice.event_ids[0]
        self.assertIn("Cliente fallito", event.text)
