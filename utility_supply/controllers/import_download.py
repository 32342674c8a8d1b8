from odoo import http
from odoo.http import request

from .file_response import file_response

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ImportDownload(http.Controller):
    """Files made on request: the templates and the rows in error."""

    @http.route(
        "/utility_supply/import/template/<int:profile_id>",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def template(self, profile_id):
        """The empty file that a profile expects."""
        profile = request.env["utility.import.profile"].browse(profile_id).exists()
        if not profile:
            return request.not_found()
        profile.check_access("read")
        return self._file(*profile._template_bytes())

    @http.route(
        "/utility_supply/import/errors/<int:batch_id>",
        type="http",
        auth="user",
        methods=["GET"],
    )
    def errors(self, batch_id):
        """The rows in error of a batch, to be corrected and uploaded again."""
        batch = request.env["utility.import.batch"].browse(batch_id).exists()
        if not batch:
            return request.not_found()
        batch.check_access("read")
        return self._file(*batch._errors_bytes())

    def _file(self, data, filename):
        kind = "text/csv" if filename.endswith(".csv") else XLSX
        return file_response(data, filename, kind)
