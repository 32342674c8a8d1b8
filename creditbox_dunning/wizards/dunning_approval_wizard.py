import random

from odoo import api, fields, models
from odoo.exceptions import UserError

SAMPLE = 10


class DunningApprovalWizard(models.TransientModel):
    """Look at many requests together, take rows out, decide once.

    Who has to sign five hundred letters reads a sample and the totals: the sample is
    drawn anew each time, so that nobody can prepare it.
    """

    _name = "dunning.approval.wizard"
    _description = "Decide many requests"

    line_ids = fields.One2many("dunning.approval.wizard.line", "wizard_id")
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    note = fields.Text()
    state = fields.Selection(
        [("choose", "Choose"), ("done", "Done")], default="choose", readonly=True
    )
    count_able = fields.Integer(string="You can decide", compute="_compute_totals")
    count_left = fields.Integer(string="Left to others", compute="_compute_totals")
    amount_able = fields.Monetary(string="Amount", compute="_compute_totals")
    amount_top = fields.Monetary(string="Highest", compute="_compute_totals")
    count_changed = fields.Integer(
        string="Changed since they were asked", compute="_compute_totals"
    )
    count_done = fields.Integer(string="Decided", readonly=True)

    @api.depends("line_ids.why_not", "line_ids.amount", "line_ids.is_chosen")
    def _compute_totals(self):
        for wizard in self:
            able = wizard.line_ids.filtered(lambda ln: ln.is_chosen and not ln.why_not)
            wizard.count_able = len(able)
            wizard.count_left = len(wizard.line_ids.filtered("why_not"))
            wizard.count_changed = len(wizard.line_ids.filtered("is_changed"))
            wizard.amount_able = sum(able.mapped("amount"))
            wizard.amount_top = max(able.mapped("amount"), default=0)

    @api.model
    def _for_requests(self, requests):
        """A wizard on ``requests``, which the caller may read."""
        pending = requests.sudo().filtered(lambda request: request.state == "pending")
        if not pending:
            raise UserError(self.env._("None of these waits for a decision."))
        authority = pending._authorities(self.env.user)
        changed = pending._changed()
        able = [request.id for request in pending if not authority[request.id][2]]
        sample = set(random.sample(able, min(SAMPLE, len(able))))
        return self.create(
            {
                "company_id": pending[0].company_id.id,
                "line_ids": [
                    fields.Command.create(
                        {
                            "request_id": request.id,
                            "why_not": authority[request.id][2],
                            "is_chosen": not authority[request.id][2],
                            "is_changed": request.id in changed,
                            "is_sample": request.id in sample,
                        }
                    )
                    for request in pending
                ],
            }
        )

    def action_approve(self):
        """Button: approve what is left in the list."""
        return self._decide("approved")

    def action_refuse(self):
        """Button: refuse what is left in the list, with a reason."""
        if not (self.note or "").strip():
            raise UserError(self.env._("Say why it is refused."))
        return self._decide("refused")

    def _decide(self, kind):
        self.ensure_one()
        chosen = self.line_ids.filtered(lambda ln: ln.is_chosen and not ln.why_not)
        requests = chosen.request_id
        if not requests:
            raise UserError(self.env._("There is nothing here that you can decide."))
        left = requests._decide(kind, self.note or "")
        for line in chosen.filtered(lambda ln: ln.request_id.id in left):
            line.why_not = left[line.request_id.id]
        self.write({"state": "done", "count_done": len(requests) - len(left)})
        return self._reopen()

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Decide many requests"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


class DunningApprovalWizardLine(models.TransientModel):
    _name = "dunning.approval.wizard.line"
    _description = "A request to decide with others"
    _order = "is_sample desc, amount desc, id"

    wizard_id = fields.Many2one(
        "dunning.approval.wizard", required=True, index=True, ondelete="cascade"
    )
    request_id = fields.Many2one(
        "dunning.approval.request", required=True, readonly=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="request_id.currency_id")
    name = fields.Char(related="request_id.name")
    partner_id = fields.Many2one(related="request_id.partner_id")
    company_id = fields.Many2one(related="request_id.company_id")
    subject = fields.Selection(related="request_id.subject")
    action_type_id = fields.Many2one(related="request_id.action_type_id")
    amount = fields.Monetary(related="request_id.amount", store=True)
    required_level = fields.Integer(related="request_id.required_level")
    is_chosen = fields.Boolean(string="Chosen", default=True)
    is_sample = fields.Boolean(string="Look at it", readonly=True)
    is_changed = fields.Boolean(string="Changed", readonly=True)
    why_not = fields.Char(string="Why it is left", readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        # its fields tell what the request is about: only who may read that sees it
        lines = super().create(vals_list)
        lines.request_id.check_access("read")
        return lines

    def write(self, vals):
        result = super().write(vals)
        if "request_id" in vals:
            self.request_id.check_access("read")
        return result
