"""Documents that show that nothing is to be had: kept, needed, in the dossier; and what
a dossier tells of settlements."""

import io
import zipfile

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .settlement_common import SettlementCommon
from .test_writeoff import WriteoffCommon


class ProofCommon(WriteoffCommon):
    def file(self, name="verbale.pdf", user=None):
        files = self.env["ir.attachment"].with_user(user or self.operator)
        return files.create({"name": name, "raw": b"%PDF proof"})

    def proof(self, number=200, user=None, files=None, **vals):
        proofs = self.env["dunning.loss.proof"].with_user(user or self.operator)
        files = self.file() if files is None else files
        with self.at(max(number, 240)):
            return proofs.create(
                {
                    "company_id": self.company.id,
                    "partner_id": self.customer.id,
                    "kind": "execution",
                    "date": self.day(number),
                    "reference": "UNEP 12/2027",
                    "attachment_ids": [Command.set(files.ids)],
                    **vals,
                }
            )

    def reasons(self, **more):
        one = self.new_list(kind="useless", **more)
        line = self.of_contract(one)
        one.with_user(self.manager).action_cancel()
        return line.reasons or [], line.proof_id


@tagged("post_install", "-at_install")
class TestLossProof(ProofCommon):
    def test_an_outcome_alone_is_no_proof(self):
        self.assertEqual(self.reasons()[0], ["no_proof"])
        self.env.flush_all()
        self.walk(7)
        self.env.cr.execute(
            "UPDATE dunning_action SET outcome = 'uncollectable' WHERE case_id = %s",
            [self.case.id],
        )
        self.assertEqual(self.reasons()[0], ["no_document"])
        proof = self.proof()
        self.assertEqual(self.reasons(), ([], proof))
        # the law of the list is that of the documents it rests on
        one = self.new_list(kind="useless")
        self.assertIn("esecuzione infruttuosa", one.law)
        self.assertNotIn("irreperibile", one.law)
        with self.assertRaises(AccessError):
            proof.action_withdraw("of his brother")
        one.with_user(self.manager).action_cancel()
        proof.with_user(self.manager).action_withdraw("of his brother")
        self.assertEqual(
            (proof.state, proof.withdrawn_by, proof.withdrawn_reason),
            ("withdrawn", self.manager, "of his brother"),
        )
        self.assertEqual(self.reasons()[0], ["no_document"])

    def test_of_the_day_and_of_the_contract(self):
        self.proof(248)
        self.assertEqual(self.reasons(as_of=self.day(247))[0], ["proof_later"])
        other, _bill = self.supply("W1")
        elsewhere = self.proof(
            partner_id=other.partner_id.id, contract_id=other.id, kind="procedure"
        )
        one = self.new_list(kind="useless")
        self.assertEqual(self.of_contract(one, other).proof_id, elsewhere)
        # the documents of another company are not this one's
        self.assertNotEqual(self.of_contract(one).proof_id, elsewhere)

    def test_cost_above_the_amount(self):
        self.proof(kind="cost", cost=100)
        self.assertEqual(self.reasons()[0], ["cost_below"])
        self.proof(kind="cost", cost=100.01)
        self.assertEqual(self.reasons()[0], [])

    def test_which_kinds_are_enough_is_dated_law(self):
        self.proof(kind="agency")
        self.assertEqual(self.reasons()[0], [])
        self.env["dunning.legal.parameter"].create(
            {
                "name": "writeoff_agency",
                "value": 0,
                "unit": "flag",
                "valid_from": self.day(245),
                "source": "parere del consulente",
            }
        )
        self.assertEqual(self.reasons()[0], ["proof_not_accepted"])
        self.assertEqual(self.reasons(as_of=self.day(244))[0], [])

    def test_prescription_is_a_dated_row_too(self):
        one = self.new_list(number=800, kind="prescribed")
        self.assertIn("prescritto", one.law)
        self.assertFalse(self.of_contract(one).reasons)
        one.with_user(self.manager).action_cancel()
        self.env["dunning.legal.parameter"].create(
            {
                "name": "writeoff_prescribed",
                "value": 0,
                "unit": "flag",
                "valid_from": self.day(700),
                "source": "legge nuova",
            }
        )
        one = self.new_list(number=800, kind="prescribed")
        self.assertEqual(self.of_contract(one).reasons, ["no_number"])

    def test_whole_or_refused(self):
        with self.assertRaises(ValidationError):
            self.proof(files=self.env["ir.attachment"])
        with self.assertRaises(ValidationError):
            self.proof(kind="cost")
        with self.assertRaises(ValidationError):
            self.proof(number=500, date=self.day(900))

    def test_kept_as_it_is(self):
        proof = self.proof()
        file = proof.attachment_ids
        self.assertEqual((file.res_model, file.res_id), (proof._name, proof.id))
        for vals in (
            {"date": self.day(1)},
            {"kind": "agency"},
            {"state": "withdrawn"},
            {"withdrawn_reason": "no"},
        ):
            with self.assertRaises(AccessError):
                proof.write(vals)
        with self.assertRaises(AccessError):
            proof.attachment_ids = [Command.clear()]
        with self.assertRaises(UserError):
            file.with_user(self.dunning_admin).write({"raw": b"other"})
        with self.assertRaises(UserError):
            file.sudo().unlink()
        with self.assertRaises(UserError):
            proof.sudo().unlink()
        with self.assertRaises(UserError):  # no reason
            proof.with_user(self.manager).action_withdraw()

    def test_taken_back_with_a_reason_asked_for(self):
        """The same window for every record that is taken back."""
        proof = self.proof()
        with self.at(240):
            act = self.env["dunning.prescription.act"].create(
                {
                    "case_id": self.case.id,
                    "company_id": self.company.id,
                    "kind": "acknowledgement",
                    "date": self.day(5),
                }
            )
        wizards = self.env["dunning.withdraw.wizard"]
        for one in (proof, act):
            asked = {"active_model": one._name, "active_id": one.id}
            form = Form(wizards.with_user(self.manager).with_context(**asked))
            form.reason = "of his brother"
            wizard = form.save()
            self.assertEqual(wizard.record, one)
            wizard.action_confirm()
            self.assertEqual(
                (one.state, one.withdrawn_by, one.withdrawn_reason),
                ("withdrawn", self.manager, "of his brother"),
            )
        with self.assertRaises(AccessError):
            wizards.with_user(self.operator).with_context(**asked).create(
                {"reason": "no"}
            )
        with self.assertRaises(ValueError):
            wizards.create(
                {"reason": "no", "record": f"res.partner,{self.customer.id}"}
            )

    def test_the_file_of_another_record_is_not_taken(self):
        """Else whoever may record a proof could read any file."""
        letter = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {
                    "name": "x",
                    "raw": b"secret",
                    "res_model": "res.partner",
                    "res_id": self.customer.id,
                }
            )
        )
        with self.assertRaises(UserError):
            self.proof(files=letter)
        private = self.file(user=self.manager)
        with self.assertRaises(AccessError):
            self.proof(files=private)

    def test_workbook_names_the_proof(self):
        self.proof()
        one = self.new_list(kind="useless")
        one.with_user(self.manager).action_export_xlsx()
        self.assertEqual(self.of_contract(one).proof_id.reference, "UNEP 12/2027")


