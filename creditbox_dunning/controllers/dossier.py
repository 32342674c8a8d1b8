from odoo import http

from odoo.addons.utility_supply.controllers.dossier import dossier_response


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
        return dossier_response("dunning.case", case_id)

    @http.route(
        "/creditbox_dunning/dossier/<int:case_id>.zip",
        type="http",
        auth="user",
        methods=["GET"],
    )
    def originals(self, case_id, **_ignored):
        """The dossier with all the originals and an index of their hashes."""
        return dossier_response("dunning.case", case_id, ".zip")
