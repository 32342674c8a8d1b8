import logging
from io import BytesIO

from reportlab.pdfgen import canvas

from odoo import api, models, modules
from odoo.tools.pdf import PdfFileReader, PdfFileWriter

_logger = logging.getLogger(__name__)
# Debian's wkhtmltopdf prints no header: no room is left for one
NO_HEADER = {"data-report-margin-top": 12, "data-report-header-spacing": 0}
# where the number of a page stands above its lower edge, in points, and how large
FOOT, SIZE = 22, 8


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
        return self._numbered(data), f"{stem}.pdf", "application/pdf"

    @api.model
    def _numbered(self, data):
        """The PDF ``data`` with "2/3" at the foot of its pages, where it has several:
        Debian's wkhtmltopdf prints no footer."""
        reader = PdfFileReader(BytesIO(data))
        pages = list(reader.pages)
        if len(pages) < 2:
            return data
        return self._joined(pages)

    @api.model
    def _joined(self, pages):
        """These pages as one PDF, numbered when they are several."""
        writer = PdfFileWriter()
        for number, page in enumerate(pages, 1):
            writer.add_page(page)
            if len(pages) > 1:
                foot = self._foot(page, f"{number}/{len(pages)}")
                writer.pages[number - 1].merge_page(foot)
        stream = BytesIO()
        writer.write(stream)
        return stream.getvalue()

    def _foot(self, page, text):
        """A page like ``page`` with ``text`` in the middle of its foot."""
        width, height = float(page.mediabox.width), float(page.mediabox.height)
        stream = BytesIO()
        sheet = canvas.Canvas(stream, pagesize=(width, height), invariant=True)
        sheet.setFont("Helvetica", SIZE)
        sheet.drawCentredString(width / 2, FOOT, text)
        sheet.save()
        return PdfFileReader(stream).pages[0]
