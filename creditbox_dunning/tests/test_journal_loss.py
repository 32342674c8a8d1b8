"""Row Z05: losses and later income leave with the charges, once."""

import csv
import io

import openpyxl

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .test_writeoff import WriteoffCommon


@tagged("post_install", "-at_install")
class TestJournalLoss(WriteoffCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accountant = cls._accountant("lossacc", cls.company)
        cls.Export = cls.env["dunning.journal.export"].with_user(cls.accountant)

    @classmethod
    def _accountant(cls, login, company):
        return new_test_user(
            cls.env,
            login=login,
            groups="account.group_account_invoice",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    def exported(self):
        self.env.invalidate_all()
        action = self.Export.action_export_waiting()
        return self.env["dunning.journal.export"].browse(action["res_id"])

    def rows(self, export):
        text = export.attachment_id.raw.decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text), delimiter=";"))

    def test_a_write_off_leaves_once_with_its_own_accounts(self):
        one = self.booked()
        move = one.line_ids.move_id
        export = self.exported()
        self.assertEqual(export.move_ids, move)
        self.assertEqual(export.loss_count, len(move))
        rows = self.rows(export)
        loss = [row for row in rows if row["Conto"] == "PERDITE"]
        self.assertEqual({row["Causale"] for row in rows}, {"Write-off"})
        debit = sum(float(row["Dare"].replace(",", ".")) for row in loss)
        self.assertAlmostEqual(debit, sum(one.line_ids.mapped("amount")))
        named = {row["Bolletta"] for row in rows if row["Avere"]}
        self.assertTrue(named and "" not in named)
        # what tells billing of the same loss is no entry besides
        told = self.env["utility.charge"].search([("kind", "=", "writeoff")])
        told.sudo()._set_state("exported")
        with self.assertRaisesRegex(UserError, "No charge waits"):
            self.exported()

    def test_a_settlement_and_its_undoing(self):
        one = self.asked(agreed=80)
        with self.at(41):
            one.request_id.with_user(self.manager).action_approve()
        payment = self.pay_on(45, 80)
        self.watch(46)
        self.assertEqual(one.state, "paid")
        first = self.exported()
        self.assertEqual(first.move_ids, one.move_id)
        self.assertEqual({row["Causale"] for row in self.rows(first)}, {"Settlement"})
        self.assertTrue(payment)

    def test_the_workbook_is_the_same_and_kept(self):
        self.booked()
        export = self.exported()
        rows = self.rows(export)
        page = openpyxl.load_workbook(io.BytesIO(export.xlsx_id.raw)).active
        lines = list(page.iter_rows(min_row=2, values_only=True))
        self.assertEqual(len(lines), len(rows))
        for line, row in zip(lines, rows, strict=True):
            self.assertEqual(line[0].date().isoformat(), row["Data"])
            for place, name in ((4, "Dare"), (5, "Avere")):
                number = float(row[name].replace(",", ".")) if row[name] else None
                self.assertEqual(line[place], number)
        with self.assertRaisesRegex(UserError, "kept as it is"):
            export.xlsx_id.write({"raw": b"x"})

    def test_another_company_and_who_may_not(self):
        self.booked()
        other = self.env["res.company"].create({"name": "Other"})
        stranger = self._accountant("strange", other)
        with self.assertRaisesRegex(UserError, "No charge waits"):
            self.Export.with_user(stranger).action_export_waiting()
        with self.assertRaises(AccessError):
            self.Export.with_user(self.manager).action_export_waiting()
        export = self.exported()
        with self.assertRaises(AccessError):
            export.with_user(stranger).read(["name"])
