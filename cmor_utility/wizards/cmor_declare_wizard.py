from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules import eligibility

ART4 = "ART4"


class CmorDeclareWizard(models.TransientModel):
    """Dialog of an operator over one or many practices: declare, or give up.

    What it records is checked again by the models: the dialog is only a form.
    """

    _name = "cmor.declare.wizard"
    _description = "Declare conditions of CMOR practices"

    mode = fields.Selection(
        [("declare", "Declare"), ("give_up", "Give up")],
        required=True,
        default="declare",
    )
    practice_ids = fields.Many2many("cmor.practice", string="Practices", required=True)
    codes = fields.Char(
        string="Conditions",
        help="Codes separated by commas; those known from the facts are left alone.",
    )
    unknown_summary = fields.Text(
        string="To be declared", compute="_compute_unknown_summary"
    )
    result = fields.Selection(
        [("yes", "Yes, it is met"), ("no", "No, it is not met")],
        string="Declaration",
        default="yes",
    )
    with_art4 = fields.Boolean(
        string="Declare the conditions of art. 4",
        help="Required in the request; never yes by default.",
    )
    proof = fields.Text(help="What the declaration rests on: document, date, who.")
    attachment_ids = fields.Many2many("ir.attachment", string="Proof files")

    @api.depends("practice_ids")
    def _compute_unknown_summary(self):
        for wizard in self:
            unknown = wizard.practice_ids.condition_ids.filtered(
                lambda c: c.computed_result == "unknown" and c.result == "unknown"
            )
            rows = []
            for code in eligibility.CODES:
                of_code = unknown.filtered(lambda c, code=code: c.code == code)
                if of_code:
                    rows.append(
                        f"{code} · {of_code[0].title} ({len(of_code)})"
                        + (f": {of_code.evidence}" if len(of_code) == 1 else "")
                    )
            wizard.unknown_summary = "\n".join(rows)

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        if "codes" in fields and not values.get("codes"):
            practices = self.env["cmor.practice"].browse(
                self.env.context.get("default_practice_ids", [])
            )
            open_codes = {
                condition.code
                for condition in practices.condition_ids
                if condition.computed_result == "unknown"
                and condition.result == "unknown"
            }
            values["codes"] = ", ".join(
                code for code in eligibility.CODES if code in open_codes
            )
        return values

    def action_apply(self):
        """Record what the dialog says."""
        self.ensure_one()
        if self.mode == "give_up":
            if not (self.proof or "").strip():
                raise UserError(self.env._("Write why the claim is given up."))
            answer = self.practice_ids.action_give_up(self.proof)
            if isinstance(answer, dict):
                return answer
        else:
            self.practice_ids.declare(
                self._code_list(),
                self.result,
                self.proof,
                attachment_ids=self.attachment_ids.ids,
                with_art4=self.with_art4,
            )
        return {"type": "ir.actions.act_window_close"}

    def _code_list(self):
        codes = [code.strip().upper() for code in (self.codes or "").split(",")]
        codes = [code for code in codes if code]
        wrong = [code for code in codes if code not in eligibility.CODES]
        if wrong:
            raise UserError(
                self.env._("%(codes)s: no such condition.", codes=", ".join(wrong))
            )
        return codes
