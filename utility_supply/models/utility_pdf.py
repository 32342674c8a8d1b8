import logging

from odoo import api, models, modules

_logger = logging.getLogger(__name__)
# Debian's wkhtmltopdf prints no header: no room is left for one
NO_HEADER = {"data-report-margin-top": 12, "data-report-header-spacing": 0}


class UtilityPdf(models.AbstractModel):
    """Documents made of HTML: PDF where the server can, the HTML itself where not."""

    _name = "utility.pdf"
    _description = "Documents as PDF"

    @api.model
    def _can_make(self):
        """PDF needs wkhtmltopdf; tests ask for it expressly, as in Odoo's reports."""
        forced = self.env.context.get("force_report_rendering")
        if modules.module.current_test and not forced:
            return False
        state = self.env["ir.actions.report"].get_wkhtmltopdf_state()
        if state not in ("ok", "workers"):
            _logger.info("wkhtmltopdf is missing: documents are made as HTML.")
            return False
        return True

    @api.model
    def _document(self, html, stem):
        """(bytes, file name, content type) of a self-contained ``html`` document."""
        if not self._can_make():
            return html.encode(), f"{stem}.html", "text/html; charset=utf-8"
        data = self.env["ir.actions.report"]._run_wkhtmltopdf(
            [html], specific_paperformat_args=NO_HEADER
        )
        return data, f"{stem}.pdf", "application/pdf"
