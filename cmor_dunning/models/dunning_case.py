from odoo import fields, models

READERS = (
    "creditbox_dunning.group_dunning_operator,cmor_utility.group_cmor_user,"
    "account.group_account_invoice"
)


class DunningCase(models.Model):
    """A recovery case knows the CMOR practice of the same supply."""

    _inherit = "dunning.case"

    cmor_practice_ids = fields.One2many(
        "cmor.practice",
        "dunning_case_id",
        string="CMOR practices",
        readonly=True,
        groups=READERS,
    )
    cmor_practice_count = fields.Integer(
        compute="_compute_cmor_practice_count", groups=READERS
    )

    def _compute_cmor_practice_count(self):
        counts = dict(
            self.env["cmor.practice"]
            .sudo()
            ._read_group(
                [("dunning_case_id", "in", self.ids)], ["dunning_case_id"], ["__count"]
            )
        )
        for case in self:
            case.cmor_practice_count = counts.get(case.sudo(), 0)

    def action_open_cmor_practices(self):
        """Smart button: the CMOR practices of the supply."""
        self.ensure_one()
        self.check_access("read")
        practices = self.env["cmor.practice"].search(
            [("dunning_case_id", "=", self.id)]
        )
        return practices._action_show()

    def _open_cmor_practices(self, today):
        """A CMOR candidate for each of these cases whose supply was switched out.

        :param date today: the day of the run
        :return: the practices made
        """
        practices = self.env["cmor.practice"].sudo()
        contracts = (
            self.env["utility.contract"]
            .sudo()
            .with_context(active_test=False)
            .search(
                [
                    ("id", "in", self.sudo().contract_id.ids),
                    ("end_reason", "=", "switch_out"),
                ]
            )
        )
        made = practices
        for company, group in contracts.grouped("company_id").items():
            found = practices._candidate_contracts(company, today, group)
            made |= practices._open_for(found, today)
        known = practices.search([("contract_id", "in", contracts.ids)])
        known._link_dunning_cases()
        return made
