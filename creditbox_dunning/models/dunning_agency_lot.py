from odoo import api, fields, models

from odoo.addons.utility_supply.models.bulk import update_rows, update_same

from ..rules import agency, work
from .amounts import exact


class DunningServiceProvider(models.Model):
    _inherit = "dunning.service.provider"

    lot_size = fields.Integer(
        string="Cases in a lot, at most", help="0: all that waits is one lot."
    )
    is_lot_scheduled = fields.Boolean(
        string="Write lots by themselves",
        help="Once a day; what has to be called back at once. Otherwise a person does.",
    )

    _lot_size_check = models.Constraint(
        "CHECK(lot_size >= 0)", "A lot has a number of cases, or 0."
    )


class DunningAgencyAssignment(models.Model):
    """The lots: how large, written by whom, and what they say of part payments."""

    _inherit = "dunning.agency.assignment"

    _guarded_fields = frozenset({"arrived_told", "part_file_id"})

    arrived_told = fields.Monetary(
        string="Told to the agency",
        readonly=True,
        help="Part payments that the agency knows of, by the files.",
    )
    part_file_id = fields.Many2one(
        "dunning.work.file",
        string="Part payment told with",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )

    _out_idx = models.Index(
        "(company_id, provider_id) WHERE state IN ('sent', 'taken')"
    )

    # how large

    def _lots(self, provider):
        # OVERRIDE
        ids = self.sorted("id").ids
        parts = agency.lots(ids, provider.sudo().lot_size)
        return [self.browse(part) for part in parts]

    # by themselves

    @api.model
    def _send_scheduled(self):
        """Lots of the agencies that get them by themselves: new cases once a day, what
        has to be called back at once."""
        wanting = (
            self.env["dunning.service.provider"]
            .sudo()
            .search([("kind", "=", "agency"), ("is_lot_scheduled", "=", True)])
        )
        if not wanting:
            return self.env["dunning.work.file"]
        model = self.sudo()
        recalls = model.search(
            [("state", "=", work.RECALL), ("provider_id", "in", wanting.ids)]
        )
        files = recalls._send()
        new = model.search([("state", "=", work.TO_SEND)])
        for company, of_company in new.grouped("company_id").items():
            today = self.env["dunning.case"]._today(company)
            had = model._read_group(
                [
                    ("company_id", "=", company.id),
                    ("sent_on", "=", today),
                    ("provider_id", "in", wanting.ids),
                ],
                ["provider_id"],
            )
            done = wanting.browse(provider.id for (provider,) in had)
            files |= of_company._send(wanting - done)
        return files

    # paid in part

    def _by_provider(self, company):
        # EXTENDS: the next file says what was paid in part meanwhile
        groups = super()._by_provider(company)
        if not groups:
            return groups
        today = self.env["dunning.case"]._today(company)
        out = self.sudo().search(
            [
                ("company_id", "=", company.id),
                ("state", "in", (work.SENT, work.TAKEN)),
                ("provider_id", "in", [provider.id for provider in groups]),
            ]
        )
        out = out.try_lock_for_update(allow_referencing=True)
        out._set_money(today)
        part = out.filtered(lambda one: exact(one.arrived) > exact(one.arrived_told))
        for provider, rows in part.with_env(self.env).grouped("provider_id").items():
            groups[provider] |= rows
        return groups

    def _row(self, provider, today):
        row = super()._row(provider, today)
        if self.state in work.TO_TELL:
            return row
        words = ("pagamento parziale", self.note)
        return {**row, "movement": "P", "note": " - ".join(filter(None, words))}

    def _tell_more(self, file):
        # OVERRIDE
        update_rows(
            self.sudo(),
            {
                one.id: {"arrived_told": one.arrived, "part_file_id": file.id}
                for one in self
            },
        )


class DunningWorkFile(models.Model):
    _inherit = "dunning.work.file"

    def _discard(self, reason):
        # EXTENDS: what it said of part payments nobody read
        model = self.env["dunning.agency.assignment"].sudo()
        told = model.search([("part_file_id", "=", self.id)])
        update_same(told, {"arrived_told": 0.0, "part_file_id": None})
        return super()._discard(reason)