@tagged("post_install", "-at_install")
class TestSettlementDossier(ProofCommon):
    def unpack(self, user=None):
        case = self.case.with_user(user or self.operator)
        data, _name, _kind = case._dossier_zip()
        archive = zipfile.ZipFile(io.BytesIO(data))
        return {path: archive.read(path) for path in archive.namelist()}

    def page(self, user=None):
        case = self.case.with_user(user or self.operator)
        return case._dossier_document()[0].decode()

    def test_the_whole_settlement_is_told(self):
        self.assertNotIn("Settlements and losses", self.page())
        one = self.offered()
        payment = self.pay_on(45, 80)
        self.watch(46)
        page = self.page()
        for text in (
            "Settlements and losses",
            one.name,
            one.request_id.name,
            self.manager.name,
            self.operator.name,
            "fa fede la valuta",  # the offer as it was sent
            payment.name,
            one.move_id.name,
            self.loss_account.code,
        ):
            self.assertIn(text, page)

    def test_files_of_the_settlement_and_proofs_are_originals(self):
        one = self.offered(channel="ar")
        letter = one.communication_ids.attachment_id
        self.env["ir.attachment"].sudo().create(
            {
                "name": "accettazione.pdf",
                "raw": b"signed",
                "res_model": one._name,
                "res_id": one.id,
            }
        )
        self.proof()
        members = self.unpack()
        self.assertEqual(members["stralci/accettazione.pdf"], b"signed")
        self.assertEqual(members["inesigibilita/verbale.pdf"], b"%PDF proof")
        self.assertEqual(members[f"inviati/{letter.name}"], letter.raw)
        self.assertIn("UNEP 12/2027", self.page())

    def test_written_off(self):
        one = self.booked()
        page = self.page()
        self.assertIn(one.name, page)
        self.assertIn(self.of_contract(one).move_id.name, page)


