from odoo import fields, models

from .account_move import READERS

VENDOR_TYPES = ("in_invoice", "in_refund")


class AccountMoveLine(models.Model):
    """Plain column, without default or compute: see utility_supply."""

    _inherit = "account.move.line"

    cmor_practice_id = fields.Many2one(
        "cmor.practice",
        string="CMOR practice",
        index="btree_not_null",
        check_company=True,
        copy=False,
        domain="[('side', '=', 'incoming')]",
        groups=READERS,
    )
    cmor_network_charge_ids = fields.One2many(
        "cmor.network.charge", "move_line_id", groups=READERS
    )

    def _copy_data_extend_business_fields(self, values):
        # EXTENDS account: a credit note, or the reversal of an entry, is about the
        # same practice; a mere copy of a document is not
        result = super()._copy_data_extend_business_fields(values)
        values["cmor_practice_id"] = self.sudo().cmor_practice_id.id
        return result


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        # EXTENDS account: vendor lines on the transit account are charges to us, and
        # invoices that carry a CMOR move their practices
        posted = super()._post(soft)
        posted._cmor_after_change()
        return posted

    def button_draft(self):
        # EXTENDS account: what is no longer posted no longer counts
        result = super().button_draft()
        self._cmor_taken_back()
        return result

    def _cmor_transit_lines(self):
        accounts = self.company_id.sudo().cmor_transit_account_id
        if not accounts:
            return self.env["account.move.line"]
        return (
            self.env["account.move.line"]
            .sudo()
            .search([("move_id", "in", self.ids), ("account_id", "in", accounts.ids)])
        )

    def _cmor_after_change(self):
        lines = self._cmor_transit_lines()
        vendor = lines.filtered(lambda line: line.move_id.move_type in VENDOR_TYPES)
        if vendor:
            self.env["cmor.network.charge"]._take_vendor_lines(vendor)
        self._cmor_settle(lines)

    def _cmor_taken_back(self):
        lines = self._cmor_transit_lines()
        taken = lines.cmor_network_charge_ids.filtered(
            lambda c: c.source == "bill" and c.state in ("matched", "unmatched")
        )
        if taken:
            taken._drop("withdrawn")
        self._cmor_settle(lines)

    def _cmor_settle(self, lines):
        if lines.cmor_practice_id:
            lines.cmor_practice_id._settle(fields.Date.context_today(self))


class UtilityRowCloner(models.AbstractModel):
    _inherit = "utility.row.cloner"

    def _known_post_modules(self):
        # EXTENDS utility_supply: our override looks at lines on the transit account,
        # which a bill of the billing system and a payment of a customer do not have
        return super()._known_post_modules() | {"cmor_utility"}
