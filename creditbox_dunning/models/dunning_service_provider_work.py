from odoo import api, fields, models
from odoo.fields import Domain


class DunningServiceProvider(models.Model):
    """Technical offices, agencies and information providers: how files go to them."""

    _inherit = "dunning.service.provider"

    _guarded_fields = frozenset({"fee_author_id"})

    file_layout_id = fields.Many2one(
        "dunning.file.layout",
        string="Layout of the files",
        domain="[('purpose', '=', kind), ('company_id', 'in', [company_id, False])]",
        help="Empty: the one shipped for this kind.",
    )
    work_folder_id = fields.Many2one(
        "utility.import.source",
        string="Folder of the files that leave",
        domain="[('purpose', '=', 'outgoing'), ('company_id', '=', company_id)]",
        help="Empty: a person downloads the files and hands them over.",
    )
    processor_since = fields.Date(
        string="Data processor since",
        tracking=True,
        help="Day of its appointment as data processor (art. 28 GDPR): without it no"
        " customer's data leave.",
    )
    mandate_days = fields.Integer(
        string="Mandate: days",
        default=60,
        help="What is not collected in these calendar days comes back.",
    )
    money_days = fields.Integer(
        string="Payments arrive within (days)",
        default=15,
        help="What the agency told as collected and is not in the books after these"
        " calendar days is missing.",
    )
    fee_percent = fields.Float(
        string="Fee (%)", digits=(5, 2), tracking=True, help="On what it collects."
    )
    # written by `write` itself: a history can be left out by who calls it
    fee_author_id = fields.Many2one(
        "res.users", string="Fee written by", readonly=True, copy=False
    )
    fee_class = fields.Char(help="As the contract with the agency calls it.")
    is_address_trusted = fields.Boolean(
        string="Use new addresses at once",
        help="Otherwise a person looks at each address before it is used.",
    )

    _mandate_check = models.Constraint(
        "CHECK(mandate_days > 0)", "A mandate lasts one day at least."
    )
    _money_days_check = models.Constraint(
        "CHECK(money_days >= 0)", "Payments do not arrive before they are told."
    )
    _fee_check = models.Constraint(
        "CHECK(fee_percent >= 0 AND fee_percent <= 100)",
        "The fee goes from 0 to 100 percent.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        providers = super().create(vals_list)
        providers.filtered("fee_percent")._note_fee_author()
        return providers

    def write(self, vals):
        before = {provider: provider.fee_percent for provider in self}
        result = super().write(vals)
        if "fee_percent" in vals:
            self.filtered(lambda p: p.fee_percent != before[p])._note_fee_author()
        return result

    def _note_fee_author(self):
        """Who is at work wrote what these get: he does not approve their fees."""
        if self:
            self.sudo()._guarded().write({"fee_author_id": self.env.uid})

    @api.model
    def _serving(self, kind, company):
        """All providers of ``kind`` that serve ``company``: its own before the
        group's."""
        found = self.sudo().search(
            Domain("kind", "=", kind)
            & (
                Domain("company_id", "=", company.id)
                | Domain("group_id.member_ids", "in", company.ids)
            )
        )
        own = found.filtered(lambda one: one.company_id == company)
        return own | found

    def _work_problem(self):
        """Why nothing new goes to it, None when it may."""
        self.ensure_one()
        if self.state == "stopped":
            return self.env._("%(name)s is stopped.", name=self.name)
        if self.kind in ("agency", "info") and not self.processor_since:
            return self.env._(
                "%(name)s is not appointed as data processor (art. 28 GDPR): write the"
                " day on the provider.",
                name=self.name,
            )
        return None
