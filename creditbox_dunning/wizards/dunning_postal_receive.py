import base64

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.utility_supply.formats.issues import FileRefused


class DunningPostalReceive(models.TransientModel):
    """What a mail house sent: outcomes, scanned cards, or a ZIP of both."""

    _name = "dunning.postal.receive"
    _description = "Load the outcomes of the post"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    provider_id = fields.Many2one(
        "dunning.service.provider",
        string="Mail house",
        required=True,
        domain="[('kind', '=', 'post')]",
        default=lambda self: self._default_provider(),
        check_company=False,
    )
    data = fields.Binary(string="File", required=True, attachment=False)
    filename = fields.Char()

    def _default_provider(self):
        providers = self.env["dunning.service.provider"]
        found = providers.search([("kind", "=", "post")], limit=2)
        return found if len(found) == 1 else providers

    def action_receive(self):
        """Button: keep the file, then load it."""
        self.ensure_one()
        self.env["dunning.case"]._check_is_operator(self)
        self.provider_id.check_access("read")
        if self.company_id not in self.env.companies:
            raise UserError(self.env._("Choose one of your companies."))
        try:
            batches = self.provider_id.sudo()._receive_postal(
                self.filename or "", base64.b64decode(self.data or b""), self.company_id
            )
        except FileRefused as refusal:
            sentence = self.env["utility.import.message"]._sentence
            raise UserError("\n".join(map(sentence, refusal.issues))) from refusal
        batches._work()
        return self._told(batches)

    def _told(self, batches):
        """The events that it told; what could not be read is in the acquisition."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "creditbox_dunning.dunning_postal_event_action"
        )
        left = sum(batches.mapped("count_quarantined"))
        refused = batches.filtered(lambda batch: batch.state == "refused")
        text = self.env._(
            "%(new)s events are new, %(known)s were known, %(left)s rows need a look.",
            new=sum(batches.mapped("count_created")),
            known=sum(batches.mapped("count_unchanged")),
            left=left,
        )
        if not batches:
            text = self.env._("Nothing new: this file was received before.")
        notes = "\n".join(
            filter(None, (*refused.mapped("message"), *batches.mapped("postal_note")))
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if left or notes else "success",
                "sticky": bool(left or notes),
                "message": "\n".join(filter(None, (text, notes))),
                "next": {**action, "domain": [("batch_id", "in", batches.ids)]},
            },
        }