@tagged("post_install", "-at_install")
class TestSettlementCompanies(SettlementCommon):
    """Two companies, and level 4 of the head that reads its members."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.company"].create({"name": "Altra S.p.A."})
        cls.head = cls.env["res.company"].create({"name": "Capogruppo S.p.A."})
        cls.reader = cls._group_user()
        cls.reader.write(
            {"company_ids": [Command.set(cls.head.ids)], "company_id": cls.head.id}
        )

    def _records(self):
        one = self.offered()
        with self.at(250):
            lists = self.env["dunning.writeoff"].with_user(self.manager)
            told = lists.with_context(allowed_company_ids=self.company.ids).create(
                {"as_of": self.day(250)}
            )
            told.action_propose()
        file = self.env["ir.attachment"].create({"name": "x.pdf", "raw": b"x"})
        proof = self.env["dunning.loss.proof"].create(
            {
                "company_id": self.company.id,
                "partner_id": self.customer.id,
                "kind": "execution",
                "date": self.day(-300),
                "attachment_ids": [Command.set(file.ids)],
            }
        )
        return [one, one.line_ids, one.event_ids, told, told.line_ids, proof]

    def test_another_company_sees_nothing(self):
        stranger = self._create_dunning_user("stranger", "director")
        stranger.write(
            {"company_ids": [Command.set(self.other.ids)], "company_id": self.other.id}
        )
        for records in self._records():
            self.assertTrue(records)
            mine = self.env[records._name].with_user(stranger)
            self.assertFalse(mine.search([("id", "in", records.ids)]), records)
            with self.assertRaises(AccessError):
                records[:1].with_user(stranger).read(["display_name"])

    def test_level_4_reads_its_members_and_no_more(self):
        every = self._records()
        as_head = {"allowed_company_ids": self.head.ids}
        for records in every:
            mine = records.with_user(self.reader).with_context(**as_head)
            self.assertFalse(mine.search([("id", "in", records.ids)]), records)
        self.env["utility.group"].create(
            {
                "name": "Gruppo",
                "head_company_id": self.head.id,
                "member_ids": [Command.set((self.head | self.company).ids)],
            }
        )
        for records in every:
            mine = records.with_user(self.reader).with_context(**as_head)
            found = mine.search([("id", "in", records.ids)])
            self.assertEqual(found, records)
            self.assertTrue(found[:1].read(["display_name"]))
        one = every[0].with_user(self.reader).with_context(**as_head)
        # reading is all: he acts through the approvals, never in the member's place
        for call in (
            lambda: one.write({"channel": "pp"}),
            one.action_match_payments,
            one.action_check_payments,
            one.action_customer_refused,
            one.action_cancel,
            one.action_accept_anyway,
            one.action_leave_expired,
        ):
            with self.assertRaises(AccessError):
                call()
        lines = every[4].with_user(self.reader).with_context(**as_head)
        for call in (
            lines.action_take_out,
            lines.action_put_back,
            lines.action_to_income,
            lines.writeoff_id.action_request,
            every[5].with_user(self.reader).with_context(**as_head).action_withdraw,
        ):
            with self.assertRaises(AccessError):
                call()
        self.assertEqual(every[0].state, "offered")
        # a director of the head is no level 4
        clerk = self._create_dunning_user("headclerk", "director")
        clerk.write(
            {"company_ids": [Command.set(self.head.ids)], "company_id": self.head.id}
        )
        mine = self.Settlement.with_user(clerk).with_context(**as_head)
        self.assertFalse(mine.search([("id", "=", every[0].id)]))
