from odoo import api, fields, models


class CmorSuspendWizard(models.TransientModel):
    """Dialog: ask the suspension of incoming practices, or its end."""

    _name = "cmor.suspend.wizard"
    _description = "Ask the suspension of CMOR practices"

    kind = fields.Selection(
        [("suspend", "Suspension"), ("revoke", "End of the suspension")],
        required=True,
        default="suspend",
    )
    practice_ids = fields.Many2many("cmor.practice", required=True)
    known = fields.Text(string="Known from the supply", compute="_compute_known")
    has_unknown = fields.Boolean(compute="_compute_known")
    declared = fields.Selection(
        [
            ("suspended", "Point suspended for default"),
            ("requested", "Request of suspension pending"),
            ("failed", "Suspension tried in vain"),
        ],
        help="For the practices whose supply tells nothing.",
    )
    proof = fields.Text(help="What the declaration rests on: document, date, who.")
    disconnection_date = fields.Date(string="Disconnection asked on")
    disconnection_code = fields.Char(string="Practice of the disconnection", size=15)
    note = fields.Text()

    @api.depends("practice_ids", "declared")
    def _compute_known(self):
        today = fields.Date.context_today(self)
        for wizard in self:
            practices = wizard.practice_ids.sudo()
            facts = practices._suspension_facts()
            rows = []
            for practice in practices[:40]:
                fact, evidence = facts.get(practice, (wizard.declared, ""))
                why = practice._cannot_suspend_reason(fact, today)
                rows.append(f"{practice.display_name}: {why or evidence or 'OK'}")
            if len(practices) > 40:
                rows.append(f"(+{len(practices) - 40})")
            wizard.known = "\n".join(rows)
            wizard.has_unknown = any(p not in facts for p in practices)

    def action_apply(self):
        """Open the requests."""
        self.ensure_one()
        if self.kind == "revoke":
            self.practice_ids._ask_resumption(self.note or "")
        else:
            self.practice_ids._ask_suspension(
                self.declared,
                self.proof or "",
                self.disconnection_date,
                self.disconnection_code or "",
            )
        return {"type": "ir.actions.act_window_close"}
