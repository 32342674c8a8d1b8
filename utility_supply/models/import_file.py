import hashlib

from odoo import api, fields, models
from odoo.exceptions import AccessError


class UtilityImportFile(models.Model):
    """A file as it was received: its bytes are kept and never change.

    One workbook becomes several batches (one a sheet), so the bytes live here. A file
    that carries health or social facts is read only by those who may read such facts
    and by the person who uploaded it.
    """

    _name = "utility.import.file"
    _description = "File received"
    _rec_name = "filename"
    _order = "id desc"

    company_id = fields.Many2one("res.company", required=True, index=True)
    filename = fields.Char(required=True, readonly=True)
    sha256 = fields.Char(
        string="SHA-256", required=True, readonly=True, index=True, size=64
    )
    size = fields.Integer(string="Bytes", readonly=True)
    has_protected_data = fields.Boolean(readonly=True)
    attachment_id = fields.Many2one(
        "ir.attachment", string="Bytes received", readonly=True, ondelete="restrict"
    )
    proof_attachment_id = fields.Many2one(
        "ir.attachment",
        string="Proofs received",
        readonly=True,
        ondelete="restrict",
        help="ZIP with the proofs that the notices name.",
    )
    batch_ids = fields.One2many("utility.import.batch", "file_id", string="Batches")

    @api.model
    def _digest(self, data):
        """SHA-256 of ``data`` as 64 hexadecimal digits."""
        return hashlib.sha256(data).hexdigest()

    @api.model
    def _keep(self, company, filename, data, proofs=None):
        """Store ``data`` (bytes) for ``company`` and return the file.

        :param proofs: bytes of a ZIP with proofs, or None
        """
        kept = self.sudo().create(
            {
                "company_id": company.id,
                "filename": filename,
                "sha256": self._digest(data),
                "size": len(data),
                # until the profiles say otherwise: nobody reads it by mistake
                "has_protected_data": True,
            }
        )
        kept.attachment_id = kept._attach(filename, data)
        if proofs:
            kept.proof_attachment_id = kept._attach("prove.zip", proofs)
        return kept

    def _attach(self, filename, data):
        return self.env["ir.attachment"].create(
            {
                "name": filename,
                "raw": data,
                "res_model": self._name,
                "res_id": self.id,
                "company_id": self.company_id.id,
            }
        )

    def _bytes(self):
        """The bytes as received."""
        self.ensure_one()
        return self.attachment_id.raw or b""

    def write(self, vals):
        # the bytes are evidence: only the program sets them, once, at reception
        if not self.env.su:
            raise AccessError(self.env._("A file received never changes."))
        return super().write(vals)

    def action_download(self):
        """Download the bytes as they were received."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.attachment_id.id}?download=true",
            "target": "download",
        }
