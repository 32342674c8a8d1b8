from odoo import fields, models
from odoo.exceptions import AccessError, UserError

# how long the button works; the rest is left to the scheduled action
BUTTON_SECONDS = 20


class CmorReceiveWizard(models.TransientModel):
    """Upload of one or many files that the SII, the UDD or a seller sent."""

    _name = "cmor.receive.wizard"
    _description = "Receive flow files"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    attachment_ids = fields.Many2many("ir.attachment", string="Files")

    def action_receive(self):
        """Keep the files and apply them.

        :return: action that shows them; a file that was received before is shown as
            the first time, and said to be so
        """
        self.ensure_one()
        self._check_may_receive()
        if not self.attachment_ids:
            raise UserError(self.env._("Choose at least one file."))
        files = self.env["cmor.flow.file"]
        shown, known = files, []
        for attachment in self.attachment_ids:
            data = attachment.raw or b""
            old = files._known(data, self.company_id)
            if old:
                known.append(f"{attachment.name} ({old.name})")
            shown |= files._receive(
                attachment.name, data, self.company_id, seconds=BUTTON_SECONDS
            )
        # they are kept with the files now; what was not uploaded here is not touched
        self.attachment_ids.filtered(
            lambda a: a.res_model == self._name and a.create_uid == self.env.user
        ).sudo().unlink()
        action = shown._action_show()
        if not known:
            return action
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "message": self.env._(
                    "Received before, nothing changed: %(names)s",
                    names=", ".join(known),
                ),
                "next": action,
            },
        }

    def _check_may_receive(self):
        if self.company_id not in self.env.companies:
            raise UserError(self.env._("Choose one of your companies."))
        roles = self.env["cmor.company.role"].sudo()
        mine = [
            ("company_id", "=", self.company_id.id),
            ("user_ids", "=", self.env.uid),
        ]
        if not self.env.su and not roles.search_count(mine, limit=1):
            raise AccessError(
                self.env._(
                    "Only the operators of a role of %(company)s may do this.",
                    company=self.company_id.name,
                )
            )
