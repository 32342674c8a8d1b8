import base64
from io import BytesIO

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.pdf import PdfFileReader, PdfFileWriter

PDF = "application/pdf"


class DunningLetterMerge(models.TransientModel):
    """Many letters in one file for the printer, each byte of them as it was made."""

    _name = "dunning.letter.merge"
    _description = "One file of many letters"

    message_ids = fields.Many2many(
        "dunning.communication",
        string="Letters",
        default=lambda self: self._default_message_ids(),
    )
    order = fields.Selection(
        [
            ("made", "As they were made"),
            ("zip", "Postal code"),
            ("customer", "Customer's name"),
        ],
        string="Sorted by",
        required=True,
        default="zip",
    )
    two_sided = fields.Boolean(
        string="Two-sided printing",
        help="A blank page after a letter of an odd number of pages, so that the next"
        " one begins on a new sheet.",
    )
    letter_count = fields.Integer(string="To be printed", compute="_compute_counts")
    left_out_count = fields.Integer(string="Left out", compute="_compute_counts")
    page_count = fields.Integer(string="Pages", readonly=True)
    file = fields.Binary(attachment=False, readonly=True)
    file_name = fields.Char(readonly=True)

    @api.model
    def _default_message_ids(self):
        if self.env.context.get("active_model") != "dunning.communication":
            return False
        ids = self.env.context.get("active_ids") or []
        return self.env["dunning.communication"].browse(ids)

    @api.depends("message_ids")
    def _compute_counts(self):
        for wizard in self:
            letters = wizard._get_letters()
            wizard.letter_count = len(letters)
            wizard.left_out_count = len(wizard.message_ids) - len(letters)

    def _get_letters(self):
        """The letters that are PDF files, in the chosen order."""
        letters = self.message_ids.filtered("has_pdf")
        keys = {
            "made": lambda m: m.id,
            "zip": lambda m: (m.partner_id.zip or "", m.partner_id.name or "", m.id),
            "customer": lambda m: (m.partner_id.name or "", m.id),
        }
        return letters.sorted(keys[self.order or "made"])

    def action_merge(self):
        """Button: make the file and download it."""
        self.ensure_one()
        self.message_ids.check_access("read")
        letters = self._get_letters()
        if not letters:
            raise UserError(
                self.env._("None of the chosen messages has a letter as a PDF.")
            )
        content, pages = self._merge(letters)
        today = fields.Date.context_today(self)
        self.write(
            {
                "file": base64.b64encode(content),
                "file_name": f"lettere-{today}-{len(letters)}.pdf",
                "page_count": pages,
            }
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/file/{self.file_name}"
            "?download=true",
            "target": "download",
        }

    def _merge(self, letters):
        """(bytes, number of pages) of ``letters`` one after the other."""
        writer = PdfFileWriter()
        count = 0
        # who may read the message may read its letter
        for letter in letters.sudo():
            reader = PdfFileReader(BytesIO(letter.attachment_id.raw), strict=False)
            for page in reader.pages:
                writer.add_page(page)
            count += len(reader.pages)
            if self.two_sided and len(reader.pages) % 2:
                writer.add_blank_page()
                count += 1
        stream = BytesIO()
        writer.write(stream)
        return stream.getvalue(), count
