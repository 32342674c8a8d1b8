from odoo import api, fields, models

# live cases from which the work is left to the scheduled action
BACKGROUND_FROM = 2000


class DunningRunWizard(models.TransientModel):
    """Start a run by hand, or try it out."""

    _name = "dunning.run.wizard"
    _description = "Start a dunning run"

    company_ids = fields.Many2many(
        "res.company",
        required=True,
        default=lambda self: self.env.companies,
        string="Companies",
    )
    date = fields.Date(string="Day", required=True, default=fields.Date.context_today)
    is_background = fields.Boolean(compute="_compute_is_background")

    @api.depends("company_ids")
    def _compute_is_background(self):
        for wizard in self:
            wizard.is_background = wizard._count_work() >= BACKGROUND_FROM

    def _count_work(self):
        """How much there is to look at, roughly: live cases and bills in no case."""
        companies = self.company_ids.ids
        cases = self.env["dunning.case"].search_count(
            [("company_id", "in", companies), ("state", "!=", "closed")],
            limit=BACKGROUND_FROM,
        )
        lines = self.env["account.move.line"].search_count(
            [
                ("company_id", "in", companies),
                ("display_type", "=", "payment_term"),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("dunning_case_id", "=", False),
                ("amount_residual", ">", 0),
            ],
            limit=BACKGROUND_FROM,
        )
        return cases + lines

    def action_run(self):
        """Button: run, or start the run in the background; then show it."""
        self.ensure_one()
        runs = self.env["dunning.run"]
        if self.is_background:
            return runs.start_for(self.company_ids, self.date)._open()
        return runs.run_for(self.company_ids, self.date)._open()

    def action_try_out(self):
        """Button: show what a run would do, without doing it."""
        self.ensure_one()
        tryout = self.env["dunning.tryout"]._make(self.company_ids, self.date)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Try-out"),
            "res_model": "dunning.tryout",
            "res_id": tryout.id,
            "view_mode": "form",
        }


class DunningRunOverrideWizard(models.TransientModel):
    """Ask why a refused run may go on, then let it."""

    _name = "dunning.run.override.wizard"
    _description = "Run on old data"

    run_id = fields.Many2one("dunning.run", required=True, readonly=True)
    message = fields.Char(related="run_id.message")
    reason = fields.Char(required=True)

    def action_confirm(self):
        """Button: log the reason and start the run."""
        self.ensure_one()
        return self.run_id.run_on_old_data(self.reason)._open()
