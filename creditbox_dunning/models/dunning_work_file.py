import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules.work import CALLED_BACK
from .dunning_file_layout import PURPOSES

MIMETYPES = {
    "csv": "text/csv",
    "xml": "application/xml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class DunningWorkFile(models.Model):
    """A file that went out, kept byte for byte: what it orders is in no other file."""

    _name = "dunning.work.file"
    _description = "File to a provider"
    _inherit = "utility.guarded.mixin"
    _order = "id desc"
    _check_company_auto = True

    _guarded_fields = frozenset(
        {
            "name",
            "company_id",
            "provider_id",
            "purpose",
            "state",
            "attachment_id",
            "sha256",
            "row_count",
            "recall_count",
            "delivered_at",
            "delivered_by",
            "reason",
        }
    )
    _kept_attachment_field = "attachment_id"
    _kept_attachment_domain = ()

    name = fields.Char(required=True, readonly=True, default="/")
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    # the provider may be of another company of the group
    provider_id = fields.Many2one(
        "dunning.service.provider",
        required=True,
        index=True,
        readonly=True,
        check_company=False,
        ondelete="restrict",
    )
    purpose = fields.Selection(PURPOSES, required=True, readonly=True)
    state = fields.Selection(
        [
            ("written", "To be handed over"),
            ("delivered", "Handed over"),
            ("discarded", "Discarded"),
        ],
        string="Status",
        required=True,
        default="written",
        readonly=True,
        index=True,
    )
    attachment_id = fields.Many2one("ir.attachment", string="File", readonly=True)
    sha256 = fields.Char(string="SHA-256", readonly=True)
    row_count = fields.Integer(string="New", readonly=True)
    recall_count = fields.Integer(string="Called back", readonly=True)
    delivered_at = fields.Datetime(string="Handed over at", readonly=True)
    delivered_by = fields.Many2one("res.users", string="By", readonly=True)
    reason = fields.Char(string="Why discarded", readonly=True)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        raise UserError(self.env._("A file that went out is never deleted."))

    # buttons

    def action_download(self):
        """Button: the file, byte for byte as it was written."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.attachment_id.id}?download=true",
            "target": "download",
        }

    def action_delivered(self):
        """Button: a person handed the file over."""
        self.check_access("read")
        self.env["dunning.case"]._check_is_operator(self)
        self.filtered(lambda file: file.state == "written")._set_delivered()
        return True

    def action_discard(self):
        """Button: the file never left; what it ordered waits again."""
        self.check_access("read")
        self.env["dunning.case"]._check_is_manager(self)
        for file in self:
            if file.state != "written":
                raise UserError(
                    self.env._(
                        "%(name)s was handed over: call its rows back instead.",
                        name=file.name,
                    )
                )
            file._discard(self.env._("Discarded by %(name)s.", name=self.env.user.name))
        return True

    def action_open_rows(self):
        """Button: what stands in it."""
        self.ensure_one()
        model = self.env[self._row_models()[self.purpose]]
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": model._name,
            "view_mode": "list,form",
            "domain": [
                "|",
                ("file_id", "=", self.id),
                ("recall_file_id", "=", self.id),
            ],
        }

    # business

    @api.model
    def _row_models(self):
        """{purpose: model of the rows}"""
        return {
            "technical": "dunning.technical.order",
            "agency": "dunning.agency.assignment",
            "info": "dunning.info.request",
        }

    def _set_delivered(self):
        self.sudo()._guarded().write(
            {
                "state": "delivered",
                "delivered_at": fields.Datetime.now(),
                "delivered_by": self.env.uid,
            }
        )

    def _discard(self, reason):
        rows = self.env[self._row_models()[self.purpose]].sudo()
        ordered = rows.search([("file_id", "=", self.id)])
        # taken back meanwhile: nobody ever heard of it
        gone = ordered.filtered(lambda row: row.state in CALLED_BACK)
        gone._move("withdrawn", reason)
        (ordered - gone)._move("to_send", reason, file_id=False, sent_on=False)
        rows.search([("recall_file_id", "=", self.id)])._move(
            "recall", reason, recall_file_id=False, recalled_on=False
        )
        self.sudo()._guarded().write({"state": "discarded", "reason": reason})

    @api.model
    def _open(self, provider, company, purpose, **counts):
        """The record of a file about to be written: its name stands in it."""
        file = (
            self.sudo()
            ._guarded()
            .create(
                {
                    "company_id": company.id,
                    "provider_id": provider.id,
                    "purpose": purpose,
                    **counts,
                }
            )
        )
        today = self.env["dunning.case"]._today(company)
        file.name = f"{purpose}_{today:%Y%m%d}_{file.id:06d}"
        return file.with_env(self.env)

    def _keep(self, layout, data):
        """Keep the bytes of this file."""
        attachment = self.env["ir.attachment"].sudo()
        values = {
            "name": f"{self.name}.{layout.file_format}",
            "raw": data,
            "mimetype": MIMETYPES[layout.file_format],
            "res_model": self._name,
            "res_id": self.id,
            "company_id": self.company_id.id,
        }
        self.sudo()._guarded().write(
            {
                "attachment_id": attachment.create(values).id,
                "sha256": hashlib.sha256(data).hexdigest(),
            }
        )
