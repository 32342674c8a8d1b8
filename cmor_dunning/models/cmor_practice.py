from odoo import fields, models
from odoo.fields import Domain

READERS = "creditbox_dunning.group_dunning_operator,account.group_account_invoice"


class CmorPractice(models.Model):
    """A practice knows the recovery case of the same supply."""

    _inherit = "cmor.practice"

    dunning_case_id = fields.Many2one(
        "dunning.case",
        string="Recovery case",
        readonly=True,
        index="btree_not_null",
        check_company=True,
        groups=READERS,
    )

    def _open_for(self, contracts, today):
        # EXTENDS cmor_utility
        practices = super()._open_for(contracts, today)
        practices._link_dunning_cases()
        return practices

    def _link_dunning_cases(self):
        """Link the practices without a case to that of their supply, if there is one.

        A live case before a closed one, the latest before the others.
        """
        todo = self.sudo().filtered(lambda practice: not practice.dunning_case_id)
        cases = (
            self.env["dunning.case"]
            .sudo()
            .search(
                Domain("contract_id", "in", todo.contract_id.ids),
                order="contract_id, id",
            )
        )
        best = {}
        for case in cases.sorted(lambda case: (case.state != "closed", case.id)):
            best[case.contract_id.id] = case
        for practice in todo:
            case = best.get(practice.contract_id.id)
            if case:
                practice._guarded().write({"dunning_case_id": case.id})

    def action_open_dunning_case(self):
        """Smart button: the recovery case of the supply."""
        self.ensure_one()
        return self.dunning_case_id._open_action(self.env._("Recovery case"))
