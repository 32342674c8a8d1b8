import json

from odoo import http
from odoo.exceptions import AccessError
from odoo.http import request

from odoo.addons.utility_supply.controllers.dossier import dossier_response
from odoo.addons.utility_supply.controllers.file_response import file_response
from odoo.addons.utility_supply.controllers.import_download import XLSX


class CmorDownload(http.Controller):
    """Workbook, dossier and originals of practices: with the reader's own rights."""

    @http.route(
        "/cmor_utility/practices.xlsx", type="http", auth="user", methods=["POST"]
    )
    def workbook(self, ids, **_ignored):
        """The workbook of a selection. ``ids``: JSON list."""
        numbers = [int(number) for number in json.loads(ids)]
        practices = request.env["cmor.practice"].browse(numbers).exists()
        try:
            data = practices._workbook()
        except AccessError as error:
            raise request.not_found() from error
        return file_response(data, "pratiche-cmor.xlsx", XLSX)

    @http.route(
        "/cmor_utility/flow/<int:file_id>.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
    )
    def flow_table(self, file_id, **_ignored):
        """A flow file as a table, all its rows."""
        file = request.env["cmor.flow.file"].browse(file_id).exists()
        if not file or not file.has_access("read"):
            raise request.not_found()
        return file_response(file._table_workbook(), f"{file.name}.xlsx", XLSX)

    @http.route(
        "/cmor_utility/dossier/<int:practice_id>",
        type="http",
        auth="user",
        methods=["GET"],
    )
    def dossier(self, practice_id, **_ignored):
        """The printable dossier: PDF, or HTML where there is no wkhtmltopdf."""
        return dossier_response("cmor.practice", practice_id)

    @http.route(
        "/cmor_utility/dossier/<int:practice_id>.zip",
        type="http",
        auth="user",
        methods=["GET"],
    )
    def originals(self, practice_id, **_ignored):
        """The dossier with all the originals and an index of their hashes."""
        return dossier_response("cmor.practice", practice_id, ".zip")
