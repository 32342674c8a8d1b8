from odoo import fields, models


class DunningRunError(models.Model):
    """A case that a run had to leave out, and why."""

    _name = "dunning.run.error"
    _description = "Case left out by a run"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {"run_id", "company_id", "case_id", "message", "is_solved"}
    )

    run_id = fields.Many2one("dunning.run", index=True, check_company=True)
    company_id = fields.Many2one("res.company", required=True, index=True)
    case_id = fields.Many2one("dunning.case", index=True, check_company=True)
    message = fields.Char(readonly=True)
    is_solved = fields.Boolean(
        string="Solved", readonly=True, help="It was tried again and worked."
    )

    def action_retry(self):
        """Button: plan the cases again on the day of their run.

        For credit managers. What works is marked as solved; what fails again gets a
        new error.
        """
        runs = self.env["dunning.run"]
        self.check_access("read")
        runs._check_may_run(self.company_id)
        todo = self.filtered(lambda error: not error.is_solved and error.case_id)
        self.env["dunning.run.order"]._give(todo.run_id, "retry")
        for company, errors in todo.grouped("company_id").items():
            today = self.env["dunning.case"]._today(company)
            for run, of_run in errors.grouped("run_id").items():
                day = min(run.date or today, today)
                run.sudo()._retry(of_run.sudo(), day)
        return True
