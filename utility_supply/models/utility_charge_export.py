import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..formats import charge_csv


class UtilityChargeExport(models.Model):
    """One file of charges for the billing system, kept as it was sent."""

    _name = "utility.charge.export"
    _description = "Charge export"
    _inherit = ["mail.thread", "utility.guarded.mixin"]
    _order = "date desc, id desc"
    _check_company_auto = True

    _guarded_fields = frozenset({"name", "state", "attachment_id", "sha256", "date"})

    # the file is proof of what was asked: see models/ir_attachment.py
    _kept_attachment_field = "attachment_id"
    _kept_attachment_domain = ()

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    name = fields.Char(required=True, readonly=True, copy=False, default="/")
    date = fields.Datetime(readonly=True, copy=False)
    state = fields.Selection(
        [("draft", "Draft"), ("exported", "Exported")],
        required=True,
        readonly=True,
        copy=False,
        default="draft",
    )
    attachment_id = fields.Many2one("ir.attachment", readonly=True, copy=False)
    sha256 = fields.Char(string="SHA-256", readonly=True, copy=False)
    charge_ids = fields.One2many("utility.charge", "export_id", string="Charges")
    charge_count = fields.Integer(compute="_compute_totals")
    amount_total = fields.Monetary(string="Total", compute="_compute_totals")
    currency_id = fields.Many2one(related="company_id.currency_id")

    _name_uniq = models.Constraint(
        "UNIQUE(company_id, name)", "An export with this name exists already."
    )

    @api.depends("charge_ids.amount")
    def _compute_totals(self):
        totals = {
            export.id: (count, amount)
            for export, count, amount in self.env["utility.charge"]._read_group(
                [("export_id", "in", self.ids)],
                ["export_id"],
                ["__count", "amount:sum"],
            )
        }
        for export in self:
            export.charge_count, export.amount_total = totals.get(export.id, (0, 0.0))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_exported(self):
        if any(export.state == "exported" for export in self):
            raise UserError(self.env._("An export that left is kept."))

    def action_download(self):
        """Button: the file, byte for byte as it was made."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.attachment_id.id}?download=true",
            "target": "download",
        }

    @api.model
    def _export(self, charges):
        """Write the charges that wait into one file per company.

        :return: the exports made; UserError when there is nothing to export
        """
        waiting = charges.filtered(lambda charge: charge.state == "to_export")
        if not waiting:
            raise UserError(self.env._("No charge waits to be exported."))
        exports = self.browse()
        for company, of_company in waiting.grouped("company_id").items():
            exports |= self._export_company(company, of_company.sorted("ref"))
        return exports

    @api.model
    def _export_company(self, company, charges):
        sequence = self.env["ir.sequence"].with_company(company).sudo()
        name = sequence.next_by_code("utility.charge.export")
        export = self._guarded().create({"company_id": company.id, "name": name})
        data = charge_csv.write([charge._prepare_export_row() for charge in charges])
        attachment = self.env["ir.attachment"].create(
            {
                "name": name.replace("/", "-") + ".csv",
                "raw": data,
                "mimetype": "text/csv",
                "res_model": self._name,
                "res_id": export.id,
            }
        )
        export.write(
            {
                "state": "exported",
                "date": fields.Datetime.now(),
                "attachment_id": attachment.id,
                "sha256": hashlib.sha256(data).hexdigest(),
            }
        )
        charges._set_state("exported", export_id=export.id)
        return export.with_env(self.env)


class UtilityCharge(models.Model):
    _inherit = "utility.charge"

    def _prepare_export_row(self):
        """The charge as a row of the file: see formats/charge_csv.py."""
        self.ensure_one()
        return charge_csv.ChargeRow(
            ref=self.ref,
            customer_code=self.partner_id.commercial_partner_id.billing_code or "",
            contract_code=self.contract_id.code or "",
            kind=self.kind,
            amount=self.currency_id.round(self.amount),
            currency=self.currency_id.name,
            date=self.date,
            description=self.description,
            tax_note=self.tax_note or "",
        )
