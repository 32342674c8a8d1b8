from odoo import models

from ..formats.dossier_zip import Member, build


class UtilityDossierMixin(models.AbstractModel):
    """Records of which a dossier is made: a document, and a ZIP with its originals.

    Both are made when they are asked for, of what the reader may read. A model says how
    its document is rendered (``_dossier_html``), what the files are called
    (``_dossier_stem``), which originals there are (``_dossier_originals``), and under
    which address a controller of its module gives them (``_dossier_path``).
    """

    _name = "utility.dossier.mixin"
    _description = "Dossier with its originals"

    _dossier_path = None

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
            "url": f"{self._dossier_path}{self.id}{ending}",
            "target": "download",
        }

    def _dossier_document(self):
        """(bytes, file name, content type) of the dossier."""
        self.ensure_one()
        self.check_access("read")
        # the hours of a dossier are Italian, whoever prints it
        html = self.with_context(tz="Europe/Rome")._dossier_html()
        return self.env["utility.pdf"]._document(html, self._dossier_stem())

    def _dossier_zip(self):
        """(bytes, file name, content type) of the ZIP."""
        document, name, _kind = self._dossier_document()
        first = Member("", name, document, self.env._("Dossier"))
        members = [first, *self._dossier_originals()]
        return build(members), f"{self._dossier_stem()}.zip", "application/zip"

    def _dossier_html(self):
        """The dossier as one self-contained document, in the reader's language."""
        raise NotImplementedError

    def _dossier_stem(self):
        """Name of its files, without an ending, safe on every system."""
        raise NotImplementedError

    def _dossier_originals(self):
        """Its originals, one `Member` each, as far as the reader may read them."""
        raise NotImplementedError
