from odoo import fields, models


class DunningPostalDecide(models.TransientModel):
    """What a person decides of a job of which the program cannot know enough."""

    _name = "dunning.postal.decide"
    _description = "Decide on a postal job"

    job_ids = fields.Many2many("dunning.postal.job", required=True)
    verdict = fields.Selection(
        [
            ("arrived", "It arrived: the mail house has it"),
            ("again", "It did not arrive: hand the same files over again"),
            ("cancel", "Cancel it: its letters go into another job"),
        ],
        string="What is true",
        required=True,
    )
    reason = fields.Char(required=True, help="Whom you asked, what you saw.")

    def action_confirm(self):
        """Button: decided, with the reason in the history of the job."""
        self.ensure_one()
        self.job_ids._decide(self.verdict, self.reason)
        return {"type": "ir.actions.act_window_close"}
