from odoo import fields, models

from .dunning_run import COUNTED


class DunningRunBatch(models.Model):
    """One chunk of a run: which cases, what came of them, how long it took."""

    _name = "dunning.run.batch"
    _description = "Chunk of a dunning run"
    _inherit = "utility.guarded.mixin"
    _order = "id"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {"run_id", "company_id", "first_case", "last_case", "started_at", "seconds"}
        | {f"count_{name}" for name in COUNTED}
    )

    run_id = fields.Many2one(
        "dunning.run", required=True, index=True, readonly=True, check_company=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    first_case = fields.Integer(readonly=True)
    last_case = fields.Integer(readonly=True)
    started_at = fields.Datetime(readonly=True)
    seconds = fields.Float(readonly=True, digits=(12, 2))
    count_opened = fields.Integer(string="Opened", readonly=True)
    count_reopened = fields.Integer(string="Reopened", readonly=True)
    count_cases = fields.Integer(string="Cases looked at", readonly=True)
    count_closed = fields.Integer(string="Closed", readonly=True)
    count_actions = fields.Integer(string="Actions", readonly=True)
    count_skipped = fields.Integer(string="Rows left out", readonly=True)
    count_mails = fields.Integer(string="E-mails and text messages", readonly=True)
    count_letters = fields.Integer(string="Letters", readonly=True)
    count_waiting = fields.Integer(string="For a person", readonly=True)
    count_errors = fields.Integer(string="Errors", readonly=True)
