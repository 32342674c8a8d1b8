from odoo import api, fields, models

from odoo.addons.utility_supply.models.utility_charge import DECIDING_GROUPS

# so many names are said, then that there are others
NAMES = 3


class UtilityCharge(models.Model):
    """A draft waits for an accountant: who may not confirm it sees who does."""

    _inherit = "utility.charge"

    confirm_hint = fields.Char(
        string="Who confirms", compute="_compute_confirm_hint", compute_sudo=False
    )

    # what Today counts
    _dunning_draft_idx = models.Index(
        "(company_id) WHERE state = 'draft' AND dunning_case_id IS NOT NULL"
    )

    @api.depends("state", "company_id")
    @api.depends_context("uid", "lang")
    def _compute_confirm_hint(self):
        may, words = self._may_decide(), {}
        for charge in self:
            if may or charge.state != "draft":
                charge.confirm_hint = False
                continue
            company = charge.company_id
            if company not in words:
                words[company] = self._who_confirms_in_words(company)
            charge.confirm_hint = words[company]

    @api.model
    def _who_confirms_in_words(self, companies):
        """Who confirms the charges of ``companies``, by name."""
        groups = [self.env.ref(name).id for name in DECIDING_GROUPS]
        users = (
            self.env["res.users"]
            .sudo()
            .search(
                [
                    ("all_group_ids", "in", groups),
                    ("company_ids", "in", companies.ids),
                    ("share", "=", False),
                ],
                order="name",
                limit=NAMES + 1,
            )
        )
        if not users:
            return self.env._(
                "Nobody may confirm charges: an administrator gives somebody the right"
                " to invoice."
            )
        names = ", ".join(users[:NAMES].mapped("name"))
        if len(users) > NAMES:
            names = self.env._("%(names)s or a colleague of theirs", names=names)
        return self.env._(
            "An accountant confirms or cancels them: %(names)s.", names=names
        )
