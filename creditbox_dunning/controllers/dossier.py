from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.http import request

from odoo.addons.utility_supply.controllers.file_response import file_response


class DunningDossier(http.Controller):
    """The evidence of a case, with the reader's own rights."""

    @http.route(
        "/creditbox_dunning/dossier/<int:case_id>",
        type="http",
        auth="user",
        methods=["GET"],
    )
    def document(self, case_id, **_ignored):
        """The dossier: PDF, or HTML where there is no wkhtmltopdf."""
        return self._made(case_id, "_dossier_document")

    @http.route(
        "/creditbox_dunning/dossier/<int:case_id>.zip",
        type="http",
        auth="user",
        methods=["GET"],
    )
    def originals(self, case_id, **_ignored):
        """The dossier with all the originals and an index of their hashes."""
        return self._made(case_id, "_dossier_zip")

    def _made(self, case_id, method):
        case = request.env["dunning.case"].browse(case_id)
        try:
            return file_response(*getattr(case, method)())
        except (AccessError, MissingError) as error:
            raise request.not_found() from error
