from odoo import fields, models

from odoo.addons.utility_supply.formats.dossier_zip import Member, safe_name

DOCUMENT = "cmor_utility.dossier"


class CmorPractice(models.Model):
    """The dossier of a practice, to be printed, and the ZIP of its originals."""

    _name = "cmor.practice"
    _inherit = ["cmor.practice", "utility.dossier.mixin"]

    _dossier_path = "/cmor_utility/dossier/"

    def _dossier_stem(self):
        return safe_name(f"fascicolo-{self.code or self.name}")

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
            "network": self._readable("cmor.network.charge"),
            "charges": self._readable(
                "utility.charge", [("cmor_practice_id", "in", self.ids)]
            ),
            "can_notices": self.env["utility.notice"].has_access("read"),
        }
        return str(self.env["ir.qweb"]._render(DOCUMENT, values))

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
