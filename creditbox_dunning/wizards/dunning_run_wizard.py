from odoo import fields, models


class DunningRunWizard(models.TransientModel):
    """Start a run by hand."""

    _name = "dunning.run.wizard"
    _description = "Start a dunning run"

    company_ids = fields.Many2many(
        "res.company",
        required=True,
        default=lambda self: self.env.companies,
        string="Companies",
    )
    date = fields.Date(string="Day", required=True, default=fields.Date.context_today)

    def action_run(self):
        """Button: run, then show what it did."""
        self.ensure_one()
        runs = self.env["dunning.run"].run_for(self.company_ids, self.date)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Runs"),
            "res_model": "dunning.run",
            "view_mode": "list,form",
            "domain": [("id", "in", runs.ids)],
        }
