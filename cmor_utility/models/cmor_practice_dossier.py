from odoo import fields, models

from odoo.addons.utility_supply.formats.dossier_zip import Member, build, safe_name

from .cmor_practice_terms import ROME

DOCUMENT = "cmor_utility.dossier"


class CmorPractice(models.Model):
    """The dossier of a practice, to be printed, and the ZIP of its originals."""

    _inherit = "cmor.practice"

    def action_dossier(self):
        """Button: the dossier, as PDF (HTML where wkhtmltopdf is absent)."""
        return self._dossier_url("")

    def action_dossier_zip(self):
        """Button: dossier and originals with an index of their SHA-256."""
        return self._dossier_url(".zip")

    def _dossier_url(self, ending):
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/cmor_utility/dossier/{self.id}{ending}",
            "target": "download",
        }

    def _dossier_document(self):
        """(bytes, file name, content type) of the dossier."""
        self.ensure_one()
        # the hours of a dossier are Italian, whoever prints it
        html = self.with_context(tz=str(ROME))._dossier_html()
        stem = safe_name(f"fascicolo-{self.code or self.name}")
        return self.env["utility.pdf"]._document(html, stem)

    def _dossier_html(self):
        """The dossier as one self-contained document, in the reader's language."""
        self.check_access("read")
        values = {
            **self._explanation_values(),
            "today": fields.Date.context_today(self),
            "labels": self._selection_labels,
            "flows": self._readable("cmor.flow.record"),
            "events": self._readable("cmor.practice.event"),
            "requests": self._readable("cmor.practice.request"),
            "deadlines": self._readable("cmor.deadline", order="date_due, id"),
            "receipts": self._readable("cmor.receipt"),
            "returns": self._readable("cmor.practice.return"),
            "can_notices": self.env["utility.notice"].has_access("read"),
        }
        return str(self.env["ir.qweb"]._render(DOCUMENT, values))

    def _dossier_zip(self):
        """(bytes, file name, content type) of the ZIP."""
        document, name, _kind = self._dossier_document()
        what = self.env._("Dossier")
        members = [Member("", name, document, what), *self._dossier_originals()]
        stem = safe_name(f"fascicolo-{self.code or self.name}")
        return build(members), f"{stem}.zip", "application/zip"

    def _dossier_originals(self):
        """Files sent and received, proofs of the notices and of the declarations."""
        files = self._readable("cmor.flow.record").file_id
        for file in files.filtered("attachment_id"):
            yield Member(
                "flussi",
                file.name,
                # whoever may read the file may have its bytes
                file.sudo().attachment_id.raw or b"",
                f"{file.type_id.code} {file.type_id.name}",
                file.sha256 or "",
            )
        if self.env["utility.notice"].has_access("read"):
            for notice in self.notice_ids:
                # whoever may read the notice may have its proofs
                for proof in notice.sudo().attachment_ids:
                    yield Member("solleciti", proof.name, proof.raw or b"", notice.ref)
        for condition in self.condition_ids:
            for proof in condition.sudo().attachment_ids:
                yield Member("prove", proof.name, proof.raw or b"", condition.code)
