import hashlib
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..formats import journal_csv, journal_xlsx
from .amounts import exact

# a charge is a fact of accounting once it has left
BOOKED = ("exported", "confirmed", "invoiced")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class DunningJournalExport(models.Model):
    """Entries of interest, costs, indemnities, plans, settlements and write-offs for
    an accounting program outside: one file, as CSV and as XLSX, kept as it was made;
    each charge and each document of a loss in one file only."""

    _name = "dunning.journal.export"
    _description = "Export to accounting"
    _inherit = ("mail.thread", "utility.guarded.mixin")
    _order = "id desc"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {"name", "company_id", "date", "attachment_id", "sha256", "charge_ids"}
        | {"xlsx_id"}
    )

    # the file is proof of what was booked: see utility_supply's ir.attachment
    _kept_attachment_field = ("attachment_id", "xlsx_id")
    _kept_attachment_domain = ()

    name = fields.Char(required=True, readonly=True, copy=False)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Datetime(readonly=True)
    attachment_id = fields.Many2one("ir.attachment", readonly=True, copy=False)
    xlsx_id = fields.Many2one("ir.attachment", readonly=True, copy=False)
    sha256 = fields.Char(string="SHA-256", readonly=True, copy=False)
    charge_ids = fields.One2many(
        "utility.charge", "journal_export_id", string="Charges", readonly=True
    )
    charge_count = fields.Integer(compute="_compute_totals")
    amount_total = fields.Monetary(string="Total", compute="_compute_totals")
    loss_count = fields.Integer(string="Losses", compute="_compute_totals")

    @api.depends("charge_ids.amount", "move_ids")
    def _compute_totals(self):
        losses = dict(
            self.env["account.move"]
            .sudo()
            ._read_group(
                [("dunning_journal_export_id", "in", self.ids)],
                ["dunning_journal_export_id"],
                ["__count"],
            )
        )
        totals = {
            export.id: (count, amount)
            for export, count, amount in self.env["utility.charge"]._read_group(
                [("journal_export_id", "in", self.ids)],
                ["journal_export_id"],
                ["__count", "amount:sum"],
            )
        }
        for export in self:
            export.charge_count, export.amount_total = totals.get(export.id, (0, 0.0))
            export.loss_count = losses.get(export, 0)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_made(self):
        raise UserError(self.env._("An export that left is kept."))

    def action_download(self):
        """Button: the CSV, byte for byte as it was made."""
        return self._download("attachment_id")

    def action_download_xlsx(self):
        """Button: the workbook, byte for byte as it was made."""
        return self._download("xlsx_id")

    def _download(self, name):
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.sudo()[name].id}?download=true",
            "target": "download",
        }

    def action_export_waiting(self):
        """Button of the list (whatever is ticked): the entries of all that has left and
        was in no file yet, one file for each company at work."""
        waiting = self.env["utility.charge"].search(
            [
                ("company_id", "in", self.env.companies.ids),
                ("state", "in", BOOKED),
                ("journal_export_id", "=", False),
            ]
        )
        losses = self._losses_waiting(self.env.companies)
        return self._export(waiting, losses)._get_records_action(
            name=self.env._("Exports to accounting")
        )

    @api.model
    def _export(self, charges, losses=()):
        """One file a company for these charges and documents of losses; UserError when
        none waits, or a kind has no account."""
        if not self.env.su and not self.env.user.has_group(
            "account.group_account_invoice"
        ):
            raise AccessError(self.env._("Only an accountant exports entries."))
        waiting = charges.filtered(
            lambda charge: charge.state in BOOKED and not charge.journal_export_id
        )
        waiting -= waiting.sudo()._booked_apart().with_env(self.env)
        losses = losses or self.env["account.move"]
        if not waiting and not losses:
            raise UserError(self.env._("No charge waits to be exported."))
        exports = self.sudo().browse()
        charges_of = waiting.grouped("company_id")
        losses_of = losses.sudo().grouped("company_id")
        for company in waiting.company_id | losses.sudo().company_id:
            exports |= self._export_company(
                company,
                charges_of.get(company, waiting.browse()).sorted("ref"),
                losses_of.get(company, losses.browse()),
            )
        return exports.with_env(self.env)

    @api.model
    def _export_company(self, company, charges, losses):
        # nobody else puts them into a file at the same moment
        charges = charges.sudo().with_company(company).try_lock_for_update()
        charges = charges.filtered(lambda charge: not charge.journal_export_id)
        losses = losses.sudo().with_company(company).try_lock_for_update()
        losses = losses.filtered(lambda move: not move.dunning_journal_export_id)
        entries = self._entries_of(company, charges) + self._entries_of_losses(losses)
        sequence = self.env["ir.sequence"].with_company(company).sudo()
        name = sequence.next_by_code("dunning.journal.export")
        export = self.sudo()._guarded().create({"company_id": company.id, "name": name})
        data = journal_csv.write(entries)
        files = {
            "attachment_id": export._keep(data, "csv", "text/csv"),
            "xlsx_id": export._keep(journal_xlsx.write(entries), "xlsx", XLSX),
        }
        sha256 = hashlib.sha256(data).hexdigest()
        export.write({**files, "date": fields.Datetime.now(), "sha256": sha256})
        charges._guarded().write({"journal_export_id": export.id})
        losses.write({"dunning_journal_export_id": export.id})
        return self.sudo().browse(export.id)

    def _keep(self, data, extension, mimetype):
        """Id of the attachment with these bytes."""
        attachment = self.env["ir.attachment"].sudo()
        attachment = attachment.create(
            {
                "name": f"{self.name.replace('/', '-')}.{extension}",
                "raw": data,
                "mimetype": mimetype,
                "res_model": self._name,
                "res_id": self.id,
            }
        )
        return attachment.id

    @api.model
    def _entries_of(self, company, charges):
        """The rows of the file: customer against the account of the kind."""
        accounts = self.env["dunning.charge.account"]._accounts_of(company)
        kinds = dict(
            self.env["utility.charge"]._fields["kind"]._description_selection(self.env)
        )
        missing = {
            kinds[charge.kind]
            for charge in charges
            if (company.id, charge.kind) not in accounts
        }
        if missing:
            raise UserError(
                self.env._(
                    "Choose the account of %(kinds)s first: Configuration, Interest and"
                    " costs, Accounts of charges.",
                    kinds=", ".join(sorted(missing)),
                )
            )
        rows = []
        for charge in charges:
            other = accounts[company.id, charge.kind]
            entry = self._customer_entry(charge, kinds[charge.kind])
            rows += journal_csv.pair(entry, other.code or "", other.name)
        return rows

    @api.model
    def _customer_entry(self, charge, reason):
        customer = charge.partner_id.commercial_partner_id
        account = customer.property_account_receivable_id
        bill = charge.dunning_bill_id
        return journal_csv.Entry(
            day=charge.date,
            ref=charge.ref,
            account=account.code or "",
            account_name=account.name or "",
            amount=Decimal(exact(charge.amount)),
            currency=charge.currency_id.name,
            customer_code=customer.billing_code or "",
            customer=customer.name or "",
            contract=charge.contract_id.code or "",
            bill=bill.billing_ref or bill.name or "",
            reason=reason,
            description=charge.description,
            tax_note=charge.tax_note or "",
        )


class UtilityCharge(models.Model):
    _inherit = "utility.charge"

    _guarded_fields = frozenset({"journal_export_id"})

    journal_export_id = fields.Many2one(
        "dunning.journal.export",
        string="Export to accounting",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
    )

    def action_export_journal(self):
        """List action: the entries of these charges."""
        self.check_access("read")
        return (
            self.env["dunning.journal.export"]
            ._export(self)
            ._get_records_action(name=self.env._("Exports to accounting"))
        )
