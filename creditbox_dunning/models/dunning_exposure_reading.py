from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

MANAGER = "creditbox_dunning.group_dunning_manager"


class UtilityGroup(models.Model):
    """Which companies of a group tell each other what a customer owes: none, unless
    somebody who works in a company says so for that company."""

    _inherit = "utility.group"

    dunning_sharing_ids = fields.Many2many(
        "res.company",
        "utility_group_dunning_sharing_rel",
        "group_id",
        "company_id",
        string="Share customers' exposure",
        help="Only these companies see, and let the others of this list see, what the"
        " holder of a tax code owes: total, overdue and band. Check it with the data"
        " protection officer first.",
    )

    @api.constrains("dunning_sharing_ids", "member_ids")
    def _check_sharing_members(self):
        for group in self.sudo():
            if group.dunning_sharing_ids - group.member_ids:
                raise ValidationError(
                    self.env._("Only members of the group can share exposures.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        groups = super().create(vals_list)
        for group in groups:
            group._decide_sharing(self.env["res.company"])
        return groups

    def write(self, vals):
        before = {group: group.sudo().dunning_sharing_ids for group in self}
        result = super().write(vals)
        if "dunning_sharing_ids" in vals:
            for group, old in before.items():
                group._decide_sharing(old)
        return result

    def _decide_sharing(self, before):
        """Check who shares now and did not among ``before``; write down who decided.

        A company's customers are told of only by who works in that company. The
        decision is kept in the history of the company's contact.
        """
        now = self.sudo().dunning_sharing_ids
        begun, ended = now - before, before - now
        if not self.env.su and (begun | ended) - self.env.user.company_ids:
            raise AccessError(
                self.env._("You can decide this only for companies that you work in.")
            )
        texts = {
            begun: self.env._("Customers' exposures are shared in %(group)s."),
            ended: self.env._("Customers' exposures are shared no longer."),
        }
        for companies, text in texts.items():
            body = text % {"group": self.name}
            for partner in companies.sudo().partner_id:
                partner._message_log(body=body, author_id=self.env.user.partner_id.id)


class DunningExposureReading(models.Model):
    """Who read the exposure of a tax code in other companies of the group, and why.

    Written before anything is shown; nobody changes or deletes it. The companies that
    were read see it too.
    """

    _name = "dunning.exposure.reading"
    _description = "Reading of a customer's exposure in the group"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _rec_name = "tax_code"

    _guarded_fields = frozenset(
        {
            "company_id",
            "user_id",
            "partner_id",
            "tax_code",
            "reason",
            "read_company_ids",
        }
    )

    company_id = fields.Many2one("res.company", string="Read by", required=True)
    user_id = fields.Many2one("res.users", required=True)
    partner_id = fields.Many2one("res.partner", string="Customer", index=True)
    tax_code = fields.Char(required=True)
    reason = fields.Char(required=True)
    read_company_ids = fields.Many2many("res.company", string="Companies read")

    @api.ondelete(at_uninstall=False)
    def _never_unlink(self):
        raise UserError(self.env._("Readings are kept."))

    @api.model
    def _read_exposure(self, partner, reason):
        """[valuation] of ``partner``'s tax code in the companies that share with the
        present one; the reading is written down first.

        Raises AccessError unless a credit manager asks, UserError when the company
        does not share, the tax code is missing or no reason is given.
        """
        partner.ensure_one()
        partner.check_access("read")
        if not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._("Only a credit manager reads exposures of the group.")
            )
        company, reason = self.env.company, (reason or "").strip()
        sharing = self._sharing_with(company)
        code = (partner.l10n_it_codice_fiscale or "").strip().upper()
        if not sharing:
            raise UserError(
                self.env._(
                    "%(company)s does not share exposures with other companies: it is"
                    " set on the group of companies, and is off unless somebody says"
                    " so.",
                    company=company.name,
                )
            )
        if not code:
            raise UserError(self.env._("The customer has no tax code."))
        if not reason:
            raise UserError(self.env._("Write why these data are needed."))
        self.sudo()._guarded().create(
            {
                "company_id": company.id,
                "user_id": self.env.uid,
                "partner_id": partner.id,
                "tax_code": code,
                "reason": reason,
                "read_company_ids": [fields.Command.set(sharing.ids)],
            }
        )
        return (
            self.env["dunning.valuation"]
            .sudo()
            .search(
                [
                    ("partner_id.l10n_it_codice_fiscale", "=ilike", code),
                    ("company_id", "in", sharing.ids),
                    ("contract_id", "=", False),
                ],
                order="company_id, id",
            )
        )

    @api.model
    def _sharing_with(self, company):
        """The companies whose exposures ``company`` may read, itself included."""
        groups = (
            self.env["utility.group"]
            .sudo()
            .search([("dunning_sharing_ids", "in", company.ids)])
        )
        return groups.dunning_sharing_ids & groups.member_ids
