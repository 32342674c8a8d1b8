from odoo import api, fields, models


class CmorSettleWizard(models.TransientModel):
    """Dialogs over what waits: link, set aside, adopt, read again, file refused.

    What it decides is checked again by the models: the dialog is only a form.
    """

    _name = "cmor.settle.wizard"
    _description = "Settle what was received"

    mode = fields.Selection(
        [
            ("link", "Link to a practice"),
            ("set_aside", "Set aside"),
            ("adopt", "Take the SII's code"),
            ("read", "Read again"),
            ("file_error", "Refused by the portal"),
            ("file_aside", "Set the file aside"),
        ],
        required=True,
    )
    record_ids = fields.Many2many("cmor.flow.record", string="Records")
    file_id = fields.Many2one("cmor.flow.file")
    practice_id = fields.Many2one("cmor.practice")
    layout_id = fields.Many2one("cmor.flow.layout")
    company_id = fields.Many2one("res.company", compute="_compute_company_id")
    raw_text = fields.Text(compute="_compute_raw_text", string="Values as written")
    reason = fields.Char()
    sii_code = fields.Char(string="SII code", help="CP_GESTORE, from the portal.")

    @api.depends("record_ids", "file_id", "practice_id")
    def _compute_company_id(self):
        for wizard in self:
            wizard.company_id = (
                wizard.record_ids.company_id[:1]
                or wizard.file_id.company_id
                or wizard.practice_id.company_id
            )

    @api.depends("record_ids")
    def _compute_raw_text(self):
        for wizard in self:
            one = wizard.record_ids if len(wizard.record_ids) == 1 else False
            wizard.raw_text = one.raw_text if one else False

    def action_apply(self):
        """Do what was chosen."""
        self.ensure_one()
        getattr(self, f"_apply_{self.mode}")()
        return {"type": "ir.actions.act_window_close"}

    def _apply_link(self):
        self.record_ids.action_link(self.practice_id.id)

    def _apply_set_aside(self):
        self.record_ids.action_set_aside(self.reason)

    def _apply_adopt(self):
        self.practice_id._adopt(self.sii_code)

    def _apply_read(self):
        self.file_id.action_read_again(self.layout_id.id)

    def _apply_file_aside(self):
        self.file_id.action_set_aside(self.reason or "")

    def _apply_file_error(self):
        self.file_id.action_file_error(self.reason)
